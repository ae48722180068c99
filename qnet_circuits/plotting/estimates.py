"""The plot of estimates against a number, with theory as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.series import draw_bounds, finish
from qnet_circuits.plotting.style import MARKERS, PALETTE, draw_intervals, label_of, new_axes, span
from qnet_circuits.theory.estimate import Estimate


def plot_estimates(
    x: Sequence[float],
    estimates: Sequence[Estimate],
    ax: Axes | None = None,
    theory: Sequence[float] | None = None,
    bounds: Mapping[str, float] | None = None,
    xlabel: str = "hops",
    ylabel: str = "",
    label: str | None = None,
) -> Axes:
    """Draw estimates against a number, such as the hops of a chain, with theory as a line.

    For results and rows of sweeps use ``plot_series``, which adds their theory and predictions. If you call this function again
    on the same axes, it adds a series with a colour and a marker of its own.

    Args:
        x: The numbers.
        estimates: One estimate for each.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.
        theory: One value for each number.
        bounds: Dashed lines, by name.
        xlabel: Label of the numbers.
        ylabel: Label of the estimates.
        label: Name of the series. Default: whether its values are exact, or the level of their intervals.

    Returns:
        The axes.

    Raises:
        ParameterError: If the lengths differ, or there is nothing to draw.

    Example:
        >>> import qnet_circuits as qn
        >>> ax = qn.plot_estimates([1, 2], [qn.Estimate(0.9, 0.88, 0.92), qn.Estimate(0.8, 0.78, 0.82)], theory=[0.9, 0.81])
        >>> ax.get_legend_handles_labels()[1]
        ['theory', 'measured, 95 % interval']
    """
    if not len(x) == len(estimates) == len(x if theory is None else theory) or len(x) == 0:
        given = f"{len(x)} x, {len(estimates)} estimates" + (
            "" if theory is None else f", {len(theory)} theory values"
        )
        raise ParameterError(
            f"a series needs equally many x, estimates and theory values, at least one, got {given}"
        )
    own = ax is None
    ax = new_axes(ax, (6.4, 4.4))
    earlier = sum(isinstance(container, ErrorbarContainer) for container in ax.containers)
    colour, marker = PALETTE[earlier % len(PALETTE)], MARKERS[earlier % len(MARKERS)]
    name = label_of(estimates, "measured") if label is None else label
    draw_intervals(ax, x, estimates, fmt=marker, color=colour, capsize=3, label=name, zorder=3)
    if theory is not None:
        line = zip(*sorted(zip(x, theory, strict=True)), strict=True)
        ax.plot(*line, color=colour, lw=1.2, label="theory" if label is None else f"{name}, theory", zorder=2)
    draw_bounds(ax, bounds or {})
    finish(ax, x, xlabel, ylabel, own)
    values = span([each.value for each in estimates], ".4g")
    beside = f", theory {span(theory, '.4g')}" if theory is not None else ""
    what = f"{ylabel[:1].upper()}{ylabel[1:]}" or "Estimates"
    describe(ax, f"{what} ({name}) against {xlabel}, {span(x, 'g')}: {values}{beside}.")
    return ax
