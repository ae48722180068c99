"""What a real-time decision decides on: a parity of bits where it is one, and otherwise a table over all their values."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from qiskit.circuit import ClassicalRegister, Clbit, Operation
from qiskit.circuit.classical import expr, types

from qnet_circuits.errors import UnsupportedError

#: A table over more bits than this is too long.
MOST_BITS = 12
_PAIRS: dict[Any, Callable[[Any, Any], Any]] = {
    expr.Binary.Op.BIT_AND: operator.and_,
    expr.Binary.Op.BIT_OR: operator.or_,
    expr.Binary.Op.BIT_XOR: operator.xor,
    expr.Binary.Op.LOGIC_AND: lambda a, b: bool(a) and bool(b),
    expr.Binary.Op.LOGIC_OR: lambda a, b: bool(a) or bool(b),
    expr.Binary.Op.EQUAL: operator.eq,
    expr.Binary.Op.NOT_EQUAL: operator.ne,
    expr.Binary.Op.LESS: operator.lt,
    expr.Binary.Op.LESS_EQUAL: operator.le,
    expr.Binary.Op.GREATER: operator.gt,
    expr.Binary.Op.GREATER_EQUAL: operator.ge,
}
Values = Mapping[Clbit, int]


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
    node, block_of = _question(operation, blocks)
    odd = _parity_of(node) if operation.name == "if_else" else None
    if odd is not None:
        bits, constant = odd
        return Choice(tuple(bits), (0, 1) if constant else (1, 0), parity=True)
    return _tabulated(node, block_of)


def taken_at_zero(operation: Operation, blocks: int) -> int:
    """Return which branch an ``if_else`` or ``switch_case`` takes if all bits are 0; the number ``blocks`` stands for none."""
    node, block_of = _question(operation, blocks)
    return block_of(_value(node, defaultdict(int)))


def _question(operation: Operation, blocks: int) -> tuple[expr.Expr, Callable[[Any], int]]:
    """Return what an operation decides on, and the branch for each of its values."""
    if operation.name == "if_else":
        condition = operation.condition
        if isinstance(condition, tuple):
            condition = expr.lift_legacy_condition(condition)
        return condition, lambda value: 0 if value else 1
    if operation.name == "switch_case":
        cases = operation.cases_specifier()
        listed = [(set(values), k) for k, (values, _) in enumerate(cases)]
        return expr.lift(operation.target), lambda value: _case(int(value), listed, blocks)
    raise UnsupportedError(
        f"{operation.name!r} cannot be computed exactly; use if_else, or sample on aer instead of the exact backend"
    )


def _case(value: int, listed: list[tuple[set[Any], int]], none: int) -> int:
    from qiskit.circuit import CASE_DEFAULT

    for values, block in listed:
        if value in values:
            return block
    return next((block for values, block in listed if CASE_DEFAULT in values), none)


def _parity_of(node: expr.Expr) -> tuple[dict[Clbit, None], bool] | None:
    """Return the bits and the constant whose XOR an expression is, or None."""
    if isinstance(node, expr.Var) and isinstance(node.var, Clbit):
        return {node.var: None}, False
    if isinstance(node, expr.Value) and node.type.kind is types.Bool:
        # Qiskit gives the value of a Bool as an integer.
        return {}, bool(node.value)
    if isinstance(node, expr.Unary) and node.type.kind is types.Bool:
        inner = _parity_of(node.operand)
        return None if inner is None else (inner[0], not inner[1])
    if isinstance(node, expr.Binary) and node.left.type.kind is types.Bool:
        signs = {expr.Binary.Op.BIT_XOR: False, expr.Binary.Op.NOT_EQUAL: False, expr.Binary.Op.EQUAL: True}
        left, right = _parity_of(node.left), _parity_of(node.right)
        if node.op in signs and left is not None and right is not None:
            bits = {bit: None for bit in (*left[0], *right[0]) if (bit in left[0]) != (bit in right[0])}
            return bits, left[1] ^ right[1] ^ signs[node.op]
    return None


def _tabulated(node: expr.Expr, block_of: Callable[[Any], int]) -> Choice:
    bits: dict[Clbit, None] = {}
    for var in expr.iter_vars(node):
        if isinstance(var.var, Clbit):
            bits[var.var] = None
        elif isinstance(var.var, ClassicalRegister):
            bits.update(dict.fromkeys(var.var))
        else:
            raise UnsupportedError(
                "a decision on a variable that is no measured bit cannot be computed exactly; sample on aer"
            )
    if len(bits) > MOST_BITS:
        raise UnsupportedError(
            f"a decision on {len(bits)} bits that is no parity cannot be computed exactly, at most {MOST_BITS} can; "
            "decide on a parity, or sample on aer"
        )
    table = tuple(
        block_of(_value(node, dict(zip(bits, values, strict=True))))
        for values in product((0, 1), repeat=len(bits))
    )
    return Choice(tuple(bits), table, parity=False)


def _value(node: expr.Expr, values: Values) -> Any:
    if isinstance(node, expr.Value):
        return node.value
    if isinstance(node, expr.Var):
        if isinstance(node.var, Clbit):
            return bool(values[node.var])
        return sum(values[bit] << k for k, bit in enumerate(node.var))
    if isinstance(node, expr.Cast):
        inner = _value(node.operand, values)
        return bool(inner) if node.type.kind is types.Bool else int(inner)
    if isinstance(node, expr.Unary):
        inner = _value(node.operand, values)
        return (not inner) if node.type.kind is types.Bool else ~int(inner) & ((1 << node.type.width) - 1)
    if isinstance(node, expr.Binary) and node.op in _PAIRS:
        return _PAIRS[node.op](_value(node.left, values), _value(node.right, values))
    if isinstance(node, expr.Index):
        return bool(int(_value(node.target, values)) >> int(_value(node.index, values)) & 1)
    raise UnsupportedError(
        "a decision's expression cannot be computed exactly; decide on a parity, or sample on aer"
    )
