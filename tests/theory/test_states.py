"""States from Pauli means, and their functions, against Qiskit's."""

import numpy as np
import pytest
from qiskit import quantum_info as qi
from scipy.optimize import minimize

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import states


def _random(rng, qubits, rank=None):
    return qi.random_density_matrix(2**qubits, rank=rank, seed=int(rng.integers(1 << 30))).data


def _qiskit(matrix):
    """Return the state as Qiskit counts qubits: the first one is ours."""
    return qi.DensityMatrix(matrix).reverse_qargs()


@pytest.mark.parametrize("qubits", [1, 2, 3])
@pytest.mark.parametrize("rank", [1, None])
def test_functions_are_qiskits(rng, qubits, rank):
    matrix = _random(rng, qubits, rank)
    other = _qiskit(matrix)
    assert states.entropy(matrix) == pytest.approx(qi.entropy(other, base=2), abs=1e-9)
    assert states.purity(matrix) == pytest.approx(qi.purity(other).real)
    for cut in range(qubits if qubits > 1 else 0):
        assert states.negativity(matrix, (cut,)) == pytest.approx(qi.negativity(other, [cut]))
    if qubits == 2:
        assert states.concurrence(matrix) == pytest.approx(qi.concurrence(other), abs=1e-7)


def test_many_states_at_once_are_each_by_itself(rng):
    many = np.array([[_random(rng, 2) for _ in range(3)] for _ in range(2)])
    for function, _, _ in states.FUNCTIONS.values():
        each = [[float(function(one)) for one in row] for row in many]
        assert function(many) == pytest.approx(np.array(each))
    assert states.nearest_state(many) == pytest.approx(many)


@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_shares_of_outcomes_give_the_state_back(rng, qubits):
    matrix = _random(rng, qubits)
    shares = states.shares_in(matrix)
    # The row of a setting, against the circuit that measures it.
    setting = int(rng.integers(3**qubits))
    bases = np.base_repr(setting, 3).zfill(qubits)
    turns = {
        "0": np.array([[1, 1], [1, -1]]) / 2**0.5,
        "1": np.array([[1, -1j], [1, 1j]]) / 2**0.5,
        "2": np.eye(2),
    }
    turn = np.eye(1)
    for basis in bases:
        turn = np.kron(turn, turns[basis])
    assert shares[setting] == pytest.approx((turn @ matrix @ turn.conj().T).diagonal().real)
    means = states.means_of(states.signs_of(shares))
    assert means == pytest.approx(states.means_in(matrix))
    assert states.matrix_of(means) == pytest.approx(matrix)


def test_the_nearest_state_is_the_nearest(rng):
    """Against a search over all states, from a matrix with negative eigenvalues."""
    noise = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    matrix = _random(rng, 2) + 0.3 * (noise + noise.conj().T)
    matrix += np.eye(4) * (1 - np.trace(matrix).real) / 4
    assert np.linalg.eigvalsh(matrix)[0] < -0.1
    found = states.nearest_state(matrix)
    assert np.trace(found).real == pytest.approx(1) and np.linalg.eigvalsh(found)[0] > -1e-12

    def distance(parts):
        root = parts[:16].reshape(4, 4) + 1j * parts[16:].reshape(4, 4)
        state = root @ root.conj().T
        return float(np.linalg.norm(state / np.trace(state).real - matrix) ** 2)

    least = minimize(distance, rng.normal(size=32), tol=1e-10)
    assert np.linalg.norm(found - matrix) ** 2 == pytest.approx(least.fun, abs=1e-5)


def test_a_size_of_no_qubits_is_refused():
    with pytest.raises(ParameterError, match="3"):
        states.negativity(np.eye(3, dtype=complex) / 3)
