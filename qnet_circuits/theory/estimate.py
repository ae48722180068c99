"""A number with an interval, and how a figure gets its interval.

A figure is a constant plus a sum of weighted probabilities. Probabilities of equal weight that were estimated from
equally many independent shots are pooled: the sum of independent Bernoulli variables is never more spread than the
binomial of the same mean (W. Hoeffding, Ann. Math. Statist. 27, 713 (1956)), so the Clopper-Pearson interval of the
pooled successes covers. Everything else is joined by Bonferroni's inequality, which needs no independence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qnet_circuits.errors import NoShotsError, ParameterError, check_count, check_range


@dataclass(frozen=True)
class Estimate:
    """A value with the interval that holds the truth with probability ``level`` or more.

    Args:
        value: The point estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: Confidence level, in (0, 1); 1 for an exact value.
        method: How the interval was made.
        n: Number of shots behind the value; 0 for an exact value.
        p_value: Probability of a result at least as good under the null hypothesis of the figure, if it has one.

    Raises:
        ParameterError: If the ends are out of order.

    Example:
        >>> Estimate(0.9312, 0.9272, 0.9352, 0.95, "Clopper-Pearson", 12000)
        Estimate(value=0.9312, low=0.9272, high=0.9352, level=0.95, method='Clopper-Pearson', n=12000, p_value=None)
        >>> print(_)
        0.931(4)
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = "exact"
    n: int = 0
    p_value: float | None = None

    def __post_init__(self) -> None:
        if not self.low - 1e-12 <= self.value <= self.high + 1e-12:
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
        return self.low <= value <= self.high

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        """Print as 0.931(4), or with both ends where the interval is lopsided."""
        half = (self.high - self.low) / 2
        if half < 1e-9:
            return f"{self.value:.6g}"
        digits = max(0, -math.floor(math.log10(half)))
        lopsided = abs(self.high + self.low - 2 * self.value) > 0.5 * half
        if lopsided or half >= 1:
            return f"{self.value:.{digits + 1}f} [{self.low:.{digits + 1}f}, {self.high:.{digits + 1}f}]"
        last = round(half * 10**digits)
        if last == 10:
            digits, last = digits - 1, 1
        return f"{self.value:.{digits}f}({last})"

    def to_dict(self) -> dict[str, float | int | str]:
        """Return the plain form that goes into JSON; an absent ``p_value`` is left out."""
        plain: dict[str, float | int | str] = {
            "value": self.value, "low": self.low, "high": self.high,
            "level": self.level, "method": self.method, "n": self.n,
        }  # fmt: skip
        if self.p_value is not None:
            plain["p_value"] = self.p_value
        return plain


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
    return Estimate(successes / n, low, high, level, "Clopper-Pearson", n)


def check_level(level: float) -> float:
    """Return a confidence level in [0.5, 1), or raise ParameterError."""
    number = check_range("level", level, 0.5, 1.0)
    if number == 1.0:
        raise ParameterError("level must be below 1, got 1.0; exact values come from the exact backend")
    return number


@dataclass(frozen=True)
class Count:
    """Successes of one event: ``weight`` times its probability is a part of a figure.

    Args:
        weight: Coefficient of the probability, any sign.
        successes: How often the event happened.
        n: In how many shots it could have.
        source: Name of the circuit whose shots these are; counts of one source are not independent.
        population: How many events the one counted stands for, where it was drawn at random from more; 0 if it was not.
    """

    weight: float
    successes: int
    n: int
    source: str = ""
    population: int = 0

    def positive(self) -> Count:
        """Return the complementary event if the weight is negative, so that weights compare."""
        if self.weight >= 0:
            return self
        return Count(-self.weight, self.n - self.successes, self.n, self.source, self.population)


def combine(
    constant: float, counts: Sequence[Count], level: float = 0.95, null: float | None = None
) -> Estimate:
    """Estimate ``constant + sum(weight * probability)`` with an interval that covers.

    Args:
        constant: The part without statistics.
        counts: The events and how often they happened.
        level: Confidence level, in [0.5, 1).
        null: Value of the figure under the null hypothesis "at most this"; adds a p-value where all counts pool.

    Returns:
        The estimate. With one group of equal weights and shots the method is Clopper-Pearson on the pooled successes;
        otherwise Bonferroni over the groups, each pooled; events drawn at random from more add Serfling's bound.

    Raises:
        NoShotsError: If a count has no shots.

    Example:
        >>> bell = [Count(0.5, 97, 100, "xx"), Count(0.5, 96, 100, "yy"), Count(0.5, 98, 100, "zz")]
        >>> print(combine(-0.5, bell))
        0.96(3)
    """
    check_level(level)
    for count in counts:
        if count.n == 0:
            raise NoShotsError(f"no shot of {count.source!r} counts; raise the number of shots")
    # P(complement) = 1 - P: a negative weight moves into the constant.
    constant += sum(count.weight for count in counts if count.weight < 0)
    groups = _groups([count.positive() for count in counts if count.weight != 0])
    if not groups:
        return Estimate(constant, constant, constant, level, "exact", 0)
    each = 1 - (1 - level) / len(groups)
    parts = [_pooled(group, each) for group in groups]
    weights = [group[0].weight * len(group) for group in groups]
    value, low, high = (
        constant + sum(weight * getattr(part, end) for weight, part in zip(weights, parts, strict=True))
        for end in ("value", "low", "high")
    )
    total = sum({count.source: count.n for count in counts}.values())
    method = parts[0].method if len(parts) == 1 else f"Bonferroni over {len(parts)}: {_methods(parts)}"
    p_value = _p_value(constant, groups[0], null) if null is not None and len(groups) == 1 else None
    return Estimate(value, low, high, level, method, total, p_value)


def _groups(counts: Sequence[Count]) -> list[list[Count]]:
    """Group counts that pool: equal weight and shots, and no two of one source."""
    groups: list[list[Count]] = []
    for count in counts:
        for group in groups:
            first = group[0]
            same = math.isclose(first.weight, count.weight, rel_tol=1e-12) and first.n == count.n
            drawn = first.population == count.population
            if same and drawn and all(count.source != other.source for other in group):
                group.append(count)
                break
        else:
            groups.append([count])
    return groups


def _pooled(group: Sequence[Count], level: float) -> Estimate:
    """Return the estimate of the mean probability of one group."""
    successes, n = sum(count.successes for count in group), sum(count.n for count in group)
    population, drawn = group[0].population, len(group)
    if population <= drawn:
        pooled = proportion(successes, n, level)
        name = "Clopper-Pearson" if drawn == 1 else f"Clopper-Pearson, {drawn} settings pooled"
        return Estimate(pooled.value, pooled.low, pooled.high, level, name, n)
    # Half of the allowed error goes to the shots, half to the draw of settings.
    half = 1 - (1 - level) / 2
    pooled = proportion(successes, n, half)
    slack = serfling(drawn, population, half)
    low, high = max(0.0, pooled.low - slack), min(1.0, pooled.high + slack)
    name = f"Clopper-Pearson and Serfling, {drawn} of {population} settings"
    return Estimate(pooled.value, low, high, level, name, n)


def serfling(drawn: int, population: int, level: float) -> float:
    """Return how far the mean of values in [0, 1] that were drawn without replacement lies from the mean of all, at most.

    R. J. Serfling, Ann. Statist. 2, 39 (1974).

    Example:
        >>> round(serfling(10, 100, 0.95), 3)
        0.41
    """
    return math.sqrt((1 - (drawn - 1) / population) * math.log(2 / (1 - level)) / (2 * drawn))


def _methods(parts: Sequence[Estimate]) -> str:
    return "; ".join(dict.fromkeys(part.method for part in parts))


def _p_value(constant: float, group: Sequence[Count], null: float) -> float:
    """Return P(Bin(n, p0) >= successes), where p0 is the mean probability at which the figure equals ``null``."""
    from scipy.special import betainc

    successes, n = sum(count.successes for count in group), sum(count.n for count in group)
    p0 = (null - constant) / (group[0].weight * len(group))
    if successes == 0 or p0 >= 1:
        return 1.0
    return float(betainc(successes, n - successes + 1, max(p0, 0.0)))
