"""What is read from a disk and written to it: regular files of a bounded size, and JSON as its standard has it."""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from collections.abc import Mapping
from typing import Any

MOST_BYTES = 2**28
_MOST_LEVELS = 100


def read_file(path: str | os.PathLike[str], most: int | None = MOST_BYTES) -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file.
        most: The most bytes that it may have; None for as many as there are.

    Raises:
        OSError: If it cannot be read or has more bytes, or is a pipe or a device, which may never end.
    """
    with open(path, "rb", opener=_open_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        content = file.read(-1 if most is None else most + 1)
    if most is not None and len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes")
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to would be waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def parsed(text: str | bytes) -> Any:
    """Return the plain value of a JSON text.

    Raises:
        ValueError: If it is none: NaN and Infinity are no JSON, nor is a number that no float can hold.
        RecursionError: If it is nested more than 100 levels deep.

    Example:
        >>> parsed('{"hops": 3}')
        {'hops': 3}
        >>> parsed('{"hops": 1e999}')
        Traceback (most recent call last):
            ...
        ValueError: a number is not finite
    """
    plain = json.loads(text)
    level = [plain]
    for _ in range(_MOST_LEVELS):
        if any(isinstance(each, float) and not math.isfinite(each) for each in level):
            raise ValueError("a number is not finite")
        level = [inner for each in level if isinstance(each, dict | list) for inner in _values(each)]
        if not level:
            return plain
    raise RecursionError(f"it is nested more than {_MOST_LEVELS} levels deep")


def _values(plain: Any) -> Any:
    return plain.values() if isinstance(plain, dict) else plain


def finite(plain: Any) -> Any:
    """Return a plain value with None, which says unknown, in place of numbers that JSON does not have.

    Example:
        >>> finite({"values": [0.5, float("nan")]})
        {'values': [0.5, None]}
    """
    if isinstance(plain, Mapping):
        return {key: finite(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [finite(value) for value in plain]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
