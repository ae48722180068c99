import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import bell_diagonal as bd
from qnet_circuits.theory import bounds, chsh

from .states import PAULIS, density, random_weights

RANDOM = [random_weights(np.random.default_rng(seed)) for seed in range(4)]
PURE = [tuple(float(i == j) for j in range(4)) for i in range(4)]


def s_of(rho, a, b):
    """Return S of a state for two observables on each side."""
    value = {(i, j): np.trace(rho @ np.kron(a[i], b[j])).real for i in (0, 1) for j in (0, 1)}
    return value[0, 0] + value[0, 1] + value[1, 0] - value[1, 1]


@pytest.mark.parametrize("weights", RANDOM + PURE)
def test_fixed_settings_against_the_density_matrix(weights):
    x, z = PAULIS["X"], PAULIS["Z"]
    a = ((z + x) / np.sqrt(2), (z - x) / np.sqrt(2))
    assert chsh.s_value(weights) == pytest.approx(s_of(density(weights), a, (z, x)), abs=1e-12)


@pytest.mark.parametrize("fidelity", [0.25, 0.6, 0.9, 1.0])
def test_werner_states_reach_the_maximum(fidelity):
    weights = bd.werner(fidelity)
    expected = 2 * np.sqrt(2) * bd.visibility(fidelity)
    assert chsh.s_value(weights) == pytest.approx(expected, abs=1e-12)


def test_werner_threshold():
    threshold = (1 + 3 / np.sqrt(2)) / 4
    assert threshold == pytest.approx(0.78033, abs=5.1e-6)
    assert chsh.s_value(bd.werner(threshold)) == pytest.approx(bounds.CHSH_CLASSICAL)


def test_bad_weights_are_refused():
    with pytest.raises(ParameterError, match=r"pauli .*\(0\.5, 0, 0, 0\)"):
        chsh.s_value((0.5, 0, 0, 0))
