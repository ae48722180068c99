"""Embedding: wires onto qubits such that all that meet are coupled, where the calibration says that least is lost.

A layout grows wire by wire, from each qubit at once, and the best partial layouts go on, whatever the shape: lines, stars,
rings, grids. Nothing is drawn at random.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from heapq import heapify, heappop, heappush

from qnet_circuits.compiling.prices import Prices, Uses, paid

Layout = tuple[int, ...]
#: Partial layouts that are kept, divided by the number of wires, and the fewest.
_KEPT, _FEWEST = 60_000, 200
#: Those for each qubit that the last wire may lie on: one for so many wires, and the fewest.
_WIRES_EACH, _FEWEST_EACH = 5, 4
#: A partial layout: its loss, its qubits as a bit mask, the last of them, and those before in the order of their wires' turns.
_Grown = tuple[float, int, int, Layout]
#: What a wire may be put on beside another: the qubit, its bit, and what is lost by that.
_Move = tuple[int, int, float]


@dataclass(frozen=True)
class _Step:
    """One wire's turn.

    Args:
        wire: The wire.
        turn: When it comes.
        meets: The wires before it that it meets, by their turn, and how often.
        near: The other wires before it that wires after it lead to, and over how many couplings at most.
        open: The wires up to it that wires after it meet, by their turn.
    """

    wire: int
    turn: int
    meets: tuple[tuple[int, int], ...]
    near: tuple[tuple[int, int], ...]
    open: tuple[int, ...]


def _steps(uses: Uses) -> list[_Step]:
    """Return the wires in turn, without those to which nothing happens."""
    others: dict[int, dict[int, int]] = {wire: {} for wire in range(len(uses.wires))}
    for pair, n in uses.meetings.items():
        a, b = sorted(pair)
        others[a][b] = others[b][a] = n
    turn: dict[int, int] = {}
    #: The wires before that wires after meet, by their turn.
    held: dict[int, int] = {}
    steps = []
    for wire in in_turn({wire: met.keys() for wire, met in others.items() if met or any(uses.wires[wire])}):
        meets = tuple((turn[v], n) for v, n in others[wire].items() if v in turn)
        near = _reached(wire, others, turn) if held else ()
        turn[wire] = held[wire] = len(turn)
        for v in (wire, *others[wire]):
            if others[v].keys() <= turn.keys():
                held.pop(v, None)
        steps.append(_Step(wire, turn[wire], meets, near, tuple(held.values())))
    return steps


def in_turn(others: Mapping[int, Set[int]]) -> list[int]:
    """Return wires in turn: each meets one before it if it can, those that close a ring first, and few are left open.

    Args:
        others: Which wires each meets.

    Example:
        >>> in_turn({0: {1, 2}, 1: {0}, 2: {0, 3}, 3: {2}})
        [1, 0, 2, 3]
    """
    turn: dict[int, int] = {}

    def rank(wire: int) -> tuple[int, int, int, int]:
        before = [turn[v] for v in others[wire] if v in turn]
        return -len(before), len(others[wire]) - len(before), -max(before, default=0), wire

    queue = [rank(wire) for wire in others]
    heapify(queue)
    while queue:
        found = heappop(queue)
        wire = found[-1]
        # If its rank has changed since, it is in the queue again.
        if wire not in turn and found == rank(wire):
            turn[wire] = len(turn)
            for v in others[wire] - turn.keys():
                heappush(queue, rank(v))
    return list(turn)


def _reached(
    wire: int, others: Mapping[int, Mapping[int, int]], turn: Mapping[int, int]
) -> tuple[tuple[int, int], ...]:
    """Return the placed wires that a wire reaches through wires that are not placed, with the number of meetings on the way."""
    distance = {wire: 0}
    queue = [wire]
    for at in queue:
        for v in others[at]:
            if v not in distance:
                distance[v] = distance[at] + 1
                if v not in turn:
                    queue.append(v)
    return tuple((turn[v], d) for v, d in distance.items() if v in turn and d > 1)


def embed(uses: Uses, prices: Prices, reach: int = 1, each: int = _FEWEST_EACH) -> list[tuple[float, Layout]]:
    """Return layouts for wires that meet, with their losses, the least first; those on the same qubits end on different ones.

    Not all layouts are looked at: after each wire, the best few partial layouts for each qubit under it go on.

    Args:
        uses: What the circuit does.
        prices: What that costs.
        reach: How many couplings apart wires may be that meet: SWAPs will bring them together.
        each: How many layouts for each qubit under the last wire go on at least.
    """
    if len(uses.wires) > len(prices.qubits):
        return []
    around = prices.within(reach)
    steps = _steps(uses)
    apart = prices.distances if any(step.near for step in steps) else {}
    beam: list[tuple[float, Layout, int]] = [(0.0, (), 0)]
    own_of = {
        amounts: {qubit: paid(amounts, price) for qubit, price in prices.qubits.items()}
        for amounts in set(uses.wires)
    }
    for step in steps:
        own = own_of[uses.wires[step.wire]]
        near = [(k, most * reach) for k, most in step.near]
        # A wire that meets none before it may go anywhere: from the best layouts that is enough of a choice.
        begun = beam if step.meets else beam[:_FEWEST]
        grown = _kept(_extended(begun, step, own, around, near, apart), len(steps) * reach, each)
        beam = [(loss, (*before, qubit), used) for loss, used, qubit, before in grown]
    turn = {step.wire: k for k, step in enumerate(steps)}
    return [
        (loss + uses.turned, _whole(qubits, turn, len(uses.wires), prices.qubits)) for loss, qubits, _ in beam
    ]


def _whole(placed: Layout, turn: Mapping[int, int], wires: int, qubits: Iterable[int]) -> Layout:
    """Return the qubit of each wire. Wires to which nothing happens, as to those that only others pass, lie anywhere."""
    free = iter(sorted(set(qubits).difference(placed)))
    return tuple([placed[turn[wire]] if wire in turn else next(free) for wire in range(wires)])


def _extended(
    beam: Iterable[tuple[float, Layout, int]],
    step: _Step,
    own: Mapping[int, float],
    around: Mapping[int, Mapping[int, tuple[float, float]]],
    near: Sequence[tuple[int, int]],
    apart: Mapping[int, Mapping[int, int]],
) -> Iterable[_Grown]:
    """Return the layouts with one wire more; of those that end alike on the same qubits, only the best."""
    (first, n), *more = step.meets or ((0, 0),)

    @cache
    def moves(at: int) -> Sequence[_Move]:
        near = around[at].items()
        return [(qubit, 1 << qubit, own[qubit] + n * gate + swaps) for qubit, (gate, swaps) in near]

    free = [] if step.meets else [(qubit, 1 << qubit, price) for qubit, price in own.items()]
    held_open = [k for k in step.open if k != step.turn]
    best: dict[tuple[int, ...], _Grown] = {}
    for loss, qubits, used in beam:
        held = tuple([qubits[k] for k in held_open])
        for qubit, bit, price in moves(qubits[first]) if step.meets else free:
            if used & bit:
                continue
            whole = loss + price
            if more or near:
                if any([apart[qubit].get(qubits[k], math.inf) > most for k, most in near]):
                    continue
                extra = [(n, around[qubits[k]].get(qubit)) for k, n in more]
                if None in [price for _, price in extra]:
                    continue
                whole += sum([n * price[0] + price[1] for n, price in extra if price])
            key = (used | bit, qubit, *held)
            if key not in best or whole < best[key][0]:
                best[key] = (whole, used | bit, qubit, qubits)
    return best.values()


def _kept(grown: Iterable[_Grown], wires: int, fewest: int) -> list[_Grown]:
    """Return the layouts with the least loss, some for each place of the last wire, so that no region drops out early."""
    each, most = max(fewest, wires // _WIRES_EACH), max(_FEWEST, _KEPT // wires)
    heads: Counter[int] = Counter()
    kept = []
    for one in sorted(grown):
        heads[one[2]] += 1
        if heads[one[2]] <= each:
            kept.append(one)
    return kept[:most]
