"""Distillation of one pair from several by a stabilizer code.

Alice measures the stabilizers of a code on her halves of n pairs, Bob their complex conjugates on his, and they keep the one
encoded pair if all results agree. An error, a Pauli on Bob's side, is seen if it anticommutes with a stabilizer; it does no
harm if it is one. So the pair's fidelity and its probability follow from two enumerators of the code: how many stabilizers
there are of each weight, and how many Paulis that commute with all of them (Jansen et al., arXiv:2103.03669, who find the
best codes for up to eight pairs).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory.bell_diagonal import check_weights

#: Paulis, one a row, each as its letters' places in IXYZ, which multiply as these under exclusive or.
Paulis = NDArray[np.int_]
_LETTERS = "IXYZ"
#: A code for each scheme; the stabilizers are those of the scheme's circuit up to local rotations.
CODES: dict[str, tuple[str, ...]] = {
    "2-to-1": ("ZZ",),
    "3-to-1": ("YZX", "ZYX"),
    "4-to-1": ("IZZY", "XYZZ", "YYYI"),
    "5-to-1": ("XZZXI", "IXZZX", "XIXZZ", "ZXIXZ"),
}


def stabilizer_group(stabilizers: Sequence[str]) -> Paulis:
    """Return all products of the stabilizers of a code that encodes one qubit, one in each row.

    The n - 1 stabilizers commute and none is a product of others, so there are 2^(n-1) products. Signs are left out, since
    only whether results agree counts.

    Args:
        stabilizers: Strings of n letters out of I, X, Y, Z.

    Returns:
        The products, shape (2^(n-1), n), the identity first.

    Raises:
        ParameterError: If these are no n - 1 independent Paulis on n qubits that commute.

    Example:
        >>> stabilizer_group(["ZZ"]).tolist()
        [[0, 0], [3, 3]]
    """
    generators = _paulis(stabilizers)
    group = np.zeros((1, generators.shape[1]), dtype=int)
    for generator in generators:
        group = np.concatenate([group, group ^ generator])
    if len(np.unique(group, axis=0)) < len(group) or _anticommute(generators, generators).any():
        raise ParameterError(
            f"the stabilizers of a code commute, and none is a product of others, got {', '.join(stabilizers)}"
        )
    return group


def unseen_errors(stabilizers: Sequence[str]) -> Paulis:
    """Return all Paulis that commute with every stabilizer, one in each row: errors that no check finds.

    Args:
        stabilizers: The code's, as in :func:`stabilizer_group`.

    Returns:
        The Paulis, shape (2^(n+1), n), the identity first.

    Raises:
        ParameterError: As :func:`stabilizer_group`.

    Example:
        >>> len(unseen_errors(["XZZXI", "IXZZX", "XIXZZ", "ZXIXZ"]))
        64
    """
    size = stabilizer_group(stabilizers).shape[1]
    every = np.indices((4,) * size).reshape(size, -1).T
    unseen: Paulis = every[~_anticommute(every, _paulis(stabilizers)).any(axis=1)]
    return unseen


def enumerators(stabilizers: Sequence[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return how many stabilizers a code has of each weight, and how many errors that no check finds.

    The weight of a Pauli is the number of letters that are not I.

    Args:
        stabilizers: The code's, as in :func:`stabilizer_group`.

    Returns:
        The two enumerators A and B, each for the weights 0 to n.

    Raises:
        ParameterError: As :func:`stabilizer_group`.

    Example:
        >>> enumerators(["XZZXI", "IXZZX", "XIXZZ", "ZXIXZ"])
        ((1, 0, 0, 0, 15, 0), (1, 0, 0, 30, 15, 18))
    """
    return _weights(stabilizer_group(stabilizers)), _weights(unseen_errors(stabilizers))


def from_code(stabilizers: Sequence[str], pairs: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the fidelity of the pair that a code keeps of several, and the probability that all results agree.

    Args:
        stabilizers: The code's, as in :func:`stabilizer_group`.
        pairs: The weights (I, X, Y, Z) of each of the n pairs.

    Returns:
        The fidelity, given that the pair is kept, and the probability.

    Raises:
        ParameterError: If these are no stabilizers, no weights, or not as many pairs as the code has qubits; or if results
            never agree.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> [round(value, 5) for value in from_code(CODES["4-to-1"], [werner(0.9)] * 4)]
        [0.99123, 0.66204]
    """
    group, unseen = stabilizer_group(stabilizers), unseen_errors(stabilizers)
    if len(pairs) != group.shape[1]:
        raise ParameterError(f"the code takes {group.shape[1]} pairs, got {len(pairs)}")
    weights = np.array([check_weights(pair) for pair in pairs])
    harmless, kept = (_probability(errors, weights) for errors in (group, unseen))
    if kept <= 0:
        raise ParameterError("the results of these pairs never agree, so that none is kept")
    return harmless / kept, kept


def _paulis(stabilizers: Sequence[str]) -> Paulis:
    size = len(stabilizers) + 1
    if size < 2 or any(len(each) != size or set(each) - set(_LETTERS) for each in stabilizers):
        raise ParameterError(
            f"a code that encodes one qubit in n has n - 1 stabilizers of n letters I, X, Y, Z, got {list(stabilizers)}"
        )
    return np.array([[_LETTERS.index(letter) for letter in each] for each in stabilizers])


def _anticommute(errors: Paulis, checks: Paulis) -> NDArray[np.bool_]:
    """Tell of each error and each check whether they anticommute: differ, neither being I, at an odd number of places."""
    a, b = errors[:, None, :], checks[None, :, :]
    odd: NDArray[np.bool_] = ((a != b) & (a > 0) & (b > 0)).sum(axis=-1) % 2 == 1
    return odd


def _weights(paulis: Paulis) -> tuple[int, ...]:
    counts = np.bincount((paulis > 0).sum(axis=1), minlength=paulis.shape[1] + 1)
    return tuple(int(count) for count in counts)


def _probability(errors: Paulis, weights: NDArray[np.float64]) -> float:
    return float(weights[np.arange(len(weights)), errors].prod(axis=1).sum())
