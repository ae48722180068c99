"""What a real-time decision decides on: a parity of bits where it is one, and otherwise a table over all their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from qiskit.circuit import Clbit, Operation

from qnet_circuits.classical import bits_read, parity_of, value_of
from qnet_circuits.errors import UnsupportedError

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
