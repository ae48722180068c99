"""Lowering: the network's placeholders become gates, fences and bookkeeping, in the correction mode the caller chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import CircuitInstruction, Clbit, Gate, Measure, Qubit
from qiskit.circuit.library import CXGate, HGate

from qnet_circuits.classical import read_bits, written_bits
from qnet_circuits.compiling.building import (
    fence,
    free_name,
    joint,
    on_registers,
    parity_decision,
    three_cx,
    undoes_itself,
)
from qnet_circuits.compiling.frames import Frames, OutcomeMap, Weights
from qnet_circuits.compiling.transmissions import teleport_transmissions
from qnet_circuits.compiling.withholding import waits as waiting
from qnet_circuits.compiling.withholding import withheld
from qnet_circuits.errors import FrameError, UnsupportedError, check_name
from qnet_circuits.programs.channel import CHANNEL, Channel, channel_of
from qnet_circuits.programs.instructions import CORRECT, ENTANGLE, TRANSMIT, conditioned, narrow
from qnet_circuits.programs.locality import name_of

MODES = ("auto", "frame", "feedforward", "postselect", "coherent", "none")
EARLIER = "earlier"
DEFERRED = "deferred"


@dataclass(frozen=True)
class Lowered:
    """A circuit of plain gates and fences, with the facts of the program that the circuit no longer shows.

    Args:
        circuit: The circuit.
        mode: The correction mode.
        forms: How outcomes follow from raw bits.
        link_noise: The channel that happens at a fence, by its label: a link's errors, or a channel of the program. Empty if
            errors are emulated.
        notes: Notes for the caller.
    """

    circuit: QuantumCircuit
    mode: str
    forms: OutcomeMap
    link_noise: Mapping[str, Channel]
    notes: tuple[str, ...] = ()


def lower(
    source: QuantumCircuit, mode: str = "auto", carrier: str = "relabel", emulate_links: bool = False
) -> Lowered:
    """Lower a network program's circuit.

    Args:
        source: A checked circuit with link operations and corrections.
        mode: One of ``auto``, ``frame``, ``feedforward``, ``postselect``, ``coherent``, ``none``.
        carrier: The carrier of transmissions: ``relabel``, ``swap`` or ``teleport``.
        emulate_links: Whether the errors of links and channels are sampled in software instead of left to a simulator.

    Returns:
        The lowered circuit.

    Raises:
        FrameError: If the mode is ``frame``, or links are emulated, and a frame cannot pass an operation.
        UnsupportedError: If the mode cannot treat the circuit's own control flow.
    """
    check_name("correction mode", mode, MODES)
    if carrier == "teleport":
        source = teleport_transmissions(source)
    if mode == "none":
        return _Lowering(withheld(source), mode, carrier, emulate_links).run()
    decides = any(instruction.is_control_flow() for instruction in source.data)
    waits = (
        "its control flow waits for bits of other nodes in real time" if decides and waiting(source) else ""
    )
    if mode != "auto":
        lowered = _Lowering(source, mode, carrier, emulate_links).run()
        return replace(lowered, notes=(f"circuit {source.name!r}: {waits}",)) if waits else lowered
    reason = waits
    if not reason:
        try:
            return _Lowering(source, "frame", carrier, emulate_links).run()
        except FrameError as error:
            reason = str(error)
    lowered = _Lowering(source, "feedforward", carrier, emulate_links).run()
    return replace(lowered, notes=(f"corrections=auto took feedforward for {source.name!r}: {reason}",))


@dataclass
class _Lowering:
    """One pass over a circuit."""

    source: QuantumCircuit
    mode: str
    carrier: str
    emulate: bool
    frames: Frames = field(default_factory=Frames)
    place: dict[Qubit, Qubit] = field(default_factory=dict)
    variables: int = 0
    raw: dict[tuple[str, int], int] = field(default_factory=dict)
    raw_mask: int = 0
    variable: dict[Clbit, int] = field(default_factory=dict)
    forms: dict[Clbit, int] = field(default_factory=dict)
    accept: list[int] = field(default_factory=list)
    emulated: list[tuple[int, Weights]] = field(default_factory=list)
    link_noise: dict[str, Channel] = field(default_factory=dict)
    carried: dict[Clbit, Qubit] = field(default_factory=dict)
    done: list[CircuitInstruction] = field(default_factory=list)
    earlier: list[Clbit] = field(default_factory=list)
    spare: list[Qubit] = field(default_factory=list)

    def run(self) -> Lowered:
        self._look_ahead()
        quantum, classical = self._registers()
        self.name = {bit: (register.name, k) for register in classical for k, bit in enumerate(register)}
        for position, instruction in enumerate(self.source.data):
            self._lower(position, instruction)
        for bit, qubit in self.carried.items():
            self._put(Measure(), (qubit,), (bit,))
        circuit = on_registers(self.source, quantum, classical, self.done)
        registers = {
            register.name: [self.forms.get(bit, 0) for bit in register] for register in self.source.cregs
        }
        forms = OutcomeMap.of(self.raw, self.emulated, registers, self.accept)
        return Lowered(circuit, self.mode, forms, dict(self.link_noise))

    def _look_ahead(self) -> None:
        """Note the facts that a single pass cannot know, such as later reads and writes of bits."""
        data = list(enumerate(self.source.data))
        measured = [(k, each.clbits[0]) for k, each in data if each.name == "measure"]
        self.last_write = {bit: k for k, bit in measured}
        self.rewrites = len(measured) - len(self.last_write)
        self.last_use = {qubit: k for k, each in data if each.name != "barrier" for qubit in each.qubits}
        self.corrected_by = {bit for _, each in data if each.name == CORRECT for bit in each.clbits}
        self.decided_by = {bit for _, each in data for bit in read_bits(each)}
        self.received = {each.qubits[1] for _, each in data if each.name == TRANSMIT}

    def _registers(self) -> tuple[list[QuantumRegister], list[ClassicalRegister]]:
        """Return the lowered circuit's registers: targets of relabelled transmissions have no wire of their own."""
        gone = self.received if self.carrier == "relabel" else set()
        quantum, classical = [], list(self.source.cregs)
        for register in self.source.qregs:
            wires = [qubit for qubit in register if qubit not in gone]
            if wires:
                quantum.append(QuantumRegister(len(wires), register.name))
                self.place.update(zip(wires, quantum[-1], strict=True))
        if self.rewrites and self.mode in ("frame", "postselect"):
            classical.append(ClassicalRegister(self.rewrites, free_name(EARLIER, self.source)))
            self.earlier = list(classical[-1])
        if self.mode == "coherent":
            copies = sum(self._is_copied(k, i) for k, i in enumerate(self.source.data))
            if copies:
                quantum.append(QuantumRegister(copies, free_name(DEFERRED, self.source)))
                self.spare = list(quantum[-1])
        return quantum, classical

    def _is_copied(self, position: int, instruction: CircuitInstruction) -> bool:
        """Tell whether coherent mode copies this measured qubit to a fresh one, since the qubit goes on being used."""
        if instruction.name != "measure" or instruction.clbits[0] not in self.corrected_by:
            return False
        return self.last_use[instruction.qubits[0]] > position

    def _put(self, gate: Gate | Measure, qubits: tuple[Qubit, ...], bits: tuple[Clbit, ...] = ()) -> None:
        self.done.append(CircuitInstruction(gate, qubits, bits))

    # -- the pass --------------------------------------------------------------------------------------------------

    def _lower(self, position: int, instruction: CircuitInstruction) -> None:
        special = {
            ENTANGLE: self._entangle,
            TRANSMIT: self._transmit,
            CORRECT: self._correct,
            CHANNEL: self._channel,
            "measure": self._measure,
        }.get(instruction.name)
        if special is not None:
            special(position, instruction)
        elif instruction.is_control_flow():
            self._control_flow(instruction)
        else:
            self._pass_on(instruction)

    def _pass_on(self, instruction: CircuitInstruction) -> None:
        """Copy an instruction; a wide one becomes its parts, but a frame is carried through the whole instruction."""
        qubits = tuple(self.place[qubit] for qubit in instruction.qubits)
        if instruction.name == "reset":
            self.frames.clear(qubits[0])
        elif not self.frames.trivial(*qubits):
            self.frames.conjugate(instruction.operation, qubits)
        for part in narrow(instruction.replace(qubits=qubits)):
            is_swap = part.name == "swap" and part.is_standard_gate()
            self.done += three_cx(*part.qubits) if is_swap else [part]

    def _fence(self, position: int, kind: str, qubit: Qubit, end: str) -> str:
        label = f"{kind}{position}:{name_of(self.source, qubit)}:{end}"
        self.done.append(fence(self.place[qubit], label))
        return label

    def _noise(self, instruction: CircuitInstruction, label: str) -> None:
        """Let the link's errors happen to the second qubit: at a fence in simulation, as variables if emulated."""
        i, x, y, z = (float(weight) for weight in instruction.operation.params)
        if i == 1.0:
            return
        if self.emulate:
            self._emulate(self.place[instruction.qubits[1]], (i, x, y, z))
        else:
            self.link_noise[label] = Channel.pauli((i, x, y, z))

    def _emulate(self, qubit: Qubit, weights: Weights) -> None:
        """Let errors happen to a qubit in software, as two variables."""
        self.emulated.append((self.variables, weights))
        self.frames.add(qubit, 1 << self.variables, 2 << self.variables)
        self.variables += 2

    def _channel(self, position: int, instruction: CircuitInstruction) -> None:
        """Let a channel of the program happen: at a fence in simulation, as variables if emulated."""
        happens, emulated = channel_of(instruction)
        qubits, weights = tuple(self.place[qubit] for qubit in instruction.qubits), happens.weights
        if weights is not None and weights[0] == 1.0:
            return
        if emulated or self.emulate:
            if weights is None:
                raise UnsupportedError(
                    "emulate_links samples Pauli errors of single qubits in software, and a channel of the circuit has others; "
                    "run it on a simulator without, or take the .twirled of a channel of one qubit"
                )
            self._emulate(qubits[0], weights)
            return
        for k, qubit in enumerate(qubits):
            form_x, form_z = self.frames.form(qubit)
            if (form_x and not happens.passes("X", k)) or (form_z and not happens.passes("Z", k)):
                raise FrameError(
                    'a Pauli frame cannot pass a channel that treats |0⟩ and |1⟩ differently; use corrections="feedforward"'
                )
        labels = [self._fence(position, CHANNEL, qubit, "at") for qubit in instruction.qubits]
        if len(qubits) > 1:
            labels.append(f"{CHANNEL}{position}")
            self.done.append(joint(qubits, labels[-1]))
        self.link_noise[labels[-1]] = happens

    def _entangle(self, position: int, instruction: CircuitInstruction) -> None:
        a, b = instruction.qubits
        for qubit in (a, b):
            self.frames.clear(self.place[qubit])
            self._fence(position, ENTANGLE, qubit, "in")
        self._put(HGate(), (self.place[a],))
        self._put(CXGate(), (self.place[a], self.place[b]))
        self._fence(position, ENTANGLE, a, "out")
        self._noise(instruction, self._fence(position, ENTANGLE, b, "out"))

    def _transmit(self, position: int, instruction: CircuitInstruction) -> None:
        source, target = instruction.qubits
        self._fence(position, TRANSMIT, source, "in")
        if self.carrier == "relabel":
            self.place[target] = self.place[source]
        else:
            a, b = self.place[source], self.place[target]
            self._fence(position, TRANSMIT, target, "in")
            self.done += three_cx(a, b)
            x, z = self.frames.form(a)
            self.frames.clear(a)
            self.frames.clear(b)
            self.frames.add(b, x, z)
            self._fence(position, TRANSMIT, source, "out")
        self._noise(instruction, self._fence(position, TRANSMIT, target, "out"))

    def _correct(self, position: int, instruction: CircuitInstruction) -> None:
        qubit = self.place[instruction.qubits[0]]
        for bits, gates in conditioned(instruction):
            form = self._parity(bits)
            if self.mode == "feedforward":
                self.done.append(parity_decision(bits, gates, qubit))
                # What was done in real time is the raw parity; emulated errors flip the rest in software.
                self._frame(qubit, gates, form & ~self.raw_mask)
            elif self.mode == "frame":
                self._frame(qubit, gates, form)
            elif self.mode == "postselect" and form:
                self.accept.append(form)
            elif self.mode == "coherent":
                self._coherent(position, instruction.qubits[0], bits, gates)

    def _frame(self, qubit: Qubit, gates: tuple[Gate, ...], form: int) -> None:
        """Correct in software by a form; only Paulis can be corrected, and only they leave the frame a Pauli."""
        name = gates[0].name
        if name in ("x", "z") and len(gates) == 1:
            self.frames.add(qubit, form * (name == "x"), form * (name == "z"))
        elif form or not self.frames.trivial(qubit):
            done = " ".join(gate.name for gate in gates)
            raise FrameError(
                f"software can only correct Paulis, and no Pauli frame passes a correction by {done}; "
                + ('use corrections="feedforward"' if self.mode == "frame" else "leave emulate_links out")
            )

    def _parity(self, bits: tuple[Clbit, ...]) -> int:
        form = 0
        for bit in bits:
            form ^= self.forms.get(bit, 0)
        return form

    def _coherent(
        self, position: int, target: Qubit, bits: tuple[Clbit, ...], gates: tuple[Gate, ...]
    ) -> None:
        """Append controlled gates from each measured qubit, between fences."""
        done = "".join(f"c{gate.name}" for gate in gates)
        if len(bits) > 1 and not undoes_itself(gates):
            raise UnsupportedError(
                f"coherent mode applies a correction once for each of its {len(bits)} bits, which follows their parity only if "
                f'the correction undoes itself, and {done} does not; use corrections="feedforward"'
            )
        for bit in bits:
            control, goal = self.carried[bit], self.place[target]
            if not self.frames.trivial(goal):
                raise UnsupportedError(
                    'emulated errors before a coherent correction are not followed; use corrections="frame"'
                )
            tag = f"coherent{position}:{done}:{name_of(self.source, bit)}"
            self.done += [fence(wire, f"{tag}:{end}:in") for wire, end in ((control, "c"), (goal, "t"))]
            for gate in gates:
                self._put(gate.control(), (control, goal))
            self.done += [fence(wire, f"{tag}:{end}:out") for wire, end in ((control, "c"), (goal, "t"))]

    def _measure(self, position: int, instruction: CircuitInstruction) -> None:
        qubit, bit = self.place[instruction.qubits[0]], instruction.clbits[0]
        if self.mode == "coherent" and bit in self.corrected_by:
            self._defer(position, instruction)
            return
        target = bit
        if self.earlier and self.last_write[bit] > position:
            if bit in self.decided_by:
                raise FrameError(
                    f"{name_of(self.source, bit)} decides on control flow and is measured twice; "
                    'give each measurement its own bit, or use corrections="feedforward"'
                )
            target = self.earlier.pop(0)
        self._put(Measure(), (qubit,), (target,))
        self._record(bit, target, self.frames.measure(qubit))

    def _record(self, bit: Clbit, target: Clbit, flips: int) -> None:
        """Note the raw bit that a measurement wrote, and the form of the bit it stands for."""
        place = self.name[target]
        if place in self.raw and self.mode in ("frame", "postselect"):
            raise FrameError(
                f"{place[0]}[{place[1]}] is measured twice, once inside control flow; "
                'give each measurement its own bit, or use corrections="feedforward"'
            )
        if place not in self.raw:
            self.raw[place] = self.variables
            self.raw_mask |= 1 << self.variables
            self.variables += 1
        variable = self.raw[place]
        self.variable[bit] = variable
        self.forms[bit] = (1 << variable) ^ flips

    def _defer(self, position: int, instruction: CircuitInstruction) -> None:
        """Put off a measurement that corrections need; a qubit that goes on being used is copied first."""
        qubit, bit = self.place[instruction.qubits[0]], instruction.clbits[0]
        if not self.frames.trivial(qubit) or (self.mode == "coherent" and self.emulate):
            raise UnsupportedError('emulated errors need measured corrections; use corrections="frame"')
        if self._is_copied(position, instruction):
            copy = self.spare.pop(0)
            self._put(CXGate(), (qubit, copy))
            qubit = copy
        self.carried[bit] = qubit
        self._record(bit, bit, 0)

    def _control_flow(self, instruction: CircuitInstruction) -> None:
        """Copy the program's own control flow, if no software correction would change its course."""
        qubits = tuple(self.place[qubit] for qubit in instruction.qubits)
        name = instruction.operation.name
        written = written_bits(instruction)
        for bit in self.corrected_by.intersection(written) if self.mode == "coherent" else ():
            raise UnsupportedError(
                f"{name!r} measures into {name_of(self.source, bit)}, which a correction reads, and coherent mode postpones "
                'such measurements: give the branch a bit of its own, or use corrections="feedforward"'
            )
        for bit in read_bits(instruction):
            if bit not in self.variable:
                continue  # Not measured before, so nothing in software stands between it and its readers.
            if bit in self.carried:
                raise UnsupportedError(
                    f'{name!r} reads a bit whose measurement coherent mode postpones; use corrections="feedforward"'
                )
            if self.forms.get(bit, 0) != 1 << self.variable.get(bit, 0):
                raise FrameError(
                    f'{name!r} reads a bit that is only corrected in software; use corrections="feedforward"'
                )
        if not self.frames.trivial(*qubits):
            raise FrameError(f'a Pauli frame meets {name!r}; use corrections="feedforward"')
        self.done += narrow(instruction.replace(qubits=qubits))
        for bit in written:
            self._record(bit, bit, 0)
