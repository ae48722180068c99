"""The digital twin: from a compiled circuit and a device's calibration to a circuit with all its noise made explicit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Clbit

from qnet_circuits.backends.simulation.operations import Operations
from qnet_circuits.backends.simulation.steps import (
    OPERATION,
    Decision,
    NoisyCircuit,
    NoisyStep,
    PauliError,
    TimedStep,
    Transfer,
    Turn,
    in_order,
)
from qnet_circuits.backends.simulation.waiting import Waiting
from qnet_circuits.compiling.building import place_label
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.declared import Declared
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.pulses import Pulses, pulses
from qnet_circuits.devices.repaired import Usable, durations_of
from qnet_circuits.devices.schedule import (
    INSTANT,
    DurationOf,
    Rest,
    Timed,
    block_times,
    makespan,
    mid_circuit_measurements,
    rests,
    schedule,
)
from qnet_circuits.programs.channel import Channel


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
        usable = None if device is None else Usable(device.calibration)
        twin = Twin(usable, noise, compiled.decoupling)
        circuits = (twin.noisy(item.circuit, item.qubits, item.lowered.link_noise) for item in compiled)
        return NoisyProgram(tuple(circuits), twin.notes())

    return compiled.once("noisy circuits", (device, noise), made)


class Twin:
    """A device's noise, for the circuits of one program.

    Operations happen when ``devices/schedule`` says. A gate is followed by relaxation of its qubits for its duration and by
    depolarisation that makes up the rest of its calibrated infidelity. A measurement takes its bit when it begins, with the
    error of the device's own operation for it if the circuit goes on; its qubit relaxes from the measured state afterwards if
    it is used again. A reset leaves |1⟩ as often as it errs. Every qubit in use relaxes while it waits.

    Args:
        usable: The device's calibration with its gaps treated, or None without a device: then only links err.
        noise: What is on. Default: ``DeviceNoise()``.
        decoupling: Whether waiting qubits are decoupled by pairs of X pulses.
    """

    def __init__(
        self, usable: Usable | None = None, noise: DeviceNoise | None = None, decoupling: bool = False
    ) -> None:
        self.usable, self.noise, self.decoupling = usable, noise or DeviceNoise(), decoupling
        #: What waits do; None where nothing takes time.
        self.declared = None if usable is None or not self.noise.idle else Declared.of(self.noise, usable)

    def noisy(
        self,
        circuit: QuantumCircuit,
        qubits: Sequence[int] = (),
        link_noise: Mapping[str, Channel] | None = None,
    ) -> NoisyCircuit:
        """Make the noise of a compiled circuit explicit.

        Args:
            circuit: A compiled circuit on the used qubits alone.
            qubits: The physical qubit of each of its wires; not needed without a device.
            link_noise: What happens by itself, such as links' errors, by the label of the fence where it does.

        Raises:
            UnsupportedError: If a loop would have to be timed.
        """
        played = _Circuit(self, circuit, qubits, link_noise or {})
        registers = tuple((register.name, register.size) for register in circuit.cregs)
        steps, seconds = tuple([event[-1] for event in played.events()]), makespan(played.timed)
        return NoisyCircuit(circuit.name, circuit.num_qubits, registers, steps, circuit, seconds)

    def timed(self, circuit: QuantumCircuit, qubits: Sequence[int]) -> list[Timed]:
        """Return when the operations of a compiled circuit happen."""
        return _Circuit(self, circuit, qubits, {}).timed

    def played(
        self, circuit: QuantumCircuit, qubits: Sequence[int] = (), link_noise: Mapping[str, Channel] | None = None,
        clock: DurationOf | None = None,
    ) -> tuple[list[Timed], list[tuple[float, NoisyStep]]]:  # fmt: skip
        """Return when operations happen, and the steps in order, each with the time at which its effect is complete.

        A gate is complete when it ends, and so is a turn of neighbours at rest. A measurement takes its bit when it begins, and
        its noise is complete then, since neighbours may turn with its wire while it lasts. What lasts no time, as the turns
        about Z of a device, is a part of the gate before it on its wire, if no fence or measurement is between them: it is
        complete when that gate is, which the time 0 stands for. Else it is a part of the next gate, and complete right after
        its own time; or alone, and complete then.

        Args:
            circuit: A compiled circuit on the used qubits alone.
            qubits: The physical qubit of each of its wires; not needed without a device.
            link_noise: What happens by itself, by the label of the fence where it does.
            clock: How long operations last where the twin itself lets nothing take time.

        Raises:
            UnsupportedError: If a loop would have to be timed.
        """
        made = _Circuit(self, circuit, qubits, link_noise or {}, clock)
        complete = _completion(made.timed)
        return made.timed, [
            (_complete(event, made.timed, complete), event[-1]) for event in made.events(late=False)
        ]

    def notes(self) -> tuple[str, ...]:
        """Return how gaps of the calibration were treated in what was asked for so far."""
        said = ("waiting qubits are decoupled by pairs of X pulses",) if self.decoupling else ()
        return said if self.usable is None else (*said, *self.usable.notes())


def _completion(timed: Sequence[Timed]) -> dict[int, float]:
    """Return when the effect of each operation that lasts no time is complete, by its place in the circuit."""
    ordered = sorted(timed, key=lambda each: each.position)
    before, after = _beside_gates(ordered), _beside_gates(reversed(ordered))
    late = {
        each.position: each.start + 2 * INSTANT * after[each.position]
        for each in ordered
        if each.position in before
    }
    return {position: 0.0 if before[position] else time for position, time in late.items()}


def _beside_gates(timed: Iterable[Timed]) -> dict[int, bool]:
    """Return for each gate that lasts no time whether one that does is the last before it on all of its wires."""
    lasting: dict[int, bool] = {}
    found = {}
    for each in timed:
        gate = not each.transparent and not each.bits and each.name != "reset"
        if gate and each.end <= each.start + INSTANT:
            found[each.position] = all([lasting.get(wire, False) for wire in each.wires])
        else:
            lasting.update(dict.fromkeys(each.wires, gate))
    return found


def _complete(event: TimedStep, timed: Sequence[Timed], instant: Mapping[int, float]) -> float:
    """Return when the effect of a step is complete."""
    time, kind, place, step = event
    if isinstance(step, Turn):
        return time + step.seconds
    if kind != OPERATION:
        return time
    each = timed[int(place)]
    return time if each.name in ("barrier", "measure") else instant.get(each.position, each.end)


def _step(happens: Channel, wires: tuple[int, ...]) -> PauliError | Transfer:
    """Return what happens to wires by itself, as a step."""
    weights = happens.weights
    return Transfer(wires, np.array(happens.matrix)) if weights is None else PauliError(wires[0], weights)


@dataclass(frozen=True)
class _Branch:
    """Where and when a branch of a decision is played.

    Args:
        wires: The circuit's wire of each of its own.
        bits: The circuit's bit of each of its own.
        seconds: How long it lasts: as long as the longest of the decision.
        beside: Wires outside of it that are at rest meanwhile and turn with its own.
    """

    wires: tuple[int, ...]
    bits: tuple[int, ...]
    seconds: float
    beside: tuple[int, ...]


@dataclass
class _Circuit:
    """One circuit on its way to being noisy."""

    twin: Twin
    circuit: QuantumCircuit
    qubits: Sequence[int]
    link_noise: Mapping[str, Channel]
    clock: DurationOf | None = None

    def __post_init__(self) -> None:
        declared = self.twin.declared
        self.operations = Operations(self.qubits, self.twin.usable, self.twin.noise)
        self.timing, self.waiting = self.clock, None
        self.mid_circuit = mid_circuit_measurements(self.circuit)
        if declared is not None:
            self.timing = durations_of(self.circuit, self.qubits, declared.usable, self.mid_circuit)
            self.waiting = Waiting(self.operations, declared)
        self.number = {bit: k for k, bit in enumerate(self.circuit.clbits)}
        latencies = self.twin.noise.feedforward_latency, self.twin.noise.decision_latency
        self.timed = schedule(self.circuit, self.timing, *latencies)
        #: When wires are at rest, and when the pulses of waits end.
        self.resting: list[Rest] = []
        self.pulses: Pulses = {}

    def events(self, late: bool = True) -> list[TimedStep]:
        """Return the steps with their times, in order.

        Args:
            late: Whether a measurement may come as late as its bit is asked for, if nothing follows on its wire.
        """
        timed, waiting = self.timed, self.waiting
        if waiting is None:
            return in_order(self._operations(timed, late))
        self.resting = rests(timed)
        if self.twin.decoupling:
            self.pulses = pulses(timed, waiting.pulse_seconds, waiting.coupled)
        measured = [each for each in timed if each.position in self.mid_circuit]
        events = self._operations(timed, late)
        return in_order(events + waiting.events(timed, self.resting, self.pulses, measured))

    def _operations(self, timed: Sequence[Timed], may_be_late: bool) -> list[TimedStep]:
        """Return what operations do, each at its begin; a link's error when the pair was made, not when it is needed."""
        last_use = {wire: each.position for each in timed if not each.transparent for wire in each.wires}
        acting = []
        for each in timed:
            used_again = any([last_use.get(wire, -1) > each.position for wire in each.wires])
            acting.append(self._act(each, self.number, used_again))
        late = self.waiting.late(timed, acting) if self.waiting is not None and may_be_late else {}
        events: list[TimedStep] = []
        ended: dict[int, float] = {}
        for place, (each, steps) in enumerate(zip(timed, acting, strict=True)):
            begin = each.start
            if each.name == "barrier":
                begin = max([ended.get(wire, each.start) for wire in each.wires], default=each.start)
            time, order = late.get(place, (begin, place))
            events += [(time, OPERATION, order, step) for step in steps]
            if not each.transparent:
                ended.update(dict.fromkeys(each.wires, each.end))
        return events

    def _act(self, each: Timed, number: Mapping[Clbit, int], used_again: bool) -> list[NoisyStep]:
        """Return the steps of one operation, given the circuit's numbers of its bits."""
        instruction, name, wires = each.instruction, each.name, each.wires
        if name in ("delay", "global_phase"):
            return []
        if name == "barrier":
            happens = self.link_noise.get(place_label(instruction) or "") if self.link_noise else None
            return [] if happens is None else [_step(happens, wires)]
        if instruction.is_control_flow():
            return [self._decision(each, number)]
        if name == "reset":
            return self.operations.reset(wires[0])
        if name == "measure":
            bit, middle = number[instruction.clbits[0]], each.position in self.mid_circuit
            return self.operations.measurement(wires[0], bit, each.end - each.start, middle, used_again)
        return self.operations.gate(instruction.operation, wires)

    def _decision(self, each: Timed, number: Mapping[Clbit, int]) -> Decision:
        """Return a real-time decision; every branch lasts as long as the longest."""
        operation = each.instruction.operation
        bits = tuple([number[bit] for bit in each.instruction.clbits])
        resting = self.resting if each.position >= 0 else ()
        beside = () if self.waiting is None else self.waiting.beside(each, resting, self.pulses)
        branch = _Branch(each.wires, bits, each.end - each.start, beside)
        blocks = [self._block(block, branch) for block in operation.blocks]
        if operation.name == "if_else" and len(blocks) == 1:
            blocks.append(self._block(operation.blocks[0].copy_empty_like(), branch))
        touched = {wire for block in blocks for step in block for wire in step.wires}
        wires = (*each.wires, *(wire for wire in branch.beside if wire in touched))
        return Decision(operation, bits, wires, tuple(blocks))

    def _block(self, block: QuantumCircuit, branch: _Branch) -> tuple[NoisyStep, ...]:
        """Return the steps of a branch; gates on one wire, which circuits of one program share, are made once."""
        usable = self.twin.usable
        plain = not any(i.name in ("measure", "delay") or i.is_control_flow() for i in block.data)
        if usable is None or len(branch.wires) > 1 or not plain:
            return self._played(block, branch)
        gates = tuple([(instruction.name, *instruction.params) for instruction in block.data])
        qubits = tuple([self.qubits[wire] for wire in (*branch.wires, *branch.beside)])
        key = (gates, branch.wires, branch.beside, branch.seconds, qubits)
        return usable.once(key, lambda: self._played(block, branch))

    def _played(self, block: QuantumCircuit, branch: _Branch) -> tuple[NoisyStep, ...]:
        number = dict(zip(block.clbits, branch.bits, strict=True))
        # Inside a branch a measurement is the plain one, which its place in the branch must not be taken for another's.
        inside = [
            each._replace(position=-1, wires=tuple([branch.wires[k] for k in each.wires]))
            for each in block_times(block, branch.wires, self.timing)
        ]
        # Every wire of a branch is in use to its end, a measured one too.
        events: list[TimedStep] = [
            (each.start, OPERATION, place, step)
            for place, each in enumerate(inside)
            for step in self._act(each, number, used_again=True)
        ]
        if self.waiting is not None:
            resting = rests(inside, branch.seconds, branch.wires)
            resting += [Rest(wire, 0.0, branch.seconds, branch.seconds) for wire in branch.beside]
            events += self.waiting.events(inside, resting, {})
        return tuple([event[-1] for event in in_order(events)])
