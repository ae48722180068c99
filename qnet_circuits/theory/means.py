"""The mean of independent values, and the ratio of two such means, with Student's intervals; and sums of estimates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import NoShotsError
from qnet_circuits.theory.estimate import Estimate, check_level
from qnet_circuits.theory.fieller import fieller

Reals = NDArray[np.float64]


def mean(values: Reals, level: float = 0.95) -> Estimate:
    """Estimate the mean of independent values of one distribution.

    Student's interval covers where the mean of so many values is about normal. Values that are all the same give an interval of
    no length.

    Args:
        values: At least two values.
        level: Confidence level, in [0.5, 1).

    Raises:
        NoShotsError: If there are fewer.
        ParameterError: If the level is out of range.

    Example:
        >>> print(mean(np.array([1.0, 2.0, 2.0, 3.0])))
        2.0 ± 1.3 (95 %)
    """
    from scipy.special import stdtrit

    if len(values) < 2:
        raise NoShotsError(f"a mean with an interval needs at least 2 values, got {len(values)}")
    value = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    half = float(stdtrit(len(values) - 1, (1 + check_level(level)) / 2)) * error
    return Estimate(
        value, value - half, value + half, level, "Student's t", len(values), standard_error=error
    )


def ratio(above: Reals, below: Reals, level: float = 0.95) -> Estimate:
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


def correlations(*values: Reals) -> Reals:
    """Return the matrix of correlations of values of one draw; a value that never changes has none.

    Example:
        >>> correlations(np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 0.0]), np.ones(3)).round(9).tolist()
        [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    centred = np.stack([each - each.mean() for each in values])
    size = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.where(size > 0, size, 1.0)
    found: Reals = unit @ unit.T
    np.fill_diagonal(found, 1.0)
    return found


def summed(parts: Sequence[Estimate], shared: Reals) -> Estimate:
    """Estimate a sum of estimates of one level by square-and-add (MOVER; Zou and Donner, Stat. Med. 27, 1693 (2008)).

    The arms of the parts on either side are joined as standard deviations are, so that they keep their lopsidedness.

    Args:
        parts: The estimates; exact ones add to the value alone.
        shared: The correlations of the parts: 1 on the diagonal, and 0 beside it if they are independent.

    Example:
        >>> one = Estimate(0.5, 0.2, 0.6)
        >>> two = Estimate(0.5, 0.1, 0.6)
        >>> print(summed([one, two], np.eye(2)))
        1.0 [0.5, 1.1] (95 %)
    """
    below, above = (np.array([abs(getattr(e, end) - e.value) for e in parts]) for end in ("low", "high"))
    arms = [math.sqrt(max(float(each @ shared @ each), 0.0)) for each in (below, above)]
    sampled = [each for each in parts if each.level < 1]
    value = math.fsum(each.value for each in parts)
    if not sampled:
        return Estimate(value, value, value, 1.0)
    error = None
    if all(each.standard_error is not None for each in sampled):
        own = np.array([each.standard_error or 0.0 for each in parts])
        error = math.sqrt(max(float(own @ shared @ own), 0.0))
    names = "; ".join(dict.fromkeys(each.method for each in sampled))
    return Estimate(
        value, value - arms[0], value + arms[1], sampled[0].level, f"square-and-add: {names}",
        max(each.n for each in sampled), standard_error=error,
    )  # fmt: skip
