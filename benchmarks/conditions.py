"""How often intervals of figures under conditions, and of ratios, cover, and how long they are, by repetition.

python -m benchmarks.conditions [--repeats 20000] [--only WORD] [--seed S]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from benchmarks.intervals import HEADER, LEVEL, SHOTS, Row
from benchmarks.measuring import options_of_coverage
from qnet_circuits.errors import NoShotsError
from qnet_circuits.programs.counting import Counted, Seen, estimated
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression

#: So many whole intervals of a ratio are made for their mean length; coverage needs none, see ``Case.covers``.
_LENGTHS = 200


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

    def drawn(self, n: int, rng: np.random.Generator) -> Counted:
        """Return the counts of n shots of each circuit."""
        return Counted(
            replace(seen, times=rng.multinomial(n, seen.times).astype(float)) for seen in self.circuits
        )

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


def measured(case: Case, shots: int, repeats: int, rng: np.random.Generator) -> Row:
    """Measure coverage and length of a case; repetitions without a value are left out."""
    (expression, truth), value = case.linear(), case.truth()
    covered = made = 0
    halves, values, errors = [], [], []
    for _ in range(repeats):
        counted = case.drawn(shots, rng)
        try:
            found = counted.combined(expression, LEVEL)
            ratio = isinstance(case.expression, qn.Ratio)
            below = counted.combined(case.expression.denominator, LEVEL) if ratio else None
        except NoShotsError:
            continue
        if below is not None and below.low <= 0:
            continue
        made += 1
        covered += found.low - 1e-12 <= truth <= found.high + 1e-12
        if below is None:
            halves.append((found.high - found.low) / 2)
            values.append(found.value)
            errors.append(found.standard_error or 0.0)
            continue
        values.append(counted.combined(case.expression.numerator, LEVEL).value / below.value)
        if len(halves) < _LENGTHS:
            whole = estimated(case.expression, lambda each, _, counted=counted: counted.combined(each, LEVEL))
            halves.append((whole.high - whole.low) / 2)
            errors.append(whole.standard_error or 0.0)
    spread = math.sqrt(float(np.mean((np.array(values) - value) ** 2)))
    ratio_of_length = float(np.mean(halves)) / (1.96 * spread)
    error = math.sqrt(float(np.mean(np.square(errors)))) / spread
    return Row(case.name, shots, made, covered, ratio_of_length, case.rarer(shots), error)


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
        "Coverage and length of intervals under conditions, and of ratios.", 20_000, arguments
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
