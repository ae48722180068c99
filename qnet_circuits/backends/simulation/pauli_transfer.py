"""Pauli transfer matrices: every step of a noisy circuit as a real matrix on Bloch vectors.

A state of n qubits is the vector of ⟨P⟩ over the 4^n Paulis; a channel E has the entries Tr[P_i E(P_j)] / 2^n. Amplitude
damping, asymmetric readout and any gate are exact in this form. Indices count I, X, Y, Z on each wire, the first wire
slowest.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Operation
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import PTM, Choi, Operator

from qnet_circuits.backends.simulation.steps import (
    Channel,
    Depolarise,
    Misread,
    PauliError,
    Relax,
    Transfer,
    Unitary,
)
from qnet_circuits.errors import UnsupportedError

Matrix = npt.NDArray[np.float64]
#: A gate on more wires has a matrix of more than 65,536 entries.
WIDEST_GATE = 4
#: Below this, an eigenvalue of a Choi matrix is rounding, and an entry of a transfer matrix.
_NO_WEIGHT = 1e-13
_ZERO = 1e-12


def transfer(step: Channel) -> Matrix:
    """Return the Pauli transfer matrix of a step.

    Raises:
        UnsupportedError: If it is a gate on more than four qubits, or no unitary.

    Example:
        >>> transfer(Relax(0, seconds=1.0, t1=1.0, t2=2.0)).round(3).tolist()[3]
        [0.632, 0.0, 0.0, 0.368]
    """
    if isinstance(step, Transfer):
        return step.matrix
    if isinstance(step, Relax):
        return relaxation(step.seconds, step.t1, step.t2)
    if isinstance(step, Depolarise):
        return _depolarising(step.probability, len(step.wires))
    if isinstance(step, PauliError):
        return _pauli_error(*step.weights)
    if isinstance(step, Misread):
        return _misread(step.p10, step.p01)
    return gate(step.operation)


@lru_cache(maxsize=4096)
def _pauli_error(_: float, x: float, y: float, z: float) -> Matrix:
    return _frozen(np.diag([1, 1 - 2 * (y + z), 1 - 2 * (x + z), 1 - 2 * (x + y)]))


@lru_cache(maxsize=4096)
def _misread(p10: float, p01: float) -> Matrix:
    matrix = np.diag([1.0, 0.0, 0.0, 1 - p10 - p01])
    matrix[3, 0] = p01 - p10
    return _frozen(matrix)


@lru_cache(maxsize=16384)
def _depolarising(probability: float, wires: int) -> Matrix:
    diagonal = np.full(4**wires, 1 - probability)
    diagonal[0] = 1
    return _frozen(np.diag(diagonal))


def _frozen(matrix: Matrix) -> Matrix:
    """Return a matrix that is shared, and so may not be changed."""
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=16384)
def relaxation(seconds: float, t1: float, t2: float) -> Matrix:
    """Return the matrix of relaxation towards |0⟩: populations with exp(-t/T1), coherence with exp(-t/T2)."""
    kept = math.exp(-seconds / t1)
    x = math.exp(-seconds / t2)
    matrix = np.diag([1.0, x, x, kept])
    matrix[3, 0] = 1 - kept
    return _frozen(matrix)


def gate(operation: Operation) -> Matrix:
    """Return the matrix of a gate, remembered for standard gates."""
    if operation.num_qubits > WIDEST_GATE:
        raise UnsupportedError(
            f"{operation.name!r} acts on {operation.num_qubits} qubits; exact computation takes gates on at most "
            f"{WIDEST_GATE}: decompose it, or sample on aer"
        )
    kind = operation.base_class
    try:
        parameters = tuple(float(parameter) for parameter in operation.params)
        if not kind.__module__.startswith("qiskit.circuit.library.standard_gates"):
            raise ValueError(operation.name)
        return _standard(kind, parameters)
    except (TypeError, ValueError):
        return of_unitary(_matrix(operation))


@lru_cache(maxsize=4096)
def _standard(kind: Any, parameters: tuple[float, ...]) -> Matrix:
    try:
        matrix = np.asarray(kind(*parameters).to_matrix())
    except QiskitError:
        raise ValueError(kind) from None
    return of_unitary(matrix)


def _matrix(operation: Operation) -> npt.NDArray[np.complex128]:
    try:
        return np.asarray(Operator(operation).data)
    except QiskitError:
        raise UnsupportedError(
            f"{operation.name!r} is no unitary gate; exact computation cannot take it: decompose it, or sample on aer"
        ) from None


def of_unitary(unitary: npt.NDArray[np.complex128]) -> Matrix:
    """Return the matrix of U ρ U†; qubit 0 of U, its least significant, is the first wire."""
    # Qiskit counts the Paulis of its last qubit slowest.
    return _frozen(np.ascontiguousarray(PTM(Operator(unitary).reverse_qargs()).data.real))


def sectors(step: Channel) -> tuple[bool, tuple[bool, ...]]:
    """Return whether a step leaves all populations as they are, and for each wire whether it mixes populations and coherence.

    Example:
        >>> from qiskit.circuit.library import CXGate, CZGate
        >>> sectors(Unitary(CZGate(), (0, 1))), sectors(Unitary(CXGate(), (0, 1)))
        ((True, (False, False)), (False, (False, True)))
    """
    if isinstance(step, Unitary) and step.operation.num_qubits > WIDEST_GATE:
        return False, (True,) * len(step.wires)
    matrix = transfer(step)
    return _sectors(matrix.tobytes(), len(matrix))


@lru_cache(maxsize=4096)
def _sectors(entries: bytes, size: int) -> tuple[bool, tuple[bool, ...]]:
    matrix = np.frombuffer(entries).reshape(size, size)
    # I and Z of a wire are its populations, X and Y its coherence.
    wires = range((size.bit_length() - 1) // 2)
    coherent = [np.isin(np.arange(size) // 4**wire % 4, (1, 2)) for wire in reversed(wires)]
    populations = ~np.any(coherent, axis=0)
    changed = matrix[np.ix_(populations, populations)] - np.eye(2 ** len(wires))
    mixes = [bool(np.abs(matrix[own[:, None] != own]).max() > _ZERO) for own in coherent]
    return bool(np.abs(changed).max() < _ZERO), tuple(mixes)


def channel(matrix: Matrix) -> PTM:
    """Return Qiskit's form of a channel. The first wire becomes its least significant qubit.

    Example:
        >>> bool(channel(transfer(PauliError(0, (0.9, 0.1, 0.0, 0.0)))).is_cptp())
        True
    """
    wires = (len(matrix).bit_length() - 1) // 2
    axes = [*range(wires - 1, -1, -1), *range(2 * wires - 1, wires - 1, -1)]
    return PTM(matrix.reshape((4,) * len(axes)).transpose(axes).reshape(matrix.shape))


def kraus(matrix: Matrix) -> list[npt.NDArray[np.complex128]]:
    """Return Kraus operators of a channel, the heaviest first; one alone is a unitary.

    They are the eigenvectors of its Choi matrix; the first wire is the least significant. Qiskit's own conversion leaves out
    whatever weighs less than 1e-8, so that weak errors would be lost.
    """
    weights, vectors = np.linalg.eigh(Choi(channel(matrix)).data)
    size = math.isqrt(len(weights))
    return [
        np.sqrt(weight) * vector.reshape(size, size, order="F")
        for weight, vector in zip(weights[::-1], vectors.T[::-1], strict=True)
        if weight > _NO_WEIGHT
    ]
