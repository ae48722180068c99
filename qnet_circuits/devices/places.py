"""Places on a device as people name them: a qubit, or the two of a coupling."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any


def place_of(named: Any) -> tuple[int, ...]:
    """Return the qubits that are named, the smallest first; none if what is given names no qubits, or one of them twice.

    Args:
        named: 3, "3", (3, 4) or "3-4".

    Example:
        >>> place_of(3), place_of("4-3"), place_of((3, "4")), place_of("3-3"), place_of(True)
        ((3,), (3, 4), (3, 4), (), ())
    """
    if isinstance(named, str):
        parts: Iterable[Any] = named.split("-")
    else:
        parts = named if isinstance(named, tuple | frozenset) else (named,)
    try:
        qubits = sorted(map(_qubit, parts))
    except (TypeError, ValueError):
        return ()
    return tuple(qubits) if len(set(qubits)) == len(qubits) and qubits[:1] >= [0] else ()


def _qubit(part: Any) -> int:
    """Return a qubit's number; digits and nothing else, so that 3_4 is not 34."""
    if isinstance(part, bool):
        raise TypeError(part)
    if not isinstance(part, str):
        return operator.index(part)
    text = part.strip()
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)
