"""W states, one excitation shared by n parties, that are made over Bell-diagonal arms.

A source sends one qubit of (|10...0> + |01...0> + ... + |00...1>)/√n to each party, and party c receives the Pauli error of
its arm. With weights q_P of the error, u_c = q_I + q_Z is the probability that the qubit is not flipped, f_c = 1 - u_c that it
is, and t_c = q_I - q_Z.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod

from qnet_circuits.theory.arms import axis_factor, check_arms, unflipped
from qnet_circuits.theory.bell_diagonal import Weights


def entangled(parties: int) -> float:
    """Return the fidelity with W that only genuine entanglement of all parties exceeds, (n - 1)/n.

    Across a split of k and n - k parties the squared Schmidt coefficients of W are k/n and (n - k)/n, and no state that is a
    product across a split has a larger fidelity than the largest of them. For two parties it is the 1/2 of a Bell state.

    Example:
        >>> entangled(2), entangled(4)
        (0.5, 0.75)
    """
    return (parties - 1) / parties


def pair_concurrence(parties: int) -> float:
    """Return the concurrence of each pair of parties, 2/n (Dür, Vidal, Cirac, quant-ph/0005115).

    Example:
        >>> [round(pair_concurrence(n), 4) for n in (3, 4, 5)]
        [0.6667, 0.5, 0.4]
    """
    return 2 / parties


def fidelity(arms: Sequence[Weights]) -> float:
    """Return the fidelity of a W state with the errors of its arms.

    The overlap of W with P|W> is (n - 2s)/n if P is Z on s parties, 2/n if it is XX or YY on two parties and I or Z on the
    others, and 0 otherwise. So F = [n Π u_c + 2 Σ_{a<b} (t_a t_b + 2 x_a x_b + 2 y_a y_b) Π_{c≠a,b} u_c]/n².

    Args:
        arms: Weights of the arms, at least two.

    Raises:
        ParameterError: If there are fewer than two arms or one has no weights.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> round(fidelity([werner(0.95)] * 3), 5), fidelity([werner(1.0)] * 4)
        (0.8632, 1.0)
    """
    checked = check_arms(arms)
    n = len(checked)
    kept = n * prod(unflipped(checked))
    for a, b in combinations(range(n), 2):
        (i_a, x_a, y_a, z_a), (i_b, x_b, y_b, z_b) = checked[a], checked[b]
        moved = (i_a - z_a) * (i_b - z_b) + 2 * (x_a * x_b + y_a * y_b)
        kept += 2 * moved * prod(unflipped(_without(checked, a, b)))
    return kept / n**2


def pair_coherence(arms: Sequence[Weights]) -> float:
    """Return the mean over pairs of (<XX> + <YY>)/2, which is 2/n times the means of the arms' correlators.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> round(pair_coherence([werner(0.95)] * 3), 5)
        0.58074
    """
    checked = check_arms(arms)
    pairs = list(combinations(checked, 2))
    total = sum(
        axis_factor(a, 1) * axis_factor(b, 1) + axis_factor(a, 2) * axis_factor(b, 2) for a, b in pairs
    )
    return pair_concurrence(len(checked)) * total / (2 * len(pairs))


def exactly_one(arms: Sequence[Weights]) -> float:
    """Return the probability that exactly one party reads 1 when all measure Z: Π u_c + 2/n Σ_{a<b} f_a f_b Π_{c≠a,b} u_c.

    Example:
        >>> round(exactly_one([(0.9, 0.1, 0, 0), (1, 0, 0, 0)]), 6)
        0.9
    """
    checked = check_arms(arms)
    u = unflipped(checked)
    swapped = sum(
        (1 - u[a]) * (1 - u[b]) * prod(unflipped(_without(checked, a, b)))
        for a, b in combinations(range(len(u)), 2)
    )
    return prod(u) + 2 / len(u) * swapped


def singlet(arms: Sequence[Weights]) -> float:
    """Return the probability of the singlet (1 - <XX> - <YY> - <ZZ>)/4 of two parties, its mean over pairs; 0 without errors.

    Example:
        >>> singlet([(1, 0, 0, 0)] * 3), singlet([(0.25, 0.25, 0.25, 0.25)] * 3)
        (0.0, 0.25)
    """
    checked = check_arms(arms)
    shared = pair_concurrence(len(checked))
    pairs = list(combinations(checked, 2))
    total = 0.0
    for a, b in pairs:
        x, y, z = (axis_factor(a, axis) * axis_factor(b, axis) for axis in (1, 2, 3))
        total += (1 - shared * (x + y) - (1 - 2 * shared) * z) / 4
    return total / len(pairs)


def collective_bound(parties: int, one: float, singlet: float) -> float:
    """Return a lower bound on the fidelity with W from three settings: all parties measure Z, or all X, or all Y.

    The operator Σ_{a<b} (1 - XX - YY - ZZ)/2 is n/2 (n/2 + 1) - J² for the total spin J, so it is never negative. Among
    states with exactly one 1 it is 0 for W and n for all states orthogonal to W. Hence F is at least P - (n - 1) s, and equal
    if there always is exactly one 1.

    Args:
        parties: Number n of parties.
        one: Probability P that exactly one party reads 1.
        singlet: Probability s that two parties are in the singlet, its mean over pairs.

    Example:
        >>> collective_bound(4, 1.0, 0.0), collective_bound(3, 0.375, 0.25)
        (1.0, -0.125)
    """
    return one - (parties - 1) * singlet


def _without(arms: Sequence[Weights], *left_out: int) -> list[Weights]:
    return [arm for k, arm in enumerate(arms) if k not in left_out]
