"""A figure without readout errors, with an interval that knows how well these errors are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from statistics import NormalDist

import numpy as np

from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.counting import estimated
from qnet_circuits.programs.expressions import Event, Expression
from qnet_circuits.programs.figures import Figure
from qnet_circuits.runs.mitigation.inversion import (
    Bits,
    Form,
    Readout,
    Reals,
    Signs,
    Weight,
    evaluate,
    signs,
    variables_of,
    weights,
)
from qnet_circuits.theory.bonferroni import serfling
from qnet_circuits.theory.estimate import Estimate

METHOD = "readout inverted qubit by qubit, delta method"
#: Difference of a probability over which a figure is differentiated.
_STEP = 1e-5


@dataclass(frozen=True)
class Sampled:
    """What came of one circuit.

    Args:
        forms: How its outcomes follow from its variables.
        variables: The variables, bool array (shots, variables).
        qubits: The physical qubit of each variable that can be corrected, None for the others; the last ones may be left out.
    """

    forms: OutcomeMap
    variables: Bits
    qubits: tuple[int | None, ...]


def mitigated(
    figure: Figure, samples: Mapping[str, Sampled], readout: Readout, level: float = 0.95
) -> Estimate:
    """Estimate a figure as it would be without the readout errors of the bits that can be corrected.

    The value is the constant plus the weighted means of the events' inverted weights, divided by those of their conditions.
    The interval is the normal one for the variance of the shots plus that of the readout circuits' shots, which reach the
    figure by its derivatives (delta method). With z the normal quantile, z² shots at either extreme are added to each circuit
    before its variance is taken, so that an interval does not vanish where nothing went wrong by chance. Estimate and
    interval are cut to the figure's physical range, as the raw ones are.

    Args:
        figure: The figure.
        samples: The outcomes of its circuits, by name.
        readout: What the readout circuits gave.
        level: Confidence level, in [0.5, 1).

    Returns:
        The estimate; ``n`` counts the shots of the figure's own circuits.

    Raises:
        UnsupportedError: If a qubit, a condition or an event does not allow it.
        FigureError: If the whole interval lies outside of the physical range.
    """

    def linear(expression: Expression, at: float) -> Estimate:
        return _mitigated(expression, figure.drawn_from, samples, readout, at)

    return figure.within(lambda at: estimated(figure.expression, lambda each, _: linear(each, at)), level)


def _mitigated(
    expression: Expression, drawn_from: int, samples: Mapping[str, Sampled], readout: Readout, level: float
) -> Estimate:
    """Return the estimate of a linear combination before it is cut to the values that exist."""
    names = dict.fromkeys(event.item for event in expression.events)
    parts = [
        _Part.of([t for t in expression.terms if t[1].item == name], samples[name], readout) for name in names
    ]
    slack = _slack(expression, drawn_from, level)
    inner = 1 - (1 - level) / 2 if slack else level
    z = NormalDist().inv_cdf((1 + inner) / 2)
    qubits = sorted({qubit for part in parts for qubit in part.columns_of})
    for qubit in qubits:
        readout.check(qubit, level)
    for part in parts:
        part.check_conditions(z)
    value = expression.constant + sum(part.value(part.base) for part in parts)
    variance = sum(part.variance(z) for part in parts)
    for qubit in qubits:
        for which, spread in enumerate(readout.variances(qubit, z)):
            variance += sum(part.slope(qubit, which) for part in parts) ** 2 * spread
    half = z * variance**0.5 + slack
    shots = sum(part.shots for part in parts)
    # Of settings drawn at random only the bound of their spread is known.
    error = None if slack else variance**0.5
    return Estimate(value, value - half, value + half, level, METHOD, shots, standard_error=error)


def _slack(expression: Expression, drawn_from: int, level: float) -> float:
    """Return how far settings drawn at random may be from all; half of the allowed error is theirs."""
    if not drawn_from:
        return 0.0
    sizes = [abs(weight) for weight, _ in expression.terms]
    drawn = [size for size in sizes if size == min(sizes)]
    if drawn_from <= len(drawn):
        return 0.0
    return sum(drawn) * serfling(len(drawn), drawn_from, 1 - (1 - level) / 2)


@dataclass(frozen=True)
class _Part:
    """The terms of a figure that one circuit gives, and the circuit's distinct outcomes as far as they matter."""

    terms: tuple[tuple[float, Weight, Weight], ...]
    outcomes: Bits
    counts: Reals
    column: Mapping[int, int]
    qubits: tuple[int | None, ...]
    readout: Readout

    @classmethod
    def of(cls, terms: Sequence[tuple[float, Event]], sampled: Sampled, readout: Readout) -> _Part:
        parsed = tuple((weight, *weights(sampled.forms, event)) for weight, event in terms)
        used = sorted({v for _, *both in parsed for each in both for v in variables_of(each)})
        outcomes, counts = _distinct(sampled.variables[:, used])
        column = {variable: k for k, variable in enumerate(used)}
        qubits = tuple(dict(enumerate(sampled.qubits)).get(variable) for variable in used)
        return cls(parsed, outcomes, counts, column, qubits, readout)

    @property
    def shots(self) -> int:
        return int(self.counts.sum())

    @property
    def columns_of(self) -> dict[int, int]:
        """The column of each qubit that is corrected."""
        return {qubit: k for k, qubit in enumerate(self.qubits) if qubit is not None}

    @cached_property
    def base(self) -> Signs:
        """The signs for the errors that were measured; each is computed once."""
        pairs = [(1.0, -1.0) if qubit is None else signs(self.readout.errors(qubit)) for qubit in self.qubits]
        table = np.array(pairs, dtype=float).reshape(-1, 2)
        each = np.where(self.outcomes, table[:, 1], table[:, 0])

        @cache
        def sign(form: Form) -> Reals:
            product: Reals = each[:, [self.column[variable] for variable in form]].prod(axis=1)
            return product

        return sign

    def _ratios(self, sign: Signs) -> list[tuple[float, Reals, Reals, float, float]]:
        """Return for each term its weight, the weights of the outcomes, and the means of these."""
        found = []
        for weight, happens, counts in self.terms:
            whole = np.broadcast_to(evaluate(counts, sign), self.counts.shape)
            part = np.broadcast_to(evaluate(happens, sign), self.counts.shape)
            found.append((weight, part, whole, self._mean(part), self._mean(whole)))
        return found

    def _mean(self, values: Reals) -> float:
        return float(self.counts @ values) / self.shots

    def value(self, sign: Signs) -> float:
        return sum(weight * part / whole for weight, _, _, part, whole in self._ratios(sign))

    def check_conditions(self, z: float) -> None:
        """Raise UnsupportedError if the probability of a condition may be 0."""
        for _, _, whole, _, mean in self._ratios(self.base):
            spread = (self.counts @ (whole - mean) ** 2) ** 0.5 / self.shots
            if mean <= z * spread:
                raise UnsupportedError(
                    "its condition came too rarely to be corrected; raise the number of shots"
                )

    def variance(self, z: float) -> float:
        """Return the variance of the value for known errors, with shots added at both extremes."""
        each = np.zeros(self.counts.shape)
        low = high = 0.0
        for weight, part, whole, happened, counted in self._ratios(self.base):
            ratio = happened / counted
            each += weight * (part - ratio * whole) / counted
            ends = sorted((-weight * ratio / counted, weight * (1 - ratio) / counted))
            low, high = low + min(ends[0], 0.0), high + max(ends[1], 0.0)
        added = z * z * (low**2 + high**2)
        return float(self.counts @ each**2 + added) / self.shots**2

    def slope(self, qubit: int, which: int) -> float:
        """Return the derivative of the value by one error of one qubit."""
        if qubit not in self.columns_of:
            return 0.0
        up, down = (self.value(self._moved(qubit, which, step)) for step in (_STEP, -_STEP))
        return (up - down) / (2 * _STEP)

    def _moved(self, qubit: int, which: int, step: float) -> Signs:
        """Return the signs where one error of one qubit is another."""
        errors = list(self.readout.errors(qubit))
        before = signs((errors[0], errors[1]))
        errors[which] += step
        after = signs((errors[0], errors[1]))
        column = self.columns_of[qubit]
        factor = np.where(self.outcomes[:, column], after[1] / before[1], after[0] / before[0])

        def sign(form: Form) -> Reals:
            touched = column in (self.column[variable] for variable in form)
            return self.base(form) * factor if touched else self.base(form)

        return sign


def _distinct(rows: Bits) -> tuple[Bits, Reals]:
    """Return the distinct rows, and how often each came."""
    if not rows.shape[1]:
        return rows[:1], np.array([float(len(rows))])
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return rows[first], counts.astype(float)
