"""Declared figures: numbers that an engine can compute and an interval can be given for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from qnet_circuits.errors import FigureError, ParameterError, ProgramError
from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.counting import Counted, estimated
from qnet_circuits.programs.distillation_gain import DistillationGain
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression, Ratio
from qnet_circuits.programs.functions import Function
from qnet_circuits.programs.state_functions import StateFunction
from qnet_circuits.theory.estimate import Estimate

_LINK_FIGURE = re.compile(r"([a-z]+)((?:_\d+){2}|(?:_\d+){4})")
_T = TypeVar("_T")
#: What the method of an estimate says whose interval reached beyond the values that exist.
CUT = ", cut to the values that exist"
#: How often chance alone may put a whole interval beyond the values that exist, before the formula is called wrong.
_CHANCE = 1e-6
#: Beyond the values that exist by less than this is rounding.
_ROUNDING = 1e-6


class Outcomes(Mapping[str, Registers]):
    """The outcomes of a run's circuits after all corrections: {circuit: {register: bool array (shots, width)}}.

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
class Figure:
    """A figure of merit of a program: a declared number that an engine can compute and that gets an interval.

    Args:
        name: Its name, an identifier.
        expression: The combination of probabilities, the ratio of two, or the function of a state.
        ideal: Its value on a noiseless machine.
        without_messages: Its noiseless value if no classical message arrives (correction mode ``none``), if known.
        null: Value that the figure does not exceed under its null hypothesis. If given, the figure has a p-value.
        drawn_from: Number of settings from which those of the largest group of terms were drawn at random. Default: not drawn.
        physical: The range of possible values, such as (0, 1) for a fidelity. Estimate and interval are cut to it, which does
            not change the coverage. An exact value, or a whole interval, outside of the range is an error.
    """

    name: str
    expression: Expression | Ratio | Function
    ideal: float | None = None
    without_messages: float | None = None
    null: float | None = None
    drawn_from: int = 0
    physical: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ParameterError(f"a figure's name must be an identifier, got {self.name!r}")
        if not isinstance(self.expression, Expression | Ratio | Function):
            raise ParameterError(
                f"figure {self.name!r} needs an expression, made of parity and population, got {self.expression!r}"
            )
        if self.drawn_from and not isinstance(self.expression, Expression):
            kind = "a ratio" if isinstance(self.expression, Ratio) else "a function of probabilities"
            raise ParameterError(f"figure {self.name!r} is {kind}, whose settings cannot be drawn_from more")
        if self.null is not None and isinstance(self.expression, Function):
            raise ParameterError(
                f"figure {self.name!r} is a function of probabilities, which has no p-value: leave null out"
            )
        if self.physical is not None and not _is_range(self.physical):
            raise ParameterError(
                f"physical of figure {self.name!r} must be two numbers, the smaller first, like (0, 1), got {self.physical!r}"
            )

    @property
    def judges(self) -> bool:
        """Whether it can judge placements: it has an ideal value, and its settings are not drawn at random."""
        return self.ideal is not None and not self.drawn_from

    def estimate(
        self,
        outcomes: Mapping[str, Registers],
        level: float = 0.95,
        rng: np.random.Generator | None = None,
    ) -> Estimate:
        """Estimate the figure from outcomes, {item: {register: bool array (shots, width)}}.

        Args:
            outcomes: The outcomes.
            level: Confidence level, in [0.5, 1).
            rng: Random numbers for the interval of a function of a state. Default: the same numbers each time.

        Raises:
            NoShotsError: If a circuit has no shot that counts (fewer than two for the function of a state), or a denominator
                may be 0.
            FigureError: If the whole interval lies outside of the physical range.
        """
        function = self.expression
        if isinstance(function, Function):
            drawn = rng or np.random.default_rng(0)
            return self.within(lambda at: function.estimate(outcomes, at, drawn), level)
        return self.of_counts(Counted.of(self.events, outcomes), level)

    def of_counts(self, counted: Counted, level: float = 0.95) -> Estimate:
        """Estimate the figure from counts of its events, as ``estimate`` does from outcomes; no function of a state.

        Args:
            counted: How often its events came.
            level: Confidence level, in [0.5, 1).

        Raises:
            NoShotsError, FigureError: As ``estimate``.
        """
        expression = self.expression
        if isinstance(expression, Function):
            raise ParameterError(f"figure {self.name!r} is a function of probabilities, which needs outcomes")

        def at(level: float) -> Estimate:
            return estimated(
                expression,
                lambda each, null: counted.combined(each, level, null, self.drawn_from),
                self.null,
            )

        return self.within(at, level)

    @property
    def resamples(self) -> bool:
        """Whether its interval comes from resampled outcomes, as for a function of a state."""
        return isinstance(self.expression, Function)

    @property
    def least_shots(self) -> int:
        """Least number of shots of each of its circuits."""
        return self.expression.least_shots if isinstance(self.expression, Function) else 1

    def within(self, estimate_at: Callable[[float], Estimate], level: float) -> Estimate:
        """Return an estimate cut to the physical range; its method says so if the cut changed it.

        If the value lies beyond the range, the limits are as far from the range's end as they were from the value. The rest of
        the interval is then as long as the counts demand, even if chance put the whole interval outside.

        Args:
            estimate_at: Makes the estimate with an interval of a level.
            level: Confidence level; 1 for an exact value.

        Raises:
            FigureError: If chance puts the interval outside once in a million times at most, or an exact value is outside.
        """
        estimate = estimate_at(level)
        if self.physical is None:
            return estimate
        least, most = self.physical
        if self._outside(estimate) and self._outside(far := estimate_at(max(level, 1 - _CHANCE))):
            raise FigureError(
                f"figure {self.name!r} is {far.value:.6g} [{far.low:.6g}, {far.high:.6g}], expected in "
                f"[{least:g}, {most:g}], the range of values that exist: mend its formula, or the range"
            )
        value = min(max(estimate.value, least), most)
        low, high = (
            estimate.low + min(value - estimate.value, 0.0),
            estimate.high + max(value - estimate.value, 0.0),
        )
        beyond = max(abs(value - estimate.value), least - low, high - most) > _ROUNDING
        method = estimate.method + CUT * beyond
        return replace(estimate, value=value, low=max(low, least), high=min(high, most), method=method)

    def _outside(self, estimate: Estimate) -> bool:
        least, most = self.physical or (-math.inf, math.inf)
        return estimate.low > most + _ROUNDING or estimate.high < least - _ROUNDING

    @property
    def events(self) -> tuple[Event, ...]:
        """The events whose probabilities it needs."""
        return self.expression.events

    def mapped(self, change: Callable[[Event], Event]) -> Figure:
        """Return it with other events in the place of its own."""
        return replace(self, expression=self.expression.mapped(change))

    @property
    def circuits(self) -> set[str]:
        """The names of the circuits that it needs."""
        return {event.item for event in self.events}

    @property
    def conditioned(self) -> bool:
        """Whether it may have no value: a part counts only some shots or is a denominator, or one shot is too few."""
        may_lack = isinstance(self.expression, Ratio) or self.least_shots > 1
        return may_lack or any(event.given for event in self.events)

    def check(self, widths: Mapping[str, Mapping[str, int]]) -> None:
        """Check that every bit exists, given {item: {register: width}}, or raise ProgramError."""
        for event in self.events:
            if event.item not in widths:
                raise ProgramError(
                    f"figure {self.name!r} needs the circuit {event.item!r}, which is not there"
                )
            registers = widths[event.item]
            for register, index in event.read:
                if not 0 <= index < registers.get(register, 0):
                    raise ProgramError(
                        f"figure {self.name!r} reads {register}[{index}] of {event.item!r}, which has the registers "
                        f"{', '.join(f'{name}[{width}]' for name, width in registers.items())}"
                    )

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        return {
            "name": self.name, **self.expression.to_dict(), "ideal": self.ideal,
            "without_messages": self.without_messages, "null": self.null, "drawn_from": self.drawn_from,
            "physical": None if self.physical is None else list(self.physical),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Figure:
        """Make a figure of its plain form."""
        rest = {key: plain[key] for key in ("ideal", "without_messages", "null", "drawn_from")}
        physical = plain.get("physical")
        physical = None if physical is None else tuple(physical)
        return cls(plain["name"], _expression_of(plain), **rest, physical=physical)


def _expression_of(plain: Mapping[str, Any]) -> Expression | Ratio | Function:
    """Make what a figure is of its plain form."""
    function = plain.get("function")
    if function is None:
        return Expression.from_dict(plain)
    kind = DistillationGain if function == DistillationGain.name else StateFunction
    return kind.from_dict(plain)


def _is_range(given: Any) -> bool:
    """Tell whether something is two numbers of which the first is smaller."""
    if not isinstance(given, Sequence) or len(given) != 2:
        return False
    return all(isinstance(end, Real) for end in given) and bool(given[0] < given[1])


def link_figure(place: Iterable[int], kind: str = "fidelity") -> str:
    """Return the name of the figure of a link between physical qubits, or of a line of them: ``fidelity_0_1``."""
    return "_".join([kind, *map(str, place)])


def links_of(figures: Mapping[str, _T], kind: str = "fidelity") -> dict[tuple[int, ...], _T]:
    """Return the figures of links, or of lines of four qubits, by their physical qubits.

    Example:
        >>> links_of({"mean_fidelity": 0.94, "fidelity_0_1": 0.94})
        {(0, 1): 0.94}
    """
    found = {name: _LINK_FIGURE.fullmatch(name) for name in figures}
    return {
        tuple(map(int, match[2].split("_")[1:])): figures[name]
        for name, match in found.items()
        if match and match[1] == kind
    }
