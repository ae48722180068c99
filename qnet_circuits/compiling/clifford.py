"""Clifford matrices as stabilizer gates, for everyone who simulates or compares by stabilizers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import stim
from qiskit.quantum_info import Operator, Pauli, SparsePauliOp

Matrix = npt.NDArray[np.complex128]
Gates = tuple[tuple[str, tuple[int, ...]], ...]
_TOLERANCE = 1e-6


class NotClifford(Exception):
    """A part of a circuit that is no stabilizer circuit."""


def clifford_gates(matrix: Matrix) -> Gates:
    """Return a Clifford matrix as stabilizer gates: names of stim's, with places among the wires, the least significant first.

    Raises:
        NotClifford: If it is none.

    Example:
        >>> clifford_gates(np.diag([1, 1j]))
        (('S', (0,)),)
    """
    return _gates(np.ascontiguousarray(matrix.round(9), dtype=complex).tobytes())


@lru_cache(maxsize=4096)
def _gates(raw: bytes) -> Gates:
    """Return a Clifford matrix, given by its bytes, as stabilizer gates."""
    size = round((len(raw) // 16) ** 0.5)
    matrix = np.frombuffer(raw, dtype=complex).reshape(size, size)
    try:
        tableau = stim.Tableau.from_unitary_matrix(matrix, endian="little")
    except ValueError:
        raise NotClifford from None
    # The conversion rounds: a rotation by a tenth of a radian passes for the identity.
    found = tableau.to_unitary_matrix(endian="little").astype(complex)
    overlap = np.vdot(found, matrix)
    if np.abs(matrix - found * overlap / abs(overlap)).max() > _TOLERANCE:
        raise NotClifford
    name = _names().get(repr(tableau))
    if name is not None:
        return ((name, tuple(range(len(tableau)))),)
    circuit = tableau.to_circuit()
    return tuple((part.name, tuple(target.value for target in part.targets_copy())) for part in circuit)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Return the names of single gates on one and two wires, by their tableaus."""
    gates = [
        gate
        for gate in stim.gate_data().values()
        if gate.is_unitary and (gate.is_single_qubit_gate or gate.is_two_qubit_gate)
    ]
    return {repr(gate.tableau): gate.name for gate in gates}


def is_clifford(matrix: Matrix) -> bool:
    """Tell whether a matrix is that of a Clifford gate."""
    try:
        clifford_gates(matrix)
    except NotClifford:
        return False
    return True


def pauli_of(matrix: Matrix) -> Pauli:
    """Return the Pauli that a matrix is up to its phase.

    Raises:
        NotClifford: If it is none.
    """
    found = SparsePauliOp.from_operator(Operator(matrix), atol=_TOLERANCE, rtol=0).paulis
    if len(found) != 1:
        raise NotClifford
    return found[0]
