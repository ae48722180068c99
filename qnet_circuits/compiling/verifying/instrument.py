"""Instruments: what a part of a circuit does, from its entering wires to its leaving ones and its measured bits.

A circuit is read as steps on *segments*: pieces of wires between two fences. Steps that share no segment with others form
parts of their own, and two parts are the same instrument if, for every value of the bits they read and every outcome, they are
the same completely positive map (Davies and Lewis, Commun. Math. Phys. 17, 239 (1970)). Here the maps are compared as matrices.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, ControlFlowOp, Gate, Qubit
from qiskit.quantum_info import Operator

from qnet_circuits.compiling.building import fence_label
from qnet_circuits.compiling.verifying.polynomials import (
    ALWAYS,
    NEVER,
    Form,
    MeasurementEvent,
    case_forms,
    condition_form,
    product,
)
from qnet_circuits.errors import UnsupportedError

#: Values of events, in their order.
Bits = tuple[tuple[MeasurementEvent, bool], ...]
Matrix = npt.NDArray[np.complex128]
_IGNORED = ("barrier", "delay", "id")
_ENTRIES = 2**20
_BRANCHES = 4096
_TOLERANCE = 1e-6
_ZERO = 1e-12


def event_name(event: MeasurementEvent) -> str:
    """Return the name of a bit's nth write: register[index], and the number from the second on.

    Example:
        >>> event_name(("out", 0, 1)), event_name(("out", 0, 2))
        ('out[0]', 'out[0] (write 2)')
    """
    register, index, write = event
    return f"{register}[{index}]" + (f" (write {write})" if write > 1 else "")


@dataclass(frozen=True)
class InstrumentStep:
    """One gate (with its matrix and condition), measurement (with its event), or reset (with neither)."""

    wires: tuple[int, ...]
    matrix: Matrix | None = None
    condition: Form = ALWAYS
    event: MeasurementEvent | None = None

    @property
    def read(self) -> frozenset[MeasurementEvent]:
        """The events that the condition depends on."""
        return frozenset().union(*self.condition)


@dataclass
class Instrument:
    """Steps on segments, numbered from 0.

    Args:
        width: Number of segments.
        steps: The steps, in order.
        inputs: The segments that enter, by label; all others begin in |0⟩.
        outputs: The segments that leave, by label; all others are discarded.
    """

    width: int = 0
    steps: list[InstrumentStep] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)

    @property
    def measured(self) -> list[MeasurementEvent]:
        """The measurements inside, in order."""
        return [step.event for step in self.steps if step.event is not None]

    @property
    def read(self) -> frozenset[MeasurementEvent]:
        """The bits that are read inside but measured elsewhere."""
        return frozenset().union(*(step.read for step in self.steps)) - set(self.measured)


@dataclass
class Reader:
    """Reads a circuit into one instrument, cut at its fences or not."""

    circuit: QuantumCircuit
    cut: bool = True
    done: Instrument = field(default_factory=Instrument)
    segment: dict[Qubit, int] = field(default_factory=dict)
    latest: dict[Clbit, MeasurementEvent] = field(default_factory=dict)

    def read(self) -> Instrument:
        """Return the whole circuit as one instrument."""
        self.segment = {qubit: k for k, qubit in enumerate(self.circuit.qubits)}
        self.done.width = len(self.segment)
        for instruction in self.circuit.data:
            label = fence_label(instruction) if self.cut else None
            if label is not None:
                self._fence(label, instruction.qubits[0])
            else:
                self._step(instruction, self.segment, ALWAYS)
        return self.done

    def _step(self, instruction: CircuitInstruction, place: dict[Qubit, int], condition: Form) -> None:
        name = instruction.name
        if name in _IGNORED:
            return
        wires = tuple(place[qubit] for qubit in instruction.qubits)
        matrix = instruction.matrix
        if matrix is not None:
            self.done.steps.append(InstrumentStep(wires, matrix, condition))
        elif name == "if_else":
            holds = condition_form(instruction.operation.condition, self._bit)
            self._decide(instruction, wires, [product(condition, each) for each in (holds, holds ^ ALWAYS)])
        elif name == "switch_case":
            cases = case_forms(instruction.operation, self._bit)
            self._decide(instruction, wires, [product(condition, each) for each in cases])
        elif name in ("measure", "reset") and condition == ALWAYS:
            event = self._write(instruction.clbits[0]) if name == "measure" else None
            self.done.steps.append(InstrumentStep(wires, event=event))
        else:
            self._expand(instruction, wires, condition)

    def _fence(self, label: str, qubit: Qubit) -> None:
        self.done.outputs[label] = self.segment[qubit]
        self.done.inputs[label] = self.segment[qubit] = self.done.width
        self.done.width += 1

    def _write(self, bit: Clbit) -> MeasurementEvent:
        found = self.circuit.find_bit(bit)
        register, index = (
            (found.registers[0][0].name, found.registers[0][1]) if found.registers else ("", found.index)
        )
        writes = self.latest[bit][2] if bit in self.latest else 0
        self.latest[bit] = (register, index, writes + 1)
        return self.latest[bit]

    def _bit(self, bit: Clbit) -> Form:
        """Return a bit as it is now: what was written last, or 0."""
        return frozenset({frozenset({self.latest[bit]})}) if bit in self.latest else NEVER

    def _decide(
        self, instruction: CircuitInstruction, wires: Sequence[int], conditions: Sequence[Form]
    ) -> None:
        """Take the gates of each block of a decision, with the condition under which that is the one that runs."""
        for block, condition in zip(instruction.operation.blocks, conditions, strict=False):
            place = dict(zip(block.qubits, wires, strict=True))
            for inside in block.data:
                if isinstance(inside.operation, ControlFlowOp):
                    raise UnsupportedError(
                        f"control flow inside {instruction.name} cannot be verified; use one level of it"
                    )
                self._step(inside, place, condition)

    def _expand(self, instruction: CircuitInstruction, wires: Sequence[int], condition: Form) -> None:
        """Take an instruction by its definition, or by its matrix."""
        operation = instruction.operation
        definition = None if isinstance(operation, ControlFlowOp) else operation.definition
        if definition is not None and not instruction.clbits:
            place = dict(zip(definition.qubits, wires, strict=True))
            for inside in definition.data:
                self._step(inside, place, condition)
        elif isinstance(operation, Gate):
            self.done.steps.append(InstrumentStep(tuple(wires), Operator(operation).data, condition))
        else:
            where = "" if condition == ALWAYS else " inside a decision"
            raise UnsupportedError(
                f"boundaries cannot be verified where the circuit has {instruction.name!r}{where}; "
                "what can be: gates, measure, reset, and if_else and switch with gates in their bodies"
            )


# -- matrices ----------------------------------------------------------------------------------------------------------


def apply(matrix: Matrix, tensor: Matrix, places: Sequence[int]) -> Matrix:
    """Apply a gate to axes of a tensor, the first one being the least significant of the gate."""
    count, axes = len(places), list(reversed(places))
    gate = matrix.reshape((2,) * (2 * count))
    return np.moveaxis(np.tensordot(gate, tensor, axes=(range(count, 2 * count), axes)), range(count), axes)


@dataclass
class _Operator:
    """A Kraus operator while it grows: a tensor with an axis for each live segment and for each input, by its label."""

    tensor: Matrix
    axes: list[int | str]
    bits: dict[MeasurementEvent, bool]

    def open(self, wire: int, label: str | None) -> None:
        """Let a segment begin: in |0⟩, or as an input."""
        self.tensor = np.multiply.outer(self.tensor, np.array([1, 0]) if label is None else np.eye(2))
        self.axes += [wire] if label is None else [wire, label]

    def apply(self, step: InstrumentStep) -> None:
        """Multiply by a gate, its first wire the least significant, if its condition holds."""
        if step.matrix is None or not sum(all(self.bits[e] for e in term) for term in step.condition) % 2:
            return
        self.tensor = apply(step.matrix, self.tensor, [self.axes.index(wire) for wire in step.wires])

    def project(self, wire: int, event: MeasurementEvent | None = None) -> Iterator[_Operator]:
        """Yield what is left for each possible result of a segment, which ends."""
        place = self.axes.index(wire)
        for result in (False, True):
            half: Matrix = np.take(self.tensor, int(result), axis=place)
            if np.abs(half).max() > _ZERO:
                bits = self.bits if event is None else {**self.bits, event: result}
                yield _Operator(half, self.axes[:place] + self.axes[place + 1 :], dict(bits))


class TooWide(Exception):
    """An instrument too large to be written as matrices."""


def kraus_operators(instrument: Instrument, read: Sequence[MeasurementEvent]) -> dict[Bits, Matrix]:
    """Return an instrument's Kraus operators.

    Args:
        instrument: The instrument.
        read: The bits that come from elsewhere.

    Returns:
        For each value of the bits, measured and read, an array (2^(outputs + inputs), operators); the axes of both are in
        the order of their labels.

    Raises:
        TooWide: If there are too many wires or branches.
    """
    if 2 ** len(read) > _BRANCHES:
        raise TooWide
    touched = {wire for step in instrument.steps for wire in step.wires}
    idle = {*instrument.inputs.values(), *instrument.outputs.values()} - touched
    steps = [*(InstrumentStep((wire,), np.eye(2, dtype=complex)) for wire in idle), *instrument.steps]
    last = {wire: k for k, step in enumerate(steps) for wire in step.wires}
    for wire in instrument.outputs.values():
        last[wire] = len(steps)
    label = {wire: name for name, wire in instrument.inputs.items()}
    values = itertools.product((False, True), repeat=len(read))
    unit: Matrix = np.array(1, dtype=complex)
    done = [_Operator(unit, [], dict(zip(read, value, strict=True))) for value in values]
    for k, step in enumerate(steps):
        ended = [wire for wire in step.wires if last[wire] == k]
        done = [new for old in done for new in _advance(old, step, label, ended)]
        if len(done) > _BRANCHES or sum(one.tensor.size for one in done) > _ENTRIES:
            raise TooWide
    return _collect(done, instrument)


def _advance(
    one: _Operator, step: InstrumentStep, label: Mapping[int, str], ended: Sequence[int]
) -> list[_Operator]:
    """Take a step: the branches it leads to, with the segments that end discarded."""
    for wire in step.wires:
        if wire not in one.axes:
            one.open(wire, label.get(wire))
    one.apply(step)
    branches = [one]
    if step.matrix is None:
        branches = list(one.project(step.wires[0], step.event))
        for branch in branches:
            branch.open(step.wires[0], None)
            if step.event is not None and branch.bits[step.event]:
                branch.tensor = branch.tensor[..., ::-1]
    for wire in ended:
        branches = [new for branch in branches for new in branch.project(wire)]
    return branches


def _collect(done: Iterable[_Operator], instrument: Instrument) -> dict[Bits, Matrix]:
    order = [wire for _, wire in sorted(instrument.outputs.items())] + sorted(instrument.inputs)
    found: dict[Bits, list[Matrix]] = {}
    for one in done:
        vector = one.tensor.transpose([one.axes.index(axis) for axis in order]).ravel()
        found.setdefault(tuple(sorted(one.bits.items())), []).append(vector)
    return {bits: _compressed(np.stack(vectors, axis=1)) for bits, vectors in found.items()}


def _compressed(v: Matrix) -> Matrix:
    """Return V, or a square matrix with the same V V† where V is wider than high."""
    if v.shape[1] <= v.shape[0]:
        return v
    _, r = np.linalg.qr(v.conj().T)
    return np.asarray(r.conj().T)


def differing_branch(a: Instrument, b: Instrument) -> Bits | None:
    """Return the bits for which two instruments with the same labels and events differ most, or None if they agree.

    The Choi matrices C = V V† of both are compared through tr(C D) = ‖V† W‖² alone, so that they are never written out, and
    neither phases nor the choice of Kraus operators matter.

    Raises:
        TooWide: If they are too large.
    """
    read = sorted(a.read | b.read)
    first, second = kraus_operators(a, read), kraus_operators(b, read)
    none = np.zeros((2 ** (len(a.inputs) + len(a.outputs)), 0))
    total = 0.0
    worst: tuple[float, Bits] = (0.0, ())
    for bits in sorted({*first, *second}):
        v, w = first.get(bits, none), second.get(bits, none)
        vv, ww, vw = (float(np.linalg.norm(x.conj().T @ y) ** 2) for x, y in ((v, v), (w, w), (v, w)))
        total += vv
        worst = max(worst, (vv + ww - 2 * vw, bits), key=lambda pair: pair[0])
    return worst[1] if worst[0] > _TOLERANCE**2 * total else None
