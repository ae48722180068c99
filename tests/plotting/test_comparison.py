import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
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
    return [text.get_text() for text in ax.figure.legends[0].get_texts()]


def values(ax, kind):
    return [line.get_ydata()[0] for line in with_gid(ax, kind)]


def test_the_result_comes_first_and_controls_have_small_marks():
    ax = FULL.plot()
    assert isinstance(ax, Axes)
    share, signed, other = ax.figure.axes
    assert [[label.get_text() for label in each.get_xticklabels()] for each in ax.figure.axes] == [
        ["fidelity", "zz"], ["yy"], ["s_value"]
    ]  # fmt: skip
    assert values(share, "measured") == [0.9, 0.7] and values(share, "swap_transport") == [0.85]
    places = [
        with_gid(share, kind)[0].get_xdata()[0]
        for kind in ("measured", "mitigated", "uncorrected", "swap_transport")
    ]
    assert places == sorted(places)
    sizes = [
        with_gid(share, kind)[0].get_markersize() for kind in ("measured", "uncorrected", "swap_transport")
    ]
    assert sizes[0] > 1.4 * max(sizes[1:])
    assert not [patch for patch in share.patches if patch.get_visible()]
    assert values(share, "predicted") == [0.93, 0.25, 0.88] and values(signed, "predicted") == [-0.82]
    assert values(share, "theory") == [0.95, 0.9] and values(share, "bound") == [0.5]
    assert texts(share) == ["entangled"] and sorted(texts(other)) == ["classical", "quantum"]
    assert legend(ax) == [
        "measured, 95 % interval", "without readout errors", "messages withheld", "direct transport", "ideal", "theory",
        "predicted", "bound",
    ]  # fmt: skip
    assert "messages withheld 0.26" in qn.alt_text(ax)


def test_ticks_lie_across_what_they_are_about():
    ax = Comparison("one", (FIDELITY,)).plot()
    (control,) = with_gid(ax, "swap_transport")
    ((left, right),) = [line.get_xdata() for line in with_gid(ax, "predicted") if line.get_ydata()[0] == 0.88]
    assert (left + right) / 2 == pytest.approx(control.get_xdata()[0])


@pytest.mark.parametrize(
    "comparison",
    [FULL, Comparison("one", (BARE,)), Comparison("chsh", (CHSH,)), Comparison("long", (LONG, LONG))],
    ids=lambda comparison: comparison.title,
)
def test_pictures_are_legible(comparison):
    check_legible(comparison.plot())


def test_what_is_not_there_is_not_in_the_legend():
    assert legend(Comparison("one", (BARE,)).plot()) == ["measured, 95 % interval"]
    exact = FigureResult(Estimate(0.7, 0.7, 0.7, 1.0), figure="zz")
    assert legend(Comparison("one", (exact,)).plot()) == ["exact value"]


def test_a_result_is_compared_on_axes_that_are_given():
    result = qn.run(qn.Teleportation(), "aer:fake_kingston", shots=200, seed=1, controls=True)
    _, ax = plt.subplots(figsize=(9, 4))
    assert result.compare().plot(ax) is ax
    assert ax.get_title() == "teleportation on aer:fake_kingston (simulated)"
    assert len(with_gid(ax, "uncorrected")) == len(with_gid(ax, "swap_transport")) == 4
    assert result.plot().figure.axes[0].get_xticklabels()[0].get_text() == "fidelity"


def test_nothing_to_compare_is_refused():
    with pytest.raises(ParameterError, match="figure"):
        Comparison("nothing", ()).plot()


def test_long_names_below_a_result_do_not_overlap():
    ax = Result({f"a_rather_long_name_of_figure_{k}": estimate(0.5) for k in range(12)}).plot()
    assert sum(len(axes.get_xticklabels()) for axes in ax.figure.axes) == 12
    check_legible(ax)
