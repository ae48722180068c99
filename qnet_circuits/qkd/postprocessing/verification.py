"""Do the corrected keys agree? A short universal hash, told by Alice, decides."""

from __future__ import annotations

import hmac
import math

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.qkd.postprocessing.finite_key import check_epsilon
from qnet_circuits.qkd.postprocessing.toeplitz import Bits, toeplitz_hash


def tag_bits(epsilon_correctness: float) -> int:
    """Return ⌈log2(1/ε_cor)⌉, the bits of a tag that two different keys share with a probability of at most ε_cor.

    The tag is revealed, so it counts as leaked. The seed of the hash comes from one party, after the keys are fixed.

    Raises:
        ParameterError: If ε_cor is not in (0, 0.5].

    Example:
        >>> tag_bits(1e-15)
        50
    """
    return math.ceil(-math.log2(check_epsilon("epsilon_correctness", epsilon_correctness)))


def verification_tag(
    bits: NDArray[np.generic], seed: NDArray[np.generic], epsilon_correctness: float
) -> Bits:
    """Return the tag of a key under a seed of n + ⌈log2(1/ε_cor)⌉ - 1 bits.

    Raises:
        ParameterError: If a length is wrong.

    Example:
        >>> key, seed = np.array([1, 0, 1, 1]), np.array([1, 0, 0, 1, 1, 0])
        >>> verification_tag(key, seed, 0.125)
        array([0, 1, 1], dtype=uint8)
    """
    return toeplitz_hash(bits, seed, tag_bits(epsilon_correctness))


def tags_agree(own: Bits, told: Bits) -> bool:
    """Tell whether two tags are the same, in a time that does not depend on where they differ.

    Example:
        >>> tags_agree(np.array([1, 0], np.uint8), np.array([1, 1], np.uint8))
        False
    """
    return hmac.compare_digest(own.tobytes(), told.tobytes())
