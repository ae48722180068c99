"""Where the instructions of a circuit stand in its picture: rows of wires, columns in time, and messages between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, ControlFlowOp, ControlledGate, Operation, Qubit

from qnet_circuits.classical import condition_bits, written_bits
from qnet_circuits.programs.instructions import CORRECT, TRANSMIT, conditioned

_SHORT = {
    "sdg": "S†", "tdg": "T†", "sx": "√X", "sxdg": "√X†", "reset": "|0⟩", "id": "I", "state_preparation": "init",
    "initialize": "init", "measure": "",
}  # fmt: skip
_MOST_BITS = 3


@dataclass(frozen=True)
class Source:
    """Where a message comes from: the last measurement of a bit, the ``lane``-th on its wire."""

    row: int
    column: int
    lane: int


@dataclass(frozen=True)
class Placed:
    """An instruction at its place: the rows of its qubits, its column, its text, and the messages it waits for."""

    instruction: CircuitInstruction
    rows: tuple[int, ...]
    column: int
    label: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A circuit laid out: wires from top to bottom, and instructions, each as early as possible.

    Args:
        wires: Name of each row's qubit.
        nodes: Name of each row's node, empty for a qubit without a register.
        ends: Column in which a row's qubit leaves, for those that are transmitted.
        placed: The instructions in the circuit's order.
        columns: Number of columns.
    """

    wires: tuple[str, ...]
    nodes: tuple[str, ...]
    ends: dict[int, int]
    placed: tuple[Placed, ...]
    columns: int


@dataclass
class _Walk:
    circuit: QuantumCircuit
    nodes: tuple[str, ...]
    free: list[int]
    sources: dict[Clbit, Source] = field(default_factory=dict)
    lanes: Counter[int] = field(default_factory=Counter)


def arrange(circuit: QuantumCircuit) -> Layout:
    """Give every instruction but barriers the first column in which it and its messages overlap nothing."""
    registers = [circuit.find_bit(qubit).registers for qubit in circuit.qubits]
    nodes = tuple(where[0][0].name if where else "" for where in registers)
    walk = _Walk(circuit, nodes, [0] * len(circuit.qubits))
    shown = (each for each in circuit.data if each.operation.name != "barrier" and each.qubits)
    placed = tuple(_place(walk, instruction) for instruction in shown)
    ends = {each.rows[0]: each.column for each in placed if each.instruction.operation.name == TRANSMIT}
    wires = tuple(bit_name(circuit, qubit) for qubit in circuit.qubits)
    return Layout(wires, nodes, ends, placed, max(walk.free, default=0))


def _place(walk: _Walk, instruction: CircuitInstruction) -> Placed:
    rows = tuple(walk.circuit.find_bit(qubit).index for qubit in instruction.qubits)
    known = [walk.sources[bit] for bit in bits_read(instruction) if bit in walk.sources]
    own = {walk.nodes[row] for row in rows}
    remote = tuple(dict.fromkeys(source for source in known if walk.nodes[source.row] not in own))
    between = [*rows, *(source.row for source in remote)]
    taken = range(min(between), max(between) + 1)
    column = max([walk.free[row] for row in taken] + [source.column + 1 for source in known])
    for row in taken:
        walk.free[row] = column + 1
    for bit in written_bits(instruction):
        walk.sources[bit] = Source(rows[0], column, walk.lanes[rows[0]])
        walk.lanes[rows[0]] += 1
    return Placed(instruction, rows, column, label(walk.circuit, instruction), remote)


def bits_read(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    """Return the classical bits that an instruction waits for."""
    if instruction.operation.name == CORRECT:
        return tuple(instruction.clbits)
    return condition_bits(instruction) if isinstance(instruction.operation, ControlFlowOp) else ()


def bit_name(circuit: QuantumCircuit, bit: Qubit | Clbit) -> str:
    """Return register[index], or the bare index of a bit without a register."""
    where = circuit.find_bit(bit)
    if not where.registers:
        return f"[{where.index}]"
    register, index = where.registers[0]
    return f"{register.name}[{index}]"


def label(circuit: QuantumCircuit, instruction: CircuitInstruction) -> str:
    """Return the text that stands for an instruction.

    Example:
        >>> circuit = QuantumCircuit(1, 1)
        >>> circuit.rx(0.5, 0)
        <qiskit.circuit.instructionset.InstructionSet object at ...>
        >>> label(circuit, circuit.data[0])
        'RX(0.5)'
    """
    operation = instruction.operation
    if operation.name == "measure":
        return bit_name(circuit, instruction.clbits[0])
    if operation.name == CORRECT:
        return "\n".join(
            f"{_product(gates)}^{_parity(circuit, bits)}" for bits, gates in conditioned(instruction)
        )
    if isinstance(operation, ControlFlowOp):
        return str(operation.name)
    given = getattr(operation, "label", None)
    return str(given) if given else _gate_label(operation)


def _product(gates: Sequence[Operation]) -> str:
    """Return the product of gates, the first of which stands at the right."""
    names = "".join(map(_gate_label, reversed(gates)))
    return names if len(gates) == 1 else f"({names})"


def _parity(circuit: QuantumCircuit, bits: Sequence[Clbit]) -> str:
    if len(bits) > _MOST_BITS:
        return f"({len(bits)} bits)"
    names = "⊕".join(bit_name(circuit, bit) for bit in bits)
    return names if len(bits) == 1 else f"({names})"


def base_gate(operation: Operation) -> Operation:
    """Return what a controlled gate does to its targets; any other operation as it is."""
    return operation.base_gate if isinstance(operation, ControlledGate) else operation


def _gate_label(operation: Operation) -> str:
    gate = base_gate(operation)
    short = gate.name.upper() if len(gate.name) <= 3 else gate.name
    numbers = [_number(value) for value in getattr(gate, "params", [])]
    shown = all(numbers) and 0 < len(numbers) <= 3
    return str(_SHORT.get(gate.name, short)) + (f"({', '.join(numbers)})" if shown else "")


def _number(value: object) -> str:
    """Return a parameter as text; empty for arrays and whatever else has no short form."""
    if isinstance(value, int | float):
        return f"{value:.3g}"
    text = str(value)
    return (
        text if len(text) <= 12 and "\n" not in text and type(value).__name__.startswith("Parameter") else ""
    )


def fold(widths: Sequence[float], room: float) -> list[range]:
    """Divide columns into panels that are no wider than ``room``, each with at least one column.

    Example:
        >>> fold([1, 1, 1, 3, 1], 2.5)
        [range(0, 2), range(2, 3), range(3, 4), range(4, 5)]
    """
    starts, used = [0], 0.0
    for column, width in enumerate(widths):
        if used + width > room and column > starts[-1]:
            starts.append(column)
            used = 0.0
        used += width
    return [range(first, last) for first, last in pairwise([*starts, max(len(widths), 1)])]
