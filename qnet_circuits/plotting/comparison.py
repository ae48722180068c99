"""The picture of a comparison: measured figures beside control experiments, prediction, ideal, theory and bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from qnet_circuits.plotting.columns import EXPECTED, draw_columns, draw_legend, label_of
from qnet_circuits.plotting.style import FAINT, INK, PALETTE, draw_intervals
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.comparison import Comparison, FigureResult

#: How each estimate is drawn: colour and marker, or None for a bar.
_STYLES: dict[str, tuple[str, str | None]] = {
    "measured": (PALETTE[0], "o"),
    "mitigated": (PALETTE[5], "s"),
    "uncorrected": (PALETTE[4], None),
    "swap_transport": (PALETTE[3], None),
}
#: In a column of width 1: the middle of the estimates, how far they are apart, how wide they are, where names of bounds begin.
_MIDDLE, _STEP, _WIDTH, _NAMES = -0.12, 0.17, 0.13, 0.22
_TICKS: dict[str, tuple[str, Any]] = {
    "ideal": (INK, ":"),
    "theory": (PALETTE[2], (0, (1.5, 0.8))),
    "predicted": (PALETTE[1], "-"),
}


def plot_comparison(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """Draw measured figures as points, controls as bars, what was to be expected of each as ticks, and bounds as lines.

    Figures in [-1, 1] share one scale; where the first figure is on another, such as a CHSH value, it is shown by itself.

    Args:
        comparison: The comparison.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ParameterError: If there is no figure.
    """
    own = ax is None
    ax, shown = draw_columns(ax, comparison, _NAMES, (6.0, 4.4, 1.7))
    present = _present(shown)
    for k, found in enumerate(shown):
        _draw_figure(ax, k, found, present)
    if any(found.controls for found in shown):
        ax.axhline(0, color=FAINT, lw=0.8, zorder=0)
    draw_legend(ax, _handles(ax, shown, present), beside=own)
    return ax


def _draw_figure(ax: Axes, k: int, found: FigureResult, present: Sequence[str]) -> None:
    """Draw the column of one figure; what all figures have stands at the same place in each."""
    first = k + _MIDDLE - _STEP * (len(present) - 1) / 2
    place = {kind: first + _STEP * number for number, kind in enumerate(present)}
    for kind, each in {"measured": found, **found.controls}.items():
        _draw_estimate(ax, place[kind], kind, each.measured)
        _draw_ticks(ax, place[kind], each)
    if found.mitigated is not None:
        _draw_estimate(ax, place["mitigated"], "mitigated", found.mitigated)


def _draw_estimate(ax: Axes, x: float, kind: str, estimate: Estimate) -> None:
    """Draw an estimate with its interval: a point, or a bar from zero for a control experiment."""
    colour, marker = _STYLES[kind]
    if marker is None:
        ax.bar(x, estimate.value, _WIDTH, color=colour, alpha=0.45, zorder=1, gid=kind)
    style = {"fmt": marker or "none", "color": colour, "ecolor": colour if marker else INK}
    draw_intervals(ax, [x], [estimate], **style, capsize=3, markersize=5, zorder=4)


def _draw_ticks(ax: Axes, x: float, found: FigureResult) -> None:
    """Draw what was to be expected of a figure: short horizontal lines across its estimate."""
    for kind in EXPECTED:
        value = getattr(found, kind)
        if value is not None:
            colour, style = _TICKS[kind]
            ends = [x - _WIDTH / 2, x + _WIDTH / 2]
            ax.plot(ends, [value] * 2, color=colour, ls=style, lw=1.8, zorder=3, gid=kind)


def _handles(ax: Axes, shown: Sequence[FigureResult], present: Sequence[str]) -> list[Line2D]:
    """Return what the legend shows: what is in the picture, and nothing else."""
    handles: list[Line2D] = []
    for kind in present:
        colour, marker = _STYLES[kind]
        style = {"marker": marker} if marker else {"marker": "s", "markersize": 9, "alpha": 0.45}
        measured = label_of([found.measured for found in shown], "measured")
        label = measured if kind == "measured" else kind.replace("_", " ")
        handles.append(Line2D([], [], color=colour, ls="none", label=label, **style))
    drawn = {artist.get_gid() for artist in ax.lines}
    handles += [
        Line2D([], [], color=colour, ls=style, lw=1.8, label=tick)
        for tick, (colour, style) in _TICKS.items()
        if tick in drawn
    ]
    if "bound" in drawn:
        handles.append(Line2D([], [], color=INK, ls="--", lw=1, label="bound"))
    return handles


def _present(shown: Sequence[FigureResult]) -> list[str]:
    """Return what any figure has, in the order in which it stands."""
    found = {"measured", *(control for each in shown for control in each.controls)}
    if any(each.mitigated is not None for each in shown):
        found.add("mitigated")
    return [kind for kind in _STYLES if kind in found]
