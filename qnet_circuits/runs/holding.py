"""Locking a run's directory, so that only one process at a time works on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from qnet_circuits.errors import HeldError, RecordError


class Holding:
    """The lock of a directory.

    Args:
        path: The directory.
    """

    def __init__(self, path: Path) -> None:
        from filelock import FileLock

        self._path, self._lock = path, FileLock(path / ".lock")

    def take(self, timeout: float | None = None) -> AbstractContextManager[Any]:
        """Take the lock, and return a context manager that releases it, or raise HeldError if the time is up."""
        from filelock import Timeout

        try:
            return self._lock.acquire(timeout)
        except Timeout:
            raise HeldError(
                f"another process is using {self._path}; try again when it has finished"
            ) from None
        except OSError as error:
            raise RecordError(
                f"cannot lock {self._path / '.lock'}: {error.strerror}; make the directory and its files writable, "
                "or replay the run, which only reads"
            ) from None

    @contextmanager
    def free(self) -> Iterator[None]:
        """Release the lock for a while, and take it again."""
        self._lock.release()
        yield
        self.take()
