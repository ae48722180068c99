"""Closed forms of anonymous protocols."""

from __future__ import annotations

from qnet_circuits.errors import check_count, check_range


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
