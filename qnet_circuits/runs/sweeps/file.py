"""The file of a sweep: one row a line, only ever added to, by one process at a time."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from qnet_circuits.devices.files import finite, parsed
from qnet_circuits.errors import HeldError, RecordError
from qnet_circuits.runs.sweeps.point import HEAD, SCHEMA

#: How every row begins, so that a torn one is known even where nothing else is in the file.
_BEGINS = f'{{"schema": {SCHEMA}, "id": "'.encode()


class RowsFile:
    """An open and locked file of rows. Made by ``opened``.

    Args:
        path: The file.
        descriptor: Its file descriptor.
        rows: The rows of the file, by their ids.
        size: The number of bytes of the rows.
    """

    def __init__(self, path: Path, descriptor: int, rows: dict[str, dict[str, Any]], size: int) -> None:
        self.path, self.rows = path, rows
        self._descriptor, self._size = descriptor, size

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row, which is on disk when this returns. An existing row is not changed.

        Raises:
            RecordError: If the row cannot be written; earlier rows are kept.
        """
        if row["id"] in self.rows:
            return
        plain = finite(row)
        line = json.dumps(plain, allow_nan=False).encode() + b"\n"
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise RecordError(
                f"cannot write {self.path}: {error.strerror}; its {len(self.rows)} rows are kept: free some space, and give "
                "the same command again"
            ) from None
        self._size += len(line)
        self.rows[row["id"]] = plain


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[RowsFile]:
    """Open and lock a file of rows, which is made if it does not exist. An incomplete last line is removed.

    Raises:
        RecordError: If the file cannot be written, or is not a file of rows.
        HeldError: If another process holds the file.
    """
    file = Path(path)
    with _held(file), _descriptor(file, os.O_RDWR | os.O_CREAT | os.O_APPEND) as descriptor:
        content = _content(file, descriptor)
        rows, size = _rows(file, content)
        if size < len(content):
            os.ftruncate(descriptor, size)
        yield RowsFile(file, descriptor, rows, size)


def read_rows(path: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Return the rows of a file by their ids. Nothing is written, and an incomplete last line is skipped.

    Raises:
        RecordError: If it cannot be read, or is no file of rows.
    """
    file = Path(path)
    with _descriptor(file, os.O_RDONLY) as descriptor:
        return _rows(file, _content(file, descriptor))[0]


@contextmanager
def _held(file: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        lock = file.with_name(f".{file.name}.lock")
        file.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock).acquire(0)
    except Timeout:
        raise HeldError(
            f"another process is using {file}; wait until it has finished, or give another path"
        ) from None
    except (OSError, ValueError) as error:  # A ValueError if it is no name of a file.
        raise _unusable(file, error) from None
    with held:
        yield


@contextmanager
def _descriptor(file: Path, flags: int) -> Iterator[int]:
    try:
        descriptor = os.open(file, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise _unusable(file, error) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _content(file: Path, descriptor: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise RecordError(f"{file} is not a regular file; give another path")
    with open(descriptor, "rb", closefd=False) as opened_file:
        return opened_file.read()


def _unusable(file: Path, error: OSError | ValueError) -> RecordError:
    why = error.strerror if isinstance(error, OSError) else error
    return RecordError(f"cannot open {str(file)!r}: {why}; give another path, or make it writable")


def _rows(file: Path, content: bytes) -> tuple[dict[str, dict[str, Any]], int]:
    """Return the rows by their ids, and their number of bytes; any later bytes are an incomplete line."""
    *lines, tail = content.split(b"\n")
    rows: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, 1):
        row = _row(file, number, line)
        rows.setdefault(row["id"], row)
    if tail and not rows and not (tail.startswith(_BEGINS) or _BEGINS.startswith(tail)):
        raise _foreign(file, 1)
    return rows, len(content) - len(tail)


def _row(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = parsed(line)
        whole = isinstance(row, dict) and set(HEAD) <= set(row) and isinstance(row["id"], str)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise _foreign(file, number)
    if row["schema"] != SCHEMA:
        raise RecordError(
            f"{file} has rows of schema {row['schema']}, this version reads {SCHEMA}; install a newer qnet-circuits"
        )
    plain: dict[str, Any] = row
    return plain


def _foreign(file: Path, number: int) -> RecordError:
    return RecordError(f"line {number} of {file} is not a row of a sweep; remove it, or give another path")
