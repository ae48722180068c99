"""Declared figures: linear combinations of probabilities of the circuits' bits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import FigureError, ParameterError, ProgramError
from qnet_circuits.theory.estimate import Estimate, combine
from qnet_circuits.theory.weighted import Count, Joint

Bit = tuple[str, int]
Flags = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]
Registers = Mapping[str, Flags]
_LINK_FIGURE = re.compile(r"fidelity((?:_\d+){2}|(?:_\d+){4})")
_T = TypeVar("_T")
#: What the method of an estimate says whose interval reached beyond the values that exist.
CUT = ", cut to the values that exist"
#: How often chance alone may put a whole interval beyond the values that exist, before the formula is called wrong.
_CHANCE = 1e-6
#: Beyond the values that exist by less than this is rounding.
_ROUNDING = 1e-6


class Outcomes(Mapping[str, Registers]):
    """What the circuits of a run gave, with all corrections applied: {circuit: {register: bool array (shots, width)}}.

    Example:
        >>> import qnet_circuits as qn
        >>> outcomes = qn.submit(qn.RepeaterChain(hops=2), shots=100, seed=1).outcomes()
        >>> list(outcomes), outcomes["zz"]["out"].shape
        (['xx', 'yy', 'zz'], (100, 2))
    """

    def __init__(self, registers: Mapping[str, Registers]) -> None:
        self._registers = dict(registers)

    def __getitem__(self, circuit: str) -> Registers:
        return self._registers[circuit]

    def __iter__(self) -> Iterator[str]:
        return iter(self._registers)

    def __len__(self) -> int:
        return len(self._registers)


@dataclass(frozen=True)
class Event:
    """Something that happens in a shot of one circuit or does not.

    Args:
        item: Name of the circuit.
        bits: The bits (register, index) that decide.
        patterns: The values of the bits, as strings of 0 and 1 in the order of ``bits``, at which it happens; none means that
            it happens where the parity of the bits is even.
        given: Only shots in which these bits (register, index, value) have these values count.
    """

    item: str
    bits: tuple[Bit, ...]
    patterns: tuple[str, ...] = ()
    given: tuple[tuple[str, int, int], ...] = ()

    def __post_init__(self) -> None:
        for pattern in self.patterns:
            if len(pattern) != len(self.bits) or set(pattern) - {"0", "1"}:
                raise ParameterError(
                    f"a pattern has one 0 or 1 for each of the {len(self.bits)} bits, got {pattern!r}"
                )

    def flags(self, registers: Registers) -> tuple[Flags, Flags]:
        """Tell of each shot whether it counted and this happened, and whether it counted."""
        shots = len(next(iter(registers.values())))
        counts = np.ones(shots, dtype=bool)
        for register, index, value in self.given:
            counts &= registers[register][:, index] == bool(value)
        values = np.zeros((shots, len(self.bits)), dtype=bool)
        for column, (register, index) in enumerate(self.bits):
            values[:, column] = registers[register][:, index]
        if not self.patterns:
            happened = ~np.logical_xor.reduce(values, axis=1)
        else:
            happened = np.zeros(shots, dtype=bool)
            for pattern in self.patterns:
                happened |= (values == np.array([digit == "1" for digit in pattern])).all(axis=1)
        return happened & counts, counts

    def excludes(self, other: Event) -> bool:
        """Tell whether no shot counts for both."""
        fixed = {(register, index): value for register, index, value in self.given}
        return any(fixed.get((register, index), value) != value for register, index, value in other.given)

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        return {
            "item": self.item, "bits": [list(bit) for bit in self.bits],
            "patterns": list(self.patterns), "given": [list(given) for given in self.given],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Event:
        """Make an event of its plain form."""
        bits = tuple((register, int(index)) for register, index in plain["bits"])
        given = tuple((register, int(index), int(value)) for register, index, value in plain["given"])
        return cls(plain["item"], bits, tuple(plain["patterns"]), given)


@dataclass(frozen=True)
class Expression:
    """A constant plus weighted probabilities of events; expressions add, and scale by numbers.

    Example:
        >>> xx, yy, zz = (parity(name, [("a", 0), ("b", 0)]) for name in ("xx", "yy", "zz"))
        >>> fidelity = (1 + xx - yy + zz) / 4
        >>> fidelity.constant, [weight for weight, _ in fidelity.terms]
        (0.0, [0.5, -0.5, 0.5])
    """

    constant: float = 0.0
    terms: tuple[tuple[float, Event], ...] = ()

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

    def __truediv__(self, divisor: float) -> Expression:
        if not _number(divisor):
            raise ParameterError("an expression of probabilities was divided by 0")
        return self * (1 / divisor)

    def __neg__(self) -> Expression:
        return self * -1

    def __sub__(self, other: Expression | float) -> Expression:
        return self + -1 * other

    def __rsub__(self, other: float) -> Expression:
        return -self + other


def _number(given: Any) -> float:
    """Return a number that an expression is added to, or scaled by, or raise ParameterError."""
    if isinstance(given, Real):
        return float(given)
    why = (
        "a product, or quotient, of two is no linear combination: declare both as figures, or one parity of all the bits"
        if isinstance(given, Expression)
        else f"got {given!r}"
    )
    raise ParameterError(f"expressions of probabilities add, and scale by numbers; {why}")


def parity(item: str, bits: Iterable[Bit], given: Iterable[tuple[str, int, int]] = ()) -> Expression:
    """Return the mean of (-1) to the parity of the bits, in [-1, 1]: a Pauli correlator where bits are Pauli outcomes.

    Args:
        item: Name of the circuit.
        bits: Bits (register, index).
        given: Bits (register, index, value) that a shot must have to count.

    Example:
        >>> parity("zz", [("a", 0), ("b", 0)]).constant
        -1.0
    """
    return 2 * Expression(terms=((1.0, Event(item, tuple(bits), (), tuple(given))),)) - 1.0


def population(
    item: str, bits: Iterable[Bit], patterns: Iterable[str], given: Iterable[tuple[str, int, int]] = ()
) -> Expression:
    """Return the probability, in [0, 1], that the bits have one of the given patterns.

    Example:
        >>> population("zz", [("a", 0), ("b", 0)], ["00", "11"]).terms[0][1].patterns
        ('00', '11')
    """
    event = Event(item, tuple(bits), tuple(patterns), tuple(given))
    if not event.patterns:
        raise ParameterError("a population needs at least one pattern of its bits")
    return Expression(terms=((1.0, event),))


@dataclass(frozen=True)
class Figure:
    """A declared number of a program: what an engine can compute and an interval can be given for.

    Args:
        name: What it is called, an identifier.
        expression: The combination of probabilities.
        ideal: Its value on a noiseless machine.
        without_messages: Its noiseless value if no classical message arrives (correction mode ``none``), if known.
        null: Value that the figure does not exceed under its null hypothesis; gives the figure a p-value.
        drawn_from: If the settings of the largest group of terms were drawn at random from more: how many there are.
        physical: The range of values that exist, such as (0, 1) for a fidelity; estimate and interval are cut to it, which
            leaves the coverage as it is. An exact value, or a whole interval, outside of it is an error.
    """

    name: str
    expression: Expression
    ideal: float | None = None
    without_messages: float | None = None
    null: float | None = None
    drawn_from: int = 0
    physical: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ParameterError(f"a figure's name must be an identifier, got {self.name!r}")
        if not isinstance(self.expression, Expression):
            raise ParameterError(
                f"figure {self.name!r} needs an expression, made of parity and population, got {self.expression!r}"
            )
        if self.physical is not None and not _is_range(self.physical):
            raise ParameterError(
                f"physical of figure {self.name!r} must be two numbers, the smaller first, like (0, 1), got {self.physical!r}"
            )

    def estimate(self, outcomes: Mapping[str, Registers], level: float = 0.95) -> Estimate:
        """Estimate the figure from outcomes, {item: {register: bool array (shots, width)}}.

        Raises:
            NoShotsError: If a circuit has no shot that counts.
            FigureError: If the whole interval lies outside of the physical range.
        """
        counts, joints = self._counts(outcomes)
        return self.within(lambda at: combine(self.expression.constant, counts, at, self.null, joints), level)

    def _counts(self, outcomes: Mapping[str, Registers]) -> tuple[list[Count], dict[str, Joint]]:
        """Count the events, and what those of the same shots add together."""
        counts: list[Count] = []
        together: dict[str, list[tuple[Event, Scores]]] = {}
        sources = self._sources()
        for weight, event in self.expression.terms:
            happened, counted = event.flags(outcomes[event.item])
            source, n = sources[event], int(counted.sum())
            counts.append(Count(weight, int(happened.sum()), n, source))
            together.setdefault(source, []).append((event, np.where(happened[counted], weight, 0.0)))
        joints = {
            source: _joint([scores for _, scores in found], [c for c in counts if c.source == source])
            for source, found in together.items()
            if len(found) > 1 and len(found[0][1]) and len({event.given for event, _ in found}) == 1
        }
        return self._drawn(counts), joints

    def _sources(self) -> dict[Event, str]:
        """Return for each event the name of its shots; shots of conditions that exclude each other are independent."""
        conditions: dict[str, dict[tuple[tuple[str, int, int], ...], Event]] = {}
        for _, event in self.expression.terms:
            conditions.setdefault(event.item, {})[event.given] = event
        apart = {
            item: all(a.excludes(b) for a, b in combinations(found.values(), 2))
            for item, found in conditions.items()
        }
        return {
            event: f"{event.item} given {event.given}" if event.given and apart[event.item] else event.item
            for _, event in self.expression.terms
        }

    def within(self, estimate_at: Callable[[float], Estimate], level: float) -> Estimate:
        """Return an estimate cut to the physical range; its method says so where that took anything away.

        Where the truth lies at an end of the range, chance puts a whole interval outside now and then. Then the interval is
        that of the level at which this happens once in a million times, which holds the truth all the more.

        Args:
            estimate_at: Makes the estimate with an interval of a level.
            level: Confidence level; 1 for an exact value.

        Raises:
            FigureError: If that interval lies outside too, or an exact value does.
        """
        estimate = estimate_at(level)
        if self.physical is None:
            return estimate
        least, most = self.physical
        if self._outside(estimate):
            estimate = replace(estimate_at(max(level, 1 - _CHANCE)), level=level)
        if self._outside(estimate):
            raise FigureError(
                f"figure {self.name!r} is {estimate.value:.6g} [{estimate.low:.6g}, {estimate.high:.6g}], expected in "
                f"[{least:g}, {most:g}], the range of values that exist: mend its formula, or the range"
            )
        ends = {end: getattr(estimate, end) for end in ("value", "low", "high")}
        cut = {end: min(max(given, least), most) for end, given in ends.items()}
        beyond = any(abs(cut[end] - given) > _ROUNDING for end, given in ends.items())
        return replace(estimate, method=estimate.method + CUT * beyond, **cut)

    def _outside(self, estimate: Estimate) -> bool:
        least, most = self.physical or (-math.inf, math.inf)
        return estimate.low > most + _ROUNDING or estimate.high < least - _ROUNDING

    def _drawn(self, counts: Sequence[Count]) -> list[Count]:
        """Mark the smallest-weight counts as drawn at random, if this figure says so."""
        if not self.drawn_from or not counts:
            return list(counts)
        smallest = min(abs(count.weight) for count in counts)
        return [
            Count(c.weight, c.successes, c.n, c.source, self.drawn_from if abs(c.weight) == smallest else 0)
            for c in counts
        ]

    @property
    def conditioned(self) -> bool:
        """Whether a part of it counts only some of the shots, of which there may be none."""
        return any(event.given for _, event in self.expression.terms)

    def check(self, widths: Mapping[str, Mapping[str, int]]) -> None:
        """Check that every bit exists, given {item: {register: width}}, or raise ProgramError."""
        for _, event in self.expression.terms:
            if event.item not in widths:
                raise ProgramError(
                    f"figure {self.name!r} needs the circuit {event.item!r}, which is not there"
                )
            registers = widths[event.item]
            for register, index in [*event.bits, *((name, place) for name, place, _ in event.given)]:
                if not 0 <= index < registers.get(register, 0):
                    raise ProgramError(
                        f"figure {self.name!r} reads {register}[{index}] of {event.item!r}, which has the registers "
                        f"{', '.join(f'{name}[{width}]' for name, width in registers.items())}"
                    )

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        terms = [[weight, event.to_dict()] for weight, event in self.expression.terms]
        return {
            "name": self.name, "constant": self.expression.constant, "terms": terms, "ideal": self.ideal,
            "without_messages": self.without_messages, "null": self.null, "drawn_from": self.drawn_from,
            "physical": None if self.physical is None else list(self.physical),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Figure:
        """Make a figure of its plain form."""
        terms = tuple((float(weight), Event.from_dict(event)) for weight, event in plain["terms"])
        expression = Expression(plain["constant"], terms)
        rest = {key: plain[key] for key in ("ideal", "without_messages", "null", "drawn_from")}
        physical = plain.get("physical")
        return cls(plain["name"], expression, **rest, physical=None if physical is None else tuple(physical))


def _joint(scores: Sequence[Scores], counts: Sequence[Count]) -> Joint:
    """Return what counts of the same shots add together, given what each adds in each shot."""
    values, times = np.unique(np.sum(scores, axis=0).round(12), return_counts=True)
    common = sum(count.weight for count in counts if 2 * count.successes > count.n)
    return Joint.of(values, times / times.sum(), common)


def _is_range(given: Any) -> bool:
    """Tell whether something is two numbers of which the first is smaller."""
    if not isinstance(given, Sequence) or len(given) != 2:
        return False
    return all(isinstance(end, Real) for end in given) and bool(given[0] < given[1])


def link_figure(place: Iterable[int]) -> str:
    """Return the name of the figure of a link between physical qubits, or of a line of them: ``fidelity_0_1``."""
    return "_".join(["fidelity", *map(str, place)])


def links_of(figures: Mapping[str, _T]) -> dict[tuple[int, ...], _T]:
    """Return the figures of links, or of lines of four qubits, by their physical qubits.

    Example:
        >>> links_of({"mean_fidelity": 0.94, "fidelity_0_1": 0.94})
        {(0, 1): 0.94}
    """
    found = {name: _LINK_FIGURE.fullmatch(name) for name in figures}
    return {tuple(map(int, match[1].split("_")[1:])): figures[name] for name, match in found.items() if match}
