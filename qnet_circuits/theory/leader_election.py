"""Elections by a W state whose qubits receive Pauli errors on their ways.

Every party measures Z and claims the lead if it reads 1. Without errors exactly one party claims, each with probability 1/n. An
arm flips its party's bit with probability f = q_X + q_Y; u is 1 - f.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from qnet_circuits.errors import check_count
from qnet_circuits.theory.arms import one_flipped, unflipped
from qnet_circuits.theory.bell_diagonal import Weights


def coins(parties: int) -> float:
    """Return the best probability that exactly one of n identical parties claims, if each tosses a coin of its own.

    With probability p for each to claim it is n p (1 - p)^(n - 1), which is largest at p = 1/n: (1 - 1/n)^(n - 1).

    Example:
        >>> [round(coins(n), 4) for n in (2, 3, 4, 100)]
        [0.5, 0.4444, 0.4219, 0.3697]
    """
    return (1 - 1 / check_count("parties", parties)) ** (parties - 1)


def elected(arms: Sequence[Weights], party: int) -> float:
    """Return the probability that one party claims and no other: [Π u + f_p Σ_{j≠p} f_j Π_{c≠p,j} u_c]/n.

    Args:
        arms: Weights of the arms.
        party: Place of the party among the arms.

    Example:
        >>> elected([(1, 0, 0, 0)] * 4, 0), round(elected([(0.9, 0.1, 0, 0)] * 2, 1), 4)
        (0.25, 0.41)
    """
    u = unflipped(arms)
    return (prod(u) + (1 - u[party]) * one_flipped(_others(u, party))) / len(u)


def nobody(arms: Sequence[Weights]) -> float:
    """Return the probability that nobody claims: Σ_i f_i Π_{c≠i} u_c/n.

    Example:
        >>> nobody([(1, 0, 0, 0)] * 4), round(nobody([(0.9, 0.1, 0, 0)] * 2), 4)
        (0.0, 0.09)
    """
    return one_flipped(unflipped(arms)) / len(arms)


def alone(arms: Sequence[Weights], party: int) -> float:
    """Return the probability that no other party claims: [Π_{k≠p} u_k + Σ_{i≠p} f_i Π_{k≠p,i} u_k]/n, at most 1/n.

    It is what a party reaches that always claims, and no strategy reaches more: what the others read does not depend on what
    a party does with its own qubit.

    Args:
        arms: Weights of the arms.
        party: Place of the party among the arms.

    Example:
        >>> alone([(1, 0, 0, 0)] * 4, 2), round(alone([(0.9, 0.1, 0, 0)] * 3, 0), 4)
        (0.25, 0.33)
    """
    others = _others(unflipped(arms), party)
    return (prod(others) + one_flipped(others)) / len(arms)


def _others(values: Sequence[float], party: int) -> list[float]:
    """Return the values of all parties but one."""
    return [value for k, value in enumerate(values) if k != party]
