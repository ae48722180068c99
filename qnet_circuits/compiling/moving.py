"""Moving: wires onto qubits such that all that meet are coupled when they meet, where each wire may move once.

A wire begins on one qubit and meets its first partners there. Then a SWAP moves it to a neighbour, where it meets the others.
Wires may follow one another on a qubit. Layouts grow wire by wire as in ``embedding``, and nothing is drawn at random. Where
qubits have few neighbours, this takes fewer gates than a router that starts from layouts without SWAPs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qiskit import QuantumCircuit

from qnet_circuits.compiling.embedding import in_turn
from qnet_circuits.compiling.prices import Prices, Uses, paid
from qnet_circuits.compiling.routing import Meeting, Routing, meetings
from qnet_circuits.compiling.ways import Way, pattern_of, routing_of

#: Partial layouts that go on: of all, for each qubit that the last wire ends on, and before a wire that meets none of them.
_KEPT, _EACH, _BEGUN = 4000, 12, 200
#: CX that move a wire to a qubit in |0⟩.
_MOVE = 2
#: Two wires that meet.
_Pair = tuple[int, int]


#: A partial layout: its loss, and the ways of its wires in the order of their turns.
_Grown = tuple[float, tuple[Way, ...]]
#: The times at which wires lie on each qubit.
_Taken = dict[int, list[tuple[float, float]]]
_Around = Mapping[int, Mapping[int, tuple[float, float]]]


class _Meet(NamedTuple):
    """A meeting of a wire with one whose turn was before: its number, that wire's turn, and its two-qubit gates."""

    number: int
    turn: int
    gates: float


@dataclass(frozen=True)
class _Step:
    """One wire's turn.

    Args:
        wire: The wire.
        begins: The first meeting of any kind that it has.
        meets: Its meetings with wires before it.
        moves: The meetings between which it may move.
        held: The wires before it that wires after it meet, by their turn.
    """

    wire: int
    begins: int
    meets: tuple[_Meet, ...]
    moves: tuple[_Pair, ...]
    held: tuple[int, ...]


def moving(circuit: QuantumCircuit, prices: Prices) -> list[Routing]:
    """Return ways to route a circuit in which each wire moves once at most, the least loss first, and one of each pattern.

    Args:
        circuit: A circuit whose wires meet in pairs; there is no way if more of them meet.
        prices: What its operations cost.
    """
    met = meetings(circuit)
    if any(len(wires) > 2 and not barrier for barrier, wires, _ in met):
        return []
    uses = Uses.of(circuit, prices)
    steps = _steps(met, uses)
    around = prices.within(1)
    beam: list[_Grown] = [(0.0, ())]
    for step in steps:
        gates, ends, before, seconds = uses.wires[step.wire]
        # How much of it happens on either qubit of a wire that moves is not known here, but the readout is on the last one.
        half = {q: paid((gates / 2, 0, 0, seconds / 2), price) for q, price in prices.qubits.items()}
        read = {q: paid((0, ends, before, 0), price) for q, price in prices.qubits.items()}
        beam = _kept(_extended(beam if step.meets else beam[:_BEGUN], step, half, read, around))
    turn = {step.wire: k for k, step in enumerate(steps)}
    found: dict[Hashable, Routing] = {}
    for _, ways in beam:
        own = [ways[turn[wire]] for wire in range(len(turn))]
        pattern = pattern_of(own)
        if pattern not in found and (routing := routing_of(met, own)) is not None:
            found[pattern] = routing
    return list(found.values())


def _steps(met: Sequence[Meeting], uses: Uses) -> list[_Step]:
    """Return the wires in turn."""
    own: dict[int, list[_Pair]] = {wire: [] for wire in range(len(uses.wires))}
    begins: dict[int, int] = {}
    for number, (barrier, wires, _) in enumerate(met):
        for wire in wires:  # A barrier on several may be the place of a channel.
            begins.setdefault(wire, number)
        if len(wires) == 2 and not barrier:
            for wire, other in (wires, wires[::-1]):
                own[wire].append((number, other))
    others = {wire: {other for _, other in meets} for wire, meets in own.items()}
    turn: dict[int, int] = {}
    steps = []
    for wire in in_turn(others):
        times = Counter(other for _, other in own[wire])
        meets = tuple(
            _Meet(number, turn[other], uses.meetings[frozenset((wire, other))] / times[other])
            for number, other in own[wire]
            if other in turn
        )
        pairs = zip(own[wire], own[wire][1:], strict=False)
        moves = tuple((one, two) for (one, before), (two, after) in pairs if before != after)
        held = tuple(k for w, k in turn.items() if others[w] - turn.keys() - {wire})
        turn[wire] = len(turn)
        steps.append(_Step(wire, begins.get(wire, -1), meets, moves, held))
    return steps


def _extended(
    beam: Iterable[_Grown],
    step: _Step,
    half: Mapping[int, float],
    read: Mapping[int, float],
    around: _Around,
) -> Iterable[_Grown]:
    """Return the layouts with one wire more; of those that end alike on the same qubits, only the best."""
    best: dict[Hashable, _Grown] = {}
    for loss, ways in beam:
        held = tuple([ways[k] for k in step.held])
        taken: _Taken = {}
        for way in ways:
            for qubit, begin, end in way.stays:
                taken.setdefault(qubit, []).append((begin, end))
        used = sum([1 << qubit for qubit in taken])
        for way, cost in _ways(step, ways, taken, around):
            whole = loss + cost + half[way.first] + half[way.last] + read[way.last]
            key = used | 1 << way.first | 1 << way.last, way, held
            if key not in best or whole < best[key][0]:
                best[key] = whole, (*ways, way)
    return best.values()


def _ways(step: _Step, ways: Sequence[Way], taken: _Taken, around: _Around) -> Iterator[tuple[Way, float]]:
    """Yield where a wire may lie beside those before it, and what its meetings with them and its move cost."""
    ends = [(meet.number, around[ways[meet.turn].at(meet.number)], meet.gates) for meet in step.meets]
    number, near, gates = ends[0] if ends else (math.inf, {}, 0.0)
    for qubit, met in near.items() if ends else dict.fromkeys(around, (0.0, 0.0)).items():
        cost = gates * met[0]
        for way, move in _beside(step, qubit, number, taken, around[qubit]):
            more = [(n, there.get(way.at(k))) for k, there, n in ends[1:]]
            if None not in [price for _, price in more]:
                yield way, cost + move + sum([n * price[0] for n, price in more if price])


def _beside(
    step: _Step, qubit: int, number: float, taken: _Taken, around: Mapping[int, tuple[float, float]]
) -> Iterator[tuple[Way, float]]:
    """Yield the ways of a wire that is on a qubit at one of its meetings, and what its move costs."""
    here, begins = taken.get(qubit, ()), step.begins
    if _is_free(here, begins, math.inf):
        yield Way(qubit, qubit, begins, math.inf, math.inf), 0.0
    for leaves, enters in step.moves:
        # The wire begins there, or ends there.
        first = number <= leaves
        if not (_is_free(here, begins, leaves) if first else _is_free(here, enters, math.inf)):
            continue
        for other, (price, _) in around.items():
            there = taken.get(other, ())
            if first and _is_free(there, enters, math.inf):
                yield Way(qubit, other, begins, leaves, enters), _MOVE * price
            elif not first and _is_free(there, begins, leaves):
                yield Way(other, qubit, begins, leaves, enters), _MOVE * price


def _is_free(taken: Sequence[tuple[float, float]], enters: float, leaves: float) -> bool:
    """Tell whether nobody lies on a qubit at some time."""
    return all([end < enters or leaves < begin for begin, end in taken])


def _kept(grown: Iterable[_Grown]) -> list[_Grown]:
    """Return the layouts with the least loss, some for each qubit that the last wire ends on."""
    heads: Counter[int] = Counter()
    kept = []
    for one in sorted(grown):
        last = one[1][-1].last
        heads[last] += 1
        if heads[last] <= _EACH:
            kept.append(one)
    return kept[:_KEPT]
