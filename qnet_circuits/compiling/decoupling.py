"""Dynamical decoupling in the circuit itself: pairs of X pulses in the windows in which a qubit only waits.

This library puts the pulses in itself, since IBM's client refuses to beside a real-time decision; the service plays
pulses while one is on its way, as IBM's own tutorials have it (docs/model.md). Windows and moments are those that the
twin models (``devices/pulses``): what is slow against a window is echoed away, and so is ZZ between coupled neighbours,
whose pulses are staggered. Three things differ. The twin's pulses take no time, those of a circuit come out of its
delays; the twin knows any moment, a device steps of its clock; and the latencies of decisions are those of
``DeviceNoise()`` here, those of the run's noise on the twin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Delay, Qubit
from qiskit.circuit.library import XGate

from qnet_circuits.compiling.building import with_instructions
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.pulses import Window, colours, windows
from qnet_circuits.devices.repaired import Usable, durations_of
from qnet_circuits.devices.schedule import Timed, makespan, schedule
from qnet_circuits.errors import UnsupportedError, VerificationError

#: Rounding of times, in seconds: far less than any processor's clock.
_ROUNDING = 1e-12


def with_pulses(circuit: QuantumCircuit, qubits: Sequence[int], device: Device) -> QuantumCircuit:
    """Return a circuit with two X pulses in every window in which a qubit in use only waits.

    A window is the free time between two operations of a qubit, outside of branches, also while other qubits are measured or a
    decision is on its way. It is filled with delays and pulses up to its last aligned step, so the circuit lasts no longer.
    Qubits in |0⟩, and windows shorter than eight pulses, get no pulses.

    Args:
        circuit: A compiled circuit on the used qubits alone.
        qubits: The physical qubit of each of its wires.
        device: The device.

    Returns:
        The circuit with pulses; without them, and without delays, it is the circuit that was given.

    Raises:
        UnsupportedError: If the device has no X gate or no delays.
        VerificationError: If anything other than waiting changed.

    Example:
        >>> from qnet_circuits.backends.ibm.stand_ins import fake_device
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.sx(0), circuit.delay(5000, 0), circuit.cx(0, 1), circuit.measure(1, 0)
        >>> [i.name for i in with_pulses(circuit, (0, 1), fake_device("fake_manila")).data]
        ['sx', 'delay', 'x', 'delay', 'x', 'cx', 'measure']
    """
    found = _Decoupling(circuit, qubits, device).circuit_with_pulses()
    if found is not circuit:
        check_only_waiting_changed(circuit, found)
        _check_length(circuit, found, qubits, device)
    return found


@dataclass(frozen=True)
class _Clock:
    """The steps in which a device takes delays: multiples of its alignment, or any time where it has no clock."""

    step: float
    length: float
    unit: str

    @classmethod
    def of(cls, device: Device) -> _Clock:
        target = device.own_target
        if not target.dt:
            return cls(1e-9, 1e-9, "s")
        aligned = math.lcm(int(target.pulse_alignment), int(target.acquire_alignment))
        return cls(aligned * target.dt, aligned, "dt")

    def steps(self, seconds: float) -> int:
        """Return how many whole steps fit into a time."""
        return math.floor((seconds + _ROUNDING) / self.step)

    def delay(self, steps: int, qubit: Qubit) -> CircuitInstruction:
        length = steps * self.length
        return CircuitInstruction(Delay(int(length) if self.unit == "dt" else length, self.unit), (qubit,))


class _Decoupling:
    """One circuit on its way to pulses."""

    def __init__(self, circuit: QuantumCircuit, qubits: Sequence[int], device: Device) -> None:
        self._circuit, self._qubits, self._device = circuit, qubits, device
        self._usable, self._clock = Usable(device.calibration), _Clock.of(device)
        self._colours = colours(self._usable.coupled(qubits))

    def circuit_with_pulses(self) -> QuantumCircuit:
        timed = _timed(self._circuit, self._qubits, self._usable)
        before = _first_at(timed)
        put: dict[int, list[CircuitInstruction]] = {}
        found = [window for own in windows(timed, self._pulse_seconds).values() for window in own]
        for window in found:
            put.setdefault(before[window.wire, window.end], []).extend(self._sequence(window))
        return self._rebuilt(put, _delays_in(timed, found)) if found else self._circuit

    def _rebuilt(self, put: Mapping[int, Sequence[CircuitInstruction]], dropped: set[int]) -> QuantumCircuit:
        done: list[CircuitInstruction] = []
        for position, instruction in enumerate(self._circuit.data):
            done += [*put.get(position, ()), *(() if position in dropped else (instruction,))]
        return with_instructions(self._circuit, done)

    def _sequence(self, window: Window) -> list[CircuitInstruction]:
        """Return the delays and pulses of a window; what its pulses do not take is shared so that both halves are as long."""
        qubit = self._circuit.qubits[window.wire]
        self._check_target(self._qubits[window.wire])
        pulse = math.ceil((self._pulse_seconds(window.wire) - _ROUNDING) / self._clock.step)
        free = self._clock.steps(window.seconds) - 2 * pulse
        half = free // 2
        lengths = (free // 4, half, free - half - free // 4)
        if self._colours.get(window.wire, 0):
            lengths = (half, free - half, 0)
        x = CircuitInstruction(XGate(), (qubit,))
        delays = [self._clock.delay(steps, qubit) if steps else None for steps in lengths]
        ordered = [delays[0], x, delays[1], x, delays[2]]
        return [each for each in ordered if each is not None]

    def _pulse_seconds(self, wire: int) -> float:
        return self._usable.duration("x", (self._qubits[wire],))

    def _check_target(self, qubit: int) -> None:
        for name in ("x", "delay"):
            if not self._device.target.instruction_supported(name, (qubit,)):
                raise UnsupportedError(
                    f"{self._device.name} has no {name} on qubit {qubit}, of which decoupling is made; leave decoupling out"
                )


def _timed(circuit: QuantumCircuit, qubits: Sequence[int], usable: Usable, hold: bool = True) -> list[Timed]:
    noise, durations = DeviceNoise(), durations_of(circuit, qubits, usable)
    return schedule(circuit, durations, noise.feedforward_latency, noise.decision_latency, hold)


def _first_at(timed: Sequence[Timed]) -> dict[tuple[int, float], int]:
    """Return the first instruction that begins on a wire at a time: before it, pulses of a wait that ends there are put."""
    found: dict[tuple[int, float], int] = {}
    for each in timed:
        for wire in each.wires:
            place = (wire, each.start)
            found[place] = min(found.get(place, each.position), each.position)
    return found


def _delays_in(timed: Sequence[Timed], windows: Sequence[Window]) -> set[int]:
    """Return the positions of the delays in some windows, whose time the windows' own delays take."""
    of_wire: dict[int, list[Window]] = {}
    for window in windows:
        of_wire.setdefault(window.wire, []).append(window)
    return {
        each.position
        for each in timed
        if each.name == "delay"
        for window in of_wire.get(each.wires[0], ())
        if window.start - _ROUNDING <= each.start and each.end <= window.end + _ROUNDING
    }


def check_only_waiting_changed(before: QuantumCircuit, after: QuantumCircuit) -> None:
    """Check that a circuit with pulses is the one without, but for delays and pairs of X on wires that wait.

    Args:
        before: The circuit without pulses.
        after: The circuit with them.

    Raises:
        VerificationError: If an instruction is missing, was moved or changed, or a pair of pulses is not closed before it.
    """
    meant = [instruction for instruction in before.data if instruction.name != "delay"]
    next_one = 0
    open_pulses: set[Qubit] = set()
    for position, found in enumerate(after.data):
        if found.name == "delay":
            continue
        expected = next_one < len(meant) and _same(meant[next_one], found)
        closed = open_pulses.isdisjoint(found.qubits)
        # One X may stand for another of the same wire: what counts is that all of them together are the same.
        if expected and closed:
            next_one += 1
        elif found.name == "x":
            open_pulses ^= set(found.qubits)
        else:
            what = f"{found.name} (instruction {position})"
            why = "is not the next operation" if closed else "comes between two pulses"
            raise VerificationError(f"decoupling changed circuit {before.name!r}: {what} {why}")
    if next_one < len(meant) or open_pulses:
        what = meant[next_one].name if next_one < len(meant) else "the second pulse of a pair"
        raise VerificationError(f"decoupling changed circuit {before.name!r}: {what} is missing")


def _same(one: CircuitInstruction, other: CircuitInstruction) -> bool:
    return (
        one.name == other.name
        and one.qubits == other.qubits
        and one.clbits == other.clbits
        and one.label == other.label
        and bool(one.operation == other.operation)
    )


def _check_length(
    before: QuantumCircuit, after: QuantumCircuit, qubits: Sequence[int], device: Device
) -> None:
    usable = Usable(device.calibration)
    # Pulses are played while decisions are on their way.
    lasted, lasts = (
        makespan(_timed(before, qubits, usable)),
        makespan(_timed(after, qubits, usable, hold=False)),
    )
    if lasts > lasted + _ROUNDING * len(after.data):
        raise VerificationError(
            f"decoupling made circuit {before.name!r} longer: {lasts * 1e6:g} instead of {lasted * 1e6:g} µs"
        )
