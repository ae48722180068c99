"""A number with an interval, and how a figure gets its interval.

A figure is a constant plus a sum of weighted probabilities. Probabilities of equal weight that were estimated from
equally many independent shots are pooled: the sum of independent Bernoulli variables is never more spread than the
binomial of the same mean (W. Hoeffding, Ann. Math. Statist. 27, 713 (1956)), so the Clopper-Pearson interval of the
pooled successes covers. Everything else has the limits of ``weighted``, or those of ``bonferroni`` where there are few
shots; so have probabilities near 0 pooled with others near 1, which would look like fair coins.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qnet_circuits.errors import NoShotsError, ParameterError, check_count, check_range
from qnet_circuits.theory.bonferroni import bonferroni_arms
from qnet_circuits.theory.weighted import (
    LEAST,
    Count,
    Joints,
    one_for_each_source,
    weighted_arms,
    weighted_p_value,
)

#: Where a count has fewer shots than this, Bonferroni's limits take the place of the weighted ones.
FEW = 10
#: What lies beyond an end of an interval by less than this is at the end.
_ROUNDING = 1e-12
#: Numbers below this are printed with a power of ten.
_SMALL = 1e-4
#: So are numbers from this.
_LARGE = 1e15


@dataclass(frozen=True)
class Estimate:
    """A value with the interval that holds the truth with probability ``level`` or more.

    Args:
        value: The point estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: Confidence level, in (0, 1); 1 for an exact value.
        method: The method of the interval.
        n: Number of shots behind the value; 0 for an exact value.
        p_value: Probability of a result at least as good under the null hypothesis of the figure, at least 1e-300. None without
            a null hypothesis.
        standard_error: Estimated standard deviation of the value, or None.

    Raises:
        ParameterError: If the ends are out of order.

    An estimate prints with its interval, and formats as its value (``f"{estimate:.3f}"``). Estimates have no order, since
    overlapping intervals have none: ``above`` and ``below`` compare the whole interval, and ``.value`` is a plain number.

    Example:
        >>> estimate = Estimate(0.9312, 0.9272, 0.9352, 0.95, "Clopper-Pearson", 12000)
        >>> print(estimate, f"{estimate:.2f}", estimate.above(0.9))
        0.931 ± 0.004 (95 %) 0.93 True
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = "exact"
    n: int = 0
    p_value: float | None = None
    standard_error: float | None = None

    def __post_init__(self) -> None:
        if self.value not in self:
            raise ParameterError(
                f"an estimate needs low <= value <= high, got {self.low}, {self.value}, {self.high}"
            )

    def above(self, bound: float) -> bool:
        """Tell whether the whole interval lies above ``bound``."""
        return self.low > bound

    def below(self, bound: float) -> bool:
        """Tell whether the whole interval lies below ``bound``."""
        return self.high < bound

    def __contains__(self, value: float) -> bool:
        return self.low - _ROUNDING <= value <= self.high + _ROUNDING

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __round__(self, digits: int | None = None) -> float:
        raise TypeError(
            f"an estimate is no single number: round its value, round(estimate.value, {2 if digits is None else digits})"
        )

    def __gt__(self, other: object) -> bool:
        raise TypeError(_no_order(">", other))

    def __ge__(self, other: object) -> bool:
        raise TypeError(_no_order(">=", other))

    def __lt__(self, other: object) -> bool:
        raise TypeError(_no_order("<", other))

    def __le__(self, other: object) -> bool:
        raise TypeError(_no_order("<=", other))

    @property
    def lopsided(self) -> bool:
        """Whether the value is far from the middle of the interval, for example if one outcome was rare."""
        return abs(self.high + self.low - 2 * self.value) > 0.125 * (self.high - self.low)

    def __str__(self) -> str:
        """Print as 0.931 ± 0.004 (95 %), or with both ends where these are at different distances."""
        if self._is_point:
            return f"{self.value:.6g}"
        return f"{self.with_interval()} ({100 * self.level:.10g} %)"

    def with_interval(self) -> str:
        """Return the printed form without the level, for tables that state the level once."""
        if self._is_point:
            return f"{self.value:.6g}"
        value, low, high, half = map(self._written, (self.value, self.low, self.high, self._half))
        return f"{value} [{low}, {high}]" if self.lopsided else f"{value} ± {half}"

    def rounded(self) -> str:
        """Return the value alone, with the digits that its interval justifies."""
        return f"{self.value:.6g}" if self._is_point else self._written(self.value)

    @property
    def _half(self) -> float:
        return (self.high - self.low) / 2

    @property
    def _is_point(self) -> bool:
        """Whether the interval is no more than rounding."""
        return self._half <= 1e-9 * abs(self.value)

    def _written(self, number: float) -> str:
        """Return a number with the last decimal that counts: where the interval has one digit that is no 1, or two."""
        first = -math.floor(math.log10(self._half))
        digits = first + 1 if self._half * 10**first < 1.95 else first
        if number == 0 or _SMALL <= max(abs(self.low), abs(self.high)) < _LARGE:
            return f"{number:z.{max(0, digits)}f}"
        return f"{number:.{max(0, digits + math.floor(math.log10(abs(number))))}e}"

    def to_dict(self) -> dict[str, float | int | str]:
        """Return the plain form that goes into JSON; an absent ``p_value`` or ``standard_error`` is left out."""
        plain: dict[str, float | int | str] = {
            "value": self.value, "low": self.low, "high": self.high,
            "level": self.level, "method": self.method, "n": self.n,
        }  # fmt: skip
        if self.p_value is not None:
            plain["p_value"] = self.p_value
        if self.standard_error is not None:
            plain["standard_error"] = self.standard_error
        return plain


def _no_order(sign: str, other: object) -> str:
    """Return why an estimate is not compared with a sign, and what to write instead."""
    side = "above" if ">" in sign else "below"
    bound = f"{other:g}" if isinstance(other, int | float) else "bound"
    number = bound if isinstance(other, int | float) else "other.value"
    return (
        f"an estimate has an interval, and {sign!r} does not say which end counts: estimate.{side}({bound}) compares the whole "
        f"interval, estimate.value {sign} {number} the value alone"
    )


def proportion(successes: int, n: int, level: float = 0.95) -> Estimate:
    """Estimate a probability from ``successes`` out of ``n`` by Clopper and Pearson's exact interval.

    The interval is made of all probabilities that a binomial test at (1 - level)/2 on either side does not reject, so it
    covers with at least the stated level for every n (Biometrika 26, 404 (1934)).

    Args:
        successes: Number of successes, 0 to ``n``.
        n: Number of trials, at least 1.
        level: Confidence level, in [0.5, 1).

    Returns:
        The estimate, with value ``successes / n``.

    Raises:
        NoShotsError: If ``n`` is 0.
        ParameterError: If a value is out of range.

    Example:
        >>> estimate = proportion(100, 100)
        >>> round(estimate.low, 5), estimate.high
        (0.96378, 1.0)
    """
    from scipy.special import betaincinv

    if n == 0:
        raise NoShotsError("there is no shot to estimate a probability from; raise the number of shots")
    check_count("n", n)
    check_count("successes", successes, 0, n)
    tail = (1 - check_level(level)) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    error = math.sqrt(successes * (n - successes) / n) / n
    return Estimate(successes / n, low, high, level, "Clopper-Pearson", n, standard_error=error)


def check_level(level: float) -> float:
    """Return a confidence level in [0.5, 1), or raise ParameterError."""
    number = check_range("level", level, 0.5, 1.0)
    if number == 1.0:
        raise ParameterError("level must be below 1, got 1.0; exact values come from the exact backend")
    return number


def combine(
    constant: float,
    counts: Sequence[Count],
    level: float = 0.95,
    null: float | None = None,
    joints: Joints | None = None,
) -> Estimate:
    """Estimate ``constant + sum(weight * probability)`` with an interval that covers.

    Args:
        constant: The part without statistics.
        counts: The events and how often they happened.
        level: Confidence level, in [0.5, 1).
        null: Value of the figure under the null hypothesis "at most this"; adds a p-value, unless the limits are Bonferroni's
            or Student's.
        joints: For each source of several counts what these add in the same shots.

    Returns:
        The estimate. If all counts have weights of one size, equally many shots and sources of their own, and if their rarer
        outcomes all raise the sum or all lower it, they are pooled and have Clopper and Pearson's limits. Of others, the limits
        are Bonferroni's if a count has less than 10 shots, if nobody knows how counts of one source depend on each other, or
        if a single event was drawn at random from more. If several events were drawn at random from more, the limits are
        Student's over the events, or those of the shots if these are wider, which is approximate. In all other cases they are
        weighted ones. The standard error is of the shots alone.

    Raises:
        NoShotsError: If a count has no shots.

    Example:
        >>> bell = [Count(0.5, 97, 100, "xx"), Count(0.5, 96, 100, "yy"), Count(0.5, 98, 100, "zz")]
        >>> print(combine(-0.5, bell))
        0.96 [0.92, 0.98] (95 %)
    """
    check_level(level)
    for count in counts:
        if count.n == 0:
            raise NoShotsError(f"no shot of {count.source!r} counts; raise the number of shots")
    counts = [count for count in counts if count.weight != 0]
    if not counts:
        return Estimate(constant, constant, constant, level, "exact", 0)
    value = constant + sum(count.weight * count.successes / count.n for count in counts)
    known = joints or {}
    below, above, method = _arms(counts, level, known)
    p_value = None if null is None else _p_value(counts, value - null, known)
    shots = {count.source: count.n for count in counts}
    total = round(sum(known[each].shots or n if each in known else n for each, n in shots.items()))
    error = _standard_error(counts, known)
    return Estimate(value, value - below, value + above, level, method, total, p_value, error)


def _arms(counts: Sequence[Count], level: float, known: Joints) -> tuple[float, float, str]:
    """Return how far the limits lie below and above the value, and how they were made."""
    if _pool(counts) and _on_one_side(counts):
        successes, n, size = _together(counts)
        part = proportion(round(successes), n, level)
        name = "Clopper-Pearson" if len(counts) == 1 else f"Clopper-Pearson, {len(counts)} settings pooled"
        return size * (part.value - part.low), size * (part.high - part.value), name
    if _few(counts, known):
        return bonferroni_arms(counts, level)
    return weighted_arms(counts, (1 - level) / 2, known)


def _few(counts: Sequence[Count], known: Joints) -> bool:
    """Tell whether weighted limits know too little: few shots, unknown dependence, or one drawn setting, without spread."""
    sources = Counter(count.source for count in counts)
    unknown = any(many > 1 and source not in known for source, many in sources.items())
    drawn = [count for count in counts if count.population]
    return unknown or min(count.n for count in counts) < FEW or len(drawn) == 1 < drawn[0].population


def _pool(counts: Sequence[Count]) -> bool:
    """Tell whether all counts can be counted together: independent, none drawn from more, and worth the same each."""
    worth = {(f"{abs(count.weight):.12e}", count.n) for count in counts}
    alone = len({count.source for count in counts}) == len(counts)
    return len(worth) == 1 and alone and counts[0].population <= len(counts)


def _on_one_side(counts: Sequence[Count]) -> bool:
    """Tell whether the rarer outcomes of all counts raise the sum, or lower it."""
    return len({(count.weight > 0) ^ (2 * count.successes > count.n) for count in counts}) == 1


def _together(counts: Sequence[Count]) -> tuple[float, int, float]:
    """Return of counts that pool how often they raised the sum, of how many shots, and the sum of the weights' sizes."""
    raised = sum(count.successes if count.weight > 0 else count.n - count.successes for count in counts)
    return raised, sum(count.n for count in counts), abs(counts[0].weight) * len(counts)


def _standard_error(counts: Sequence[Count], known: Joints) -> float:
    """Return the standard deviation of the sum; of counts of one source of which nobody knows more, what it is at most."""
    own: dict[str, float] = {}
    for count in counts:
        error = (
            abs(count.weight) * math.sqrt(count.successes * (count.n - count.successes) / count.n) / count.n
        )
        own[count.source] = own.get(count.source, 0.0) + error
    own.update(
        {
            count.source: math.sqrt(joint.variance(joint.shots or count.n))
            for count in counts
            if (joint := known.get(count.source)) is not None
        }
    )
    return math.hypot(*own.values())


def _p_value(counts: Sequence[Count], distance: float, known: Joints) -> float | None:
    """Return how probable a value this far above the null hypothesis is at most, if it is known."""
    from scipy.special import betainc

    overlap = any(known[c.source].shots not in (0, c.n) for c in counts if c.source in known)
    if not _pool(counts) and (overlap or _few(counts, known) or any(count.population for count in counts)):
        return None
    counts = one_for_each_source(counts)
    if _pool(counts):
        successes, n, size = _together(counts)
        p0 = successes / n - distance / size
        tail = (
            1.0 if successes == 0 or p0 >= 1 else float(betainc(successes, n - successes + 1, max(p0, 0.0)))
        )
        return max(tail, LEAST)
    return weighted_p_value(counts, distance)
