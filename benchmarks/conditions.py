"""How often intervals of figures under conditions, and of ratios, cover, and how long they are, by repetition.

Repetitions are computed all at once; where a circuit has few shots, and for the length of ratios, one by one.

python -m benchmarks.conditions [--repeats 100000] [--only WORD] [--seed S]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from benchmarks.intervals import HEADER, LEVEL, SHOTS, Row
from benchmarks.measuring import options_of_coverage
from qnet_circuits.errors import NoShotsError
from qnet_circuits.programs.counting import Counted, Seen, Tally, estimated, sources
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.theory.estimate import FEW
from qnet_circuits.theory.weighted import arms

#: So many whole intervals of a ratio are made for their mean length; coverage needs none, see ``Case.covers``.
_LENGTHS = 200
#: So many of the limits that are made at once are compared with those of the library, in each chunk.
CHECKED = 3
_CHUNK = 5000
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """A figure whose coverage is measured.

    Args:
        name: Its name.
        expression: What is estimated.
        circuits: What is seen of each circuit: ``times`` are the probabilities of the rows.
    """

    name: str
    expression: Expression | qn.Ratio
    circuits: tuple[Seen, ...]

    def probability(self, event: Event) -> float:
        """Return the true probability of an event, among the shots that count."""
        (seen,) = (each for each in self.circuits if event in each.events)
        k = seen.events.index(event)
        return float(seen.times @ seen.happened[:, k] / (seen.times @ seen.counted[:, k]))

    def truth(self) -> float:
        return self.expression.value(self.probability)

    def drawn(self, n: int, repeats: int, rng: np.random.Generator) -> list[Reals]:
        """Return of each circuit how often each row came in n shots, (repeats, rows)."""
        return [rng.multinomial(n, seen.times, repeats).astype(float) for seen in self.circuits]

    def counted(self, times: Sequence[Reals]) -> Counted:
        """Return the counts of one repetition."""
        return Counted(replace(seen, times=own) for seen, own in zip(self.circuits, times, strict=True))

    def linear(self) -> tuple[Expression, float]:
        """Return a sum and its true value: a ratio lies in its interval if 0 lies in that of N - r D for the true r."""
        if isinstance(self.expression, Expression):
            return self.expression, self.truth()
        return self.expression.difference(self.truth()), 0.0

    def rarer(self, n: int) -> float:
        """Return y²/v, the effective number of rarer outcomes that are expected, of the side that has fewer."""
        expression, _ = self.linear()
        weights: dict[Event, float] = {}
        for weight, event in expression.terms:
            weights[event] = weights.get(event, 0.0) + weight
        seen = np.zeros(2)
        variance = np.zeros(2)
        for each in self.circuits:
            p = np.array([self.probability(event) for event in each.events])
            own = np.array([weights.get(event, 0.0) for event in each.events]) / (each.times @ each.counted)
            scores = ((each.happened - p * each.counted) @ own).round(12)
            values, kind = np.unique(scores, return_inverse=True)
            share = np.bincount(kind, each.times)
            common = values[share.argmax()] if share.max() > 0.5 else ((p > 0.5) - p) @ own
            for side, beyond in enumerate((np.maximum(values - common, 0), np.maximum(common - values, 0))):
                seen[side] += share @ beyond
                variance[side] += (share @ beyond**2 - (share @ beyond) ** 2) / n
        sides = [y**2 / v for y, v in zip(seen, variance, strict=True) if v > 1e-300]
        return min(sides, default=0.0)


@dataclass(frozen=True)
class Limits:
    """Limits of a sum, its value and its variance, one for each repetition; NaN where there is no value."""

    value: Reals
    low: Reals
    high: Reals
    variance: Reals

    @classmethod
    def of(cls, case: Case, expression: Expression, times: Sequence[Reals]) -> Limits:
        """Return the limits of a sum of a case's events: the weighted ones at once, those of few shots one by one."""
        parts = _parts(case, expression, times)
        enough = np.min([shots.min(-1) for _, _, _, shots in parts], axis=0) >= FEW
        found = np.full((4, len(times[0])), np.nan)
        if enough.any():
            found[:, enough] = _weighted(
                expression, _parts(case, expression, [each[enough] for each in times])
            )
        known: dict[tuple[bytes, ...], tuple[float, ...]] = {}
        for k in np.flatnonzero(~enough):
            # Limits of few shots are made of these numbers alone.
            key = tuple(each[k].tobytes() for part in parts for each in part[2:])
            if key not in known:
                known[key] = _alone(case, expression, [each[k] for each in times])
            found[:, k] = known[key]
        for k in np.flatnonzero(enough)[:CHECKED]:
            alone = _alone(case, expression, [each[k] for each in times])
            np.testing.assert_allclose(found[:, k], alone, rtol=1e-8, atol=1e-10, err_msg=case.name)
        return cls(*found)

    def hold(self, truth: float) -> Flags:
        return (self.low - 1e-12 <= truth) & (truth <= self.high + 1e-12)


def _parts(
    case: Case, expression: Expression, times: Sequence[Reals]
) -> list[tuple[Tally, dict[Event, float], Reals, Reals]]:
    """Return of each group of shots its counts, the weights of its events, how often they happened, and in how many shots."""
    weights: dict[Event, float] = {}
    for weight, event in expression.terms:
        weights[event] = weights.get(event, 0.0) + weight
    parts = []
    for circuit, own in zip(case.circuits, times, strict=True):
        seen, groups = replace(circuit, times=own), dict[str, list[Event]]()
        for event, name in sources(event for event in seen.events if event in weights).items():
            groups.setdefault(name, []).append(event)
        for events in groups.values():
            alike = len({event.given for event in events}) == 1
            tally = Tally(seen.only(events) if alike else seen)
            happened, shots = (np.stack(each, -1) for each in zip(*map(tally.found, events), strict=True))
            parts.append((tally, {event: weights[event] for event in events}, happened, shots))
    return parts


def _weighted(
    expression: Expression, parts: Sequence[tuple[Tally, dict[Event, float], Reals, Reals]]
) -> Reals:
    """Return the value, the limits and the variance of a sum, (4, repetitions)."""
    weights = np.concatenate([[*own.values()] for _, own, _, _ in parts])
    successes, shots = (np.concatenate([part[k] for part in parts], -1) for k in (2, 3))
    joints, variance, place = [], np.zeros(len(successes)), 0
    for tally, own, happened, n in parts:
        if len(own) > 1:
            joint: Any = tally.joint(own)  # whose numbers are arrays here
            joints.append((range(place, place + len(own)), joint))
            variance += (joint.up_square + joint.down_square - (joint.up - joint.down) ** 2) / joint.shots
        else:
            (weight,), p = own.values(), happened[:, 0] / n[:, 0]
            variance += weight**2 * p * (1 - p) / n[:, 0]
        place += len(own)
    below, above = arms(weights, successes, shots, (1 - LEVEL) / 2, joints)
    value = expression.constant + (successes / shots) @ weights
    return np.stack([value, value - below, value + above, variance])


def _alone(case: Case, expression: Expression, times: Sequence[Reals]) -> tuple[float, ...]:
    """Return the value, the limits and the variance of one repetition, as the library gives them."""
    try:
        found = case.counted(times).combined(expression, LEVEL)
    except NoShotsError:
        return (math.nan,) * 4
    return found.value, found.low, found.high, (found.standard_error or 0.0) ** 2


def measured(case: Case, shots: int, repeats: int, rng: np.random.Generator) -> Row:
    """Measure coverage and length of a case; repetitions without a value are left out."""
    (expression, truth), value = case.linear(), case.truth()
    made = covered = 0
    found: list[tuple[Reals, Reals, Reals]] = []
    for first in range(0, repeats, _CHUNK):
        times = case.drawn(shots, min(_CHUNK, repeats - first), rng)
        limits = Limits.of(case, expression, times)
        good = np.isfinite(limits.value)
        if isinstance(case.expression, qn.Ratio):
            above, below = (
                Limits.of(case, each, times)
                for each in (case.expression.numerator, case.expression.denominator)
            )
            good &= below.low > 0
            some = np.flatnonzero(good)[: max(0, _LENGTHS - made)]
            whole = [_whole(case, [each[k] for each in times]) for k in some]
            halves = np.array([(each.high - each.low) / 2 for each in whole])
            errors = np.array([each.standard_error or 0.0 for each in whole])
            found.append((above.value[good] / below.value[good], halves, errors**2))
        else:
            halves = (limits.high - limits.low)[good] / 2
            found.append((limits.value[good], halves, limits.variance[good]))
        made, covered = made + int(good.sum()), covered + int(limits.hold(truth)[good].sum())
    values, halves, variances = (np.concatenate(each) for each in zip(*found, strict=True))
    spread = math.sqrt(float(np.mean((values - value) ** 2)))
    length, error = float(halves.mean()) / (1.96 * spread), math.sqrt(float(variances.mean())) / spread
    return Row(case.name, shots, made, covered, length, case.rarer(shots), error)


def _whole(case: Case, times: Sequence[Reals]) -> qn.Estimate:
    counted = case.counted(times)
    return estimated(case.expression, lambda each, _: counted.combined(each, LEVEL))


# -- made-up figures ---------------------------------------------------------------------------------------------------


def circuit(events: Sequence[Event], chances: Mapping[str, float]) -> Seen:
    """Return what is seen of a circuit with the register ``out``, for the probabilities of its bits; the rest is all 0."""
    width = len(next(iter(chances)))
    patterns = {"0" * width: 0.0, **chances}
    patterns["0" * width] += 1 - sum(chances.values())
    rows = np.array([[digit == "1" for digit in pattern] for pattern in patterns])
    seen = Seen.of(events, {"out": rows})
    order = [event.flags({"out": rows}) for event in events]
    happened, counted = (np.stack([each[k] for each in order], axis=1) for k in (0, 1))
    return replace(seen, happened=happened, counted=counted, times=np.array([*patterns.values()]))


def case(name: str, expression: Expression | qn.Ratio, chances: Mapping[str, Mapping[str, float]]) -> Case:
    """Return a case whose circuits have these probabilities of their bits."""
    events = tuple(dict.fromkeys(expression.events))
    return Case(
        name,
        expression,
        tuple(circuit([each for each in events if each.item == item], of) for item, of in chances.items()),
    )


def bit(item: str, k: int, value: str = "1") -> Expression:
    return qn.population(item, [("out", k)], [value])


def independent(*chances: float) -> dict[str, float]:
    """Return the probabilities of patterns of independent bits."""
    rows = product("01", repeat=len(chances))
    return {
        "".join(row): math.prod(p if d == "1" else 1 - p for d, p in zip(row, chances, strict=True))
        for row in rows
    }


def after_flag(flag: float, kept: float, dropped: float) -> dict[str, float]:
    """Return the probabilities of a right result and a flag: right with one probability if it is 0, with another if it is 1."""
    return {
        "10": (1 - flag) * kept,
        "00": (1 - flag) * (1 - kept),
        "11": flag * dropped,
        "01": flag * (1 - dropped),
    }


def made_up() -> Iterator[Case]:
    """Yield figures under conditions and ratios that are hard."""
    flag = [("out", 1)]
    for share, p in ((0.3, 0.99), (0.95, 0.9), (0.5, 0.9995)):
        kept = qn.keep_if(bit("a", 0), flag, ["0"])
        yield case(f"kept in {1 - share:.2g}, p = {p}", kept, {"a": after_flag(share, p, 0.5)})
        whole = {"a": after_flag(share, p, 0.5)}
        yield case(f"kept in {1 - share:.2g} less all, p = {p}", kept - bit("a", 0), whole)
    even = qn.keep_if(qn.parity("a", [("out", 0), ("out", 1)]), [("out", 2), ("out", 3)])
    yield case("parities kept on a parity", even, {"a": independent(0.05, 0.02, 0.4, 0.3)})
    three = [
        qn.keep_if(bit(name, 0), flag, ["0"]) * sign / 2 for name, sign in (("a", 1), ("b", -1), ("c", 1))
    ]
    unequal = {
        name: after_flag(share, p, 0.5)
        for name, share, p in (("a", 0.1, 0.97), ("b", 0.5, 0.02), ("c", 0.8, 0.99))
    }
    yield case("three circuits that keep different shares", sum(three, Expression()), unequal)
    two = qn.keep_if(bit("a", 0), [("out", 2)], ["1"]) + qn.keep_if(bit("a", 1), [("out", 3)], ["1"])
    yield case("two conditions that overlap, p = 0.98", two / 2, {"a": independent(0.98, 0.98, 0.7, 0.6)})
    yield case("two conditions that overlap, p = 0.999", two / 2, {"a": independent(0.999, 0.999, 0.9, 0.9)})
    yield case("two conditions that overlap, p = 0.5", two / 2, {"a": independent(0.5, 0.4, 0.3, 0.2)})
    light, dark = bit("a", 0), bit("b", 0)
    for p, q in ((0.97, 0.02), (0.6, 0.3), (0.999, 0.0005)):
        yield case(
            f"visibility of {p} and {q}",
            (light - dark) / (light + dark),
            {"a": independent(p), "b": independent(q)},
        )
    for p, q in ((0.02, 0.05), (0.001, 0.9), (0.5, 0.01), (0.3, 0.6)):
        yield case(f"{p} over {q}", light / dark, {"a": independent(p), "b": independent(q)})
    both = qn.population("a", [("out", 0), ("out", 1)], ["10"])
    for p in (0.5, 0.99):
        yield case(
            f"both over one of the same shots, p = {p}",
            both / bit("a", 1, "0"),
            {"a": after_flag(0.3, p, 0.5)},
        )
    kept, all_of = 1 - qn.keep_if(bit("a", 0), flag, ["0"]), 1 - bit("a", 0)
    yield case("errors kept over errors of all", kept / all_of, {"a": after_flag(0.2, 0.97, 0.6)})


# -- distillation on a device ------------------------------------------------------------------------------------------


def distillation() -> Iterator[Case]:
    """Yield what a round of BBPSSW has to say, as it comes out on the twin of a device."""
    items = []
    for basis in "XYZ":
        alice, bob = QuantumRegister(2, "alice"), QuantumRegister(2, "bob")
        made = QuantumCircuit(alice, bob, ClassicalRegister(4, "out"))
        for k in (0, 1):
            qn.entangle(made, alice[k], bob[k])
        made.cx([alice[0], bob[0]], [alice[1], bob[1]])
        made.measure([alice[1], bob[1]], [2, 3])
        qn.measure_pauli(made, alice[0], basis, made.clbits[0])
        qn.measure_pauli(made, bob[0], basis, made.clbits[1])
        items.append(qn.Item(2 * basis.lower(), made))
    ends, tests = [("out", 0), ("out", 1)], [("out", 2), ("out", 3)]
    xx, yy, zz = (qn.parity(item.name, ends) for item in items)
    bare = (1 + xx - yy + zz) / 4
    kept = qn.keep_if(bare, tests, ["00", "11"])
    outcomes = qn.submit(
        qn.Program(items), "aer:fake_kingston", shots=20_000, seed=1, predict=False
    ).outcomes()
    figures = {
        "fidelity": kept, "acceptance": qn.acceptance(kept), "fidelity kept less all": kept - bare,
        "infidelity kept over all": (1 - kept) / (1 - bare),
    }  # fmt: skip
    for name, expression in figures.items():
        seen = []
        for item in items:
            own = [each for each in dict.fromkeys(expression.events) if each.item == item.name]
            found = Seen.of(own, outcomes[item.name])
            seen.append(replace(found, times=found.times / found.times.sum()))
        yield Case(f"distillation: {name}", expression, tuple(seen))


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of_coverage(
        "Coverage and length of intervals under conditions, and of ratios.", 100_000, arguments
    )
    rng, good = np.random.default_rng(options.seed), True
    print(HEADER)
    for each in (one for one in (*made_up(), *distillation()) if options.only in one.name):
        for shots in SHOTS:
            row = measured(each, shots, options.repeats, rng)
            good &= row.covers() and row.short
            print(row, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
