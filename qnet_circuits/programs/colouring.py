"""Which links, or lines of qubits, can be used at once: those of one colour share no qubit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import rustworkx

Edge = tuple[int, int]
Line = tuple[int, ...]
_T = TypeVar("_T")


def edge_classes(edges: Sequence[Edge]) -> list[list[Edge]]:
    """Return edges in as few classes as an edge colouring finds; no two edges of a class share a qubit.

    No colouring has fewer classes than the largest number of edges at one qubit. That many suffice on bipartite graphs, such
    as lines, heavy-hex and square lattices (Alon, Inf. Process. Lett. 85, 301 (2003)); elsewhere one more is enough (Misra and
    Gries, "A constructive proof of Vizing's theorem", 1992).

    Example:
        >>> edge_classes([(0, 1), (1, 2), (2, 3)])
        [[(0, 1), (2, 3)], [(1, 2)]]
    """
    qubits = sorted({qubit for edge in edges for qubit in edge})
    place = {qubit: k for k, qubit in enumerate(qubits)}
    graph = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(qubits)
    graph.add_edges_from_no_data([(place[a], place[b]) for a, b in edges])
    try:
        colours = rustworkx.graph_bipartite_edge_color(graph)
    except rustworkx.GraphNotBipartite:
        colours = rustworkx.graph_misra_gries_edge_color(graph)
    return _classes(edges, colours)


def vertex_classes(number: int, edges: Sequence[Edge]) -> list[list[int]]:
    """Return the vertices 0 to ``number`` - 1 in classes, so that no edge joins two of one class.

    There are two classes if two are enough, and else those of a greedy colouring.

    Example:
        >>> vertex_classes(4, [(0, 1), (1, 2), (2, 3)]), len(vertex_classes(3, [(0, 1), (1, 2), (2, 0)]))
        ([[0, 2], [1, 3]], 3)
    """
    graph = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(list(range(number)))
    graph.add_edges_from_no_data(list(edges))
    return _classes(range(number), rustworkx.two_color(graph) or rustworkx.graph_greedy_color(graph))


def line_classes(lines: Sequence[Line]) -> list[list[Line]]:
    """Return lines of qubits in classes, so that no two lines of a class share a qubit, by a greedy colouring.

    Example:
        >>> line_classes([(0, 1, 2, 3), (1, 2, 3, 4), (4, 5, 6, 7)])
        [[(0, 1, 2, 3), (4, 5, 6, 7)], [(1, 2, 3, 4)]]
    """
    graph = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(list(range(len(lines))))
    through: dict[int, list[int]] = {}
    for k, line in enumerate(lines):
        for qubit in line:
            graph.add_edges_from_no_data([(other, k) for other in through.get(qubit, ())])
            through.setdefault(qubit, []).append(k)
    return _classes(lines, rustworkx.graph_greedy_color(graph))


def lines_of(edges: Sequence[Edge]) -> list[Line]:
    """Return for each edge, where its ends have other neighbours, one line of four qubits with that edge in its middle.

    Of a middle's neighbours those are taken whose edges lie in the fewest lines so far, so that all edges are used alike.

    Example:
        >>> lines_of([(0, 1), (1, 2), (2, 3), (3, 4)])
        [(0, 1, 2, 3), (1, 2, 3, 4)]
    """
    near: dict[int, list[int]] = {}
    for a, b in edges:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    used: Counter[frozenset[int]] = Counter()
    lines: list[Line] = []
    for b, c in edges:
        found = [(a, d) for a in near[b] for d in near[c] if len({a, b, c, d}) == 4]
        if not found:
            continue

        def times(ends: tuple[int, int], b: int = b, c: int = c) -> tuple[int, tuple[int, int]]:
            return used[frozenset((ends[0], b))] + used[frozenset((c, ends[1]))], ends

        a, d = min(found, key=times)
        used.update((frozenset((a, b)), frozenset((c, d))))
        lines.append((a, b, c, d))
    return lines


def _classes(things: Sequence[_T], colours: Mapping[int, Hashable] | Iterable[Hashable]) -> list[list[_T]]:
    """Return things by their colours, in the order in which colours first appear."""
    numbered = dict(colours) if isinstance(colours, Mapping) else dict(enumerate(colours))
    classes: dict[Hashable, list[_T]] = {}
    for k, thing in enumerate(things):
        classes.setdefault(numbered[k], []).append(thing)
    return list(classes.values())
