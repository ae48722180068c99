"""The interval of a ratio, of the intervals of linear combinations of what stands above and below."""

from __future__ import annotations

from collections.abc import Callable

from qnet_circuits.errors import NoShotsError
from qnet_circuits.theory.estimate import Estimate

#: An end that is not found in so many doublings of the step is not there.
_DOUBLINGS = 60
_PRECISION = 1e-10


def fieller(above: Estimate, below: Estimate, difference: Callable[[float], Estimate]) -> Estimate:
    """Return the estimate of a ratio.

    Its interval is made of all r for which the interval of numerator - r · denominator holds 0 (E. C. Fieller, J. R. Stat.
    Soc. B 16, 175 (1954)), so it covers as often as that interval does, and knows of whatever the two have in common.

    Args:
        above: The numerator.
        below: The denominator, of the same level.
        difference: Returns the estimate of numerator - r · denominator for r, of the same level.

    Raises:
        NoShotsError: If the interval of the denominator holds 0, or ends there: the ratio may be anything.

    Example:
        >>> from qnet_circuits.theory.estimate import combine
        >>> from qnet_circuits.theory.weighted import Count
        >>> two = [Count(1.0, 300, 1000, "a"), Count(1.0, 600, 1000, "b")]
        >>> one, other = (combine(0.0, [count]) for count in two)
        >>> print(fieller(one, other, lambda r: combine(0.0, [two[0], Count(-r, 600, 1000, "b")])))
        0.50 ± 0.05 (95 %)
    """
    if below.high <= 0 or below.value < 0:
        raise NoShotsError("its denominator is negative: turn the signs of both")
    if below.low <= 0:
        raise NoShotsError(f"its denominator is {below}, from which 0 is not excluded")
    value = above.value / below.value
    middle = difference(value)
    step = max((middle.high - middle.low) / below.value, 1e-6 * (1 + abs(value)))
    low = _end(lambda r: difference(r).low, value, -step)
    high = _end(lambda r: -difference(r).high, value, step)
    error = None if middle.standard_error is None else middle.standard_error / below.value
    return Estimate(
        value, low, high, middle.level, f"Fieller: {middle.method}", middle.n, standard_error=error
    )


def _end(excess: Callable[[float], float], value: float, step: float) -> float:
    """Return where the excess over 0 becomes positive, from the value in the direction of the step."""
    from scipy.optimize import brentq

    if excess(value) >= 0:
        return value
    inside = value
    for _ in range(_DOUBLINGS):
        outside = value + step
        if excess(outside) > 0:
            precision = _PRECISION * (1 + abs(value))
            return float(brentq(excess, *sorted((inside, outside)), xtol=precision, rtol=1e-9))
        inside, step = outside, 2 * step
    raise NoShotsError("its denominator is so near to 0 that the ratio may be anything")
