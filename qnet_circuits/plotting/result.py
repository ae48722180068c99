"""The picture of a result: figures with their intervals beside what they should be and what they must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.columns import EXPECTED, draw_columns, draw_legend, label_of
from qnet_circuits.plotting.style import FONT, INK, MARKERS, PALETTE, draw_intervals, new_axes
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.comparison import Comparison

#: Where in its column, of width 1, each thing stands: the estimate, then the reference marks, then names of bounds.
_ESTIMATE, _MITIGATED = -0.33, -0.25
_MARKS, _NAMES = {"ideal": -0.17, "theory": -0.03, "predicted": 0.11}, 0.19
_STYLES = {"ideal": (INK, "x"), "theory": (PALETTE[2], "^"), "predicted": (PALETTE[1], "D")}
_HALF = 0.06


def plot_result(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """Draw figures with their intervals, beside ideal, theory, prediction and bounds.

    Figures in [-1, 1] share one scale; a figure on another scale, such as a CHSH value, is shown by itself. The first figure is
    shown, with all that share its scale.

    Args:
        comparison: The figures, those of control experiments among them.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ParameterError: If there is no figure to show.
    """
    own = ax is None
    ax, shown = draw_columns(ax, comparison, _NAMES, (5.5, 4.2, 1.5))
    raw = [found.measured for found in shown]
    corrected = {k: found.mitigated for k, found in enumerate(shown) if found.mitigated is not None}
    style = {"fmt": "o", "color": PALETTE[0], "capsize": 4, "zorder": 3}
    places = [k + _ESTIMATE for k in range(len(shown))]
    handles: list[Any] = [draw_intervals(ax, places, raw, label=label_of(raw, "estimate"), **style)]
    if corrected:
        places = [k + _MITIGATED for k in corrected]
        style.update(mfc="white", label="without readout errors")
        handles.append(draw_intervals(ax, places, list(corrected.values()), **style))
    for kind in EXPECTED:
        expected = {k: getattr(found, kind) for k, found in enumerate(shown)}
        handles += _draw_marks(ax, kind, {k: value for k, value in expected.items() if value is not None})[:1]
    draw_legend(ax, handles, beside=own)
    return ax


def _draw_marks(ax: Axes, kind: str, values: Mapping[int, float]) -> list[Line2D]:
    """Draw a short horizontal line with a marker in its middle for each value, and return the lines."""
    colour, marker = _STYLES[kind]
    lines: list[Line2D] = []
    for k, value in values.items():
        middle = k + _MARKS[kind]
        # A legend made anew names each kind once.
        lines += ax.plot(
            [middle - _HALF, middle, middle + _HALF], [value] * 3, color=colour, lw=1.5, marker=marker, markersize=5,
            markevery=[1], label="_" if lines else kind, zorder=2,
        )  # fmt: skip
    return lines


def plot_estimates(
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
    draw_intervals(ax, x, estimates, fmt=marker, color=colour, capsize=3, label=label, zorder=3)
    if theory is not None:
        name = "theory" if label == "estimate" else f"{label}, theory"
        line = zip(*sorted(zip(x, theory, strict=True)), strict=True)
        ax.plot(*line, color=colour, lw=1.2, label=name, zorder=2)
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
