"""The Devetak-Winter rate of any prepare-and-measure protocol over a known channel, by plain linear algebra."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_range
from qnet_circuits.theory.entropy import shannon_entropy

Matrix = NDArray[np.complex128]


@dataclass(frozen=True)
class DevetakWinter:
    """What a protocol gives in each kept round.

    Args:
        kept: Probability that a round is kept.
        qber: Probability that the two bits differ in a kept round.
        hidden: S(X|E), Alice's bit given everything that left the channel, in bits.
        uncorrected: H(X|Y), Alice's bit given Bob's, in bits.

    Example:
        >>> DevetakWinter(0.5, 0.0, 1.0, 0.0).rate
        1.0
    """

    kept: float
    qber: float
    hidden: float
    uncorrected: float

    @property
    def rate(self) -> float:
        """S(X|E) - H(X|Y) for each kept round; no key where it is negative."""
        return self.hidden - self.uncorrected


def devetak_winter(
    signals: Sequence[tuple[float, int, Any]], kraus: Sequence[Any], effects: Sequence[Any], flip: float = 0.0
) -> DevetakWinter:
    """Return probability, error rate and entropies of one kind of round (Devetak, Winter, quant-ph/0306078).

    The environment of the channel is Eve's: given Alice's bit x and Bob's result y, her unnormalised state has the
    matrix elements tr(M_y K_i ρ_x K_j†). Rounds with other announcements are other calls, and their rates average.

    Args:
        signals: Triples (probability, bit, density matrix) of what Alice sends in such rounds, probabilities of sum 1.
        kraus: Operators of the channel, Σ K†K = 1.
        effects: Positive matrices M_0, M_1 of Bob's bits; what they lack of the identity are dropped rounds.
        flip: Probability with which Alice flips her bit before the key is made, in [0, 0.5].

    Returns:
        The figures of a kept round.

    Raises:
        ParameterError: If the signals, the channel or the effects are none, or no round is kept.

    Example:
        >>> zero, one = np.diag([1.0, 0]), np.diag([0, 1.0])
        >>> depolarizing = pauli_channel((0.925, 0.025, 0.025, 0.025))
        >>> figures = devetak_winter([(0.5, 0, zero), (0.5, 1, one)], depolarizing, [zero, one])
        >>> round(figures.qber, 6), round(figures.rate, 6)
        (0.05, 0.496816)
    """
    flip = check_range("flip", flip, 0.0, 0.5)
    operators = [np.asarray(operator, complex) for operator in kraus]
    measured = [np.asarray(effect, complex) for effect in effects]
    _check(signals, operators, measured)
    eve = np.zeros((2, 2, len(operators), len(operators)), complex)
    for probability, bit, state in signals:
        for y, effect in enumerate(measured):
            eve[bit, y] += probability * _environment(operators, np.asarray(state, complex), effect)
    joint = np.einsum("xyii->xy", eve).real
    kept = float(joint.sum())
    if kept <= 1e-12:
        raise ParameterError("no round is kept: the effects never respond to these signals")
    eve, joint = ((1 - flip) * part + flip * part[::-1] for part in (eve / kept, joint / kept))
    return DevetakWinter(
        kept, float(joint[0, 1] + joint[1, 0]), _hidden(eve.sum(axis=1)), _uncorrected(joint)
    )


def pauli_channel(weights: Sequence[float]) -> list[Matrix]:
    """Return the Kraus operators of a channel on which I, X, Y, Z happen with these weights.

    Raises:
        ParameterError: If they are no weights.

    Example:
        >>> [round(float(abs(operator).max()), 6) for operator in pauli_channel((0.81, 0.09, 0.01, 0.09))]
        [0.9, 0.3, 0.1, 0.3]
    """
    if len(weights) != 4 or min(weights) < 0 or abs(sum(weights) - 1) > 1e-9:
        raise ParameterError(f"a Pauli channel takes four weights of sum 1, got {tuple(weights)}")
    paulis = ([[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
    return [
        np.array(math.sqrt(weight) * np.array(pauli), complex)
        for weight, pauli in zip(weights, paulis, strict=True)
    ]


def _check(signals: Sequence[tuple[float, int, Any]], kraus: list[Matrix], effects: list[Matrix]) -> None:
    total = sum(probability for probability, _, _ in signals)
    if abs(total - 1) > 1e-9 or any(p < 0 or bit not in (0, 1) for p, bit, _ in signals):
        raise ParameterError(
            f"signals are (probability, 0 or 1, state) of total probability 1, got {total:g}"
        )
    if not kraus or not np.allclose(sum(k.conj().T @ k for k in kraus), np.eye(kraus[0].shape[1])):
        raise ParameterError("the Kraus operators of a channel must satisfy Σ K†K = 1")
    if (
        len(effects) != 2
        or np.linalg.eigvalsh(np.eye(len(effects[0])) - effects[0] - effects[1]).min() < -1e-9
    ):
        raise ParameterError("effects must be two positive matrices whose sum is at most the identity")


def _environment(kraus: list[Matrix], state: Matrix, effect: Matrix) -> Matrix:
    """Return tr(M K_i ρ K_j†) for all i, j."""
    sent = np.array([operator @ state for operator in kraus])
    seen = np.array([operator.conj().T @ effect for operator in kraus])
    return np.array(np.einsum("iab,jba->ij", sent, seen), complex)


def _hidden(eve: NDArray[np.complex128]) -> float:
    """Return S(XE) - S(E) of Eve's unnormalised states for Alice's two bits."""
    with_bit = sum(shannon_entropy(np.linalg.eigvalsh(part).tolist()) for part in eve)
    return float(with_bit) - shannon_entropy(np.linalg.eigvalsh(eve.sum(axis=0)).tolist())


def _uncorrected(joint: NDArray[np.float64]) -> float:
    """Return H(X|Y) of the joint probabilities of the two bits."""
    return shannon_entropy(joint.ravel().tolist()) - shannon_entropy(joint.sum(axis=0).tolist())
