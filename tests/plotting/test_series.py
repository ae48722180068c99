"""The picture of a sweep."""

import pytest
from matplotlib.axes import Axes

import qnet_circuits as qn
from tests.plotting.pictures import check_legible, texts, with_gid

CHAINS = qn.grid(qn.RepeaterChain, hops=[3, 1, 2], link_fidelity=[0.9, 0.95])


@pytest.fixture(scope="module")
def results():
    return [qn.run(chain, "aer", shots=400, seed=k) for k, chain in enumerate(CHAINS)]


def test_each_value_of_a_second_parameter_has_a_line_with_band_and_theory(results):
    ax = qn.plot_series(results, x="hops", by="link_fidelity")
    assert isinstance(ax, Axes) and (ax.get_xlabel(), ax.get_ylabel()) == ("hops", "fidelity")
    for fidelity in (0.9, 0.95):
        name = f"link_fidelity={fidelity}"
        mine = {
            result.provenance["parameters"]["hops"]: result
            for result, chain in zip(results, CHAINS, strict=True)
            if chain.link_fidelity == fidelity
        }
        (line,), (theory,), (band,) = (with_gid(ax, name + kind) for kind in ("", " theory", " interval"))
        assert list(line.get_xdata()) == list(theory.get_xdata()) == [1, 2, 3]
        assert list(line.get_ydata()) == [mine[hops].fidelity.value for hops in (1, 2, 3)]
        assert list(theory.get_ydata()) == [mine[hops].theory["fidelity"] for hops in (1, 2, 3)]
        corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
        assert {
            (hops, end) for hops in mine for end in (mine[hops].fidelity.low, mine[hops].fidelity.high)
        } <= corners
    assert ax.get_legend_handles_labels()[1] == ["link_fidelity=0.9", "theory", "link_fidelity=0.95"]
    assert texts(ax) == ["entangled"] and all(float(tick).is_integer() for tick in ax.get_xticks())
    check_legible(ax)


def test_predictions_are_drawn_and_rows_without_the_figure_left_out():
    chain = qn.RepeaterChain(hops=1)
    rows = [
        qn.run(chain, "aer:fake_manila", shots=100, seed=1, noise={"feedforward_latency": latency}).to_dict()
        for latency in (1e-6, 2e-6)
    ]
    rows.append({**rows[0], "figures": {}, "noise": {"feedforward_latency": 3e-6}})
    ax = qn.plot_series(rows, x="noise.feedforward_latency", y="zz")
    (predicted,) = with_gid(ax, "zz predicted")
    assert list(predicted.get_xdata()) == [1e-6, 2e-6]
    assert list(predicted.get_ydata()) == [row["predicted"]["zz"] for row in rows[:2]]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"x": "hop"}, "'hop'.*hops"),
        ({"x": "hops", "by": "colour"}, "'colour'"),
        ({"x": "hops", "y": "beauty"}, "'beauty'.*fidelity"),
        ({"x": "backend"}, "number"),
        ({"x": "hops"}, "two rows.*hops=3.*by="),
    ],
)
def test_what_cannot_be_drawn_is_refused(asked, said, results):
    with pytest.raises(qn.ParameterError, match=said):
        qn.plot_series(results, **asked)


def test_nothing_cannot_be_drawn():
    with pytest.raises(qn.ParameterError, match="no rows"):
        qn.plot_series([], x="hops")
