"""A key that does not show itself."""

from __future__ import annotations

import hmac
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.qkd.postprocessing.toeplitz import check_bits


class SecretKey:
    r"""Secret bits that are shown only by ``bits`` and ``to_bytes``: not by repr, print, pickle or an error message.

    Two keys are compared in a time that does not depend on where they differ. A key has no truth value, so that a key
    and the absence of one are never confused.

    Args:
        bits: A row of 0 and 1.

    Raises:
        ParameterError: If it is none.

    Example:
        >>> key = SecretKey(np.array([1, 0, 1, 1]))
        >>> key, len(key), key.to_bytes()
        (<SecretKey of 4 bits>, 4, b'\xb0')
        >>> bool(key)
        Traceback (most recent call last):
            ...
        TypeError: a key has no truth value; ask whether it is None
    """

    __slots__ = ("_bits",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, bits: NDArray[np.generic]) -> None:
        self._bits = check_bits("key", bits)
        self._bits.flags.writeable = False

    def __repr__(self) -> str:
        return f"<SecretKey of {len(self)} bits>"

    def __len__(self) -> int:
        return len(self._bits)

    def __bool__(self) -> NoReturn:
        raise TypeError("a key has no truth value; ask whether it is None")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretKey):
            return NotImplemented
        return len(self) == len(other) and hmac.compare_digest(self.to_bytes(), other.to_bytes())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled or copied; write to_bytes() to a file of mode 0600")

    def bits(self) -> NDArray[np.uint8]:
        """Return a copy of the bits."""
        return self._bits.copy()

    def to_bytes(self) -> bytes:
        """Return the bits packed, the first in the highest place of the first byte, filled up with zeros."""
        return np.packbits(self._bits).tobytes()

    def whole_bytes(self) -> bytes:
        """Return the same without the last bits that fill no byte: bits that fill it up would be no secret."""
        return self.to_bytes()[: len(self) // 8]
