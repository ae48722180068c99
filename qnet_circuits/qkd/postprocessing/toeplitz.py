"""Hashing bits with a random Toeplitz matrix over GF(2), by fast Fourier transforms whose rounding is checked.

The matrix T_ji = s_(j - i + n - 1) of n + l - 1 random bits s is a universal hash: two strings that differ collide with
probability 2^-l exactly. Its product with n bits is a convolution of integers taken modulo 2. Hashes have two uses: a long hash
is a string about which Eve knows nothing, and a short hash, which Alice sends, shows whether the corrected keys agree.
"""

from __future__ import annotations

import hmac
import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, RoundingError, check_count
from qnet_circuits.qkd.postprocessing.finite_key import check_epsilon

Bits = NDArray[np.uint8]

#: Largest block in bits: transforms of twice this size stay near the processor.
BLOCK = 2**18

#: Largest distance from an integer that is let through; a wrong integer needs 0.5.
TOLERANCE = 0.125


def seed_length(n: int, length: int) -> int:
    """Return n + l - 1, the number of random bits for a hash of n bits to l.

    Raises:
        ParameterError: If a length is below 1.

    Example:
        >>> seed_length(1000, 64)
        1063
    """
    return check_count("n", n) + check_count("length", length) - 1


def check_bits(name: str, bits: NDArray[np.generic]) -> Bits:
    """Return a one-dimensional array of 0 and 1 as uint8.

    Raises:
        ParameterError: If it is something else; the message reveals nothing about the bits.

    Example:
        >>> check_bits("key", np.array([True, False]))
        array([1, 0], dtype=uint8)
    """
    try:
        array = np.asarray(bits)
    except ValueError:
        raise ParameterError(f"{name} must be a row of 0 and 1, got rows of different length") from None
    wrong = array.size > 0 and (array.dtype.kind not in "bui" or array.max() > 1 or array.min() < 0)
    if array.ndim != 1 or wrong:
        raise ParameterError(f"{name} must be a row of 0 and 1, got {array.dtype} of shape {array.shape}")
    return array.astype(np.uint8)


def toeplitz_hash(bits: NDArray[np.generic], seed: NDArray[np.generic], length: int) -> Bits:
    """Return the ``length`` bits T x of the Toeplitz matrix of ``seed``.

    Args:
        bits: x, n bits.
        seed: n + length - 1 random bits; the matrix has s_(j - i + n - 1) in row j, column i.
        length: Bits wanted, at least 1.

    Returns:
        The exact hash: a transform whose error is not provably and visibly small raises an error.

    Raises:
        ParameterError: If a length or an entry is wrong.
        RoundingError: If a transform came out too far from integers.

    Example:
        >>> toeplitz_hash(np.array([1, 0, 1]), np.array([1, 1, 0, 1]), 2)
        array([1, 0], dtype=uint8)
    """
    x, s = check_bits("bits", bits), check_bits("seed", seed)
    n = len(x)
    if len(s) != seed_length(n, length):
        raise ParameterError(f"a hash of {n} bits to {length} takes {n + length - 1} seed bits, got {len(s)}")
    block = min(BLOCK, max(n, length))
    columns, rows = math.ceil(n / block), math.ceil(length / block)
    check_size(block, columns)
    width = 2 * block - 1
    sums = [np.zeros(_size(block) // 2 + 1, np.complex128) for _ in range(rows)]
    # Blocks (row, column) on one diagonal see the same window of the seed: each column takes the windows of the one before.
    windows = deque(
        (_transform(_window(s, n + row * block, width), block) for row in range(rows - 1)), maxlen=rows
    )
    for column in range(columns):
        part = _transform(x[column * block : (column + 1) * block], block)
        windows.appendleft(_transform(_window(s, n - (column + 1) * block, width), block))
        for total, window in zip(sums, windows, strict=True):
            total += window * part
    pieces = [_round(total, block) for total in sums]
    return np.concatenate(pieces)[:length]


def amplify(bits: NDArray[np.generic], seed: NDArray[np.generic], length: int) -> Bits:
    """Return ``length`` bits that are uniform to Eve, by a random Toeplitz matrix.

    If Eve's smooth min-entropy about the bits is H, then ℓ = H - 2 log2(1/ε) bits are ε-close to uniform for her, even though
    she knows the seed (leftover hash lemma, Tomamichel et al. 2012). The seed is public and the same for both parties. It is
    drawn only after the quantum part is over, and never used again.

    Args:
        bits: The corrected and verified key, n bits.
        seed: n + length - 1 random bits.
        length: ℓ, 1 to n.

    Raises:
        ParameterError: If a length is wrong; a hash cannot have more secret bits than its input.
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


def _size(block: int) -> int:
    from scipy.fft import next_fast_len

    return int(next_fast_len(2 * block - 1, real=True))


def _transform(values: Bits, block: int) -> NDArray[np.complex128]:
    from scipy.fft import rfft

    transformed: NDArray[np.complex128] = rfft(values.astype(np.float64), _size(block))
    return transformed


def _window(seed: Bits, start: int, width: int) -> Bits:
    """Return a window of the seed; outside of it, where only padding meets it, zeros."""
    window = np.zeros(width, np.uint8)
    low, high = max(start, 0), min(start + width, len(seed))
    if high > low:
        window[low - start : high - start] = seed[low:high]
    return window


def _round(total: NDArray[np.complex128], block: int) -> Bits:
    """Return the parities of a transformed sum of convolutions."""
    from scipy.fft import irfft

    values: NDArray[np.float64] = irfft(total, _size(block))[block - 1 : 2 * block - 1]
    nearest = np.rint(values)
    worst = float(np.abs(values - nearest).max())
    if not worst < TOLERANCE:
        raise RoundingError(
            f"a transform ended {worst:.3g} from integers, {TOLERANCE} is allowed; nothing was hashed"
        )
    return (nearest.astype(np.int64) & 1).astype(np.uint8)


def check_size(block: int, columns: int) -> None:
    """Refuse sizes at which a rounding error of 1/2 could not be excluded beforehand.

    The norms of a block and of its window are at most √B and √(2B); each of the three transforms multiplies the norm's
    relative error by at most about 8 ulp for each of its log2(2B) levels.
    """
    bound = columns * math.sqrt(2) * block * 3 * 8 * math.log2(2 * block + 2) * 2**-53
    if bound >= TOLERANCE:
        raise ParameterError(
            f"hashing {columns} blocks of {block} bits could round wrongly; hash less at once"
        )
