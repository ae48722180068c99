"""The information that an eavesdropper can gain for the errors that she causes."""

from __future__ import annotations

import math

from qnet_circuits.errors import check_count, check_range
from qnet_circuits.theory.entropy import binary_entropy

#: Probability to guess a BB84 bit in the Breidbart basis, halfway between Z and X: cos²(π/8).
BREIDBART_GUESS: float = math.cos(math.pi / 8) ** 2

#: Disturbance at which the best individual attack on BB84 knows as much as Bob, (1 - 1/√2)/2.
BB84_INDIVIDUAL_CROSSING: float = (1 - 1 / math.sqrt(2)) / 2


def intercept_resend_qber(fraction: float, bases: int = 2) -> float:
    """Return the QBER that measuring and resending in a random basis makes, f (1 - 1/b)/2, in each basis.

    Her basis is wrong with probability 1 - 1/b, and then Bob's bit is random: 25 % for BB84, 33.3 % for six-state.

    Args:
        fraction: Fraction of the qubits that she measures, in [0, 1].
        bases: 2 for BB84, 3 for six-state.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> intercept_resend_qber(1.0), round(intercept_resend_qber(1.0, bases=3), 6)
        (0.25, 0.333333)
    """
    check_count("bases", bases, 2, 3)
    return check_range("fraction", fraction, 0.0, 1.0) * (1 - 1 / bases) / 2


def intercept_resend_information(fraction: float, bases: int = 2) -> float:
    """Return Eve's bits for each sifted bit, f/b: she knows a bit if her basis was right.

    Example:
        >>> intercept_resend_information(1.0)
        0.5
    """
    check_count("bases", bases, 2, 3)
    return check_range("fraction", fraction, 0.0, 1.0) / bases


def breidbart_information() -> float:
    """Return Eve's bits for each sifted BB84 bit in the Breidbart basis, 1 - h(cos²(π/8)); it makes a QBER of 25 % too.

    Example:
        >>> round(breidbart_information(), 10)
        0.3991239633
    """
    return 1 - binary_entropy(BREIDBART_GUESS)


def probe_guess(disturbance: float) -> float:
    """Return how often the phase-covariant probe guesses a BB84 bit, F_E = 1/2 + √(D(1 - D)).

    It is the best attack on each qubit alone: a cloner for the equator of the two bases, with QBER D for Bob.

    Args:
        disturbance: D, in [0, 0.5].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> round(probe_guess(BB84_INDIVIDUAL_CROSSING), 10)
        0.8535533906
    """
    d = check_range("disturbance", disturbance, 0.0, 0.5)
    return 0.5 + math.sqrt(d * (1 - d))


def probe_information(disturbance: float) -> float:
    """Return I(A:E) = 1 - h(F_E) of the phase-covariant probe, in bits for each sifted BB84 bit.

    Example:
        >>> round(probe_information(0.05), 8)
        0.14176412
    """
    return 1 - binary_entropy(min(1.0, probe_guess(disturbance)))


def six_state_probe_guess(disturbance: float) -> float:
    """Return how often the best attack on each qubit of the six-state protocol guesses a bit, (1 - D) f + D.

    If Bob's bit is wrong, she knows that and the bit; otherwise she is right with probability f = (1 + √(D(2 - 3D))/(1 - D))/2.
    At D = 1/6 both are right in 5/6 of the rounds, as with the universal cloner.

    Args:
        disturbance: D, in [0, 1/3].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> round(six_state_probe_guess(1 / 6), 10)
        0.8333333333
    """
    d = check_range("disturbance", disturbance, 0.0, 1 / 3)
    return (1 - d) * _six_state_guess(d) + d


def six_state_probe_information(disturbance: float) -> float:
    """Return I(A:E) = 1 - (1 - D) h(f) of the best attack on each qubit of the six-state protocol.

    It is less than in BB84 for the same disturbance; f is that of ``six_state_probe_guess``.

    Args:
        disturbance: D, in [0, 1/3].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> six_state_probe_information(0.05) < probe_information(0.05)
        True
    """
    d = check_range("disturbance", disturbance, 0.0, 1 / 3)
    return 1 - (1 - d) * binary_entropy(_six_state_guess(d))


def _six_state_guess(d: float) -> float:
    """Return how often she is right where Bob's bit is."""
    return min(1.0, (1 + math.sqrt(d * (2 - 3 * d)) / (1 - d)) / 2)
