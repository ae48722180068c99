"""The file of a pool: one process holds it, and what was written is on disk before the writer goes on.

The file is text: JSON of a format, a version, the pool, and a checksum of the pool. It holds secrets, so its mode is 0600.
Each change replaces the file as a whole. What a disk keeps of replaced files is up to the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from qnet_circuits.errors import HeldError, RecordError, UnsupportedError

FORMAT, VERSION = "qnet-circuits key pool", 1
#: More than any pool has.
_MOST_BYTES = 2**28


class PoolFile:
    """An open file that this process holds. Made by ``create`` and ``open``.

    Args:
        path: The file.
        lock: Descriptor of the file that is locked.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path, self._lock = path, lock

    @classmethod
    def create(cls, path: str | os.PathLike[str], plain: dict[str, Any]) -> PoolFile:
        """Make a new file with a pool's plain form.

        Raises:
            RecordError: If it exists or cannot be written.
            HeldError: If another process is making it.
        """
        file = cls._held(Path(path).absolute())
        try:
            if file.path.exists():
                raise RecordError(f"{file.path} exists; a pool is never overwritten, so choose another name")
            file.write(plain)
        except BaseException:
            file.close()
            raise
        return file

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> tuple[PoolFile, dict[str, Any]]:
        """Hold a file, and return it and the pool's plain form.

        Raises:
            RecordError: If it is no pool of this version, is damaged or was edited, or others may read it.
            HeldError: If another process holds it.
        """
        # A link is followed once: later it would be the link that is replaced.
        found = Path(path).resolve()
        if not found.is_file():
            raise RecordError(f"{path} is no pool: there is no such file")
        file = cls._held(found)
        try:
            plain = file._read()
        except BaseException:
            file.close()
            raise
        return file, plain

    @classmethod
    def _held(cls, path: Path) -> PoolFile:
        """Lock the file beside a pool: the pool itself is replaced at each change."""
        try:
            import fcntl
        except ImportError:  # pragma: no cover - a system without it
            raise UnsupportedError(
                "a pool on disk needs a POSIX system, since it is locked by flock"
            ) from None
        try:
            lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RecordError(f"cannot lock {path}: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise HeldError(
                f"another process holds {path}; a pool is used by one process at a time"
            ) from None
        return cls(path, lock)

    def write(self, plain: dict[str, Any]) -> None:
        """Replace the content; it is on disk when this returns.

        Raises:
            RecordError: If it cannot be written; the old content is kept.
        """
        if self._lock < 0:
            raise RecordError(f"{self.path} was closed; open it again")
        new = f"{self.path}.new"
        try:
            # What a killed process left is no pool: it was never used.
            Path(new).unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(_signed(plain), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self.path)
            _sync(self.path.parent)
        except OSError as error:
            raise RecordError(f"cannot write {self.path}: {error.strerror}; no key was used") from None

    def close(self) -> None:
        """Let go of the file."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _read(self) -> dict[str, Any]:
        try:
            with open(self.path, "rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise RecordError(f"others may read {self.path}; if nobody did, give it the mode 0600")
                content = json.loads(file.read(_MOST_BYTES))
        except OSError as error:
            raise RecordError(f"cannot read {self.path}: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise RecordError(f"{self.path} is no pool, or is damaged: it is not whole JSON") from None
        return _checked(self.path, content)


def _signed(plain: dict[str, Any]) -> dict[str, Any]:
    return {"format": FORMAT, "version": VERSION, "sha256": _checksum(plain), "pool": plain}


def _checksum(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _checked(path: Path, content: Any) -> dict[str, Any]:
    """Return the pool of a file's content."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RecordError(f"{path} is no pool")
    if content.get("version") != VERSION:
        raise RecordError(f"{path} has version {content.get('version')!r}, and this library reads {VERSION}")
    plain = content.get("pool")
    if not isinstance(plain, dict) or content.get("sha256") != _checksum(plain):
        raise RecordError(f"{path} is damaged or was edited: its checksum is wrong; make a new pair of pools")
    return plain


def _sync(folder: Path) -> None:
    """Make a new name in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
