"""What a pool remembers, and its form in a file."""

from __future__ import annotations

import hashlib
from typing import Any, Self

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BYTES
from qnet_circuits.qkd.postprocessing.pooled import Held, PooledKey

#: Bytes at the beginning of the secret that prove where a pool stands; no tag uses them.
STAMP_BYTES = 32


class PoolState:
    """What a pool remembers; ``KeyPool`` changes it.

    Args:
        secret: The shared bytes before the first session, the stamp first.

    Raises:
        ParameterError: If the secret is not bytes, or shorter than 32 bytes.

    Example:
        >>> state = PoolState(bytes(range(130)))
        >>> state.left, PoolState._from_dict(state._to_dict()).name == state.name
        (98, True)
    """

    def __init__(self, secret: bytes) -> None:
        if not isinstance(secret, bytes | bytearray):
            raise ParameterError(f"the secret of a pool is bytes, got {type(secret).__name__}")
        if len(secret) < STAMP_BYTES:
            raise ParameterError(
                f"the secret of a pool has {STAMP_BYTES} bytes and {SESSION_BYTES} for each session before the first key, "
                f"got {len(secret)}"
            )
        #: Whose copy this is: "alice" or "bob"; "" before its first session.
        self.owner = ""
        #: What proves where the pool stands, the newest first; see ``hello``.
        self.stamps = [bytes(secret[:STAMP_BYTES])]
        #: A public name, which both copies have.
        self.name = hashlib.sha256(b"name of a pool" + self.stamps[0]).hexdigest()[:16]
        #: Number of bytes that were used or skipped.
        self.used = 0
        #: Sum of the failure probabilities of all sessions, also of those that ended without a key.
        self.epsilon = 0.0
        #: The key that waits for Bob's verdict, if there is one.
        self.held: Held | None = None
        self._verdicts: dict[str, bytes] = {}
        self._keys: dict[str, PooledKey] = {}
        self._records: list[str] = []
        self._first, self._secret = 0, bytearray(secret[STAMP_BYTES:])

    @property
    def left(self) -> int:
        """Number of unused bytes."""
        return self._first + len(self._secret) - self.used

    def _to_dict(self) -> dict[str, Any]:
        """Return the form for the file, which shows everything."""
        return {
            "owner": self.owner,
            "name": self.name,
            "used": self.used,
            "first": self._first,
            "secret": self._secret.hex(),
            "stamps": [stamp.hex() for stamp in self.stamps],
            "epsilon": self.epsilon,
            "held": None if self.held is None else self.held.to_dict(),
            "verdicts": {session: word.hex() for session, word in self._verdicts.items()},
            "keys": [key.to_dict() for key in self._keys.values()],
            "records": self._records,
        }

    @classmethod
    def _from_dict(cls, plain: dict[str, Any]) -> Self:
        """Return the pool that ``_to_dict`` wrote; a checksum has shown that nothing was changed."""
        pool = cls(bytes(STAMP_BYTES))
        pool.owner, pool.name, pool.epsilon = plain["owner"], plain["name"], plain["epsilon"]
        pool.used, pool._first = plain["used"], plain["first"]
        pool._secret = bytearray.fromhex(plain["secret"])
        pool.stamps = [bytes.fromhex(stamp) for stamp in plain["stamps"]]
        pool.held = None if plain["held"] is None else Held.from_dict(plain["held"])
        pool._verdicts = {session: bytes.fromhex(word) for session, word in plain["verdicts"].items()}
        pool._records = list(plain["records"])
        keys = map(PooledKey.from_dict, plain["keys"])
        pool._keys = {key.session: key for key in keys}
        return pool
