"""Embedding: wires onto qubits such that all that meet are coupled, where the calibration says that least is lost.

A layout grows wire by wire, from each qubit at once, and the best partial layouts go on, whatever the shape: lines, stars,
rings, grids. Nothing is drawn at random.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

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
    """Return the wires in turn: each meets one before it if it can, those that close a ring first, and few are left open."""
    others: dict[int, dict[int, int]] = {wire: {} for wire in range(len(uses.wires))}
    for pair, n in uses.meetings.items():
        a, b = sorted(pair)
        others[a][b] = others[b][a] = n
    partners = {wire: met.keys() for wire, met in others.items()}
    turn: dict[int, int] = {}
    steps = []
    while len(turn) < len(others):
        wire = next_wire(partners, turn)
        meets = tuple((turn[v], n) for v, n in others[wire].items() if v in turn)
        near = _reached(wire, others, turn)
        turn[wire] = len(turn)
        left = tuple(k for w, k in turn.items() if others[w].keys() - turn.keys())
        steps.append(_Step(wire, turn[wire], meets, near, left))
    return steps


def next_wire(others: Mapping[int, Set[int]], turn: Mapping[int, int]) -> int:
    """Return the wire whose turn is next, given which wires each meets: it closes rings first, and leaves few open."""
    return min(
        others.keys() - turn.keys(),
        key=lambda w: (
            -len(others[w] & turn.keys()),
            len(others[w] - turn.keys()),
            -max([turn[v] for v in others[w] if v in turn], default=0),
            w,
        ),
    )


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
    around = prices.within(reach)
    steps = _steps(uses)
    apart = prices.distances if any(step.near for step in steps) else {}
    beam: list[tuple[float, Layout, int]] = [(0.0, (), 0)]
    for step in steps:
        own = {qubit: paid(uses.wires[step.wire], price) for qubit, price in prices.qubits.items()}
        near = [(k, most * reach) for k, most in step.near]
        # A wire that meets none before it may go anywhere: from the best layouts that is enough of a choice.
        begun = beam if step.meets else beam[:_FEWEST]
        grown = _kept(_extended(begun, step, own, around, near, apart), len(steps) * reach, each)
        beam = [(loss, (*before, qubit), used) for loss, used, qubit, before in grown]
    turn = {step.wire: k for k, step in enumerate(steps)}
    return [
        (loss + uses.turned, tuple([qubits[turn[wire]] for wire in range(len(turn))]))
        for loss, qubits, _ in beam
    ]


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
    free = [(qubit, 1 << qubit, price) for qubit, price in own.items()]
    moves: Mapping[int, Sequence[_Move]] = {
        at: [(qubit, 1 << qubit, own[qubit] + n * gate + swaps) for qubit, (gate, swaps) in there.items()]
        for at, there in (around.items() if step.meets else ())
    }
    held_open = [k for k in step.open if k != step.turn]
    best: dict[tuple[int, ...], _Grown] = {}
    for loss, qubits, used in beam:
        held = tuple([qubits[k] for k in held_open])
        for qubit, bit, price in moves[qubits[first]] if step.meets else free:
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
