"""State vectors for brute-force checks: tensors of shape (2, ..., 2), one axis per qubit."""

from itertools import product

import numpy as np

PAULIS = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}
NAMES = "IXYZ"
HADAMARD = (PAULIS["X"] + PAULIS["Z"]) / np.sqrt(2)
CNOT = np.eye(4, dtype=complex)[[0, 1, 3, 2]]
BITS = list(product((0, 1), repeat=2))


def apply(state, operator, *qubits):
    count = len(qubits)
    tensor = operator.reshape((2,) * (2 * count))
    moved = np.tensordot(tensor, state, axes=(range(count, 2 * count), qubits))
    return np.moveaxis(moved, range(count), qubits)


def pauli(state, name, qubit):
    return apply(state, PAULIS[name], qubit)


def project(state, qubit, outcome):
    """Return the unnormalised branch of a Z measurement."""
    kept = np.zeros_like(state)
    index = (slice(None),) * qubit + (outcome,)
    kept[index] = state[index]
    return kept


def bell(error="I"):
    """Return (1 ⊗ P)|Φ+⟩."""
    return pauli(np.eye(2, dtype=complex) / np.sqrt(2), error, 1)


def ghz(parties):
    state = np.zeros((2,) * parties, dtype=complex)
    state[(0,) * parties] = state[(1,) * parties] = 1 / np.sqrt(2)
    return state


def joined(*states):
    out = states[0]
    for state in states[1:]:
        out = np.multiply.outer(out, state)
    return out


def overlap(state, target, qubits):
    """Return ⟨target|ρ|target⟩ for the reduced state of some qubits."""
    rest = np.tensordot(target.conj(), state, axes=(range(target.ndim), qubits))
    return float(np.sum(np.abs(rest) ** 2))


def bell_measurement(state, qubit, partner, outcomes):
    """Return the branch of a Bell measurement with outcomes (bit for Z, bit for X)."""
    state = apply(apply(state, CNOT, qubit, partner), HADAMARD, qubit)
    return project(project(state, qubit, outcomes[0]), partner, outcomes[1])


def corrected(state, qubit, z, x):
    """Return the state after the Pauli correction of two bits."""
    state = pauli(state, "X", qubit) if x else state
    return pauli(state, "Z", qubit) if z else state


def density(weights):
    """Return the 4 x 4 density matrix of a Bell-diagonal state."""
    vectors = [bell(name).reshape(4) for name in NAMES]
    return sum(weight * np.outer(v, v.conj()) for weight, v in zip(weights, vectors, strict=True))


def random_weights(rng):
    return tuple(rng.dirichlet([1.0] * 4))


def weighted(distributions):
    """Yield every pattern of errors, as a tuple of names, with its probability."""
    for pattern in product(range(4), repeat=len(distributions)):
        chances = (weights[error] for weights, error in zip(distributions, pattern, strict=True))
        yield tuple(NAMES[error] for error in pattern), float(np.prod(list(chances)))
