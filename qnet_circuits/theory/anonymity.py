"""Closed forms of anonymous protocols: a veto, and the pair of a hidden sender and receiver.

Parties share a state that a centre teleports to them, one arm each, whose Pauli errors are on the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from qnet_circuits.errors import check_count, check_range
from qnet_circuits.theory.arms import axis_factor, one_flipped, unflipped
from qnet_circuits.theory.bell_diagonal import Weights, check_weights, convolve


def veto_correct(odd: float, rounds: int, vetoed: bool) -> float:
    """Return the probability that rounds of an anonymous veto end with the right answer.

    The answer is that somebody vetoes if any round has an odd parity (Broadbent and Tapp, arXiv:0706.2010). It is right with
    probability 1 - (1 - p)^r if somebody does, and (1 - p)^r if nobody does.

    Args:
        odd: Probability p that one round has an odd parity, in [0, 1]; 1/2 if somebody vetoes.
        rounds: Number r of rounds, at least 1.
        vetoed: Whether somebody vetoes.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> veto_correct(0.5, 5, vetoed=True), veto_correct(0.0, 5, vetoed=False)
        (0.96875, 1.0)
    """
    quiet = (1 - check_range("odd", odd, 0, 1)) ** check_count("rounds", rounds)
    return 1 - quiet if vetoed else quiet


def ghz_pair(ends: tuple[Weights, Weights], others: Sequence[Weights]) -> Weights:
    """Return the weights of the pair that sender and receiver make of a GHZ state if all others measure X.

    Errors of both ends act on the pair. A wrong parity of the others' results is Z on it: with probability e at each of n
    parties, dephasing gives the fidelity (1 + (1 - 2e)^n)/2.

    Args:
        ends: Weights of the arms of sender and receiver.
        others: Weights of the arms of all others.

    Raises:
        ParameterError: If an arm has no weights.

    Example:
        >>> arm = (0.98, 0, 0, 0.02)
        >>> [round(ghz_pair((arm, arm), [arm] * (n - 2))[0], 4) for n in (4, 8)]
        [0.9247, 0.8607]
    """
    wrong = (1 - prod(axis_factor(arm, 1) for arm in map(check_weights, others))) / 2
    return convolve(convolve(*ends), (1 - wrong, 0, 0, wrong))


def w_pair(ends: tuple[Weights, Weights], others: Sequence[Weights]) -> tuple[float, float]:
    """Return how often all others read 0 in Z on a W state, and the fidelity of the ends' pair with Ψ+ if they do.

    They read 0 if the excitation is at one of the ends and no other is flipped, which leaves Ψ+ with the errors of the ends; or
    if it is at another whose flip hides it, which leaves |00⟩. Dephasing with probability e gives the share 2/n and the
    fidelity (1 + (1 - 2e)²)/2, whatever n is.

    Args:
        ends: Weights of the arms of sender and receiver.
        others: Weights of the arms of all others.

    Raises:
        ParameterError: If an arm has no weights.

    Example:
        >>> arm = (0.98, 0, 0, 0.02)
        >>> [tuple(round(value, 4) for value in w_pair((arm, arm), [arm] * (n - 2))) for n in (4, 8)]
        [(0.5, 0.9608), (0.25, 0.9608)]
    """
    n = len(others) + 2
    kept = unflipped(others)
    one, other = (1 - u for u in unflipped(ends))
    true, hidden = 2 / n * prod(kept), one_flipped(kept) / n
    fidelity = true * convolve(*ends)[0] + hidden * (one * (1 - other) + other * (1 - one)) / 2
    return true + hidden, fidelity / (true + hidden)
