"""A figure corrected for readout errors, with an interval that includes the uncertainty of these errors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.counting import estimated, events_by_circuit
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.functions import Function
from qnet_circuits.programs.state_functions import StateFunction
from qnet_circuits.runs.mitigation.part import Part, Sampled, check_parts
from qnet_circuits.runs.mitigation.readout import Readout
from qnet_circuits.runs.mitigation.states import CorrectedState
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.weighted import arms, spread_of_drawn, student

METHOD = "readout inverted qubit by qubit, delta method"
#: Derivatives of a sum by both readout errors of each qubit.
_Slopes = Mapping[int, tuple[float, float]]


def mitigated(
    figure: Figure,
    samples: Mapping[str, Sampled],
    readouts: Mapping[int, Readout],
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Estimate a figure without the readout errors of the bits that can be corrected.

    The value is the constant plus the weighted means of the events' inverted weights, divided by those of their conditions.
    To first order (delta method) the value is a sum of independent parts: a number for each shot of each circuit, and each
    readout error times its slope. The interval has the limits of such sums, so without readout errors it equals the raw
    interval. The possible effect of preparation errors is added to the limits. Value and interval are cut to the figure's
    physical range, like the raw ones.

    Args:
        figure: The figure.
        samples: The outcomes of its circuits, by name.
        readouts: The measured readout errors of each qubit.
        level: Confidence level, in [0.5, 1).
        rng: The random generator for the interval of a function of a state. Default: the same each time.

    Returns:
        The estimate; ``n`` counts the shots of the figure's own circuits. The standard error is that of all shots.

    Raises:
        NoShotsError: If the denominator of a ratio can be 0.
        UnsupportedError: If a qubit, a condition, an event or too few shots do not allow it.
        FigureError: If the whole interval lies outside the physical range.
    """
    expression = figure.expression
    if isinstance(expression, StateFunction):
        state, drawn = CorrectedState(expression, samples, readouts), rng or np.random.default_rng(0)
        state.check(level)
        return figure.within(lambda at: _of_state(state, at, drawn), level)
    if isinstance(expression, Function):
        raise UnsupportedError(f"{figure.name} is a function of the bits as they were read")
    found = _Corrected(figure.events, samples, readouts)
    found.check(level)

    def at(level: float) -> Estimate:
        return estimated(expression, lambda each, _: found.combined(each, level, figure.drawn_from))

    return figure.within(at, level)


def _of_state(state: CorrectedState, level: float, rng: np.random.Generator) -> Estimate:
    found = state.function.estimated(state, level, rng)
    return replace(found, method=f"{METHOD}, {found.method}")


class _Corrected:
    """The events of a figure, in the outcomes of their circuits without readout errors."""

    def __init__(
        self, events: Iterable[Event], samples: Mapping[str, Sampled], readouts: Mapping[int, Readout]
    ) -> None:
        own = events_by_circuit(events)
        self._parts = {name: Part(found, samples[name], readouts) for name, found in own.items()}
        self._readouts = readouts

    def check(self, level: float) -> None:
        """Raise UnsupportedError if a qubit, a condition or the number of shots does not allow correction."""
        check_parts(self._parts.values(), self._readouts, level)

    def combined(self, expression: Expression, level: float, drawn_from: int) -> Estimate:
        """Return the estimate of a linear combination of the events, before it is cut to the physical range."""
        own = _by_circuit(expression)
        settings = _drawn(own, drawn_from)
        slopes = self._slopes(own)
        tail, method = (1 - level) / 2, f"{METHOD}, Fay-Feuer in beta form"
        below, above = self._arms(
            {name: each for name, each in own.items() if name not in settings}, slopes, tail
        )
        if settings:
            drawn = self._drawn_arms({name: own[name] for name in settings}, drawn_from, tail)
            below, above = math.hypot(below, drawn[0]), math.hypot(above, drawn[1])
            method = f"{METHOD}, Student over {len(settings)} of {drawn_from} settings drawn at random, approximate"
        prepared = [self._readouts[qubit].shifts(pair) for qubit, pair in slopes.items()]
        value = expression.value(lambda event: self._parts[event.item].probability(event))
        low = value - below - sum(each[0] for each in prepared)
        high = value + above + sum(each[1] for each in prepared)
        shots = sum(self._parts[name].shots for name in own)
        error = math.sqrt(
            sum(self._variances(own)) + sum(self._readouts[q].variance(s) for q, s in slopes.items())
        )
        return Estimate(value, low, high, level, method, shots, standard_error=error)

    def _slopes(self, own: Mapping[str, Mapping[Event, float]]) -> _Slopes:
        """Return the derivatives of a sum by both readout errors of each qubit."""
        total: dict[int, tuple[float, float]] = {}
        for name, weights in own.items():
            for event, weight in weights.items():
                for qubit, pair in self._parts[name].slopes[event].items():
                    before = total.get(qubit, (0.0, 0.0))
                    total[qubit] = before[0] + weight * float(pair[0]), before[1] + weight * float(pair[1])
        return dict(sorted(total.items()))

    def _variances(self, own: Mapping[str, Mapping[Event, float]]) -> list[float]:
        """Return the variance that the shots of each circuit contribute, for known errors."""
        parts = ((self._parts[name], weights) for name, weights in own.items())
        return [part.joint(weights).variance(part.shots) for part, weights in parts]

    def _arms(
        self, own: Mapping[str, Mapping[Event, float]], slopes: _Slopes, tail: float
    ) -> tuple[float, float]:
        """Return the distances of the limits below and above the value, from shots and from readout errors."""
        weights = [slope for pair in slopes.values() for slope in pair]
        wrong = [count for qubit in slopes for count in self._readouts[qubit].wrong]
        shots = [count for qubit in slopes for count in self._readouts[qubit].shots]
        # Beside these counts stand sums of which no count is one.
        joints = [((), self._parts[name].joint(each)) for name, each in own.items()]
        below, above = arms(weights, wrong, shots, tail, joints)
        return float(below), float(above)

    def _drawn_arms(
        self, own: Mapping[str, Mapping[Event, float]], population: int, tail: float
    ) -> tuple[float, float]:
        """Return the arms of settings that were drawn at random without replacement from more."""
        worth = [
            sum(w * self._parts[name].probability(event) + max(-w, 0.0) for event, w in each.items())
            for name, each in own.items()
        ]
        half = student(len(own), tail) * spread_of_drawn(worth, self._variances(own), population)
        below, above = self._arms(own, {}, tail)
        return max(half, below), max(half, above)


def _by_circuit(expression: Expression) -> dict[str, dict[Event, float]]:
    """Return the weight of each event, by the circuit's name."""
    own: dict[str, dict[Event, float]] = {}
    for weight, event in expression.terms:
        if weight:
            found = own.setdefault(event.item, {})
            found[event] = found.get(event, 0.0) + weight
    return own


def _drawn(own: Mapping[str, Mapping[Event, float]], drawn_from: int) -> list[str]:
    """Return the circuits that are settings drawn at random from more settings: those of the smallest weight."""
    if not drawn_from:
        return []
    sizes = {name: max(map(abs, weights.values())) for name, weights in own.items()}
    found = [name for name, size in sizes.items() if size == min(sizes.values())]
    if len(found) >= drawn_from:
        return []
    if len(found) < 2:
        raise UnsupportedError(
            "a single setting that was drawn at random gives no information about the others"
        )
    return found
