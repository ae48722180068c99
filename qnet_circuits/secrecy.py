"""Objects that hold secrets cannot be pickled or copied, and files that hold secrets are for their owner alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn, SupportsIndex


class Unpicklable:
    """An object that cannot be pickled or copied, since it holds secrets.

    Example:
        >>> import pickle
        >>> pickle.dumps(Unpicklable())
        Traceback (most recent call last):
            ...
        TypeError: an Unpicklable holds secrets: it is not pickled or copied
    """

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        article = "an" if name[0] in "AEIOU" else "a"
        raise TypeError(f"{article} {name} holds secrets: it is not pickled or copied")


def write_secret(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a new file that only its owner may read: all of it or nothing, since a part must not pass for the whole.

    Raises:
        OSError: If the file exists or cannot be written.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError:
        Path(path).unlink(missing_ok=True)
        raise
