"""Limits of a weighted sum of probabilities that hold for any number of shots, and for counts that depend on each other.

Counts of equal weight and shots are pooled, each group has Clopper and Pearson's limits, and the groups are joined by
Bonferroni's inequality, which needs no independence.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from qnet_circuits.theory.weighted import Count, arms


def bonferroni_arms(counts: Sequence[Count], level: float) -> tuple[float, float, str]:
    """Return how far the limits lie below and above the value, and how they were made.

    Args:
        counts: The events and how often they happened.
        level: Confidence level; events drawn at random from more add Serfling's bound.
    """
    groups = _groups(counts)
    each = 1 - (1 - level) / len(groups)
    parts = [_pooled(group, each) for group in groups]
    below, above = (sum(part[end] for part in parts) for end in (0, 1))
    methods = "; ".join(dict.fromkeys(_method(group) for group in groups))
    return below, above, methods if len(groups) == 1 else f"Bonferroni over {len(groups)}: {methods}"


def _groups(counts: Sequence[Count]) -> list[list[Count]]:
    """Group counts that are worth the same each and independent."""
    groups: dict[tuple[str, int, int, int], list[Count]] = {}
    met: Counter[tuple[str, int, int, str]] = Counter()
    for count in counts:
        kind = (f"{abs(count.weight):.12e}", count.n, count.population)
        again = (*kind, count.source)
        groups.setdefault((*kind, met[again]), []).append(count)
        met[again] += 1
    return list(groups.values())


def _pooled(group: Sequence[Count], level: float) -> tuple[float, float]:
    """Return the arms of one group, whose terms are worth the same each."""
    drawn, size = len(group), abs(group[0].weight) * len(group)
    n = sum(count.n for count in group)
    successes = sum(count.successes if count.weight > 0 else count.n - count.successes for count in group)
    if group[0].population <= drawn:
        below, above = arms([size], [successes], [n], (1 - level) / 2)
        return float(below), float(above)
    # Half of the allowed error goes to the shots, half to the draw of settings.
    half = 1 - (1 - level) / 2
    below, above = arms([size], [successes], [n], (1 - half) / 2)
    slack, value = size * serfling(drawn, group[0].population, half), size * successes / n
    return min(value, float(below) + slack), min(size - value, float(above) + slack)


def _method(group: Sequence[Count]) -> str:
    drawn, population = len(group), group[0].population
    if population > drawn:
        return f"Clopper-Pearson and Serfling, {drawn} of {population} settings"
    return "Clopper-Pearson" if drawn == 1 else f"Clopper-Pearson, {drawn} settings pooled"


def serfling(drawn: int, population: int, level: float) -> float:
    """Return how far the mean of values in [0, 1] that were drawn without replacement lies from the mean of all, at most.

    R. J. Serfling, Ann. Statist. 2, 39 (1974).

    Example:
        >>> round(serfling(10, 100, 0.95), 3)
        0.41
    """
    return math.sqrt((1 - (drawn - 1) / population) * math.log(2 / (1 - level)) / (2 * drawn))
