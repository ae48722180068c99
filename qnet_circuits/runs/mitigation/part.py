"""The probabilities of one circuit's events without readout errors, and their dependence on the errors."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from statistics import NormalDist

import numpy as np

from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.counting import distinct
from qnet_circuits.programs.events import Event
from qnet_circuits.runs.mitigation.inversion import (
    Bits,
    Form,
    Reals,
    Signs,
    Weight,
    evaluate,
    signs,
    variables_of,
    weights,
)
from qnet_circuits.runs.mitigation.readout import Readout
from qnet_circuits.theory.estimate import FEW
from qnet_circuits.theory.weighted import Joint

#: Difference of a probability over which an event's is differentiated.
_STEP = 1e-5


@dataclass(frozen=True)
class Sampled:
    """The outcomes of one circuit.

    Args:
        forms: The outcomes as functions of the variables.
        variables: The variables, bool array (shots, variables).
        qubits: The physical qubit of each variable that can be corrected, None for the others; trailing entries may be
            missing.
    """

    forms: OutcomeMap
    variables: Bits
    qubits: tuple[int | None, ...]


@dataclass(frozen=True)
class _Mean:
    """The inverted weights of outcomes for an event and its condition, and the means of these."""

    part: Reals
    whole: Reals
    happened: float
    counted: float

    @property
    def ratio(self) -> float:
        return self.happened / self.counted

    @property
    def scores(self) -> Reals:
        """The contribution of each outcome to the probability, less the mean, to first order."""
        scores: Reals = (self.part - self.ratio * self.whole) / self.counted
        return scores


class Part:
    """The events of one circuit, and its distinct relevant outcomes.

    Args:
        events: The events.
        sampled: The outcomes of the circuit.
        readouts: The measured readout errors of the qubits.

    Raises:
        UnsupportedError: If more conditions share variables than can be multiplied out.
    """

    def __init__(self, events: Sequence[Event], sampled: Sampled, readouts: Mapping[int, Readout]) -> None:
        self._parsed = {event: weights(sampled.forms, event) for event in events}
        used = sorted({v for event in self._parsed for v in self._variables(event)})
        self._outcomes, self._counts = distinct(sampled.variables[:, used])
        self._column = {variable: k for k, variable in enumerate(used)}
        self._qubits = tuple(dict(enumerate(sampled.qubits)).get(variable) for variable in used)
        self._readouts = readouts
        self.shots = len(sampled.variables)

    @cached_property
    def columns_of(self) -> dict[int, int]:
        """The column of each qubit that is corrected."""
        return {qubit: k for k, qubit in enumerate(self._qubits) if qubit is not None}

    @cached_property
    def _pairs(self) -> list[tuple[float, float]]:
        """The signs in place of +1 and -1 in each column."""
        return [(1.0, -1.0) if q is None else signs(self._readouts[q].errors) for q in self._qubits]

    @cached_property
    def _base(self) -> Signs:
        """The signs for the measured errors, each computed once."""
        table = np.array(self._pairs, dtype=float).reshape(-1, 2)
        each = np.where(self._outcomes, table[:, 1], table[:, 0])

        @cache
        def sign(form: Form) -> Reals:
            product: Reals = each[:, [self._column[variable] for variable in form]].prod(axis=1)
            return product

        return sign

    def _mean(self, both: tuple[Weight, Weight], sign: Signs) -> _Mean:
        part, whole = (np.broadcast_to(evaluate(weight, sign), self._counts.shape) for weight in both)
        happened, counted = (float(self._counts @ values) / self.shots for values in (part, whole))
        return _Mean(part, whole, happened, counted)

    @cached_property
    def _means(self) -> dict[Event, _Mean]:
        return {event: self._mean(both, self._base) for event, both in self._parsed.items()}

    def probability(self, event: Event) -> float:
        """Return the probability of an event."""
        return self._means[event].ratio

    def check(self, z: float) -> None:
        """Raise UnsupportedError if too few shots count, or the probability of a condition can be 0."""
        for mean in self._means.values():
            spread = math.sqrt(self._counts @ (mean.whole - mean.counted) ** 2) / self.shots
            if mean.counted <= z * spread:
                raise UnsupportedError(
                    "its condition was met too rarely to be corrected; raise the number of shots"
                )
            if mean.counted * self.shots < FEW:
                raise UnsupportedError(
                    f"fewer than {FEW} shots of a circuit count, too few to be corrected; raise the number of shots"
                )

    @property
    def counted(self) -> float:
        """The smallest share of shots, without readout errors, that meets the condition of an event."""
        return min(mean.counted for mean in self._means.values())

    def covariance(self, events: Sequence[Event]) -> Reals:
        """Return the covariance of the probabilities of events, for known errors."""
        scores = np.array([self._means[event].scores for event in events])
        return np.asarray((scores * self._counts) @ scores.T / self.shots**2)

    def joint(self, weights: Mapping[Event, float]) -> Joint:
        """Return the contribution of a shot to a weighted sum, less the mean, for known errors; the middle is the median."""
        scores = self._scores(weights).round(12)
        values, place = np.unique(scores, return_inverse=True)
        shares = np.bincount(place, self._counts) / self.shots
        joint = Joint.of(values, shares, values[np.searchsorted(shares.cumsum(), 0.5 - 1e-12)])
        least, most = self._ends(weights)
        ends = min(float(values[0]), least), max(float(values[-1]), most)
        return replace(joint, shots=self.shots, ends=ends)

    def _ends(self, weights: Mapping[Event, float]) -> tuple[float, float]:
        """Return the smallest and largest contribution of a shot, if all its readout errors are amplified."""
        low = high = 0.0
        for event, weight in weights.items():
            mean, size = self._means[event], weight * self._largest(event)
            ends = [-size * mean.ratio / mean.counted, size * (1 - mean.ratio) / mean.counted]
            low, high = low + min(0.0, *ends), high + max(0.0, *ends)
        return low, high

    def _scores(self, weights: Mapping[Event, float]) -> Reals:
        each = [weight * self._means[event].scores for event, weight in weights.items()]
        scores: Reals = np.sum(each, axis=0)
        return scores

    def _largest(self, event: Event) -> float:
        """Return the largest sign of all variables that an event depends on."""
        return math.prod(max(map(abs, self._pairs[self._column[v]])) for v in self._variables(event))

    def _variables(self, event: Event) -> set[int]:
        """Return the variables that an event depends on."""
        return {v for each in self._parsed[event] for v in variables_of(each)}

    @cached_property
    def slopes(self) -> dict[Event, dict[int, Reals]]:
        """The derivatives of each event's probability by both errors of each qubit."""
        return {
            event: {q: np.array([self._slope(event, q, which) for which in (0, 1)]) for q in qubits}
            for event, qubits in ((event, self._read(event)) for event in self._parsed)
        }

    def _read(self, event: Event) -> Iterable[int]:
        """Return the qubits that an event depends on and that are corrected."""
        columns = {self._column[v] for v in self._variables(event)}
        return [qubit for qubit, column in self.columns_of.items() if column in columns]

    def _slope(self, event: Event, qubit: int, which: int) -> float:
        both = self._parsed[event]
        up, down = (self._mean(both, self._moved(qubit, which, step)).ratio for step in (_STEP, -_STEP))
        return (up - down) / (2 * _STEP)

    def _moved(self, qubit: int, which: int, step: float) -> Signs:
        """Return the signs with one error of one qubit changed."""
        errors = list(self._readouts[qubit].errors)
        before = signs((errors[0], errors[1]))
        errors[which] += step
        after = signs((errors[0], errors[1]))
        column = self.columns_of[qubit]
        factor = np.where(self._outcomes[:, column], after[1] / before[1], after[0] / before[0])

        def sign(form: Form) -> Reals:
            touched = column in (self._column[variable] for variable in form)
            return self._base(form) * factor if touched else self._base(form)

        return sign


def check_parts(parts: Collection[Part], readouts: Mapping[int, Readout], level: float) -> None:
    """Raise UnsupportedError if a qubit, a condition or the number of shots does not allow correction."""
    for qubit in sorted({qubit for part in parts for qubit in part.columns_of}):
        readouts[qubit].check(qubit, level)
    for part in parts:
        part.check(NormalDist().inv_cdf((1 + level) / 2))
