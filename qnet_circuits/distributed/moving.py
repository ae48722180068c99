"""The search for a plan with fewer pairs: gates at other nodes, and qubits that stay elsewhere for a while."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.distributed.nodes import Equipment
from qnet_circuits.distributed.ordering import Action, Close, Do, Open, ordered
from qnet_circuits.distributed.packets import SWAP_PAIRS
from qnet_circuits.distributed.plan import Plan
from qnet_circuits.distributed.steps import Swap
from qnet_circuits.errors import ParameterError

#: Trials of a search: for each choice, and the most and the fewest in all.
_PER_CHOICE, _MOST, _LEAST = 300, 400_000, 20_000
#: Temperatures in pairs over one link, from the first trial to the last.
_HOT, _COLD = 0.6, 0.05
#: What a stay away from the own node costs beside its pairs: of two plans with the same pairs the simpler one is better.
_STAY = 0.02
#: The share of trials that change where a qubit is; the others change where a gate is.
_STATIONS = 0.3


def improved(
    starts: Sequence[Plan],
    equipment: Equipment,
    distance: NDArray[np.int64],
    free: bool = False,
    seed: int = 0,
) -> tuple[Plan, tuple[Action, ...]]:
    """Return the plan with the fewest pairs that a search finds, and its actions; never more pairs than the best start.

    A segment of a qubit needs a copy at each node where one of its gates is carried out, and at the stations at its two ends.
    These nodes are joined by a tree of copies, whose length is the number of pairs. The search changes the nodes of gates and
    stations one by one, by simulated annealing over the sum of all trees. This is the temporal hypergraph of Burt, Chen and
    Leung (arXiv:2503.19082), in which gate and state teleportation have one cost.

    Args:
        starts: Plans, of which the one with the fewest pairs is the beginning.
        equipment: The nodes.
        distance: The cost of a pair between two nodes.
        free: Whether qubits may end at other nodes than they began.
        seed: Seed of the search.
    """
    begun = [(ordered(start, equipment), start) for start in starts]
    actions, best = min(begun, key=lambda each: pairs_of(each[0], equipment, distance))
    start, least, limits = best, pairs_of(actions, equipment, distance), _limits(actions, equipment)
    most = tuple(limit - 1 for limit in limits)
    for guests in dict.fromkeys((most, tuple(min(each, 1) for each in most), (0,) * len(most))):
        if least:
            found = _Search(start, distance, guests, free, seed).run()
            try:
                made = ordered(found, replace(equipment, communication=limits))
            except ParameterError:  # The guests leave too few communication qubits for the pairs of others.
                continue
            if (cost := pairs_of(made, equipment, distance)) < least:
                best, actions, least = found, made, cost
    return best, actions


def pairs_of(actions: Iterable[Action], equipment: Equipment, distance: NDArray[np.int64]) -> int:
    """Return the cost of all pairs that actions make."""
    total, at = 0, equipment.nodes
    for each in actions:
        if isinstance(each, Open):
            total += int(distance[each.source, each.node])
        elif isinstance(each, Do) and isinstance(each.step, Swap):
            total += SWAP_PAIRS * int(distance[at[each.step.a], at[each.step.b]])
    return total


def _limits(actions: Iterable[Action], equipment: Equipment) -> tuple[int, ...]:
    """Return the communication qubits that each node may use.

    A node without a stated number may use one more than any node does if all qubits stay where they are.
    """
    used: Counter[int] = Counter()
    most = 1
    for each in actions:
        if isinstance(each, Open):
            most = max(most, *(used + equipment.between(each.source, each.node)).values())
            used[each.node] += 1
        elif isinstance(each, Close):
            used[each.node] -= 1
    return tuple(most + 1 if limit is None else limit for limit in equipment.communication)


class _Trees(dict[int, float]):
    """The cost of copies at a set of nodes, given as bits: that of a shortest tree, grown from the nearest node each time."""

    def __init__(self, distance: NDArray[np.int64]) -> None:
        self.distance = distance.tolist()

    def __missing__(self, nodes: int) -> float:
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
    """What has a node: a gate, or a station of a qubit.

    Args:
        nets: The segments that have a copy there, as numbers.
        gate: The place of the gate; -1 for a station.
        station: The qubit, and the segment that begins there.
        time: For a station, the steps from the beginning of its segment to its end.
    """

    nets: tuple[int, ...]
    gate: int = -1
    station: tuple[int, int] = (-1, -1)
    time: tuple[int, int] = (0, 0)


class _Search:
    """The nodes of all choices, which change one by one."""

    def __init__(
        self, start: Plan, distance: NDArray[np.int64], guests: Sequence[int], free: bool, seed: int
    ) -> None:
        self.start, self.guests, self.rng = start, guests, random.Random(seed)
        self.trees, self.nodes = _Trees(distance), len(distance)
        self.unit = float(distance[distance > 0].mean())
        self.first = [0, *accumulate(start.steps.segments)]
        self.pins = [[0] * self.nodes for _ in range(self.first[-1])]
        self.away = np.zeros((self.nodes, len(start.steps.steps) + 1), dtype=np.int64)
        self.choices: list[_Choice] = []
        self.place: list[int] = []
        for choice, node, fixed in (*self._stations(free), *self._gates()):
            for net in choice.nets:
                self.pins[net][node] += 1
            if not fixed:
                self.choices.append(choice)
                self.place.append(node)
        self.masks = [sum(1 << node for node, count in enumerate(each) if count) for each in self.pins]
        self.movable = sum(choice.gate < 0 for choice in self.choices)

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

    def run(self) -> Plan:
        """Return the best plan on the way."""
        total = least = 0.0
        best = self.place.copy()
        trials = min(max(_PER_CHOICE * len(self.choices), _LEAST), _MOST)
        for trial in range(trials):
            heat = self.unit * _HOT * (_COLD / _HOT) ** (trial / trials)
            stations = self.movable and self.rng.random() < _STATIONS
            number = int(self.rng.random() * (self.movable if stations else len(self.choices)))
            node = (self.place[number] + 1 + int(self.rng.random() * (self.nodes - 1))) % self.nodes
            change = self._change(number, node)
            if (change <= 0 or self.rng.random() < math.exp(-change / heat)) and self._fits(number, node):
                self._put(number, node)
                total += change
                if total < least - _STAY / 2:
                    least, best = total, self.place.copy()
        return self._plan(best)

    def _change(self, number: int, node: int) -> float:
        """Return what it costs that a choice goes to a node."""
        choice, old, total = self.choices[number], self.place[number], 0.0
        for net in choice.nets:
            mask = self.masks[net]
            new = mask | 1 << node
            if self.pins[net][old] == 1:
                new ^= 1 << old
            if new != mask:
                total += self.trees[new] - self.trees[mask]
        if choice.gate < 0:
            home = self.start.stations[choice.station[0]][0]
            total += _STAY * self.unit * ((node != home) - (old != home))
        return total

    def _fits(self, number: int, node: int) -> bool:
        """Tell whether a node has room for one more guest."""
        choice = self.choices[number]
        if choice.gate >= 0 or node == self.start.stations[choice.station[0]][0]:
            return True
        return bool(self.away[node, slice(*choice.time)].max(initial=0) < self.guests[node])

    def _put(self, number: int, node: int) -> None:
        choice, old = self.choices[number], self.place[number]
        self.place[number] = node
        for net in choice.nets:
            self.pins[net][node] += 1
            self.pins[net][old] -= 1
            self.masks[net] |= 1 << node
            if not self.pins[net][old]:
                self.masks[net] ^= 1 << old
        if choice.gate < 0:
            home = self.start.stations[choice.station[0]][0]
            for each, sign in ((node, 1), (old, -1)):
                if each != home:
                    self.away[each, slice(*choice.time)] += sign

    def _plan(self, place: Sequence[int]) -> Plan:
        stations, spots = [list(each) for each in self.start.stations], dict(self.start.spots)
        for choice, node in zip(self.choices, place, strict=True):
            if choice.gate < 0:
                stations[choice.station[0]][choice.station[1]] = node
            else:
                spots[choice.gate] = node
        return Plan(self.start.steps, tuple(map(tuple, stations)), spots)
