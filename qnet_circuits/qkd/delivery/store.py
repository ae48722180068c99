"""The keys of one host for its applications: each bit is given once, even if the process is killed at any time.

Two hosts add the same keys. The host whose name comes first gives away the first half of each key, and the other host the
second half, so two masters who ask at the same time never get the same bits. Bits are removed from the store, and the removal
is on disk, before they are given: a process that is killed in between loses a key, and gives none twice. A store must not be
restored from a backup, since it would give the same keys again.
"""

from __future__ import annotations

import hmac
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qnet_circuits.errors import (
    NoKeyError,
    NotNamedError,
    ParameterError,
    UnknownKeyError,
    check_count,
    check_range,
)
from qnet_circuits.qkd.delivery.database import GIVEN, TAKEN, Database, cut, fill, shared, used
from qnet_circuits.qkd.delivery.key_ids import LONGEST, Audience, KeyPlace, mark_of, read_key_id
from qnet_circuits.secrecy import Unpicklable

#: Bytes of each half of a key that prove names of keys, and are given to nobody.
SECRET_BYTES = 16
#: Bytes of the shortest and the longest key of a session.
LEAST_KEY, MOST_KEY = 2 * SECRET_BYTES + 2, 2**25


@dataclass(frozen=True)
class StoredKey(Unpicklable):
    """A key that a store has given. Its repr shows no bits.

    Args:
        key_id: Its name, the same at both hosts.
        key: Its bits.
        epsilon: The bound on the failure of the session that made it; it holds for all keys of the session together.
    """

    key_id: str
    key: bytes = field(repr=False)
    epsilon: float


class KeyStore(Unpicklable):
    """The keys that a host shares with a peer, in a directory of its own that only its owner may read.

    Args:
        path: The directory; it is made if there is none.
        owner: Name of this host (the KME).
        peer: Name of the other host.

    Raises:
        ParameterError: If the names are equal or empty.
        RecordError: If the store is of another version or of other hosts, can be read by others, or is damaged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as base:
        ...     ours, theirs = KeyStore(f"{base}/a", "A", "B"), KeyStore(f"{base}/b", "B", "A")
        ...     added = [store.add("session 1", bytes(range(200)), 1e-10) for store in (ours, theirs)]
        ...     [made] = ours.take(Audience("app-1", ("app-2",), ("app-2",)), size=32)
        ...     [same] = theirs.fetch("app-1", "app-2", ("app-2",), [made.key_id])
        >>> made.key == same.key == bytes(range(16, 48))
        True
    """

    def __init__(self, path: str | Path, owner: str, peer: str) -> None:
        if not (owner and peer) or owner == peer:
            raise ParameterError(f"two hosts of a store have two names, got {owner!r} and {peer!r}")
        self.path, self.owner, self.peer = Path(path), owner, peer
        self._base = Database(self.path, owner, peer)

    def __repr__(self) -> str:
        return f"<KeyStore of {self.owner} with {self.peer} in {self.path}>"

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def add(self, name: str, key: bytes, epsilon: float) -> bool:
        """Add the key of a session. Both hosts must add the same.

        Args:
            name: The session's; a session that was added before adds nothing.
            key: Its key, 34 bytes to 32 MiB.
            epsilon: The bound on its failure, in [0, 1].

        Returns:
            Whether the key was added now.

        Raises:
            ParameterError: If a value is out of range, or a session of this name had another length or bound.
        """
        if not isinstance(key, bytes) or not LEAST_KEY <= len(key) <= MOST_KEY:
            found = f"{len(key)} bytes" if isinstance(key, bytes) else type(key).__name__
            raise ParameterError(f"a key for a store has {LEAST_KEY} to {MOST_KEY} bytes, got {found}")
        row = (name, mark_of(name), len(key), check_range("epsilon", epsilon, 0.0, 1.0))
        first, second = key[: len(key) // 2], key[len(key) // 2 :]
        given, taken = (first, second) if self.owner < self.peer else (second, first)
        with self._base.change() as db:
            before = db.execute(
                "SELECT name, mark, bytes, epsilon FROM session WHERE name=?", (name,)
            ).fetchone()
            if before not in (None, row):
                raise ParameterError(f"session {name!r} was added with another key of {before[2]} bytes")
            if before is None:
                db.execute("UPDATE host SET refusal=NULL")
                secrets = given[:SECRET_BYTES], taken[:SECRET_BYTES]
                db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", (*row, *secrets))
                fill(db, name, GIVEN, given[SECRET_BYTES:])
                fill(db, name, TAKEN, taken[SECRET_BYTES:])
        return before is None

    def refuse(self, reason: str) -> None:
        """Note why the last session ended without a key. Keys of earlier sessions stay, and the next key removes the note."""
        with self._base.change() as db:
            db.execute("UPDATE host SET refusal=?", (reason,))

    @property
    def refusal(self) -> str | None:
        """Why the last session ended without a key, or None."""
        with self._base.change() as db:
            reason: str | None = db.execute("SELECT refusal FROM host").fetchone()[0]
        return reason

    @property
    def epsilon(self) -> float:
        """The sum of the bounds of all sessions."""
        with self._base.change() as db:
            return float(db.execute("SELECT TOTAL(epsilon) FROM session").fetchone()[0])

    def left(self, size: int, master: str, quota: int | None = None) -> int:
        """Return how many keys of ``size`` bytes a master may take now."""
        with self._base.change() as db:
            stock = db.execute("SELECT TOTAL(LENGTH(bits) / ?) FROM stock WHERE way=?", (size, GIVEN))
            count = int(stock.fetchone()[0])
            return count if quota is None else min(count, max(0, quota - used(db, master)) // size)

    def take(
        self, audience: Audience, number: int = 1, size: int = 32, quota: int | None = None
    ) -> list[StoredKey]:
        """Give new keys to a master, all of them or none.

        Args:
            audience: The master, and the slaves who may fetch the keys from the other host.
            number: How many keys.
            size: Bytes of each, 1 to 4096.
            quota: Bytes that this master may take in an hour. Default: no bound.

        Raises:
            NoKeyError: If the stock or the quota does not suffice.
        """
        check_count("size", size, 1, LONGEST)
        with self._base.change() as db:
            if quota is not None and number * size > quota - used(db, audience.master):
                raise NoKeyError(f"the quota of {8 * quota} bits an hour is used up")
            if quota is not None:
                db.execute(
                    "INSERT INTO quota VALUES (?, ?, ?)", (time.time(), audience.master, number * size)
                )
            return [self._new(db, audience, size) for _ in range(check_count("number", number))]

    def _new(self, db: sqlite3.Connection, audience: Audience, size: int) -> StoredKey:
        found = db.execute(
            "SELECT session, first, mark, given_secret, epsilon FROM stock JOIN session ON session=name "
            "WHERE way=? AND LENGTH(bits)>=? ORDER BY session.rowid, first LIMIT 1",
            (GIVEN, size),
        ).fetchone()
        if found is None:
            raise NoKeyError("there is not enough key in stock")
        session, first, mark, secret, epsilon = found
        key = cut(db, session, GIVEN, first, size)
        return StoredKey(KeyPlace(mark, first, size).key_id(secret, audience), key, epsilon)

    def fetch(self, master: str, slave: str, known: Sequence[str], key_ids: Sequence[str]) -> list[StoredKey]:
        """Give a slave the keys that a master took at the other host, each once, and all of them or none.

        Args:
            master: Who took the keys.
            slave: Who fetches them.
            known: All applications of this host.
            key_ids: The names of the keys.

        Raises:
            ParameterError: If a name is not a UUID.
            UnknownKeyError: If the store does not have a key, or the slave fetched it before.
            NotNamedError: If a key was made for other slaves.
        """
        with self._base.change() as db:
            return [self._known(db, master, slave, known, each.lower()) for each in key_ids]

    def _known(
        self, db: sqlite3.Connection, master: str, slave: str, known: Sequence[str], key_id: str
    ) -> StoredKey:
        place, mask = read_key_id(key_id)
        audience = Audience.of(master, mask, known)
        rows = db.execute("SELECT name, taken_secret, epsilon FROM session WHERE mark=?", (place.mark,))
        made = [row for row in rows if hmac.compare_digest(place.key_id(row[1], audience), key_id)]
        if not made:
            raise UnknownKeyError("no key has this name")
        if slave not in audience.slaves:
            raise NotNamedError(f"{slave} is not among those for whom the key was made")
        [(session, _, epsilon)] = made
        return StoredKey(key_id, shared(db, session, place, audience, slave, key_id), epsilon)
