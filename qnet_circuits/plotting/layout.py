"""The places of a circuit's instructions in its plot: rows of wires, columns in time, and the messages between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import NamedTuple

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, ControlFlowOp, ControlledGate, Operation, Qubit

from qnet_circuits.classical import condition_bits, written_bits
from qnet_circuits.plotting.repeats import Rows, rows_of
from qnet_circuits.programs.instructions import CORRECT, TRANSMIT, conditioned

_SHORT = {
    "sdg": "S†", "tdg": "T†", "sx": "√X", "sxdg": "√X†", "reset": "|0⟩", "id": "I", "state_preparation": "init",
    "initialize": "init", "measure": "",
}  # fmt: skip
_MOST_BITS = 3
#: How far from the middle of a row that stands for several qubits a symbol ends, in rows.
_SHORT_OF = 0.25


@dataclass(frozen=True)
class Source:
    """The place at which a message begins: the last measurement of a bit, which is number ``lane`` on its wire."""

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
    """A circuit laid out: wires from top to bottom, and instructions, each as late as possible.

    Args:
        rows: The wires.
        ends: Column in which a row's qubit leaves, for those that are transmitted.
        placed: The instructions in the circuit's order.
        columns: Number of columns.
        unused: Number of qubits that have no row, since nothing happens to them.
    """

    rows: Rows
    ends: dict[int, int]
    placed: tuple[Placed, ...]
    columns: int
    unused: int


class _Known(NamedTuple):
    """An instruction without a column yet: its rows, its moment, and the measurements for which it waits."""

    instruction: CircuitInstruction
    rows: tuple[int, ...]
    moment: int
    sources: tuple[_Measured, ...]

    def span(self, gaps: Collection[int]) -> tuple[float, float]:
        """Return the first and the last row of its symbol and its messages. In a gap they end before the middle."""
        between = sorted([*self.rows, *(source.row for source in self.sources)])
        low, high = between[0], between[-1]
        return low + _SHORT_OF * (low in gaps), high - _SHORT_OF * (high in gaps)


class _Measured(NamedTuple):
    """The last measurement of a bit: its row, its moment, and the number of earlier measurements on its wire."""

    row: int
    moment: int
    lane: int


def arrange(circuit: QuantumCircuit, collapse: bool = True) -> Layout:
    """Return the layout of a circuit. Each instruction except barriers has the last possible column without an overlap.

    Args:
        circuit: The circuit.
        collapse: Whether only the first and the last of many similar nodes or wires have rows of their own (``rows_of``).
    """
    registers = [circuit.find_bit(qubit).registers for qubit in circuit.qubits]
    nodes = tuple(where[0][0].name if where else "" for where in registers)
    rows = rows_of(circuit, [bit_name(circuit, qubit) for qubit in circuit.qubits], nodes, collapse)
    known = [each for each in _known(circuit, nodes, rows) if not rows.gaps.issuperset(each.rows)]
    columns = _columns(known, rows.gaps)
    number = {column: k for k, column in enumerate(sorted({*columns}))}
    placed = tuple(
        Placed(
            each.instruction, each.rows, number[column], label(circuit, each.instruction),
            tuple(_source(source, known, columns, number) for source in each.sources),
        )
        for each, column in zip(known, columns, strict=True)
    )  # fmt: skip
    ends = {each.rows[0]: each.column for each in placed if each.instruction.operation.name == TRANSMIT}
    return Layout(rows, ends, placed, len(number), circuit.num_qubits - len(rows.of))


def _known(circuit: QuantumCircuit, nodes: Sequence[str], rows: Rows) -> Iterator[_Known]:
    """Yield each instruction except barriers."""
    measured: dict[Clbit, tuple[str, _Measured]] = {}
    lanes: Counter[int] = Counter()
    for each, moment in zip(circuit.data, _moments(circuit), strict=True):
        qubits = [circuit.find_bit(qubit).index for qubit in each.qubits]
        if each.operation.name == "barrier" or not qubits or not rows.of.keys() >= {*qubits}:
            continue
        own, places = {nodes[qubit] for qubit in qubits}, tuple(rows.of[qubit] for qubit in qubits)
        remote = [measured[bit] for bit in bits_read(each) if bit in measured]
        yield _Known(
            each, places, moment, _joined([source for node, source in remote if node not in own], rows)
        )
        for bit in written_bits(each):
            measured[bit] = nodes[qubits[0]], _Measured(places[0], moment, lanes[places[0]])
            lanes[places[0]] += 1


def _joined(sources: Sequence[_Measured], rows: Rows) -> tuple[_Measured, ...]:
    """Return the sources of messages, each once. A row of several qubits has one source: its last measurement."""
    single = [source for source in sources if source.row not in rows.gaps]
    last = {
        source.row: source
        for source in sorted(sources, key=lambda each: each.moment)
        if source.row in rows.gaps
    }
    return tuple(dict.fromkeys([*single, *last.values()]))


def _moments(circuit: QuantumCircuit) -> list[int]:
    """Return the last possible moment of each instruction, before all instructions that need its qubits and bits."""
    # How many moments lie between the end and what uses a qubit or writes a bit next, or reads what is written next.
    used: dict[Qubit | Clbit, int] = {}
    read: dict[Clbit, int] = {}
    found = []
    for each in reversed(circuit.data):
        reads, writes = bits_read(each), tuple(written_bits(each))
        after = [used.get(bit, 0) for bit in (*each.qubits, *writes, *reads)] + [
            read.pop(bit, 0) for bit in writes
        ]
        moment = max(after, default=0)
        found.append(-moment)
        past = moment + (each.operation.name != "barrier")
        used.update(dict.fromkeys((*each.qubits, *writes), past))
        read.update({bit: max(read.get(bit, 0), past) for bit in reads})
    return found[::-1]


def _columns(known: Sequence[_Known], gaps: Collection[int]) -> list[tuple[int, int]]:
    """Return the moment of each instruction, and its place in the moment. Instructions that would overlap have two places."""
    taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
    columns = []
    for each in known:
        low, high = each.span(gaps)
        places = ((each.moment, place) for place in count())
        column = next(
            column
            for column in places
            if all(high < first or last < low for first, last in taken.get(column, ()))
        )
        taken.setdefault(column, []).append((low, high))
        columns.append(column)
    return columns


def _source(
    source: _Measured,
    known: Sequence[_Known],
    columns: Sequence[tuple[int, int]],
    number: Mapping[tuple[int, int], int],
) -> Source:
    """Return the source of a message. From a row of several qubits it begins at the last shown moment before it."""
    own = [
        column
        for each, column in zip(known, columns, strict=True)
        if each.rows[0] == source.row and each.moment == source.moment and written_bits(each.instruction)
    ]
    earlier = [column for column in columns if column[0] <= source.moment]
    return Source(source.row, number[own[0] if own else max(earlier)], source.lane)


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
    """Return the gate that a controlled gate applies to its targets; any other operation unchanged."""
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
