"""The picture of an error budget: the way from a figure's ideal value to the predicted one, source by source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from qnet_circuits.plotting.bars import BAR, draw_bar, draw_legend, draw_numbers, frame
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
}  # fmt: skip
_TERM = PALETTE[3]


class _Step(NamedTuple):
    """One bar: from where to where, with its colour, and where it would end by the other count."""

    name: str
    start: float
    end: float
    colour: str
    other: float | None = None


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
    lines = len(steps) + 2
    ax = new_axes(ax, (7.6, 1.5 + 0.36 * lines))
    _scale(ax, budget, steps)
    for line, step in enumerate(steps, 1):
        _draw_step(ax, line, step)
    _draw_ends(ax, budget, len(steps) + 1)
    _draw_numbers(ax, budget)
    _draw_legend(ax)
    return ax


def _steps(budget: Budget) -> list[_Step]:
    """Return the bars from the ideal value on; the last one is the interaction, and ends at the predicted value."""
    steps, at = [], budget.ideal
    for row in budget.rows:
        end, other = at - budget.sign * row.alone, at - budget.sign * row.without
        steps.append(_Step(row.source, at, end, _COLOURS.get(row.source, _TERM), other))
        at = end
    return [*steps, _Step("interaction", at, budget.value, PAPER)]


def _scale(ax: Axes, budget: Budget, steps: Sequence[_Step]) -> None:
    """Give the axes their scale, the names of the lines and a title."""
    ends = [x for step in steps for x in (step.start, step.end, step.other) if x is not None]
    low, high = min(*ends, budget.value), max(*ends, budget.ideal)
    margin = 0.04 * (high - low) + max(0.0, _NARROWEST - (high - low)) / 2
    ax.set_xlim(low - margin, high + margin)
    ax.set_ylim(len(steps) + 1.6, -0.6)
    names = ["ideal", *(step.name.replace("_", " ") for step in steps), "predicted"]
    frame(ax, names, budget.figure.replace("_", " "), ("top", "right", "left"))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_title(budget.title, size=FONT + 2, loc="left", wrap=True)


def _draw_step(ax: Axes, line: int, step: _Step) -> None:
    draw_bar(ax, line, (step.start, step.end), step.colour, step.name)
    # The thin line carries the eye to the next bar, or to the predicted value, and shows a bar of no length.
    until = line + 1 if step.colour == PAPER else line + 1 - BAR / 2
    ax.plot([step.end] * 2, [line - BAR / 2, until], color=INK, lw=0.8, zorder=2.5)
    if step.other is not None:
        ax.plot(
            step.other, line, "D", ms=_MARK, mfc=PAPER, mec=INK, mew=1, zorder=3, gid="without", clip_on=False
        )


def _draw_ends(ax: Axes, budget: Budget, last: int) -> None:
    """Mark the ideal and the predicted value, each with its number at the side where there is room."""
    middle = sum(ax.get_xlim()) / 2
    ax.plot([budget.ideal] * 2, [0, 1 - BAR / 2], color=INK, lw=0.8, zorder=1)
    for value, line in ((budget.ideal, 0), (budget.value, last)):
        ax.plot(value, line, "o", ms=6, color=INK, zorder=3, clip_on=False)
        left = value > middle
        ax.annotate(
            _minus(f"{value:z.4f}"), (value, line), (-8 if left else 8, 0), textcoords="offset points", size=FONT,
            color=INK, weight="bold", ha="right" if left else "left", va="center",
        )  # fmt: skip
        ax.axvline(value, color=FAINT, lw=0.8, ls=":", zorder=0)


def _draw_numbers(ax: Axes, budget: Budget) -> None:
    """Write both counts of each source right of the axes, below their names."""
    lines = [("alone", "without"), *((_number(row.alone), _number(row.without)) for row in budget.rows)]
    lines += [(_number(budget.interaction), ""), (_number(budget.sign * (budget.ideal - budget.value)), "")]
    draw_numbers(ax, lines, 0, _COLUMNS, (0, len(lines) - 1))


def _number(cost: float) -> str:
    """Return a cost with its sign; nothing has none."""
    if abs(cost) < _NOTHING:
        return "0"
    return _minus(f"{cost:+.4f}" if abs(cost) >= 5e-5 else f"{cost:+.0e}")


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _draw_legend(ax: Axes) -> None:
    """Say what bars and diamonds are, below the axis' label."""
    bar = Patch(color=FAINT, label="cost alone")
    mark = Line2D([], [], ls="", marker="D", ms=_MARK, mfc=PAPER, mec=INK, label="gain without it")
    draw_legend(ax, [bar, mark])
