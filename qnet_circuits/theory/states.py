"""States of a few qubits from Pauli measurements: linear inversion, the nearest state, and functions of a state.

Everything works on many states at once: matrices are arrays (..., d, d) with d = 2^m, the first of m qubits in front. The
shares of outcomes are arrays (..., 3^m, 2^m): one row for each setting XX, XY, XZ, YX, ..., one column for each outcome 00,
01, 10, 11.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import ParameterError

Matrix = npt.NDArray[np.complex128]
Reals = npt.NDArray[np.float64]

#: The identity and the three Paulis.
PAULIS: Matrix = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
#: How the mean of a Pauli follows from the signs of one qubit in settings X, Y, Z: sign 0 is 1, sign 1 that of the outcome.
_MEAN_OF_SIGNS: Reals = np.zeros((4, 3, 2))
_MEAN_OF_SIGNS[0, :, 0] = 1 / 3
_MEAN_OF_SIGNS[[1, 2, 3], [0, 1, 2], 1] = 1
#: The signs of the outcomes 0 and 1.
_SIGNS: Reals = np.array([[1.0, 1.0], [1.0, -1.0]])


def power(one: npt.NDArray[Any], qubits: int) -> npt.NDArray[Any]:
    """Return the tensor power of an array, axis by axis.

    Example:
        >>> power(np.array([[1, 2]]), 2).tolist(), power(np.array([[1, 2]]), 0).tolist()
        ([[1, 2, 2, 4]], [[1]])
    """
    return reduce(np.kron, [one] * qubits, np.ones((1,) * one.ndim, one.dtype))


@cache
def _basis(qubits: int) -> Matrix:
    return power(PAULIS, qubits)


@cache
def _means(qubits: int) -> Reals:
    return power(_MEAN_OF_SIGNS, qubits).reshape(4**qubits, 6**qubits)


def labels(qubits: int) -> tuple[str, ...]:
    """Return the names of all Pauli products, in the order in which their means are listed.

    Example:
        >>> labels(1), labels(2)[:6]
        (('i', 'x', 'y', 'z'), ('ii', 'ix', 'iy', 'iz', 'xi', 'xx'))
    """
    return tuple("".join(letters) for letters in product("ixyz", repeat=qubits))


def signs_of(shares: Reals) -> Reals:
    """Return the mean sign of each set of outcome bits in each setting, (..., 3^m, 2^m), of shares of outcomes."""
    qubits = shares.shape[-1].bit_length() - 1
    return np.asarray(shares @ power(_SIGNS, qubits))


def means_of(signs: Reals) -> Reals:
    """Return the mean of each Pauli product, (..., 4^m), of mean signs; a Pauli that many settings measure is their mean.

    Example:
        >>> bell = np.full((3, 3, 4), 0.25)
        >>> bell[[0, 2], [0, 2]], bell[1, 1] = [0.5, 0, 0, 0.5], [0, 0.5, 0.5, 0]
        >>> means_of(signs_of(bell.reshape(9, 4))).reshape(4, 4).diagonal().round(12).tolist()
        [1.0, 1.0, -1.0, 1.0]
    """
    qubits = signs.shape[-1].bit_length() - 1
    return np.asarray(signs.reshape(*signs.shape[:-2], -1) @ _means(qubits).T)


def matrix_of(means: Reals) -> Matrix:
    """Return the matrix Σ ⟨P⟩ P / 2^m, (..., 2^m, 2^m): linear inversion, which can have negative eigenvalues."""
    basis = _basis(_qubits(means.shape[-1], 4))
    return np.asarray(np.tensordot(means, basis, axes=1) / basis.shape[-1])


def means_in(matrix: npt.ArrayLike) -> Reals:
    """Return the mean of each Pauli product in a state, (..., 4^m)."""
    found = np.asarray(matrix, dtype=complex)
    basis = _basis(_qubits(found.shape[-1], 2))
    return np.asarray(np.einsum("kij,...ji->...k", basis, found).real)


def shares_in(matrix: Matrix) -> Reals:
    """Return how probable each outcome is in each setting, (..., 3^m, 2^m), in a state."""
    qubits = _qubits(matrix.shape[-1], 2)
    one = np.zeros((4, 3, 2))
    one[0] = 0.5
    one[[1, 2, 3], [0, 1, 2]] = [0.5, -0.5]
    weights = power(one, qubits)
    shares = np.clip(np.tensordot(means_in(matrix), weights, axes=1), 0.0, None)
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def nearest_state(matrix: Matrix) -> Matrix:
    """Return the state nearest to a Hermitian matrix of trace 1, in the Frobenius norm.

    The eigenvectors stay. All eigenvalues are lowered by the same amount, and those that become negative are 0: the nearest
    probability distribution. Of Pauli means with equal Gaussian errors it is the state of maximum likelihood (J. A. Smolin,
    J. M. Gambetta and G. Smith, Phys. Rev. Lett. 108, 070502 (2012)).

    Example:
        >>> nearest_state(np.diag([1.1, 0.2, -0.3, 0.0]).astype(complex)).diagonal().real.round(12).tolist()
        [0.95, 0.05, 0.0, 0.0]
    """
    values, vectors = np.linalg.eigh(matrix)
    falling = values[..., ::-1]
    shift = (np.cumsum(falling, axis=-1) - 1) / np.arange(1, falling.shape[-1] + 1)
    kept = (falling > shift).sum(axis=-1, keepdims=True)
    values = np.clip(values - np.take_along_axis(shift, kept - 1, axis=-1), 0.0, None)
    return np.asarray((vectors * values[..., None, :]) @ vectors.conj().swapaxes(-1, -2))


def negativity(state: Matrix, cut: Sequence[int] = (0,)) -> Reals:
    """Return minus the sum of the negative eigenvalues of the partial transpose, (...,).

    Two qubits are entangled if and only if it is positive, and a Bell state has 1/2 (G. Vidal and R. F. Werner, Phys. Rev. A
    65, 032314 (2002)).

    Args:
        state: The states.
        cut: The qubits on one side.

    Example:
        >>> bell = np.zeros((4, 4), complex)
        >>> bell[np.ix_([0, 3], [0, 3])] = 0.5
        >>> float(negativity(bell).round(12))
        0.5
    """
    qubits = _qubits(state.shape[-1], 2)
    lead = state.ndim - 2
    turned = state.reshape(*state.shape[:-2], *[2] * (2 * qubits))
    for qubit in cut:
        turned = turned.swapaxes(lead + qubit, lead + qubits + qubit)
    values = np.linalg.eigvalsh(turned.reshape(state.shape))
    return np.asarray(0.0 - np.minimum(values, 0.0).sum(axis=-1))


def concurrence(state: Matrix) -> Reals:
    """Return the concurrence of two qubits, in [0, 1] (W. K. Wootters, Phys. Rev. Lett. 80, 2245 (1998)).

    With ρ = T T† it is the largest singular value of Tᵀ (Y⊗Y) T less the other three, if that is positive.

    Example:
        >>> float(concurrence(np.eye(4) / 4))
        0.0
    """
    values, vectors = np.linalg.eigh(state)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))[..., None, :]
    sizes = np.linalg.svd(root.swapaxes(-1, -2) @ np.kron(PAULIS[2], PAULIS[2]) @ root, compute_uv=False)
    return np.asarray(np.clip(2 * sizes[..., 0] - sizes.sum(axis=-1), 0.0, None))


def entropy(state: Matrix) -> Reals:
    """Return the von Neumann entropy in bits, in [0, m].

    Example:
        >>> float(entropy(np.eye(4) / 4))
        2.0
    """
    values = np.clip(np.linalg.eigvalsh(state), 1e-300, None)
    return np.asarray(np.clip(-(values * np.log2(values)).sum(axis=-1), 0.0, None))


def purity(state: Matrix) -> Reals:
    """Return tr ρ², in [2^-m, 1].

    Example:
        >>> float(purity(np.eye(4) / 4))
        0.25
    """
    return np.asarray((np.abs(state) ** 2).sum(axis=(-1, -2)))


def _qubits(size: int, base: int) -> int:
    """Return of how many qubits something of this size is, or raise ParameterError."""
    bits = size.bit_length() - 1
    if size != 1 << bits or bits % (base.bit_length() - 1):
        raise ParameterError(f"{size} is the dimension of no number of qubits")
    return bits // (base.bit_length() - 1)


#: The functions of a state by name, whether each is convex, and the range of its values for m qubits.
FUNCTIONS: dict[str, tuple[Callable[..., Reals], bool, Callable[[int], tuple[float, float]]]] = {
    "negativity": (negativity, True, lambda qubits: (0.0, 0.5)),
    "concurrence": (concurrence, True, lambda qubits: (0.0, 1.0)),
    "entropy": (entropy, False, lambda qubits: (0.0, float(qubits))),
    "purity": (purity, True, lambda qubits: (0.5**qubits, 1.0)),
}
