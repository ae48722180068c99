"""Lesson 1: the fidelity of a pair from the counts of three measurements."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import ClassVar

from qnet_circuits.teaching.answers import number_check
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check
from qnet_circuits.theory.bell_diagonal import correlators

_TEXT = """\
Both qubits of a pair were measured in X, in Y and in Z. Write a function that takes the three counts
and returns the fidelity of the pair with Φ+ = (|00⟩ + |11⟩)/√2.

The checker calls it with the counts of seven pairs whose fidelity it knows: a perfect one, coins, pairs
with one kind of error, and a pair of your own."""
_SHOTS = 4000
#: Correlators of pairs that are told apart by the commonest mistakes: XX, YY, ZZ, and the fidelity.
_PAIRS = {
    "a perfect pair": ((1.0, -1.0, 1.0), 1.0),
    "a pair of independent coins": ((0.0, 0.0, 0.0), 0.25),
    "coins that agree": ((0.0, 0.0, 1.0), 0.5),
    "the pair with the other sign": ((-1.0, 1.0, 1.0), 0.0),
    "a pair with phase errors": ((0.6, -0.6, 1.0), 0.8),
    "a pair with bit flips": ((1.0, -0.6, 0.6), 0.8),
}


class Fidelity(Task):
    """The fidelity with Φ+ from counts of XX, YY and ZZ."""

    name: ClassVar[str] = "bell-pair/fidelity"
    lesson: ClassVar[int] = 1
    title: ClassVar[str] = "Fidelity from three counts"
    asks: ClassVar[str] = _TEXT
    starter: ClassVar[str] = '''def fidelity(xx, yy, zz):
    """Return the fidelity with the Bell pair |00> + |11>.

    xx, yy and zz are counts such as {"00": 1900, "01": 90, "10": 110, "11": 1900}: both qubits were measured in X, in Y, in Z.
    An outcome that never came is not among them.
    """
    raise NotImplementedError
'''

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield a check for each pair."""
        weights = _weights(self)
        signs = correlators(weights)
        own = (signs["xx"], signs["yy"], signs["zz"]), weights[0]
        for name, (each, wanted) in {**_PAIRS, f"the pair of {self.student}": own}.items():
            counts = [_counts(sign) for sign in each]
            # Counts are whole numbers.
            yield number_check(name, answer(*counts), wanted, 0.002, _mistakes(*each), _OTHERWISE)


_OTHERWISE = (
    "Turn each count into a correlator between -1 and 1. Which signs has a perfect pair in X, Y and Z?"
)


def _weights(task: Task) -> tuple[float, float, float, float]:
    """Return the weights of I, X, Y, Z of the student's own pair, all different."""
    numbers = task.numbers
    x, y, z = numbers.sample([0.02, 0.04, 0.06, 0.08, 0.1, 0.12], 3)
    return round(1 - x - y - z, 9), x, y, z


def _counts(sign: float) -> dict[str, int]:
    """Return counts of two fair bits with a correlator; an outcome that never came is missing."""
    each = {0: round(_SHOTS * (1 + sign) / 4), 1: round(_SHOTS * (1 - sign) / 4)}
    counts = {f"{a}{b}": each[a ^ b] for a, b in product((0, 1), repeat=2)}
    return {outcome: count for outcome, count in counts.items() if count}


def _mistakes(xx: float, yy: float, zz: float) -> dict[str, float]:
    """Return by their hints what misconceptions make of correlators."""
    return {
        "Agreement in Z alone is what two copies of one coin have too. Use all three measurements.": (1 + zz) / 2,
        "A perfect pair never agrees in Y: which sign does YY have in the sum?": (1 + xx + yy + zz) / 4,
        "YY tells something too: the fidelity needs three correlators.": (1 + xx + zz) / 4,
        "Two correlators are a bound, no fidelity: use YY as well.": (xx + zz) / 2,
        "Coins agree half of the time. A mean of agreements does not tell them from a pair that is half right.":
            (3 + xx - yy + zz) / 6,
        "The identity counts too: pure noise has no correlations, and fidelity 1/4.": (xx - yy + zz) / 3,
        "Divide by four: the projector on the pair is a sum of four Pauli operators.": (1 + xx - yy + zz) / 3,
    }  # fmt: skip
