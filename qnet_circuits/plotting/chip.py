"""Where a chip's qubits stand in a plot, from their couplings and numbers alone."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import rustworkx
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from qnet_circuits.plotting.pen import Pen
from qnet_circuits.plotting.style import FAINT, FONT, INK, PALETTE, PAPER, new_axes

Point = tuple[float, float]
Edge = tuple[int, int]
#: Space between parts that no coupling joins.
_GAP = 2.0
_SEED = 1
#: Inches between neighbours, the radius of a qubit's disc as a part of that, and space around.
_PITCH, _RADIUS, _MARGIN = 0.46, 0.3, 0.7
#: Half of the side of a cross, and what a failed qubit is drawn in.
_CROSS, _GREY = 0.22, "#d4d4d4"
_DARK = (INK, *PALETTE[:2])


def draw_qubits(
    ax: Axes | None, places: Mapping[int, Point], least: tuple[float, float], below: float,
    faces: Mapping[int, str] | None = None, failed: Collection[int] = (),
) -> Pen:  # fmt: skip
    """Draw the qubits of a chip as discs with their numbers, and return the pen for what lies between them.

    Args:
        ax: Axes to draw on; those of a new figure if None.
        places: Where the qubits stand, as of ``chip_places``.
        least: Least width and height of a new figure in inches.
        below: Inches for what stands above and below the chip.
        faces: Colours of discs; the others are white.
        failed: Qubits that are crossed out, and grey.
    """
    width, height = (max(point[axis] for point in places.values()) + 2 * _MARGIN for axis in (0, 1))
    ax = new_axes(ax, (max(least[0], _PITCH * width + 1.2), max(least[1], _PITCH * height + below)))
    pen = Pen.on(ax, (-_MARGIN, width - _MARGIN), (height - _MARGIN, -_MARGIN))
    for qubit, place in places.items():
        own = (faces or {}).get(qubit)
        face = own or (_GREY if qubit in failed else PAPER)
        pen.disc(*place, _RADIUS, face, width=0.02, gid="placed qubit" if own else None)
        # Light colours need dark text.
        pen.text(*place, str(qubit), 0.24, color=PAPER if face in _DARK else INK)
        if qubit in failed:
            cross_out(pen, *place, FAINT, 4)
    return pen


def cross_out(pen: Pen, x: float, y: float, colour: str = INK, zorder: float = 6) -> None:
    """Cross out what failed."""
    for sign in (1, -1):
        ends = ([x - _CROSS, x + _CROSS], [y - sign * _CROSS, y + sign * _CROSS])
        pen.line(*ends, 0.05, color=colour, zorder=zorder, gid="failed")


def draw_scale(ax: Axes, scale: Normalize, colours: str, label: str) -> None:
    """Draw a scale of colours beside a chip, which stays in the middle."""
    bar = ax.figure.colorbar(
        ScalarMappable(scale, colours), ax=ax, fraction=0.04, pad=0.02, shrink=0.8, panchor=False, format="%.4g",
        ticks=MaxNLocator(5, steps=[1, 2, 5, 10]),
    )  # fmt: skip
    bar.set_label(label, color=INK, size=FONT)
    bar.ax.tick_params(labelsize=FONT)
    bar.outline.set_visible(False)


def chip_places(edges: Sequence[Edge]) -> dict[int, Point]:
    """Return a place for each qubit, with neighbours about 1 apart; y grows downwards.

    Where qubits are numbered row by row, as on lines, square and heavy-hex lattices, a coupling of neighbouring numbers is a
    step to the right, and every other one a step down. Chips that are numbered otherwise are drawn by the distances between
    their qubits. Parts that no coupling joins stand below each other.

    Example:
        >>> chip_places([(0, 1), (0, 2), (1, 3), (2, 3)])
        {0: (0.0, 0.0), 1: (1.0, 0.0), 2: (0.0, 1.0), 3: (1.0, 1.0)}
    """
    qubits = sorted({qubit for edge in edges for qubit in edge})
    place = {qubit: k for k, qubit in enumerate(qubits)}
    graph = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(qubits)
    graph.add_edges_from_no_data([(place[a], place[b]) for a, b in edges])
    parts = sorted(rustworkx.connected_components(graph), key=len, reverse=True)
    places: dict[int, Point] = {}
    floor = 0.0
    for part in parts:
        inside = graph.subgraph(sorted(part))
        found = lattice(inside) or _by_distance(inside)
        left, top = (min(point[axis] for point in found.values()) for axis in (0, 1))
        places.update({qubit: (x - left, y - top + floor) for qubit, (x, y) in found.items()})
        floor = max(y for _, y in places.values()) + _GAP
    return dict(sorted(places.items()))


def lattice(graph: rustworkx.PyGraph) -> dict[int, Point] | None:
    """Return places on a lattice if the qubits are numbered row by row: all steps agree, and no two places do."""
    found: dict[int, Point] = {graph[0]: (0.0, 0.0)}
    waiting = [0]
    while waiting:
        here = waiting.pop()
        x, y = found[graph[here]]
        for other in graph.neighbors(here):
            gap = graph[other] - graph[here]
            step = (float(gap), 0.0) if abs(gap) == 1 else (0.0, float(np.sign(gap)))
            spot = (x + step[0], y + step[1])
            if graph[other] not in found:
                waiting.append(other)
            if found.setdefault(graph[other], spot) != spot:
                return None
    return found if len(set(found.values())) == len(found) else None


def _by_distance(graph: rustworkx.PyGraph) -> dict[int, Point]:
    """Return places whose distances are about the numbers of couplings between qubits, by classical scaling and springs."""
    apart = rustworkx.distance_matrix(graph)
    centred = apart**2 - (apart**2).mean(axis=0)
    values, vectors = np.linalg.eigh(-(centred - centred.mean(axis=1, keepdims=True)) / 2)
    flat = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0))
    start = {k: (float(x), float(y)) for k, (y, x) in enumerate(flat)}
    springs = rustworkx.spring_layout(graph, pos=start, k=1.0, num_iter=50, seed=_SEED)
    scale = np.mean([math.dist(springs[a], springs[b]) for a, b in graph.edge_list()])
    return {graph[k]: (float(x / scale), float(y / scale)) for k, (x, y) in springs.items()}
