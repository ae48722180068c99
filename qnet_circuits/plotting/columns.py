"""What pictures of figures share: a column for each figure, all on one scale, and a legend beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.style import FAINT, FONT, INK, new_axes, text_width
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.comparison import Comparison, FigureResult

#: What was to be expected of a figure.
EXPECTED = ("ideal", "theory", "predicted")


def draw_columns(
    ax: Axes | None, comparison: Comparison, names: float, least: tuple[float, float, float]
) -> tuple[Axes, list[FigureResult]]:
    """Draw all but the figures themselves: their columns with names and bounds, and the title.

    Figures in [-1, 1] share one scale; a figure on another scale, such as a CHSH value, is shown by itself. The first figure is
    shown, with all that share its scale.

    Args:
        ax: Axes to draw on; those of a new figure by default.
        comparison: The figures.
        names: Where names of bounds begin in a column of width 1, from its middle.
        least: The least width of the picture, its height, and the least width of a column, in inches.

    Returns:
        The axes, and the figures to draw, column by column.

    Raises:
        ParameterError: If there is no figure to show.
    """
    if not comparison.figures:
        raise ParameterError("there is no figure to plot; at least one is needed")
    shared = [found for found in comparison.figures if _unit_scale(found)]
    shown = shared if comparison.figures[0] in shared else [comparison.figures[0]]
    longest = max((text_width(name, FONT) for found in shown for name in found.bounds), default=0)
    widest = max(text_width(found.figure, 10.0) for found in shown)
    width, height, pitch = least
    pitch = max(pitch, longest / 72 / (0.49 - names), widest / 72)
    ax = new_axes(ax, (max(width, 0.4 * width + pitch * len(shown)), height))
    for k, found in enumerate(shown):
        _draw_bounds(ax, k, found.bounds, names)
        if k:
            ax.axvline(k - 0.5, color=FAINT, lw=0.5, zorder=0)
    ax.set_xticks(range(len(shown)), [found.figure for found in shown])
    ax.set_xlim(-0.5, len(shown) - 0.5)
    ax.margins(y=0.12)
    left_out = [found.figure for found in comparison.figures if found not in shown]
    if left_out:
        ax.set_xlabel(f"on another scale: {', '.join(left_out)}", size=FONT, color=INK)
    ax.set_title(comparison.title, size=FONT + 2, wrap=True)
    return ax, shown


def _draw_bounds(ax: Axes, column: int, bounds: Mapping[str, float], names: float) -> None:
    """Draw a dashed line across a figure's column for each bound, with its name at the right; equal ones share a name."""
    shared: dict[float, str] = {}
    for name, value in bounds.items():
        shared[value] = f"{shared[value]}, {name}" if value in shared else name
    for number, (value, name) in enumerate(sorted(shared.items())):
        ends = [column - 0.46, column + 0.46]
        ax.plot(ends, [value, value], color=INK, lw=1, ls="--", zorder=2, gid="bound")
        # Two bounds that lie close to each other have their names on either side.
        below = len(shared) > 1 and number == 0
        ax.annotate(
            name, (column + names, value), (0, -2 if below else 2), textcoords="offset points", size=FONT, color=INK,
            va="top" if below else "bottom", annotation_clip=False,
        )  # fmt: skip


def _unit_scale(found: FigureResult) -> bool:
    """Tell whether a figure, and all that it is compared with, lies in [-1, 1]."""
    expected = [getattr(found, kind) for kind in EXPECTED]
    values = [
        found.measured.value,
        *(value for value in expected if value is not None),
        *found.bounds.values(),
    ]
    return all(abs(value) <= 1 + 1e-9 for value in values) and all(map(_unit_scale, found.controls.values()))


def label_of(estimates: Iterable[Estimate], word: str) -> str:
    """Return what estimates are called in a legend: a word with their levels, if they have intervals."""
    levels = sorted(
        {estimate.level for estimate in estimates if estimate.n > 0 or estimate.high > estimate.low}
    )
    if not levels:
        return "exact value"
    return f"{word}, {' and '.join(f'{100 * level:.4g}%' for level in levels)} interval"


def draw_legend(ax: Axes, handles: Sequence[Any], beside: bool) -> None:
    """Draw the legend, beside the axes where there is room for it."""
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0, "frameon": False}
    ax.legend(handles=handles, fontsize=FONT, **(place if beside else {"loc": "best"}))
