"""The nodes of a network as numbers: their room, the routes between them, and assignments of qubits to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import log
from typing import Any

import numpy as np

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import Node

#: A node without a stated number of data qubits has room for all.
_ROOM = 100_000
#: A loss of fidelity of 1 - 1/e is this many units.
_LOSS_UNIT = 1000


@dataclass(frozen=True)
class Equipment:
    """The nodes as numbers: where each qubit is, how many communication qubits there are, and the routes between nodes.

    Args:
        nodes: The node of each qubit.
        communication: The communication qubits of each node; None without a limit.
        routes: For two nodes, the nodes of the route, both ends included.
    """

    nodes: tuple[int, ...]
    communication: tuple[int | None, ...]
    routes: Mapping[tuple[int, int], tuple[int, ...]]

    def between(self, a: int, b: int) -> Counter[int]:
        """Return the communication qubits that one pair between two nodes takes while it is made."""
        first, *inner, last = self.routes[a, b]
        return Counter([first, last, *inner, *inner])

    def hops(self, a: int, b: int) -> int:
        """Return the number of links between two nodes."""
        return 0 if a == b else len(self.routes[a, b]) - 1

    def lacking(self, used: Mapping[int, int], needed: Mapping[int, int]) -> list[int]:
        """Return the nodes that have too few communication qubits for what is needed besides what is used."""
        limits = self.communication
        return [
            node
            for node, count in needed.items()
            if (limit := limits[node]) is not None and used.get(node, 0) + count > limit
        ]


def room_of(network: Network) -> tuple[int, ...]:
    """Return the number of data qubits of each node."""
    return tuple(_ROOM if (data := network.node(node).data) is None else data for node in network.nodes)


def complete(count: int, qubits: int, link: Link) -> Network:
    """Return nodes that are all linked, with room for equal shares of the qubits."""
    number = check_count("network", count, 1, 100)
    share = -(-qubits // number)
    if number == 1:
        # A network has two nodes at least; the second one stays empty.
        return Network([Node("node1", data=share), "unused"], [("node1", "unused", link)])
    nodes = [Node(f"node{k}", data=share) for k in range(1, number + 1)]
    links = [(a.name, b.name, link) for k, a in enumerate(nodes) for b in nodes[k + 1 :]]
    return Network(nodes, links)


def routes_of(
    network: Network, by: str
) -> tuple[dict[tuple[int, int], tuple[int, ...]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the routes between all nodes as numbers, and what a pair over each costs: its links, or its loss of fidelity."""
    number = {node: k for k, node in enumerate(network.nodes)}
    distance = np.zeros((len(number), len(number)), dtype=np.int64)
    routes = {}
    for a, b in permutations(network.nodes, 2):
        route = network.route(a, b, by)
        path = tuple(number[node] for node in route.path())
        routes[number[a], number[b]] = path
        loss = round(-_LOSS_UNIT * log(max(route.weights[0], 0.01)))
        distance[number[a], number[b]] = len(path) - 1 if by == "links" else max(loss, 1)
    return routes, distance


def numbers_of(
    assignment: Sequence[str] | Mapping[int, str], network: Network, qubits: int, room: Sequence[int]
) -> tuple[int, ...]:
    """Return a given assignment as numbers of nodes."""
    listed = (
        [assignment.get(k) for k in range(qubits)] if isinstance(assignment, Mapping) else list(assignment)
    )
    unknown = [node for node in listed if node not in network.nodes]
    if len(listed) != qubits or unknown:
        raise ParameterError(
            f"assignment must name a node for each of {qubits} qubits, among {', '.join(network.nodes)}, got {assignment!r}"
        )
    for node, places in zip(network.nodes, room, strict=True):
        if listed.count(node) > places:
            raise ParameterError(
                f"node {node} has {places} data qubits, and the assignment puts {listed.count(node)} there"
            )
    return tuple(network.nodes.index(str(node)) for node in listed)
