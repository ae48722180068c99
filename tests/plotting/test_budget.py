import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

import qnet_circuits as qn
from qnet_circuits.plotting.budget import plot_budget
from qnet_circuits.runs.results.costs import Budget, Cost
from tests.plotting.pictures import check_legible, texts, with_gid

FIVE = Budget(
    "teleportation", "fake_kingston", "feedforward", "fidelity", 1.0, 0.925,
    (
        Cost("gates", 0.02, 0.018), Cost("readout", 0.03, 0.025), Cost("waiting", 0.01, 0.009),
        Cost("latency", 0.005, 0.004), Cost("links", 0.02, 0.017),
    ),
)  # fmt: skip
#: What spoils the same thing: alone, sources cost more than all together.
DEEP = Budget(
    "repeater-chain", "fake_torino", "feedforward", "fidelity", 1.0, 0.4,
    (Cost("readout", 0.5, 0.2), Cost("links", 0.4, 0.15), Cost("measurement_dephasing", 2e-5, -1e-5)),
)  # fmt: skip
NEGATIVE = Budget(
    "ghz", "fake_x", "frame", "yy", -1.0, -0.8, (Cost("gates", 0.15, 0.1), Cost("zz", 0.0, 0.0))
)
RISING = Budget("bb84", "fake_x", "frame", "qber", 0.0, 0.03, (Cost("readout", 0.02, 0.02),))
NOTHING = Budget("ghz", "fake_x", "frame", "fidelity", 1.0, 1.0, (Cost("gates", 1e-16, 0.0),))
ALL = [FIVE, DEEP, NEGATIVE, RISING, NOTHING]


def _bar(ax, source):
    (bar,) = [patch for patch in ax.patches if patch.get_gid() == source]
    return pytest.approx((bar.get_x(), bar.get_x() + bar.get_width()))


#: At many hops, what sources cost alone sums to far more than there is to lose.
HOPS = {
    hops: Budget(
        "repeater-chain",
        "fake_kingston",
        "feedforward",
        "fidelity",
        1.0,
        0.25 + 0.75 * 0.93**hops,
        tuple(
            Cost(source, 0.75 * (1 - kept**hops), 0.75 * 0.93**hops * (kept**-hops - 1))
            for source, kept in (("gates", 0.98), ("readout", 0.97), ("measurement_dephasing", 0.979))
        ),
    )
    for hops in (2, 10, 30, 100)
}


@pytest.mark.parametrize(
    "budget", [*ALL, *HOPS.values()], ids=lambda budget: f"{budget.figure}{budget.value}"
)
def test_each_bar_leads_from_the_ideal_value_to_one_that_the_figure_can_have(budget):
    ax = plot_budget(budget)
    for row in budget.rows:
        assert _bar(ax, row.source) == (budget.ideal, budget.ideal - budget.sign * row.alone)
    assert _bar(ax, "predicted") == (budget.ideal, budget.value)
    values = [
        budget.ideal,
        budget.value,
        *(x for row in budget.rows for x in (budget.ideal - budget.sign * row.alone,)),
    ]
    low, high = ax.get_xlim()
    assert all(low < x < high for x in values)
    assert low > min(values) - 0.05 and high < max(values) + 0.1
    check_legible(ax)


def test_lines_and_both_counts_are_named():
    ax = plot_budget(FIVE)
    assert isinstance(ax, Axes)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["ideal", "gates", "readout", "waiting", "latency", "links", "interaction", "predicted"]
    shown = texts(ax)
    assert {
        "alone",
        "without",
        "+0.0200",
        "+0.0180",
        "+0.0250",
        "+0.0100",
        "1.0000",
        "0.9250",
        "+0.0750",
    } <= {*shown}
    assert shown.count("−0.0100") == 1 and shown.count("+0.0040") == 1
    assert ax.get_title(loc="left") == "fidelity of teleportation on fake_kingston, corrections: feedforward"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "only this source",
        "without this source",
    ]


def test_diamonds_stand_at_the_value_without_their_source():
    marks = [line.get_xdata()[0] for line in with_gid(plot_budget(NEGATIVE), "without")]
    assert marks == pytest.approx([-0.9, -0.8])
    marks = [line.get_xdata()[0] for line in with_gid(plot_budget(RISING), "without")]
    assert marks == pytest.approx([0.01])


def test_sources_have_their_colours_and_the_interaction_is_a_number():
    ax = plot_budget(DEEP)
    bars = {patch.get_gid(): patch for patch in ax.patches}
    assert {*bars} == {"readout", "links", "measurement_dephasing", "predicted"}
    assert len({bar.get_facecolor() for bar in bars.values()}) == 4
    assert "interaction −0.3000" in qn.alt_text(ax)


def test_small_costs_keep_their_size_and_rounding_is_nothing():
    shown = texts(plot_budget(DEEP))
    assert "+2e−05" in shown and "−1e−05" in shown and "−0.3000" in shown
    ax = plot_budget(NOTHING)
    assert texts(ax).count("0") == 4
    low, high = ax.get_xlim()
    assert high - low == pytest.approx(1e-5)


def test_the_legend_is_below_the_axis_label():
    ax = plot_budget(FIVE)
    ax.figure.canvas.draw()
    legend, label = ax.get_legend().get_window_extent(), ax.xaxis.label.get_window_extent()
    assert legend.y1 < label.y0 and legend.y0 > ax.figure.bbox.y0


def test_given_axes_are_used_and_a_budget_draws_itself():
    figure, ax = plt.subplots()
    assert FIVE.plot(ax) is ax
    assert plt.get_fignums() == [figure.number]
