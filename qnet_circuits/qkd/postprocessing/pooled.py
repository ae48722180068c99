"""What a pool keeps of its sessions: the one-time keys of a session, keys, and a key that is held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qnet_circuits.qkd.postprocessing.authentication import TAG_KEY_BYTES, WORD_BYTES
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.secrecy import Unpicklable


@dataclass(frozen=True, eq=False)
class OneTime(Unpicklable):
    """The bytes of one session: a key for each party's tag, and the password of each of Bob's two verdicts."""

    tag_keys: dict[str, bytes] = field(repr=False)
    accepted: bytes = field(repr=False)
    refused: bytes = field(repr=False)

    @classmethod
    def of(cls, taken: bytes) -> OneTime:
        """Cut a session's bytes: Bob's tag, Alice's tag, "accepted", "refused"."""
        tags, words = taken[: 2 * TAG_KEY_BYTES], taken[2 * TAG_KEY_BYTES :]
        keys = {"bob": tags[:TAG_KEY_BYTES], "alice": tags[TAG_KEY_BYTES:]}
        return cls(keys, words[:WORD_BYTES], words[WORD_BYTES:])


@dataclass(frozen=True, eq=False)
class PooledKey(Unpicklable):
    """A key that both parties have.

    Args:
        session: The name of its session, which both parties know.
        key: The key.
        epsilon: The failure probability of its session.

    Example:
        >>> PooledKey("00ff", SecretKey(np.ones(8, np.uint8)), 1e-10)
        PooledKey(session='00ff', key=<SecretKey of 8 bits>, epsilon=1e-10)
    """

    session: str
    key: SecretKey
    epsilon: float

    def to_dict(self) -> dict[str, Any]:
        """Return the form for the pool's file, which shows the key."""
        return {
            "session": self.session,
            "bits": len(self.key),
            "key": self.key.to_bytes().hex(),
            "epsilon": self.epsilon,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> PooledKey:
        """Return the key that ``to_dict`` wrote."""
        packed = np.frombuffer(bytes.fromhex(plain["key"]), np.uint8)
        return cls(
            plain["session"], SecretKey(np.unpackbits(packed, count=plain["bits"])), float(plain["epsilon"])
        )


@dataclass(frozen=True, eq=False)
class Held(Unpicklable):
    """A key that Alice has and must not use before she knows Bob's verdict.

    Args:
        key: The key.
        refill: The bytes that its session puts back into the pool.
        accepted: The password with which Bob says that he has the key too.
        refused: The password with which he says that he has none.
    """

    key: PooledKey
    refill: bytes = field(repr=False)
    accepted: bytes = field(repr=False)
    refused: bytes = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the form for the pool's file, which shows everything."""
        words = {"refill": self.refill.hex(), "accepted": self.accepted.hex(), "refused": self.refused.hex()}
        return {"key": self.key.to_dict(), **words}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Held:
        """Return what ``to_dict`` wrote."""
        words = {name: bytes.fromhex(plain[name]) for name in ("refill", "accepted", "refused")}
        return cls(PooledKey.from_dict(plain["key"]), **words)
