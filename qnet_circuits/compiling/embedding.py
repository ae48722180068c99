"""Embedding: wires onto qubits such that all that meet are coupled, where the calibration says that least is lost.

A layout grows wire by wire, from each qubit at once, and the best partial layouts go on, whatever the shape: lines, stars,
rings, grids. Nothing is drawn at random.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction

from qnet_circuits.compiling.building import meeting_pairs
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import mid_circuit_measurements, rests, schedule, waits
from qnet_circuits.errors import UnsupportedError

Edge = frozenset[int]
#: Of one wire or qubit: one-qubit gates, readouts at the end, readouts before, and seconds of waiting.
Four = tuple[float, float, float, float]
Layout = tuple[int, ...]
#: Loss of what surely fails; finite, so that sums can be compared.
_LOST = 20.0
#: What is added to the median that stands for a failed calibration: a doubt that many SWAPs are better than.
_DOUBT = 1.0
#: Partial layouts that are kept, divided by the number of wires, and the fewest.
_KEPT, _FEWEST = 60_000, 200
#: Those for each qubit that the last wire may lie on: one for so many wires, and the fewest.
_WIRES_EACH, _FEWEST_EACH = 5, 4
#: Gates that are changes of reference frame.
_FREE = frozenset(("barrier", "delay", "id", "z", "s", "sdg", "t", "tdg", "rz", "p", "u1", "global_phase"))


def loss(error: float | None, factor: float) -> float:
    """Return -log of what an error leaves of a parity, 1 - factor * error: 2 for readouts, 4/3 for gates.

    Example:
        >>> round(loss(0.01, 2), 4), loss(0.5, 2)
        (0.0202, 20.0)
    """
    left = 1 - factor * (error or 0.0)
    return -math.log(left) if left > math.exp(-_LOST) else _LOST


@dataclass(frozen=True)
class Prices:
    """What operations on a device leave of a parity, as -log, so that the losses of a circuit add up.

    Args:
        couplings: That of a two-qubit gate on each coupling that may be used.
        qubits: Those of what happens on each qubit that may be used.
        usable: The calibration that tells how long operations take, where waiting has a price.
    """

    couplings: Mapping[Edge, float]
    qubits: Mapping[int, Four]
    usable: Usable | None = None

    @classmethod
    def of(cls, device: Device, doubtful: bool = False) -> Prices:
        """Return a device's prices; what its calibration failed of has one only if it is asked for, with a doubt added."""
        usable, calibration = Usable(device.calibration), device.calibration
        failed_qubits, failed = calibration.failed_qubits, calibration.failed_couplings
        qubits = {
            qubit: _on_qubit(usable, qubit, qubit in failed_qubits)
            for qubit in range(device.num_qubits)
            if doubtful or qubit not in failed_qubits
        }
        couplings = {
            edge: loss(usable.error(name, tuple(edge)) if name else None, 4 / 3) + _DOUBT * (edge in failed)
            for edge, name in gates_of(device).items()
            if edge <= qubits.keys() and (doubtful or edge not in failed)
        }
        return cls(couplings, qubits, usable)


def _on_qubit(usable: Usable, qubit: int, failed: bool) -> Four:
    t1, t2 = usable.relaxation(qubit)
    end, before = (loss(sum(usable.readout(qubit, middle)) / 2, 2) for middle in (False, True))
    return (
        loss(usable.error("sx", (qubit,)), 4 / 3) + _DOUBT * failed,
        end,
        before,
        1 / (3 * t1) + 2 / (3 * t2),
    )


def gates_of(device: Device) -> dict[Edge, str]:
    """Return each coupling with its two-qubit gate, the one of a fixed angle if there are several."""
    entries = [entry for entry in device.calibration.entries if len(entry.qubits) == 2]
    if not device.calibration.couplings:
        return {frozenset(pair): "" for pair in combinations(range(device.num_qubits), 2)}
    return {
        frozenset(each.qubits): each.name for each in sorted(entries, key=lambda each: each.name != "rzz")
    }


@dataclass(frozen=True)
class Uses:
    """What a circuit does that costs.

    Args:
        meetings: Number of two-qubit gates of each pair of wires.
        wires: What each wire does.
    """

    meetings: Counter[Edge]
    wires: tuple[Four, ...]

    @classmethod
    def of(cls, circuit: QuantumCircuit, prices: Prices) -> Uses:
        """Count them.

        Args:
            circuit: A circuit of plain gates.
            prices: The prices of the device, with how long operations take there.
        """
        wire = {qubit: k for k, qubit in enumerate(circuit.qubits)}
        meetings: Counter[Edge] = Counter()
        gates, ends, before = ([0] * len(wire) for _ in range(3))
        middle = mid_circuit_measurements(circuit)
        for position, each in enumerate(circuit.data):
            if each.name == "measure":
                (before if position in middle else ends)[wire[each.qubits[0]]] += 1
            elif len(each.qubits) == 1:
                gates[wire[each.qubits[0]]] += each.name not in _FREE
            for pair in meeting_pairs(each):
                meetings[frozenset(wire[qubit] for qubit in pair)] += 1
        waiting = _waiting(circuit, prices.usable, middle)
        return cls(meetings, tuple(zip(gates, ends, before, waiting, strict=True)))

    def cost(self, layout: Sequence[int], prices: Prices) -> float:
        """Return the loss of a circuit on a layout."""
        meet = sum(
            n * prices.couplings[frozenset(layout[w] for w in pair)] for pair, n in self.meetings.items()
        )
        return meet + sum(_times(own, prices.qubits[q]) for own, q in zip(self.wires, layout, strict=True))


def _times(amounts: Four, prices: Four) -> float:
    return sum([amount * price for amount, price in zip(amounts, prices, strict=True)])


def _waiting(circuit: QuantumCircuit, usable: Usable | None, middle: set[int]) -> list[float]:
    """Return the seconds that each wire waits, by the device's median durations; none where a loop has no length."""
    waited = [0.0] * circuit.num_qubits
    if usable is None:
        return waited

    def seconds(position: int, instruction: CircuitInstruction, wires: tuple[int, ...]) -> float:
        name = str(instruction.name)
        if name == "delay":
            return usable.delay(instruction.operation)
        return usable.typical_seconds(
            usable.mid_circuit_measurement if position in middle else name, len(wires)
        )

    noise = DeviceNoise()
    with suppress(UnsupportedError):
        for wait in waits(
            rests(schedule(circuit, seconds, noise.feedforward_latency, noise.decision_latency))
        ):
            waited[wait.wire] += wait.seconds
    return waited


# -- the search --------------------------------------------------------------------------------------------------------

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
    turn: dict[int, int] = {}
    steps = []
    while len(turn) < len(others):
        wire = min(
            others.keys() - turn.keys(),
            key=lambda w: (
                -len(others[w].keys() & turn.keys()),
                len(others[w].keys() - turn.keys()),
                -max([turn[v] for v in others[w] if v in turn], default=0),
                w,
            ),
        )
        meets = tuple((turn[v], n) for v, n in others[wire].items() if v in turn)
        near = _reached(wire, others, turn)
        turn[wire] = len(turn)
        left = tuple(k for w, k in turn.items() if others[w].keys() - turn.keys())
        steps.append(_Step(wire, turn[wire], meets, near, left))
    return steps


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


def embed(uses: Uses, prices: Prices, reach: int = 1) -> list[tuple[float, Layout]]:
    """Return layouts for wires that meet, with their losses, the least first; those on the same qubits end on different ones.

    The search is whole for few wires; for many it keeps the best partial layouts for each qubit at their head.

    Args:
        uses: What the circuit does.
        prices: What that costs.
        reach: How many couplings apart wires may be that meet: SWAPs will bring them together.
    """
    around = _within(prices, reach)
    steps = _steps(uses)
    apart = _distances(prices) if any(step.near for step in steps) else {}
    beam: list[tuple[float, Layout, int]] = [(0.0, (), 0)]
    for step in steps:
        own = {qubit: _times(uses.wires[step.wire], price) for qubit, price in prices.qubits.items()}
        near = [(k, most * reach) for k, most in step.near]
        # A wire that meets none before it may go anywhere: from the best layouts that is enough of a choice.
        begun = beam if step.meets else beam[:_FEWEST]
        grown = _kept(_extended(begun, step, own, around, near, apart), len(steps) * reach)
        beam = [(loss, (*before, qubit), used) for loss, used, qubit, before in grown]
    turn = {step.wire: k for k, step in enumerate(steps)}
    return [(loss, tuple([qubits[turn[wire]] for wire in range(len(turn))])) for loss, qubits, _ in beam]


def _within(prices: Prices, reach: int) -> dict[int, dict[int, tuple[float, float]]]:
    """Return, for each qubit, those in reach: what each meeting costs there, and the SWAPs that bring the two together."""
    around: dict[int, dict[int, tuple[float, float]]] = {qubit: {} for qubit in prices.qubits}
    for pair, cost in sorted((sorted(edge), cost) for edge, cost in prices.couplings.items()):
        around[pair[0]][pair[1]] = around[pair[1]][pair[0]] = cost, 0.0
    if reach == 1:
        return around
    usual = median(prices.couplings.values()) if prices.couplings else 0.0
    far = {
        a: {b: (usual, 3 * (d - 1) * usual) for b, d in others.items() if 1 < d <= reach}
        for a, others in _distances(prices).items()
    }
    return {qubit: {**far[qubit], **near} for qubit, near in around.items()}


def _distances(prices: Prices) -> dict[int, dict[int, int]]:
    """Return how many couplings apart qubits are."""
    around: dict[int, list[int]] = {qubit: [] for qubit in prices.qubits}
    for a, b in prices.couplings:
        around[a].append(b)
        around[b].append(a)
    found = {}
    for qubit in around:
        distance, queue = {qubit: 0}, [qubit]
        for at in queue:
            for other in around[at]:
                if other not in distance:
                    distance[other] = distance[at] + 1
                    queue.append(other)
        found[qubit] = distance
    return found


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


def _kept(grown: Iterable[_Grown], wires: int) -> list[_Grown]:
    """Return the layouts with the least loss, some for each place of the last wire, so that no region drops out early."""
    each, most = max(_FEWEST_EACH, wires // _WIRES_EACH), max(_FEWEST, _KEPT // wires)
    heads: Counter[int] = Counter()
    kept = []
    for one in sorted(grown):
        heads[one[2]] += 1
        if heads[one[2]] <= each:
            kept.append(one)
    return kept[:most]
