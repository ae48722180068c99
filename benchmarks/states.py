"""How often intervals of functions of a state cover, how long they are, and how biased the values, by repetition.

python -m benchmarks.states [--repeats 200] [--only WORD] [--seed S]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from scipy.stats import binom

from benchmarks.measuring import options_of_coverage
from qnet_circuits.theory.state_estimate import PauliCounts, state_estimate
from qnet_circuits.theory.states import FUNCTIONS, Matrix, matrix_of, shares_in

LEVEL = 0.95
#: Coverage may be this much below the level.
SLACK = 0.005
#: How often chance alone may fail a case.
ALPHA = 1e-3
SHOTS = (100, 1000, 10_000)


def pure(angle: float) -> Matrix:
    """Return cos(angle) |00⟩ + sin(angle) |11⟩."""
    vector = np.array([np.cos(angle), 0, 0, np.sin(angle)], dtype=complex)
    return np.outer(vector, vector)


def werner(fidelity: float) -> Matrix:
    """Return a Werner pair."""
    kept = (4 * fidelity - 1) / 3
    return kept * pure(np.pi / 4) + (1 - kept) * np.eye(4) / 4


def damped(state: Matrix, probability: float) -> Matrix:
    """Return a pair of which each qubit has relaxed with this probability."""
    decay = [np.diag([1, np.sqrt(1 - probability)]), np.array([[0, np.sqrt(probability)], [0, 0]])]
    both = [np.kron(a, b) for a in decay for b in decay]
    return np.asarray(sum(each @ state @ each.T for each in both))


def states() -> dict[str, Matrix]:
    """Return the states by name: on the boundary of all states, near it, and inside."""
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(4, 2)) + 1j * rng.normal(size=(4, 2))
    mixed = vectors @ vectors.conj().T
    return {
        "Bell state": werner(1.0),
        "Werner, F = 0.98": werner(0.98),
        "Werner, F = 0.9": werner(0.9),
        "Werner, F = 0.7": werner(0.7),
        "Werner, F = 0.5": werner(0.5),
        "Bell state, 10 % relaxed": damped(werner(1.0), 0.1),
        "pure, concurrence 0.56": pure(0.3),
        "product \\|00⟩": pure(0.0),
        "product \\|++⟩": np.full((4, 4), 0.25, dtype=complex),
        "of rank two, at random": mixed / np.trace(mixed).real,
        "maximally mixed": matrix_of(np.eye(1, 16)[0]),
    }


def row(state: Matrix, function: str, shots: int, repeats: int, rng: np.random.Generator) -> tuple[str, bool]:
    """Return what was measured as text, and whether enough repetitions cover."""
    of, convex, physical = FUNCTIONS[function]
    shares, (least, most) = shares_in(state), physical(2)
    truth = min(max(float(of(state)), least), most)
    counts = rng.multinomial(shots, shares, size=(repeats, len(shares)))
    found = [state_estimate(PauliCounts(each), of, convex, (least, most), LEVEL, rng) for each in counts]
    low, high = (np.clip([getattr(each, end) for each in found], least, most) for end in ("low", "high"))
    values = np.array([each.value for each in found])
    covered = int(((low - 1e-9 <= truth) & (truth <= high + 1e-9)).sum())
    spread = float(values.std(ddof=1))
    beside = ["", "", ""]
    if spread > 1e-9:
        errors = np.array([each.standard_error for each in found], dtype=float)
        length = float((high - low).mean()) / 2 / 1.96 / spread
        beside = [
            f"{(values.mean() - truth) / spread:.1f}",
            f"{length:.2f}",
            f"{np.sqrt((errors**2).mean()) / spread:.2f}",
        ]
    good = bool(binom.cdf(covered, repeats, LEVEL - SLACK) > ALPHA)
    cells = [f"{shots}", f"{truth:.3f}", f"{covered / repeats:.3f}{'' if good else ' (!)'}", *beside]
    return " | ".join(cells), good


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of_coverage("Coverage and length of intervals of functions of a state.", 200, arguments)
    rng, good = np.random.default_rng(options.seed), True
    print(
        "| state | function | shots | truth | coverage | bias | length | se |\n|---|---|---|---|---|---|---|---|"
    )
    for name, state in states().items():
        for function in FUNCTIONS:
            for shots in SHOTS if options.only in f"{name}: {function}" else ():
                text, enough = row(state, function, shots, options.repeats, rng)
                good &= enough
                print(f"| {name} | {function} | {text} |", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
