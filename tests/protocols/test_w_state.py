"""The W state: its preparation, its fidelity from local settings, and its figures for every error."""

from itertools import combinations, product

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector, random_density_matrix

import qnet_circuits as qn
from qnet_circuits.protocols.w_state import w_state
from qnet_circuits.theory import w_state as theory
from tests.support.enumerator import PAULIS
from tests.support.networks import SQUARE
from tests.support.observables import power, value_on
from tests.theory.states import random_weights


def vector(n):
    """Return W of n qubits, the first in front."""
    found = np.zeros(2**n)
    found[[2**k for k in range(n)]] = n**-0.5
    return found


def expression(figure, **parameters):
    program = qn.WState(**parameters).program(np.random.default_rng(0))
    return next(each.expression for each in program.figures if each.name == figure)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 7])
def test_the_excitation_is_shared_alike(n):
    circuit = QuantumCircuit(n)
    w_state(circuit, circuit.qubits)
    assert Statevector(circuit).data == pytest.approx(vector(n))
    assert circuit.num_nonlocal_gates() == 2 * n - 3


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_fidelity_of_any_state_follows_from_settings_of_pairs(n):
    rho = random_density_matrix(2**n, seed=n).data
    found = value_on(expression("fidelity", parties=n), rho)
    assert found == pytest.approx(vector(n) @ rho @ vector(n), abs=1e-12)
    pairs = [
        power({a: PAULIS[axis], b: PAULIS[axis]}, n) for a, b in combinations(range(n), 2) for axis in "XY"
    ]
    mean = np.mean([np.trace(each @ rho).real for each in pairs])
    assert value_on(expression("pair_coherence", parties=n), rho) == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_three_settings_bound_the_fidelity_of_any_state(n):
    bound = expression("fidelity_bound", parties=n, method="collective")
    for rank in (1, 2**n):
        rho = random_density_matrix(2**n, rank=rank, seed=n).data
        assert value_on(bound, rho) <= vector(n) @ rho @ vector(n) + 1e-12
    one = [2**k for k in range(n)]
    rho = np.zeros((2**n, 2**n), complex)
    rho[np.ix_(one, one)] = random_density_matrix(n, seed=n).data
    assert value_on(bound, rho) == pytest.approx(vector(n) @ rho @ vector(n), abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_no_product_across_a_split_is_nearer_than_the_bound(n):
    """The largest overlap with a product is the largest Schmidt coefficient squared."""
    tensor, largest = vector(n).reshape((2,) * n), 0.0
    for size in range(1, n):
        for part in combinations(range(n), size):
            matrix = np.moveaxis(tensor, part, range(size)).reshape(2**size, -1)
            largest = max(largest, np.linalg.svd(matrix, compute_uv=False)[0] ** 2)
    assert theory.entangled(n) == pytest.approx(largest)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_each_pair_has_its_concurrence(n):
    matrix = vector(n).reshape(4, -1)
    rho = matrix @ matrix.T
    flip = np.kron(PAULIS["Y"], PAULIS["Y"]).real
    roots = np.sqrt(np.abs(np.linalg.eigvals(rho @ flip @ rho @ flip)))
    assert theory.pair_concurrence(n) == pytest.approx(2 * roots.max() - roots.sum(), abs=1e-6)


@pytest.mark.parametrize("n", [2, 3])
def test_theory_is_exact_for_every_error(n):
    pairs = expression("pair_coherence", parties=n)
    bounded = expression("fidelity_bound", parties=n, method="collective")
    for errors in product("IXYZ", repeat=n):
        arms = [tuple(float(error == each) for each in "IXYZ") for error in errors]
        state = power({k: PAULIS[error] for k, error in enumerate(errors)}, n) @ vector(n)
        rho = np.outer(state, state.conj())
        assert theory.fidelity(arms) == pytest.approx(vector(n) @ rho @ vector(n), abs=1e-12)
        assert theory.exactly_one(arms) == pytest.approx(
            sum(rho[2**k, 2**k].real for k in range(n)), abs=1e-12
        )
        assert theory.pair_coherence(arms) == pytest.approx(value_on(pairs, rho), abs=1e-12)
        bound = theory.collective_bound(n, theory.exactly_one(arms), theory.singlet(arms))
        assert bound == pytest.approx(value_on(bounded, rho), abs=1e-12)


def test_theory_of_mixtures_is_that_of_their_errors():
    """The figures are linear in the weights of each arm."""
    rng = np.random.default_rng(1)
    arms = [random_weights(rng) for _ in range(3)]
    for function in (theory.fidelity, theory.exactly_one, theory.pair_coherence, theory.singlet):
        total = 0.0
        for errors in product(range(4), repeat=3):
            sure = [tuple(np.eye(4)[error]) for error in errors]
            total += np.prod([arm[error] for arm, error in zip(arms, errors, strict=True)]) * function(sure)
        assert function(arms) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize(
    "given",
    [{"network": SQUARE, "parties": ("c", "b", "d")}, {"network": SQUARE, "method": "collective"}, {"parties": 2}],
)  # fmt: skip
def test_exact_figures_are_those_of_theory_over_any_routes(given):
    protocol = qn.WState(**given)
    theory_of = protocol.theory(qn.NoiseParameters())
    result = qn.run(protocol, "exact")
    assert {name: result[name].value for name in theory_of} == pytest.approx(theory_of, abs=1e-9)


@pytest.mark.parametrize("method", ["pairs", "collective"])
def test_without_messages_the_parties_hold_noise(method):
    protocol = qn.WState(method=method)
    result = qn.run(protocol, "exact", corrections="none")
    for figure in protocol.program(np.random.default_rng(0)).figures:
        assert result[figure.name].value == pytest.approx(figure.without_messages, abs=1e-9)


def test_what_is_no_w_state_is_refused():
    with pytest.raises(qn.UnknownNameError):
        qn.WState(method="pair")
    with pytest.raises(qn.ParameterError):
        qn.WState(parties=1)
    with pytest.raises(qn.ParameterError):
        theory.fidelity([(1, 0, 0, 0)])
