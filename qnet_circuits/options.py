"""What the verbs may be asked for: one check of each option, whichever verb it is given to."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from qnet_circuits.circuits.links import CARRIERS
from qnet_circuits.compiling.carriers import check_carrier
from qnet_circuits.compiling.lowering import MODES
from qnet_circuits.errors import ParameterError, UnknownNameError, check_count, check_range
from qnet_circuits.estimate import check_level
from qnet_circuits.noise.description import check_noise
from qnet_circuits.planning import MOST_SHOTS
from qnet_circuits.protocol import Protocol

MOST_REPEATS = 100
_LONGEST_REP_DELAY = 0.1
Check = Callable[[str, Any], Any]


def check_options(**given: Any) -> dict[str, Any]:
    """Return options in plain values, if each of them is what it may be.

    Every verb has its options checked here, before anything is made of them; what a backend or a device can do is judged later.

    Raises:
        ParameterError: If one is not; the message names it.
        TypeError: If there is no such option.

    Example:
        >>> check_options(shots=10, decoupling=True)
        {'shots': 10, 'decoupling': True}
        >>> check_options(mitigate="no")
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.ParameterError: mitigate must be True or False, got 'no'
    """
    for name in given:
        if name not in CHECKS:
            raise TypeError(f"there is no option {name!r}")
    return {name: CHECKS[name](name, value) for name, value in given.items()}


def _count(low: int, high: int | None = None) -> Check:
    return lambda name, value: check_count(name, value, low, high)


def _range(low: float, high: float) -> Check:
    return lambda name, value: check_range(name, value, low, high)


def _or_none(check: Check) -> Check:
    return lambda name, value: None if value is None else check(name, value)


def _of(kind: type | tuple[type, ...], what: str) -> Check:
    """Return the check that a value is of a kind, named in words."""

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, kind):
            raise ParameterError(f"{name} must be {what}, got {value!r}")
        return value

    return check


def _seed(name: str, value: Any) -> int:
    return secrets.randbits(53) if value is None else check_count(name, value, 0)


def _corrections(name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in MODES:
        raise UnknownNameError("correction mode", value, MODES)
    return value


def _carrier(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UnknownNameError("carrier", value, CARRIERS)
    return check_carrier(value)


def _memory(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not float(value) > 0:
        raise ParameterError(f"{name} must be a number of bytes above 0, got {value!r}")
    return float(value)


_FLAG = _of(bool, "True or False")
#: Each option of a verb, with its check: takes the name and the value, and returns the plain value.
CHECKS: dict[str, Check] = {
    "protocol": _of(Protocol, "a Protocol, such as RepeaterChain(hops=3)"),
    "shots": _or_none(_count(1, MOST_SHOTS)),
    "seed": _seed,
    "corrections": _corrections,
    "optimization_level": _count(0, 3),
    "carrier": _carrier,
    "noise": _or_none(lambda name, value: check_noise(value)),
    "repeats": _count(1, MOST_REPEATS),
    "predict": _or_none(_of(bool, "True, False or None")),
    "max_qpu_seconds": _or_none(_count(1)),
    "options": _or_none(
        _of(Mapping, 'a mapping of names to values, such as {"twirling.enable_gates": True}')
    ),
    "path": _or_none(_of((str, os.PathLike), "the path of a directory")),
    "figure": _or_none(_of(str, "the name of a figure")),
    "memory": _memory,
    "level": lambda name, value: check_level(value),
    "rep_delay": _or_none(_range(0.0, _LONGEST_REP_DELAY)),
    "remaining": _or_none(_range(0.0, math.inf)),
    **dict.fromkeys(("emulate_links", "decoupling", "mitigate", "controls", "verify", "dry_run"), _FLAG),
}
