"""From outcomes to an estimate: how often the events of an expression came, alone and together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import NoShotsError
from qnet_circuits.programs.conditions import Condition, Flags, Registers
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression, Ratio
from qnet_circuits.programs.packed import packed
from qnet_circuits.theory.estimate import Estimate, combine
from qnet_circuits.theory.fieller import fieller
from qnet_circuits.theory.weighted import Count, Joint

Reals = npt.NDArray[np.float64]
#: Rows of no more bits are told apart by the number that the bits are.
_FEW = 8
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


@dataclass(frozen=True)
class Seen:
    """What came of one circuit, as far as some events go: the distinct rows of what happened in a shot and what counted.

    Args:
        events: The events.
        happened: Of each row, which events happened, bool array (rows, events).
        counted: Of each row, for which events the shot counted.
        times: How many shots were such, in the last dimension; dimensions before it are repetitions.
    """

    events: tuple[Event, ...]
    happened: Flags
    counted: Flags
    times: Reals

    @classmethod
    def of(cls, events: Sequence[Event], registers: Registers) -> Seen:
        """Look at the events in a circuit's outcomes, packed or not."""
        eights = packed(registers)
        flags = [event.flags(registers if eights is None else eights) for event in events]
        columns = [happened for happened, _ in flags] + [counted for _, counted in flags]
        if eights is not None:
            shots = len(next(iter(registers.values())))
            bits = (np.unpackbits(each.view(np.uint8), count=shots, bitorder="little") for each in columns)
            columns = [each.view(np.bool_) for each in bits]
        rows, times = distinct(np.stack(columns).T)
        many = len(events)
        return cls(tuple(events), rows[:, :many], rows[:, many:], times)

    @classmethod
    def joined(cls, seen: Sequence[Seen]) -> Seen:
        """Join what was seen of the same events in different shots."""
        happened, counted, times = zip(
            *((each.happened, each.counted, each.times) for each in seen), strict=True
        )
        return cls(seen[0].events, np.concatenate(happened), np.concatenate(counted), np.concatenate(times))

    def some(self, events: Sequence[Event]) -> Seen:
        """Return the observations of some of the events, in all shots."""
        columns = [self.events.index(event) for event in events]
        return Seen(tuple(events), self.happened[:, columns], self.counted[:, columns], self.times)

    def only(self, events: Sequence[Event]) -> Seen:
        """Return the observations of some events with the same condition, in the shots that count."""
        columns = [self.events.index(event) for event in events]
        rows = self.counted[:, columns[0]]
        happened, counted = self.happened[rows][:, columns], self.counted[rows][:, columns]
        return Seen(tuple(events), happened, counted, self.times[..., rows])


class Counted:
    """How often events happened in the shots of their circuits.

    Events of one circuit are counted together, shot by shot, so that an estimate knows what they have in common. Only
    conditions that exclude each other make independent shots of one circuit.

    Args:
        seen: What was seen of the events in each circuit.
    """

    def __init__(self, seen: Iterable[Seen]) -> None:
        self._tallies: dict[str, Tally] = {}
        self._source: dict[Event, str] = {}
        for each in seen:
            names = sources(each.events)
            self._source.update(names)
            for source in dict.fromkeys(names.values()):
                own = [event for event in each.events if names[event] == source]
                alike = len({event.given for event in own}) == 1
                self._tallies[source] = Tally(each.only(own) if alike else each)

    @classmethod
    def of(cls, events: Iterable[Event], outcomes: Mapping[str, Registers]) -> Counted:
        """Count events in outcomes, {item: {register: bool array (shots, width)}}."""
        return cls(Seen.of(listed, outcomes[item]) for item, listed in events_by_circuit(events).items())

    @classmethod
    def seen(cls, events: Iterable[Event], seen: Mapping[str, Seen]) -> Counted:
        """Take the counts of events from what was seen of each circuit."""
        return cls(seen[item].some(listed) for item, listed in events_by_circuit(events).items())

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
        counts, by_source = [], dict[str, dict[Event, float]]()
        for event, weight in weights.items():
            source, drawn = self._source[event], drawn_from if abs(weight) == smallest else 0
            happened, shots = self._tallies[source].found(event)
            counts.append(Count(weight, int(happened), int(shots), source, drawn))
            if weight:
                by_source.setdefault(source, {})[event] = weight
        joints = {
            source: self._tallies[source].joint(own) for source, own in by_source.items() if len(own) > 1
        }
        known = {source: joint for source, joint in joints.items() if joint is not None}
        return combine(expression.constant, counts, level, null, known)


class Tally:
    """Numbers of what was seen of events whose shots are the same, or overlap.

    Args:
        seen: What was seen of them; of repetitions the numbers are arrays.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen, self._column = seen, {event: k for k, event in enumerate(seen.events)}
        self._found, self._shots = seen.times @ seen.happened, seen.times @ seen.counted

    def found(self, event: Event) -> tuple[Reals, Reals]:
        """Return how often an event happened, and in how many shots it could have."""
        k = self._column[event]
        return self._found[..., k], self._shots[..., k]

    def joint(self, weights: Mapping[Event, float]) -> Joint | None:
        """Return what several weighted events add together in a shot; None without shots of one of them.

        An event whose condition is met in a part c of all shots, and which happens in a part p of these, adds w p to the sum.
        What a shot adds to that, or takes from it, is w (1 - p)/c or w p/c where it counts, by whether the event happens.
        """
        columns = [self._column[event] for event in weights]
        shots, total = self._shots[..., columns], self._seen.times.sum(-1)
        if not shots.all():
            return None
        weight, whole = np.array([*weights.values()]), np.asarray(total)[..., None]
        p, c = self._found[..., columns] / shots, shots / whole
        happened, counted = self._seen.happened[:, columns], self._seen.counted[:, columns]
        middle, each = p @ weight, weight / c
        scores = (middle[..., None] + each @ happened.T - (each * p) @ counted.T).round(12)
        common = middle + (((p > 0.5) - p) * (c > 0.5) * each).sum(-1)
        ups, downs = each * (1 - p), -each * p
        least, most = (middle + pick(ups, downs).sum(-1) for pick in (np.minimum, np.maximum))
        # Rounding may put what was seen beyond what can be.
        ends = np.minimum(least, scores.min(-1)), np.maximum(most, scores.max(-1))
        return replace(Joint.of(scores, self._seen.times / whole, common), shots=total, ends=ends)


def events_by_circuit(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Return each event once, by the name of its circuit."""
    own: dict[str, list[Event]] = {}
    for event in dict.fromkeys(events):
        own.setdefault(event.item, []).append(event)
    return own


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
    if rows.shape[1] <= _FEW:  # A byte for each row, which is counted without sorting.
        places = np.arange(rows.shape[1], dtype=np.uint8)
        kind = np.zeros(len(rows), dtype=np.uint8)
        for place in places:
            kind |= rows[:, place].view(np.uint8) << place
        counts = np.bincount(kind)
        kinds = counts.nonzero()[0]
        return (kinds[:, np.newaxis] >> places & 1).astype(bool), counts[kinds].astype(float)
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return rows[first], counts.astype(float)
