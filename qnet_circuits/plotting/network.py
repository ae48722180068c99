"""The picture of a network: nodes as discs, links as lines with their fidelity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import Circle

from qnet_circuits.plotting.style import (
    INK,
    LINK_COLOUR,
    PALETTE,
    PAPER,
    new_axes,
    points_per_unit,
    text_width,
)

if TYPE_CHECKING:
    from qnet_circuits.programs.network import Network

Point = tuple[float, float]
# One data unit is an inch where there is room.
_FONT = 10 / 72
_GAP = 0.9
_MARGIN = 0.2
_LABEL = (text_width("0.000", 0.9 * _FONT) + 0.06, 0.2)


def draw_network(network: Network, ax: Axes | None = None) -> Axes:
    """Draw a network's nodes as labelled discs, and its links as lines with their fidelity beside them.

    A chain is drawn in a row, a star around its centre, anything else on a circle.

    Args:
        network: The network.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The axes.
    """
    longest = max(text_width(node, _FONT) for node in network.nodes)
    radius = min(max(longest / 2 + 0.08, 0.35), 0.8)
    places = _places(network, radius)
    xs, ys = zip(*places.values(), strict=True)
    reach = radius + _MARGIN
    left, right = min(xs) - reach, max(xs) + reach
    low, high = min(ys) - reach, max(ys) + reach
    ax = new_axes(ax, (right - left, high - low), bare=True)
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)
    points = points_per_unit(ax, right - left, high - low)
    _draw_links(ax, network, places, radius, points)
    size = _FONT * min(1.0, (2 * radius - 0.1) / longest)
    for node, place in places.items():
        ax.add_patch(Circle(place, radius, facecolor=PAPER, edgecolor=PALETTE[0], lw=0.03 * points, zorder=3))
        ax.add_patch(Circle(place, radius, facecolor=PALETTE[0], alpha=0.18, lw=0, zorder=3))
        ax.text(*place, node, size=size * points, color=INK, ha="center", va="center", zorder=4)
    return ax


def _draw_links(ax: Axes, network: Network, places: dict[str, Point], radius: float, points: float) -> None:
    ends = [(places[a], places[b]) for a, b, _ in network.links]
    rims = [
        (x + radius * math.cos(k * math.pi / 12), y + radius * math.sin(k * math.pi / 12))
        for x, y in places.values()
        for k in range(24)
    ]
    avoid = rims + [spot for start, end in ends for spot in _along(start, end)]
    labels: list[Point] = []
    for (start, end), (_, _, link) in zip(ends, network.links, strict=True):
        ax.plot(*zip(start, end, strict=True), color=LINK_COLOUR, lw=0.025 * points, zorder=1, gid="link")
        place = _label_place(start, end, radius, labels, avoid)
        labels.append(place)
        ax.text(
            *place, f"{link.weights[0]:.3f}", size=0.9 * _FONT * points, color=INK,
            ha="center", va="center", zorder=2,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.01 * points},
        )  # fmt: skip


def _along(start: Point, end: Point, steps: int = 40) -> list[Point]:
    """Return points on a line, with both ends."""
    (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
    return [(x + dx * k / steps, y + dy * k / steps) for k in range(steps + 1)]


def _label_place(
    start: Point, end: Point, radius: float, labels: Sequence[Point], avoid: Sequence[Point]
) -> Point:
    """Return a place beside a line, clear of labels and discs, and of other lines as far as can be."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    # The normal that points up, or left where it is level.
    nx, ny = (-dy / length, dx / length) if (dx, -dy) > (0, 0) else (dy / length, -dx / length)
    offset = (abs(nx) * _LABEL[0] + abs(ny) * _LABEL[1]) / 2 + 0.03
    spots = []
    for t in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8):
        way = (radius + t * (length - 2 * radius)) / length
        for side in (offset, -offset):
            spots.append((start[0] + way * dx + side * nx, start[1] + way * dy + side * ny))

    def cost(spot: Point) -> tuple[int, int]:
        taken = sum(abs(spot[0] - x) < _LABEL[0] and abs(spot[1] - y) < _LABEL[1] for x, y in labels)
        touched = sum(abs(spot[0] - x) < _LABEL[0] / 2 and abs(spot[1] - y) < _LABEL[1] / 2 for x, y in avoid)
        return taken, touched

    return min(spots, key=cost)


def _places(network: Network, radius: float) -> dict[str, Point]:
    """Return the centre of each node's disc."""
    row = chain_order(network)
    if row:
        return {node: (k * (2 * radius + _GAP), 0.0) for k, node in enumerate(row)}
    centre = star_centre(network)
    around = [node for node in network.nodes if node != centre]
    apart = 2 * radius + (0.25 if centre else _GAP)
    ring = max(2 * radius + _GAP, apart / (2 * math.sin(math.pi / len(around))))
    places = {} if centre is None else {centre: (0.0, 0.0)}
    for k, node in enumerate(around):
        angle = math.pi / 2 - 2 * math.pi * k / len(around)
        places[node] = (ring * math.cos(angle), ring * math.sin(angle))
    return places


def chain_order(network: Network) -> tuple[str, ...]:
    """Return the nodes of a chain from end to end, or nothing if the network is no chain."""
    ends = [node for node in network.nodes if len(network.neighbours(node)) == 1]
    if len(ends) != 2 or network.hops != len(network.nodes) - 1:
        return ()
    row = [ends[0]]
    while len(onward := [node for node in network.neighbours(row[-1]) if node not in row]) == 1:
        row.append(onward[0])
    return tuple(row) if len(row) == len(network.nodes) else ()


def star_centre(network: Network) -> str | None:
    """Return the node that all links of a star share, or None if the network is no star."""
    for node in network.nodes:
        if len(network.neighbours(node)) == network.hops == len(network.nodes) - 1:
            return node
    return None
