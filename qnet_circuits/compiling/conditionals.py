"""Real-time decisions: made for corrections, and set aside while a compiler works on everything around them.

A compiler visits the body of every decision again in each of its passes, which costs more than all the rest of a circuit.
The body of a correction is one Pauli on one qubit: it is compiled once, by itself. A decision on many qubits, which
no SWAP may enter, is made in parts where its qubits need SWAPs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Gate, IfElseOp, Instruction, Qubit
from qiskit.circuit.classical import expr

from qnet_circuits.classical import condition_bits, written_bits
from qnet_circuits.compiling.building import filled, with_instructions

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
