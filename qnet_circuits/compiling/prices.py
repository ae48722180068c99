"""Prices: the losses of operations on each qubit and coupling of a device, by its calibration, in a form that adds up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from statistics import median

from qiskit import QuantumCircuit
from qiskit.circuit import Qubit

from qnet_circuits.compiling.building import meeting_pairs
from qnet_circuits.compiling.swaps import left_by
from qnet_circuits.devices.declared import typical_of
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.levels import TRANSPARENT
from qnet_circuits.devices.repaired import Usable, durations_of
from qnet_circuits.devices.schedule import Rest, mid_circuit_measurements, rests, schedule, turns, waits
from qnet_circuits.errors import UnsupportedError

Edge = frozenset[int]
#: Of one wire or qubit: one-qubit gates, readouts at the end, readouts before, and seconds of waiting.
Four = tuple[float, float, float, float]
#: Loss of what surely fails; finite, so that sums can be compared.
_LOST = 20.0
#: What is added to the median that stands for a failed calibration. Nobody knows how bad such a gate is, so each use of it is
#: in doubt anew, and losses of gates add up: a circuit with many of them goes round by many SWAPs.
_DOUBT = 1.0
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

    @cached_property
    def distances(self) -> dict[int, dict[int, int]]:
        """How many couplings apart qubits are; qubits that no couplings join are left out."""
        around: dict[int, list[int]] = {qubit: [] for qubit in self.qubits}
        for a, b in self.couplings:
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

    def within(self, reach: int) -> dict[int, dict[int, tuple[float, float]]]:
        """Return, for each qubit, those in reach: what each meeting costs there, and the SWAPs that bring the two together."""
        around: dict[int, dict[int, tuple[float, float]]] = {qubit: {} for qubit in self.qubits}
        for pair, cost in sorted((sorted(edge), cost) for edge, cost in self.couplings.items()):
            around[pair[0]][pair[1]] = around[pair[1]][pair[0]] = cost, 0.0
        if reach == 1:
            return around
        usual = median(self.couplings.values()) if self.couplings else 0.0
        far = {
            a: {b: (usual, 3 * (d - 1) * usual) for b, d in others.items() if 1 < d <= reach}
            for a, others in self.distances.items()
        }
        return {qubit: {**far[qubit], **near} for qubit, near in around.items()}


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
        turned: The loss by turns of coupled wires at rest, which is the same wherever the circuit is.
    """

    meetings: Counter[Edge]
    wires: tuple[Four, ...]
    turned: float = 0.0

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
        waiting, turned = _at_rest(circuit, prices.usable, middle, meetings)
        return cls(meetings, tuple(zip(gates, ends, before, waiting, strict=True)), turned)

    def cost(self, layout: Sequence[int], prices: Prices) -> float:
        """Return the loss of a circuit on a layout."""
        meet = sum(
            n * prices.couplings[frozenset(layout[w] for w in pair)] for pair, n in self.meetings.items()
        )
        paid_for = sum(paid(own, prices.qubits[q]) for own, q in zip(self.wires, layout, strict=True))
        return meet + paid_for + self.turned


def paid(amounts: Four, prices: Four) -> float:
    """Return the loss of some amounts at given prices."""
    gates, ends, before, seconds = amounts
    gate, end, middle, second = prices
    return gates * gate + ends * end + before * middle + seconds * second


def _at_rest(
    circuit: QuantumCircuit, usable: Usable | None, middle: set[int], pairs: Iterable[Edge]
) -> tuple[list[float], float]:
    """Return the seconds that each wire waits, by the device's median durations, and the loss by turns of wires at rest.

    Nothing waits where a loop has no length.
    """
    waited = [0.0] * circuit.num_qubits
    if usable is None:
        return waited, 0.0
    seconds = durations_of(circuit, None, usable, middle)
    noise = DeviceNoise()
    try:
        timed = schedule(circuit, seconds, noise.feedforward_latency, noise.decision_latency)
    except UnsupportedError:
        return waited, 0.0
    left = _left(circuit)
    empty = {(wire, each.end) for each in timed for wire in each.wires if (wire, each.position) in left}
    resting = [rest for rest in rests(timed) if (rest.wire, rest.since) not in empty]
    for wait in waits(resting):
        waited[wait.wire] += wait.seconds
    return waited, _turned(resting, pairs, typical_of(usable)[0])


def _left(circuit: QuantumCircuit) -> set[tuple[int, int]]:
    """Return the wires that moves leave in |0⟩, each with the position of what is done to it last before."""
    wire = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    last: dict[Qubit, int] = {}
    found = set()
    for position, each in enumerate(circuit.data):
        if (qubit := left_by(each)) is not None:
            found.add((wire[qubit], last[qubit]))
        elif each.name not in TRANSPARENT:
            last.update(dict.fromkeys(each.qubits, position))
    return found


def _turned(resting: Iterable[Rest], pairs: Iterable[Edge], strength: float) -> float:
    """Return the loss by turns of pairs of wires: -log of the probability that a turn, as random Pauli errors, does nothing.

    More than half a turn counts as half a turn: that it comes back would be luck with a strength that is only typical.
    """
    own: dict[int, list[Rest]] = {}
    for rest in resting if strength else ():
        own.setdefault(rest.wire, []).append(rest)
    angles = (
        2 * math.pi * strength * (end - start)
        for a, b in map(sorted, pairs)
        for start, end, *_ in turns(own.get(a, ()), own.get(b, ()))
    )
    return sum(-math.log((5 + 3 * math.cos(min(angle, math.pi))) / 8) for angle in angles)
