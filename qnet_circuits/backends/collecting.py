"""Python's collector of cyclic garbage, put off while many objects are made at once."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def collecting_later(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function run without collections of cyclic garbage in between.

    Compiling and making noise explicit create hundreds of thousands of objects that all stay. Every hundred thousand or so the
    collector goes through all that the process holds, Qiskit included, and finds nothing: up to a quarter of the time. What is
    garbage by then is collected after the function as ever; a collector that the caller has switched off stays off.

    Example:
        >>> collecting_later(gc.isenabled)(), gc.isenabled()
        (False, True)
    """

    @functools.wraps(function)
    def inner(*arguments: P.args, **options: P.kwargs) -> R:
        if not gc.isenabled():
            return function(*arguments, **options)
        gc.disable()
        try:
            return function(*arguments, **options)
        finally:
            gc.enable()

    return inner
