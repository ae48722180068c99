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
    assert "link_fidelity=0.95 from" in qn.alt_text(ax)
    check_legible(ax)


def row(x, value, **parameters):
    """Return a row of a sweep, with what a plot reads of it."""
    figure = {"value": value, "low": value - 0.01, "high": value + 0.01}
    beside = {
        "theory": {"fidelity": value},
        "predicted": {"fidelity": value},
        "bounds": {"fidelity": {"entangled": 0.5}},
    }
    return {
        "parameters": {"hops": x, **parameters},
        "figures": {"fidelity": figure},
        "corrections": "frame",
        **beside,
    }


@pytest.mark.parametrize("hops", [2, 10, 30, 100])
def test_series_of_any_length_are_legible(hops):
    rows = [row(k, 0.25 + 0.75 * f ** (k / 10), f=f) for k in range(1, hops + 1) for f in (0.9, 0.8)]
    check_legible(qn.plot_series(rows, x="hops", by="f"))


def test_many_lines_of_numbers_have_a_scale_of_colours():
    ax = qn.plot_series([row(k, 0.9, f=f / 10) for k in (1, 2) for f in range(100)], x="hops", by="f")
    lines = [line for line in ax.lines if str(line.get_gid()).startswith("f=") and " " not in line.get_gid()]
    assert len({tuple(line.get_color()) for line in lines}) == len(lines) == 100
    assert ax.figure.axes[1].get_ylabel() == "f" and len(ax.get_legend().get_texts()) == 2
    check_legible(ax)


def test_lines_that_cannot_be_told_apart_are_refused():
    rows = [row(k, 0.9, name="a" * (f + 1)) for k in (1, 2) for f in range(37)]
    with pytest.raises(qn.ParameterError, match="37 lines"):
        qn.plot_series(rows, x="hops", by="name")
    few = qn.plot_series(rows[:36], x="hops", by="name").get_legend_handles_labels()[0]
    looks = [(line.get_color(), line.get_marker()) for line in few if line.get_marker() != "None"]
    assert len({*looks}) == 36


def test_a_formula_takes_the_place_of_the_theory_of_the_rows():
    ax = qn.plot_series([row(k, 0.9**k) for k in (1, 2, 5)], x="hops", theory=lambda hops: 0.9**hops)
    (formula,) = with_gid(ax, "formula")
    assert (
        formula.get_xdata()[0] == 1
        and formula.get_xdata()[-1] == 5
        and formula.get_ydata()[0] == pytest.approx(0.9)
    )
    assert with_gid(ax, "fidelity theory") == []
    assert ax.get_legend_handles_labels()[1].count("theory") == 1


def test_an_eavesdropper_is_a_number():
    rows = [row(1, 0.9 - f, eve=f"intercept-resend:{f}") for f in (0.0, 0.5, 0.25, 1.0)]
    assert list(with_gid(qn.plot_series(rows, x="eve"), "fidelity")[0].get_xdata()) == [0, 0.25, 0.5, 1]


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
