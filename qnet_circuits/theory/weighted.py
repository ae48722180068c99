"""Confidence limits of a weighted sum of probabilities, which are estimated from separate shots or from the same shots.

Each count is replaced by its rarer outcome. The rarer outcomes that raise the sum form one side, and those that lower the sum
form the other. Each side has the limits of Fay and Feuer for a weighted sum of counts (Stat. Med. 16, 791 (1997)), with beta
distributions instead of gamma distributions. For one count, and for pooled counts of equal weight, these are therefore the
limits of Clopper and Pearson. The two sides are joined by square-and-add (MOVER; G. Y. Zou and A. Donner, Stat. Med. 27, 1693
(2008)). ``docs/intervals.md`` has the measured coverage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: The smallest p-value that is stated.
LEAST = 1e-300


@dataclass(frozen=True)
class Count:
    """Successes of one event: ``weight`` times its probability is a part of a figure.

    Args:
        weight: The coefficient of the probability, of any sign.
        successes: The number of shots in which the event happened. If one count replaces several, it may not be whole.
        n: The number of shots.
        source: The name of the circuit with these shots. Counts of one source are not independent.
        population: The number of events from which this one was drawn at random; 0 if it was not drawn.
    """

    weight: float
    successes: float
    n: int
    source: str = ""
    population: int = 0


@dataclass(frozen=True)
class Joint:
    """The contribution of several counts of the same shots to the sum, as the difference of each shot from a middle.

    If more than half of the shots contribute the same value, this value is the middle. Otherwise the middle is the contribution
    of a shot in which each event has its more common outcome. Each field is a number, or an array with a number for each
    repetition.

    Args:
        middle: The middle.
        up: The mean excess over the middle, with 0 for shots below the middle.
        down: The mean shortfall from the middle, with 0 for shots above the middle.
        up_square: The mean square of the excess.
        down_square: The mean square of the shortfall.
        shots: The number of shots; 0 for the number of shots of the counts.
        ends: The smallest and the largest possible contribution of a shot. Default: they follow from the weights.
    """

    middle: ArrayLike
    up: ArrayLike
    down: ArrayLike
    up_square: ArrayLike
    down_square: ArrayLike
    shots: float = 0.0
    ends: tuple[float, float] | None = None

    @classmethod
    def of(cls, scores: ArrayLike, shares: ArrayLike, common: ArrayLike) -> Joint:
        """Summarise the contributions of shots.

        Args:
            scores: The possible contributions of a shot, in the last dimension.
            shares: The share of the shots that make each contribution.
            common: The contribution of a shot in which each event has its more common outcome.
        """
        share = np.asarray(shares, float)
        score = np.broadcast_to(np.asarray(scores, float).round(12), share.shape)
        alike = _shared(_groups(score), share)
        most = alike.argmax(-1)[..., None]
        middle = np.where(alike.max(-1) > 0.5, np.take_along_axis(score, most, -1)[..., 0], common)
        beyond = score - middle[..., None]
        up, down = np.maximum(beyond, 0.0), np.maximum(-beyond, 0.0)
        means = [(share * part).sum(-1) for part in (up, down, up**2, down**2)]
        return cls(middle, *means)

    def variance(self, n: float) -> float:
        """Return the variance of the mean of ``n`` shots."""
        mean = np.asarray(self.up) - np.asarray(self.down)
        return float(np.asarray(self.up_square) + np.asarray(self.down_square) - mean**2) / n


#: For each source of several counts, their contribution in the same shots.
Joints = Mapping[str, Joint]


@dataclass(frozen=True)
class _Side:
    """The rarer outcomes that raise a sum, or those that lower it.

    Args:
        seen: Their measured sum.
        most: Their largest possible sum.
        step: The largest possible contribution of one shot.
        variance: The estimated variance of the measured sum.
    """

    seen: Reals
    most: Reals
    step: Reals
    variance: Reals

    def with_joint(self, seen: ArrayLike, square: ArrayLike, most: Reals, n: Reals) -> _Side:
        """Return the side with counts of the same shots."""
        mean = np.asarray(seen, float)
        variance = np.maximum(np.asarray(square, float) - mean**2, 0.0) / n
        step = np.maximum(self.step, most / n)
        return _Side(self.seen + mean, self.most + most, step, self.variance + variance)

    def limits(self, tail: float) -> tuple[Reals, Reals]:
        """Return the distances of the limits below and above the measured sum, each wrong with probability ``tail``."""
        from scipy.special import betainccinv, betaincinv

        none = self.most <= 0
        most, step = np.where(none, 1.0, self.most), np.where(none, 1.0, self.step)
        spread = self.variance / np.maximum(1 - self.seen / most, 1e-12)
        more = (self.seen + step) ** 2 / (spread + step**2)
        left = np.maximum(most - self.seen, 0.0)
        # Where all was seen that can be, by rounding or in truth, there is nothing above.
        high = np.where(left > 0, most * betainccinv(more, more * left / (self.seen + step), tail), most)
        some = (self.seen > 0) & (spread > 0)
        seen = np.where(some, self.seen, 1.0)
        fewer = seen**2 / np.where(some, spread, 1.0)
        low = np.where(some, most * betaincinv(fewer, fewer * (left + step) / seen, tail), 0.0)
        return np.where(none, 0.0, self.seen - low), np.where(none, 0.0, np.maximum(high - self.seen, 0.0))


def arms(
    weights: ArrayLike,
    successes: ArrayLike,
    shots: ArrayLike,
    tail: float,
    joints: Sequence[tuple[Sequence[int], Joint]] = (),
) -> tuple[Reals, Reals]:
    """Return how far the limits of Σ wᵢ pᵢ lie below and above Σ wᵢ fᵢ/nᵢ.

    Args:
        weights: The wᵢ, of any sign.
        successes: The fᵢ, in the last dimension. The dimensions before it are repetitions.
        shots: The nᵢ, the same for all repetitions, or with the same dimensions of repetitions.
        tail: The probability with which each limit is wrong.
        joints: The places of counts of the same shots, with their contribution. All other counts are independent.

    Example:
        >>> below, above = arms([1.0], [3], [10], 0.025)
        >>> round(0.3 - float(below), 4), round(0.3 + float(above), 4)
        (0.0667, 0.6525)
    """
    weight, n, found = (np.asarray(each, float) for each in (weights, shots, successes))
    alone = np.ones(len(weight), bool)
    for places, _ in joints:
        alone[list(places)] = False
    common = 2 * found > n
    rare, raises = np.where(common, n - found, found), (weight > 0) ^ common
    up, down = (_side(np.abs(weight), rare, n, alone & mask) for mask in (raises, ~raises))
    both: Reals = np.zeros(found.shape[:-1])
    for places, joint in joints:
        own = weight[list(places)]
        shared = np.asarray(joint.shots, float) if np.any(joint.shots) else n[..., places[0]]
        middle = np.asarray(joint.middle, float)
        least, most = joint.ends or (np.minimum(own, 0).sum(), np.maximum(own, 0).sum())
        up = up.with_joint(joint.up, joint.up_square, most - middle, shared)
        down = down.with_joint(joint.down, joint.down_square, middle - least, shared)
        both = both + np.asarray(joint.up, float) * np.asarray(joint.down, float) / shared
    size = np.sqrt(up.variance * down.variance)
    correlation = np.clip(both / np.where(size > 0, size, np.inf), 0.0, 1.0)
    (up_below, up_above), (down_below, down_above) = up.limits(tail), down.limits(tail)
    return _joined(up_below, down_above, correlation), _joined(up_above, down_below, correlation)


def _side(weight: Reals, rare: Reals, n: Reals, mask: Flags) -> _Side:
    """Return one side of independent counts. Counts of equal weight and equal shots have one variance in common."""
    each = np.broadcast_to(weight / n, mask.shape)
    digits = 10.0 ** (9 - np.floor(np.log10(np.where(each > 0, each, 1.0))))
    kind = _groups((each * digits).round() / digits)
    found, trials = _shared(kind, mask * rare), _shared(kind, mask * n)
    variance = (mask * each**2 * rare * (1 - found / np.maximum(trials, 1.0))).sum(-1)
    step = (mask * each).max(-1, initial=0.0)
    return _Side((mask * each * rare).sum(-1), (mask * weight).sum(-1), step, variance)


def _groups(values: Reals) -> NDArray[np.intp]:
    """Return the number of a group for each value. Equal values in one row of the last dimension are one group."""
    order = np.argsort(values, -1)
    ordered = np.take_along_axis(values, order, -1)
    begins = np.ones(values.shape, bool)
    begins[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    kind = np.empty_like(order)
    np.put_along_axis(kind, order, begins.ravel().cumsum().reshape(values.shape) - 1, -1)
    return kind


def _shared(kind: NDArray[np.intp], values: Reals) -> Reals:
    """Return for each value the sum over its group."""
    return np.asarray(np.bincount(kind.ravel(), values.ravel())[kind])


def _joined(one: Reals, other: Reals, correlation: Reals) -> Reals:
    """Return the distance of a limit of the difference of two sides, from the distances of limits of the sides."""
    return np.asarray(np.sqrt(one**2 + other**2 + 2 * correlation * one * other))


def weighted_arms(counts: Sequence[Count], tail: float, known: Joints) -> tuple[float, float, str]:
    """Return how far the limits of a sum of counts lie below and above its value, and how they were made.

    Args:
        counts: The counts.
        tail: The probability with which each limit is wrong.
        known: For each source of several counts, their contribution in the same shots.
    """
    drawn = [count for count in counts if count.population]
    rest = [count for count in counts if not count.population]
    if not drawn or drawn[0].population <= len(drawn):
        below, above = arms(*_columns(counts), tail, _places(counts, known))
        return float(below), float(above), f"Fay-Feuer in beta form, {len(counts)} counts"
    one, (below, above) = _drawn_arms(drawn, tail), arms(*_columns(rest), tail, _places(rest, known))
    name = f"Student over {len(drawn)} of {drawn[0].population} settings drawn at random, approximate"
    return math.hypot(one[0], float(below)), math.hypot(one[1], float(above)), name


def _columns(counts: Sequence[Count]) -> tuple[Reals, Reals, Reals]:
    """Return weights, successes and shots."""
    weights = np.array([count.weight for count in counts], float)
    successes = np.array([count.successes for count in counts], float)
    return weights, successes, np.array([count.n for count in counts], float)


def _places(counts: Sequence[Count], known: Joints) -> list[tuple[list[int], Joint]]:
    """Return the places of the counts of each source, and their contribution in the same shots."""
    places: dict[str, list[int]] = {}
    for k, count in enumerate(counts):
        places.setdefault(count.source, []).append(k)
    return [(own, known[source]) for source, own in places.items() if len(own) > 1]


def _drawn_arms(counts: Sequence[Count], tail: float) -> tuple[float, float]:
    """Return the distances of the limits for terms that were drawn at random, without replacement, from more terms.

    They are those of Student's t over the terms, since the spread of the terms contains that of the shots. If the distances for
    the shots alone are longer, they are those.
    """
    weight, found, n = _columns(counts)
    of_shots = weight**2 * found / n * (1 - found / n) / n
    worth = np.where(weight > 0, found / n, 1 - found / n) * np.abs(weight)
    half = student(len(counts), tail) * spread_of_drawn(worth, of_shots, counts[0].population)
    below, above = arms(weight, found, n, tail)
    return max(half, float(below)), max(half, float(above))


def student(values: int, tail: float) -> float:
    """Return the value that Student's t of so many values exceeds with probability ``tail``."""
    from scipy.special import stdtrit

    return -float(stdtrit(values - 1, tail))


def spread_of_drawn(
    worth: Sequence[float] | Reals, variances: Sequence[float] | Reals, population: int
) -> float:
    """Return the standard error of a sum of settings that were drawn at random without replacement.

    Args:
        worth: The contribution of each drawn setting, of at least 2 settings.
        variances: The variance of each contribution, from its shots alone.
        population: The number of all settings.
    """
    drawn = len(worth)
    part = drawn / population
    spread, of_shots = float(np.var(worth, ddof=1)), float(np.mean(variances))
    return math.sqrt(drawn * ((1 - part) * spread + part * of_shots))


def one_for_each_source(counts: Sequence[Count]) -> list[Count]:
    """Return counts in which those of the same shots are one: events of which all happen in a shot, or none, spread most.

    Args:
        counts: Counts, those of one source of the same shots; none was drawn from more.

    Returns:
        Counts of positive weight, of a sum that is another by a constant and goes up and down alike.

    Example:
        >>> one_for_each_source([Count(0.5, 9, 10, "a"), Count(-0.5, 1, 10, "a")])
        [Count(weight=1.0, successes=9.0, n=10, source='a', population=0)]
    """
    own: dict[str, list[Count]] = {}
    for count in counts:
        own.setdefault(count.source, []).append(count)
    merged = []
    for source, found in own.items():
        size = sum(abs(count.weight) for count in found)
        raised = sum(count.weight * count.successes + max(-count.weight, 0.0) * count.n for count in found)
        merged.append(Count(size, raised / size, found[0].n, source))
    return merged


def weighted_p_value(counts: Sequence[Count], distance: float) -> float:
    """Return how probable a value at least ``distance`` above a null hypothesis is, approximately, between 1e-300 and 1.

    It is the tail at which the lower limit reaches the null hypothesis. The counts are taken as those of equally probable
    terms that give the same value, whose sum spreads most (W. Hoeffding, 1956). For equal weights and shots it is the tail of
    the binomial.

    Args:
        counts: Independent counts.
        distance: How far the value lies above the null hypothesis.
    """
    weight, found, n = _columns(counts)
    if distance <= 0:
        return 1.0
    mean = float(
        np.where(weight > 0, weight * found / n, weight * (found / n - 1)).sum() / np.abs(weight).sum()
    )
    alike = np.where(weight > 0, mean, 1 - mean) * n
    least, most = math.log(LEAST), 0.0
    for _ in range(60):
        middle = (least + most) / 2
        below, _above = arms(weight, alike, n, math.exp(middle))
        least, most = (least, middle) if float(below) < distance else (middle, most)
    return max(math.exp(most), LEAST)
