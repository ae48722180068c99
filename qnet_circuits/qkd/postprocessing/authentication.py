"""One-time Wegman-Carter tags (Poly1305 with a fresh key each, RFC 8439), and how much key a session uses.

A tag proves that both parties saw the same conversation. Security is information-theoretic only because no key is used twice: a
session uses up its key, however the session ends.
"""

from __future__ import annotations

import hmac
import math

from qnet_circuits.errors import ParameterError, check_count

#: Bytes of the one-time key of a tag.
TAG_KEY_BYTES = 32

#: Bytes of a one-time password.
WORD_BYTES = 16

#: Bytes of key that a session uses: one tag in each direction, and a password for each of Bob's two verdicts.
SESSION_BYTES = 2 * TAG_KEY_BYTES + 2 * WORD_BYTES

#: The same in bits.
SESSION_BITS = 8 * SESSION_BYTES


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
