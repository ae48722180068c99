"""Instruments: what a part of a circuit does, from its entering wires to its leaving ones and its measured bits.

A circuit is read as steps on *segments*: pieces of wires between two fences. Steps that share no segment with others form
parts of their own, and two parts are the same instrument if, for every value of the bits they read and every outcome, they are
the same completely positive map (Davies and Lewis, Commun. Math. Phys. 17, 239 (1970)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, ControlFlowOp, Gate, Qubit
from qiskit.quantum_info import Operator

from qnet_circuits.classical import ALWAYS, NEVER, Polynomial, branches_of
from qnet_circuits.compiling.building import fence_label
from qnet_circuits.errors import UnsupportedError

#: The nth write (from 1) of a classical bit: its register's name, its index there, n.
MeasurementEvent = tuple[str, int, int]
Matrix = npt.NDArray[np.complex128]
_IGNORED = ("barrier", "delay", "id")


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
    condition: Polynomial = ALWAYS
    event: MeasurementEvent | None = None

    @property
    def read(self) -> frozenset[MeasurementEvent]:
        """The events that the condition depends on."""
        return self.condition.variables


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

    def _step(self, instruction: CircuitInstruction, place: dict[Qubit, int], condition: Polynomial) -> None:
        name = instruction.name
        if name in _IGNORED:
            return
        wires = tuple(place[qubit] for qubit in instruction.qubits)
        matrix = instruction.matrix
        if matrix is not None:
            self.done.steps.append(InstrumentStep(wires, matrix, condition))
        elif name in ("if_else", "switch_case"):
            self._decide(instruction, wires, condition)
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

    def _bit(self, bit: Clbit) -> Polynomial:
        """Return a bit as it is now: what was written last, or 0."""
        return Polynomial.of(self.latest[bit]) if bit in self.latest else NEVER

    def _decide(self, instruction: CircuitInstruction, wires: Sequence[int], condition: Polynomial) -> None:
        """Take the gates of each block of a decision, with the condition under which that is the one that runs."""
        operation = instruction.operation
        for block, runs in zip(operation.blocks, branches_of(operation, self._bit, ALWAYS), strict=True):
            place = dict(zip(block.qubits, wires, strict=True))
            for inside in block.data:
                if isinstance(inside.operation, ControlFlowOp):
                    raise UnsupportedError(
                        f"control flow inside {instruction.name} cannot be verified; use one level of it"
                    )
                self._step(inside, place, condition & runs)

    def _expand(self, instruction: CircuitInstruction, wires: Sequence[int], condition: Polynomial) -> None:
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
