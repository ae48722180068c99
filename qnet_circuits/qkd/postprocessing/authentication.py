"""One-time Wegman-Carter tags (Poly1305 with a fresh key each, RFC 8439), and the shared key that pays for them.

A tag proves that both parties saw the same conversation. Security is information-theoretic only because no key is used twice: a
session uses up its key, however the session ends.
"""

from __future__ import annotations

import hmac
import math
from typing import NoReturn

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.qkd.postprocessing.refusals import Refusal

#: Bytes of the one-time key of a tag.
TAG_KEY_BYTES = 32

#: Bits of key that a session uses: one tag in each direction.
SESSION_BITS = 2 * 8 * TAG_KEY_BYTES


def make_tag(key: bytes, message: bytes) -> bytes:
    """Return the Poly1305 tag of a message, 16 bytes.

    Args:
        key: 32 bytes that are used for this tag only.
        message: Any bytes.

    Raises:
        ParameterError: If the key has another length, or the key or the message is not bytes.

    Example:
        >>> make_tag(bytes(32), b"with a key of zeros every tag is zero") == bytes(16)
        True
    """
    from cryptography.hazmat.primitives.poly1305 import Poly1305

    if not (isinstance(key, bytes) and isinstance(message, bytes)):
        raise ParameterError(f"a tag takes bytes, got {type(key).__name__} and {type(message).__name__}")
    if len(key) != TAG_KEY_BYTES:
        raise ParameterError(f"the key of a tag has {TAG_KEY_BYTES} bytes, got {len(key)}")
    return Poly1305.generate_tag(key, message)


def check_tag(key: bytes, message: bytes, tag: bytes) -> bool:
    """Tell whether the tag is right, in a time that does not depend on where it is wrong.

    Example:
        >>> check_tag(bytes(range(32)), b"hello", make_tag(bytes(range(32)), b"hello"))
        True
    """
    return hmac.compare_digest(make_tag(key, message), tag if isinstance(tag, bytes) else b"")


def forgery_probability(message_bytes: int) -> float:
    """Return the largest probability that a forged tag on a message of L bytes passes, 8⌈L/16⌉ / 2^106 (Bernstein 2005).

    Raises:
        ParameterError: If the length is negative.

    Example:
        >>> round(math.log2(forgery_probability(1_000_000)), 1)
        -87.1
    """
    return 8 * max(1, math.ceil(check_count("message_bytes", message_bytes, 0) / 16)) / 2**106


class KeyPool:
    """Secret bytes that two parties share. Each party has its own copy, and both use them up in the same order.

    Args:
        secret: The shared bytes before the first session; one session needs at least 64.

    Raises:
        ParameterError: If the secret is not bytes.

    Example:
        >>> pool = KeyPool(bytes(range(64)))
        >>> offset, key = pool.take(32)
        >>> offset, len(key), pool
        (0, 32, <KeyPool: 32 bytes left, 32 used>)
    """

    def __init__(self, secret: bytes) -> None:
        if not isinstance(secret, bytes | bytearray):
            raise ParameterError(f"the secret of a pool is bytes, got {type(secret).__name__}")
        self._secret, self.used = bytearray(secret), 0

    def __repr__(self) -> str:
        return f"<KeyPool: {self.left} bytes left, {self.used} used>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a pool is not pickled or copied: two copies would use one key twice")

    @property
    def left(self) -> int:
        """Number of unused bytes."""
        return len(self._secret) - self.used

    def take(self, count: int, offset: int | None = None) -> tuple[int, bytes]:
        """Return the next bytes and their offset, and erase them from the pool.

        Args:
            count: How many.
            offset: The first byte to take; skipped bytes are lost. Default: the next unused byte.

        Raises:
            Refusal: If these bytes were used before, or too few are left.
        """
        offset = self.used if offset is None else offset
        if offset < self.used:
            raise Refusal("authentication", f"the key at byte {offset} was used before, {self.used} are gone")
        if offset + count > len(self._secret):
            raise Refusal("pool", f"{count} bytes of key are needed at byte {offset}, {self.left} are left")
        taken = bytes(self._secret[offset : offset + count])
        self._secret[: offset + count] = bytes(offset + count)
        self.used = offset + count
        return offset, taken

    def deposit(self, secret: bytes) -> None:
        """Append new secret bytes; both parties must append the same."""
        self._secret += secret

    def withdraw(self, count: int) -> None:
        """Remove the last bytes that were appended, because the peer did not accept.

        Raises:
            ParameterError: If it is more than what is left.
        """
        if count > self.left:
            raise ParameterError(f"{count} bytes cannot be taken back, {self.left} are left")
        del self._secret[len(self._secret) - count :]
