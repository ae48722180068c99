"""Parities of several groups of bits that must all be even, as expressions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from qnet_circuits.programs.conditions import Bit
from qnet_circuits.programs.expressions import Expression, parity


def odd_ones(bits: Iterable[Bit]) -> list[Bit]:
    """Return the bits that occur an odd number of times; their parity is that of all bits.

    Example:
        >>> odd_ones([("a", 0), ("b", 0), ("a", 0)])
        [('b', 0)]
    """
    left: dict[Bit, None] = {}
    for bit in bits:
        left.pop(bit) if bit in left else left.setdefault(bit)
    return list(left)


def all_even(item: str, checks: Sequence[Sequence[Bit]]) -> Expression:
    """Return the probability that all parities are even: the mean of the products of all choices of them.

    Args:
        item: Name of the circuit.
        checks: The bits of each parity, ten of these at most, since there are 2^n products.

    Example:
        >>> [weight for weight, _ in all_even("tests", [[("a", 0)], [("b", 0)]]).terms]
        [0.5, 0.5, 0.5]
    """
    total, share = Expression(), 0.5 ** len(checks)
    for chosen in product((False, True), repeat=len(checks)):
        bits = odd_ones(bit for check, take in zip(checks, chosen, strict=True) if take for bit in check)
        total = total + share * (parity(item, bits) if bits else 1.0)
    return total
