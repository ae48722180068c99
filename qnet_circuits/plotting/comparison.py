"""The picture of a comparison: measured figures beside control experiments, prediction, ideal, theory and bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.style import FAINT, FONT, INK, PALETTE, draw_bounds, new_axes, reaches, text_width
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.comparison import Compared, Comparison, Reading

#: How each reading is drawn: colour and marker, or None for a bar.
_STYLES: dict[str, tuple[str, str | None]] = {
    "measured": (PALETTE[0], "o"),
    "mitigated": (PALETTE[5], "s"),
    "uncorrected": (PALETTE[4], None),
    "swap_transport": (PALETTE[3], None),
}
#: In a column of width 1: the middle of the readings, how far they are apart, how wide they are, where names of bounds begin.
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
    if not comparison.figures:
        raise ParameterError("there is no figure to plot; a comparison with at least one is needed")
    shared = [compared for compared in comparison.figures if _unit_scale(compared)]
    shown = shared if comparison.figures[0] in shared else [comparison.figures[0]]
    longest = max((text_width(name, FONT) for each in shown for name in each.bounds), default=0)
    widest = max(text_width(each.figure, 10.0) for each in shown)
    pitch = max(1.7, longest / 72 / (0.5 - _NAMES), widest / 72)
    own = ax is None
    ax = new_axes(ax, (max(6.0, 2.4 + pitch * len(shown)), 4.4))
    present = _present(shown)
    for k, compared in enumerate(shown):
        _draw_figure(ax, k, compared, present)
    ax.set_xticks(range(len(shown)), [compared.figure for compared in shown])
    ax.set_xlim(-0.5, len(shown) - 0.5)
    ax.margins(y=0.12)
    if any(compared.controls for compared in shown):
        ax.axhline(0, color=FAINT, lw=0.8, zorder=0)
    for k in range(1, len(shown)):
        ax.axvline(k - 0.5, color=FAINT, lw=0.5, zorder=0)
    left_out = [each.figure for each in comparison.figures if each not in shown]
    if left_out:
        ax.set_xlabel(f"on another scale: {', '.join(left_out)}", size=FONT, color=INK)
    ax.set_title(comparison.title, size=FONT + 2, wrap=True)
    _draw_legend(ax, shown, beside=own)
    return ax


def _unit_scale(compared: Compared) -> bool:
    """Tell whether a figure, and all that it is compared with, lies in [-1, 1]."""
    values = [*compared.bounds.values()]
    for reading in (compared.reading, *compared.controls.values()):
        expected = (reading.predicted, reading.ideal, reading.theory)
        values += [reading.measured.value, *(value for value in expected if value is not None)]
    return all(abs(value) <= 1 + 1e-9 for value in values)


def _draw_figure(ax: Axes, k: int, compared: Compared, present: Sequence[str]) -> None:
    """Draw the column of one figure; what all figures have stands at the same place in each."""
    first = k + _MIDDLE - _STEP * (len(present) - 1) / 2
    place = {kind: first + _STEP * number for number, kind in enumerate(present)}
    for kind, reading in {"measured": compared.reading, **compared.controls}.items():
        _draw_estimate(ax, place[kind], kind, reading.measured)
        _draw_ticks(ax, place[kind], reading)
    if compared.reading.mitigated is not None:
        _draw_estimate(ax, place["mitigated"], "mitigated", compared.reading.mitigated)
    draw_bounds(ax, k, compared.bounds, _NAMES, zorder=2)


def _draw_estimate(ax: Axes, x: float, kind: str, estimate: Estimate) -> None:
    """Draw an estimate with its interval: a point, or a bar from zero for a control experiment."""
    colour, marker = _STYLES[kind]
    if marker is None:
        ax.bar(x, estimate.value, _WIDTH, color=colour, alpha=0.45, zorder=1, gid=kind)
    ax.errorbar(
        [x], [estimate.value],
        reaches([estimate]),
        fmt=marker or "none", color=colour, ecolor=colour if marker else INK, capsize=3, markersize=5, zorder=4,
    )  # fmt: skip


def _draw_ticks(ax: Axes, x: float, reading: Reading) -> None:
    """Draw what was to be expected of a reading: short horizontal lines across it."""
    values = {"ideal": reading.ideal, "theory": reading.theory, "predicted": reading.predicted}
    for kind, value in values.items():
        if value is not None:
            colour, style = _TICKS[kind]
            ends = [x - _WIDTH / 2, x + _WIDTH / 2]
            ax.plot(ends, [value] * 2, color=colour, ls=style, lw=1.8, zorder=3, gid=kind)


def _draw_legend(ax: Axes, shown: Sequence[Compared], beside: bool) -> None:
    """Draw the legend, beside the axes where there is room for it: of what is in the picture, and of nothing else."""
    handles: list[Line2D] = []
    for kind in _present(shown):
        colour, marker = _STYLES[kind]
        style = {"marker": marker} if marker else {"marker": "s", "markersize": 9, "alpha": 0.45}
        label = _measured(shown) if kind == "measured" else kind.replace("_", " ")
        handles.append(Line2D([], [], color=colour, ls="none", label=label, **style))
    drawn = {artist.get_gid() for artist in ax.lines}
    handles += [
        Line2D([], [], color=colour, ls=style, lw=1.8, label=tick)
        for tick, (colour, style) in _TICKS.items()
        if tick in drawn
    ]
    if "bound" in drawn:
        handles.append(Line2D([], [], color=INK, ls="--", lw=1, label="bound"))
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0, "frameon": False}
    ax.legend(handles=handles, fontsize=FONT, **(place if beside else {"loc": "best"}))


def _present(shown: Iterable[Compared]) -> list[str]:
    """Return the readings that any figure has, in the order in which they stand."""
    found = {"measured"}
    for compared in shown:
        found.update(compared.controls)
        found.update(["mitigated"] if compared.reading.mitigated is not None else [])
    return [kind for kind in _STYLES if kind in found]


def _measured(shown: Iterable[Compared]) -> str:
    """Return what points are called in the legend."""
    levels = sorted({each.reading.measured.level for each in shown if each.reading.measured.level < 1})
    if not levels:
        return "exact value"
    return f"measured, {' and '.join(f'{100 * level:.4g}%' for level in levels)} interval"
