"""The fields of a protocol that describe the session in which its parties distil a key."""

from __future__ import annotations

from typing import Any

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters

#: Rounds that a run can hold in memory.
MOST_ROUNDS = 100_000_000


def set_session(protocol: Any, counted: str) -> None:
    """Check and store the number of rounds, the share of Z, and the limits of the session; for use in ``__post_init__``.

    Args:
        protocol: The protocol.
        counted: Name of the field that counts the rounds.

    Raises:
        ParameterError: If a value is out of range.
    """
    rounds = check_count(counted, getattr(protocol, counted), 1, MOST_ROUNDS)
    object.__setattr__(protocol, counted, int(rounds))
    share = check_open("key_basis_probability", protocol.key_basis_probability)
    object.__setattr__(protocol, "key_basis_probability", share)
    rules = protocol.rules
    for name in ("tolerance", "epsilon_secrecy", "epsilon_correctness"):
        object.__setattr__(protocol, name, getattr(rules, name))


def session_rules(protocol: Any, public_counts: int) -> SessionParameters:
    """Return the rules of the session that a protocol's fields describe.

    Args:
        protocol: The protocol.
        public_counts: How many numbers of rounds of a kind are on record beforehand.
    """
    return SessionParameters(
        protocol.tolerance,
        protocol.epsilon_secrecy,
        protocol.epsilon_correctness,
        protocol.schedule,
        authentication=protocol.authentication,
        public_counts=public_counts,
        length=protocol.length,
    )


def check_open(name: str, value: float) -> float:
    """Return a probability above 0 and below 1: both alternatives are needed.

    Raises:
        ParameterError: If the value is something else.

    Example:
        >>> check_open("key_basis_probability", 0.9)
        0.9
    """
    number = check_range(name, value, 0.0, 1.0)
    if number in (0.0, 1.0):
        raise ParameterError(f"{name} must be above 0 and below 1, got {number:g}")
    return number
