"""Checks that several tasks make: of the kind of an answer's value, and of numbers and their commonest misconceptions."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from qnet_circuits.teaching.verdict import Check, shown


def real(value: Any) -> float | None:
    """Return a finite real number as a float, and None for anything else.

    Example:
        >>> real(1), real("1"), real(True), real(float("nan"))
        (1.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def whole_numbers(values: Any, low: int, high: int) -> list[int] | None:
    """Return the whole numbers of a list, tuple, set or array, each from ``low`` to ``high``, and None for anything else.

    Example:
        >>> whole_numbers((3, 1), 1, 12), whole_numbers([13], 1, 12), whole_numbers([1.0], 1, 12)
        ([3, 1], None, None)
    """
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, list | tuple | set) or any(isinstance(each, bool) for each in values):
        return None
    try:
        found = [operator.index(each) for each in values]
    except TypeError:
        return None
    return found if all(low <= each <= high for each in found) else None


def number_check(
    name: str, value: Any, wanted: float, within: float, mistakes: Mapping[str, float], otherwise: str
) -> Check:
    """Return the check of a number, with the hint of the misconception that leads nearest to it.

    Args:
        name: Name of the check.
        value: The answer's value.
        wanted: The teacher's value.
        within: How far the number may be from it.
        mistakes: The number to which a misconception leads, by its hint.
        otherwise: The hint for any other number.

    Example:
        >>> mistakes = {"A coin agrees half of the time.": 0.5}
        >>> number_check("agreement", 0.5, 1.0, 0.01, mistakes, "Count again.").hint
        'A coin agrees half of the time.'
    """
    aim = f"{wanted:.4g} ± {within:.2g}"
    number = real(value)
    if number is None:
        return Check.of(name, False, repr(value), "a number", "Return one finite number, such as 0.5.")
    if abs(number - wanted) <= within:
        return Check.of(name, True, number, aim, otherwise)
    near = {hint: abs(number - mistaken) for hint, mistaken in mistakes.items()}
    hint = min(near, key=near.__getitem__, default=otherwise)
    # The right number is not told: the next try would be no answer but a copy.
    return Check.of(
        name, False, number, "another number", hint if near.get(hint, math.inf) <= within else otherwise
    )


def kind_check(name: str, value: Any, right: bool, wanted: str) -> Check:
    """Return the check that a value is of the kind that was asked for."""
    return Check.of(
        name,
        right,
        "as asked" if right else shown(repr(value)),
        wanted,
        f"Return {wanted}, as the starter says.",
    )
