"""Error rates of bits that are compared aloud, and then discarded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.toeplitz import Bits
from qnet_circuits.theory.estimate import Estimate, proportion


def split(bits: Bits, sample: NDArray[np.bool_]) -> tuple[Bits, Bits]:
    """Return the bits to compare and those that are left: no bit is in both, so none that was told stays.

    Raises:
        ParameterError: If the lengths differ.

    Example:
        >>> test, rest = split(np.array([1, 0, 1], np.uint8), np.array([True, False, False]))
        >>> test.tolist(), rest.tolist()
        ([1], [0, 1])
    """
    if len(bits) != len(sample) or sample.dtype != np.bool_:
        raise ParameterError(f"a sample is one boolean for each of {len(bits)} bits, got {len(sample)}")
    return bits[sample], bits[~sample]


def error_rate(own: Bits, told: Bits, level: float = 0.95) -> Estimate:
    """Return the rate at which compared bits differ, with Clopper and Pearson's interval.

    Raises:
        NoShotsError: If there is none to compare.
        ParameterError: If the lengths differ.

    Example:
        >>> print(error_rate(np.zeros(1000, np.uint8), np.repeat(np.array([0, 1], np.uint8), [970, 30])))
        0.03(1)
    """
    if len(own) != len(told):
        raise ParameterError(f"rows of equal length are compared, got {len(own)} and {len(told)}")
    return proportion(int(np.count_nonzero(own ^ told)), len(own), level)


def refuse_above(rate: Estimate, tolerance: float, what: str) -> None:
    """Raise the alarm if more was observed than is tolerated.

    Raises:
        Refusal: If so.

    Example:
        >>> refuse_above(proportion(3, 100), 0.05, "basis 1")
        >>> refuse_above(proportion(25, 100), 0.05, "basis 1")
        Traceback (most recent call last):
            ...
        qnet_circuits.qkd.postprocessing.refusals.Refusal: qber: 0.25 of 100 test bits in basis 1 differ, 0.05 is tolerated
    """
    if rate.value > tolerance:
        raise Refusal(
            "qber", f"{rate.value:.4g} of {rate.n} test bits in {what} differ, {tolerance:g} is tolerated"
        )


def expected_rate(errors: int, k: int) -> float:
    """Return a guess of the error rate for the choice of block sizes, (e + 1)/(k + 2): never 0, at most 1/2.

    Example:
        >>> expected_rate(0, 98), expected_rate(0, 0)
        (0.01, 0.5)
    """
    return min(0.5, (check_count("errors", errors, 0) + 1) / (check_count("k", k, 0) + 2))
