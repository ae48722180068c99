"""The picture of copies: each in the colour of its figure, and dashed where two touch."""

import pytest

import qnet_circuits as qn
from tests.plotting.pictures import check_legible, texts, with_gid


@pytest.fixture(scope="module")
def found():
    layout = [[0, 1], [2, 3], [5, 6]]
    return qn.predict(qn.RepeaterChain(hops=1), qn.line_device(7), copies=3, layout=layout)


def test_copies_are_told_apart_and_where_they_touch_is_dashed(found):
    ax = qn.plot_copies(found)
    ends = {
        gid: [tuple(line.get_xdata()) for line in with_gid(ax, gid)] for gid in ("copy", "touching", "free")
    }
    assert ends == {"copy": [(0, 1), (2, 3), (5, 6)], "touching": [(1, 2)], "free": [(3, 4), (4, 5)]}
    assert texts(ax) == [str(qubit) for qubit in range(7)]
    assert ax.get_title().startswith("3 copies of repeater-chain on")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["two copies touch"]
    check_legible(ax)


def test_colours_are_those_of_the_figure(found):
    values = [0.5, 0.9, None]
    figures = {"fidelity": {**found.copies["figures"]["fidelity"], "value": values}}
    copies = {**found.copies, "figures": figures}
    colours = [line.get_color() for line in with_gid(qn.Result(found.figures, copies=copies).plot(), "copy")]
    assert len(set(map(str, colours))) == 3


def test_a_result_without_copies_is_refused():
    with pytest.raises(qn.ParameterError, match="copies"):
        qn.plot_copies(qn.run(qn.RepeaterChain(hops=1), shots=10, seed=1))
