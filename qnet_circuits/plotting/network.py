"""The plot of a network: nodes as discs, links as lines with their fidelity."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import replace
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import rustworkx
from matplotlib.axes import Axes

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.chip import Point, lattice
from qnet_circuits.plotting.pen import Pen
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import (
    FAINT,
    LINK_COLOUR,
    PAGE_WIDTH,
    PALETTE,
    PAPER,
    SMALLEST,
    listed,
    new_axes,
    span,
    text_width,
)

if TYPE_CHECKING:
    from qnet_circuits.programs.network import Network

# One data unit is an inch where there is room. A point of the plane is a complex number.
_FONT = 10 / 72
_GAP = 0.9
_MARGIN = 0.2
_LABEL = (text_width("F = 0.000", 0.9 * _FONT) + 0.06, 0.2)
#: A name is continued on a new line after this many characters; the smallest text that a long one is written in.
_LINE, _SMALL = 20, SMALLEST / 72
#: From how many nodes around a centre some are drawn as one.
_AROUND = 12
#: How much longer each link makes the links around a centre.
_PER_LINK = 0.06


class _Shown(NamedTuple):
    """What is drawn of a network: its nodes, those that stand for several with their text, and links with their fidelity."""

    nodes: tuple[str, ...]
    more: dict[str, str]
    links: tuple[tuple[str, str, str], ...]


def plot_network(network: Network, ax: Axes | None = None) -> Axes:
    """Draw a network's nodes as labelled discs, and its links as lines with their fidelity F beside them.

    A chain is drawn in a row, and a long one in several rows, every other one from right to left. A star is drawn around its
    centre; if it has more than 12 outer nodes, most of them are drawn as one. A grid whose nodes come row by row is drawn as a
    grid, anything else on a circle. A fidelity without room is left out.

    Args:
        network: The network.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Example:
        >>> import qnet_circuits as qn
        >>> ax = qn.plot_network(qn.Network.chain(2, qn.Link(fidelity=0.95)))
        >>> [text.get_text() for text in ax.texts]
        ['F = 0.950', 'F = 0.950', 'alice', 'station1', 'bob']
    """
    shown = _shown(network)
    names = {node: shown.more.get(node, fill(node, _LINE)) for node in shown.nodes}
    longest = max(text_width(name, _FONT) for name in names.values())
    radius = min(max(longest / 2 + 0.08, 0.35), 0.8)
    places = _places(network, shown, radius)
    centres, reach = np.array([places[node] for node in shown.nodes]), radius + _MARGIN
    aside = _LABEL[0] if len({round(place.imag, 6) for place in places.values()}) > 1 else 0.0
    xs = centres.real.min() - max(reach, aside), centres.real.max() + max(reach, aside)
    ys = centres.imag.min() - reach, centres.imag.max() + reach
    pen = Pen.on(new_axes(ax, (xs[1] - xs[0], ys[1] - ys[0]), bare=True), xs, ys)
    _draw_links(pen, shown, places, radius)
    size = max(_SMALL, _FONT * min(1.0, (2 * radius - 0.1) / longest))
    for node in shown.nodes:
        place, face = places[node], FAINT if node in shown.more else PALETTE[0]
        pen.disc(place.real, place.imag, radius, PAPER, face, width=0.03)
        pen.disc(place.real, place.imag, radius, face, "none", alpha=0.18)
        pen.text(place.real, place.imag, names[node], size)
    describe(pen.ax, _words(network))
    return pen.ax


def _words(network: Network) -> str:
    """Return the alt text."""
    row = chain_order(network)
    links = f"{network.hops} link{'s' * (network.hops > 1)}"
    fidelities = span(link.weights[0] for _, _, link in network.links)
    kind = "in a chain, " if row and network.hops > 1 else ""
    return f"Network of {len(network.nodes)} nodes and {links}: {listed(row or network.nodes)}, {kind}F = {fidelities}."


def _shown(network: Network) -> _Shown:
    """Return all nodes and links of a network, or those of a star without most of its many nodes around the centre."""
    links = tuple((a, b, f"F = {link.weights[0]:.3f}") for a, b, link in network.links)
    centre = star_centre(network)
    around = [node for node in network.nodes if node != centre]
    if centre is None or len(around) <= _AROUND:
        return _Shown(network.nodes, {}, links)
    first, hidden = around[: _AROUND - 2], around[_AROUND - 2 : -1]
    fidelities = [link.weights[0] for a, b, link in network.links if {a, b} & {*hidden}]
    kept = tuple(each for each in links if not {each[0], each[1]} & {*hidden})
    stand_in = hidden[0]
    label = f"F = {span(fidelities)}".replace(" to ", "\nto ")
    return _Shown(
        (centre, *first, stand_in, around[-1]),
        {stand_in: f"{len(hidden)}\nmore"},
        (*kept, (centre, stand_in, label)),
    )


def _draw_links(pen: Pen, shown: _Shown, places: dict[str, complex], radius: float) -> None:
    ends = [(places[a], places[b]) for a, b, _ in shown.links]
    rims = [places[node] + radius * np.exp(2j * np.pi * np.arange(24) / 24) for node in shown.nodes]
    lines = [np.linspace(start, end, 41) for start, end in ends]
    avoid, discs = np.concatenate([*rims, *lines]), np.concatenate(rims)
    labels: list[complex] = []
    for (start, end), (_, _, label) in zip(ends, shown.links, strict=True):
        pen.line(
            [start.real, end.real], [start.imag, end.imag], 0.025, color=LINK_COLOUR, zorder=1, gid="link"
        )
        place = _label_place(start, end, radius, labels, (avoid, discs))
        if place is not None:
            labels.append(place)
            paper = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.01 * pen.points}
            pen.text(place.real, place.imag, label, 0.9 * _FONT, zorder=2, bbox=paper)


def _label_place(
    start: complex,
    end: complex,
    radius: float,
    labels: Sequence[complex],
    others: tuple[np.ndarray, np.ndarray],
) -> complex | None:
    """Return a place beside a line, clear of lines as far as can be; None if labels or discs are in the way everywhere."""
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
    avoid, discs = others
    free = [
        spot for spot in spots if not touched(spot, np.array(labels), 1) and not touched(spot, discs, 0.5)
    ]
    return min(free, key=lambda spot: touched(spot, avoid, 0.5), default=None)


def _places(network: Network, shown: _Shown, radius: float) -> dict[str, complex]:
    """Return the centre of each node's disc."""
    row = chain_order(network)
    if row:
        return _in_rows(row, radius)
    centre = star_centre(network)
    grid = {} if centre else grid_places(network)
    if grid:
        return {node: complex(x, -y) * (2 * radius + _GAP) for node, (x, y) in grid.items()}
    around = [node for node in shown.nodes if node != centre]
    chord = 2 * math.sin(math.pi / len(around))
    if centre is None:
        # Many nodes stand closer, so that the ring fits a page as long as it can.
        apart = max(2 * radius + 0.15, min(2 * radius + _GAP, chord * (PAGE_WIDTH / 2 - radius - _LABEL[0])))
        ring = max(2 * radius + _GAP, apart / chord)
    else:
        # The more links meet, the farther from the centre is there room for what stands beside them.
        ring = max(2 * radius + _GAP + _PER_LINK * len(around), (2 * radius + 0.25) / chord)
    places = {} if centre is None else {centre: 0j}
    for k, node in enumerate(around):
        places[node] = cmath.rect(ring, math.pi / 2 - 2 * math.pi * k / len(around))
    return places


def _in_rows(row: Sequence[str], radius: float) -> dict[str, complex]:
    """Return the places of a chain's nodes: in one row, or if it is too long in several, to and fro."""
    step, down = 2 * radius + _GAP, 2 * radius + 0.5
    room = PAGE_WIDTH - 2 * (radius + _MARGIN)
    if (len(row) - 1) * step > room:
        room = PAGE_WIDTH - 2 * max(radius + _MARGIN, _LABEL[0])
    each = max(2, math.floor(room / step) + 1)
    places = {}
    for k, node in enumerate(row):
        line, column = divmod(k, each)
        places[node] = complex((column if line % 2 == 0 else each - 1 - column) * step, -line * down)
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
