"""Classical expressions, and real-time decisions on them: what they read, what they write, and what they are worth.

A condition is an expression, a bit or a register, or Qiskit's pair of a bit or register and the value that it is compared to.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CASE_DEFAULT, CircuitInstruction, ClassicalRegister, Clbit, ControlFlowOp
from qiskit.circuit.classical import expr, types
from qiskit.circuit.controlflow import node_resources

from qnet_circuits.errors import UnsupportedError

#: A classical bit, or a bit of a variable: the variable with the bit's number.
Bit = Any
_ARITHMETIC = ("ADD", "SUB", "MUL", "DIV", "SHIFT_LEFT", "SHIFT_RIGHT", "NEGATE")
_PAIRS = {
    "BIT_AND": operator.and_, "BIT_OR": operator.or_, "BIT_XOR": operator.xor,
    "LOGIC_AND": operator.and_, "LOGIC_OR": operator.or_, "EQUAL": operator.eq, "NOT_EQUAL": operator.ne,
    "LESS": operator.lt, "LESS_EQUAL": operator.le, "GREATER": operator.gt, "GREATER_EQUAL": operator.ge,
}  # fmt: skip
#: Operators that make a parity of two parities, and whether they add one to it.
_ODD = {"BIT_XOR": False, "NOT_EQUAL": False, "EQUAL": True}


def lifted(condition: Any) -> expr.Expr:
    """Return a condition as an expression."""
    return expr.lift_legacy_condition(condition) if isinstance(condition, tuple) else expr.lift(condition)


# -- what an expression reads ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operand:
    """One value that an expression reads: a bit, a register, a variable, or one bit of a wider one.

    Args:
        name: Its name, or a description if it has none.
        bits: Its bits, the least significant first.
    """

    name: str
    bits: tuple[Bit, ...]


def operands(condition: Any) -> list[Operand]:
    """Return the values that a condition reads. One bit of a wider register, by a constant index, is one bit."""
    return list(_read(lifted(condition)))


def _read(node: expr.Expr) -> Iterator[Operand]:
    if isinstance(node, expr.Var):
        yield _operand(node)
    elif isinstance(node, expr.Index) and isinstance(node.index, expr.Value):
        place, direct = node.index.value, isinstance(node.target, expr.Var)
        for whole in _read(node.target):
            chosen = whole.bits[place : place + 1] if direct else ()
            yield Operand(f"{whole.name}[{place}]", chosen or whole.bits)
    else:
        for child in _children(node):
            yield from _read(child)


def _operand(node: expr.Var) -> Operand:
    if isinstance(node.var, Clbit):
        return Operand("a bit", (node.var,))
    if isinstance(node.var, ClassicalRegister):
        return Operand(node.var.name, tuple(node.var))
    return Operand("a variable", tuple((node.var, k) for k in range(getattr(node.type, "width", 1))))


def _children(node: expr.Expr) -> list[expr.Expr]:
    parts = (getattr(node, name, None) for name in ("left", "right", "operand", "target", "index"))
    return [part for part in parts if isinstance(part, expr.Expr)]


def bits_read(condition: Any) -> tuple[Bit, ...]:
    """Return all bits that a condition reads, each once.

    Example:
        >>> register = ClassicalRegister(3, "c")
        >>> bits_read(expr.bit_xor(register[2], register[0])) == (register[2], register[0])
        True
    """
    return tuple(dict.fromkeys(bit for operand in operands(condition) for bit in operand.bits))


def arithmetic(condition: Any) -> list[str]:
    """Return the names of the arithmetic operations and shifts in a condition."""
    names = (getattr(getattr(node, "op", None), "name", "") for node in _nodes(lifted(condition)))
    return [name for name in names if name in _ARITHMETIC]


def _nodes(node: expr.Expr) -> Iterator[expr.Expr]:
    yield node
    for child in _children(node):
        yield from _nodes(child)


# -- what an expression is worth -------------------------------------------------------------------------------------


def parity_of(condition: Any) -> tuple[tuple[Clbit, ...], bool] | None:
    """Return the bits and the constant whose XOR a condition is, or None if it is no parity.

    Example:
        >>> register = ClassicalRegister(2, "c")
        >>> parity_of(expr.not_equal(register[0], expr.logic_not(register[1]))) == (tuple(register), True)
        True
    """
    node = lifted(condition)
    if isinstance(node, expr.Var) and isinstance(node.var, Clbit):
        return (node.var,), False
    if isinstance(node, expr.Value) and node.type.kind is types.Bool:
        # Qiskit gives the value of a Bool as an integer.
        return (), bool(node.value)
    if isinstance(node, expr.Unary) and node.type.kind is types.Bool:
        inner = parity_of(node.operand)
        return None if inner is None else (inner[0], not inner[1])
    if isinstance(node, expr.Binary) and node.left.type.kind is types.Bool and node.op.name in _ODD:
        left, right = parity_of(node.left), parity_of(node.right)
        if left is not None and right is not None:
            bits = tuple(bit for bit in (*left[0], *right[0]) if (bit in left[0]) != (bit in right[0]))
            return bits, left[1] ^ right[1] ^ _ODD[node.op.name]
    return None


def value_of(condition: Any, values: Mapping[Clbit, int]) -> Any:
    """Return what a condition is worth: a truth value, or a number for a target of several bits.

    Args:
        condition: The condition.
        values: The values of the bits that it reads.

    Raises:
        UnsupportedError: If it does arithmetic.
    """
    return _value(lifted(condition), values)


def _value(node: expr.Expr, values: Mapping[Clbit, int]) -> Any:
    if isinstance(node, expr.Value):
        return node.value
    if isinstance(node, expr.Var):
        if isinstance(node.var, Clbit):
            return bool(values[node.var])
        # Bits without a value are not read: an index picks others.
        return sum(values.get(bit, 0) << k for k, bit in enumerate(node.var))
    if isinstance(node, expr.Cast):
        inner = _value(node.operand, values)
        return bool(inner) if node.type.kind is types.Bool else int(inner)
    if isinstance(node, expr.Unary):
        inner = _value(node.operand, values)
        return (not inner) if node.type.kind is types.Bool else ~int(inner) & ((1 << node.type.width) - 1)
    if isinstance(node, expr.Binary) and node.op.name in _PAIRS:
        return _PAIRS[node.op.name](_value(node.left, values), _value(node.right, values))
    if isinstance(node, expr.Index):
        return bool(int(_value(node.target, values)) >> int(_value(node.index, values)) & 1)
    raise UnsupportedError(
        "a decision's expression cannot be computed exactly; decide on a parity, or sample on aer"
    )


# -- which branch is taken --------------------------------------------------------------------------------------------

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


def choice_of(operation: ControlFlowOp, zero: Collection[Clbit] = ()) -> Choice:
    """Return which branch an ``if_else`` or ``switch_case`` takes; the number of its branches stands for none.

    Args:
        operation: The decision.
        zero: Bits that are known to be 0, which decide nothing.

    Raises:
        UnsupportedError: If the operation is a loop, or decides on more bits than a table can hold.
    """
    condition, branch_of = _question(operation)
    odd = parity_of(condition) if operation.name == "if_else" else None
    if odd is not None:
        table = (0, 1) if odd[1] else (1, 0)
        return Choice(tuple(bit for bit in odd[0] if bit not in zero), table, parity=True)
    bits = tuple(bit for bit in bits_read(condition) if bit not in zero)
    _check_table(bits)
    values = (defaultdict(int, zip(bits, row, strict=True)) for row in product((0, 1), repeat=len(bits)))
    return Choice(bits, tuple(branch_of(value_of(condition, row)) for row in values), parity=False)


def taken_at_zero(operation: ControlFlowOp) -> int:
    """Return which branch is taken if all bits are 0, as ``choice_of`` numbers them."""
    condition, branch_of = _question(operation)
    return branch_of(value_of(condition, defaultdict(int)))


def _question(operation: ControlFlowOp) -> tuple[Any, Callable[[Any], int]]:
    """Return what an operation decides on, and the branch for each of its values."""
    if operation.name == "if_else":
        return operation.condition, lambda value: 0 if value else 1
    if operation.name == "switch_case":
        branch = {value: k for k, (values, _) in enumerate(operation.cases_specifier()) for value in values}
        otherwise = branch.get(CASE_DEFAULT, len(operation.blocks))
        return operation.target, lambda value: branch.get(int(value), otherwise)
    raise UnsupportedError(
        f"{operation.name!r} cannot be computed exactly; use if_else, or sample on aer instead of the exact backend"
    )


def _check_table(bits: Sequence[Bit]) -> None:
    if not all(isinstance(bit, Clbit) for bit in bits):
        raise UnsupportedError(
            "a decision on a variable that is no measured bit can be neither computed exactly nor verified; decide on measured "
            "bits, or sample on aer"
        )
    if len(bits) > MOST_BITS:
        raise UnsupportedError(
            f"a decision on {len(bits)} bits that is no parity can be neither computed exactly nor verified, at most "
            f"{MOST_BITS} can; decide on a parity, or sample on aer"
        )


# -- what an instruction reads and writes ----------------------------------------------------------------------------


def condition_bits(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    """Return the classical bits that a control-flow instruction reads for its decision, whole registers included."""
    operation = instruction.operation
    condition = getattr(operation, "condition", None)
    condition = getattr(operation, "target", None) if condition is None else condition
    return () if condition is None else node_resources(lifted(condition)).clbits


def read_bits(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    """Return the bits that a real-time decision reads, inside of branches too; none for anything else."""
    if not instruction.is_control_flow():
        return ()
    read = dict.fromkeys(condition_bits(instruction))
    for block in instruction.operation.blocks:
        outer = dict(zip(block.clbits, instruction.clbits, strict=True))
        for inside in block.data:
            read.update((outer[bit], None) for bit in read_bits(inside))
    return tuple(read)


def written_bits(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    """Return the bits that an instruction measures into, inside of branches too."""
    if instruction.name == "measure":
        return tuple(instruction.clbits)
    return tuple(dict.fromkeys(bit for each in inside(instruction) for bit in written_bits(each)))


def inside(instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    """Yield what stands in the branches of control flow, on the qubits and bits of the circuit around it; conditions stay."""
    for block in instruction.operation.blocks if instruction.is_control_flow() else ():
        yield from in_place(block, instruction)


def in_place(part: QuantumCircuit, instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    """Yield what a circuit that stands in, or for, an instruction does, on the instruction's qubits and bits."""
    qubits = dict(zip(part.qubits, instruction.qubits, strict=True))
    bits = dict(zip(part.clbits, instruction.clbits, strict=True))
    for each in part.data:
        yield each.replace(qubits=[qubits[q] for q in each.qubits], clbits=[bits[b] for b in each.clbits])
