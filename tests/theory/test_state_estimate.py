"""Intervals of functions of a state: coverage, also near the boundary, and the standard error."""

import numpy as np
import pytest
from scipy.stats import binom

from qnet_circuits.errors import NoShotsError, ParameterError
from qnet_circuits.theory.state_estimate import PauliCounts, state_estimate
from qnet_circuits.theory.states import (
    FUNCTIONS,
    PAULIS,
    matrix_of,
    means_of,
    nearest_state,
    negativity,
    shares_in,
    signs_of,
)

BELL = np.zeros((4, 4), complex)
BELL[np.ix_([0, 3], [0, 3])] = 0.5
PRODUCT = np.kron(np.diag([1, 0]), np.full((2, 2), 0.5)).astype(complex)


def _werner(fidelity):
    kept = (4 * fidelity - 1) / 3
    return kept * BELL + (1 - kept) * np.eye(4) / 4


def _estimates(state, name, shots, repeats, rng, level=0.95):
    function, convex, physical = FUNCTIONS[name]
    shares = shares_in(state)
    counts = rng.multinomial(shots, shares, size=(repeats, len(shares)))
    return [state_estimate(PauliCounts(each), function, convex, physical(2), level, rng) for each in counts]


CASES = {
    "bell-negativity": (BELL, "negativity"),
    "bell-entropy": (BELL, "entropy"),
    "product-concurrence": (PRODUCT, "concurrence"),
    "noisy-entropy": (_werner(0.9), "entropy"),
    "separable-purity": (_werner(0.5), "purity"),
}


@pytest.mark.parametrize("case", CASES)
def test_intervals_cover(rng, case):
    state, name = CASES[case]
    function, _, physical = FUNCTIONS[name]
    truth, repeats = np.clip(float(function(state)), *physical(2)), 15
    estimates = _estimates(state, name, 200, repeats, rng)
    covered = sum(each.low - 1e-9 <= truth <= each.high + 1e-9 for each in estimates)
    assert binom.cdf(covered, repeats, 0.945) > 1e-6
    assert all(each.low <= each.value <= each.high for each in estimates)


def test_values_alone_are_far_from_the_truth_at_the_boundary(rng):
    """Why the interval is not the value and two standard errors: it would hardly ever cover."""
    estimates = _estimates(BELL, "negativity", 300, 12, rng)
    assert sum(each.value + 1.96 * each.standard_error > 0.5 for each in estimates) < 9
    assert all(each.high >= 0.5 for each in estimates)
    # The tangents of other shots know that the truth is not below the value.
    assert np.mean([each.value - each.low for each in estimates]) < np.mean(
        [each.standard_error for each in estimates]
    )


def test_intervals_of_an_entangled_state_are_no_longer_than_they_must_be(rng):
    estimates = _estimates(_werner(0.8), "negativity", 10_000, 25, rng)
    error = np.mean([each.standard_error for each in estimates])
    assert np.mean([each.high - each.low for each in estimates]) / 2 / 1.96 == pytest.approx(error, rel=0.3)
    assert np.std([each.value for each in estimates]) == pytest.approx(error, rel=0.5)


def test_eigenvalues_that_may_be_noise_do_not_lengthen_the_interval_of_an_entropy(rng):
    """Slopes of an entropy go with the logarithm of each; told apart, they made it 2.8 times as long as 1.96 errors."""
    estimates = _estimates(_werner(0.98), "entropy", 10_000, 8, rng)
    error = np.mean([each.standard_error for each in estimates])
    assert np.mean([each.high - each.low for each in estimates]) / 2 / 1.96 < 2.1 * error


def test_the_same_draws_give_the_same_interval(rng):
    counts = rng.multinomial(100, shares_in(_werner(0.9)))
    first, again = (
        state_estimate(PauliCounts(counts), negativity, True, (0.0, 0.5), 0.95, np.random.default_rng(1))
        for _ in range(2)
    )
    other = state_estimate(PauliCounts(counts), negativity, True, (0.0, 0.5), 0.95, np.random.default_rng(2))
    assert first == again
    assert other.value == first.value and other.low != first.low


def test_a_higher_level_has_a_longer_interval(rng):
    counts = rng.multinomial(100, shares_in(_werner(0.9)))
    low, high = (
        state_estimate(PauliCounts(counts), negativity, True, (0.0, 0.5), level, np.random.default_rng(1))
        for level in (0.5, 0.99)
    )
    assert high.low < low.low and low.high < high.high


def test_settings_with_unequal_shots_are_taken(rng):
    counts = rng.multinomial(rng.integers(2, 400, size=9), shares_in(_werner(0.9)))
    estimate = state_estimate(PauliCounts(counts), negativity, True, (0.0, 0.5), 0.999999, rng)
    assert 0.4 in estimate and estimate.n == counts.sum()


@pytest.mark.parametrize("least", [0, 1])
def test_fewer_than_two_shots_are_refused(least):
    counts = np.full((9, 4), 10)
    counts[3] = [least, 0, 0, 0]
    with pytest.raises(NoShotsError, match=f"2 shots.* {least};"):
        state_estimate(PauliCounts(counts), negativity, True, (0.0, 0.5), 0.95, np.random.default_rng(1))


def test_a_level_of_one_is_refused():
    with pytest.raises(ParameterError, match="level"):
        state_estimate(
            PauliCounts(np.full((9, 4), 10)), negativity, True, (0.0, 0.5), 1.0, np.random.default_rng(1)
        )


@pytest.mark.parametrize("name", ["entropy", "purity", "negativity"])
def test_settings_that_measure_different_states_have_an_interval_around_the_nearest(name, rng):
    """As where the second qubit turns about Z for longer in one setting than in another: no state has such means."""
    vector = np.array([0.85, 0.65, 0.28 + 0.1j, 0.28 + 0.3j])
    state = 0.97 * np.outer(vector, vector.conj()) / np.vdot(vector, vector).real + 0.03 * np.eye(4) / 4
    turned = []
    for setting in range(9):
        angle = 0.3 * (setting % 3)
        turn = np.kron(np.eye(2), np.cos(angle) * np.eye(2) - 1j * np.sin(angle) * PAULIS[3])
        turned.append(shares_in(turn @ state @ turn.conj().T)[setting])
    shares = np.array(turned)
    inverted = matrix_of(means_of(signs_of(shares)))
    assert np.linalg.eigvalsh(inverted)[0] < -0.03
    function, convex, physical = FUNCTIONS[name]
    truth, found = float(function(nearest_state(inverted))), []
    for counts in rng.multinomial(10_000, shares, size=(12, 9)):
        found.append(state_estimate(PauliCounts(counts), function, convex, physical(2), 0.95, rng))
    covered = sum(each.low <= truth <= each.high for each in found)
    assert binom.cdf(covered, len(found), 0.945) > 1e-6
    assert all(
        each.low + each.standard_error < each.value < each.high - each.standard_error for each in found
    )
