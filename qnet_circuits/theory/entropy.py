"""Shannon entropies in bits, and the zero of a rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from qnet_circuits.errors import ParameterError, check_range


def binary_entropy(probability: float) -> float:
    """Return h(p) = -p log2 p - (1 - p) log2(1 - p), the entropy of one biased bit, in bits.

    Args:
        probability: In [0, 1].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> binary_entropy(0.5), round(binary_entropy(0.11), 6)
        (1.0, 0.499916)
    """
    return shannon_entropy((check_range("probability", probability, 0.0, 1.0), 1 - float(probability)))


def shannon_entropy(weights: Sequence[float]) -> float:
    """Return -Σ w log2 w in bits, of weights that need not sum to 1.

    Weights between -1e-12 and 0 count as 0: they are rounding errors of eigenvalues.

    Raises:
        ParameterError: If a weight is negative.

    Example:
        >>> shannon_entropy((0.25, 0.25, 0.25, 0.25))
        2.0
    """
    if any(weight < -1e-12 for weight in weights):
        raise ParameterError(f"weights must not be negative, got {min(weights)!r}")
    return -sum(weight * math.log2(weight) for weight in weights if weight > 0) + 0.0


def threshold(rate: Callable[[float], float], low: float, high: float) -> float:
    """Return the point at which a falling rate becomes zero, to about 1e-15.

    Args:
        rate: Positive at ``low``, negative at ``high``, continuous between.
        low: A point with a key.
        high: A point without a key.

    Raises:
        ParameterError: If the rate does not change its sign.

    Example:
        >>> round(threshold(lambda q: 1 - 2 * binary_entropy(q), 0.01, 0.3), 8)
        0.11002786
    """
    from scipy.optimize import brentq

    at_low, at_high = rate(low), rate(high)
    if not at_low > 0 > at_high:
        raise ParameterError(
            f"the rate must be positive at {low:g} and negative at {high:g}, got {at_low:g} and {at_high:g}"
        )
    return float(brentq(rate, low, high, xtol=1e-15, rtol=1e-14))
