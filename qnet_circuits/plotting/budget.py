"""The picture of an error budget: the way from a figure's ideal value to the predicted one, source by source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from qnet_circuits.plotting.bars import BAR, Step, draw_legend, draw_numbers, draw_step, frame, minus
from qnet_circuits.plotting.style import FAINT, FONT, INK, PALETTE, PAPER, new_axes

if TYPE_CHECKING:
    from qnet_circuits.runs.results.costs import Budget

_MARK = 4.2
#: Where the two columns of numbers end, right of the axes, in points.
_COLUMNS = (62.0, 124.0)
#: The least width of the scale; costs far below it are rounding.
_NARROWEST = 1e-5
_NOTHING = 1e-9
_COLOURS = {
    "gates": PALETTE[0], "readout": PALETTE[2], "waiting": PALETTE[4], "latency": PALETTE[5], "links": PALETTE[1],
    "decisions": INK,
}  # fmt: skip
_TERM = PALETTE[3]


def plot_budget(budget: Budget, ax: Axes | None = None) -> Axes:
    """Draw the way from the ideal value to the predicted one: a bar for each source, and one for the interaction.

    A bar is as long as what its source costs alone, and begins where the one above ends; the interaction, hatched, leads from
    the sum of all to the predicted value. A diamond marks where the bar would end if it were as long as what is gained without
    the source. Both numbers stand at the right.

    Args:
        budget: The budget.
        ax: Axes to draw on, with room at the right for two columns of numbers; those of a new figure by default.

    Returns:
        The axes.

    Example:
        >>> from qnet_circuits.runs.results.costs import Budget, Cost
        >>> budget = Budget("ghz", "fake_torino", "frame", "fidelity", 1.0, 0.9, (Cost("gates", 0.1, 0.1),))
        >>> ax = plot_budget(budget)
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['ideal', 'gates', 'interaction', 'predicted']
        >>> import matplotlib.pyplot; matplotlib.pyplot.close(ax.figure)
    """
    steps = _steps(budget)
    last = len(steps) + 1
    ax = new_axes(ax, (7.6, 1.5 + 0.36 * (last + 1)))
    # The interaction has no row, and no mark.
    marks = [step.start - budget.sign * row.without for step, row in zip(steps, budget.rows, strict=False)]
    _scale(ax, budget, steps, marks)
    for line, step in enumerate(steps, 1):
        draw_step(ax, line, step, last if line + 1 == last else line + 1 - BAR / 2)
    for line, mark in enumerate(marks, 1):
        ax.plot(mark, line, "D", ms=_MARK, mfc=PAPER, mec=INK, mew=1, zorder=3, gid="without", clip_on=False)
    _draw_ends(ax, budget, last)
    numbers = [("alone", "without"), *(step.numbers for step in steps), (_number(budget.cost), "")]
    draw_numbers(ax, numbers, 0, _COLUMNS, (0, last))
    _draw_legend(ax)
    return ax


def _steps(budget: Budget) -> list[Step]:
    """Return the bars from the ideal value on; the last one is the interaction, and ends at the predicted value."""
    steps, at = [], budget.ideal
    for row in budget.rows:
        end, colour = at - budget.sign * row.alone, _COLOURS.get(row.source, _TERM)
        steps.append(Step(row.source, at, end, colour, (_number(row.alone), _number(row.without))))
        at = end
    return [*steps, Step("interaction", at, budget.value, PAPER, (_number(budget.interaction), ""))]


def _scale(ax: Axes, budget: Budget, steps: Sequence[Step], marks: Sequence[float]) -> None:
    """Give the axes their scale, the names of the lines and a title."""
    ends = [*marks, *(x for step in steps for x in (step.start, step.end))]
    low, high = min(*ends, budget.value), max(*ends, budget.ideal)
    margin = 0.04 * (high - low) + max(0.0, _NARROWEST - (high - low)) / 2
    ax.set_xlim(low - margin, high + margin)
    ax.set_ylim(len(steps) + 1.6, -0.6)
    names = ["ideal", *(step.name.replace("_", " ") for step in steps), "predicted"]
    frame(ax, names, budget.figure.replace("_", " "), ("top", "right", "left"))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_title(budget.title, size=FONT + 2, loc="left", wrap=True)


def _draw_ends(ax: Axes, budget: Budget, last: int) -> None:
    """Mark the ideal and the predicted value, each with its number at the side where there is room."""
    middle = sum(ax.get_xlim()) / 2
    ax.plot([budget.ideal] * 2, [0, 1 - BAR / 2], color=INK, lw=0.8, zorder=1)
    for value, line in ((budget.ideal, 0), (budget.value, last)):
        ax.plot(value, line, "o", ms=6, color=INK, zorder=3, clip_on=False)
        left = value > middle
        ax.annotate(
            minus(f"{value:z.4f}"), (value, line), (-8 if left else 8, 0), textcoords="offset points", size=FONT,
            color=INK, weight="bold", ha="right" if left else "left", va="center",
        )  # fmt: skip
        ax.axvline(value, color=FAINT, lw=0.8, ls=":", zorder=0)


def _number(cost: float) -> str:
    """Return a cost with its sign; nothing has none."""
    if abs(cost) < _NOTHING:
        return "0"
    return minus(f"{cost:+.4f}" if abs(cost) >= 5e-5 else f"{cost:+.0e}")


def _draw_legend(ax: Axes) -> None:
    """Say what bars and diamonds are, below the axis' label."""
    bar = Patch(color=FAINT, label="cost alone")
    mark = Line2D([], [], ls="", marker="D", ms=_MARK, mfc=PAPER, mec=INK, label="gain without it")
    draw_legend(ax, [bar, mark])
