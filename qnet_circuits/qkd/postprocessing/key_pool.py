"""The secret bytes that two parties share, and what became of the sessions that used them.

A pool outlives its sessions, in memory or in a file. Its offset only grows, and each change is on disk before bytes are used.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from typing import NoReturn

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BYTES
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.pool_file import PoolFile
from qnet_circuits.qkd.postprocessing.pool_state import STAMP_BYTES, PoolState
from qnet_circuits.qkd.postprocessing.pooled import Held, OneTime, PooledKey
from qnet_circuits.qkd.postprocessing.refusals import Refusal

#: Bytes of a pool that lives of its own keys from the first session on.
FIRST_BYTES = STAMP_BYTES + SESSION_BYTES
#: The parties of a pool.
OWNERS = ("alice", "bob")


class KeyPool(PoolState):
    """Secret bytes that two parties share. Each party has its own copy, and both use them up in the same order.

    A pool in memory is gone with the process. ``create`` and ``open`` keep it in a file.

    Args:
        secret: The shared bytes before the first session. The first 32 prove where a pool stands and make no tag; each session
            needs 96 more.

    Raises:
        ParameterError: If the secret is not bytes, or shorter than 32 bytes.

    Example:
        >>> pool = KeyPool(bytes(range(128)))
        >>> pool
        <KeyPool: 96 bytes left, 0 used>
        >>> keys = pool.begin("name of a session", pool.stamps, 0, 1e-10)
        >>> keys.tag_keys["bob"] == bytes(range(32, 64)), pool
        (True, <KeyPool: 0 bytes left, 96 used>)
    """

    _file: PoolFile | None = None
    #: The latest greeting: none before it goes on.
    greeting: object = None
    #: The session that may still end with a key.
    _current: str | None = None

    @classmethod
    def create(cls, path: str | os.PathLike[str], secret: bytes, owner: str) -> KeyPool:
        """Make a new file of mode 0600 with one party's copy of a pool, and open it.

        Args:
            path: A file that does not exist.
            secret: The shared bytes, as above.
            owner: "alice" or "bob": a copy is used by one party alone.

        Raises:
            ParameterError: If the secret or the owner is not as stated.
            RecordError: If the file exists or cannot be written.
        """
        pool = cls(secret)
        pool.claim(check_name("owner", owner, OWNERS))
        pool._file = PoolFile.create(path, pool._to_dict())
        return pool

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> KeyPool:
        """Open a pool's file, and hold it until ``close`` or the end of the process.

        Raises:
            RecordError: If it is no pool of this version, is damaged or was edited, or others may read it.
            HeldError: If another process holds it.
        """
        file, plain = PoolFile.open(path)
        try:
            pool = cls._from_dict(plain)
        except BaseException:
            file.close()
            raise
        pool._file = file
        return pool

    def close(self) -> None:
        """Let go of the file. A closed pool, or one in memory, keeps nothing on disk."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> KeyPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<KeyPool: {self.left} bytes left, {self.used} used>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a pool is not pickled or copied: two copies would use one key twice")

    def claim(self, owner: str) -> None:
        """Say whose copy this is.

        Raises:
            ParameterError: If it is the other party's.
        """
        if self.owner not in ("", owner):
            raise ParameterError(f"this pool is {self.owner}'s copy; {owner} needs the other copy")
        self.owner = owner

    def skip(self, offset: int) -> None:
        """Go forward to an offset that the peer proved; never back."""
        if offset > self.used:
            self.used = offset
            self._save()

    def settle(self, stamp: bytes) -> None:
        """Drop all stamps older than one that the peer has proved; a newer one is that of a session that began since."""
        newest, *others = self.stamps
        if others:
            self.stamps = [newest] if stamp == newest else [newest, stamp]
            self._save()

    def begin(self, session: str, stamps: Sequence[bytes], offset: int, epsilon: float) -> OneTime:
        """Take the bytes of a session from an offset on, and add its failure probability to the sum.

        Bob's verdict is "refused" from then on, until he accepts: a crash before is a refusal.

        Args:
            session: Its name.
            stamps: The stamps from then on, the newest first.
            offset: The first byte that neither party has used.
            epsilon: The failure probability without that of the tags.

        Raises:
            Refusal: If too few bytes are left; then nothing changes.
        """
        at, left = max(offset, self.used), self.left + min(0, self.used - offset)
        if left < SESSION_BYTES:
            raise Refusal(
                "pool", f"a session needs {SESSION_BYTES} bytes of the pool, {max(0, left)} are left"
            )
        keys = OneTime.of(bytes(self._secret[at - self._first :][:SESSION_BYTES]))
        self.used = at + SESSION_BYTES
        self.stamps = list(stamps)
        self.epsilon += epsilon
        if self.owner == "bob":
            self._verdicts[session] = keys.refused
        self._current = session
        # On disk before anybody sees the bytes: whatever happens then, they are not taken again.
        self._save()
        return keys

    def enter(self, record: str) -> None:
        """Note that a record takes part in a session, before any of its bits are compared.

        What a session reveals about a record is paid for in this session alone. A second one would reveal more about the same
        bits, and a key of each would tell about the other.

        Args:
            record: The digest of the record.

        Raises:
            Refusal: If the record took part in a session before, however that ended.
        """
        if record in self._records:
            raise Refusal("record", "these rounds took part in a session before; measure new ones")
        self._records.append(record)
        self._save()

    def risk(self, epsilon: float) -> None:
        """Add the failure probability of a session's tags to the sum."""
        self.epsilon += epsilon
        self._save()

    def hold(self, key: PooledKey, refill: bytes, words: OneTime) -> None:
        """Keep Alice's key until Bob's verdict is known. Bob's tag was right, so all used bytes are erased.

        Raises:
            Refusal: If another session has begun since.
        """
        self._end(key.session)
        self.held = Held(key, refill, words.accepted, words.refused)
        self._erase()
        self._save()

    def accept(self, key: PooledKey, refill: bytes, words: OneTime) -> None:
        """Keep Bob's key, put the session's bytes back, and accept from then on.

        Alice's tag was right, so all used bytes are erased. She gives no tag while she holds a key: earlier verdicts are
        known.

        Raises:
            Refusal: If another session has begun since, or a refusal was told.
        """
        self._end(key.session)
        self._verdicts = {key.session: words.accepted}
        self._secret += refill
        self._keys[key.session] = key
        self._erase()
        self._save()

    def verdict(self, session: str) -> bytes:
        """Return the password of Bob's verdict on a session.

        Raises:
            Refusal: If this pool knows nothing of it.
        """
        if session not in self._verdicts:
            raise Refusal(
                "copied", f"Alice holds a key of session {session}, of which Bob's pool knows nothing"
            )
        if session == self._current:
            self._current = None
        return self._verdicts[session]

    def resolve(self, session: str, word: bytes) -> bool:
        """Hear Bob's verdict on the key that is held, and return whether he accepted it.

        Raises:
            Refusal: If the password is neither, or no key of this session is held; then nothing changes.
        """
        held = self.held
        if held is None or held.key.session != session:
            raise Refusal("replay", "a verdict came on a session whose key is not held")
        accepted = hmac.compare_digest(word, held.accepted)
        if not accepted and not hmac.compare_digest(word, held.refused):
            raise Refusal(
                "authentication", "Bob's verdict is wrong: it was changed, or somebody else sent it"
            )
        if accepted:
            self._secret += held.refill
            self._keys[session] = held.key
        self.held = None
        self._save()
        return accepted

    def collect(self) -> tuple[PooledKey, ...]:
        """Return all keys that both parties have and that were not released: the same ones until then.

        Put each into a safe place under the name of its session, and then release it: after a crash between the two the key
        is returned again, under the same name.
        """
        return tuple(self._keys.values())

    def key(self, session: str | None) -> SecretKey:
        """Return one of the keys that both parties have and that were not released."""
        return self._keys[str(session)].key

    def release(self, session: str) -> None:
        """Forget a key that was handed over. A session without a key changes nothing."""
        if self._keys.pop(session, None) is not None:
            self._save()

    def _end(self, session: str) -> None:
        """End the session that has begun last, which only it can do with a key, and once."""
        if session != self._current:
            raise Refusal("replay", "another session has begun since, or this one has ended")
        self._current = None

    def _erase(self) -> None:
        """Drop all used bytes."""
        count = self.used - self._first
        self._secret[:count] = bytes(count)
        del self._secret[:count]
        self._first = self.used

    def _save(self) -> None:
        if self._file is not None:
            self._file.write(self._to_dict())
