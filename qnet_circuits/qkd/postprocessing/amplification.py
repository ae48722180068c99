"""Privacy amplification: a shorter string of which Eve knows nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.qkd.postprocessing.toeplitz import Bits, check_bits, seed_length, toeplitz_hash


def amplify(bits: NDArray[np.generic], seed: NDArray[np.generic], length: int) -> Bits:
    """Return ``length`` bits that are uniform to Eve, by a random Toeplitz matrix.

    If Eve's smooth min-entropy about the bits is H, ℓ = H - 2 log2(1/ε) bits are ε-close to uniform for her, who knows
    the seed too (leftover hash lemma, Tomamichel et al. 2012). The seed is public, the same for both parties, and drawn
    only after the quantum part is over; it is never used again.

    Args:
        bits: The corrected and verified key, n bits.
        seed: n + length - 1 random bits.
        length: ℓ, 1 to n.

    Raises:
        ParameterError: If a length is wrong; more bits than went in are never secret.
        RoundingError: If the transform was not exact.

    Example:
        >>> amplify(np.array([1, 0, 1, 1]), np.array([1, 0, 0, 1, 1]), 2)
        array([0, 1], dtype=uint8)
    """
    bits = check_bits("bits", bits)
    if check_count("length", length) > len(bits):
        raise ParameterError(
            f"{len(bits)} bits cannot give {length} secret ones; the length must come from a bound"
        )
    return toeplitz_hash(bits, seed, length)


__all__ = ["amplify", "seed_length"]
