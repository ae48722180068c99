"""The plot of a place on a chip."""

import pytest

import qnet_circuits as qn
from tests.plotting.pictures import check_legible, texts, with_gid


@pytest.mark.one_in(2)
@pytest.mark.parametrize("hops", [2, 10, 30, 100])
def test_places_of_any_size_are_legible(hops):
    layout = [*range(2 * hops)]
    device = qn.grid_device(-(-2 * hops // 10), 10) if hops > 5 else qn.line_device(6)
    chain = qn.RepeaterChain(hops=hops)
    compiled = qn.compile(chain, device, layout=layout if hops < 6 else snake(hops), optimization_level=1)
    ax = qn.plot_placement(compiled)
    assert len(with_gid(ax, "placed qubit")) == len(layout)
    assert len(with_gid(ax, "used")) >= 2 * hops - 1
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == "alice: 0" and labels[-1].startswith("bob: ") and len(labels) <= 8
    assert (f"… {hops - 6} more" in labels) == (hops > 7)
    check_legible(ax)


def snake(hops):
    """Return the qubits of a grid of ten columns, row by row, to and fro."""
    rows = [[*range(10 * row, 10 * row + 10)] for row in range(-(-2 * hops // 10))]
    return [qubit for k, row in enumerate(rows) for qubit in (row if k % 2 == 0 else row[::-1])][: 2 * hops]


def test_nodes_have_colours_and_links_are_orange():
    compiled = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=[0, 1, 2, 3])
    ax = qn.plot_placement(compiled, item="zz")
    assert ax.get_title() == "zz on fake_manila" and texts(ax) == ["0", "1", "2", "3", "4"]
    faces = [disc.get_facecolor() for disc in with_gid(ax, "placed qubit")]
    assert faces[1] == faces[2] and len({*faces}) == 3
    colours = [line.get_color() for line in with_gid(ax, "used")]
    assert colours[0] == colours[2] != colours[1]
    assert "station1: 1 and 2" in qn.alt_text(ax)


def test_what_has_no_place_is_refused():
    with pytest.raises(qn.ParameterError, match="Teleportation"):
        qn.plot_placement(qn.Teleportation())
    with pytest.raises(qn.UnsupportedError, match="device"):
        qn.plot_placement(qn.compile(qn.Teleportation()))
    with pytest.raises(qn.UnknownNameError, match="'zx'"):
        qn.plot_placement(qn.compile(qn.RepeaterChain(hops=1), "aer:fake_manila"), item="zx")
