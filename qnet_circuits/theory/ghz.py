"""The fidelity of GHZ states that are made over Bell-diagonal links.

Links with Pauli errors make a GHZ state with a product of Paulis on it. The fidelity is the probability that this
product leaves (|0...0> + |1...1>)/√2 alone: no party flipped or all of them, and an even number of phase flips.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory.arms import axis_factor, check_arms, coherences
from qnet_circuits.theory.bell_diagonal import Weights, check_weights


def star_fidelity(arms: Sequence[Weights]) -> float:
    """Return the fidelity of a GHZ state that a centre teleports to the parties, one arm each.

    Party i receives its arm's Pauli. The state survives if all are I or Z with an even number of Z, or all are X or Y
    with an even number of Y: F = 1/2 [Π(q_I + q_Z) + Π(q_I - q_Z) + Π(q_X + q_Y) + Π(q_X - q_Y)]. For equal Werner arms
    this is [(F + g)^n + (F - g)^n + (2g)^n]/2 with g = (1 - F)/3.

    Args:
        arms: Weights of the arms, at least two.

    Raises:
        ParameterError: If there are fewer than two arms or one has no weights.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> round(star_fidelity([werner(0.95)] * 3), 5)
        0.85819
    """
    checked = check_arms(arms)
    populations = prod(i + z for i, _, _, z in checked) + prod(x + y for _, x, y, _ in checked)
    return (populations + star_coherence(checked)) / 2


def star_coherence(arms: Sequence[Weights]) -> float:
    """Return the coherence of a GHZ state that a centre teleports to the parties, one arm each.

    It is the mean of the correlators of all strings of X and Y with an even number of Y, each with its sign:
    C = Π(q_I - q_Z) + Π(q_X - q_Y).

    Args:
        arms: Weights of the arms, at least two.

    Raises:
        ParameterError: If there are fewer than two arms or one has no weights.

    Example:
        >>> round(star_coherence([(0.9, 0, 0, 0.1)] * 3), 6)
        0.512
    """
    return sum(coherences(check_arms(arms)))


def parity_contrast(arms: Sequence[Weights]) -> float:
    """Return the mean parity of X on all parties of a GHZ state that a centre teleports to them, one arm each.

    The state has the eigenvalue 1 of X on all parties. A Z or a Y on any arm changes its sign: C = Π(1 - 2 (q_Y + q_Z)). Arms
    that dephase with probability e give (1 - 2e)^n.

    Args:
        arms: Weights of the arms, at least two.

    Raises:
        ParameterError: If there are fewer than two arms or one has no weights.

    Example:
        >>> [round(parity_contrast([(0.98, 0, 0, 0.02)] * n), 4) for n in (4, 8)]
        [0.8493, 0.7214]
    """
    return prod(axis_factor(arm, 1) for arm in check_arms(arms))


def fusion_fidelity(links: Sequence[Weights]) -> float:
    """Return the fidelity of a GHZ state that is fused from the links along a chain.

    An X or a Y on a link flips all later parties, which no other link can undo, and a Z or a Y flips the phase. The
    state survives if all links have I or Z with an even number of Z: F = 1/2 [Π(q_I + q_Z) + Π(q_I - q_Z)].

    Args:
        links: Weights of the links, at least one; n links join n + 1 parties.

    Raises:
        ParameterError: If there is no link or one has no weights.

    Example:
        >>> round(fusion_fidelity([(0.9, 0, 0, 0.1), (0.9, 0, 0, 0.1)]), 6)
        0.82
    """
    if len(links) == 0:
        raise ParameterError("links must hold the weights of at least one link, got none")
    checked = [check_weights(link) for link in links]
    return (prod(i + z for i, _, _, z in checked) + prod(i - z for i, _, _, z in checked)) / 2
