"""Random bits: from the operating system for keys, from a root if they must repeat, from a seed for demonstrations."""

from __future__ import annotations

import hashlib
import os
import struct

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.secrecy import Unpicklable

#: Bytes of a root: 256 bits of the system's randomness.
ROOT_BYTES = 32
_DOMAIN = b"qnet-circuits randomness 1"


#: Random words that are drawn at once; those of a long run together would take much memory.
_AT_ONCE = 2**20


class Randomness(Unpicklable):
    """A source of random bits that says whether it may make keys.

    Without a seed or a root every bit comes from the operating system. With a seed, all bits follow from the seed, so a run can
    be repeated. Anybody who knows the seed knows the key; therefore ``demonstration`` is True and the result says so. A root is
    32 secret bytes from the operating system, expanded by SHAKE-256 (FIPS 202), so that the same analysis can be made again and
    gives the same key. Against anybody who cannot break SHAKE-256, such bits are as good as 256 random ones, which is also the
    promise of the system's own generator. They are not the unlimited true randomness that the proofs assume.

    Args:
        seed: Whole number of at least 0, or None.
        stream: Name of the stream: two parties with one seed or one root draw different bits.
        root: 32 secret bytes instead of a seed, or None.
        demonstration: Whether the root follows from something known, instead of being a secret of the operating system.

    Raises:
        ParameterError: If the seed is negative or not a whole number, the root does not have 32 bytes, or both are given.

    Example:
        >>> Randomness(3, "alice").bits(8).tolist() == Randomness(3, "alice").bits(8).tolist()
        True
        >>> Randomness().demonstration, Randomness(3)
        (False, <Randomness of a seed, stream ''>)
        >>> Randomness(root=bytes(32), stream="alice", demonstration=True)
        <Randomness of a root, stream 'alice'>
    """

    def __init__(
        self,
        seed: int | None = None,
        stream: str = "",
        *,
        root: bytes | None = None,
        demonstration: bool = False,
    ) -> None:
        self._stream = stream
        self._generator: np.random.Generator | None = None
        self._root, self._calls = _checked(root), 0
        if seed is not None and root is not None:
            raise ParameterError("a seed and a root are both given; the bits follow from one of them")
        if seed is not None:
            digest = hashlib.sha256(f"{check_count('seed', seed, 0)}/{stream}".encode()).digest()
            self._generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))
        #: Whether whoever knows a seed knows the bits.
        self.demonstration = seed is not None or demonstration

    def __repr__(self) -> str:
        if self._generator is None and self._root is None:
            return "<Randomness of the operating system>"
        return f"<Randomness of a {'root' if self._generator is None else 'seed'}, stream {self._stream!r}>"

    def bytes(self, count: int) -> bytes:
        """Return ``count`` random bytes."""
        check_count("count", count, 0)
        if self._generator is not None:
            return self._generator.bytes(count)
        if self._root is None:
            return os.urandom(count)
        self._calls += 1
        return _expanded(self._root, self._stream, self._calls, count)

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

    def order(self, total: int) -> NDArray[np.int64]:
        """Return the places 0 to ``total`` - 1 in random order; every order is equally likely, but for equal words as above."""
        words = np.frombuffer(self.bytes(8 * check_count("total", total, 0)), np.uint64)
        return np.argsort(words, kind="stable").astype(np.int64)

    def shuffled(self, numbers: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Return small numbers in random order; every order is equally likely.

        Random words are sorted that carry a number each in their lowest b bits. Words that are equal in all other bits, of
        probability below total² / 2^(65 - b), are the only deviation. This takes 8 bytes for each number, and no search for
        the places.
        """
        width = np.uint64(int(numbers.max(initial=0)).bit_length())
        words = np.empty(len(numbers), np.uint64)
        for start in range(0, len(numbers), _AT_ONCE):
            part = numbers[start : start + _AT_ONCE]
            drawn = np.frombuffer(self.bytes(8 * len(part)), np.uint64)
            words[start : start + len(part)] = (drawn >> width << width) | part
        words.sort()
        words &= (np.uint64(1) << width) - np.uint64(1)
        return words.astype(np.uint16)


def _expanded(root: bytes, stream: str, call: int, count: int) -> bytes:
    """Return the bytes of one call. What is hashed tells streams and calls apart: all parts but the last have a length."""
    name = stream.encode()
    return hashlib.shake_256(root + _DOMAIN + struct.pack("<QQ", call, len(name)) + name).digest(count)


def _checked(root: bytes | None) -> bytes | None:
    if root is not None and (not isinstance(root, bytes) or len(root) != ROOT_BYTES):
        # The message does not show it: what is nearly a root may be a secret.
        raise ParameterError(f"a root is {ROOT_BYTES} bytes, got another {type(root).__name__}")
    return root
