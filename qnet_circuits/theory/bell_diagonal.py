"""Bell-diagonal pairs, written as four Pauli weights.

A pair is in (1 ⊗ P)|Φ+> with probability q_P for P = I, X, Y, Z, that is in Φ+, Ψ+, Ψ-, Φ-. Swapping, teleporting,
storing with Pauli noise and correcting then each multiply Paulis, which convolves the weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from qnet_circuits.errors import ParameterError, check_range
from qnet_circuits.theory.entropy import shannon_entropy

Weights = tuple[float, float, float, float]
"""The weights (q_I, q_X, q_Y, q_Z) of the states (1 ⊗ P)|Φ+>."""


def werner(fidelity: float) -> Weights:
    """Return the weights of a Werner pair.

    The pair is Φ+ with its error spread evenly over the other three Bell states, so the weights are (F, g, g, g) with
    g = (1 - F)/3. At F = 1/4 it is the maximally mixed state.

    Args:
        fidelity: Fidelity F with Φ+, in [0.25, 1].

    Returns:
        The four weights.

    Raises:
        ParameterError: If the fidelity is out of range.

    Example:
        >>> [round(weight, 6) for weight in werner(0.94)]
        [0.94, 0.02, 0.02, 0.02]
    """
    fidelity = check_range("fidelity", fidelity, 0.25, 1)
    rest = (1 - fidelity) / 3
    return fidelity, rest, rest, rest


def check_weights(weights: Sequence[float]) -> Weights:
    """Return ``weights`` as four floats if they are a probability distribution.

    A Bell-diagonal state is a mixture, so its weights are nonnegative and sum to 1. Rounding errors of 1e-9 are let
    through: a weight that misses [0, 1] by less is cut to it.

    Args:
        weights: The weights of (I, X, Y, Z).

    Returns:
        The four weights as floats.

    Raises:
        ParameterError: If there are not four, one is negative or no number, or the sum is not 1.

    Example:
        >>> check_weights([1, 0, 0, 0])
        (1.0, 0.0, 0.0, 0.0)
        >>> check_weights([0.9, 0.2, 0, 0])
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.ParameterError: pauli must be four weights of (I, X, Y, Z), nonnegative, sum 1,
        got [0.9, 0.2, 0, 0]
    """
    wrong = f"pauli must be four weights of (I, X, Y, Z), nonnegative, sum 1, got {weights!r}"
    if isinstance(weights, str | bytes | dict | set | frozenset):
        raise ParameterError(wrong)
    try:
        values = tuple(float(weight) for weight in weights)
    except (TypeError, ValueError):
        raise ParameterError(wrong) from None
    if len(values) != 4 or not all(value >= -1e-9 for value in values) or abs(sum(values) - 1) > 1e-9:
        raise ParameterError(wrong)
    q_i, q_x, q_y, q_z = (min(max(value, 0.0), 1.0) for value in values)
    return q_i, q_x, q_y, q_z


def convolve(p: Sequence[float], q: Sequence[float]) -> Weights:
    """Return the weights of the product of two independent Pauli errors.

    Up to a phase the Paulis multiply like two bits that are added, so the product is R with probability
    Σ_P p_P q_(PR). A perfect entanglement swap of two Bell-diagonal pairs gives the pair with these weights.

    Args:
        p: Weights of the first error.
        q: Weights of the second error.

    Returns:
        The four weights of the product, with sum 1.

    Raises:
        ParameterError: If one of the two is no set of weights.

    Example:
        >>> convolve((0, 1, 0, 0), (0, 0, 1, 0))
        (0.0, 0.0, 0.0, 1.0)
        >>> round(convolve(werner(0.95), werner(0.95))[0], 5)
        0.90333
    """
    p_i, p_x, p_y, p_z = check_weights(p)
    q_i, q_x, q_y, q_z = check_weights(q)
    product = (
        p_i * q_i + p_x * q_x + p_y * q_y + p_z * q_z,
        p_i * q_x + p_x * q_i + p_y * q_z + p_z * q_y,
        p_i * q_y + p_y * q_i + p_x * q_z + p_z * q_x,
        p_i * q_z + p_z * q_i + p_x * q_y + p_y * q_x,
    )
    # A long chain would otherwise add up the rounding errors of the sums until check_weights refuses them.
    total = math.fsum(product)
    return product[0] / total, product[1] / total, product[2] / total, product[3] / total


def fidelity(weights: Sequence[float]) -> float:
    """Return the fidelity of the pair with Φ+.

    The four Bell states are orthogonal, so F = <Φ+|ρ|Φ+> = q_I. It decides what standard teleportation through the pair
    reaches, whatever the other three weights are.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> fidelity((0.9, 0.0, 0.0, 0.1))
        0.9
    """
    return check_weights(weights)[0]


def correlators(weights: Sequence[float]) -> dict[str, float]:
    """Return <XX>, <YY> and <ZZ> of the pair.

    Each Bell state is an eigenstate of all three, so <XX> = q_I + q_X - q_Y - q_Z, <YY> = -q_I + q_X - q_Y + q_Z and
    <ZZ> = q_I - q_X - q_Y + q_Z. They fix the state: q_I = (1 + <XX> - <YY> + <ZZ>)/4.

    Args:
        weights: Weights of the pair.

    Returns:
        The correlators under the keys ``xx``, ``yy`` and ``zz``.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> correlators((1, 0, 0, 0))
        {'xx': 1.0, 'yy': -1.0, 'zz': 1.0}
    """
    q_i, q_x, q_y, q_z = check_weights(weights)
    return {"xx": q_i + q_x - q_y - q_z, "yy": -q_i + q_x - q_y + q_z, "zz": q_i - q_x - q_y + q_z}


def visibility(fidelity: float) -> float:
    """Return the visibility of a Werner pair.

    The pair is Φ+ with probability v = (4F - 1)/3 and noise (1/4) otherwise. Below F = 1/4 the visibility is negative
    and no longer a probability, but it still multiplies under swapping.

    Args:
        fidelity: Fidelity with Φ+, in [0, 1].

    Raises:
        ParameterError: If the fidelity is out of range.

    Example:
        >>> visibility(1), visibility(0.25)
        (1.0, 0.0)
    """
    return (4 * check_range("fidelity", fidelity, 0, 1) - 1) / 3


def negativity(weights: Sequence[float]) -> float:
    """Return the negativity of the pair.

    The partial transpose has the eigenvalues 1/2 - q_P, so the negativity, minus the sum of the negative ones, is
    max(0, q_max - 1/2). A pair of qubits is entangled if and only if it is positive; a Bell state has 1/2.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> negativity((1, 0, 0, 0)), negativity((0.5, 0.5, 0, 0))
        (0.5, 0.0)
    """
    return max(0.0, max(check_weights(weights)) - 0.5)


def concurrence(weights: Sequence[float]) -> float:
    """Return the concurrence of the pair.

    A Bell-diagonal state equals its own spin-flipped state, so the concurrence is the largest eigenvalue minus the
    other three, max(0, 2 q_max - 1). It is 1 for a Bell state and 0 for a separable pair.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> concurrence((0.75, 0.25, 0, 0))
        0.5
    """
    return max(0.0, 2 * max(check_weights(weights)) - 1)


def hashing_yield(weights: Sequence[float]) -> float:
    """Return the perfect pairs that hashing distils for each pair, of very many.

    It is 1 - S, with S the entropy of the weights in bits, and 0 where that is negative (Bennett, DiVincenzo, Smolin and
    Wootters, quant-ph/9604024). A Werner pair gives none below F = 0.81071.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> round(hashing_yield(werner(0.9)), 5), hashing_yield(werner(0.8))
        (0.37251, 0.0)
    """
    return max(0.0, 1 - shannon_entropy(check_weights(weights)))
