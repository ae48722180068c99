"""How often intervals cover, and how long they are: figures of the registry and made-up sums, by repetition and enumeration.

python -m benchmarks.intervals [--repeats 100000] [--only WORD] [--seed S]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

import qnet_circuits as qn
from benchmarks.measuring import options_of_coverage
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure
from qnet_circuits.theory.estimate import combine
from qnet_circuits.theory.weighted import Count, Joint, arms

Reals = NDArray[np.float64]
LEVEL = 0.95
#: Coverage may be this much below the level.
SLACK = 0.005
#: How often chance alone may fail a case.
ALPHA = 1e-3
#: So many rarer outcomes are enough for the bar of the length.
ENOUGH, BAR = 20, 1.2
HEADER = "| figure | shots | coverage | half-width / 1.96 σ | rarer | standard error / spread |\n|---|---|---|---|---|---|"
SHOTS = (20, 100, 1000, 10_000)
_CHUNK = 2000


@dataclass(frozen=True)
class Source:
    """A circuit: how probable each pattern of its events is, and what each event weighs in the sum.

    Args:
        weights: What each event weighs.
        patterns: Which events happen in each pattern, (patterns, events) of 0 and 1.
        probabilities: How probable each pattern is.
        part: Which part of the asked shots it has.
    """

    weights: Reals
    patterns: Reals
    probabilities: Reals
    part: float = 1.0

    def shots(self, n: int) -> int:
        return max(1, round(n * self.part))

    @property
    def means(self) -> Reals:
        return np.asarray(self.probabilities @ self.patterns)

    def covariance(self, shares: Reals, n: int) -> Reals:
        """Return the covariance of contributions, for shares of patterns, one row for each repetition."""
        means = shares @ self.patterns
        both = np.einsum("rp,pi,pj->rij", shares, self.patterns, self.patterns, optimize=True)
        scaled = both - means[:, :, None] * means[:, None, :]
        return np.asarray(scaled * self.weights[:, None] * self.weights / n)


@dataclass(frozen=True)
class Case:
    """A sum whose coverage is measured."""

    name: str
    sources: tuple[Source, ...]

    def truth(self) -> float:
        return float(sum(source.weights @ source.means for source in self.sources))

    def standard_error(self, n: int) -> float:
        each = [s.covariance(s.probabilities[None], s.shots(n)).sum() for s in self.sources]
        return math.sqrt(max(sum(each), 0.0))

    def rarer(self, n: int) -> float:
        """Return y²/v, the effective number of rarer outcomes that are expected, of the side that has fewer."""
        found = []
        for raises in (True, False):
            seen = most = variance = 0.0
            for source in self.sources:
                common = source.means > 0.5
                own = ((source.weights > 0) ^ common) == raises
                size = np.abs(source.weights) * own
                seen += float(size @ np.where(common, 1 - source.means, source.means))
                most += float(size.sum())
                matrix = source.covariance(source.probabilities[None], source.shots(n))[0]
                variance += float(own @ matrix @ own)
            if most:
                found.append(seen**2 * (1 - seen / most) / variance if variance > 1e-300 else 0.0)
        return min(found)

    def sample(self, n: int, repeats: int, rng: np.random.Generator) -> tuple[Reals, Reals, Reals, Reals]:
        """Return values, both arms of the intervals, and variances, one for each repetition."""
        counts, joints, place = [], [], 0
        variance = np.zeros(repeats)
        for source in self.sources:
            shares = rng.multinomial(source.shots(n), source.probabilities, repeats) / source.shots(n)
            counts.append(np.rint(shares @ source.patterns * source.shots(n)))
            many, scores = len(source.weights), source.patterns @ source.weights
            variance += (shares @ scores**2 - (shares @ scores) ** 2) / source.shots(n)
            if many > 1:
                common = (2 * (shares @ source.patterns) > 1) @ source.weights
                joints.append((range(place, place + many), Joint.of(scores, shares, common)))
            place += many
        weights = np.concatenate([source.weights for source in self.sources])
        shots = np.concatenate([np.full(len(s.weights), s.shots(n)) for s in self.sources])
        successes = np.concatenate(counts, axis=1)
        below, above = arms(weights, successes, shots, (1 - LEVEL) / 2, joints)
        return (successes / shots) @ weights, below, above, variance


@dataclass(frozen=True)
class Row:
    """What was measured of a case."""

    name: str
    shots: int
    repeats: int
    covered: int
    ratio: float
    rarer: float
    error_ratio: float

    def covers(self, alpha: float = ALPHA) -> bool:
        """Tell whether so few repetitions may be covered by chance, with probability ``alpha``, if enough are on average."""
        return bool(binom.cdf(self.covered, self.repeats, LEVEL - SLACK) > alpha)

    @property
    def short(self) -> bool:
        return self.rarer < ENOUGH or self.shots < max(SHOTS) or self.ratio <= BAR

    def __str__(self) -> str:
        verdict = ("" if self.covers() else "  TOO RARELY") + ("" if self.short else "  TOO LONG")
        share = self.covered / self.repeats
        return (
            f"| {self.name} | {self.shots} | {share:.4f} | {self.ratio:.2f} | {self.rarer:.3g} | "
            f"{self.error_ratio:.3f} |{verdict}"
        )


def measured(case: Case, shots: int, repeats: int, rng: np.random.Generator) -> Row:
    """Measure coverage and length of a case."""
    truth, error = case.truth(), case.standard_error(shots)
    covered, halves, values, variances = 0, 0.0, [], 0.0
    size = max(1, _CHUNK // max(1, sum(s.patterns.size for s in case.sources) // 200))
    for first in range(0, repeats, size):
        many = min(size, repeats - first)
        value, below, above, variance = case.sample(shots, many, rng)
        inside = (value - below <= truth + 1e-12) & (truth - 1e-12 <= value + above)
        covered, halves = covered + int(inside.sum()), halves + float((below + above).sum()) / 2
        values.append(value)
        variances += float(variance.sum())
    if error < 1e-12:
        return Row(case.name, shots, repeats, covered, math.nan, case.rarer(shots), math.nan)
    spread = float(np.concatenate(values).std())
    ratio = halves / repeats / (1.96 * error)
    errors = math.sqrt(variances / repeats) / spread if spread else math.nan
    return Row(case.name, shots, repeats, covered, ratio, case.rarer(shots), errors)


# -- made-up sums ----------------------------------------------------------------------------------------------------


def alone(weight: float, p: float, part: float = 1.0) -> Source:
    """Return a circuit with one event."""
    return Source(np.array([weight]), np.array([[0.0], [1.0]]), np.array([1 - p, p]), part)


def together(weights: Sequence[float], patterns: dict[tuple[int, ...], float]) -> Source:
    """Return a circuit with several events; what is missing of probability 1 is that none happens."""
    rows = {(0,) * len(weights): 0.0, **patterns}
    rows[(0,) * len(weights)] += 1 - sum(patterns.values())
    return Source(np.array(weights, float), np.array([*rows], float), np.array([*rows.values()]))


def links(many: int, p: float, all_fail: float, weight: float, seed: int) -> Source:
    """Return a circuit of links that fail apart, and now and then all at once: 200 patterns drawn of that."""
    rng = np.random.default_rng(seed)
    rows = np.unique((rng.random((200, many)) < p).astype(float), axis=0)
    rows = np.vstack([rows, np.ones(many)])
    shares = np.append(np.full(len(rows) - 1, (1 - all_fail) / (len(rows) - 1)), all_fail)
    return Source(np.full(many, weight), 1 - rows, shares)


def made_up() -> Iterator[Case]:
    """Yield sums that are hard: near 0 and 1, of unequal weights and shots, of both signs, of the same shots."""
    rng = np.random.default_rng(5)
    for p in (0.5, 0.1, 0.01, 0.001, 0.0001):
        yield Case(f"one count, p = {p}", (alone(1.0, p),))
    for p in (0.97, 0.9995):
        strings = [alone((-1) ** k / 64, p if k % 2 == 0 else 1 - p) for k in range(64)]
        yield Case(f"GHZ of 65 settings, p = {p}", (alone(0.5, p), *strings))
    uneven = rng.uniform(0.01, 1, 64)
    yield Case(
        "64 unequal weights, p = 0.9 to 1",
        tuple(alone(w, p) for w, p in zip(uneven, rng.uniform(0.9, 1, 64), strict=True)),
    )
    yield Case(
        "64 unequal weights, p = 0 to 1",
        tuple(alone(w, p) for w, p in zip(uneven, rng.random(64), strict=True)),
    )
    yield Case("both signs, p = 0.01 and 0.02", (alone(1.0, 0.01), alone(-0.7, 0.02)))
    yield Case("both signs, p = 0.001 and 0.4", (alone(1.0, 0.001), alone(-0.3, 0.4)))
    for p in (0.85, 0.999):
        parts = (1.0, 0.7, 0.5, 0.9)
        yield Case(f"CHSH of unequal shots, p = {p}", tuple(alone(2.0, p, part) for part in parts))
    yield Case(
        "a heavy rare count among 50 light ones", (alone(1.0, 0.001), *(alone(0.01, 0.1) for _ in range(50)))
    )
    yield Case("nothing ever goes wrong", tuple(alone(w, 1.0) for w in (0.5, 0.25, 0.25)))
    yield Case("two that fail together", (together([0.5, 0.5], {(1, 1): 0.96, (1, 0): 0.01, (0, 1): 0.01}),))
    yield Case("two that exclude each other", (together([1.0, 0.5], {(1, 0): 0.3, (0, 1): 0.3}),))
    pairs = {
        "opposite weights": ([1.0, -0.5], (0.1, 0.05, 0.05)),
        "nearly the same, opposite weights": ([1.0, -1.0], (0.1, 0.005, 0.005)),
        "opposite weights, one mostly with the other": ([1.0, -0.5], (0.03, 0.001, 0.03)),
        "one of them nearly always": ([0.5, 0.5], (0.0, 0.3, 0.697)),
    }
    for name, (weights, (both, first, second)) in pairs.items():
        yield Case(f"two events: {name}", (together(weights, {(1, 1): both, (1, 0): first, (0, 1): second}),))
    yield Case("rare patterns of opposite weights", (together([1.0, -1.0], {(1, 0): 0.01, (0, 1): 0.01}),))
    yield Case("20 links, all fail in 0.2 %", tuple(links(20, 0.03, 0.002, 1 / 60, k) for k in range(3)))
    shared = [
        together([0.3, 0.2, 0.1], {(1, 1, 1): 0.95, (1, 1, 0): 0.02, (0, 1, 1): 0.01, (1, 0, 0): 0.01})
        for _ in range(3)
    ]
    yield Case("3 circuits of 3 unequal events", tuple(shared))


# -- figures of the registry -----------------------------------------------------------------------------------------

#: The couplings of fake_manila.
MANILA = ((0, 1), (1, 2), (2, 3), (3, 4))
#: Beside every protocol as it is: others, and with shots dropped. A device's own benchmark has a small device.
SPECIAL = {
    "repeater-chain": (qn.RepeaterChain(hops=3), {}),
    "repeater-chain, post-selected": (qn.RepeaterChain(hops=3), {"corrections": "postselect"}),
    "chsh, post-selected": (qn.Chsh(hops=2), {"corrections": "postselect"}),
    "ghz of 5": (qn.Ghz(parties=5, topology="chain"), {}),
    "long-range-cnot": (qn.LongRangeCnot(hops=2), {}),
    "link-benchmark": (qn.LinkBenchmark(MANILA), {"backend": "aer:fake_manila"}),
    "link-benchmark of swaps": (qn.LinkBenchmark(MANILA, kind="swap"), {"backend": "aer:fake_manila"}),
}
#: Their figures are no weighted sums, and measured on their own (``benchmarks.states``, ``docs/intervals.md``).
ELSEWHERE = ("distillation-map",)


def protocols() -> dict[str, tuple[qn.Protocol, dict[str, Any]]]:
    """Return every protocol of the registry, and some more, by name, with the options of their runs."""
    names = [name for name in qn.protocol_names() if name not in (*SPECIAL, *ELSEWHERE)]
    return {name: (qn.protocol_class(name).from_parameters(), {}) for name in names} | SPECIAL


def case_of(name: str, figure: Figure, outcomes: qn.Outcomes, shots: int) -> Case:
    """Return a figure whose circuits give what was found once, as if that were their distribution."""
    terms: dict[tuple[str, object], list[tuple[float, NDArray[np.bool_], NDArray[np.bool_]]]] = {}
    for weight, event in figure.expression.terms:
        flags = event.flags(outcomes[event.item])
        terms.setdefault((event.item, event.given), []).append((weight, *flags))
    sources = []
    for found in terms.values():
        counted = found[0][2]
        happened = np.stack([each[counted] for _, each, _ in found], axis=1)
        rows, many = np.unique(happened, axis=0, return_counts=True)
        weights = np.array([weight for weight, *_ in found])
        part = int(counted.sum()) / shots
        sources.append(Source(weights, rows.astype(float), many / many.sum(), part))
    return Case(name, tuple(sources))


def of_registry(only: str = "", seed: int = 1, shots: int = 20_000) -> Iterator[Case]:
    """Yield every weighted sum that the protocols declare, as they come out on the twin of a device.

    A program is run in a protocol's place, since outcomes that become a key are not shown. Functions of a state are left out.
    """
    for name, (protocol, options) in protocols().items():
        program = protocol.program(np.random.default_rng(0))
        sums = [each for each in program.figures if isinstance(each.expression, Expression)]
        wanted = [each for each in sums if only in f"{name}: {each.name}"]
        if not wanted:
            continue
        own = max(item.shots or 0 for item in program)
        given = {"backend": "aer:fake_kingston", **options, **({} if own else {"shots": shots})}
        outcomes = qn.submit(program, seed=seed, predict=False, **given).outcomes()
        for figure in wanted:
            yield case_of(f"{name}: {figure.name}", figure, outcomes, own or shots)


# -- enumeration -----------------------------------------------------------------------------------------------------


def least_coverage(n: Sequence[int], weights: Sequence[float], grid: Sequence[float]) -> float:
    """Return the least coverage of a sum of two counts over probabilities, by enumeration."""
    outcomes = np.array([*product(*(range(each + 1) for each in n))], float)
    below, above = arms(weights, outcomes, n, (1 - LEVEL) / 2)
    value, least = outcomes / np.array(n) @ np.array(weights), 1.0
    for pair in product(grid, repeat=2):
        truth = float(np.array(pair) @ np.array(weights))
        mass = np.multiply.outer(
            *(binom.pmf(range(m + 1), m, p) for m, p in zip(n, pair, strict=True))
        ).ravel()
        inside = (value - below <= truth + 1e-9) & (truth - 1e-9 <= value + above)
        least = min(least, float(mass[inside].sum()))
    return least


# -- settings drawn at random ----------------------------------------------------------------------------------------


def drawn_coverage(means: Reals, drawn: int, shots: int, repeats: int, rng: np.random.Generator) -> float:
    """Return how often the mean of all settings lies in the interval of some that were drawn at random."""
    covered = 0
    for _ in range(repeats):
        chosen = means[rng.choice(len(means), drawn, replace=False)]
        found = rng.binomial(shots, chosen)
        counts = [Count(1 / drawn, int(f), shots, str(k), population=len(means)) for k, f in enumerate(found)]
        covered += float(means.mean()) in combine(0.0, counts, LEVEL)
    return covered / repeats


def of_drawn(repeats: int, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the coverage of 64 settings of 128 and of 4096: of much the same probability, spread, and some that fail."""
    for many in (128, 4096):
        even = np.full(many, 0.95)
        spread = np.clip(rng.normal(0.93, 0.03, many), 0, 1)
        failing = np.where(rng.random(many) < 0.05, 0.5, 0.95)
        for name, means in {"alike": even, "spread by 0.03": spread, "5 % of them fail": failing}.items():
            for shots in (100, 1000):
                covered = drawn_coverage(means, 64, shots, repeats, rng)
                yield f"64 of {many} settings, {name}, {shots} shots", covered


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of_coverage("Coverage and length of intervals.", 100_000, arguments)
    rng, good = np.random.default_rng(options.seed), True
    print(HEADER)
    for case in [*made_up(), *of_registry(options.only)]:
        for shots in SHOTS:
            few = min(source.shots(shots) for source in case.sources) < 10
            if options.only not in case.name or few:
                continue
            row = measured(case, shots, options.repeats, rng)
            good &= row.covers() and row.short
            print(row, flush=True)
    for name, covered in of_drawn(max(10, options.repeats // 50), rng) if not options.only else ():
        print(f"| {name} | {covered:.3f} |", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
