"""Simulated annealing over the nodes of gates, stations and copies."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.distributed.embedding import Stretch, stretches_of
from qnet_circuits.distributed.plan import Plan
from qnet_circuits.distributed.steps import Swap

#: Trials of a search: for each choice, and the most and the fewest in all.
_PER_CHOICE, _MOST, _LEAST = 300, 400_000, 20_000
#: The temperature of the last trial, in pairs over one link.
_COLD = 0.05
#: What a stay away from the own node costs beside its pairs: of two plans with the same pairs the simpler one is better.
_STAY = 0.02
#: The share of trials that change where a qubit is; the others change where a gate is.
_STATIONS = 0.3


class _Trees(dict[int, float]):
    """The cost of copies at a set of nodes, given as bits: that of a shortest tree, grown from the nearest node each time."""

    def __init__(self, distance: NDArray[np.int64]) -> None:
        self.distance = distance.tolist()

    def __missing__(self, nodes: int) -> float:
        if not nodes:
            return 0.0
        first, *left = [node for node in range(len(self.distance)) if nodes >> node & 1]
        near, total = dict.fromkeys(left, first), 0.0
        while near:
            node = min(near, key=lambda each: self.distance[near[each]][each])
            total += self.distance[near.pop(node)][node]
            for each, other in near.items():
                if self.distance[node][each] < self.distance[other][each]:
                    near[each] = node
        self[nodes] = total
        return total


@dataclass(frozen=True)
class _Choice:
    """What has a node: a gate, a station of a qubit, or else a copy whose CNOT flips a copy of another qubit.

    Args:
        nets: The segments that have a copy there, as numbers.
        gate: The place of the gate; -1 for other choices.
        station: The qubit, and the segment that begins there; -1 for other choices.
        time: For a station, the steps from the beginning of its segment to its end.
    """

    nets: tuple[int, ...]
    gate: int = -1
    station: tuple[int, int] = (-1, -1)
    time: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class _Bridge:
    """A stretch that copies may outlast.

    Args:
        place: The qubit and the segment.
        inside: The segment as a number.
        nets: The segments that must have a copy: before, after, and those of the other qubits.
    """

    place: tuple[int, int]
    inside: int
    nets: tuple[int, ...]

    def outlasting(self, masks: Sequence[int]) -> int:
        """Return the nodes whose copies outlast the stretch, as bits: none if it has copies of its own, or if they are few."""
        if masks[self.inside] & (masks[self.inside] - 1):
            return 0
        found = -1
        for net in self.nets:
            found &= masks[net]
        return found if found & (found - 1) else 0


class Search:
    """The nodes of all choices, which change one by one.

    A segment of a qubit needs a copy at each node where one of its gates is carried out, and at the stations at its two ends.
    These nodes are joined by a tree of copies, whose length is the number of pairs. The search changes the nodes of gates and
    stations one by one, and makes the sum of all trees small. This is the temporal hypergraph of Burt, Chen and Leung
    (arXiv:2503.19082), in which gate and state teleportation have one cost. Copies that outlast a stretch of their qubit are
    a tree that the segment after it has already, so its length counts once.

    Args:
        start: The plan with which the search begins.
        distance: The cost of a pair between two nodes.
        guests: How many qubits of other nodes each node may hold between segments.
        free: Whether qubits may end at other nodes than they began.
        seed: Seed of the search.
        outlasting: Whether copies may outlast stretches; the plan of the beginning has none that do.
    """

    def __init__(
        self,
        start: Plan,
        distance: NDArray[np.int64],
        guests: Sequence[int],
        free: bool,
        seed: int,
        outlasting: bool = False,
    ) -> None:
        self.start, self.guests, self.rng = start, guests, random.Random(seed)
        self.trees, self.nodes = _Trees(distance), len(distance)
        self.unit = float(distance[distance > 0].mean())
        self.first = [0, *accumulate(start.steps.segments)]
        self.pins = [[0] * self.nodes for _ in range(self.first[-1])]
        self.away = np.zeros((self.nodes, len(start.steps.steps) + 1), dtype=np.int64)
        self.choices: list[_Choice] = []
        self.place: list[int] = []
        self.stretches = stretches_of(start.steps) if outlasting else {}
        for choice, node, fixed in (*self._stations(free), *self._gates(), *self._followers()):
            for net in choice.nets:
                self.pins[net][node] += 1
            if not fixed:
                self.choices.append(choice)
                self.place.append(node)
                if choice.station[0] >= 0:
                    self._note(choice, node, 1)
        self.masks = [sum(1 << node for node, count in enumerate(each) if count) for each in self.pins]
        #: Stations are the first choices.
        self.movable = sum(choice.station[0] >= 0 for choice in self.choices)
        self.bridges = [self._bridge(place, stretch) for place, stretch in self.stretches.items()]
        self.touched: dict[int, list[_Bridge]] = {}
        for bridge in self.bridges:
            for net in {bridge.inside, *bridge.nets}:
                self.touched.setdefault(net, []).append(bridge)

    def _stations(self, free: bool) -> Iterator[tuple[_Choice, int, bool]]:
        """Yield the stations, their nodes, and whether they are fixed: at both ends, and where a swap is carried out."""
        steps, swaps = self.start.steps, set()
        begins: dict[tuple[int, int], int] = {}
        end = len(steps.steps)
        for k, (step, at) in enumerate(zip(steps.steps, steps.segment, strict=True)):
            for place in zip(step.qubits, at, strict=True):
                begins.setdefault(place, k)
                if isinstance(step, Swap):
                    swaps.add(place)
        for qubit, stations in enumerate(self.start.stations):
            last = len(stations) - 1
            for number, node in enumerate(stations):
                nets = tuple(self.first[qubit] + each for each in (number - 1, number) if 0 <= each < last)
                first = begins.get((qubit, number), 0 if number < last else end)
                time = first, begins.get((qubit, number + 1), end)
                fixed = number == 0 or (qubit, number) in swaps or (number == last and not free)
                yield _Choice(nets, -1, (qubit, number), time), node, fixed

    def _gates(self) -> Iterator[tuple[_Choice, int, bool]]:
        for k, step in self.start.steps.joints:
            ends = zip(step.qubits, self.start.steps.segment[k], strict=True)
            yield _Choice(tuple(self.first[qubit] + at for qubit, at in ends), k), self.start.spots[k], False

    def _followers(self) -> Iterator[tuple[_Choice, int, bool]]:
        """Yield for each gate of a stretch the other qubit's copy that may flip a copy which outlasts the stretch."""
        for stretch in self.stretches.values():
            for gate, (qubit, at) in stretch.gates:
                yield _Choice((self.first[qubit] + at,)), self.start.spots[gate], False

    def _bridge(self, place: tuple[int, int], stretch: Stretch) -> _Bridge:
        inside = self.first[place[0]] + place[1]
        others = {self.first[qubit] + at: None for _, (qubit, at) in stretch.gates}
        return _Bridge(place, inside, (inside - 1, inside + 1, *others))

    def run(self, hot: float) -> Plan:
        """Return the best plan on the way.

        Args:
            hot: The temperature of the first trial, in pairs over one link.
        """
        total = least = 0.0
        best, draw, movable, others = self.place.copy(), self.rng.random, self.movable, self.nodes - 1
        trials = min(max(_PER_CHOICE * len(self.choices), _LEAST), _MOST)
        for trial in range(trials):
            stations = movable and draw() < _STATIONS
            number = int(draw() * (movable if stations else len(self.choices)))
            node = (self.place[number] + 1 + int(draw() * others)) % self.nodes
            change = self._change(number, node)
            if change > 0 and draw() >= math.exp(
                -change / (self.unit * hot * (_COLD / hot) ** (trial / trials))
            ):
                continue
            if number >= movable or self._fits(number, node):
                self._put(number, node)
                total += change
                if total < least - _STAY / 2:
                    least, best = total, self.place.copy()
        return self._plan(best)

    def _change(self, number: int, node: int) -> float:
        """Return what it costs that a choice goes to a node."""
        choice, old, total, trees = self.choices[number], self.place[number], 0.0, self.trees
        changed = []
        for net in choice.nets:
            mask = self.masks[net]
            new = mask | 1 << node
            if self.pins[net][old] == 1:
                new ^= 1 << old
            if new != mask:
                total += trees[new] - trees[mask]
                changed.append((net, mask, new))
        if changed and self.bridges:
            total += self._lost(changed)
        if number < self.movable:
            home = self.start.stations[choice.station[0]][0]
            total += _STAY * self.unit * ((node != home) - (old != home))
        return total

    def _lost(self, changed: Sequence[tuple[int, int, int]]) -> float:
        """Return how much less copies that outlast stretches save if some segments have other nodes."""
        touched = {id(each): each for net, _, _ in changed for each in self.touched.get(net, ())}.values()
        before = sum(self.trees[each.outlasting(self.masks)] for each in touched)
        for net, _, new in changed:
            self.masks[net] = new
        after = sum(self.trees[each.outlasting(self.masks)] for each in touched)
        for net, old, _ in changed:
            self.masks[net] = old
        return before - after

    def _fits(self, number: int, node: int) -> bool:
        """Tell whether a node has room for one more guest, where a qubit is to be."""
        choice = self.choices[number]
        if node == self.start.stations[choice.station[0]][0]:
            return True
        return bool(self.away[node, slice(*choice.time)].max(initial=0) < self.guests[node])

    def _put(self, number: int, node: int) -> None:
        choice, old = self.choices[number], self.place[number]
        self.place[number] = node
        for net in choice.nets:
            pins = self.pins[net]
            pins[node] += 1
            pins[old] -= 1
            self.masks[net] |= 1 << node
            if not pins[old]:
                self.masks[net] ^= 1 << old
        if number < self.movable:
            self._note(choice, old, -1)
            self._note(choice, node, 1)

    def _note(self, choice: _Choice, node: int, sign: int) -> None:
        """Note that a guest comes or goes."""
        if node != self.start.stations[choice.station[0]][0]:
            self.away[node, slice(*choice.time)] += sign

    def _plan(self, place: Sequence[int]) -> Plan:
        stations, spots = [list(each) for each in self.start.stations], dict(self.start.spots)
        for number, node in enumerate(place):
            choice = self.choices[number]
            if self.place[number] != node:
                self._put(number, node)
            if choice.station[0] >= 0:
                stations[choice.station[0]][choice.station[1]] = node
            elif choice.gate >= 0:
                spots[choice.gate] = node
        outlasting = {
            bridge.place: frozenset(node for node in range(self.nodes) if nodes >> node & 1)
            for bridge in self.bridges
            if (nodes := bridge.outlasting(self.masks))
        }
        return Plan(self.start.steps, tuple(map(tuple, stations)), spots, outlasting)
