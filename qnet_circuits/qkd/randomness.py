"""Random bits: the operating system's for keys, a seed's for demonstrations."""

from __future__ import annotations

import hashlib
import os

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import check_count


class Randomness:
    """A source of random bits that says whether it may make keys.

    Without a seed every bit comes from the operating system. With one, all of them follow from it: a run can be repeated,
    and whoever knows the seed knows the key, so ``demonstration`` is True and the result says so.

    Args:
        seed: Whole number of at least 0, or None for the operating system.
        stream: Name of the stream of a seed: two parties with one seed draw different bits.

    Raises:
        ParameterError: If the seed is negative or no whole number.

    Example:
        >>> Randomness(3, "alice").bits(8).tolist() == Randomness(3, "alice").bits(8).tolist()
        True
        >>> Randomness().demonstration, Randomness(3)
        (False, <Randomness of a seed, stream ''>)
    """

    def __init__(self, seed: int | None = None, stream: str = "") -> None:
        self._stream = stream
        self._generator: np.random.Generator | None = None
        if seed is not None:
            digest = hashlib.sha256(f"{check_count('seed', seed, 0)}/{stream}".encode()).digest()
            self._generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))

    def __repr__(self) -> str:
        of = "the operating system" if self._generator is None else f"a seed, stream {self._stream!r}"
        return f"<Randomness of {of}>"

    @property
    def demonstration(self) -> bool:
        """Whether a seed stands behind the bits."""
        return self._generator is not None

    def bytes(self, count: int) -> bytes:
        """Return ``count`` random bytes."""
        check_count("count", count, 0)
        return os.urandom(count) if self._generator is None else self._generator.bytes(count)

    def bits(self, count: int) -> NDArray[np.uint8]:
        """Return ``count`` random bits."""
        check_count("count", count, 0)
        return np.unpackbits(np.frombuffer(self.bytes((count + 7) // 8), np.uint8), count=count)

    def sample(self, total: int, size: int) -> NDArray[np.int64]:
        """Return ``size`` of the places 0 to ``total`` - 1, in order; every choice is equally likely.

        The places with the smallest of ``total`` random words of 64 bits are taken; two equal words, of probability below
        total² / 2^65, are the only deviation.
        """
        if check_count("size", size, 0, check_count("total", total, 0)) in (0, total):
            return np.arange(size, dtype=np.int64)
        words = np.frombuffer(self.bytes(8 * total), np.uint64)
        return np.sort(np.argsort(words, kind="stable")[:size]).astype(np.int64)
