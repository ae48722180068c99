"""From outcomes to an estimate: how often the events of an expression came, alone and together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import NoShotsError
from qnet_circuits.programs.conditions import Condition, Flags, Registers
from qnet_circuits.programs.expressions import Event, Expression, Ratio
from qnet_circuits.theory.estimate import Estimate, combine
from qnet_circuits.theory.fieller import fieller
from qnet_circuits.theory.weighted import Count, Joint

Reals = npt.NDArray[np.float64]
#: Estimates an expression; of a null hypothesis, "at most this", if there is one.
Linear = Callable[[Expression, float | None], Estimate]


def estimated(expression: Expression | Ratio, linear: Linear, null: float | None = None) -> Estimate:
    """Return the estimate of an expression or a ratio, by whatever estimates expressions.

    Args:
        expression: What is to be estimated.
        linear: Estimates a linear combination, with an interval of some level.
        null: Value that it does not exceed under its null hypothesis; adds a p-value where ``linear`` does.

    Raises:
        NoShotsError: If no shot counts, or the denominator of a ratio may be 0.
    """
    if isinstance(expression, Expression):
        return linear(expression, null)
    below = linear(expression.denominator, None)
    if below.value < 0:
        turned = Ratio(-expression.numerator, -expression.denominator)
        return estimated(turned, linear, null)
    if below.value == 0:
        raise NoShotsError("its denominator is 0")
    above = linear(expression.numerator, None)
    found = fieller(above, below, lambda ratio: linear(expression.difference(ratio), None))
    if null is None:
        return found
    return replace(found, p_value=linear(expression.difference(null), 0.0).p_value)


class Counted:
    """How often events happened in the shots of their circuits.

    Events of one circuit under one condition are counted together, shot by shot, so that an estimate knows what they have in
    common. Conditions that exclude each other make independent shots; of others that differ nobody knows more.

    Args:
        events: The events.
        outcomes: {item: {register: bool array (shots, width)}}.
    """

    def __init__(self, events: Iterable[Event], outcomes: Mapping[str, Registers]) -> None:
        self._source = sources(events)
        together: dict[str, list[Event]] = {}
        for event, source in self._source.items():
            together.setdefault(source, []).append(event)
        self._tallies = {source: _Tally(found, outcomes) for source, found in together.items()}

    def combined(
        self, expression: Expression, level: float, null: float | None = None, drawn_from: int = 0
    ) -> Estimate:
        """Return the estimate of a linear combination of the events.

        Args:
            expression: The combination.
            level: Confidence level.
            null: Value of it under the null hypothesis "at most this"; adds a p-value, if it is known.
            drawn_from: If the terms of the smallest weight were drawn at random from more: how many there are.
        """
        weights: dict[Event, float] = {}
        for weight, event in expression.terms:
            weights[event] = weights.get(event, 0.0) + weight
        smallest = min(map(abs, weights.values()), default=0.0)
        counts = [
            self._tallies[self._source[event]].count(
                event, weight, self._source[event], drawn_from if abs(weight) == smallest else 0
            )
            for event, weight in weights.items()
        ]
        joints = {
            source: joint
            for source in dict.fromkeys(self._source[event] for event in weights)
            if (joint := self._tallies[source].joint(weights)) is not None
        }
        return combine(expression.constant, counts, level, null, joints)


class _Tally:
    """The events of one source, and which of them came together how often."""

    def __init__(self, events: Sequence[Event], outcomes: Mapping[str, Registers]) -> None:
        self._column = {event: k for k, event in enumerate(events)}
        flags = [event.flags(outcomes[event.item]) for event in events]
        self._shots = [int(counted.sum()) for _, counted in flags]
        self._found = [int(happened.sum()) for happened, _ in flags]
        #: The distinct rows of what happened in a shot that counted, and their numbers; None if not all count the same shots.
        self._rows: tuple[Flags, Reals] | None = None
        if len({event.given for event in events}) == 1:
            counted = flags[0][1]
            self._rows = distinct(np.stack([happened[counted] for happened, _ in flags], axis=1))

    def count(self, event: Event, weight: float, source: str, population: int) -> Count:
        """Return how often an event happened."""
        k = self._column[event]
        return Count(weight, self._found[k], self._shots[k], source, population)

    def joint(self, weights: Mapping[Event, float]) -> Joint | None:
        """Return what the weighted events add together in a shot; None of a single one, or if that is not known."""
        own = [weights.get(event, 0.0) for event in self._column]
        if self._rows is None or np.count_nonzero(own) < 2 or not self._shots[0]:
            return None
        rows, times = self._rows
        scores = (rows @ np.array(own)).round(12)
        values, kind = np.unique(scores, return_inverse=True)
        shares = np.bincount(kind, times) / times.sum()
        common = sum(w for w, found in zip(own, self._found, strict=True) if 2 * found > self._shots[0])
        return Joint.of(values, shares, common)


def sources(events: Iterable[Event]) -> dict[Event, str]:
    """Return for each event the name of its shots; shots of conditions that exclude each other are independent."""
    listed = tuple(dict.fromkeys(events))
    conditions: dict[str, dict[tuple[Condition, ...], Event]] = {}
    for event in listed:
        conditions.setdefault(event.item, {})[event.given] = event
    apart = {
        item: all(a.excludes(b) for a, b in combinations(found.values(), 2))
        for item, found in conditions.items()
    }

    def name(event: Event) -> str:
        given = "; ".join(map(str, event.given))
        return f"{event.item} given that {given}" if given and apart[event.item] else event.item

    return {event: name(event) for event in listed}


def distinct(rows: Flags) -> tuple[Flags, Reals]:
    """Return the distinct rows, and how often each came."""
    if not len(rows) or not rows.shape[1]:
        return rows[:1], np.array([float(len(rows))] * len(rows[:1]))
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return rows[first], counts.astype(float)
