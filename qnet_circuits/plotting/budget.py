"""The plot of an error budget: the effect of each source of noise on a figure, alone and among all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from qnet_circuits.plotting.bars import Step, draw_legend, draw_numbers, draw_step, frame, minus
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, INK, PALETTE, PAPER, listed, new_axes

if TYPE_CHECKING:
    from qnet_circuits.runs.results.costs import Budget, Cost

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
    """Draw the effect of each source of noise on a figure by itself, and the figure without this source.

    Each bar leads from the ideal value to the value with only this source. A diamond marks the value with all sources except
    this one. The last bar leads to the predicted value, with all sources. So every end of a bar is a value that the figure can
    have. The costs stand at the right. The costs of the sources do not sum to the whole cost, since sources partly damage the
    same thing. The difference is the interaction, a number without a bar.

    Args:
        budget: The budget.
        ax: Axes to draw on, with room at the right for two columns of numbers. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Example:
        >>> from qnet_circuits.runs.results.costs import Budget, Cost
        >>> budget = Budget("ghz", "fake_torino", "frame", "fidelity", 1.0, 0.9, (Cost("gates", 0.1, 0.1),))
        >>> ax = plot_budget(budget)
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['ideal', 'gates', 'interaction', 'predicted']
    """
    steps = [_step(budget, row) for row in budget.rows]
    last = len(steps) + 2
    ax = new_axes(ax, (7.6, 1.5 + 0.36 * (last + 1)))
    marks = [budget.value + budget.sign * row.without for row in budget.rows]
    _scale(ax, budget, steps, marks)
    for line, step in enumerate(steps, 1):
        draw_step(ax, line, step, None)
    draw_step(ax, last, Step("predicted", budget.ideal, budget.value, FAINT, ("", "")), None)
    for line, mark in enumerate(marks, 1):
        ax.plot(mark, line, "D", ms=_MARK, mfc=PAPER, mec=INK, mew=1, zorder=3, gid="without", clip_on=False)
    _draw_ends(ax, budget, last)
    ends = [(_number(budget.interaction), ""), (_number(budget.cost), "")]
    draw_numbers(ax, [("alone", "without"), *(step.numbers for step in steps), *ends], 0, _COLUMNS, (0, last))
    _draw_legend(ax)
    describe(ax, _words(budget))
    return ax


def _step(budget: Budget, row: Cost) -> Step:
    """Return the bar of a source: from the ideal value to the one with this source alone."""
    end, colour = budget.ideal - budget.sign * row.alone, _COLOURS.get(row.source, _TERM)
    return Step(row.source, budget.ideal, end, colour, (_number(row.alone), _number(row.without)))


def _words(budget: Budget) -> str:
    """Return the alt text."""
    costs = listed([f"{row.source.replace('_', ' ')} {_number(row.alone)}" for row in budget.rows], 20)
    return (
        f"Error budget: {budget.title}. From {budget.ideal:z.4f} to {budget.value:z.4f}; alone, sources cost: "
        f"{costs or 'nothing'}; interaction {_number(budget.interaction)}."
    )


def _scale(ax: Axes, budget: Budget, steps: Sequence[Step], marks: Sequence[float]) -> None:
    """Give the axes their scale, the names of the lines and a title."""
    ends = [*marks, *(step.end for step in steps), budget.value, budget.ideal]
    low, high = min(ends), max(ends)
    margin = 0.04 * (high - low) + max(0.0, _NARROWEST - (high - low)) / 2
    ax.set_xlim(low - margin, high + margin)
    ax.set_ylim(len(steps) + 2.6, -0.6)
    names = ["ideal", *(step.name.replace("_", " ") for step in steps), "interaction", "predicted"]
    frame(ax, names, budget.figure.replace("_", " "), ("top", "right", "left"))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_title(budget.title, size=FONT + 2, loc="left", wrap=True)


def _draw_ends(ax: Axes, budget: Budget, last: int) -> None:
    """Mark the ideal and the predicted value, each with its number at the side where there is room."""
    middle = sum(ax.get_xlim()) / 2
    for value, line in ((budget.ideal, 0), (budget.value, last)):
        ax.plot(value, line, "o", ms=6, color=INK, zorder=3, clip_on=False)
        # The bar of all sources lies between the two values, so the number stands on it if there is no room beyond.
        left = value > middle
        ax.annotate(
            minus(f"{value:z.4f}"), (value, line), (-8 if left else 8, 0), textcoords="offset points", size=FONT,
            color=INK, weight="bold", ha="right" if left else "left", va="center", zorder=4,
        )  # fmt: skip
        ax.axvline(value, color=FAINT, lw=0.8, ls=":", zorder=0)


def _number(cost: float) -> str:
    """Return a cost with its sign; nothing has none."""
    if abs(cost) < _NOTHING:
        return "0"
    return minus(f"{cost:+.4f}" if abs(cost) >= 5e-5 else f"{cost:+.0e}")


def _draw_legend(ax: Axes) -> None:
    """Draw the legend of bars and diamonds below the label of the axis."""
    bar = Patch(color=FAINT, label="only this source")
    mark = Line2D([], [], ls="", marker="D", ms=_MARK, mfc=PAPER, mec=INK, label="without this source")
    draw_legend(ax, [bar, mark])
