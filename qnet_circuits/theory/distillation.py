"""Entanglement distillation of Bell-diagonal pairs, with noisy gates and readouts, and its costs.

The two parties hold several pairs, do the same Clifford gates on both sides, measure all pairs but one, and keep that one
if their results agree. An error of a pair is a Pauli on one half, so every gate permutes Paulis, and the joint weights of
all pairs are all that has to be known. The Paulis I, X, Y, Z have the indices 0 to 3, and multiply as these under exclusive or.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_range
from qnet_circuits.theory.bell_diagonal import Weights, check_weights, werner

Joint = NDArray[np.float64]
_X = np.array([0, 1, 1, 0])
_Z = np.array([0, 0, 1, 1])
#: Where each Pauli comes from in a turn about X by a quarter, which exchanges Y and Z, and in a Hadamard gate.
_QUARTER = (0, 1, 3, 2)
_HADAMARD = (0, 3, 2, 1)


class Distilled(NamedTuple):
    """A pair that was kept, and how probable that is.

    Args:
        weights: The weights (I, X, Y, Z) of the pair, given that it was kept.
        success: The probability that all results agree.
    """

    weights: Weights
    success: float


def bbpssw(fidelity: float, gate: float = 1.0, readout: float = 1.0) -> tuple[float, float]:
    """Return the fidelity that one round of BBPSSW makes of two Werner pairs, and its success probability.

    A CNOT on either side copies bit errors of the first pair onto the second, whose halves are measured in Z (Bennett et al.,
    Phys. Rev. Lett. 76, 722 (1996)). A two-qubit gate is perfect with probability p and leaves both qubits mixed otherwise,
    and a qubit is read out right with probability η (Dür, Briegel, Cirac, Zoller, quant-ph/9808065). Without noise
    F' = (F² + g²)/(F² + 2Fg + 5g²) with g = (1 - F)/3.

    Args:
        fidelity: Fidelity F of both pairs, in [0.25, 1].
        gate: Probability p that a two-qubit gate is perfect, in [0, 1].
        readout: Probability η that one qubit is read out right, in [0, 1].

    Returns:
        The fidelity, and the probability that the results agree.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> [round(value, 5) for value in bbpssw(0.9)]
        [0.9264, 0.87556]
        >>> [round(value, 8) for value in bbpssw(0.9, gate=0.99)]
        [0.91864305, 0.868082]
    """
    f, g, *_ = werner(fidelity)
    perfect = check_range("gate", gate, 0, 1) ** 2
    wrong = _differing(readout)
    kept = (f**2 + g**2) * (1 - wrong) + (f * g + g**2) * wrong
    agree = (f**2 + 2 * f * g + 5 * g**2) * (1 - wrong) + 4 * (f * g + g**2) * wrong
    success = perfect * agree + (1 - perfect) / 2
    return (perfect * kept + (1 - perfect) / 8) / success, success


def parity_check(
    kept: Sequence[float], spent: Sequence[float], gate: float = 1.0, readout: float = 1.0
) -> Distilled:
    """Return the result of a check of one pair for bit errors by another pair, which is measured in Z.

    This is a round of BBPSSW without the twirl that makes pairs Werner again. It keeps the pair if both have a bit error (X
    or Y) or neither has one; phase errors of the spent pair pass to the kept one.

    Args:
        kept: Weights of the pair that is kept.
        spent: Weights of the pair that is measured.
        gate: Probability that a two-qubit gate is perfect, in [0, 1].
        readout: Probability that one qubit is read out right, in [0, 1].

    Raises:
        ParameterError: If a value is out of range, or results never agree.

    Example:
        >>> weights, success = parity_check(werner(0.9), werner(0.9))
        >>> round(weights[0], 5), round(success, 5)
        (0.9264, 0.87556)
    """
    return kept_pair(_agreeing(_cnot(_joint(kept, spent), 0, 1, gate), 1, _X, readout))


def dejmps(
    kept: Sequence[float], spent: Sequence[float], gate: float = 1.0, readout: float = 1.0
) -> Distilled:
    """Return the result of one round of DEJMPS on a pair that a second pair checks.

    Alice turns her qubits about X by a quarter, Bob his back, which exchanges Y and Z errors; then the pair is checked for bit
    errors (Deutsch et al., Phys. Rev. Lett. 77, 2818 (1996)). With A, B, C, D the weights of I, Y, X, Z of both pairs, the new
    weights of (I, X, Y, Z) are (A² + B², C² + D², 2CD, 2AB)/N, and the success probability is N = (A + B)² + (C + D)².

    Args:
        kept: Weights of the pair that is kept.
        spent: Weights of the pair that is measured.
        gate: Probability that a two-qubit gate is perfect, in [0, 1].
        readout: Probability that one qubit is read out right, in [0, 1].

    Raises:
        ParameterError: If a value is out of range, or results never agree.

    Example:
        >>> once = dejmps(werner(0.9), werner(0.9)).weights
        >>> round(dejmps(once, once).weights[0], 5)
        0.98876
    """
    return kept_pair(_agreeing(_cnot(_joint(kept, spent, order=_QUARTER), 0, 1, gate), 1, _X, readout))


def double_selection(
    kept: Sequence[float],
    spent: Sequence[float],
    third: Sequence[float],
    gate: float = 1.0,
    readout: float = 1.0,
) -> Distilled:
    """Return the result of one round of double selection on a pair that two other pairs check.

    Hadamard gates exchange X and Z errors; then the second pair checks the first for bit errors, and the third pair checks the
    second for the phase errors that it gives to the first (Fujii and Yamamoto, arXiv:0811.2639).

    Args:
        kept: Weights of the pair that is kept.
        spent: Weights of the pair that checks it, and is measured in Z.
        third: Weights of the pair that checks that one, and is measured in X.
        gate: Probability that a two-qubit gate is perfect, in [0, 1].
        readout: Probability that one qubit is read out right, in [0, 1].

    Raises:
        ParameterError: If a value is out of range, or results never agree.

    Example:
        >>> round(double_selection(werner(0.9), werner(0.9), werner(0.9)).weights[0], 5)
        0.95652
    """
    pairs = _joint(kept, spent, third, order=_HADAMARD)
    pairs = _cnot(_cnot(pairs, 0, 1, gate), 2, 1, gate)
    return kept_pair(_agreeing(_agreeing(pairs, 2, _Z, readout), 1, _X, readout))


def _joint(*pairs: Sequence[float], order: Sequence[int] = (0, 1, 2, 3)) -> Joint:
    """Return the joint weights of independent pairs, with a dimension of four for each, after a rotation of all."""
    return reduce(np.multiply.outer, [np.array(check_weights(weights))[list(order)] for weights in pairs])


def _cnot(pairs: Joint, control: int, target: int, gate: float) -> Joint:
    """Return the joint weights after a noisy CNOT on either side; on each, both qubits are mixed if it fails."""
    perfect = check_range("gate", gate, 0, 1) ** 2
    mixed = pairs.sum(axis=(control, target), keepdims=True) / 16
    result: Joint = perfect * pairs[_before_cnot(pairs.ndim, control, target)] + (1 - perfect) * mixed
    return result


@cache
def _before_cnot(pairs: int, control: int, target: int) -> tuple[NDArray[np.int_], ...]:
    """Return which Paulis of the pairs a bilateral CNOT makes each Pauli of, as an index of their joint weights."""
    paulis = list(np.indices((4,) * pairs))
    # X passes from the control to the target, Z from the target to the control; twice, and each is back.
    before = paulis[control] ^ 3 * _Z[paulis[target]], paulis[target] ^ _X[paulis[control]]
    paulis[control], paulis[target] = before
    return tuple(paulis)


def _agreeing(pairs: Joint, spent: int, flips: NDArray[np.int_], readout: float) -> Joint:
    """Return the joint weights of the other pairs where both sides read the same of one; not normalised.

    Args:
        pairs: The joint weights.
        spent: The pair that is measured.
        flips: Whether each of I, X, Y and Z makes the results differ.
        readout: Probability that one qubit is read out right.
    """
    wrong = _differing(readout)
    agree = flips * (2 * wrong - 1) + 1 - wrong
    result: Joint = np.moveaxis(pairs, spent, -1) @ agree
    return result


def _differing(readout: float) -> float:
    """Return how probable it is that readout errors make two results differ."""
    readout = check_range("readout", readout, 0, 1)
    return 2 * readout * (1 - readout)


def kept_pair(weights: Joint) -> Distilled:
    """Return the pair with the weights that are left where all results agree, and their sum, or raise ParameterError."""
    success = float(weights.sum())
    if success <= 0:
        raise ParameterError("the results of these pairs never agree, so that none is kept")
    return Distilled(check_weights((weights / success).tolist()), success)
