"""The errors of arms: the ways from a source to parties, each with the weights of the Pauli error that its party receives."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory.bell_diagonal import Weights, check_weights


def check_arms(arms: Sequence[Weights]) -> list[Weights]:
    """Return the checked weights of at least two arms.

    Raises:
        ParameterError: If there are fewer than two arms or one has no weights.

    Example:
        >>> check_arms([(1, 0, 0, 0), (0.9, 0, 0, 0.1)])
        [(1.0, 0.0, 0.0, 0.0), (0.9, 0.0, 0.0, 0.1)]
    """
    if len(arms) < 2:
        raise ParameterError(f"arms must hold the weights of at least two arms, got {len(arms)}")
    return [check_weights(arm) for arm in arms]


def unflipped(arms: Sequence[Weights]) -> list[float]:
    """Return for each arm the probability q_I + q_Z that its party's bit is not flipped.

    Example:
        >>> unflipped([(0.9, 0.1, 0, 0), (0.9, 0, 0, 0.1)])
        [0.9, 1.0]
    """
    return [i + z for i, _, _, z in map(check_weights, arms)]


def one_flipped(kept: Sequence[float]) -> float:
    """Return the probability that exactly one bit is flipped, Σ_i f_i Π_{k≠i} u_k, of bits that are not with probability u.

    Example:
        >>> round(one_flipped([0.9, 0.9]), 6), one_flipped([])
        (0.18, 0)
    """
    return sum((1 - u) * prod(each for k, each in enumerate(kept) if k != i) for i, u in enumerate(kept))


def coherences(arms: Sequence[Weights]) -> tuple[float, float]:
    """Return what is left of |0...0><1...1| after the errors, Π (q_I - q_Z), and what became of it by flips, Π (q_X - q_Y).

    Example:
        >>> coherences([(0.9, 0, 0, 0.1), (1, 0, 0, 0)])
        (0.8, 0.0)
    """
    checked = [check_weights(arm) for arm in arms]
    return prod(i - z for i, _, _, z in checked), prod(x - y for _, x, y, _ in checked)


def axis_factor(arm: Weights, axis: int) -> float:
    """Return the factor of the mean of X, Y or Z (1, 2, 3): an error of another axis turns its sign.

    Example:
        >>> axis_factor((0.9, 0.1, 0, 0), 1), axis_factor((0.9, 0.1, 0, 0), 3)
        (1.0, 0.8)
    """
    return 1.0 - 2 * sum(arm[k] for k in (1, 2, 3) if k != axis)
