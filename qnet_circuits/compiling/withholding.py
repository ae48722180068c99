"""Messages withheld from the control flow of a program: no decision receives a bit that another node measured.

Such a bit reads as 0, as if it had never been sent. If a decision reads only such bits, its branch for zeros is taken at once,
without a decision and without waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any, cast

from qiskit import QuantumCircuit
from qiskit.circuit import (
    CASE_DEFAULT,
    CircuitInstruction,
    ClassicalRegister,
    Clbit,
    ControlFlowOp,
    IfElseOp,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.classical import expr

from qnet_circuits.classical import condition_bits, in_place, read_bits, taken, truth_of, written_bits
from qnet_circuits.compiling.building import with_instructions
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.locality import node_of


def withheld(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit in which no control flow reads a bit that another node measured; itself if none does.

    Args:
        circuit: A checked circuit, so that each instruction of control flow is of one node.

    Raises:
        UnsupportedError: If a loop would never end, or measures into a bit of another node that it reads.
    """
    if not waits(circuit):
        return circuit
    data: list[CircuitInstruction] = []
    for instruction, foreign, unclear in _heard(circuit):
        if unclear.intersection(read_bits(instruction)):
            raise UnsupportedError(
                f"{instruction.name!r} reads a bit that another node measured and that a branch of its own node may have "
                "overwritten, so it is not known what to withhold; measure into a bit of its own"
            )
        data += _decided(instruction, foreign)
    return with_instructions(circuit, data)


def waits(circuit: QuantumCircuit) -> bool:
    """Tell whether control flow reads a bit that another node measured, or may have."""
    return any(not foreign.isdisjoint(read_bits(each)) for each, foreign, _ in _heard(circuit))


def _heard(circuit: QuantumCircuit) -> Iterator[tuple[CircuitInstruction, set[Clbit], set[Clbit]]]:
    """Yield each instruction with the bits that another node measured last, or may have, and with those that only may."""
    nodes, measured_at = node_of(circuit), dict[Clbit, set[str]]()
    for instruction in circuit.data:
        node = nodes[instruction.qubits[0]] if instruction.qubits else ""
        foreign = {bit for bit, sources in measured_at.items() if sources - {node}}
        yield instruction, foreign, {bit for bit in foreign if node in measured_at[bit]}
        for bit in written_bits(instruction):
            before = measured_at.get(bit, set()) if instruction.is_control_flow() else set()
            measured_at[bit] = before | {node}


def _decided(instruction: CircuitInstruction, foreign: set[Clbit]) -> Iterator[CircuitInstruction]:
    """Yield the instructions that replace control flow if some bits never arrive; itself if it reads none of them."""
    if not foreign.intersection(read_bits(instruction)):
        yield instruction
        return
    name = instruction.name
    if name == "while_loop" and foreign.intersection(read_bits(instruction), written_bits(instruction)):
        raise UnsupportedError(
            f"{name!r} reads a bit of another node and measures into it, so no message can be withheld from it; "
            "give the loop a bit of its own"
        )
    operation = cast(ControlFlowOp, instruction.operation)
    blocks = [_inside(block, instruction, foreign) for block in operation.blocks]
    operation = operation.replace_blocks(blocks)
    bits = set(condition_bits(instruction))
    if not bits & foreign:
        yield instruction.replace(operation=operation)
    elif not bits <= foreign:
        yield instruction.replace(operation=_deaf(operation, bits & foreign))
    else:
        taken = _at_zero(operation)
        if taken < len(blocks):
            yield from in_place(blocks[taken], instruction)


def _inside(block: QuantumCircuit, instruction: CircuitInstruction, foreign: set[Clbit]) -> QuantumCircuit:
    """Return a branch whose own decisions read no foreign bit that the branch has not measured anew."""
    lost = {inner for inner, bit in zip(block.clbits, instruction.clbits, strict=True) if bit in foreign}
    data: list[CircuitInstruction] = []
    for inside in block.data:
        data += _decided(inside, lost)
        lost -= set(written_bits(inside))
    return with_instructions(block, data)


def _at_zero(operation: ControlFlowOp) -> int:
    """Return the number of the branch that is taken if all bits are 0. The number of branches means that none is taken."""
    if operation.name != "while_loop":
        return taken(operation, {})
    if truth_of(operation.condition, lambda _: 0, 1):
        raise UnsupportedError(
            "'while_loop' goes on until a message arrives, which is withheld; decide with if_test"
        )
    return 1


def _deaf(operation: ControlFlowOp, lost: set[Clbit]) -> ControlFlowOp:
    """Return the same control flow with a condition in which some bits read as 0."""
    if operation.name == "switch_case":
        return _deaf_switch(operation, lost)
    condition = operation.condition
    if isinstance(condition, tuple):
        condition = _bit_by_bit(*condition)
    kind = WhileLoopOp if operation.name == "while_loop" else IfElseOp
    return kind(_silenced(condition, lost), *operation.blocks, label=operation.label)


def _deaf_switch(operation: SwitchCaseOp, lost: set[Clbit]) -> SwitchCaseOp:
    """Return a switch that takes the same case whatever the lost bits are; Aer switches on registers and on no expression."""
    cases = list(operation.cases_specifier())
    target = operation.target.var if isinstance(operation.target, expr.Var) else operation.target
    if not isinstance(target, ClassicalRegister):
        return SwitchCaseOp(_silenced(target, lost), cases, label=operation.label)
    ways = [0]
    for k, bit in enumerate(target):
        ways += [way | 1 << k for way in ways] if bit in lost else []
    heard = [
        ([each for value in values for each in _each_way(value, ways)], block) for values, block in cases
    ]
    return SwitchCaseOp(target, [case for case in heard if case[0]], label=operation.label)


def _each_way(value: Any, ways: list[int]) -> list[Any]:
    """Return the values of a register that stand for one, whatever its lost bits are; none for one in which they are 1."""
    if value is CASE_DEFAULT:
        return [value]
    return [value | way for way in ways] if not value & ways[-1] else []


def _bit_by_bit(register: ClassicalRegister, value: int) -> expr.Expr:
    """Return the condition that a register has a value as one on its bits, so that nobody waits for those that are lost."""
    terms = [bit if value >> k & 1 else expr.logic_not(bit) for k, bit in enumerate(register)]
    return reduce(expr.logic_and, terms[1:], expr.lift(terms[0]))


def _silenced(node: expr.Expr, lost: set[Clbit]) -> expr.Expr:
    """Return an expression in which some bits read as 0."""
    if isinstance(node, expr.Var):
        if isinstance(node.var, Clbit):
            return expr.lift(False) if node.var in lost else node
        mask = sum(1 << k for k, bit in enumerate(node.var) if bit not in lost)
        return expr.bit_and(node, expr.lift(mask, node.type))
    if isinstance(node, expr.Cast):
        return expr.Cast(_silenced(node.operand, lost), node.type, node.implicit)
    if isinstance(node, expr.Unary):
        return expr.Unary(node.op, _silenced(node.operand, lost), node.type)
    if isinstance(node, expr.Binary):
        return expr.Binary(node.op, _silenced(node.left, lost), _silenced(node.right, lost), node.type)
    if isinstance(node, expr.Index):
        return expr.Index(_silenced(node.target, lost), _silenced(node.index, lost), node.type)
    return node
