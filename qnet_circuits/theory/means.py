"""The mean of independent values, and the ratio of two such means, with Student's intervals."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import NoShotsError
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.fieller import fieller


def mean(values: NDArray[np.float64], level: float = 0.95) -> Estimate:
    """Estimate the mean of independent values of one distribution.

    Student's interval covers where the mean of so many values is about normal. Values that are all the same give an interval of
    no length.

    Args:
        values: At least two values.
        level: Confidence level.

    Raises:
        NoShotsError: If there are fewer.

    Example:
        >>> print(mean(np.array([1.0, 2.0, 2.0, 3.0])))
        2.0 ± 1.3 (95 %)
    """
    from scipy.special import stdtrit

    if len(values) < 2:
        raise NoShotsError(f"a mean with an interval needs at least 2 values, got {len(values)}")
    value = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    half = float(stdtrit(len(values) - 1, (1 + level) / 2)) * error
    return Estimate(
        value, value - half, value + half, level, "Student's t", len(values), standard_error=error
    )


def ratio(above: NDArray[np.float64], below: NDArray[np.float64], level: float = 0.95) -> Estimate:
    """Estimate the ratio of two means of values that come in pairs, by Fieller's interval.

    Args:
        above: Values of the numerator.
        below: Values of the denominator, as many, drawn together with them.
        level: Confidence level.

    Raises:
        NoShotsError: If there are fewer than two, or the denominator may be 0.

    Example:
        >>> print(ratio(np.array([1.0, 2.0, 1.0, 2.0]), np.array([10.0, 11.0, 9.0, 10.0])))
        0.15 ± 0.08 (95 %)
    """
    return fieller(mean(above, level), mean(below, level), lambda r: mean(above - r * below, level))
