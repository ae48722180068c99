"""The parts of figures: weighted probabilities of the circuits' bits, under conditions, and ratios of such sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Protocol, Self, TypeVar, overload, runtime_checkable

from qnet_circuits.errors import NoShotsError, ParameterError
from qnet_circuits.programs.conditions import Bit, Condition, joined
from qnet_circuits.programs.events import Event

#: A denominator below this is rounding.
_NOTHING = 1e-13
Given = Iterable[tuple[str, int, int] | Condition]
_Kept = TypeVar("_Kept", bound="_OfEvents")


@runtime_checkable
class _OfEvents(Protocol):
    """An expression, a ratio, the function of a state, or a figure: whose events can be put under conditions."""

    @property
    def events(self) -> tuple[Event, ...]:
        """The events whose probabilities it needs."""

    def mapped(self, change: Callable[[Event], Event]) -> Self:
        """Return it with other events in the place of its own."""


@dataclass(frozen=True)
class Expression:
    """A constant plus weighted probabilities of events; expressions add, scale by numbers, and divide to a ratio.

    Example:
        >>> xx, yy, zz = (parity(name, [("a", 0), ("b", 0)]) for name in ("xx", "yy", "zz"))
        >>> fidelity = (1 + xx - yy + zz) / 4
        >>> fidelity.constant, [weight for weight, _ in fidelity.terms]
        (0.0, [0.5, -0.5, 0.5])
    """

    constant: float = 0.0
    terms: tuple[tuple[float, Event], ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """The events whose probabilities it needs."""
        return tuple(event for _, event in self.terms)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers that it is made of."""
        return (self.constant, *(weight for weight, _ in self.terms))

    def value(self, probability: Callable[[Event], float]) -> float:
        """Return its value for probabilities of its events."""
        return self.constant + sum(weight * probability(event) for weight, event in self.terms)

    def mapped(self, change: Callable[[Event], Event]) -> Expression:
        """Return it with other events in the place of its own."""
        return Expression(self.constant, tuple((weight, change(event)) for weight, event in self.terms))

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        return {
            "constant": self.constant,
            "terms": [[weight, event.to_dict()] for weight, event in self.terms],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Expression | Ratio:
        """Make an expression, or a ratio, of its plain form."""
        terms = tuple((float(weight), Event.from_dict(event)) for weight, event in plain["terms"])
        made = cls(plain["constant"], terms)
        below = plain.get("denominator")
        if below is None:
            return made
        divisor = cls.from_dict(below)
        if not isinstance(divisor, Expression):
            raise ParameterError("the denominator of a ratio is a ratio itself")
        return Ratio(made, divisor)

    def __add__(self, other: Expression | float) -> Expression:
        if not isinstance(other, Expression):
            return Expression(self.constant + _number(other), self.terms)
        return Expression(self.constant + other.constant, self.terms + other.terms)

    __radd__ = __add__

    def __mul__(self, factor: float) -> Expression:
        factor = _number(factor)
        return Expression(
            self.constant * factor, tuple((weight * factor, event) for weight, event in self.terms)
        )

    __rmul__ = __mul__

    @overload
    def __truediv__(self, divisor: float) -> Expression: ...

    @overload
    def __truediv__(self, divisor: Expression) -> Ratio: ...

    def __truediv__(self, divisor: Expression | float) -> Expression | Ratio:
        if isinstance(divisor, Expression):
            return Ratio(self, divisor)
        if not _number(divisor):
            raise ParameterError("an expression of probabilities was divided by 0")
        return self * (1 / divisor)

    def __rtruediv__(self, other: float) -> Ratio:
        return Ratio(Expression(_number(other)), self)

    def __neg__(self) -> Expression:
        return self * -1

    def __sub__(self, other: Expression | float) -> Expression:
        return self + -1 * other

    def __rsub__(self, other: float) -> Expression:
        return -self + other


@dataclass(frozen=True)
class Ratio:
    """One sum of probabilities over another; a number can be added to it, and can scale it.

    Its interval is Fieller's: all r for which the interval of numerator - r · denominator holds 0. It therefore takes into
    account that both share shots.

    Args:
        numerator: The sum above.
        denominator: The sum below; it has a term.

    Raises:
        ParameterError: If the denominator is a number.

    Example:
        >>> bright, dark = (population(name, [("out", 0)], ["1"]) for name in ("bright", "dark"))
        >>> visibility = (bright - dark) / (bright + dark)
        >>> type(visibility).__name__, len(visibility.events)
        ('Ratio', 4)
    """

    numerator: Expression
    denominator: Expression

    def __post_init__(self) -> None:
        if not self.denominator.terms:
            raise ParameterError(
                f"the denominator of a ratio is the number {self.denominator.constant:g}; divide by that number"
            )

    @property
    def events(self) -> tuple[Event, ...]:
        """The events whose probabilities it needs."""
        return self.numerator.events + self.denominator.events

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers that it is made of."""
        return self.numerator.numbers + self.denominator.numbers

    def value(self, probability: Callable[[Event], float]) -> float:
        """Return its value for probabilities of its events.

        Raises:
            NoShotsError: If the denominator is 0.
        """
        below = self.denominator.value(probability)
        if abs(below) < _NOTHING:
            raise NoShotsError("its denominator is 0")
        return self.numerator.value(probability) / below

    def difference(self, ratio: float) -> Expression:
        """Return numerator - ratio · denominator, which is 0 where the ratio is this one."""
        return self.numerator - ratio * self.denominator

    def mapped(self, change: Callable[[Event], Event]) -> Ratio:
        """Return it with other events in the place of its own."""
        return Ratio(self.numerator.mapped(change), self.denominator.mapped(change))

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        return {**self.numerator.to_dict(), "denominator": self.denominator.to_dict()}

    def __add__(self, number: float) -> Ratio:
        return Ratio(self.numerator + _number(number) * self.denominator, self.denominator)

    __radd__ = __add__

    def __mul__(self, factor: float) -> Ratio:
        return Ratio(self.numerator * factor, self.denominator)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Ratio:
        return Ratio(self.numerator / _number(divisor), self.denominator)

    def __neg__(self) -> Ratio:
        return self * -1

    def __sub__(self, number: float) -> Ratio:
        return self + -1 * _number(number)

    def __rsub__(self, number: float) -> Ratio:
        return -self + number


def _number(given: Any) -> float:
    """Return a number that an expression is added to, or scaled by, or raise ParameterError."""
    if isinstance(given, Real) and math.isfinite(given):
        return float(given)
    why = (
        "a product of two, or a sum with a ratio, is neither: declare both as figures, or one parity of all the bits"
        if isinstance(given, Expression | Ratio)
        else f"their numbers are finite ones, got {given!r}"
    )
    raise ParameterError(f"expressions of probabilities are linear combinations, or ratios of two; {why}")


def parity(item: str, bits: Iterable[Bit], given: Given = ()) -> Expression:
    """Return the mean of (-1) to the parity of the bits, in [-1, 1]: a Pauli correlator if bits are Pauli outcomes.

    Args:
        item: Name of the circuit.
        bits: Bits (register, index).
        given: Bits (register, index, value) that a shot must have to count; ``keep_if`` takes more general conditions.

    Example:
        >>> parity("zz", [("a", 0), ("b", 0)]).constant
        -1.0
    """
    return 2 * Expression(terms=((1.0, Event(item, tuple(bits), (), _conditions(given))),)) - 1.0


def population(item: str, bits: Iterable[Bit], patterns: Iterable[str], given: Given = ()) -> Expression:
    """Return the probability, in [0, 1], that the bits have one of the given patterns.

    Example:
        >>> population("zz", [("a", 0), ("b", 0)], ["00", "11"]).terms[0][1].patterns
        ('00', '11')
    """
    event = Event(item, tuple(bits), tuple(patterns), _conditions(given))
    if not event.patterns:
        raise ParameterError("a population needs at least one pattern of its bits")
    return Expression(terms=((1.0, event),))


def keep_if(expression: _Kept, bits: Iterable[Bit], patterns: Iterable[str] | None = None) -> _Kept:
    """Return an expression in which a shot counts only if its bits have one of these patterns.

    This is post-selection as a figure: on flags that must be 0, on bits of two parties that must agree, or on the parities of a
    code. The same condition holds in each circuit of the expression, and each circuit must have the bits. Conditions add up:
    after a second ``keep_if`` a shot must meet both.

    Args:
        expression: An expression, a ratio, or a figure, which is estimated from the kept shots.
        bits: Bits (register, index).
        patterns: The values of the bits that keep a shot, as strings of 0 and 1 in the order of ``bits``. Default: their
            parity must be even.

    Returns:
        The same expression, ratio or figure under the condition. The ideal value of a figure stays.

    Raises:
        ParameterError: If ``expression`` is something else, there are no bits or no patterns, or a pattern does not fit the
            bits.

    Example:
        >>> ends, tests = [("a", 0), ("b", 0)], [("a", 1), ("b", 1)]
        >>> zz = keep_if(parity("zz", ends), tests, ["00", "11"])
        >>> print(zz.events[0].given[0])
        a[1] b[1] is 00 or 11
    """
    _check_kind(expression)
    listed = tuple(bits)
    wanted = () if patterns is None else tuple(patterns)
    if not listed or (patterns is not None and not wanted):
        raise ParameterError("a condition needs bits, and patterns of them, or None for an even parity")
    more: tuple[Condition, ...] = Condition(listed, wanted).apart()

    def kept(event: Event) -> Event:
        return replace(event, given=(*event.given, *more))

    return expression.mapped(kept)


def acceptance(expression: _OfEvents) -> Expression:
    """Return the share of shots that meet the conditions of an expression, averaged over its circuits.

    It can be a figure like any other, in [0, 1]. It is a share of all shots, or of the shots that corrections by post-selection
    accept.

    Args:
        expression: An expression, a ratio, or a figure under conditions of ``keep_if`` or ``given=``.

    Returns:
        The mean over circuits, and over conditions of one circuit, of the probability that the conditions are met.

    Raises:
        ParameterError: If a part of it has no condition, or conditions of one circuit cannot be met together.

    Example:
        >>> flag = [("flag", 0)]
        >>> kept = keep_if(population("zz", [("a", 0)], ["0"]), flag, ["0"])
        >>> acceptance(kept) == population("zz", flag, ["0"])
        True
    """
    _check_kind(expression)
    conditions = dict.fromkeys((event.item, event.given) for event in expression.events)
    if not conditions or not all(given for _, given in conditions):
        raise ParameterError(
            "acceptance needs an expression under a condition, and there is none: add one with keep_if"
        )
    kept = Expression()
    for item, given in conditions:
        met = joined(given)
        kept = kept + Expression(terms=((1 / len(conditions), Event(item, met.bits, met.patterns)),))
    return kept


def _check_kind(expression: Any) -> None:
    if not isinstance(expression, _OfEvents):
        raise ParameterError(f"only expressions, ratios and figures can have conditions, got {expression!r}")


def _conditions(given: Given) -> tuple[Condition, ...]:
    return tuple(map(Condition.of, given))
