"""Graphs as texts: a shape with a number of vertices, or all edges by the names of their ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, pairwise

import rustworkx

from qnet_circuits.errors import ParameterError, UnknownNameError, check_count
from qnet_circuits.programs.colouring import Edge
from qnet_circuits.programs.protocol import MOST_LINKS

#: Shapes, each with its least number of vertices and its edges.
SHAPES: dict[str, tuple[int, Callable[[int], list[Edge]]]] = {
    "line": (2, lambda n: list(pairwise(range(n)))),
    "ring": (3, lambda n: [*pairwise(range(n)), (n - 1, 0)]),
    "star": (2, lambda n: [(0, k) for k in range(1, n)]),
    "complete": (2, lambda n: list(combinations(range(n), 2))),
}
_FORMS = "line:4, ring:5, star:4, complete:4 or edges a-b,b-c"


@dataclass(frozen=True)
class Graph:
    """A simple connected graph.

    Args:
        number: Number of vertices.
        edges: Pairs of vertices, which are numbered from 0.
        names: The names of the vertices; empty if they have none.
    """

    number: int
    edges: tuple[Edge, ...]
    names: tuple[str, ...] = ()

    @classmethod
    def from_text(cls, text: object) -> Graph:
        """Make a graph of its text.

        Args:
            text: ``line:n``, ``ring:n``, ``star:n`` or ``complete:n`` with n vertices; or edges by the names of their ends,
                such as ``a-b,b-c``, with vertices in the order in which they are first named.

        Raises:
            ParameterError: If it is no such text, an edge comes twice or joins a vertex to itself, or the graph is not
                connected.
            UnknownNameError: If there is no such shape.

        Example:
            >>> Graph.from_text("ring:3").edges, Graph.from_text("a-b,b-c").names
            (((0, 1), (1, 2), (2, 0)), ('a', 'b', 'c'))
        """
        if not isinstance(text, str) or not text:
            raise ParameterError(f"graph must be {_FORMS}, got {text!r}")
        if ":" in text:
            return cls._shaped(*text.split(":", 1))
        ends = [tuple(name.strip() for name in edge.split("-")) for edge in text.split(",")]
        if any(len(pair) != 2 or not all(pair) for pair in ends):
            raise ParameterError(f"graph must be {_FORMS}, got {text!r}")
        names = tuple(dict.fromkeys(name for pair in ends for name in pair))
        place = {name: k for k, name in enumerate(names)}
        edges = tuple((place[a], place[b]) for a, b in ends)
        if len({frozenset(edge) for edge in edges if edge[0] != edge[1]}) < len(edges):
            raise ParameterError(f"edges of a graph join two vertices, each pair once, got {text!r}")
        graph = rustworkx.PyGraph()
        graph.add_nodes_from(list(names))
        graph.add_edges_from_no_data(list(edges))
        if not rustworkx.is_connected(graph):
            raise ParameterError(f"a connected graph is needed, got {text!r}")
        return cls(len(names), edges, names)

    @classmethod
    def _shaped(cls, shape: str, number: str) -> Graph:
        if shape not in SHAPES:
            raise UnknownNameError("graph", shape, SHAPES)
        least, edges = SHAPES[shape]
        try:
            given = int(number)
        except ValueError:
            raise ParameterError(f"graph must be {_FORMS}, got {shape}:{number}") from None
        many = check_count(f"vertices of a {shape}", given, least, MOST_LINKS)
        return cls(many, tuple(edges(many)))
