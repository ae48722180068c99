from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.result import plot_estimates
from qnet_circuits.runs.results.result import Result
from qnet_circuits.theory.estimate import Estimate, proportion
from tests.plotting.pictures import check_legible, texts, with_gid


def given(*figures, **beside):
    about = {"protocol": "repeater-chain", "backend": "aer:fake_kingston"}
    return Result(*figures, provenance=about, **beside)


FIGURES = {
    "fidelity": Estimate(0.91, 0.90, 0.93, n=3000),
    "xx": Estimate(0.88, 0.85, 0.9, n=1000),
    "yy": Estimate(-0.87, -0.9, -0.84, n=1000),
    "zz": Estimate(0.9, 0.87, 0.93, n=1000),
}
FOUR = given(
    FIGURES,
    {"fidelity": 1.0, "xx": 1.0, "yy": -1.0, "zz": 1.0},
    {"fidelity": 0.915, "xx": 0.89},
    {"fidelity": 0.912, "xx": 0.88, "yy": -0.88, "zz": 0.9},
    {"fidelity": {"entangled": 0.5, "secure": 0.81}},
)
CHSH = given(
    {"s_value": Estimate(0.6, 0.5, 0.7, n=100), "agreement": Estimate(0.7, 0.6, 0.8, n=100)},
    {"s_value": 2.828},
    bounds={"s_value": {"classical": 2.0}},
)


def _legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def _names(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


def test_four_figures():
    ax = FOUR.plot()
    assert isinstance(ax, Axes)
    assert _names(ax) == ["fidelity", "xx", "yy", "zz"]
    assert _legend(ax) == ["estimate, 95% interval", "ideal", "theory", "predicted"]
    assert sorted(texts(ax)) == ["entangled", "secure"]
    assert [line.get_ydata()[0] for line in with_gid(ax, "bound")] == [0.5, 0.81]
    assert ax.get_title() == FOUR.title == "repeater-chain on aer:fake_kingston"
    check_legible(ax)


def test_intervals_and_marks_stand_at_their_values():
    ax = FOUR.plot()
    (container,) = ax.containers
    segments = container.lines[2][0].get_segments()
    for estimate, segment in zip(FIGURES.values(), segments, strict=True):
        assert sorted(segment[:, 1]) == pytest.approx([estimate.low, estimate.high])
    assert list(container.lines[0].get_ydata()) == [estimate.value for estimate in FIGURES.values()]
    levels = {line.get_label(): line.get_ydata()[0] for line in ax.lines}
    assert (levels["ideal"], levels["theory"], levels["predicted"]) == (1.0, 0.915, 0.912)
    markers = {line.get_marker() for line in ax.lines if line.get_label() in ("ideal", "theory", "predicted")}
    assert len(markers) == 3


def test_legend_names_only_what_is_there():
    ax = given({"fidelity": Estimate(0.9, 0.9, 0.9)}, predicted={"fidelity": 0.9}).plot()
    assert _legend(ax) == ["exact value", "predicted"]


def test_figure_on_another_scale_is_by_itself():
    ax = CHSH.plot()
    # Its value lies in [-1, 1], but not what it is compared with.
    assert _names(ax) == ["s_value"]
    assert ax.get_xlabel() == "on another scale: agreement"
    swapped = given(dict(reversed(CHSH.figures.items())), CHSH.ideal, bounds=CHSH.bounds)
    assert _names(swapped.plot()) == ["agreement"]


def test_no_figure_is_no_picture():
    with pytest.raises(ParameterError, match="figure"):
        given({}).plot()


def test_equal_bounds_share_a_line_and_close_ones_stay_legible():
    ax = given({"f": Estimate(0.9, 0.8, 1.0)}, bounds={"f": {"a": 0.5, "b": 0.5, "c": 0.502}}).plot()
    assert texts(ax) == ["a, b", "c"]
    check_legible(ax)


def test_given_axes_are_used():
    figure, ax = plt.subplots()
    assert FOUR.plot(ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_series():
    hops = [3, 1, 2]
    estimates = [proportion(int(1000 * 0.9**h), 1000) for h in hops]
    theory = [0.9**h for h in hops]
    ax = plot_estimates(hops, estimates, theory=theory, bounds={"entangled": 0.5}, ylabel="fidelity")
    assert isinstance(ax, Axes)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("hops", "fidelity")
    assert sorted(_legend(ax)) == ["estimate", "theory"]
    assert texts(ax) == ["entangled"]
    line = next(line for line in ax.lines if line.get_label() == "theory")
    assert list(line.get_xdata()) == [1, 2, 3]
    assert list(line.get_ydata()) == pytest.approx([0.9, 0.81, 0.729])
    assert all(float(tick).is_integer() for tick in ax.get_xticks())
    check_legible(ax)


def test_second_series_has_its_own_colour_and_marker():
    estimates = [proportion(90, 100), proportion(80, 100)]
    ax = plot_estimates([1, 2], estimates, label="near")
    assert plot_estimates([1, 2], estimates, ax, theory=[0.9, 0.8], label="far") is ax
    near, far = (container.lines[0] for container in ax.containers)
    assert near.get_color() != far.get_color()
    assert near.get_marker() != far.get_marker()
    assert sorted(_legend(ax)) == ["far", "far, theory", "near"]


@pytest.mark.parametrize(("x", "count", "theory"), [([1, 2], 1, None), ([1], 1, [0.5, 0.6]), ([], 0, None)])
def test_series_of_unequal_lengths_are_refused(x, count, theory):
    with pytest.raises(ParameterError, match=f" {len(x)} x, {count} "):
        plot_estimates(x, [proportion(1, 2)] * count, theory=theory)
    assert not plt.get_fignums()


def test_figures_without_readout_errors_are_open_and_beside_the_raw_ones():
    corrected = {"fidelity": Estimate(0.96, 0.94, 0.98, n=3000), "zz": Estimate(0.97, 0.93, 1.0, n=1000)}
    ax = replace(FOUR, mitigated=corrected).plot()
    assert _legend(ax)[:3] == ["estimate, 95% interval", "without readout errors", "ideal"]
    raw, mitigated = (bar.lines[0] for bar in ax.containers)
    assert list(mitigated.get_ydata()) == [0.96, 0.97] and len(raw.get_ydata()) == 4
    assert mitigated.get_markerfacecolor() == "white" != raw.get_markerfacecolor()
    assert all(0 < b - a < 0.5 for a, b in zip(raw.get_xdata()[[0, 3]], mitigated.get_xdata(), strict=True))
    check_legible(ax)
