"""The CHSH value of a Bell-diagonal pair, and what it proves about the randomness of outcomes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qnet_circuits.errors import check_range
from qnet_circuits.theory.bell_diagonal import correlators

#: A value of S this close to 2 or to 2√2 is the same number but for rounding, which the square root would make much larger.
_ROUNDING = 1e-12


def s_value(weights: Sequence[float]) -> float:
    """Return the CHSH value with the settings that are best for Φ+.

    One party measures Z or X, the other (Z ± X)/√2, so S = √2 (<XX> + <ZZ>). For a Werner pair this is 2√2 v, which
    exceeds the local bound 2 for F > (1 + 3/√2)/4 = 0.78033.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> round(s_value((1, 0, 0, 0)), 6)
        2.828427
    """
    correlator = correlators(weights)
    return math.sqrt(2) * (correlator["xx"] + correlator["zz"])


def guessing_probability(s: float) -> float:
    """Return the most that anybody can guess of one outcome of boxes with this CHSH value, (1 + √(2 - S²/4))/2.

    It holds for any state and any measurements of the boxes, for each of the settings, and also if the maker of the boxes holds
    a purification (Pironio et al., arXiv:0911.3427). It is tight: some states reach it for one of the settings.

    Args:
        s: S, in [-4, 4]. From 2√2 it is 1/2, and up to 2 it is 1.

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> guessing_probability(2), guessing_probability(2 * math.sqrt(2))
        (1.0, 0.5)
    """
    rest = 2 - check_range("s", s, -4, 4) ** 2 / 4
    if s <= 2 + _ROUNDING:
        return 1.0
    return (1 + math.sqrt(rest if rest > _ROUNDING else 0.0)) / 2


def min_entropy(s: float) -> float:
    """Return the min-entropy in bits of one outcome of boxes with this CHSH value, 1 - log2(1 + √(2 - S²/4)).

    It is -log2 of the guessing probability, so 0 up to S = 2, and 1 for the most that quantum mechanics allows.

    Args:
        s: S, in [-4, 4].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> [round(min_entropy(s), 4) for s in (1.9, 2.2, 2.4, 2.6, 2.7, 2.8)]
        [0.0, 0.0825, 0.194, 0.3614, 0.4928, 0.737]
    """
    return -math.log2(guessing_probability(s)) + 0.0
