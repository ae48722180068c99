"""Choosing: the best of several placements of a small program, by a measure of how bad each is."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

from qiskit import QuantumCircuit

from qnet_circuits.compiling.building import count
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.finishing import Finisher
from qnet_circuits.compiling.placement import Placed, Placements
from qnet_circuits.errors import QnetError

#: The most wires of a circuit of a program that has placements compared, and of all its circuits.
_WIDEST, _MOST_WIRES = 32, 600
#: So many placements of each kind are compared, divided by the two-qubit gates of the longest circuit, since prediction takes
#: longer for deep ones; fewer than the second number are not worth it.
_COMPARED_GATES, _FEWEST = 300, 3
#: How many patterns of SWAPs are compared; all that there are if the circuits that tell decide alone.
_PATTERNS = 14
#: How many of them have more places than one compared.
_REFINED = 2
#: Places without a better one after which no more are compared.
_PATIENCE = 7
#: How many placements have their other ways to put SWAPs in compared.
_REDONE = 2
#: Of the best by the circuits that tell, so many are compared by all circuits, with the first of all: without SWAPs, and with
#: them, where placements differ more.
_FINALISTS, _FINALISTS_WITH_SWAPS = 2, 4
#: So many circuits they have together at most, but there is one: the circuits of large programs differ little.
_FINAL_CIRCUITS = 40
#: Fewer of them are not worth it if the circuits that tell stand for all.
_FEWEST_FINALISTS = 2
#: Beyond these digits, what is lacking is alike, whatever machine computes it.
_DIGITS = 9
#: The number of a placement's pattern, that of its place, and that of the way to put SWAPs in there.
Place = tuple[int, int, int]
#: Where every program has a placement.
_FIRST = (0, 0, 0)


@dataclass(frozen=True)
class Ranking:
    """How placements of a small program are compared.

    Args:
        lack: How bad a compiled program is. It is asked of the first placement with all circuits, then of every other one with
            those that tell alone, and of the best few with all.
        telling: The names of the circuits that tell; all of them if there are none. A few do: the circuits of a program differ
            little.
        stand: Whether each other circuit is like one of them. Those of a large program then decide alone.
        known: The placements that were chosen before for this program, by device and options; no others are looked for
            again. New ones join them.
    """

    lack: Callable[[Compiled], float]
    telling: Collection[str] = ()
    stand: bool = False
    known: dict[Hashable, Placed] = field(default_factory=dict)

    @staticmethod
    def most(circuits: Sequence[QuantumCircuit]) -> int:
        """Return how many placements of each kind are compared; 1 if a program's circuits are too large for that."""
        wires = [circuit.num_qubits for circuit in circuits]
        most = _COMPARED_GATES // max(1, *(count(circuit)[0] for circuit in circuits))
        return 1 if max(wires) > _WIDEST or sum(wires) > _MOST_WIRES or most < _FEWEST else most

    def best(self, find: Callable[[], Placements], finisher: Finisher, key: Hashable) -> Compiled:
        """Return the best placement, finished; the choice is remembered. It is the first placement if nothing can judge it.

        Args:
            find: Finds placements of the program.
            finisher: Finishes them.
            key: The device, and the options on which its circuits depend.
        """
        if key in self.known:
            return finisher.whole(self.known[key])
        placements = find()

        @cache
        def whole(place: Place) -> Compiled:
            return finisher.whole(_at(placements, place))

        try:
            found = self._least(placements, finisher, whole)
            whole(found)  # Not all of its circuits may have been made.
        except QnetError:
            found = _FIRST
        self.known[key] = _at(placements, found)
        return whole(found)

    def _least(self, placements: Placements, finisher: Finisher, whole: Callable[[Place], Compiled]) -> Place:
        """Return the least bad: of the few best by the circuits that tell, and the first of all, by all circuits."""
        few = _FINALISTS if len(placements) == 1 else _FINALISTS_WITH_SWAPS
        few = min(few, _FINAL_CIRCUITS // len(_at(placements, _FIRST)))
        alone = bool(self.telling) and self.stand and few < _FEWEST_FINALISTS
        judged: dict[Place, float] = {_FIRST: self._rounded(whole(_FIRST))}

        def judge(place: Place) -> float:
            if place not in judged:
                judged[place] = self._judged(lambda: finisher.sketch(_at(placements, place), self.telling))
            return judged[place]

        self._judge_places(judge, list(map(len, placements)), len(placements) if alone else _PATTERNS)
        for pattern, place, _ in sorted(judged, key=lambda place: (judged[place], place))[:_REDONE]:
            for way in range(1, len(placements[pattern][place])):
                judge((pattern, place, way))
        best = sorted(judged, key=lambda place: (judged[place], place))
        if alone or not self.telling:
            return best[0]
        final = {_FIRST: judged[_FIRST]}  # All its circuits were asked.
        for one in best[: max(1, few)]:
            final.setdefault(one, self._judged(partial(whole, one)))
        return min(final, key=lambda one: (final[one], one))

    def _judged(self, made: Callable[[], Compiled]) -> float:
        """Return how bad a placement is; infinitely if it cannot be made, or nothing can tell."""
        try:
            return self._rounded(made())
        except QnetError:
            return math.inf

    def _rounded(self, compiled: Compiled) -> float:
        return round(self.lack(compiled), _DIGITS)

    @staticmethod
    def _judge_places(judge: Callable[[Place], float], places: Sequence[int], most: int) -> None:
        """Judge the first place of each pattern, then other places of the best patterns while they get better.

        Args:
            judge: Judges a placement.
            places: How many places each pattern has.
            most: How many patterns are judged at most.
        """
        firsts = sorted((judge((pattern, 0, 0)), pattern) for pattern in range(min(most, len(places))))
        least = firsts[0][0]
        for _, pattern in firsts[:_REFINED]:
            since = 0
            for place in range(1, places[pattern]):
                bad = judge((pattern, place, 0))
                since = 0 if bad < least else since + 1
                least = min(least, bad)
                if since == _PATIENCE:
                    break


def _at(placements: Placements, place: Place) -> Placed:
    pattern, where, way = place
    return placements[pattern][where][way]
