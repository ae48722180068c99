"""Verification of GHZ states: what passes, what a liar reaches, and what nobody beats."""

from itertools import product

import numpy as np
import pytest
from qiskit.quantum_info import random_density_matrix, random_statevector

import qnet_circuits as qn
from qnet_circuits.theory import verification as theory
from tests.support.enumerator import PAULIS
from tests.support.networks import SQUARE
from tests.support.observables import power

NOISE = qn.NoiseParameters()


def exact(**given):
    return qn.run(qn.GhzVerification(**given), "exact").pass_probability.value


def signed(angles):
    """Return the product of the observables at these angles, with the sign that the sum of all gives it."""
    axes = {k: np.cos(angle) * PAULIS["X"] + np.sin(angle) * PAULIS["Y"] for k, angle in enumerate(angles)}
    return power(axes, len(angles))


def choices(n, m):
    """Yield n angles of which the last makes the sum a multiple k of π, and the sign of k."""
    for free in product(range(m), repeat=n - 1):
        units = [*free, -sum(free) % m]
        yield [unit * np.pi / m for unit in units], (-1) ** (sum(units) // m)


def test_of(n, m):
    """Return the operator whose mean is the probability to pass."""
    products = [sign * signed(angles) for angles, sign in choices(n, m)]
    return (np.eye(2**n) + np.mean(products, axis=0)) / 2


test_of.__test__ = False


def ghz(n):
    state = np.zeros(2**n)
    state[[0, -1]] = 2**-0.5
    return state


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 3), (4, 2), (5, 2), (3, 4)])
def test_the_probability_to_pass_bounds_the_distance(n, m):
    test, rho = test_of(n, m), random_density_matrix(2**n, seed=n).data
    goal = np.outer(ghz(n), ghz(n))
    for v in (0.0, 0.6, 1.0):
        white = v * goal + (1 - v) * np.eye(2**n) / 2**n
        assert np.trace(test @ white).real == pytest.approx((1 + v) / 2, abs=1e-12)
        mixed = v * goal + (1 - v) * rho
        distance = 1 - (ghz(n) @ mixed @ ghz(n)).real
        assert np.trace(test @ mixed).real <= 1 - distance / 2 + 1e-12


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"parties": 2}, 1.0),
        ({"parties": 5}, 1.0),
        ({"parties": 3, "angles": 4}, 1.0),
        ({"parties": 2, "cheater": "w"}, 0.5),
        ({"parties": 4, "cheater": "w"}, 0.5),
        ({"parties": 2, "cheater": "plus"}, 0.75),
        ({"parties": 4, "cheater": "plus"}, 0.5625),
        ({"parties": 3, "cheater": "plus", "angles": 3}, 0.625),
        ({"parties": 3, "cheater": "mixed"}, 0.5),
        ({"parties": 2, "cheater": "liar"}, np.cos(np.pi / 8) ** 2),
        ({"parties": 5, "cheater": "liar:4"}, np.cos(np.pi / 8) ** 2),
        ({"parties": 3, "cheater": "liar:1", "angles": 3}, 5 / 6),
    ],
)
def test_what_passes_without_noise(given, value):
    protocol = qn.GhzVerification(**given)
    assert exact(**given) == pytest.approx(value, abs=1e-9)
    assert protocol.theory(NOISE)["pass_probability"] == pytest.approx(value, abs=1e-9)
    best = protocol.bounds["pass_probability"].get("optimal", 1.0)
    assert value <= best + 1e-9 and ("liar" not in str(protocol.cheater) or value == pytest.approx(best))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"parties": ("b", "d"), "cheater": "w"},
        {"parties": ("c", "a", "b"), "cheater": "plus"},
        {"parties": ("d", "a", "c"), "cheater": "liar:3"},
        {"parties": ("d", "c"), "cheater": "liar:1", "angles": 4},
        {"parties": ("c", "a"), "angles": 3},
    ],
)
def test_exact_figures_are_those_of_theory_over_any_routes(given):
    (value,) = qn.GhzVerification(network=SQUARE, **given).theory(NOISE).values()
    assert exact(network=SQUARE, **given) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_no_liar_without_entanglement_beats_the_bound(m):
    """For each angle of the liar, the best announcement against random states of two honest parties."""
    bound = theory.unentangled(m)

    def best(state):
        means = dict.fromkeys(range(m), 0.0)
        for angles, sign in choices(3, m):
            honest = signed(angles[:2])
            means[round(angles[2] * m / np.pi)] += sign * (state.conj() @ honest @ state).real / m
        return (1 + np.mean(np.abs(list(means.values())))) / 2

    assert max(best(random_statevector(4, seed=seed).data) for seed in range(20)) <= bound + 1e-12
    phases = np.linspace(0, np.pi, 60, endpoint=False)
    reached = [best(np.array([1, 0, 0, np.exp(1j * phase)]) / 2**0.5) for phase in phases]
    assert max(reached) <= bound + 1e-12 and max(reached) == pytest.approx(bound, abs=2e-3)


def test_many_angles_approach_the_limit_of_all_angles():
    assert theory.unentangled(2000) == pytest.approx(1 / 2 + 1 / np.pi, abs=1e-6)


@pytest.mark.parametrize("cheater", [None, "liar", "mixed"])
def test_outcomes_of_honest_parties_tell_nothing_alone(cheater):
    program = qn.GhzVerification(cheater=cheater).program(np.random.default_rng(0))
    figures = [
        qn.Figure(f"f{k}_{item.name}", qn.parity(item.name, [("out", k)])) for item in program for k in (0, 2)
    ]
    found = qn.run(qn.Program(program.items, figures), "exact").figures.values()
    assert [figure.value for figure in found] == pytest.approx([0] * len(figures), abs=1e-9)


def test_angles_of_many_parties_are_drawn():
    program = qn.GhzVerification(parties=8).program(np.random.default_rng(0))
    assert len({item.name for item in program}) == 64 and program.figures[0].drawn_from == 128


def test_what_cannot_be_verified_is_refused():
    for given in (
        {"angles": 1},
        {"angles": 2.5},
        {"parties": 1},
        {"cheater": "liar:4"},
        {"cheater": "liar:0"},
    ):
        with pytest.raises(qn.ParameterError):
            qn.GhzVerification(**given)
    for cheater in ("source", "ghz"):
        with pytest.raises(qn.UnknownNameError):
            qn.GhzVerification(cheater=cheater)
