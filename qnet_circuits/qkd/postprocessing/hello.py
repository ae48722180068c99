"""The greeting before a session: whether two pools are of one pair, where each stands, and what Alice still holds.

Each pool has a stamp of 32 bytes, which never leaves it. Each session makes a new one from the old one and two fresh numbers.
HMAC-SHA256 under the stamp proves that a pool is the one of last time. A restored backup, or the pool on a second machine, has
an older stamp; it is found out before it uses any bytes. If both pools are restored together, nothing finds it out.

No one-time key is used, so the greeting is safe only as far as HMAC-SHA256 is. Whoever changes messages can prevent a session.
Whoever also breaks HMAC-SHA256 can make both pools skip at most ``SKIP_SESSIONS`` sessions each time, and hide a copy. No key
depends on it: the session's tags cover the greeting too.

The greeting has two questions. With "hello" each proves its stamp, and tells its offset and a fresh number; nothing changes but
that a pool goes forward to the other's offset. Bob then takes the session's bytes, keeps both stamps, and proves the new one
with "ready". Alice takes the bytes and the new stamp, and proves it. After that Bob drops the old one. He signs nothing before,
so a copy of either pool that is greeted afterwards starts behind these bytes.
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
#: Bytes of the public name of a stamp.
MARK_BYTES = 8
#: Why a proof is wrong.
CHANGED = "the greeting was changed, or somebody else sent it"
#: Bytes of a fresh number.
NONCE_BYTES = 16


@dataclass(frozen=True)
class Agreed:
    """What both parties know after a greeting.

    Args:
        stamp: The new stamp.
        before: The old one.
        offset: The first byte of the pool that the session may use.
        held: The session whose key Alice holds, or "".
    """

    stamp: bytes = field(repr=False)
    before: bytes = field(repr=False)
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
    """Return Bob's greeting, with a proof of each stamp that Alice's pool may have."""
    marks = b"".join(map(_mark, pool.stamps))
    said = pack(pool.name.encode(), struct.pack("<Q", pool.used), nonce, marks)
    return pack(said, b"".join(_proof(stamp, b"bob", said) for stamp in pool.stamps))


def answer(pool: KeyPool, nonce: bytes, greeting: bytes) -> tuple[bytes, Agreed]:
    """Return Alice's answer to a greeting, and what both agree on.

    Raises:
        Refusal: If Bob's pool is of another pair, one of the two is a copy, they are too far apart, or the greeting was
            changed; then nothing changes.
    """
    said, proofs = unpack(greeting, 2)
    name, told, other, marks = unpack(said, 4)
    if name != pool.name.encode():
        raise Refusal("authentication", f"Bob's pool is not of one pair with Alice's, {pool.name}")
    (stamp,) = pool.stamps
    known = [marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES)]
    if _mark(stamp) not in known:
        raise Refusal(
            "copied",
            "the two pools do not remember the same last session: one of them is a copy or an old backup (or the greeting was "
            "changed); go on with the newest copy, or make a new pair",
        )
    at = 32 * known.index(_mark(stamp))
    if not hmac.compare_digest(proofs[at : at + 32], _proof(stamp, b"bob", said)):
        raise Refusal("authentication", CHANGED)
    offset, held = _offset(pool, told), "" if pool.held is None else pool.held.key.session
    reply = pack(struct.pack("<Q", pool.used), nonce, held.encode())
    pool.skip(offset)
    agreed = Agreed(_proof(stamp, b"next stamp", other, nonce), stamp, offset, held)
    pool.greeting = agreed
    return pack(reply, _proof(stamp, b"alice", said, reply)), agreed


def hear(pool: KeyPool, greeting: bytes, nonce: bytes, reply: bytes) -> Agreed:
    """Return what both agree on, from Alice's answer to Bob's greeting.

    Raises:
        Refusal: If the answer was changed, or the two pools are too far apart; then nothing changes.
    """
    said, (answered, proof) = unpack(greeting, 2)[0], unpack(reply, 2)
    hers = [one for one in pool.stamps if hmac.compare_digest(proof, _proof(one, b"alice", said, answered))]
    if not hers:
        raise Refusal("authentication", CHANGED)
    told, other, held = unpack(answered, 3)
    return Agreed(_proof(hers[0], b"next stamp", nonce, other), hers[0], _offset(pool, told), held.decode())


def _mark(stamp: bytes) -> bytes:
    """Return the public name of a stamp."""
    return hashlib.sha256(b"mark of a stamp" + stamp).digest()[:MARK_BYTES]


def _proof(stamp: bytes, *said: bytes) -> bytes:
    return hmac.digest(stamp, pack(*said), "sha256")


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
