"""The pairs that an assignment of qubits to nodes needs: packets of gates that share one pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from qnet_circuits.distributed.steps import Steps, Swap

Ints = NDArray[np.int64]
#: Pairs for the exchange of two qubits of two nodes: each of them is teleported.
SWAP_PAIRS = 2


@dataclass(frozen=True)
class Packet:
    """Gates that one pair serves: all act on a segment of one qubit, with partners at one other node.

    Args:
        qubit: The shared qubit.
        node: The number of the node at which a copy of it is used.
        gates: The places of the gates among the steps, in order.
    """

    qubit: int
    node: int
    gates: tuple[int, ...]


@dataclass(frozen=True)
class Demand:
    """What gates between nodes ask for: the segments of qubits that they join, and the swaps."""

    steps: Steps

    @cached_property
    def _edges(self) -> tuple[Ints, Ints, Ints, Ints]:
        """The qubits and the segments that gates join, each pair of segments once."""
        seen: dict[tuple[int, int, int, int], None] = {}
        for k, step in self.steps.joints:
            s, t = self.steps.segment[k]
            (a, s), (b, t) = sorted(((step.a, s), (step.b, t)))
            seen[a, s, b, t] = None
        table = np.array(list(seen), dtype=np.int64).reshape(-1, 4)
        return table[:, 0], table[:, 1], table[:, 2], table[:, 3]

    @cached_property
    def _segments(self) -> tuple[Ints, Ints]:
        """The two ends of each edge, segments as numbers."""
        a, s, b, t = self._edges
        width = max(int(max(s.max(initial=0), t.max(initial=0))) + 1, 1)
        return a * width + s, b * width + t

    @cached_property
    def _swaps(self) -> Ints:
        """The qubits that are exchanged, one row for each swap."""
        found = [step.qubits for step in self.steps.steps if isinstance(step, Swap)]
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def pairs(self, nodes: Sequence[int] | Ints, distance: NDArray[np.int64]) -> int:
        """Return the fewest pairs for an assignment, each counted once for each link of its route.

        For two nodes the fewest packets are a minimum vertex cover of the segments that their gates join, which has the size of
        a maximum matching (König).

        Args:
            nodes: The node of each qubit, as a number.
            distance: The number of links between two nodes.
        """
        return Tally(self, nodes, distance).pairs()

    def _remote(self, at: Ints) -> dict[tuple[int, int], tuple[Ints, Ints]]:
        """Return for each two nodes the segments that gates between them join: those at the first node, and the others."""
        a, _, b, _ = self._edges
        left, right = self._segments
        na, nb = at[a], at[b]
        found = {}
        flipped = na > nb
        first, second = np.where(flipped, nb, na), np.where(flipped, na, nb)
        one, two = np.where(flipped, right, left), np.where(flipped, left, right)
        count = int(at.max()) + 1
        key = first * count + second
        for each in np.unique(key[first != second]):
            here = key == each
            found[int(each) // count, int(each) % count] = one[here], two[here]
        return found

    def packets(self, nodes: Sequence[int] | Ints, last: bool = False) -> tuple[Packet, ...]:
        """Return the packets of an assignment, as few as possible, in the order of their first gates.

        Args:
            nodes: The node of each qubit, as a number.
            last: If several choices have equally few packets, whether they share the qubits of the last nodes instead of the
                first.
        """
        at = np.asarray(nodes)
        chosen: dict[tuple[int, int], None] = {}
        for (one, other), (left, right) in self._remote(at).items():
            for segment in _cover(*((right, left) if last else (left, right))):
                chosen[segment, other] = None
                chosen[segment, one] = None
        left, right = self._segments
        a, s, b, t = self._edges
        number = {
            (int(q), int(k)): int(n) for q, k, n in zip([*a, *b], [*s, *t], [*left, *right], strict=True)
        }
        gates: dict[tuple[int, int], list[int]] = {}
        shared: dict[tuple[int, int], int] = {}
        for k, step in self.steps.joints:
            if at[step.a] == at[step.b]:
                continue
            ends = list(zip(step.qubits, self.steps.segment[k], strict=True))
            options = [
                ((number[end], int(at[partner])), end[0])
                for end, partner in zip(ends, reversed(step.qubits), strict=True)
                if (number[end], int(at[partner])) in chosen
            ]
            place, qubit = max(options, key=lambda option: len(gates.get(option[0], ())))
            gates.setdefault(place, []).append(k)
            shared[place] = qubit
        made = [Packet(shared[place], place[1], tuple(listed)) for place, listed in gates.items()]
        return tuple(sorted(made, key=lambda packet: packet.gates))


class Tally:
    """The fewest pairs of an assignment that changes qubit by qubit.

    For each two nodes a maximum matching of the segments that gates between them join is kept. A qubit that changes its node
    takes its segments out of some matchings and into others, which are made as large as possible again from there alone.

    Args:
        demand: The gates.
        nodes: The node of each qubit, as a number.
        distance: The number of links between two nodes.
    """

    def __init__(self, demand: Demand, nodes: Sequence[int] | Ints, distance: NDArray[np.int64]) -> None:
        self.at, self.distance, self.swaps = [int(node) for node in nodes], distance.tolist(), demand._swaps
        count = len(self.distance)
        #: For each qubit its segments, each with the segments that it is joined with.
        self.joined: list[dict[int, list[int]]] = [{} for _ in self.at]
        #: For each segment the segments that it is joined with, and the one that it is matched with, by their nodes.
        self.near: dict[int, list[set[int]]] = {}
        self.mate: dict[int, list[int | None]] = {}
        a, _, b, _ = demand._edges
        for ends in zip(a.tolist(), b.tolist(), *(each.tolist() for each in demand._segments), strict=True):
            for q, other, s, t in (ends, (ends[1], ends[0], ends[3], ends[2])):
                self.joined[q].setdefault(s, []).append(t)
                self.near.setdefault(s, [set() for _ in range(count)])[self.at[other]].add(t)
                self.mate.setdefault(s, [None] * count)
        #: What all matchings cost.
        self.matched = 0
        for qubit, node in enumerate(self.at):
            self._match(qubit, range(node + 1, count))

    def put(self, qubit: int, node: int) -> None:
        """Change the node of a qubit."""
        old, self.at[qubit] = self.at[qubit], node
        for segment, others in self.joined[qubit].items():
            for other in others:
                self.near[other][old].discard(segment)
            left = [(there, mate) for there, mate in enumerate(self.mate[segment]) if mate is not None]
            self.mate[segment] = [None] * len(self.distance)
            for there, mate in left:
                self.mate[mate][old] = None
                if not self._augmented(mate, there, old):
                    self.matched -= self.distance[there][old]
        for segment, others in self.joined[qubit].items():
            for other in others:
                self.near[other][node].add(segment)
        self._match(qubit, range(len(self.distance)))

    def _match(self, qubit: int, nodes: Iterable[int]) -> None:
        """Match the segments of a qubit with those at other nodes."""
        own = self.at[qubit]
        for segment in self.joined[qubit]:
            near = self.near[segment]
            for node in nodes:
                if node != own and near[node] and self._augmented(segment, own, node):
                    self.matched += self.distance[own][node]

    def _augmented(self, segment: int, own: int, node: int) -> bool:
        """Match a segment with one at another node, for which others may change their mates; tell whether it can be."""
        near, mate, reached, lefts = self.near, self.mate, dict[int, int](), [segment]
        for left in lefts:
            for right in near[left][node]:
                if right in reached:
                    continue
                reached[right] = left
                onward = mate[right][own]
                if onward is None:
                    change: int | None = right
                    while change is not None:
                        begin = reached[change]
                        mate[change][own], mate[begin][node], change = begin, change, mate[begin][node]
                    return True
                lefts.append(onward)
        return False

    def pairs(self) -> int:
        """Return the fewest pairs."""
        at = self.at
        return int(self.matched + sum(SWAP_PAIRS * self.distance[at[a]][at[b]] for a, b in self.swaps))


def _graph(left: Ints, right: Ints) -> tuple[csr_array, Ints, Ints]:
    lefts, i = np.unique(left, return_inverse=True)
    rights, j = np.unique(right, return_inverse=True)
    shape = (len(lefts), len(rights))
    return csr_array((np.ones(len(i), dtype=np.int8), (i, j)), shape=shape), lefts, rights


def _cover(left: Ints, right: Ints) -> list[int]:
    """Return a minimum vertex cover, by König's theorem."""
    graph, lefts, rights = _graph(left, right)
    mate = maximum_bipartite_matching(graph, perm_type="column")
    back: Mapping[int, int] = {int(column): row for row, column in enumerate(mate) if column >= 0}
    stack = [row for row, column in enumerate(mate) if column < 0]
    seen, reached = set(stack), set()
    while stack:
        row = stack.pop()
        for column in graph.indices[graph.indptr[row] : graph.indptr[row + 1]]:
            if column not in reached:
                reached.add(int(column))
                if (onward := back.get(int(column))) is not None and onward not in seen:
                    seen.add(onward)
                    stack.append(onward)
    return [int(lefts[row]) for row in range(len(lefts)) if row not in seen] + [
        int(rights[c]) for c in sorted(reached)
    ]
