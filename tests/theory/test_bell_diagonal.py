import re

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import bell_diagonal as bd

from .states import NAMES, PAULIS, density, random_weights

RANDOM = [random_weights(np.random.default_rng(seed)) for seed in range(8)]
PURE = [tuple(float(i == j) for j in range(4)) for i in range(4)]


@pytest.mark.parametrize("a", range(4))
@pytest.mark.parametrize("b", range(4))
def test_convolution_is_the_product_of_pauli_matrices(a, b):
    weights = bd.convolve(PURE[a], PURE[b])
    matrix = PAULIS[NAMES[a]] @ PAULIS[NAMES[b]]
    expected = [abs(np.trace(PAULIS[name] @ matrix)) / 2 for name in NAMES]
    assert list(weights) == pytest.approx(expected)


def test_convolution_is_bilinear_and_normalised():
    p, q = RANDOM[:2]
    expected = sum(p[a] * q[b] * np.array(bd.convolve(PURE[a], PURE[b])) for a in range(4) for b in range(4))
    assert bd.convolve(p, q) == pytest.approx(tuple(expected))
    assert bd.convolve(p, q) == pytest.approx(bd.convolve(q, p))
    assert sum(bd.convolve(p, q)) == pytest.approx(1.0)


@pytest.mark.parametrize("weights", RANDOM + PURE)
def test_correlators_and_fidelity_are_those_of_the_density_matrix(weights):
    rho = density(weights)
    t = bd.correlators(weights)
    for name in "xyz":
        matrix = PAULIS[name.upper()]
        assert t[name * 2] == pytest.approx(np.trace(rho @ np.kron(matrix, matrix)).real)
    phi = np.array([1, 0, 0, 1]) / np.sqrt(2)
    assert bd.fidelity(weights) == pytest.approx((phi @ rho @ phi).real)
    assert bd.fidelity(weights) == pytest.approx((1 + t["xx"] - t["yy"] + t["zz"]) / 4)


@pytest.mark.parametrize("weights", [*RANDOM, *PURE, (0.1, 0.7, 0.15, 0.05), (0.5, 0.2, 0.2, 0.1)])
def test_negativity_and_concurrence_are_those_of_the_density_matrix(weights):
    rho = density(weights)
    transposed = rho.reshape(2, 2, 2, 2).transpose(0, 3, 2, 1).reshape(4, 4)
    negative = np.linalg.eigvalsh(transposed)
    assert bd.negativity(weights) == pytest.approx(-negative[negative < 0].sum(), abs=1e-12)
    flip = np.kron(PAULIS["Y"], PAULIS["Y"])
    roots = np.sqrt(np.abs(np.linalg.eigvals(rho @ flip @ rho.conj() @ flip)))
    assert bd.concurrence(weights) == pytest.approx(max(0.0, 2 * roots.max() - roots.sum()), abs=1e-7)


@pytest.mark.parametrize("fidelity", [0.25, 0.5, 0.8, 1.0])
def test_werner_is_the_bell_state_with_white_noise(fidelity):
    v = bd.visibility(fidelity)
    mixed = v * density((1, 0, 0, 0)) + (1 - v) * np.eye(4) / 4
    assert np.allclose(density(bd.werner(fidelity)), mixed, atol=1e-14)
    t = bd.correlators(bd.werner(fidelity))
    assert (t["xx"], t["yy"], t["zz"]) == pytest.approx((v, -v, v))


def test_weights_are_kept_as_floats():
    assert bd.check_weights([1, 0, 0, 0]) == (1.0, 0.0, 0.0, 0.0)
    assert all(type(weight) is float for weight in bd.check_weights(np.array([0.5, 0.5, 0, 0])))


def test_rounding_is_forgiven():
    assert bd.check_weights((0.9, 0.1, 0.0, 1 - 0.9 - 0.1)) == (0.9, 0.1, 0.0, 0.0)
    assert bd.check_weights((1 + 1e-15, 0, 0, 0))[0] == 1.0
    link = (0.9 + 9e-10, 0.05, 0.03, 0.02)
    weights = (1.0, 0.0, 0.0, 0.0)
    for _ in range(50):
        weights = bd.convolve(weights, link)
    assert sum(weights) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    "weights",
    [
        (),
        (0.9, 0.1, 0.0),
        (1, 0, 0, 0, 0),
        "1000",
        {0: 1, 1: 0, 2: 0, 3: 0},
        0.9,
        None,
        (1.2, -0.2, 0, 0),
        (0.9, 0.2, 0, -0.1),
        (0.9, float("nan"), 0, 0.1),
        (float("inf"), 0, 0, 0),
        (0.9, 0, "much", 0.1),
        (None, 0, 0, 1),
        (1j, 0, 0, 0),
        (0.9, 0, 0, 0.1 + 1e-8),
        (0.5, 0, 0, 0),
    ],
)
def test_bad_weights_are_refused(weights):
    with pytest.raises(ParameterError, match=rf"^pauli .* {re.escape(repr(weights))}$"):
        bd.check_weights(weights)


@pytest.mark.parametrize(
    "function",
    [
        bd.fidelity,
        bd.correlators,
        bd.negativity,
        bd.concurrence,
        lambda w: bd.convolve(w, PURE[0]),
        lambda w: bd.convolve(PURE[0], w),
    ],
)
def test_every_function_checks_its_weights(function):
    with pytest.raises(ParameterError, match=r"pauli .*\(0\.5, 0, 0, 0\)"):
        function((0.5, 0, 0, 0))


@pytest.mark.parametrize(("function", "low"), [(bd.werner, 0.25), (bd.visibility, 0)])
@pytest.mark.parametrize("fidelity", [-0.01, 1.01, float("nan"), None, True])
def test_bad_fidelity_is_refused(function, low, fidelity):
    with pytest.raises(ParameterError, match=rf"fidelity .*\[{low}, 1\].* {re.escape(repr(fidelity))}$"):
        function(fidelity)


def test_a_werner_pair_is_no_worse_than_noise():
    with pytest.raises(ParameterError, match=r"fidelity .*0\.2499"):
        bd.werner(0.2499)
    assert bd.visibility(0) == pytest.approx(-1 / 3)
