"""The plot of repeater rates over distance, beside the direct link and the bound without repeaters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.plotting.bars import draw_legend
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.series import line_style
from qnet_circuits.plotting.style import FAINT, FONT, INK, PALETTE, PAPER, listed, new_axes, span

if TYPE_CHECKING:
    from qnet_circuits.repeaters.rates import Rates

_LABELS = {
    "key_per_use": "secret bits per use of the fibre",
    "key_per_second": "secret bits per second",
    "pairs_per_second": "pairs per second",
    "fidelity": "fidelity",
}
#: How many decades below the highest value are shown.
_DECADES = 10


def plot_rates(
    table: Mapping[int, Sequence[Rates]], quantity: str = "key_per_use", ax: Axes | None = None
) -> Axes:
    """Draw the rates of repeater chains over distance, as a line with intervals for each number of stations.

    For secret bits per use the plot shows the PLOB bound, which no protocol without a station exceeds. A full mark means that
    the whole interval lies above the bound. A line ends where there is no key.

    Args:
        table: The rates by number of stations, as of ``rates_over_distance``.
        quantity: ``key_per_use``, ``key_per_second``, ``pairs_per_second`` or ``fidelity``.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Raises:
        ParameterError: If there are no rates, or no such quantity.

    Example:
        >>> import qnet_circuits as qn
        >>> link = qn.Link(length_km=1, scheme="sender", efficiency=0.5)
        >>> table = qn.rates_over_distance([100, 200], [0, 1], link, memory_t2=1.0, rounds=200, seed=1)
        >>> ax = qn.plot_rates(table)
    """
    check_name("quantity", quantity, _LABELS)
    rows = {stations: sorted(found, key=lambda each: each.length_km) for stations, found in table.items()}
    points = [each for row in rows.values() for each in row]
    if not points:
        raise ParameterError("there are no rates to draw; give the return value of rates_over_distance")
    own = ax is None
    ax = new_axes(ax, (6.4, 4.4))
    names = [_name(stations, len(rows)) for stations in rows]
    for place, row in enumerate(rows.values()):
        _draw_line(ax, line_style(ax, place, names), names[place], row, quantity)
    if quantity == "key_per_use":
        bound = sorted({each.length_km: each.plob for each in points if math.isfinite(each.plob)}.items())
        ax.plot(
            *zip(*bound, strict=True), color=INK, ls="--", lw=1.4, label="PLOB bound", zorder=2, gid="plob"
        )
        ax.plot([], [], color=FAINT, ls="none", marker="o", ms=4.5, mfc=PAPER, label="not above the bound")
    if quantity != "fidelity":
        _set_scale(ax, [getattr(each, quantity).value for each in points])
    ax.set_xlabel("distance in km", size=FONT)
    ax.set_ylabel(_LABELS[quantity], size=FONT)
    ax.tick_params(labelsize=FONT, color=FAINT)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    if own:
        draw_legend(ax, ax.get_legend_handles_labels()[0])
    else:
        ax.legend(fontsize=FONT, frameon=False)
    describe(ax, _words(rows, quantity))
    return ax


def _name(stations: int, lines: int) -> str:
    """Return the name of a line: in words, or as a number if there are so many that a scale of colours tells them apart."""
    if lines > len(PALETTE):
        return f"stations={stations}"
    return {0: "direct link", 1: "1 station"}.get(stations, f"{stations} stations")


def _words(rows: Mapping[int, Sequence[Rates]], quantity: str) -> str:
    """Return the alt text."""
    lengths = [each.length_km for row in rows.values() for each in row]
    ends = [
        f"{_name(stations, 1)} from {getattr(row[0], quantity).value:.3g} to {getattr(row[-1], quantity).value:.3g}"
        for stations, row in rows.items()
    ]
    return f"{_LABELS[quantity].capitalize()} over {span(lengths, 'g')} km: {listed(ends)}."


def _draw_line(ax: Axes, style: Mapping[str, Any], name: str, row: Sequence[Rates], quantity: str) -> None:
    colour, marker = style["color"], style["marker"]
    shown = [each for each in row if getattr(each, quantity).value > 0]
    xs, found = [each.length_km for each in shown], [getattr(each, quantity) for each in shown]
    ax.plot(xs, [each.value for each in found], lw=1.4, ms=4.5, gid=name, **style)
    ax.fill_between(
        xs,
        [each.low for each in found],
        [each.high for each in found],
        color=colour,
        alpha=0.25,
        lw=0,
        gid=f"{name} interval",
    )
    if quantity == "key_per_use":
        below = [each for each in shown if not each.beats_plob]
        ax.plot(
            [each.length_km for each in below], [each.key_per_use.value for each in below],
            color=colour, ls="none", marker=marker, ms=4.5, mfc=PAPER, zorder=3, gid=f"{name} below",
        )  # fmt: skip


def _set_scale(ax: Axes, values: Sequence[float]) -> None:
    """Make the axis logarithmic, with limits around the values that are not 0."""
    positive = [value for value in values if value > 0]
    ax.set_yscale("log")
    if positive:
        high = 10 ** math.ceil(math.log10(max(positive)))
        ax.set_ylim(max(min(positive) / 3, high / 10**_DECADES), high)
