"""Every branch at once against density matrices of one branch after another."""

import pytest
from qiskit.circuit.library import CXGate, HGate

from qnet_circuits.backends.simulation.branches import Branches
from qnet_circuits.backends.simulation.steps import Measurement, Unitary
from qnet_circuits.errors import UnsupportedError
from tests.backends.simulation.density import distribution
from tests.backends.simulation.random_circuits import random_noisy


def test_the_chance_of_each_outcome_is_that_of_density_matrices(rng):
    """Of random circuits with measurements, resets and decisions within branches."""
    for _ in range(15):
        noisy = random_noisy(rng)
        state = Branches(noisy.source.clbits)
        state.apply(noisy)
        last = dict(sorted(state.results))
        total = 0.0
        for outcome, chance in distribution(noisy).items():
            known = {(bit, last[bit]): value for bit, value in enumerate(outcome) if bit in last}
            assert state.chance(known) == pytest.approx(chance, abs=1e-10)
            total += chance
        assert total == pytest.approx(1.0)


def test_whoever_knows_one_half_of_a_pair_knows_the_other():
    state = Branches(())
    state.apply([Unitary(HGate(), (0,)), Unitary(CXGate(), (0, 1)), Measurement(0, 0, p10=0.1, p01=0.2)])
    assert state.bloch(1, {}) == pytest.approx([0, 0, 0])
    # Of those read as 1, 0.8 were in |1⟩ and 0.1 in |0⟩.
    assert state.bloch(1, {(0, 1): 1}) == pytest.approx([0, 0, -0.7 / 0.9])
    assert state.bloch(0, {(0, 1): 1}) == pytest.approx([0, 0, -0.7 / 0.9])
    assert state.chance({(0, 1): 1}) == pytest.approx(0.45)


def test_results_that_cannot_be_have_no_state_and_too_many_wires_are_refused():
    state = Branches(())
    state.apply([Measurement(0, 0)])
    assert state.bloch(0, {(0, 1): 1}) is None
    with pytest.raises(UnsupportedError, match="numbers"):
        state.apply(Unitary(HGate(), (wire,)) for wire in range(12))
