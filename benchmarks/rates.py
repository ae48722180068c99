"""How often intervals of what a repeater delivers cover, and how long they are, by repetition.

python -m benchmarks.rates [--repeats 3000] [--only WORD] [--seed S]

In each repetition the rounds are sampled anew, and outcomes of circuits are drawn from what theory says of the pairs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

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
    "three stations, 2000 rounds": qn.QuantumRepeater(
        rounds=2000, source_fidelity=0.99, length_km=200.0, stations=3
    ),
}
NAMES = ("pairs_per_second", "key_per_second")
SHOTS = 4000


def outcomes(theory: dict[str, float], rng: np.random.Generator) -> Outcomes:
    """Return bits of both ends in each setting, which differ as often as theory says."""
    made = {}
    for name in ("xx", "yy", "zz"):
        differ, first = rng.random(SHOTS) < (1 - theory[name]) / 2, rng.random(SHOTS) < 0.5
        made[name] = {"out": np.stack([first, first ^ differ], axis=1)}
    return Outcomes(made)


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of_coverage("Coverage of intervals of rates.", 3000, arguments)
    rng, good = np.random.default_rng(options.seed), True
    print("| rate | coverage | half-width / 1.96 σ |\n|---|---|---|")
    for case, protocol in CASES.items():
        theory = protocol.theory(qn.NoiseParameters())
        found = [
            protocol.analyze(outcomes(theory, rng), Analysis(LEVEL, rng.bytes(32), True)).figures
            for _ in range(options.repeats if options.only in case else 0)
        ]
        for name in NAMES if found else ():
            covered = sum(theory[name] in each[name] for each in found)
            good &= bool(binom.cdf(covered, len(found), LEVEL - SLACK) > ALPHA)
            half = np.mean([each[name].high - each[name].low for each in found]) / 2
            length = half / 1.96 / np.std([each[name].value for each in found])
            print(f"| {name}, {case} | {covered / len(found):.4f} | {length:.2f} |", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
