"""Real-time decisions: made for corrections, and set aside while a compiler works on everything around them.

A compiler visits the body of every decision again in each of its passes, which costs more than all the rest of a circuit.
The body of a correction is one Pauli on one qubit: it is compiled once, by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Gate, IfElseOp, Instruction, Qubit
from qiskit.circuit.classical import expr

from qnet_circuits.compiling.building import with_instructions

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
