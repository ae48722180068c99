"""Distillation of one pair from several by a stabilizer code.

Alice measures the stabilizers of a code on her halves of n pairs, Bob their complex conjugates on his, and they keep the one
encoded pair if all results agree. An error, a Pauli on Bob's side, is seen if it anticommutes with a stabilizer; it does no
harm if it is one. So the pair's fidelity and its probability follow from two enumerators of the code: how many stabilizers
there are of each weight, and how many Paulis that commute with all of them (Jansen et al., arXiv:2103.03669, who find the
best codes for up to eight pairs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory.bell_diagonal import check_weights
from qnet_circuits.theory.distillation import Distilled, kept_pair

#: Paulis, one a row, each as its letters' places in IXYZ, which multiply as these under exclusive or.
Paulis = NDArray[np.int_]
_LETTERS = "IXYZ"


@dataclass(frozen=True)
class Code:
    """A stabilizer code that encodes one qubit in n.

    Args:
        stabilizers: The n - 1 stabilizers, strings of n letters out of I, X, Y, Z.
        x: The Pauli that is X of the encoded qubit.
        z: The Pauli that is Z of it.

    Raises:
        ParameterError: If these are no n - 1 independent stabilizers that commute, or x and z are none of its Paulis.
    """

    stabilizers: tuple[str, ...]
    x: str
    z: str

    def __post_init__(self) -> None:
        checks = _paulis(self.stabilizers, len(stabilizer_group(self.stabilizers)[0]))
        encoded = _paulis((self.x, self.z), checks.shape[1])
        if _anticommute(encoded, checks).any() or not _anticommute(encoded[:1], encoded[1:]).all():
            raise ParameterError(
                f"x and z of a code anticommute, and commute with its stabilizers, got {self.x} and {self.z}"
            )


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
    generators = _paulis(stabilizers, len(stabilizers) + 1)
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
    unseen: Paulis = every[~_anticommute(every, _paulis(stabilizers, size)).any(axis=1)]
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


def from_code(code: Code, pairs: Sequence[Sequence[float]]) -> Distilled:
    """Return the pair that a code makes from several pairs, and the probability that all results agree.

    Args:
        code: The code.
        pairs: The weights (I, X, Y, Z) of each of the n pairs.

    Returns:
        The weights of the pair, given that it is kept, and the probability.

    Raises:
        ParameterError: If this is no code, these are no weights, or not as many pairs as the code has qubits; or if results
            never agree.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> made = from_code(CODES["4-to-1"], [werner(0.9)] * 4)
        >>> round(made.weights[0], 5), round(made.success, 5)
        (0.99123, 0.66204)
    """
    unseen = unseen_errors(code.stabilizers)
    if len(pairs) != unseen.shape[1]:
        raise ParameterError(f"the code takes {unseen.shape[1]} pairs, got {len(pairs)}")
    flipped = _anticommute(unseen, _paulis((code.z, code.x), unseen.shape[1]))
    done = flipped[:, 0] ^ 3 * flipped[:, 1]
    weights = np.array([check_weights(pair) for pair in pairs])
    chances = weights[np.arange(len(weights)), unseen].prod(axis=1)
    return kept_pair(np.bincount(done, chances, 4).astype(float))


def _paulis(listed: Sequence[str], size: int) -> Paulis:
    if not listed or any(len(each) != size or set(each) - set(_LETTERS) for each in listed):
        raise ParameterError(
            "a code that encodes one qubit in n has n - 1 stabilizers, and n letters I, X, Y, Z in each Pauli, got "
            f"{list(listed)}"
        )
    return np.array([[_LETTERS.index(letter) for letter in each] for each in listed])


def _anticommute(errors: Paulis, checks: Paulis) -> NDArray[np.bool_]:
    """Tell of each error and each check whether they anticommute: differ, neither being I, at an odd number of places."""
    a, b = errors[:, None, :], checks[None, :, :]
    odd: NDArray[np.bool_] = ((a != b) & (a > 0) & (b > 0)).sum(axis=-1) % 2 == 1
    return odd


def _weights(paulis: Paulis) -> tuple[int, ...]:
    counts = np.bincount((paulis > 0).sum(axis=1), minlength=paulis.shape[1] + 1)
    return tuple(int(count) for count in counts)


#: A code for each scheme; none of as many pairs gives a higher fidelity, and these have short circuits of CNOTs on a line.
CODES = {
    "2-to-1": Code(("ZX",), "XZ", "ZI"),
    "3-to-1": Code(("ZXZ", "IZX"), "XZI", "ZII"),
    "4-to-1": Code(("XXXI", "ZZXZ", "IZZX"), "IYYI", "ZZII"),
    "5-to-1": Code(("XZYYI", "ZXXZI", "IYXYZ", "IZZZX"), "IZXXI", "IYYZI"),
}
