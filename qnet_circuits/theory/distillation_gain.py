"""Whether distilling pays: the perfect pairs that hashing makes of distilled pairs, against those of raw ones.

A distilled pair is better, but costs several raw pairs, and as many again if a check fails. So both ways are compared by what
is left of each raw pair in the end, where hashing makes perfect pairs of very many.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from qnet_circuits.theory.estimate import Estimate, check_level

Reals = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
METHOD = "Jeffreys' posterior of the counts, normal limits and twice the bias (approximate)"
#: How often probabilities are drawn from what the counts say of them.
_DRAWS = 400
#: The entropy of shares that were seen is too small on the average; how often that is added to either limit.
_BIASES = 2.0
#: Weights of I, X, Y and Z from 1, ⟨XX⟩, ⟨YY⟩ and ⟨ZZ⟩, times 4.
_WEIGHTS = np.array([[1, 1, -1, 1], [1, 1, 1, -1], [1, -1, -1, -1], [1, -1, 1, 1]])


def yields(correlators: npt.ArrayLike) -> Reals:
    """Return the yield of hashing for each pair, as ``bell_diagonal.hashing_yield`` does.

    Args:
        correlators: ⟨XX⟩, ⟨YY⟩ and ⟨ZZ⟩ of pairs, (..., 3). Those that no pair has, as chance may give them, count as the pair
            whose negative weights are left out.

    Example:
        >>> yields([[1, -1, 1], [0.6, -0.6, 0.6]]).round(4).tolist()
        [1.0, 0.0]
    """
    given = np.asarray(correlators, float)
    weights = np.concatenate([np.ones((*given.shape[:-1], 1)), given], axis=-1) @ _WEIGHTS.T / 4
    weights = np.maximum(weights, 0.0)
    weights /= weights.sum(axis=-1, keepdims=True)
    entropy = -(weights * np.log2(np.where(weights > 0, weights, 1.0))).sum(axis=-1)
    return np.asarray(np.maximum(0.0, 1 - entropy))


def gain(kept: npt.ArrayLike, share: npt.ArrayLike, raw: npt.ArrayLike, pairs: int) -> Reals:
    """Return the perfect pairs for each raw one that distilling gains over hashing raw pairs at once; negative if it loses.

    Args:
        kept: Correlators of pairs that were kept, (..., 3).
        share: Probability that a pair is kept, (...).
        raw: Correlators of raw pairs, (..., 3).
        pairs: How many raw pairs each attempt takes.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import correlators, werner
        >>> from qnet_circuits.theory.distillation import dejmps
        >>> raw = werner(0.8)
        >>> made = dejmps(raw, raw)
        >>> kept, before = ([*correlators(each).values()] for each in (made.weights, raw))
        >>> round(float(gain(kept, made.success, before, 2)), 5)
        0.09319
    """
    return np.asarray(share, float) * yields(kept) / pairs - yields(raw)


def gain_estimate(kept: Counts, raw: Counts, pairs: int, level: float, rng: np.random.Generator) -> Estimate:
    """Estimate the gain from counts in the settings XX, YY and ZZ.

    Args:
        kept: For each setting how often the pair was kept with equal results, kept with different ones, and not kept, (3, 3).
        raw: For each setting how often a raw pair had equal and different results, (3, 2).
        pairs: How many raw pairs each attempt takes.
        level: Confidence level, in [0.5, 1).
        rng: What is drawn at random is drawn from it.

    Example:
        >>> kept, raw = np.array([[80, 5, 15], [5, 80, 15], [80, 5, 15]]), np.array([[85, 15], [15, 85], [85, 15]])
        >>> estimate = gain_estimate(kept, raw, 2, 0.95, np.random.default_rng(1))
        >>> estimate.low < estimate.value < estimate.high
        True
    """
    z = NormalDist().inv_cdf((1 + check_level(level)) / 2)
    value = float(_gain_of(kept / kept.sum(-1, keepdims=True), raw / raw.sum(-1, keepdims=True), pairs))
    drawn, before = (
        np.stack([rng.dirichlet(row + 0.5, _DRAWS) for row in each], axis=1) for each in (kept, raw)
    )
    values = _gain_of(drawn, before, pairs)
    error = float(values.std(ddof=1))
    arm = z * error + _BIASES * abs(float(values.mean()) - value)
    shots = int(kept.sum() + raw.sum())
    return Estimate(value, value - arm, value + arm, level, METHOD, shots, standard_error=error)


def _gain_of(kept: Reals, raw: Reals, pairs: int) -> Reals:
    """Return the gain for the shares of all outcomes."""
    accepted = kept[..., :2].sum(axis=-1)
    means = (kept[..., 0] - kept[..., 1]) / np.where(accepted > 0, accepted, math.inf)
    return gain(means, accepted.mean(axis=-1), raw[..., 0] - raw[..., 1], pairs)
