"""The greeting before a session: whether two pools are of one pair, where each stands, and what Alice still holds.

Each pool has a stamp of 32 bytes, which never leaves it and which both renew from two fresh numbers at each greeting.
HMAC-SHA256 under the stamp proves that a pool is the one of last time. A restored backup, or the pool on a second machine, has
an older stamp; it is found out before it uses any bytes. If both pools are restored together, nothing finds it out.

No one-time key is used, so the greeting is safe only as far as HMAC-SHA256 is. Whoever changes messages can prevent a session.
Whoever also breaks HMAC-SHA256 can make both pools skip at most ``SKIP_SESSIONS`` sessions each time, and hide a copy. No key
depends on it: the session's tags cover the greeting too.

Alice keeps the stamp before, until Bob has shown the new one: her answer may not have reached him. Bob needs only one, since
Alice has each stamp before he has. Neither uses any bytes before the other has shown the new stamp.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass, field

from qnet_circuits.qkd.postprocessing.authentication import SESSION_BYTES
from qnet_circuits.qkd.postprocessing.channel import pack, unpack
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.refusals import Refusal

#: The largest number of sessions that a greeting may make a pool skip.
SKIP_SESSIONS = 16
#: Bytes of a fresh number.
NONCE_BYTES = 16


@dataclass(frozen=True)
class Agreed:
    """What both parties know after a greeting.

    Args:
        stamp: The new stamp.
        offset: The first byte of the pool that the session may use.
        held: The session whose key Alice holds, or "".
    """

    stamp: bytes = field(repr=False)
    offset: int
    held: str

    @property
    def session(self) -> str:
        """The public name of the session, which no other session has."""
        return hashlib.sha256(b"name of a session" + self.stamp).hexdigest()[:32]

    def proof(self, party: str) -> bytes:
        """Return what proves that a party has the new stamp."""
        return _proof(self.stamp, b"ready", party.encode())


def greet(pool: KeyPool, nonce: bytes) -> bytes:
    """Return Bob's greeting."""
    (stamp,) = pool.stamps
    said = pack(pool.name.encode(), struct.pack("<Q", pool.used), nonce, _mark(stamp))
    return said + _proof(stamp, b"bob", said)


def answer(pool: KeyPool, nonce: bytes, greeting: bytes) -> tuple[bytes, Agreed]:
    """Return Alice's answer to a greeting, and what both agree on. The pool keeps the new stamp and the one before.

    Raises:
        Refusal: If Bob's pool is of another pair, one of the two is a copy, they are too far apart, or the greeting was
            changed; then nothing changes.
    """
    said, proof = _cut(greeting)
    name, told, other, mark = unpack(said, 4)
    if name != pool.name.encode():
        raise Refusal("authentication", f"Bob's pool is not of one pair with Alice's, {pool.name}")
    known = [stamp for stamp in pool.stamps if _mark(stamp) == mark]
    if not known:
        raise Refusal(
            "copied",
            "the two pools do not remember the same last session: one of them is a copy or an old backup (or the greeting was "
            "changed); make a new pair",
        )
    _check(proof, known[0], b"bob", said)
    offset = _offset(pool, told)
    held = "" if pool.held is None else pool.held.key.session
    reply = pack(struct.pack("<Q", pool.used), nonce, held.encode())
    reply += _proof(known[0], b"alice", said, reply)
    agreed = Agreed(_next(known[0], other, nonce), offset, held)
    pool.renew(agreed.stamp, known[0])
    return reply, agreed


def hear(pool: KeyPool, greeting: bytes, nonce: bytes, reply: bytes) -> Agreed:
    """Return what both agree on, from Alice's answer to Bob's greeting. The pool keeps the new stamp.

    Raises:
        Refusal: If the answer was changed, or the two pools are too far apart; then nothing changes.
    """
    (stamp,) = pool.stamps
    said, proof = _cut(reply)
    _check(proof, stamp, b"alice", _cut(greeting)[0], said)
    told, other, held = unpack(said, 3)
    agreed = Agreed(_next(stamp, nonce, other), _offset(pool, told), held.decode())
    pool.renew(agreed.stamp)
    return agreed


def _cut(body: bytes) -> tuple[bytes, bytes]:
    """Return what was said and the proof of it."""
    return body[:-32], body[-32:]


def _mark(stamp: bytes) -> bytes:
    """Return the public name of a stamp."""
    return hashlib.sha256(b"mark of a stamp" + stamp).digest()[:8]


def _proof(stamp: bytes, *said: bytes) -> bytes:
    return hmac.digest(stamp, pack(*said), "sha256")


def _next(stamp: bytes, bobs: bytes, alices: bytes) -> bytes:
    return _proof(stamp, b"next stamp", bobs, alices)


def _check(proof: bytes, stamp: bytes, *said: bytes) -> None:
    if not hmac.compare_digest(proof, _proof(stamp, *said)):
        raise Refusal("authentication", "the greeting was changed, or somebody else sent it")


def _offset(pool: KeyPool, told: bytes) -> int:
    """Return the first byte that neither pool has used."""
    if len(told) != 8:
        raise Refusal("malformed", f"an offset has 8 bytes, got {len(told)}")
    theirs = int.from_bytes(told, "little")
    if abs(theirs - pool.used) > SKIP_SESSIONS * SESSION_BYTES:
        raise Refusal(
            "pool",
            f"one pool is at byte {pool.used} and the other at byte {theirs}; at most {SKIP_SESSIONS} sessions are skipped",
        )
    return max(theirs, pool.used)
