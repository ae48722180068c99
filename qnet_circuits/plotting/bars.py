"""The common parts of plots of accounts: a bar for each step, two columns of numbers beside the bars, and a legend below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from qnet_circuits.plotting.style import FAINT, FONT, INK, PAPER

#: Height of a bar, of a row of height 1.
BAR = 0.56
#: How far below the axes the legend begins, in inches: below ticks and label.
_LEGEND = 0.5


def frame(ax: Axes, names: Sequence[str], label: str, bare: Sequence[str]) -> None:
    """Give axes the names of the lines, a label of the scale, and no spines on some sides."""
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0, labelsize=FONT)
    ax.tick_params(axis="x", labelsize=FONT, color=FAINT)
    for side, spine in ax.spines.items():
        spine.set_visible(side not in bare)
        spine.set_color(FAINT)
    ax.set_xlabel(label, size=FONT)


class Step(NamedTuple):
    """One line: a bar from where to where with its colour, and the two numbers beside it."""

    name: str
    start: float
    end: float
    colour: str
    numbers: tuple[str, str]


def draw_step(ax: Axes, line: int, step: Step, until: float | None) -> None:
    """Draw a bar, hatched in the colour of paper, and a thin line from its end down to a height.

    The thin line carries the eye to what comes next, and shows a bar of no length.
    """
    hollow = step.colour == PAPER
    ax.barh(
        line, step.end - step.start, BAR, step.start, color=step.colour, edgecolor=FAINT if hollow else step.colour,
        hatch="////" if hollow else None, lw=0.8, zorder=2, gid=step.name,
    )  # fmt: skip
    if until is not None:
        ax.plot([step.end] * 2, [line - BAR / 2, until], color=INK, lw=0.8, zorder=2.5)


def draw_numbers(
    ax: Axes, lines: Sequence[tuple[str, str]], first: int, columns: Sequence[float], strong: Sequence[int]
) -> None:
    """Write two numbers for each line right of the axes, in columns that end at these points.

    Args:
        ax: The axes.
        lines: The pairs of numbers.
        first: Height of the first line.
        columns: Where the columns end, in points.
        strong: Heights of the lines in bold.
    """
    for line, pair in enumerate(lines, first):
        for text, place in zip(pair, columns, strict=True):
            ax.annotate(
                text, (1, line), (place, 0), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
                size=FONT, color=INK, weight="bold" if line in strong else "normal", ha="right", va="center",
                annotation_clip=False,
            )  # fmt: skip


def minus(number: str) -> str:
    """Return a number with the sign of a minus in place of a hyphen."""
    return number.replace("-", "−")


def draw_legend(ax: Axes, handles: Sequence[Artist], columns: int = 3) -> None:
    """Draw a legend of colours and marks below the label of the axis, in so many columns."""
    below = ScaledTranslation(0, -_LEGEND, ax.figure.dpi_scale_trans)
    ax.legend(
        handles=handles, fontsize=FONT, frameon=False, ncols=columns, loc="upper left", bbox_to_anchor=(0, 0),
        bbox_transform=ax.transAxes + below, borderaxespad=0, borderpad=0,
    )  # fmt: skip
