from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
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


ranges = {"fidelity": (0.0, 1.0), "xx": (-1.0, 1.0), "yy": (-1.0, 1.0), "zz": (-1.0, 1.0)}
FOUR = replace(FOUR, ranges=ranges)


def _legend(ax):
    legend = ax.figure.legends[0] if ax.figure.legends else ax.get_legend()
    return [text.get_text() for text in legend.get_texts()]


def _names(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


def _values(ax, kind):
    return [line.get_ydata()[0] for line in with_gid(ax, kind)]


def test_each_kind_of_figure_has_axes_and_a_scale_of_its_own():
    ax = FOUR.plot()
    assert isinstance(ax, Axes)
    fidelity, correlations = ax.figure.axes
    assert fidelity is ax and _names(fidelity) == ["fidelity"] and _names(correlations) == ["xx", "yy", "zz"]
    assert [each.get_ylabel() for each in ax.figure.axes] == ["fidelity", "correlation"]
    assert [each.get_ylim() for each in ax.figure.axes] == [(-0.05, 1.05), (-1.1, 1.1)]
    assert ax.figure.get_suptitle() == FOUR.title == "repeater-chain on aer:fake_kingston"
    assert _legend(ax) == ["measured, 95 % interval", "ideal", "theory", "predicted", "bound"]
    assert sorted(texts(fidelity)) == ["entangled", "secure"] and _values(fidelity, "bound") == [0.5, 0.81]
    assert (
        "fidelity 0.91" in qn.alt_text(ax)
        and "predicted 0.912" in qn.alt_text(ax)
        and "yy -0.87" in qn.alt_text(ax)
    )
    check_legible(ax)


def test_intervals_and_marks_stand_at_their_values():
    ax = FOUR.plot()
    for axes, names in ((ax, ["fidelity"]), (ax.figure.axes[1], ["xx", "yy", "zz"])):
        estimates = [FIGURES[name] for name in names]
        for estimate, bar in zip(estimates, axes.containers, strict=True):
            assert sorted(bar.lines[2][0].get_segments()[0][:, 1]) == pytest.approx(
                [estimate.low, estimate.high]
            )
        assert _values(axes, "measured") == [estimate.value for estimate in estimates]
    assert [_values(ax, kind) for kind in ("ideal", "theory", "predicted")] == [[1.0], [0.915], [0.912]]
    assert _values(ax.figure.axes[1], "predicted") == [0.88, -0.88, 0.9]


def test_a_correlation_is_one_even_if_it_is_positive():
    """Its declared range says so; without one, the values are all that is known."""
    result = given({"fidelity": Estimate(0.9, 0.88, 0.92), "zz": Estimate(0.9, 0.88, 0.92)})
    assert len(result.plot().figure.axes) == 1
    assert len(replace(result, ranges={"zz": (-1.0, 1.0)}).plot().figure.axes) == 2


def test_a_run_knows_the_ranges_of_its_figures():
    result = qn.predict(qn.Ghz())
    assert result.ranges == {"fidelity": (0.0, 1.0), "populations": (0.0, 1.0), "coherence": (-1.0, 1.0)}


def test_legend_names_only_what_is_there():
    ax = given({"fidelity": Estimate(0.9, 0.9, 0.9)}, predicted={"fidelity": 0.9}).plot()
    assert _legend(ax) == ["exact value", "predicted"]


def test_figure_on_another_scale_is_by_itself():
    ax = CHSH.plot()
    # Its value lies in [-1, 1], but not what it is compared with.
    s_value, agreement = ax.figure.axes
    assert (
        _names(s_value) == ["s_value"] and s_value.get_ylabel() == "s value" and s_value.get_ylim()[1] > 2.828
    )
    assert _names(agreement) == ["agreement"] and agreement.get_ylim() == (-0.05, 1.05)
    check_legible(ax)
    _, given_axes = plt.subplots()
    assert CHSH.plot(given_axes).get_xlabel() == "on another scale: agreement"


@pytest.mark.one_in(2)
@pytest.mark.parametrize("count", [2, 10, 30, 100])
def test_any_number_of_figures_is_legible(count):
    figures = {f"fidelity_{k}": Estimate(0.5 + 0.004 * k, 0.5, 0.95) for k in range(count)}
    figures["s_value"] = Estimate(2.5, 2.4, 2.6)
    bounds = {"fidelity_0": {"classical": 0.6, "secure": 0.61, "best of all": 0.99}}
    ax = given(
        figures, dict.fromkeys(figures, 1.0), predicted=dict.fromkeys(figures, 0.9), bounds=bounds
    ).plot()
    assert sum(len(with_gid(axes, "measured")) for axes in ax.figure.axes) == count + 1
    check_legible(ax)


def test_no_figure_is_no_picture():
    with pytest.raises(ParameterError, match="figure"):
        given({}).plot()


def test_equal_bounds_share_a_line_and_close_ones_stay_legible():
    ax = given({"f": Estimate(0.9, 0.8, 1.0)}, bounds={"f": {"a": 0.5, "b": 0.5, "c": 0.502}}).plot()
    assert texts(ax) == ["a, b", "c"] and _values(ax, "bound") == [0.5, 0.502]
    check_legible(ax)


def test_given_axes_are_used():
    figure, ax = plt.subplots()
    assert FOUR.plot(ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_series():
    hops = [3, 1, 2]
    estimates = [proportion(int(1000 * 0.9**h), 1000) for h in hops]
    theory = [0.9**h for h in hops]
    ax = qn.plot_estimates(hops, estimates, theory=theory, bounds={"entangled": 0.5}, ylabel="fidelity")
    assert isinstance(ax, Axes)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("hops", "fidelity")
    assert sorted(_legend(ax)) == ["measured, 95 % interval", "theory"]
    assert texts(ax) == ["entangled"]
    line = next(line for line in ax.lines if line.get_label() == "theory")
    assert list(line.get_xdata()) == [1, 2, 3]
    assert list(line.get_ydata()) == pytest.approx([0.9, 0.81, 0.729])
    assert all(float(tick).is_integer() for tick in ax.get_xticks())
    check_legible(ax)


def test_second_series_has_its_own_colour_and_marker():
    estimates = [proportion(90, 100), proportion(80, 100)]
    ax = qn.plot_estimates([1, 2], estimates, label="near")
    assert qn.plot_estimates([1, 2], estimates, ax, theory=[0.9, 0.8], label="far") is ax
    near, far = (container.lines[0] for container in ax.containers)
    assert near.get_color() != far.get_color()
    assert near.get_marker() != far.get_marker()
    assert sorted(_legend(ax)) == ["far", "far, theory", "near"]


@pytest.mark.parametrize(("x", "count", "theory"), [([1, 2], 1, None), ([1], 1, [0.5, 0.6]), ([], 0, None)])
def test_series_of_unequal_lengths_are_refused(x, count, theory):
    with pytest.raises(ParameterError, match=f" {len(x)} x, {count} "):
        qn.plot_estimates(x, [proportion(1, 2)] * count, theory=theory)
    assert not plt.get_fignums()


def test_exact_values_are_called_exact():
    assert _legend(qn.plot_estimates([1], [Estimate(0.9, 0.9, 0.9, 1.0, "exact")])) == ["exact value"]


def test_figures_without_readout_errors_are_open_and_beside_the_raw_ones():
    corrected = {"fidelity": Estimate(0.96, 0.94, 0.98, n=3000), "zz": Estimate(0.97, 0.93, 1.0, n=1000)}
    ax = replace(FOUR, mitigated=corrected).plot()
    assert _legend(ax)[:3] == ["measured, 95 % interval", "without readout errors", "ideal"]
    (raw,), (mitigated,) = with_gid(ax, "measured"), with_gid(ax, "mitigated")
    assert list(mitigated.get_ydata()) == [0.96]
    assert mitigated.get_markerfacecolor() != raw.get_markerfacecolor() == raw.get_color()
    assert 0 < mitigated.get_xdata()[0] - raw.get_xdata()[0] < 0.5
    check_legible(ax)
