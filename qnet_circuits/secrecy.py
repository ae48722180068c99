"""Objects that hold secrets cannot be pickled or copied."""

from __future__ import annotations

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
