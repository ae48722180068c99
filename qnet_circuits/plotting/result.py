"""The picture of a result: figures with their intervals beside what they should be and what they must beat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.ticker import MaxNLocator

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.style import (
    FAINT,
    FONT,
    INK,
    MARKERS,
    PALETTE,
    draw_bounds,
    new_axes,
    reaches,
    text_width,
)
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.result import Result

#: Where in its column, of width 1, each thing stands: the estimate, then the reference marks, then names of bounds.
_ESTIMATE, _MITIGATED = -0.33, -0.25
_MARKS, _NAMES = {"ideal": -0.17, "theory": -0.03, "predicted": 0.11}, 0.19
_STYLES = {"ideal": (INK, "x"), "theory": (PALETTE[2], "^"), "predicted": (PALETTE[1], "D")}
_HALF = 0.06


def plot_result(result: Result, ax: Axes | None = None) -> Axes:
    """Draw figures with their intervals, beside ideal, theory, prediction and bounds.

    Figures in [-1, 1] share one scale; a figure on another scale, such as a CHSH value, is shown by itself. The first figure is
    shown, with all that share its scale.

    Args:
        result: The result.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ParameterError: If there is no figure to show.
    """
    names = _chosen(result)
    bound_names = [bound for name in names for bound in result.bounds.get(name, {})]
    room = max((text_width(bound, FONT) for bound in bound_names), default=0) / 72 / (0.49 - _NAMES)
    widest = max(text_width(name, 10.0) for name in names) / 72  # of the names below the columns
    pitch = max(1.5, room, widest)
    own = ax is None
    ax = new_axes(ax, (max(5.5, 2.2 + pitch * len(names)), 4.2))
    _draw_estimates(ax, dict(enumerate(result.figures[name] for name in names)))
    corrected = {k: result.mitigated[name] for k, name in enumerate(names) if name in result.mitigated}
    if corrected:
        _draw_estimates(ax, corrected, mitigated=True)
    for kind, table in (("ideal", result.ideal), ("theory", result.theory), ("predicted", result.predicted)):
        _draw_marks(ax, kind, {k: table[name] for k, name in enumerate(names) if name in table})
    for k, name in enumerate(names):
        draw_bounds(ax, k, result.bounds.get(name, {}), _NAMES, zorder=1)
    ax.set_xticks(range(len(names)), names)
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.margins(y=0.12)
    for k in range(1, len(names)):
        ax.axvline(k - 0.5, color=FAINT, lw=0.5, zorder=0)
    left_out = [name for name in result.figures if name not in names]
    if left_out:
        ax.set_xlabel(f"on another scale: {', '.join(left_out)}", size=FONT, color=INK)
    ax.set_title(result.title, size=FONT + 2, wrap=True)
    _draw_legend(ax, beside=own)
    return ax


def _draw_legend(ax: Axes, beside: bool) -> None:
    """Draw the legend, beside the axes where there is room for it."""
    handles, labels = ax.get_legend_handles_labels()
    # Matplotlib lists error bars last; the estimates come first here.
    bars = [k for k, handle in enumerate(handles) if isinstance(handle, ErrorbarContainer)]
    order = bars + [k for k in range(len(handles)) if k not in bars]
    handles, labels = [handles[k] for k in order], [labels[k] for k in order]
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0, "frameon": False}
    ax.legend(handles, labels, fontsize=FONT, **(place if beside else {"loc": "best"}))


def _chosen(result: Result) -> list[str]:
    """Return the names of the figures to show: the first, and all that share its scale."""
    if not result.figures:
        raise ParameterError("there is no figure to plot; a result with at least one is needed")
    first = next(iter(result.figures))
    shared = [name for name in result.figures if _unit_scale(result, name)]
    return shared if first in shared else [first]


def _unit_scale(result: Result, name: str) -> bool:
    """Tell whether a figure, and all that it is compared with, lies in [-1, 1]."""
    tables = (result.ideal, result.theory, result.predicted)
    values = [result.figures[name].value, *(table[name] for table in tables if name in table)]
    values += result.bounds.get(name, {}).values()
    return all(abs(value) <= 1 + 1e-9 for value in values)


def _interval_label(estimates: Iterable[Estimate]) -> str:
    levels = sorted(
        {estimate.level for estimate in estimates if estimate.n > 0 or estimate.high > estimate.low}
    )
    if not levels:
        return "exact value"
    return f"estimate, {' and '.join(f'{100 * level:.4g}%' for level in levels)} interval"


def _draw_estimates(ax: Axes, estimates: Mapping[int, Estimate], mitigated: bool = False) -> None:
    """Draw estimates by column: raw ones filled, those without readout errors open, beside them."""
    kind = "without readout errors" if mitigated else _interval_label(estimates.values())
    place, face = (_MITIGATED, "white") if mitigated else (_ESTIMATE, PALETTE[0])
    ax.errorbar(
        [k + place for k in estimates], [estimate.value for estimate in estimates.values()],
        reaches(estimates.values()), fmt="o", color=PALETTE[0], mfc=face, capsize=4, label=kind, zorder=3,
    )  # fmt: skip


def _draw_marks(ax: Axes, kind: str, values: Mapping[int, float]) -> None:
    """Draw a short horizontal line with a marker in its middle for each value."""
    colour, marker = _STYLES[kind]
    for number, (k, value) in enumerate(values.items()):
        middle = k + _MARKS[kind]
        ax.plot(
            [middle - _HALF, middle, middle + _HALF], [value] * 3, color=colour, lw=1.5, marker=marker, markersize=5,
            markevery=[1], label=kind if number == 0 else "_", zorder=2,
        )  # fmt: skip


def plot_series(
    x: Sequence[float],
    estimates: Sequence[Estimate],
    ax: Axes | None = None,
    theory: Sequence[float] | None = None,
    bounds: Mapping[str, float] | None = None,
    xlabel: str = "hops",
    ylabel: str = "",
    label: str = "estimate",
) -> Axes:
    """Draw estimates against a number, such as the hops of a chain, with theory as a line.

    Called again on the same axes, it adds a series with a colour and a marker of its own.

    Args:
        x: The numbers.
        estimates: One estimate for each.
        ax: Axes to draw on; those of a new figure by default.
        theory: One value for each number.
        bounds: Dashed lines, by name.
        xlabel: What the numbers are.
        ylabel: What the estimates are.
        label: Name of the series.

    Returns:
        The axes.

    Raises:
        ParameterError: If the lengths differ, or there is nothing to draw.
    """
    if not len(x) == len(estimates) == len(x if theory is None else theory) or len(x) == 0:
        given = f"{len(x)} x, {len(estimates)} estimates" + (
            "" if theory is None else f", {len(theory)} theory values"
        )
        raise ParameterError(
            f"a series needs equally many x, estimates and theory values, at least one, got {given}"
        )
    ax = new_axes(ax, (6.4, 4.2))
    earlier = sum(isinstance(container, ErrorbarContainer) for container in ax.containers)
    colour, marker = PALETTE[earlier % len(PALETTE)], MARKERS[earlier % len(MARKERS)]
    ax.errorbar(
        x, [estimate.value for estimate in estimates], reaches(estimates),
        fmt=marker, color=colour, capsize=3, label=label, zorder=3,
    )  # fmt: skip
    if theory is not None:
        name = "theory" if label == "estimate" else f"{label}, theory"
        ax.plot(
            *zip(*sorted(zip(x, theory, strict=True)), strict=True),
            color=colour,
            lw=1.2,
            label=name,
            zorder=2,
        )
    for name, value in (bounds or {}).items():
        ax.axhline(value, color=INK, lw=1, ls="--", zorder=1)
        ax.annotate(
            name, (0.01, value), (0, 2), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
            size=FONT, color=INK, va="bottom",
        )  # fmt: skip
    if all(float(number).is_integer() for number in x):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.legend(fontsize=FONT)
    return ax
