import itertools

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.comparison import plot_comparison
from qnet_circuits.runs.results.comparison import Comparison, FigureResult
from qnet_circuits.runs.results.result import Result
from qnet_circuits.theory.estimate import Estimate
from tests.plotting.pictures import check_legible, texts, with_gid


def estimate(value, arm=0.03):
    return Estimate(value, value - arm, value + arm, 0.95, "Clopper-Pearson", 1000)


CONTROLS = {
    "uncorrected": FigureResult(estimate(0.26), 0.25, 0.25),
    "swap_transport": FigureResult(estimate(0.85), 0.88, 1.0, 0.9),
}
FIDELITY = FigureResult(
    estimate(0.9), 0.93, 1.0, 0.95, estimate(0.94), {"entangled": 0.5}, "fidelity", CONTROLS
)
YY = FigureResult(
    estimate(-0.8), -0.82, -1.0, figure="yy", controls={"uncorrected": FigureResult(estimate(0.0))}
)
BARE = FigureResult(estimate(0.7), figure="zz")
CHSH = FigureResult(estimate(2.5), 2.6, 2.83, bounds={"classical": 2.0, "quantum": 2.83}, figure="s_value")
LONG = FigureResult(estimate(0.7), figure="a_rather_long_name_of_a_figure")
FULL = Comparison("repeater-chain on aer:fake_kingston (simulated)", (FIDELITY, YY, BARE, CHSH))


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_points_bars_ticks_and_lines():
    ax = plot_comparison(FULL)
    assert isinstance(ax, Axes)
    assert ax.get_title() == FULL.title
    bars = {bar.get_gid(): (bar.get_y(), bar.get_height()) for bar in ax.patches if bar.get_gid()}
    assert bars["swap_transport"] == pytest.approx((0, 0.85))
    assert len(with_gid(ax, "uncorrected")) == 2
    for kind, values in (("predicted", [0.93, 0.25, 0.88, -0.82]), ("theory", [0.95, 0.9])):
        assert [line.get_ydata()[0] for line in with_gid(ax, kind)] == values
    (bound,) = with_gid(ax, "bound")
    assert list(bound.get_ydata()) == [0.5, 0.5]
    assert texts(ax) == ["entangled"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["fidelity", "yy", "zz"]
    assert ax.get_xlabel() == "on another scale: s_value"
    assert legend(ax) == [
        "measured, 95% interval", "mitigated", "uncorrected", "swap transport", "ideal", "theory", "predicted", "bound",
    ]  # fmt: skip


def test_ticks_lie_across_what_they_are_about():
    ax = plot_comparison(Comparison("one", (FIDELITY,)))
    (bar,) = [bar for bar in ax.patches if bar.get_gid() == "swap_transport"]
    ticks = [line.get_xdata() for line in with_gid(ax, "predicted") if line.get_ydata()[0] == 0.88]
    assert [list(ends) for ends in ticks] == [pytest.approx([bar.get_x(), bar.get_x() + bar.get_width()])]


@pytest.mark.parametrize(
    "comparison",
    [FULL, Comparison("one", (BARE,)), Comparison("chsh", (CHSH,)), Comparison("long", (LONG, LONG))],
    ids=lambda comparison: comparison.title,
)
def test_pictures_are_legible(comparison):
    ax = comparison.plot()
    check_legible(ax)
    ax.figure.canvas.draw()
    low = ax.get_legend().get_window_extent()
    assert low.x0 >= ax.get_window_extent().x1, "the legend hides data"
    labels = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(labels))


def test_what_is_not_there_is_not_in_the_legend():
    assert legend(plot_comparison(Comparison("one", (BARE,)))) == ["measured, 95% interval"]
    exact = FigureResult(Estimate(0.7, 0.7, 0.7, 1.0), figure="zz")
    assert legend(plot_comparison(Comparison("one", (exact,)))) == ["exact value"]


def test_a_result_is_compared_on_axes_that_are_given():
    result = qn.run(qn.Teleportation(), "aer:fake_kingston", shots=200, seed=1, controls=True)
    _, ax = plt.subplots(figsize=(9, 4))
    assert result.compare().plot(ax) is ax
    assert ax.get_title() == "teleportation on aer:fake_kingston (simulated)"
    assert len(with_gid(ax, "uncorrected")) == len(with_gid(ax, "swap_transport")) == 4


def test_nothing_to_compare_is_refused():
    with pytest.raises(ParameterError, match="figure"):
        plot_comparison(Comparison("nothing", ()))


def test_long_names_below_a_result_do_not_overlap():
    ax = Result({f"a_rather_long_name_of_figure_{k}": estimate(0.5) for k in range(12)}).plot()
    ax.figure.canvas.draw()
    labels = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert len(labels) == 12
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(labels))
