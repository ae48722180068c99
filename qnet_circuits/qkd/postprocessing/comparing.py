"""The bits that both parties announce and compare: how many of each basis there are, and how many differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.decoy_key import counted
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.toeplitz import Bits
from qnet_circuits.theory.decoy import DecoyCounts
from qnet_circuits.theory.estimate import Estimate, proportion


@dataclass(frozen=True)
class Compared:
    """What both parties know once they have announced their test bits. The length of a key may follow from nothing else.

    Args:
        tallies: {number of a basis: (bits that were compared, bits that differ)}.
        counts: The counts of the intensities of a laser's pulses, or None.

    Example:
        >>> compared = Compared({1: (1000, 30)})
        >>> compared.tally(1), compared.tally(2), compared.rates[1].value
        ((1000, 30), (0, 0), 0.03)
    """

    tallies: Mapping[int, tuple[int, int]]
    counts: DecoyCounts | None = None

    def tally(self, basis: int) -> tuple[int, int]:
        """Return how many bits of a basis were compared, and how many of them differ."""
        return self.tallies.get(basis, (0, 0))

    @property
    def rates(self) -> dict[int, Estimate]:
        """The observed error rate of each basis, with Clopper and Pearson's interval."""
        return {basis: proportion(wrong, number) for basis, (number, wrong) in self.tallies.items()}

    def expected(self, rules: SessionParameters) -> float:
        """Return a guess of the error rate of the key, for the choice of block sizes."""
        number, wrong = self.tally(rules.key_basis if rules.key_sample > 0 else rules.test_basis)
        return expected_rate(wrong, number)


def compare(
    own: Bits,
    told: Bits,
    bases: NDArray[np.uint8],
    rules: SessionParameters,
    levels: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None,
) -> Compared:
    """Compare a party's test bits with those that the peer told.

    Args:
        own: The party's test bits.
        told: The peer's.
        bases: Their bases.
        rules: The rules of the session.
        levels: Intensities of the test bits and of those of the key, if the rules have decoy states.

    Raises:
        ParameterError: If the rows differ in length.

    Example:
        >>> bits = np.array([0, 1, 1], np.uint8)
        >>> compare(bits, 1 - bits, np.array([1, 1, 2], np.uint8), SessionParameters())
        Compared(tallies={1: (2, 2), 2: (1, 1)}, counts=None)
    """
    if not len(own) == len(told) == len(bases):
        raise ParameterError(f"rows of equal length are compared, got {len(own)}, {len(told)}, {len(bases)}")
    errors = own ^ told
    numbers, wrong = np.bincount(bases), np.bincount(bases, errors)
    tallies = {basis: (int(numbers[basis]), int(wrong[basis])) for basis in np.flatnonzero(numbers).tolist()}
    if rules.decoys is None or levels is None:
        return Compared(tallies)
    return Compared(tallies, counted(levels, bases == rules.test_basis, errors))


def refuse_rates(rates: Mapping[int, Estimate], rules: SessionParameters) -> None:
    """Raise the alarm if a basis shows more errors than are tolerated, the worst one first.

    With a length that is variable every rate is tolerated: the key is as long as the rate allows.

    Raises:
        Refusal: If so.

    Example:
        >>> refuse_rates({1: proportion(25, 100)}, SessionParameters(length="variable"))
    """
    if rules.length == "fixed":
        for basis, rate in sorted(rates.items(), key=lambda one: -one[1].value):
            refuse_above(rate, rules.tolerance, f"basis {basis}")


def refuse_above(rate: Estimate, tolerance: float, what: str) -> None:
    """Raise the alarm if the observed error rate is above the tolerance.

    Raises:
        Refusal: If so.

    Example:
        >>> refuse_above(proportion(3, 100), 0.05, "basis 1")
        >>> refuse_above(proportion(25, 100), 0.05, "basis 1")
        Traceback (most recent call last):
            ...
        qnet_circuits.qkd.postprocessing.refusals.Refusal: qber: 0.25 of 100 test bits in basis 1 differ; 0.05 is tolerated
    """
    if rate.value > tolerance:
        raise Refusal(
            "qber", f"{rate.value:.4g} of {rate.n} test bits in {what} differ; {tolerance:g} is tolerated"
        )


def expected_rate(errors: int, k: int) -> float:
    """Return a guess of the error rate for the choice of block sizes, (e + 1)/(k + 2): never 0, at most 1/2.

    Example:
        >>> expected_rate(0, 98), expected_rate(0, 0)
        (0.01, 0.5)
    """
    return min(0.5, (check_count("errors", errors, 0) + 1) / (check_count("k", k, 0) + 2))
