"""The digital twin: from a compiled circuit and a device's calibration to a circuit with all its noise made explicit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit

from qnet_circuits.backends.simulation.gate_errors import gate_error
from qnet_circuits.backends.simulation.noise_steps import (
    OPERATION,
    TimedStep,
    Waiting,
)
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Measurement,
    NoisyCircuit,
    NoisyStep,
    PauliError,
    Relax,
    Reset,
    Unitary,
    Weights,
)
from qnet_circuits.compiling.building import fence_label
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.devices.declared import Declared
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.pulses import joints
from qnet_circuits.devices.repaired import Usable, durations_of
from qnet_circuits.devices.schedule import (
    INSTANT,
    Rest,
    Timed,
    block_times,
    makespan,
    mid_circuit_measurements,
    rests,
    schedule,
    waits,
)


class Twin:
    """A device's noise, for the circuits of one program.

    Args:
        device: The device, or None: then only the links' own errors happen.
        noise: What is on.
        decoupling: Whether waiting qubits are decoupled by pairs of X pulses.
    """

    def __init__(self, device: Device | None, noise: DeviceNoise, decoupling: bool = False) -> None:
        self._usable = None if device is None else Usable(device.calibration)
        self._noise, self._decoupling = noise, decoupling

    def noisy(self, item: CompiledItem) -> NoisyCircuit:
        """Return a compiled item's circuit with all its noise made explicit."""
        return noisy_circuit(
            item.circuit, item.qubits, self._usable, self._noise, item.lowered.link_noise, self._decoupling
        )

    def timeline(self, item: CompiledItem) -> tuple[list[Timed], list[Rest]]:
        """Return when a compiled item's operations happen, and when its qubits wait."""
        twin = _Twin(item.circuit, item.qubits, self._usable, self._noise, {}, self._decoupling)
        timed = twin.timed()
        return timed, waits(rests(timed))

    def notes(self) -> tuple[str, ...]:
        """Return how gaps of the calibration were treated in what was asked for so far."""
        said = ("waiting qubits are decoupled by pairs of X pulses",) if self._decoupling else ()
        return said if self._usable is None else (*said, *self._usable.notes())


@dataclass(frozen=True)
class NoisyProgram:
    """The circuits of a compiled program with all their noise made explicit.

    Args:
        circuits: One for each item.
        notes: How gaps of the calibration were treated.
    """

    circuits: tuple[NoisyCircuit, ...]
    notes: tuple[str, ...]


def noisy_program(compiled: Compiled, device: Device | None, noise: DeviceNoise) -> NoisyProgram:
    """Return the circuits of a program on a device; prediction and sampling share them."""

    def made() -> NoisyProgram:
        twin = Twin(device, noise, compiled.decoupling)
        return NoisyProgram(tuple(map(twin.noisy, compiled)), twin.notes())

    return compiled.once("noisy circuits", (device, noise), made)


def noisy_circuit(
    circuit: QuantumCircuit,
    qubits: Sequence[int] = (),
    usable: Usable | None = None,
    noise: DeviceNoise | None = None,
    link_noise: Mapping[str, Weights] | None = None,
    decoupling: bool = False,
) -> NoisyCircuit:
    """Make the noise of a compiled circuit explicit.

    Operations happen when ``devices/schedule`` says. A gate is followed by relaxation of its qubits for its duration and by
    depolarisation that makes up the rest of its calibrated infidelity. A measurement takes its bit when it begins, with the
    error of the device's own operation for it if the circuit goes on; its qubit relaxes from the measured state afterwards if
    it is used again. A reset leaves |1⟩ as often as it errs. Every qubit in use relaxes while it waits.

    Args:
        circuit: A compiled circuit on the used qubits alone.
        qubits: The physical qubit of each of its wires; not needed without a device.
        usable: The device's calibration with its gaps treated, or None without a device.
        noise: What is on. Default: ``DeviceNoise()``.
        link_noise: The links' own errors, by the label of the fence where they happen.
        decoupling: Whether waiting qubits are decoupled by pairs of X pulses.

    Returns:
        The noisy circuit.

    Raises:
        UnsupportedError: If a loop would have to be timed.
    """
    twin = _Twin(circuit, qubits, usable, noise or DeviceNoise(), link_noise or {}, decoupling)
    steps, seconds = twin.steps()
    registers = tuple((register.name, register.size) for register in circuit.cregs)
    return NoisyCircuit(circuit.name, circuit.num_qubits, registers, tuple(steps), circuit, seconds)


@dataclass
class _Twin:
    """One circuit on its way to being noisy."""

    circuit: QuantumCircuit
    qubits: Sequence[int]
    usable: Usable | None
    noise: DeviceNoise
    link_noise: Mapping[str, Weights]
    decoupling: bool

    def __post_init__(self) -> None:
        self.mid_circuit = mid_circuit_measurements(self.circuit)
        self.timing, self.waiting = None, None
        if self.usable is not None and self.noise.idle:
            self.timing = durations_of(self.circuit, self.qubits, self.usable)
            declared = Declared.of(self.noise, self.usable)
            self.waiting = Waiting(self.qubits, self.usable, declared, self.decoupling, self.gate_error)
        self.errors: dict[tuple[str, tuple[int, ...]], list[NoisyStep]] = {}
        self.beside: dict[int, tuple[int, ...]] = {}

    def timed(self) -> list[Timed]:
        """Return the operations in order of time."""
        noise = self.noise
        return schedule(self.circuit, self.timing, noise.feedforward_latency, noise.decision_latency)

    def steps(self) -> tuple[list[NoisyStep], float]:
        """Return the steps in order of time, and the circuit's duration."""
        timed = self.timed()
        if self.waiting is None:
            return in_order(self._operations(timed)), makespan(timed)
        resting = rests(timed)
        waiting = waits(resting)
        pulses = self.waiting.pulses(waiting, joints(timed)) if self.decoupling else {}
        self.beside = self._beside(timed, resting, pulses)
        events = self._operations(timed)
        events += self.waiting.events(timed, resting, pulses)
        measured = [each for each in timed if each.position in self.mid_circuit]
        events += self.waiting.dephasing(waiting, measured)
        return in_order(events), makespan(timed)

    def _beside(
        self, timed: Sequence[Timed], resting: Sequence[Rest], pulses: Mapping[Rest, tuple[float, ...]]
    ) -> dict[int, tuple[int, ...]]:
        """Return, by the place of each decision, the wires beside it that are at rest, without a pulse, while it lasts."""
        assert self.waiting is not None
        own: dict[int, list[Rest]] = {}
        for rest in resting:
            own.setdefault(rest.wire, []).append(rest)
        found = {}
        for each in timed:
            if each.instruction.is_control_flow() and each.end > each.start:
                found[each.position] = tuple(
                    [
                        wire
                        for wire in self.waiting.beside(each.wires)
                        for rest in own.get(wire, ())
                        if rest.since <= each.start + INSTANT and each.end <= rest.end
                        if not any(each.start <= time <= each.end for time in pulses.get(rest, ()))
                    ]
                )
        return found

    def _operations(self, timed: Sequence[Timed]) -> list[TimedStep]:
        """Return what operations do, each at its begin; a link's error when the pair was made, not when it is needed."""
        number = {bit: k for k, bit in enumerate(self.circuit.clbits)}
        last_use = {wire: each.position for each in timed if not each.transparent for wire in each.wires}
        events: list[TimedStep] = []
        ended: dict[int, float] = {}
        acting: list[list[NoisyStep]] = []
        for each in timed:
            used_again = any([last_use.get(wire, -1) > each.position for wire in each.wires])
            acting.append(self._act(each, each.wires, number, used_again))
        late = self._late(timed, acting)
        for place, (each, steps) in enumerate(zip(timed, acting, strict=True)):
            time = ended.get(each.wires[0], each.start) if each.name == "barrier" else each.start
            moment = late.get(place, (time, place))
            events += [(moment[0], OPERATION, moment[1], step) for step in steps]
            if not each.transparent:
                for wire in each.wires:
                    ended[wire] = each.end
        return events

    def _late(
        self, timed: Sequence[Timed], acting: Sequence[Sequence[NoisyStep]]
    ) -> dict[int, tuple[float, float]]:
        """Return the latest moments of measurements whose wire is done afterwards, or reset: before their bit is asked for.

        A neighbour turns beside a wire that is measured as it does beside one that was. If its turns come before the
        measurement, nothing is left of the wire after it.
        """
        following: dict[int, tuple[str, tuple[float, float]]] = {}
        asked: dict[int, tuple[float, float]] = {}
        found: dict[int, tuple[float, float]] = {}
        if self.waiting is None or not self.waiting.declared.acts("zz"):
            return found
        for place in reversed(range(len(timed))):
            each, moment = timed[place], (timed[place].start, place - 0.5)
            if each.name == "measure":
                name, limit = following.get(each.wires[0], ("reset", (math.inf, place)))
                if name == "reset":
                    found[place] = min(limit, asked.get(each.bits[0], limit))
            asked.update(dict.fromkeys(each.bits, moment))
            if acting[place] or not each.transparent:
                following.update(dict.fromkeys(each.wires, (each.name, moment)))
        return found

    def _physical(self, wires: Sequence[int]) -> tuple[int, ...]:
        return tuple([self.qubits[wire] for wire in wires])

    def _act(
        self, each: Timed, wires: tuple[int, ...], number: Mapping[object, int], used_again: bool
    ) -> list[NoisyStep]:
        """Return the steps of one operation on wires of the circuit."""
        instruction, name = each.instruction, each.name
        if name == "measure":
            return self._measurement(each, wires[0], number[instruction.clbits[0]], used_again)
        if name == "barrier":
            weights = self.link_noise.get(fence_label(instruction) or "") if self.link_noise else None
            return [] if weights is None else [PauliError(wires[0], weights)]
        if name in ("delay", "global_phase"):
            return []
        if name == "reset":
            return [Reset(wires[0]), *self._reset_error(wires[0])]
        if instruction.is_control_flow():
            return [self._decision(each, wires, number)]
        if (name, wires) not in self.errors:
            self.errors[name, wires] = self.gate_error(name, wires)
        return [Unitary(instruction.operation, wires), *self.errors[name, wires]]

    def gate_error(self, name: str, wires: tuple[int, ...]) -> list[NoisyStep]:
        """Return the error of a gate on wires, if gates err."""
        if self.usable is None or not self.noise.gates:
            return []
        return gate_error(self.usable, name, wires, self._physical(wires))

    def _reset_error(self, wire: int) -> list[NoisyStep]:
        """Return the error of a reset, which leaves |1⟩, if gates err."""
        if self.usable is None or not self.noise.gates:
            return []
        error = min(self.usable.error("reset", (self.qubits[wire],)) or 0.0, 0.5)
        return [PauliError(wire, (1 - error, error, 0.0, 0.0))] if error else []

    def _measurement(self, each: Timed, wire: int, bit: int, used_again: bool) -> list[NoisyStep]:
        if self.usable is None:
            return [Measurement(wire, bit)]
        qubit = self.qubits[wire]
        middle = each.position in self.mid_circuit
        errors = self.usable.readout(qubit, middle) if self.noise.readout else (0.0, 0.0)
        relax = Relax(
            wire, (each.end - each.start) * self.noise.post_measure_fraction, *self.usable.relaxation(qubit)
        )
        return [Measurement(wire, bit, *errors), *([relax] if used_again and relax.acts else [])]

    def _decision(self, each: Timed, wires: tuple[int, ...], number: Mapping[object, int]) -> Decision:
        """Return a real-time decision; every branch lasts as long as the longest, and turns with wires that rest beside it."""
        operation, until = each.instruction.operation, each.end - each.start
        bits = tuple(number[bit] for bit in each.instruction.clbits)
        beside = self.beside.get(each.position, ())
        blocks = tuple(self._branch(block, wires, bits, until, beside) for block in operation.blocks)
        if operation.name == "if_else" and len(blocks) == 1:
            blocks = (*blocks, self._block([], (), wires, (), until, beside))
        touched = {wire for block in blocks for step in block for wire in step.wires}
        return Decision(operation, bits, (*wires, *(wire for wire in beside if wire in touched)), blocks)

    def _branch(
        self,
        block: QuantumCircuit,
        wires: tuple[int, ...],
        bits: tuple[int, ...],
        until: float,
        beside: tuple[int, ...],
    ) -> tuple[NoisyStep, ...]:
        """Return the steps of a branch; gates on one wire, which circuits of one program share, are remembered."""
        known = None if self.usable is None or len(wires) > 1 else self.usable.remembered
        if known is None or any(i.name in ("measure", "delay") or i.is_control_flow() for i in block.data):
            timed = block_times(block, wires, self.timing)
            return self._block(timed, block.clbits, wires, bits, until, beside)
        gates = tuple([(instruction.name, *instruction.params) for instruction in block.data])
        key = (gates, wires, self._physical(wires), until, beside, self._physical(beside))
        if key not in known:
            timed = block_times(block, wires, self.timing)
            known[key] = self._block(timed, block.clbits, wires, bits, until, beside)
        steps: tuple[NoisyStep, ...] = known[key]
        return steps

    def _block(
        self,
        timed: Sequence[Timed],
        clbits: Sequence[object],
        wires: tuple[int, ...],
        bits: tuple[int, ...],
        until: float,
        beside: tuple[int, ...],
    ) -> tuple[NoisyStep, ...]:
        number = dict(zip(clbits, bits, strict=True))
        # Inside a branch a measurement is the plain one, which its place in the branch must not be taken for another's.
        inside = [each._replace(position=-1, wires=tuple([wires[k] for k in each.wires])) for each in timed]
        events: list[TimedStep] = []
        for place, each in enumerate(inside):
            # Every wire of a branch is in use to its end, a measured one too.
            for step in self._act(each, each.wires, number, used_again=True):
                events.append((each.start, OPERATION, place, step))
        if self.waiting is not None:
            resting = rests(inside, until, wires) + [Rest(wire, 0.0, until, until) for wire in beside]
            events += self.waiting.events(inside, resting, {})
        return tuple(in_order(events))


def in_order(events: list[TimedStep]) -> list[NoisyStep]:
    """Return the steps of events in order of time, kind and place; those that share all three stay as they are."""
    return [step for *_, step in sorted(events, key=lambda event: event[:3])]
