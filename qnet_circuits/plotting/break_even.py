"""The plot of a break-even map: where, over hops and the scale of noise, encoded links beat bare and distilled ones."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Rectangle

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import (
    FAINT,
    FONT,
    GAIN_COLOURS,
    INK,
    NO_GAIN,
    PAPER,
    gain_scale,
    new_axes,
    span,
)
from qnet_circuits.theory.break_even import QUANTITIES, BreakEven

#: Up to so many numbers of links, or scales, each field has text and a tick; more fields share so many inches.
_MOST, _SIDE = 12, 7.0
_LABELS = {
    "fidelity": "gain of encoding\nin fidelity",
    "pairs": "gain of encoding in\nperfect pairs\nfor each raw one",
}


def plot_break_even(places: Sequence[BreakEven], quantity: str = "fidelity", ax: Axes | None = None) -> Axes:
    """Draw a break-even map: a field for each number of links and scale of noise, in the colour of the gain of encoding.

    If there are at most 12 numbers and 12 scales, each field shows the acceptance of the encoded chain. A line separates the
    fields in which the encoded chain is the best of the three from the others.

    Args:
        places: The return value of ``break_even``.
        quantity: ``fidelity`` of kept pairs, or ``pairs``, the perfect pairs for each raw pair.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Raises:
        ParameterError: If there are no places.
        UnknownNameError: If there is no such quantity.

    Example:
        >>> import qnet_circuits as qn
        >>> noise = qn.NoiseParameters(gate_error=0.01, readout_error=0.01)
        >>> ax = qn.plot_break_even(qn.break_even([1, 2, 4], [0.5, 1, 2], qn.Link(0.98).weights, noise))
    """
    check_name("quantity", quantity, QUANTITIES)
    if not places:
        raise ParameterError("there is nothing to draw; give the return value of break_even")
    hops, scales = sorted({each.hops for each in places}), sorted({each.scale for each in places})
    gains = {(hops.index(each.hops), scales.index(each.scale)): each.gain(quantity) for each in places}
    norm, colours = gain_scale(gains.values()), plt.get_cmap(GAIN_COLOURS)
    few = len(hops) <= _MOST and len(scales) <= _MOST
    width, height = (0.75 * len(hops), 0.5 * len(scales)) if few else (_SIDE, _SIDE)
    ax = new_axes(ax, (2.2 + width, 1.4 + max(1.6, height)))
    for each in places:
        x, y = place = hops.index(each.hops), scales.index(each.scale)
        kind = "encoded" if gains[place] > NO_GAIN else "other"
        shade = colours(norm(gains[place]))
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, color=shade, lw=0, gid=kind))
        if not few:
            continue
        dark = np.dot(shade[:3], (0.3, 0.59, 0.11)) < 0.55
        ax.text(
            x,
            y,
            f"{each.encoded.acceptance:.0%}",
            ha="center",
            va="center",
            size=FONT,
            color=PAPER if dark else INK,
        )
    _draw_border(ax, {place for place, gain in gains.items() if gain > NO_GAIN}, set(gains))
    ax.set_xlim(-0.5, len(hops) - 0.5)
    ax.set_ylim(-0.5, len(scales) - 0.5)
    every = [max(1, -(-len(values) // _MOST)) for values in (hops, scales)]
    ax.set_xticks(range(0, len(hops), every[0]), [str(each) for each in hops[:: every[0]]], size=FONT)
    ax.set_yticks(range(0, len(scales), every[1]), [f"{each:g}" for each in scales[:: every[1]]], size=FONT)
    ax.set_xlabel("links", size=FONT)
    ax.set_ylabel("scale of all noise", size=FONT)
    ax.set_title("acceptance of encoded links" if few else "", size=FONT, color=INK)
    ax.tick_params(color=FAINT, length=0)
    bar = ax.figure.colorbar(ScalarMappable(norm, GAIN_COLOURS), ax=ax)
    bar.set_label(_LABELS[quantity], color=INK, size=FONT)
    bar.outline.set_visible(False)
    better = sum(gain > NO_GAIN for gain in gains.values())
    describe(
        ax,
        f"Encoded links over {span(hops, 'g')} links and {span(scales, 'g')} times the noise: best of three at {better} of "
        f"{len(gains)} places; {_LABELS[quantity].replace(chr(10), ' ')} {span(gains.values(), '.3g')}.",
    )
    return ax


def _draw_border(ax: Axes, won: set[tuple[int, int]], known: set[tuple[int, int]]) -> None:
    """Draw a line between neighbouring fields if the encoded chain is the best in only one of them."""
    for x, y in sorted(known):
        for dx, dy in ((1, 0), (0, 1)):
            other = (x + dx, y + dy)
            if other in known and ((x, y) in won) != (other in won):
                xs = (x + 0.5, x + 0.5) if dx else (x - 0.5, x + 0.5)
                ys = (y - 0.5, y + 0.5) if dx else (y + 0.5, y + 0.5)
                ax.plot(xs, ys, color=INK, lw=2, gid="border")
