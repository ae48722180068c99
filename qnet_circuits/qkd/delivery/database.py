"""The SQLite database of a key store: opened and checked, changed as a whole or not at all, and bits that are cut out of it.

Removed bits are overwritten in the file, and no other file keeps them. A disk may keep older blocks all the same, so the
directory belongs on an encrypted one.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from qnet_circuits.errors import RecordError, UnknownKeyError
from qnet_circuits.qkd.delivery.key_ids import LONGEST, Audience, KeyPlace

#: Ways of bits: given to masters of this host, or taken by masters of the other.
GIVEN, TAKEN = 0, 1
_HOUR = 3600.0
_VERSION = 1
_TABLES = (
    "host (owner TEXT, peer TEXT, refusal TEXT)",
    "session (name TEXT PRIMARY KEY, mark INT, bytes INT, epsilon REAL, given_secret BLOB, taken_secret BLOB)",
    "stock (session TEXT, way INT, first INT, bits BLOB, PRIMARY KEY (session, way, first))",
    "waiting (key_id TEXT, sae TEXT, bits BLOB, PRIMARY KEY (key_id, sae))",
    "quota (at REAL, sae TEXT, bytes INT)",
)


class Database:
    """An open database that belongs to a host and its peer.

    Args:
        path: Its directory.
        owner: Name of the host.
        peer: Name of the peer.

    Raises:
        RecordError: If the store is of another version or of other hosts, can be read by others, or is damaged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     Database(Path(directory), "A", "B").close()
        ...     Database(Path(directory), "A", "C")
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.RecordError: ... is the key store of A with B, not of A with C; give ...
    """

    def __init__(self, path: Path, owner: str, peer: str) -> None:
        self.path = path
        try:
            self._db = self._opened()
        except (OSError, sqlite3.Error) as error:
            said = getattr(error, "strerror", None) or error
            raise RecordError(
                f"the key store {path} cannot be opened: {said}; give a directory of its own"
            ) from None
        with self.change() as db:
            self._check(db, owner, peer)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _opened(self) -> sqlite3.Connection:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.path / "keys.sqlite"
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise RecordError(f"{file} can be read by others; give it mode 0600")
        db = sqlite3.connect(file, timeout=10, isolation_level=None)
        # A journal that is cut to nothing, and no temporary files: removed bits are in no file any more.
        for setting in ("secure_delete=ON", "journal_mode=TRUNCATE", "synchronous=FULL", "temp_store=MEMORY"):
            db.execute(f"PRAGMA {setting}")
        return db

    def _check(self, db: sqlite3.Connection, owner: str, peer: str) -> None:
        [version] = db.execute("PRAGMA user_version").fetchone()
        if version == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            for table in _TABLES:
                db.execute(f"CREATE TABLE {table}")
            db.execute("INSERT INTO host VALUES (?, ?, NULL)", (owner, peer))
            db.execute(f"PRAGMA user_version={_VERSION}")
        elif version != _VERSION:
            raise RecordError(
                f"the key store {self.path} has version {version}; this library reads {_VERSION}"
            )
        found = db.execute("SELECT owner, peer FROM host").fetchone()
        if found != (owner, peer):
            raise RecordError(
                f"{self.path} is the key store of {' with '.join(found)}, not of {owner} with {peer}; "
                "give its own names, or another directory"
            )

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Change the store as a whole or not at all. What is changed is on disk at the end of the ``with``.

        Raises:
            RecordError: If the file is damaged, full, or held by another process for ten seconds.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise RecordError(f"the key store {self.path} cannot be used: {error}") from None


def fill(db: sqlite3.Connection, session: str, way: int, bits: bytes) -> None:
    """Put bits into the stock, in blocks: giving a key rewrites one block."""
    for first in range(0, len(bits), LONGEST):
        db.execute(
            "INSERT INTO stock VALUES (?, ?, ?, ?)", (session, way, first, bits[first : first + LONGEST])
        )


def cut(db: sqlite3.Connection, session: str, way: int, first: int, size: int) -> bytes:
    """Remove bits from the stock and return them.

    Raises:
        UnknownKeyError: If they are not there any more.
    """
    found = db.execute(
        "DELETE FROM stock WHERE session=? AND way=? AND first<=? AND first+LENGTH(bits)>=? RETURNING first, bits",
        (session, way, first, first + size),
    ).fetchall()
    if not found:
        raise UnknownKeyError("the key was given before")
    [(start, bits)] = found
    for at, kept in ((start, bits[: first - start]), (first + size, bits[first - start + size :])):
        if kept:
            db.execute("INSERT INTO stock VALUES (?, ?, ?, ?)", (session, way, at, kept))
    return bytes(bits[first - start :][:size])


def shared(
    db: sqlite3.Connection, session: str, place: KeyPlace, audience: Audience, slave: str, key_id: str
) -> bytes:
    """Return a key for one of its slaves. The first who fetches the key leaves it for each of the others."""
    kept = db.execute(
        "DELETE FROM waiting WHERE key_id=? AND sae=? RETURNING bits", (key_id, slave)
    ).fetchall()
    if kept:
        return bytes(kept[0][0])
    key = cut(db, session, TAKEN, place.offset, place.size)
    for other in set(audience.slaves) - {slave}:
        db.execute("INSERT INTO waiting VALUES (?, ?, ?)", (key_id, other, key))
    return key


def used(db: sqlite3.Connection, master: str) -> int:
    """Return how many bytes a master took in the last hour."""
    db.execute("DELETE FROM quota WHERE at<?", (time.time() - _HOUR,))
    return int(db.execute("SELECT TOTAL(bytes) FROM quota WHERE sae=?", (master,)).fetchone()[0])
