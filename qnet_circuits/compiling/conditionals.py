"""Real-time decisions: made for corrections, set aside while a compiler works on everything around them, and read.

A compiler visits the body of every decision again in each of its passes, which costs more than all the rest of a circuit.
The body of a correction is one Pauli on one qubit: it is compiled once, by itself. A decision on many qubits, which no SWAP may
enter, is made in parts where its qubits need SWAPs. What a decision decides on is a parity of bits if it is one, and otherwise
a table over all their values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Gate, IfElseOp, Instruction, Operation, Qubit
from qiskit.circuit.classical import expr

from qnet_circuits.classical import bits_read, condition_bits, parity_of, value_of, written_bits
from qnet_circuits.compiling.building import filled, with_instructions
from qnet_circuits.errors import UnsupportedError

#: Name of the instruction that stands where a decision was; it touches the same bits and means nothing to a compiler.
STAND_IN = "decision"


def parity_decision(bits: Sequence[Clbit], gate: Gate, qubit: Qubit) -> CircuitInstruction:
    """Return the instruction that applies a gate to a qubit if the parity of bits is odd."""
    body = with_instructions(QuantumCircuit([qubit], list(bits)), [CircuitInstruction(gate, (qubit,))])
    condition = (bits[0], True) if len(bits) == 1 else _parity([expr.lift(bit) for bit in bits])
    return CircuitInstruction(IfElseOp(condition, body), [qubit], bits)


def _parity(terms: list[expr.Expr]) -> expr.Expr:
    """Return the parity of terms as a balanced tree: whoever reads a condition recurs to its depth."""
    while len(terms) > 1:
        pairs = [expr.bit_xor(a, b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
    return terms[0]


@dataclass(frozen=True)
class Decision:
    """A decision that was set aside, and the wire that it acts on."""

    operation: IfElseOp
    wire: int


def set_aside(circuit: QuantumCircuit) -> tuple[QuantumCircuit, list[Decision]]:
    """Return a circuit with a stand-in for each decision on gates of one qubit, and those decisions.

    A stand-in's parameter is its decision's number in the list.
    """
    decisions: list[Decision] = []
    kept = []
    for instruction in circuit.data:
        if instruction.name == "if_else" and _is_simple(instruction):
            stand_in = Instruction(STAND_IN, 1, len(instruction.clbits), [len(decisions)])
            decisions.append(Decision(instruction.operation, circuit.find_bit(instruction.qubits[0]).index))
            instruction = instruction.replace(operation=stand_in)
        kept.append(instruction)
    return (with_instructions(circuit, kept) if decisions else circuit), decisions


def _is_simple(instruction: CircuitInstruction) -> bool:
    if len(instruction.qubits) != 1:
        return False
    blocks = instruction.operation.blocks
    return all(isinstance(inside.operation, Gate) for block in blocks for inside in block.data)


def is_wide(instruction: CircuitInstruction) -> bool:
    """Tell whether an instruction is control flow on more than two qubits."""
    return bool(instruction.is_control_flow()) and len(instruction.qubits) > 2


def with_narrow_decisions(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit with wide decisions as several, one after the other, on at most two qubits each.

    Loops, and decisions that hold decisions or write a bit that they read, stay what they are.
    """
    if not any(map(is_wide, circuit.data)):
        return circuit
    return with_instructions(circuit, (part for instruction in circuit.data for part in _split(instruction)))


def _split(instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    operation = instruction.operation
    nested = is_wide(instruction) and any(
        inside.is_control_flow() for block in operation.blocks for inside in block.data
    )
    if (
        not is_wide(instruction)
        or instruction.name not in ("if_else", "switch_case")
        or nested
        or set(condition_bits(instruction)).intersection(written_bits(instruction))
    ):
        yield instruction
        return
    for number, block in enumerate(operation.blocks):
        for part in _parts(block):
            used = [k for k, qubit in enumerate(block.qubits) if any(qubit in i.qubits for i in part)]
            # Where another branch is taken nothing happens, so the order of branches does not matter.
            empty = [
                QuantumCircuit([other.qubits[k] for k in used], other.clbits) for other in operation.blocks
            ]
            filled(empty[number], part)
            qubits = [instruction.qubits[k] for k in used]
            yield instruction.replace(operation=operation.replace_blocks(empty), qubits=qubits)


def _parts(block: QuantumCircuit) -> list[list[CircuitInstruction]]:
    """Return the instructions of a body in parts on at most two qubits each, to be done one after the other."""
    parts: list[list[CircuitInstruction]] = []
    wires: list[set[Qubit]] = []
    for instruction in block.data:
        if instruction.name == "barrier" and len(instruction.qubits) > 2:
            continue
        own = set(instruction.qubits)
        last = next((k for k in reversed(range(len(parts))) if wires[k] & own), None)
        if last is not None and len(wires[last] | own) <= 2:
            parts[last].append(instruction)
            wires[last] |= own
        else:
            parts.append([instruction])
            wires.append(own)
    return parts


Gates = tuple[CircuitInstruction, ...]


def put_back(
    circuit: QuantumCircuit, decisions: Sequence[Decision], compiled: Callable[[QuantumCircuit, int], Gates]
) -> None:
    """Put decisions back where their stand-ins are.

    Args:
        circuit: A circuit with stand-ins, which is changed.
        decisions: The decisions, by number.
        compiled: Returns the gates that a body of one qubit becomes on a wire.
    """
    for place, instruction in enumerate(circuit.data if decisions else ()):
        if instruction.name == STAND_IN:
            decision = decisions[int(instruction.params[0])].operation
            wire = circuit.find_bit(instruction.qubits[0]).index
            blocks = [_refilled(block, compiled(block, wire)) for block in decision.blocks]
            if any(new is not old for new, old in zip(blocks, decision.blocks, strict=True)):
                decision = decision.replace_blocks(blocks)
            circuit.data[place] = instruction.replace(operation=decision)


def _refilled(block: QuantumCircuit, gates: Gates) -> QuantumCircuit:
    """Return a body of one qubit with other gates, or itself if they are its own."""
    if [(gate.name, gate.params) for gate in gates] == [(gate.name, gate.params) for gate in block.data]:
        return block
    return with_instructions(block, [gate.replace(qubits=block.qubits) for gate in gates])


#: A table over more bits than this is too long.
MOST_BITS = 12


@dataclass(frozen=True)
class Choice:
    """Which branch is taken.

    Args:
        bits: The bits that decide.
        table: The branch for each value of ``key``.
        parity: Whether ``key`` is the parity of the bits, so that the table has two entries; otherwise it is their values, the
            first bit slowest.
    """

    bits: tuple[Clbit, ...]
    table: tuple[int, ...]
    parity: bool


def choice_of(operation: Operation, blocks: int) -> Choice:
    """Return which branch an ``if_else`` or ``switch_case`` takes; the number ``blocks`` stands for none.

    Raises:
        UnsupportedError: If the operation is a loop, or decides on more bits than a table can hold.
    """
    condition, block_of = _question(operation, blocks)
    odd = parity_of(condition) if operation.name == "if_else" else None
    if odd is not None:
        bits, constant = odd
        return Choice(bits, (0, 1) if constant else (1, 0), parity=True)
    return _tabulated(condition, block_of)


def taken_at_zero(operation: Operation, blocks: int) -> int:
    """Return which branch an ``if_else`` or ``switch_case`` takes if all bits are 0; the number ``blocks`` stands for none."""
    condition, block_of = _question(operation, blocks)
    return block_of(value_of(condition, defaultdict(int)))


def _question(operation: Operation, blocks: int) -> tuple[Any, Callable[[Any], int]]:
    """Return what an operation decides on, and the branch for each of its values."""
    if operation.name == "if_else":
        return operation.condition, lambda value: 0 if value else 1
    if operation.name == "switch_case":
        cases = operation.cases_specifier()
        listed = [(set(values), k) for k, (values, _) in enumerate(cases)]
        return operation.target, lambda value: _case(int(value), listed, blocks)
    raise UnsupportedError(
        f"{operation.name!r} cannot be computed exactly; use if_else, or sample on aer instead of the exact backend"
    )


def _case(value: int, listed: list[tuple[set[Any], int]], none: int) -> int:
    from qiskit.circuit import CASE_DEFAULT

    for values, block in listed:
        if value in values:
            return block
    return next((block for values, block in listed if CASE_DEFAULT in values), none)


def _tabulated(condition: Any, block_of: Callable[[Any], int]) -> Choice:
    bits = bits_read(condition)
    if not all(isinstance(bit, Clbit) for bit in bits):
        raise UnsupportedError(
            "a decision on a variable that is no measured bit cannot be computed exactly; sample on aer"
        )
    if len(bits) > MOST_BITS:
        raise UnsupportedError(
            f"a decision on {len(bits)} bits that is no parity cannot be computed exactly, at most {MOST_BITS} can; "
            "decide on a parity, or sample on aer"
        )
    table = tuple(
        block_of(value_of(condition, dict(zip(bits, values, strict=True))))
        for values in product((0, 1), repeat=len(bits))
    )
    return Choice(bits, table, parity=False)
