"""Python's collector of cyclic garbage, put off while many objects are made at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """Let a function run without collections of cyclic garbage in between.

    Making tensors creates hundreds of thousands of objects that all stay. Every hundred thousand or so the collector goes
    through all that the process holds, Qiskit included, and finds nothing: a third of the time of a prediction of 100 hops.
    What is garbage by then is collected after the function as ever; a collector that the caller has switched off stays off.

    Example:
        >>> collecting_later()(gc.isenabled)(), gc.isenabled()
        (False, True)
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
