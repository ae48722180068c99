"""Coin flips between two parties who do not trust each other: what the best cheaters reach, and what noise costs.

Alice commits to a bit by a quantum message, Bob answers with a bit, and Alice opens her bit; the coin is the sum of both. A
cheating Bob guesses Alice's bit from the message, and a cheating Alice sends a message that she can open both ways.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qnet_circuits.errors import check_name, check_range
from qnet_circuits.theory.bell_diagonal import Weights, check_weights, convolve

#: The schemes: a qubit in one of four states, and half of a pair of qutrits.
SCHEMES = ("qubit", "qutrit")

#: In every protocol one of the two cheaters wins with at least this probability, 1/√2 (Kitaev; arXiv:0904.1511).
KITAEV: float = math.sqrt(0.5)


def message(scheme: str, bit: int) -> NDArray[np.float64]:
    """Return the density matrix of the message by which Alice commits to a bit, averaged over what she keeps to herself.

    For ``qubit`` it is the mean of 0 and +, or of 1 and -. For ``qutrit`` it is half of (|aa⟩ + |22⟩)/√2 for the bit a.

    Args:
        scheme: ``qubit`` or ``qutrit``.
        bit: 0 or 1.

    Raises:
        UnknownNameError: If there is no such scheme.

    Example:
        >>> message("qutrit", 1).diagonal().tolist()
        [0.0, 0.5, 0.5]
    """
    sign = 1 - 2 * bit
    if check_name("scheme", scheme, SCHEMES) == "qubit":
        return np.eye(2) / 2 + sign * np.array([[1.0, 1.0], [1.0, -1.0]]) / 4
    return np.diag([(1 - bit) / 2, bit / 2, 0.5])


def best_guess(one: ArrayLike, other: ArrayLike) -> float:
    """Return how often two equally likely states are told apart, 1/2 + |ρ - σ|₁/4: what Helstrom's measurement reaches.

    It is the optimum of a cheating Bob, who then chooses his bit for the coin that he wants.

    Args:
        one: A density matrix.
        other: Another one.

    Example:
        >>> [round(best_guess(message(scheme, 0), message(scheme, 1)), 5) for scheme in SCHEMES]
        [0.85355, 0.75]
    """
    difference = np.asarray(one) - np.asarray(other)
    return float(0.5 + np.abs(np.linalg.eigvalsh(difference)).sum() / 4)


def best_opening(one: ArrayLike, other: ArrayLike) -> float:
    """Return how often a message passes as either of two commitments, (1 + tr √(√ρ σ √ρ))/2.

    A message τ is opened as ρ with probability F(τ, ρ) at most, if its sender holds all that purifies it (Uhlmann) and hands
    that over to be tested, as in ``qutrit``. The mean of F(τ, ρ) and F(τ, σ) is largest for the τ halfway between both. It is
    the optimum of a cheating Alice (Spekkens and Rudolph, quant-ph/0106019).

    In ``qubit`` she names a basis instead, so a single bit can be opened more often: 0 always, by the state 0. The mean of both
    bits has the same largest value. With the tests P and Q of the two bases, it is 1/2 + |√τ(P - Q)√τ|₁/2 if she measures what
    purifies τ to choose between them, since the tests of all four states sum up to 2. The norm is 1/√2 at most.

    Args:
        one: A density matrix.
        other: Another one.

    Example:
        >>> [round(best_opening(message(scheme, 0), message(scheme, 1)), 5) for scheme in SCHEMES]
        [0.85355, 0.75]
    """
    root = _root(np.asarray(one))
    overlap = root @ np.asarray(other) @ root
    return float(1 + np.sqrt(np.clip(np.linalg.eigvalsh(overlap), 0, None)).sum()) / 2


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    made: NDArray[np.float64] = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.conj().T
    return made


def cheating(scheme: str) -> float:
    """Return how often the better of the two cheaters wins; in both schemes both win equally often.

    Example:
        >>> round(cheating("qubit"), 6), round(cheating("qutrit"), 6)
        (0.853553, 0.75)
    """
    pair = message(scheme, 0), message(scheme, 1)
    return max(best_guess(*pair), best_opening(*pair))


def classical_abort(wins: float) -> float:
    """Return how often honest parties must abort if no quantum message is sent and no cheater wins more often than this.

    Classical protocols reach 2 (1 - p)² and no less (Hänggi and Wullschleger, arXiv:1009.4741). A quantum protocol whose honest
    parties abort less often does what no classical one can.

    Args:
        wins: The largest probability p that a cheater gets the coin that he wants, in [0.5, 1].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> round(classical_abort(cheating("qubit")), 4), round(classical_abort(cheating("qutrit")), 4)
        (0.0429, 0.125)
    """
    return float(2 * (1 - check_range("wins", wins, 0.5, 1.0)) ** 2)


def honest_abort(scheme: str, weights: Weights) -> float:
    """Return how often honest parties abort if every qubit that Alice sends suffers Pauli errors.

    The states of ``qubit`` are those of Z and X, so the test fails with probability (q_X + q_Z)/2 + q_Y. The test of ``qutrit``
    passes if both halves of the pair had the same error, and no qubit of the other slot was flipped.

    Args:
        scheme: ``qubit`` or ``qutrit``.
        weights: The probabilities of I, X, Y and Z on the whole way.

    Raises:
        UnknownNameError: If there is no such scheme.
        ParameterError: If the weights are no probabilities.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> round(honest_abort("qubit", werner(0.97)), 4), round(honest_abort("qutrit", werner(0.97)), 4)
        (0.02, 0.0961)
    """
    q = check_weights(weights)
    if check_name("scheme", scheme, SCHEMES) == "qubit":
        return (q[1] + q[3]) / 2 + q[2]
    return 1 - convolve(q, q)[0] * (q[0] + q[3]) ** 2


def alice_wins(scheme: str, weights: Weights) -> float:
    """Return how often the best Alice of a line without errors wins if her qubits suffer Pauli errors.

    Her qubit lies halfway between 0 and -. Her qutrits are (2|22⟩ + |00⟩ + |11⟩)/√6; if both halves of the other slot are
    flipped, the part of the other bit passes instead.

    Args:
        scheme: ``qubit`` or ``qutrit``.
        weights: The probabilities of I, X, Y and Z on the whole way.

    Raises:
        UnknownNameError: If there is no such scheme.
        ParameterError: If the weights are no probabilities.

    Example:
        >>> round(alice_wins("qubit", (1, 0, 0, 0)), 5), round(alice_wins("qutrit", (0.9, 0, 0, 0.1)), 5)
        (0.85355, 0.63)
    """
    i, x, y, z = check_weights(weights)
    if check_name("scheme", scheme, SCHEMES) == "qubit":
        return 0.5 + (i - y) * math.sqrt(0.125)
    pair = convolve((i, x, y, z), (i, x, y, z))
    kept, flipped = (i + z) ** 2, (x + y) ** 2
    return kept * (9 * pair[0] + pair[3]) / 12 + flipped * (pair[0] + pair[3]) / 12


def bob_wins(scheme: str, weights: Weights) -> float:
    """Return how often the best Bob of a line without errors wins if Alice's qubits suffer Pauli errors.

    He measures a qubit along (Z + X)/√2. Of a qutrit he asks whether it is 1, and takes the bit for 0 otherwise.

    Args:
        scheme: ``qubit`` or ``qutrit``.
        weights: The probabilities of I, X, Y and Z on the whole way.

    Raises:
        UnknownNameError: If there is no such scheme.
        ParameterError: If the weights are no probabilities.

    Example:
        >>> round(bob_wins("qubit", (1, 0, 0, 0)), 5), round(bob_wins("qutrit", (0.9, 0.1, 0, 0)), 5)
        (0.85355, 0.7)
    """
    i, x, y, _ = check_weights(weights)
    if check_name("scheme", scheme, SCHEMES) == "qubit":
        return 0.5 + (i - y) * math.sqrt(0.125)
    return 0.75 - (x + y) / 2
