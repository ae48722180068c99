import numpy as np
import pytest
from scipy.optimize import minimize

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


def observable(theta, phi):
    direction = (np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta))
    return sum(c * PAULIS[name] for c, name in zip(direction, "XYZ", strict=True))


@pytest.mark.parametrize("weights", RANDOM + PURE)
def test_fixed_settings_against_the_density_matrix(weights):
    x, z = PAULIS["X"], PAULIS["Z"]
    a = ((z + x) / np.sqrt(2), (z - x) / np.sqrt(2))
    assert chsh.s_value(weights) == pytest.approx(s_of(density(weights), a, (z, x)), abs=1e-12)


@pytest.mark.parametrize("weights", [*RANDOM, PURE[2], bd.werner(0.9)])
def test_maximum_against_a_search_over_all_settings(weights):
    rho = density(weights)

    def loss(angles):
        a0, a1, b0, b1 = (observable(*pair) for pair in angles.reshape(4, 2))
        return -s_of(rho, (a0, a1), (b0, b1))

    starts = np.random.default_rng(2).uniform(0, 2 * np.pi, size=(12, 8))
    best = max(-minimize(loss, start).fun for start in starts)
    assert chsh.maximal_s_value(weights) == pytest.approx(best, abs=1e-6)
    assert chsh.maximal_s_value(weights) >= chsh.s_value(weights) - 1e-12


@pytest.mark.parametrize("fidelity", [0.25, 0.6, 0.9, 1.0])
def test_werner_states_reach_the_maximum_with_the_fixed_settings(fidelity):
    weights = bd.werner(fidelity)
    expected = 2 * np.sqrt(2) * bd.visibility(fidelity)
    assert chsh.s_value(weights) == pytest.approx(expected, abs=1e-12)
    assert chsh.maximal_s_value(weights) == pytest.approx(expected, abs=1e-12)


def test_werner_threshold():
    threshold = (1 + 3 / np.sqrt(2)) / 4
    assert threshold == pytest.approx(0.78033, abs=5.1e-6)
    assert chsh.s_value(bd.werner(threshold)) == pytest.approx(bounds.CHSH_CLASSICAL)


@pytest.mark.parametrize("function", [chsh.s_value, chsh.maximal_s_value])
def test_bad_weights_are_refused(function):
    with pytest.raises(ParameterError, match=r"pauli .*\(0\.5, 0, 0, 0\)"):
        function((0.5, 0, 0, 0))
