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


@pytest.mark.parametrize(
    ("s", "bits"),
    [
        (2.2, 0.0825),
        (2.4, 0.1940),
        (2.6, 0.3614),
        (2.7, 0.4928),
        (2.8, 0.7370),
        (2 * np.sqrt(2), 1),
        (2, 0),
        (-3, 0),
    ],
)
def test_min_entropy_of_an_outcome(s, bits):
    assert chsh.min_entropy(s) == pytest.approx(bits, abs=5.1e-5)
    with pytest.raises(ParameterError):
        chsh.min_entropy(s + 8)


def _observables(angles):
    return [np.cos(angle) * PAULIS["Z"] + np.sin(angle) * PAULIS["X"] for angle in angles]


def _boxes(theta, alice, bob):
    """Return S, and how well each of Alice's outcomes is guessed, of the state cos θ |00⟩ + sin θ |11⟩."""
    state = np.array([np.cos(theta), 0, 0, np.sin(theta)])
    a, b, rho = _observables(alice), _observables(bob), np.outer(state, state)
    means = [np.trace(rho @ np.kron(each, np.eye(2))).real for each in a]
    return s_of(rho, a, b), max((1 + abs(mean)) / 2 for mean in means)


def test_no_boxes_are_guessed_better_than_their_value_allows(rng):
    """The best boxes reach the bound, and others, near them or far away, do not exceed it."""
    above = 0
    for theta in rng.uniform(0.1, np.pi / 4, 200):
        turn = np.arctan(np.sin(2 * theta))
        settings = np.array([[0, np.pi / 2], [turn, -turn]])
        s, guessed = _boxes(theta, *settings)
        assert guessed == pytest.approx(chsh.guessing_probability(s), abs=1e-7)
        for spread in (0.2, 3):
            s, guessed = _boxes(theta, *(settings + rng.uniform(-spread, spread, (2, 2))))
            assert guessed <= chsh.guessing_probability(s) + 1e-9
            above += s > 2
    assert above > 50
