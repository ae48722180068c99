"""Lowering: the network's placeholders become gates, fences and bookkeeping, in the correction mode the caller chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import CircuitInstruction, Clbit, ControlFlowOp, Qubit
from qiskit.circuit.classical import expr

from qnet_circuits.circuits.corrections import CORRECT, parities
from qnet_circuits.circuits.links import ENTANGLE, TRANSMIT
from qnet_circuits.circuits.rules import condition_bits, name_of
from qnet_circuits.compiling.carriers import teleport_transmissions
from qnet_circuits.compiling.fences import put_fence
from qnet_circuits.compiling.frames import Frames
from qnet_circuits.errors import FrameError, NoShotsError, UnknownNameError, UnsupportedError

MODES = ("auto", "frame", "feedforward", "postselect", "coherent", "none")
EARLIER = "earlier"
DEFERRED = "deferred"
Bits = npt.NDArray[np.bool_]
Weights = tuple[float, float, float, float]


@dataclass(frozen=True)
class Forms:
    """How the outcomes of a circuit follow from its raw bits.

    Args:
        raw: The raw bits (register, index) that are variables 0, 1, ...; emulated link errors are the variables after them,
            X and Z of each link.
        registers: For each register of the program, each bit's set of variables, whose parity is the bit's value.
        accept: Sets of variables that must all have parity 0 for a shot to count.
        emulated: Weights of (I, X, Y, Z) of each emulated link error.
    """

    raw: tuple[tuple[str, int], ...]
    registers: Mapping[str, tuple[tuple[int, ...], ...]]
    accept: tuple[tuple[int, ...], ...] = ()
    emulated: tuple[Weights, ...] = ()

    def apply(self, raw: Mapping[str, Bits], rng: np.random.Generator) -> dict[str, Bits]:
        """Return the program's registers, bool arrays (accepted shots, width), of raw ones.

        Raises:
            NoShotsError: If no shot is accepted.
        """
        variables = self._variables(raw, rng)
        if self.accept:
            accepted: Bits = np.logical_not(self._parity(variables, self.accept).any(axis=1))
            variables = variables[accepted]
            if not len(variables):
                raise NoShotsError(
                    f"none of {len(accepted)} shots was accepted by post-selection; raise the number of shots"
                )
        return {name: self._parity(variables, forms) for name, forms in self.registers.items()}

    def _variables(self, raw: Mapping[str, Bits], rng: np.random.Generator) -> Bits:
        shots = len(next(iter(raw.values())))
        columns = [raw[register][:, index] for register, index in self.raw]
        for weights in self.emulated:
            error = rng.choice(4, size=shots, p=weights)
            columns += [(error == 1) | (error == 2), error >= 2]
        return np.stack(columns, axis=1) if columns else np.zeros((shots, 0), dtype=bool)

    @staticmethod
    def _parity(variables: Bits, forms: tuple[tuple[int, ...], ...]) -> Bits:
        columns = [
            np.logical_xor.reduce(variables[:, form], axis=1)
            if form
            else np.zeros(len(variables), dtype=bool)
            for form in forms
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((len(variables), 0), dtype=bool)


@dataclass(frozen=True)
class Lowered:
    """A circuit of plain gates and fences, with what must be remembered of the program.

    Args:
        circuit: The circuit.
        mode: The correction mode.
        forms: How outcomes follow from raw bits.
        link_noise: Weights of (I, X, Y, Z) that happen at a fence, by its label; nothing where links are emulated.
        notes: What the caller should know.
    """

    circuit: QuantumCircuit
    mode: str
    forms: Forms
    link_noise: Mapping[str, Weights]
    notes: tuple[str, ...] = ()


def lower(
    source: QuantumCircuit, mode: str = "auto", carrier: str = "relabel", emulate_links: bool = False
) -> Lowered:
    """Lower a network program's circuit.

    Args:
        source: A checked circuit with link operations and corrections.
        mode: One of ``auto``, ``frame``, ``feedforward``, ``postselect``, ``coherent``, ``none``.
        carrier: What a transmission is: ``relabel``, ``swap`` or ``teleport``.
        emulate_links: Whether the links' own errors are sampled in software instead of left to a simulator.

    Returns:
        The lowered circuit.

    Raises:
        FrameError: If the mode is ``frame``, or links are emulated, and a frame cannot pass an operation.
        UnsupportedError: If the mode cannot treat the circuit's own control flow.
    """
    if mode not in MODES:
        raise UnknownNameError("correction mode", mode, MODES)
    if carrier == "teleport":
        source = teleport_transmissions(source)
    if mode != "auto":
        return _Lowering(source, mode, carrier, emulate_links).run()
    try:
        return _Lowering(source, "frame", carrier, emulate_links).run()
    except FrameError as error:
        lowered = _Lowering(source, "feedforward", carrier, emulate_links).run()
        note = f"corrections=auto took feedforward for {source.name!r}: {error}"
        return Lowered(lowered.circuit, lowered.mode, lowered.forms, lowered.link_noise, (note,))


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
    link_noise: dict[str, Weights] = field(default_factory=dict)
    carried: dict[Clbit, Qubit] = field(default_factory=dict)
    last_use: dict[Qubit, int] = field(default_factory=dict)

    def run(self) -> Lowered:
        self._survey()
        self.circuit = self._new_circuit()
        for position, instruction in enumerate(self.source.data):
            self._lower(position, instruction)
        for bit, qubit in self.carried.items():
            self.circuit.measure(qubit, bit)
        return Lowered(self.circuit, self.mode, self._forms(), dict(self.link_noise))

    # -- before the pass -------------------------------------------------------------------------------------------

    def _survey(self) -> None:
        """Find what a single pass cannot know: last uses, bits written again, bits that corrections read."""
        self.read: set[Clbit] = set()
        self.decided: set[Clbit] = set()
        self.last_write: dict[Clbit, int] = {}
        self.rewrites = 0
        for position, instruction in enumerate(self.source.data):
            if instruction.operation.name != "barrier":
                self.last_use.update(dict.fromkeys(instruction.qubits, position))
            if instruction.operation.name == CORRECT:
                self.read.update(instruction.clbits)
            elif isinstance(instruction.operation, ControlFlowOp):
                self.decided.update(condition_bits(instruction))
            elif instruction.operation.name == "measure":
                bit = instruction.clbits[0]
                self.rewrites += bit in self.last_write
                self.last_write[bit] = position

    def _new_circuit(self) -> QuantumCircuit:
        """Make the empty lowered circuit: targets of relabelled transmissions have no wire of their own."""
        crossings = [i for i in self.source.data if i.operation.name == TRANSMIT]
        targets = {i.qubits[1] for i in crossings} if self.carrier == "relabel" else set()
        registers = []
        for register in self.source.qregs:
            wires = [qubit for qubit in register if qubit not in targets]
            if wires:
                registers.append(QuantumRegister(len(wires), register.name))
                self.place.update(zip(wires, registers[-1], strict=True))
        circuit = QuantumCircuit(*registers, *self.source.cregs, name=self.source.name)
        circuit.global_phase = self.source.global_phase
        if self.rewrites and self.mode in ("frame", "postselect"):
            self.earlier = list(ClassicalRegister(self.rewrites, EARLIER))
            circuit.add_register(ClassicalRegister(name=EARLIER, bits=self.earlier))
        if self.mode == "coherent":
            copies = sum(self._is_copied(k, i) for k, i in enumerate(self.source.data))
            if copies:
                circuit.add_register(QuantumRegister(copies, DEFERRED))
                self.spare = list(circuit.qregs[-1])
        return circuit

    def _is_copied(self, position: int, instruction: CircuitInstruction) -> bool:
        """Tell whether coherent mode copies this measured qubit to a fresh one, since the qubit goes on being used."""
        measured = instruction.operation.name == "measure" and instruction.clbits[0] in self.read
        return measured and self.last_use[instruction.qubits[0]] > position

    # -- the pass --------------------------------------------------------------------------------------------------

    def _lower(self, position: int, instruction: CircuitInstruction) -> None:
        operation = instruction.operation
        if operation.name == ENTANGLE:
            self._entangle(position, instruction)
        elif operation.name == TRANSMIT:
            self._transmit(position, instruction)
        elif operation.name == CORRECT:
            self._correct(position, instruction)
        elif operation.name == "measure":
            self._measure(position, instruction)
        elif isinstance(operation, ControlFlowOp):
            self._control_flow(instruction)
        else:
            qubits = tuple(self.place[qubit] for qubit in instruction.qubits)
            if operation.name == "reset":
                self.frames.clear(qubits[0])
            else:
                self.frames.conjugate(operation, qubits)
            self.circuit.append(operation, qubits, instruction.clbits)

    def _fence(self, position: int, kind: str, qubit: Qubit, end: str) -> str:
        label = f"{kind}{position}:{name_of(self.source, qubit)}:{end}"
        put_fence(self.circuit, self.place[qubit], label)
        return label

    def _noise(self, instruction: CircuitInstruction, label: str) -> None:
        """Let the link's errors happen to the second qubit: at a fence in simulation, as variables if emulated."""
        weights = tuple(float(weight) for weight in instruction.operation.params)
        if weights[0] == 1.0:
            return
        if not self.emulate:
            self.link_noise[label] = weights  # type: ignore[assignment]
            return
        self.emulated.append((self.variables, weights))  # type: ignore[arg-type]
        self.frames.add(self.place[instruction.qubits[1]], 1 << self.variables, 2 << self.variables)
        self.variables += 2

    def _entangle(self, position: int, instruction: CircuitInstruction) -> None:
        a, b = instruction.qubits
        for qubit in (a, b):
            self.frames.clear(self.place[qubit])
            self._fence(position, ENTANGLE, qubit, "in")
        self.circuit.h(self.place[a])
        self.circuit.cx(self.place[a], self.place[b])
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
            # Three CX instead of a SWAP, which a compiler would replace by new names for the wires.
            for control, goal in ((a, b), (b, a), (a, b)):
                self.circuit.cx(control, goal)
            x, z = self.frames.form(a)
            self.frames.clear(a)
            self.frames.clear(b)
            self.frames.add(b, x, z)
            self._fence(position, TRANSMIT, source, "out")
        self._noise(instruction, self._fence(position, TRANSMIT, target, "out"))

    def _correct(self, position: int, instruction: CircuitInstruction) -> None:
        qubit = self.place[instruction.qubits[0]]
        x_bits, z_bits = parities(instruction)
        x, z = self._parity(x_bits), self._parity(z_bits)
        if self.mode == "frame":
            self.frames.add(qubit, x, z)
        elif self.mode == "feedforward":
            self._feedforward(qubit, x_bits, z_bits)
            # What was done in real time is the raw parity; emulated errors flip the rest in software.
            self.frames.add(qubit, x & ~self.raw_mask, z & ~self.raw_mask)
        elif self.mode == "postselect":
            self.accept += [form for form in (x, z) if form]
        elif self.mode == "coherent":
            self._coherent(position, instruction.qubits[0], x_bits, z_bits)

    def _parity(self, bits: tuple[Clbit, ...]) -> int:
        form = 0
        for bit in bits:
            form ^= self.forms.get(bit, 0)
        return form

    def _feedforward(self, qubit: Qubit, x_bits: tuple[Clbit, ...], z_bits: tuple[Clbit, ...]) -> None:
        """Append one real-time decision on a parity for each Pauli."""
        for bits, gate in ((x_bits, "x"), (z_bits, "z")):
            if not bits:
                continue
            if len(bits) == 1:
                condition: tuple[Clbit, bool] | expr.Expr = (bits[0], True)
            else:
                condition = expr.lift(bits[0])
                for bit in bits[1:]:
                    condition = expr.bit_xor(condition, bit)
            with self.circuit.if_test(condition):
                getattr(self.circuit, gate)(qubit)

    def _coherent(
        self, position: int, target: Qubit, x_bits: tuple[Clbit, ...], z_bits: tuple[Clbit, ...]
    ) -> None:
        """Append a controlled gate from each measured qubit, between fences."""
        for bits, gate in ((x_bits, "cx"), (z_bits, "cz")):
            for bit in bits:
                control, goal = self.carried[bit], self.place[target]
                tag = f"coherent{position}:{gate}:{name_of(self.source, bit)}"
                for wire, end in ((control, "c"), (goal, "t")):
                    put_fence(self.circuit, wire, f"{tag}:{end}:in")
                getattr(self.circuit, gate)(control, goal)
                for wire, end in ((control, "c"), (goal, "t")):
                    put_fence(self.circuit, wire, f"{tag}:{end}:out")

    def _measure(self, position: int, instruction: CircuitInstruction) -> None:
        qubit, bit = self.place[instruction.qubits[0]], instruction.clbits[0]
        if self.mode == "coherent" and bit in self.read:
            self._defer(position, instruction)
            return
        target = bit
        if hasattr(self, "earlier") and self.last_write[bit] > position:
            if bit in self.decided:
                raise FrameError(
                    f"{name_of(self.source, bit)} decides on control flow and is measured twice; "
                    'give each measurement its own bit, or use corrections="feedforward"'
                )
            target = self.earlier.pop(0)
        self.circuit.measure(qubit, target)
        self._record(bit, target, self.frames.measure(qubit))

    def _record(self, bit: Clbit, target: Clbit, flips: int) -> None:
        """Note the raw bit that a measurement wrote, and the form of the bit it stands for."""
        register, index = self.circuit.find_bit(target).registers[0]
        place = (register.name, index)
        if place in self.raw and self.mode in ("frame", "postselect"):
            raise FrameError(
                f"{register.name}[{index}] is measured twice, once inside control flow; "
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
        if self.mode == "coherent" and self.emulate:
            raise UnsupportedError('emulated links need measured corrections; use corrections="frame"')
        if self._is_copied(position, instruction):
            copy = self.spare.pop(0)
            self.circuit.cx(qubit, copy)
            qubit = copy
        self.carried[bit] = qubit
        self._record(bit, bit, 0)

    def _control_flow(self, instruction: CircuitInstruction) -> None:
        """Pass the program's own control flow on, where nothing in software would change its course."""
        qubits = tuple(self.place[qubit] for qubit in instruction.qubits)
        name = instruction.operation.name
        for bit in condition_bits(instruction):
            if bit in self.carried:
                raise UnsupportedError(
                    f'{name!r} reads a bit whose measurement coherent mode puts off; use corrections="feedforward"'
                )
            if self.forms.get(bit, 0) != 1 << self.variable.get(bit, 0):
                raise FrameError(
                    f'{name!r} reads a bit that is only corrected in software; use corrections="feedforward"'
                )
        if not self.frames.trivial(*qubits):
            raise FrameError(f'a Pauli frame meets {name!r}; use corrections="feedforward"')
        self.circuit.append(instruction.operation, qubits, instruction.clbits)
        for bit in _written(instruction):
            self._record(bit, bit, 0)

    # -- after the pass --------------------------------------------------------------------------------------------

    def _forms(self) -> Forms:
        """Number the variables anew, raw bits first."""
        order = [*self.raw.values(), *(first + k for first, _ in self.emulated for k in (0, 1))]
        column = {variable: k for k, variable in enumerate(order)}

        def columns(form: int) -> tuple[int, ...]:
            return tuple(sorted(column[variable] for variable in _ones(form)))

        registers = {
            register.name: tuple(columns(self.forms.get(bit, 0)) for bit in register)
            for register in self.source.cregs
        }
        accept = tuple(dict.fromkeys(columns(form) for form in self.accept))
        return Forms(tuple(self.raw), registers, accept, tuple(weights for _, weights in self.emulated))


def _ones(form: int) -> list[int]:
    """Return the positions of the ones of a bit mask."""
    positions = []
    while form:
        lowest = form & -form
        positions.append(lowest.bit_length() - 1)
        form ^= lowest
    return positions


def _written(instruction: CircuitInstruction) -> list[Clbit]:
    """Return the bits that are measured inside a control-flow instruction."""
    written: dict[Clbit, None] = {}
    for block in instruction.operation.blocks:
        outer = dict(zip(block.clbits, instruction.clbits, strict=True))
        for inside in block.data:
            if inside.operation.name == "measure":
                written.update(dict.fromkeys(outer[bit] for bit in inside.clbits))
            elif isinstance(inside.operation, ControlFlowOp):
                written.update((outer[bit], None) for bit in _written(inside))
    return list(written)
