"""The picture of a network: nodes as discs, links as lines with their fidelity."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import rustworkx
from matplotlib.axes import Axes

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.chip import Point, lattice
from qnet_circuits.plotting.pen import Pen
from qnet_circuits.plotting.style import LINK_COLOUR, PALETTE, PAPER, new_axes, text_width

if TYPE_CHECKING:
    from qnet_circuits.programs.network import Network

# One data unit is an inch where there is room. A point of the plane is a complex number.
_FONT = 10 / 72
_GAP = 0.9
_MARGIN = 0.2
_LABEL = (text_width("0.000", 0.9 * _FONT) + 0.06, 0.2)


def draw_network(network: Network, ax: Axes | None = None) -> Axes:
    """Draw a network's nodes as labelled discs, and its links as lines with their fidelity beside them.

    A chain is drawn in a row, a star around its centre, a grid whose nodes come row by row as a grid, anything else on a
    circle.

    Args:
        network: The network.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The axes.
    """
    longest = max(text_width(node, _FONT) for node in network.nodes)
    radius = min(max(longest / 2 + 0.08, 0.35), 0.8)
    places = _places(network, radius)
    centres, reach = np.array(list(places.values())), radius + _MARGIN
    xs = centres.real.min() - reach, centres.real.max() + reach
    ys = centres.imag.min() - reach, centres.imag.max() + reach
    pen = Pen.on(new_axes(ax, (xs[1] - xs[0], ys[1] - ys[0]), bare=True), xs, ys)
    _draw_links(pen, network, places, radius)
    size = _FONT * min(1.0, (2 * radius - 0.1) / longest)
    for node, place in places.items():
        pen.disc(place.real, place.imag, radius, PAPER, PALETTE[0], width=0.03)
        pen.disc(place.real, place.imag, radius, PALETTE[0], "none", alpha=0.18)
        pen.text(place.real, place.imag, node, size)
    return pen.ax


def _draw_links(pen: Pen, network: Network, places: dict[str, complex], radius: float) -> None:
    ends = [(places[a], places[b]) for a, b, _ in network.links]
    rims = [place + radius * np.exp(2j * np.pi * np.arange(24) / 24) for place in places.values()]
    avoid = np.concatenate([*rims, *(np.linspace(start, end, 41) for start, end in ends)])
    labels: list[complex] = []
    for (start, end), (_, _, link) in zip(ends, network.links, strict=True):
        pen.line(
            [start.real, end.real], [start.imag, end.imag], 0.025, color=LINK_COLOUR, zorder=1, gid="link"
        )
        place = _label_place(start, end, radius, labels, avoid)
        labels.append(place)
        paper = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.01 * pen.points}
        pen.text(place.real, place.imag, f"{link.weights[0]:.3f}", 0.9 * _FONT, zorder=2, bbox=paper)


def _label_place(
    start: complex, end: complex, radius: float, labels: Sequence[complex], avoid: np.ndarray
) -> complex:
    """Return a place beside a line, clear of labels and discs, and of other lines as far as can be."""
    length = abs(end - start)
    along = (end - start) / length
    # The normal that points up, or left where it is level.
    across = 1j * along if (along.real, -along.imag) > (0, 0) else -1j * along
    aside = across * ((abs(across.real) * _LABEL[0] + abs(across.imag) * _LABEL[1]) / 2 + 0.03)
    ways = [radius + t * (length - 2 * radius) for t in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)]

    def touched(spot: complex, points: np.ndarray, part: float) -> int:
        gaps = points - spot
        near = (abs(gaps.real) < part * _LABEL[0]) & (abs(gaps.imag) < part * _LABEL[1])
        return int(np.count_nonzero(near))

    spots = [start + way * along + side for way in ways for side in (aside, -aside)]
    return min(spots, key=lambda spot: (touched(spot, np.array(labels), 1), touched(spot, avoid, 0.5)))


def _places(network: Network, radius: float) -> dict[str, complex]:
    """Return the centre of each node's disc."""
    row = chain_order(network)
    if row:
        return {node: complex(k * (2 * radius + _GAP)) for k, node in enumerate(row)}
    centre = star_centre(network)
    grid = {} if centre else grid_places(network)
    if grid:
        return {node: complex(x, -y) * (2 * radius + _GAP) for node, (x, y) in grid.items()}
    around = [node for node in network.nodes if node != centre]
    apart = 2 * radius + (0.25 if centre else _GAP)
    ring = max(2 * radius + _GAP, apart / (2 * math.sin(math.pi / len(around))))
    places = {} if centre is None else {centre: 0j}
    for k, node in enumerate(around):
        places[node] = cmath.rect(ring, math.pi / 2 - 2 * math.pi * k / len(around))
    return places


def chain_order(network: Network) -> tuple[str, ...]:
    """Return the nodes of a chain from end to end, or nothing if the network is no chain."""
    ends = [node for node in network.nodes if len(network.neighbours(node)) == 1]
    try:
        return replace(network, nodes=tuple(dict.fromkeys([*ends[:1], *network.nodes]))).path()
    except ParameterError:
        return ()


def grid_places(network: Network) -> dict[str, Point]:
    """Return the column and the row of each node of a grid, or nothing if nodes do not come row by row on one."""
    graph = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(len(network.nodes)))
    number = {node: k for k, node in enumerate(network.nodes)}
    graph.add_edges_from_no_data([(number[a], number[b]) for a, b, _ in network.links])
    found = lattice(graph) or {}
    return {network.nodes[k]: place for k, place in found.items()} if len(found) == len(number) else {}


def star_centre(network: Network) -> str | None:
    """Return the node that all links of a star share, or None if the network is no star."""
    for node in network.nodes:
        if len(network.neighbours(node)) == network.hops == len(network.nodes) - 1:
            return node
    return None
