"""How often intervals of what a repeater delivers cover, and how long they are, by repetition.

python -m benchmarks.rates [--repeats 3000] [--only WORD] [--seed S]

In each repetition the rounds are sampled anew, and outcomes of circuits are drawn from what theory says of the pairs; or
all of it comes of the same rounds (``repeater_rates``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from scipy.stats import binom

import qnet_circuits as qn
from benchmarks.intervals import ALPHA, LEVEL, SLACK
from benchmarks.measuring import options_of_coverage
from qnet_circuits.programs.figures import Outcomes
from qnet_circuits.programs.protocol import Analysis

CASES = {
    "one station, 2000 rounds": qn.QuantumRepeater(rounds=2000, source_fidelity=0.97),
    "one station, 20,000 rounds": qn.QuantumRepeater(rounds=20_000, source_fidelity=0.97),
    "one station, memories that fade, 2000 rounds": qn.QuantumRepeater(rounds=2000, memory_t2=0.05),
    "one station, hardly a key, 2000 rounds": qn.QuantumRepeater(rounds=2000, source_fidelity=0.956),
    "three stations, 2000 rounds": qn.QuantumRepeater(
        rounds=2000, source_fidelity=0.99, length_km=200.0, stations=3
    ),
}
NAMES = ("pairs_per_second", "key_per_second")
SHOTS = 4000
#: Sampled by ``repeater_rates`` alone.
SAMPLED = ("one station, memories that fade, 2000 rounds",)


def outcomes(theory: dict[str, float], rng: np.random.Generator) -> Outcomes:
    """Return bits of both ends in each setting, which differ as often as theory says."""
    made = {}
    for name in ("xx", "yy", "zz"):
        differ, first = rng.random(SHOTS) < (1 - theory[name]) / 2, rng.random(SHOTS) < 0.5
        made[name] = {"out": np.stack([first, first ^ differ], axis=1)}
    return Outcomes(made)


def in_circuits(
    protocol: qn.QuantumRepeater, theory: dict[str, float], rng: np.random.Generator
) -> Mapping[str, qn.Estimate]:
    return protocol.analyze(outcomes(theory, rng), Analysis(LEVEL, rng.bytes(32), True)).figures


def in_rounds(protocol: qn.QuantumRepeater, rng: np.random.Generator) -> Mapping[str, qn.Estimate]:
    found = qn.repeater_rates(protocol.chain, protocol.schedule, protocol.rounds, rng, protocol.ends, LEVEL)
    return {name: getattr(found, name) for name in NAMES}


def told(case: str, name: str, truth: float, found: Sequence[Mapping[str, qn.Estimate]]) -> bool:
    """Print what was measured of a rate, and tell whether enough intervals hold it."""
    each = [one[name] for one in found]
    covered = sum(truth in one for one in each)
    spread = np.std([one.value for one in each])
    length = np.mean([one.high - one.low for one in each]) / 2 / 1.96 / spread
    error = np.sqrt(np.mean(np.square([one.standard_error or 0.0 for one in each]))) / spread
    print(f"| {name}, {case} | {covered / len(each):.4f} | {length:.2f} | {error:.3f} |", flush=True)
    return bool(binom.cdf(covered, len(each), LEVEL - SLACK) > ALPHA)


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of_coverage("Coverage of intervals of rates.", 3000, arguments)
    rng, good = np.random.default_rng(options.seed), True
    print("| rate | coverage | half-width / 1.96 σ | standard error / spread |\n|---|---|---|---|")
    for case, protocol in CASES.items():
        theory = protocol.theory(qn.NoiseParameters())
        ways: dict[str, Callable[[np.random.Generator], Mapping[str, qn.Estimate]]] = {
            case: partial(in_circuits, protocol, theory)
        }
        if case in SAMPLED:
            ways[f"{case}, without circuits"] = partial(in_rounds, protocol)
        for said, way in ways.items():
            found = [way(rng) for _ in range(options.repeats if options.only in said else 0)]
            good &= all([told(said, name, theory[name], found) for name in NAMES if found])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
