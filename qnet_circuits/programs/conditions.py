"""Conditions on the bits of a shot: patterns that they have, or a parity that is even."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import ParameterError

Bit = tuple[str, int]
Flags = npt.NDArray[np.bool_]
Registers = Mapping[str, Flags]
#: Bits whose parity has a value.
Parity = tuple[tuple[Bit, ...], int]
#: Conditions on more bits than this are not looked through for whether they can be met together.
_MOST_BITS = 12
_MOST_PATTERNS = 4096


@dataclass(frozen=True)
class Condition:
    """A condition on the bits of a shot, in any circuit.

    Args:
        bits: The bits (register, index).
        patterns: The values of the bits that meet it, as strings of 0 and 1 in the order of ``bits``. Without patterns the
            parity of the bits must be even.

    Raises:
        ParameterError: If a bit is not a register with an index, there are no bits, or a pattern does not have one 0 or 1 for
            each bit.

    Example:
        >>> same = Condition((("a", 0), ("b", 0)), ("00", "11"))
        >>> same.holds({("a", 0): 1, ("b", 0): 1}), str(same)
        (True, 'a[0] b[0] is 00 or 11')
    """

    bits: tuple[Bit, ...]
    patterns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", bits_of(self.bits))
        if self.patterns and not self.bits:
            raise ParameterError("patterns are those of bits (register, index), got no bits")
        for pattern in self.patterns:
            if len(pattern) != len(self.bits) or set(pattern) - {"0", "1"}:
                raise ParameterError(
                    f"a pattern has one 0 or 1 for each of the {len(self.bits)} bits, got {pattern!r}"
                )

    @classmethod
    def of(cls, given: Condition | tuple[str, int, int]) -> Condition:
        """Return a condition as it is, or that of one bit (register, index, value)."""
        if isinstance(given, Condition):
            return given
        if not isinstance(given, Sequence) or len(given) != 3 or given[2] not in (0, 1):
            raise ParameterError(
                f"each condition of given= is (register, index, value) with the value 0 or 1, got {given!r}"
            )
        register, index, value = given
        return cls(((register, index),), (str(int(value)),))

    def met(self, registers: Registers) -> Flags:
        """Return for each shot whether it meets the condition. All operations are bitwise: a byte may stand for eight shots."""
        some = next(iter(registers.values()))
        none = np.zeros(len(some), dtype=some.dtype)
        columns = [registers[register][:, index] for register, index in self.bits]
        if not self.patterns:
            return ~reduce(operator.xor, columns, none)
        met = none
        for pattern in dict.fromkeys(self.patterns):
            wanted = (
                column if digit == "1" else ~column for column, digit in zip(columns, pattern, strict=True)
            )
            met = met | reduce(operator.and_, wanted, ~none)
        return met

    def holds(self, values: Mapping[Bit, int]) -> bool:
        """Tell whether bits of these values meet it."""
        seen = "".join(str(int(values[bit])) for bit in self.bits)
        return seen in self.patterns if self.patterns else seen.count("1") % 2 == 0

    def ways(self) -> tuple[tuple[Parity, ...], ...]:
        """Return the ways in which it is met, which exclude each other. Each way is a list of parities that must all hold.

        Example:
            >>> Condition((("a", 0), ("b", 0)), ("01", "10")).ways()
            ((((('a', 0), ('b', 0)), 1),),)
        """
        if not self.patterns:
            return (((self.bits, 0),),)
        together = _parities(self.bits, tuple(dict.fromkeys(self.patterns)))
        return self.singly() if together is None else (together,)

    def singly(self) -> tuple[tuple[Parity, ...], ...]:
        """Return the ways in which its patterns are met bit by bit; without patterns, the one way of its parity."""
        if not self.patterns:
            return self.ways()
        return tuple(
            tuple(((bit,), int(digit)) for bit, digit in zip(self.bits, pattern, strict=True))
            for pattern in dict.fromkeys(self.patterns)
        )

    def apart(self) -> tuple[Condition, ...]:
        """Return one condition for each bit if there is a single pattern, or else the condition itself."""
        if len(self.patterns) != 1:
            return (self,)
        return tuple(
            Condition((bit,), (digit,)) for bit, digit in zip(self.bits, self.patterns[0], strict=True)
        )

    def excludes(self, other: Condition) -> bool:
        """Tell whether no shot meets both; False if that is not known."""
        bits = tuple(dict.fromkeys((*self.bits, *other.bits)))
        if len(bits) == len(self.bits) + len(other.bits) or len(bits) > _MOST_BITS:
            return False
        both = (dict(zip(bits, values, strict=True)) for values in product((0, 1), repeat=len(bits)))
        return not any(self.holds(values) and other.holds(values) for values in both)

    def __str__(self) -> str:
        named = " ".join(f"{register}[{index}]" for register, index in self.bits)
        return (
            f"{named} is {' or '.join(self.patterns)}" if self.patterns else f"the parity of {named} is even"
        )

    def to_plain(self) -> list[Any] | dict[str, Any]:
        """Return the plain form: [register, index, value] of a single bit."""
        if len(self.bits) == 1 and len(self.patterns) == 1:
            return [*self.bits[0], int(self.patterns[0])]
        return {"bits": [list(bit) for bit in self.bits], "patterns": list(self.patterns)}

    @classmethod
    def from_plain(cls, plain: Sequence[Any] | Mapping[str, Any]) -> Condition:
        """Make a condition of its plain form."""
        if isinstance(plain, Mapping):
            bits = tuple((str(register), int(index)) for register, index in plain["bits"])
            return cls(bits, tuple(plain["patterns"]))
        register, index, value = plain
        return cls.of((register, int(index), int(value)))


def bits_of(given: Iterable[Any]) -> tuple[Bit, ...]:
    """Return bits (register, index) as plain values.

    Raises:
        ParameterError: If one is something else.
    """
    if not isinstance(given, Iterable):
        raise ParameterError(f"bits are a list of (register, index), got {given!r}")
    bits = []
    for bit in given:
        try:
            register, index = bit
            bits.append((register, operator.index(index)))
        except (TypeError, ValueError):
            raise ParameterError(f"a bit is (register, index) with a whole number, got {bit!r}") from None
    return tuple(bits)


def joined(conditions: Sequence[Condition]) -> Condition:
    """Return the condition that is met if all of these are met.

    Raises:
        ParameterError: If they cannot be met together, or in more than 4096 ways.

    Example:
        >>> one, same = Condition((("a", 0),), ("1",)), Condition((("a", 0), ("b", 0)))
        >>> print(joined([one, same]))
        a[0] b[0] is 11
    """
    if len(conditions) == 1:
        return conditions[0]
    bits: tuple[Bit, ...] = ()
    patterns = [""]
    for each in conditions:
        new = tuple(bit for bit in dict.fromkeys(each.bits) if bit not in bits)
        endings = each.patterns if each.patterns and new == each.bits else _all_patterns(len(new))
        if len(patterns) * len(endings) > _MOST_PATTERNS:
            raise ParameterError("the conditions together have too many patterns; declare a figure for each")
        bits += new
        longer = [known + more for known in patterns for more in endings]
        patterns = [one for one in longer if each.holds(dict(zip(bits, map(int, one), strict=True)))]
    if not patterns:
        raise ParameterError(f"no shot meets all of these: {'; '.join(map(str, conditions))}")
    return Condition(bits, tuple(patterns))


def _all_patterns(width: int) -> Sequence[str]:
    if width > _MOST_BITS:
        raise ParameterError(f"a parity of {width} bits beside other conditions has too many patterns")
    return ["".join(digits) for digits in product("01", repeat=width)]


def _parities(bits: tuple[Bit, ...], patterns: tuple[str, ...]) -> tuple[Parity, ...] | None:
    """Return parities of different bits that hold together in these patterns and in no other, or None if there are none such.

    Differences of patterns then make a space. Each bit that is no pivot of its reduced basis gives a parity: with the pivots
    whose basis vectors have it. Parities that share bits are harder to compute and to correct than a few patterns.
    """
    first = int(patterns[0], 2)
    basis: dict[int, int] = {}
    for pattern in patterns[1:]:
        rest = int(pattern, 2) ^ first
        for pivot, vector in basis.items():
            rest ^= vector if rest >> pivot & 1 else 0
        if rest:
            new = rest.bit_length() - 1
            basis = {pivot: vector ^ rest if vector >> new & 1 else vector for pivot, vector in basis.items()}
            basis[new] = rest
    if 2 ** len(basis) != len(patterns):
        return None
    found = []
    for free in set(range(len(bits))) - set(basis):
        places = [free, *(pivot for pivot, vector in basis.items() if vector >> free & 1)]
        chosen = tuple(bits[len(bits) - 1 - place] for place in sorted(places, reverse=True))
        found.append((chosen, sum(first >> place & 1 for place in places) % 2))
    read = [bit for chosen, _ in found for bit in chosen]
    return tuple(found) if len(set(read)) == len(read) else None
