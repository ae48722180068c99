"""Secret sharing with GHZ states: error rates over links with Pauli errors, and what a dishonest member learns.

Dealer and members measure X or Y. A round is valid if an even number of them measured Y: the parity of the three bits is then
fixed, even for XXX and odd for XYY, YXY and YYX. Valid rounds have all four pairs of the members' bases equally often.
"""

from __future__ import annotations

from qnet_circuits.errors import check_range
from qnet_circuits.theory.attacks import BREIDBART_GUESS
from qnet_circuits.theory.bell_diagonal import Weights, check_weights

#: The error rate on valid rounds if a qubit was measured in the X-Y plane and sent on, over perfect links.
INTERCEPTED = 0.25

#: The best guess of the dealer's bit by a member who holds both qubits, but measures them before the bases are known.
#:
#: The dealer's bit is then one of the four BB84 states of the two qubits' span of |00⟩ and |11⟩. For two guesses, one for each
#: basis, the operator of two states has the largest eigenvalue 1 + 1/√2, and half of it is cos²(π/8).
BEFORE_BASES = BREIDBART_GUESS


def equator(weights: Weights) -> float:
    """Return the mean factor of the Bloch components X and Y after Pauli errors, 1 - q_X - q_Y - 2 q_Z.

    Example:
        >>> round(equator((0.94, 0.02, 0.02, 0.02)), 9)
        0.92
    """
    _, x, y, z = check_weights(weights)
    return 1 - x - y - 2 * z


def sharing_error_rate(first: Weights, second: Weights, transmitted: float = 1.0) -> float:
    """Return the error rate on valid rounds, (1 - t m₁ m₂)/2 with the members' factors m of ``equator``.

    Args:
        first: Weights of the errors between the dealer and one member.
        second: Those between the dealer and the other member.
        transmitted: t, the part of an intercepted qubit's Bloch component that the other member receives, in [0, 1].

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> perfect = (1, 0, 0, 0)
        >>> sharing_error_rate(perfect, perfect), sharing_error_rate(perfect, perfect, transmitted=0.5)
        (0.0, 0.25)
    """
    part = check_range("transmitted", transmitted, 0.0, 1.0)
    return (1 - part * equator(first) * equator(second)) / 2


def dealer_guess(first: Weights, before: Weights, overlap: float) -> float:
    """Return how often a member guesses the dealer's bit from both members' qubits, (1 + o m₁ m₂)/2.

    Args:
        first: Weights of the errors between the dealer and the dishonest member.
        before: Those between the dealer and the place where the other member's qubit is intercepted.
        overlap: o, the mean overlap of the measured axis with the axis that makes the round valid, in [0, 1]: 1/2 for X or Y at
            random, 1/√2 halfway between, 1 if the member measures after the bases are known.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> perfect = (1, 0, 0, 0)
        >>> [round(dealer_guess(perfect, perfect, overlap), 6) for overlap in (0.5, 0.5**0.5, 1)]
        [0.75, 0.853553, 1.0]
    """
    return (1 + check_range("overlap", overlap, 0.0, 1.0) * equator(first) * equator(before)) / 2
