"""The best path between two nodes of a graph of links, by a criterion."""

from __future__ import annotations

import math
from collections.abc import Sequence

import rustworkx

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.programs.link import Link
from qnet_circuits.theory.bell_diagonal import visibility

#: The criteria for a path.
CRITERIA = ("links", "fidelity", "rate")
#: Weighs each link where links cost nothing, so that of equal paths the one of the fewest links is taken.
_EACH = 1e-9
_TINY = 1e-300


def best_path(
    links: Sequence[tuple[str, str, Link]], first: str, last: str, by: str = "links"
) -> tuple[str, ...]:
    """Return the nodes of the best path between two nodes, by Dijkstra's algorithm; empty if nothing joins them.

    - ``links``: the fewest links, and among those the greatest product of fidelities.
    - ``fidelity``: the greatest fidelity of the pair that is swapped at once, each link taken as a Werner pair of its fidelity.
    - ``rate``: the least sum over the links of the mean seconds that each takes for one pair, period/success: the cost of Van
      Meter et al., "Path selection for quantum repeater networks" (arXiv:1206.5655), for pairs that are not distilled.

    Args:
        links: Triples (node, node, Link).
        first: The node where the path begins.
        last: The node where it ends.
        by: One of ``CRITERIA``.

    Raises:
        UnknownNameError: If there is no such criterion.
        ParameterError: If ``by`` is ``rate`` and a link has no length.

    Example:
        >>> square = [("a", "b", Link(0.9)), ("b", "c", Link()), ("c", "d", Link()), ("d", "a", Link())]
        >>> best_path(square, "a", "b"), best_path(square, "a", "b", by="fidelity")
        (('a', 'b'), ('a', 'd', 'c', 'b'))
    """
    check_name("way to choose a route (by)", by, CRITERIA)
    graph, places = rustworkx.PyGraph(multigraph=False), {}
    for name in dict.fromkeys([first, last, *(end for a, b, _ in links for end in (a, b))]):
        places[name] = graph.add_node(name)
    for (a, b, _), cost in zip(links, _costs(links, by), strict=True):
        graph.add_edge(places[a], places[b], cost)
    found = rustworkx.dijkstra_shortest_paths(graph, places[first], target=places[last], weight_fn=float)
    return tuple(graph[k] for k in found[places[last]]) if places[last] in found else ()


def _costs(links: Sequence[tuple[str, str, Link]], by: str) -> list[float]:
    """Return the cost of each link; the costs along a path add up."""
    if by == "rate":
        return [_seconds(a, b, link) for a, b, link in links]
    if by == "fidelity":
        return [_EACH - math.log(max(visibility(link.weights[0]), _TINY)) for *_, link in links]
    losses = [-math.log(max(link.weights[0], _TINY)) for *_, link in links]
    # The losses of a path stay below one link, so that they only decide between paths of equally many links.
    return [1 + loss / (1 + sum(losses)) for loss in losses]


def _seconds(a: str, b: str, link: Link) -> float:
    if link.length_km is None:
        raise ParameterError(
            f"a route by rate needs links over distances, and {a}-{b} has none: give Link(length_km=...)"
        )
    return link.period_s / link.success
