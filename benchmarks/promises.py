"""Which promises survive on today's chips: each protocol on the twins of two processors, beside ideal and bound, as Markdown.

python -m benchmarks.promises [--shots 4000] [--seed 1] [--only WORD]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import qnet_circuits as qn

EXACT, SAMPLED = "exact:fake_torino", "aer:fake_kingston"
#: A promise survives narrowly if less than this share of the way from the bound to the ideal value is left.
NARROW = 0.1
HEADER = (
    "| protocol | figure | ideal | bound | `fake_torino`, exact | left | `fake_kingston`, sampled | left | verdict |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Promise:
    """A figure that keeps a promise if it lies on the ideal value's side of a bound.

    Args:
        protocol: The protocol, with honest parties.
        figure: Name of the figure.
        bound: Name of the bound, one of those that the protocol gives for the figure.
        carrier: How a sent qubit crosses to its new node. By the default it stays where it is, which costs no gate.
    """

    protocol: Any
    figure: str
    bound: str
    carrier: str = "relabel"

    @property
    def limit(self) -> float:
        """The value that must be passed."""
        return float(self.protocol.bounds[self.figure][self.bound])

    @property
    def ideal(self) -> float:
        """The figure without noise."""
        return qn.predict(self.protocol, "exact").figures[self.figure].value

    def measured(self, backend: str, shots: int = 0, seed: int = 1) -> qn.Estimate:
        """Return the figure on a backend; key distributions count their own rounds."""
        own = isinstance(self.protocol, qn.ConferenceKey | qn.MdiQkd)
        asked = {"shots": shots} if shots and not own else {}
        return qn.run(self.protocol, backend, seed=seed, carrier=self.carrier, **asked).figures[self.figure]


#: In the order of the stages of a quantum internet.
PROMISES = (
    Promise(qn.CoinFlip(), "abort", "classical"),
    Promise(qn.CoinFlip(), "abort", "classical", "teleport"),
    Promise(qn.CoinFlip(scheme="qutrit"), "abort", "classical"),
    Promise(qn.CoinFlip(scheme="qutrit"), "abort", "classical", "teleport"),
    Promise(qn.MdiQkd(), "qber", "tolerated"),
    Promise(qn.MdiQkd(), "qber", "tolerated", "teleport"),
    Promise(qn.WState(), "fidelity", "entangled"),
    Promise(qn.GhzGame(), "win_probability", "classical"),
    Promise(qn.MagicSquare(), "win_probability", "classical"),
    Promise(qn.CertifiedRandomness(), "s_value", "classical"),
    Promise(qn.SecretSharing(), "error_rate", "intercepted"),
    Promise(qn.ConferenceKey(), "qber_x", "tolerated"),
    Promise(qn.Voting(), "correct", "classical"),
    Promise(qn.QuantumMoney(), "valid", "cloning"),
    Promise(qn.QuantumMoney(), "valid", "cloning", "teleport"),
    Promise(qn.AnonymousTransmission(), "fidelity", "classical"),
    Promise(qn.AnonymousTransmission(scheme="w"), "fidelity", "classical"),
    Promise(qn.GraphState(), "fidelity", "entangled"),
    Promise(qn.LeaderElection(), "one_leader", "classical"),
    Promise(qn.GhzVerification(), "pass_probability", "entangled"),
    Promise(qn.GhzVerification(), "pass_probability", "entangled despite liars"),
    Promise(qn.Sensing(), "uncertainty", "standard_quantum_limit"),
    Promise(qn.BlindComputing(), "trap_failure", "rejected"),
)


def left(value: float, ideal: float, limit: float) -> float:
    """Return the share of the way from the bound to the ideal value that is left: 1 if ideal, 0 at the bound.

    Example:
        >>> round(left(0.85, 1.0, 0.75), 6), round(left(0.3, 0.0, 0.25), 6)
        (0.4, -0.2)
    """
    return (value - limit) / (ideal - limit)


def verdict(found: qn.Estimate, ideal: float, limit: float) -> str:
    """Return whether a promise survives, in words, by the whole interval of its figure.

    Example:
        >>> [verdict(qn.Estimate(value, value - 0.01, value + 0.01), 1.0, 0.75) for value in (0.9, 0.77, 0.755, 0.7)]
        ['survives', 'survives narrowly', 'undecided', 'fails']
    """
    worst, best = sorted(left(end, ideal, limit) for end in (found.low, found.high))
    if best <= 0:
        return "fails"
    if worst <= 0:
        return "undecided"
    return "survives narrowly" if left(found.value, ideal, limit) < NARROW else "survives"


def row(promise: Promise, shots: int, seed: int) -> str:
    """Return the line of a promise in the table."""
    ideal, limit = promise.ideal, promise.limit
    exact, sampled = promise.measured(EXACT, seed=seed), promise.measured(SAMPLED, shots, seed)
    said = [verdict(each, ideal, limit) for each in (exact, sampled)]
    words = said[0] if len(set(said)) == 1 else f"{said[0]} on torino, {said[1]} on kingston"
    notes = (getattr(promise.protocol, "scheme", ""), "teleported" * (promise.carrier == "teleport"))
    cells = [
        ", ".join([f"`{promise.protocol.name}`", *filter(None, notes)]),
        f"`{promise.figure}`",
        f"{round(ideal, 9):.4g}",
        f"{limit:.4f} ({promise.bound.replace('_', ' ')})",
        f"{exact.value:.4f}",
        f"{left(exact.value, ideal, limit):.0%}",
        str(sampled).removesuffix(" (95 %)"),
        f"{left(sampled.value, ideal, limit):.0%}",
        words,
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of all promises, or of those whose protocol has a word in its name."""
    parser = argparse.ArgumentParser(description="Which promises survive on today's chips.")
    parser.add_argument("--shots", type=int, default=4000, help="shots of each circuit (default 4000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a word in the names of the protocols")
    options = parser.parse_args(arguments)
    print(f"qnet-circuits {qn.__version__}, {options.shots} shots for each circuit, seed {options.seed}")
    for backend in (EXACT, SAMPLED):
        name = backend.split(":")[1]
        print(f"{name}: calibration of {qn.stand_in_device(name).date}")
    print(f"\n{HEADER}")
    for promise in PROMISES:
        if options.only in promise.protocol.name:
            print(row(promise, options.shots, options.seed), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
