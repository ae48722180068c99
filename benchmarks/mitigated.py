"""How often intervals of mitigated figures cover, and how long they are, by repetition.

python -m benchmarks.mitigated [--repeats 10000] [--only WORD] [--seed S]

In each repetition the circuits and the readout circuits are played anew: outcomes are drawn from a true distribution, and read
with errors; qubits of the readout circuits begin in |1⟩ now and then, and are prepared by a gate that errs.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from benchmarks.intervals import LEVEL, Row
from benchmarks.measuring import options_of_coverage
from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.programs.expressions import Expression, Ratio, parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.runs.mitigation.mitigated import mitigated
from qnet_circuits.runs.mitigation.part import Sampled
from qnet_circuits.runs.mitigation.readout import Readout

Reals = NDArray[np.float64]
Counts = NDArray[np.int64]
#: Repetitions in which the spread of the values is measured.
_SPREAD = 10_000
SHOTS = (100, 1000, 10_000)


@dataclass(frozen=True)
class Case:
    """A figure without readout errors whose coverage is measured.

    Args:
        name: What it is.
        figure: The figure, of bits out[0], out[1], ... in each circuit.
        circuits: The true distribution of the bits of each circuit, over 2^bits outcomes, bit 0 first.
        truth: The figure's value.
        errors: P(1|0) and P(0|1) of each qubit.
        begins: How often a qubit begins in |1⟩.
        gate: How often the gate that prepares |1⟩ leaves |0⟩.
        bar: Whether its length is held against the bar: there are many rarer outcomes, and errors of preparation are small.
    """

    name: str
    figure: Figure
    circuits: Mapping[str, Reals]
    truth: float
    errors: Sequence[tuple[float, float]]
    begins: float = 0.0
    gate: float = 0.0
    bar: bool = True

    @property
    def _confusion(self) -> Reals:
        each = [np.array([[1 - a, b], [a, 1 - b]]) for a, b in self.errors]
        return reduce(np.kron, each)

    def counted(self, shots: int, size: int, rng: np.random.Generator) -> dict[str, Counts]:
        """Return how often each outcome was read in each circuit, (size, 2^bits)."""
        return {
            name: rng.multinomial(shots, np.clip(self._confusion @ true, 0, None), size)
            for name, true in self.circuits.items()
        }

    @property
    def rows(self) -> NDArray[np.bool_]:
        """The outcomes, (2^bits, bits)."""
        width = len(self.errors)
        return np.asarray((np.arange(2**width)[:, None] >> np.arange(width)[::-1]) % 2 == 1)

    def played(self, shots: int, rng: np.random.Generator) -> dict[str, Sampled]:
        """Return outcomes of the circuits, as they are read."""
        counts = self.counted(shots, 1, rng)
        return {name: self.sampled(found[0]) for name, found in counts.items()}

    def sampled(self, counts: Counts) -> Sampled:
        """Return outcomes of a circuit that were read so often."""
        width = range(len(self.errors))
        forms = OutcomeMap(tuple(("out", k) for k in width), {"out": tuple((k,) for k in width)})
        return Sampled(forms, np.repeat(self.rows, counts, axis=0), tuple(width))

    def readouts(self, shots: int, rng: np.random.Generator) -> dict[int, Readout]:
        """Return what readout circuits of so many shots tell, with a first measurement in each."""
        return {qubit: self._readout(*pair, shots, rng) for qubit, pair in enumerate(self.errors)}

    def _readout(self, a: float, b: float, shots: int, rng: np.random.Generator) -> Readout:
        wrong, kept = self.read(a, b, shots, 1, rng)
        dropped = 2 * shots - int(kept.sum())
        first, second = zip(wrong[0].tolist(), kept[0].tolist(), strict=True)
        found = Readout((first[0], second[0]), (first[1], second[1]), self.gate)
        return found.begun((dropped, 2 * shots), LEVEL)

    def read(
        self, a: float, b: float, shots: int, size: int, rng: np.random.Generator
    ) -> tuple[Counts, Counts]:
        """Return how often a qubit in |0⟩, and in |1⟩, was read wrongly, and of how many shots that count, (size, 2)."""
        wrong, kept = [], []
        for state in (0, 1):
            begun = rng.binomial(shots, self.begins, size)
            missed, right = rng.binomial(begun, b), rng.binomial(shots - begun, 1 - a)
            # Those that were missed are in the other state, and so are those that the gate left.
            left = rng.binomial(right, self.gate) if state else 0 * right
            error, converse = (a, b) if state == 0 else (b, a)
            wrong.append(rng.binomial(right - left, error) + rng.binomial(missed + left, 1 - converse))
            kept.append(missed + right)
        return np.stack(wrong, axis=1), np.stack(kept, axis=1)

    def values(self, counts: Mapping[str, Counts], errors: Reals) -> Reals:
        """Return the figure's value of many repetitions, (repetitions,), by the inverse of the whole confusion matrix.

        Args:
            counts: How often each outcome was read in each circuit, (repetitions, 2^bits).
            errors: P(1|0) and P(0|1) of each qubit as they were measured, (repetitions, qubits, 2).
        """
        width = len(self.errors)
        a, b = errors[..., 0], errors[..., 1]
        inverse = (
            np.stack([np.stack([1 - b, -b], -1), np.stack([-a, 1 - a], -1)], -2)
            / (1 - a - b)[..., None, None]
        )
        true = {}
        for name, found in counts.items():
            share = found / found.sum(axis=-1, keepdims=True)
            for k in range(width):
                split = share.reshape(len(share), 2**k, 2, -1)
                share = np.einsum("rij,rajb->raib", inverse[:, k], split).reshape(len(share), -1)
            true[name] = share

        def value(expression: Expression) -> Reals:
            total = np.full(len(errors), expression.constant)
            for weight, event in expression.terms:
                happened, counted = event.flags({"out": self.rows})
                total += weight * (true[event.item] @ happened) / (true[event.item] @ counted)
            return total

        figure = self.figure.expression
        if isinstance(figure, Ratio):
            return value(figure.numerator) / value(figure.denominator)
        assert isinstance(figure, Expression)
        return value(figure)

    def spread(self, shots: int, repeats: int, rng: np.random.Generator) -> float:
        """Return the standard deviation of the figure's values over many repetitions."""
        read = [self.read(*pair, shots, repeats, rng) for pair in self.errors]
        errors = np.stack([wrong / kept for wrong, kept in read], axis=1)
        return float(self.values(self.counted(shots, repeats, rng), errors).std())


def measured(case: Case, shots: int, repeats: int, rng: np.random.Generator) -> Row:
    """Measure coverage and length of a case."""
    free = replace(case.figure, physical=None)
    covered, halves, variances = 0, 0.0, 0.0
    for _ in range(repeats):
        samples, readouts = case.played(shots, rng), case.readouts(shots, rng)
        found = mitigated(case.figure, samples, readouts, LEVEL)
        covered += found.low - 1e-12 <= case.truth <= found.high + 1e-12
        whole = found if case.figure.physical is None else mitigated(free, samples, readouts, LEVEL)
        halves += (whole.high - whole.low) / 2
        variances += (whole.standard_error or 0.0) ** 2
    spread = case.spread(shots, _SPREAD, rng)
    ratio, errors = halves / repeats / (1.96 * spread), math.sqrt(variances / repeats) / spread
    return Row(case.name, shots, repeats, covered, ratio, math.nan if case.bar else 0.0, errors)


def bits(width: int, flips: Mapping[str, float]) -> Reals:
    """Return random bits of even parity, with patterns of flips that come with these probabilities."""
    even = np.array([k.bit_count() % 2 == 0 for k in range(2**width)], float) / 2 ** (width - 1)
    found = (1 - sum(flips.values())) * even
    for pattern, probability in flips.items():
        found = found + probability * even[np.arange(2**width) ^ int(pattern, 2)]
    return np.asarray(found)


def cases() -> Iterator[Case]:
    """Yield figures of pairs, chains, conditions and populations."""
    small, large = (0.005, 0.01), (0.03, 0.08)
    two = [("out", 0), ("out", 1)]
    zz = parity("zz", two)
    for fidelity, errors in ((0.98, small), (0.98, large), (1.0, small)):
        wrong = 2 * (1 - fidelity) / 3
        pair = {name: bits(2, {"01": wrong}) for name in ("xx", "yy", "zz")}
        figure = Figure("f", (1 + parity("xx", two) + parity("yy", two) + zz) / 4, physical=(0.0, 1.0))
        name = f"pair, F = {fidelity:g}, errors {errors[0]} and {errors[1]}"
        yield Case(name, figure, pair, fidelity, [errors] * 2, bar=(fidelity, errors) == (0.98, small))
    six = [("out", k) for k in range(6)]
    yield Case(
        "parity of 6 bits, 0.9",
        Figure("f", parity("zz", six)),
        {"zz": bits(6, {"000001": 0.05})},
        0.9,
        [small] * 6,
    )
    yield Case("parity of 2 bits, 0", Figure("f", zz), {"zz": bits(2, {"01": 0.5})}, 0.0, [large] * 2)
    yield Case(
        "parity of 2 bits, 0.999",
        Figure("f", zz),
        {"zz": bits(2, {"01": 0.0005})},
        0.999,
        [small] * 2,
        bar=False,
    )
    kept = parity("zz", two, [("out", 2, 0), ("out", 3, 0)])
    four = np.kron(bits(2, {"01": 0.02}), np.full(4, 0.25))
    yield Case("parity given 2 bits, 0.96", Figure("f", kept), {"zz": four}, 0.96, [small] * 4)
    ghz = np.zeros(16)
    ghz[[0, 15, 1, 14]] = 0.46, 0.46, 0.04, 0.04
    whole = population("zz", [("out", k) for k in range(4)], ["0000", "1111"])
    yield Case("populations of 4 bits, 0.92", Figure("f", whole), {"zz": ghz}, 0.92, [small] * 4)
    contrast = (zz - parity("xx", two)) / (zz + parity("xx", two))
    both = {"zz": bits(2, {"01": 0.05}), "xx": bits(2, {"01": 0.3})}
    yield Case("contrast of two parities", Figure("f", contrast), both, 0.5 / 1.3, [small] * 2)
    begun = {"begins": 0.03, "gate": 0.002, "bar": False}
    yield Case(
        "parity of 2 bits, 0.9, qubits that begin in 1",
        Figure("f", zz),
        {"zz": bits(2, {"01": 0.05})},
        0.9,
        [small] * 2,
        **begun,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of_coverage("Coverage and length of intervals of mitigated figures.", 10_000, arguments)
    rng, good = np.random.default_rng(options.seed), True
    print(
        "| figure | shots | coverage | half-width / 1.96 σ | | standard error / spread |\n|---|---|---|---|---|---|"
    )
    for case in cases():
        for shots in SHOTS if options.only in case.name else ():
            row = measured(case, shots, options.repeats, rng)
            good &= row.covers() and row.short
            print(row, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
