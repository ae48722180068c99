"""Limits of weighted sums cover as often as they say, and are no longer than they must be."""

import math

import numpy as np
import pytest
from scipy.stats import binom

import qnet_circuits as qn
from benchmarks import intervals
from qnet_circuits.theory.estimate import combine, proportion
from qnet_circuits.theory.weighted import LEAST, Count, Joint, arms, weighted_p_value

TAIL = 0.025


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (500, 1000), (1, 10_000)])
def test_one_count_has_the_limits_of_clopper_and_pearson(successes, n):
    exact = proportion(successes, n)
    for weight in (1.0, -2.0):
        below, above = arms([weight], [successes], [n], TAIL)
        ends = sorted([weight * exact.low, weight * exact.high])
        value = weight * successes / n
        assert (value - below, value + above) == pytest.approx(ends)


def test_counts_of_equal_weight_and_shots_are_pooled():
    below, above = arms([0.5, -0.5, 0.5], [97, 4, 98], [100] * 3, TAIL)
    exact = proportion(291, 300)
    assert (1.5 * 0.97 - below, 1.5 * 0.97 + above) == pytest.approx((1.5 * exact.low, 1.5 * exact.high))


@pytest.mark.parametrize("n", [(10, 10), (10, 14), (12, 30)])
@pytest.mark.parametrize("weights", [(1, 0.5), (1, -1), (1, 0.1), (1, -0.2)])
def test_two_counts_cover_for_all_probabilities(n, weights):
    grid = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.95, 0.995, 1]
    assert intervals.least_coverage(n, weights, grid) >= 0.95


@pytest.mark.parametrize("shots", [20, 1000])
def test_made_up_sums_cover(shots, rng):
    for case in intervals.made_up():
        row = intervals.measured(case, shots, 600, rng)
        assert row.covers(1e-6), str(row)


def test_intervals_of_many_shots_are_no_longer_than_the_bar_and_standard_errors_are_those_of_the_spread(rng):
    for case in intervals.made_up():
        row = intervals.measured(case, 10_000, 400, rng)
        assert row.short, str(row)
        # The standard deviation of 400 values is known to 3.5 %.
        if row.rarer >= intervals.ENOUGH:
            assert abs(row.error_ratio - 1) < 0.05 + 5 * 0.036, str(row)


def test_every_protocol_of_the_registry_is_measured(rng):
    assert set(qn.protocol_names()) <= {*intervals.protocols(), *intervals.ELSEWHERE}
    cases = list(intervals.of_registry("superdense-coding", shots=200))
    assert [case.name for case in cases] == ["superdense-coding: success"]
    assert all(intervals.measured(case, 1000, 300, rng).covers(1e-6) for case in cases)


@pytest.mark.slow
def test_all_figures_cover_and_are_short():
    assert intervals.main([]) == 0


def test_counts_of_the_same_shots_are_netted_shot_by_shot():
    """Two events that always come together with opposite weights add nothing, and nothing is uncertain but one shot."""
    n = 1000
    joint = Joint.of([0.0], [1.0], 0.0)
    below, above = arms([1.0, -1.0], [300, 300], [n, n], TAIL, [([0, 1], joint)])
    none = proportion(0, n, 0.95)
    assert (below, above) == pytest.approx((none.high, none.high))
    independent = arms([1.0, -1.0], [300, 300], [n, n], TAIL)
    assert independent[0] > 5 * below


def test_events_of_which_one_nearly_always_happens_have_the_limits_of_the_exception():
    """Neither happens in one shot of 1000, so that the sum is known as well as that."""
    n = 1000
    joint = Joint.of([0.0, 1.0], [0.001, 0.999], 0.0)
    below, _ = arms([1.0, 1.0], [499, 500], [n, n], TAIL, [([0, 1], joint)])
    assert 0.999 - below == pytest.approx(proportion(n - 1, n).low)


def test_settings_drawn_at_random_have_the_spread_of_the_settings():
    """Half of the settings work and half fail: the mean is known to t s/√m, much less well than by the shots."""
    drawn, n = 64, 1000
    counts = [Count(1 / drawn, n if k % 2 else 0, n, str(k), population=10_000) for k in range(drawn)]
    found = combine(0.0, counts)
    spread = math.sqrt(drawn / (drawn - 1) / 4 / drawn)
    assert (found.high - found.low) / 2 == pytest.approx(1.998 * spread, rel=0.01)
    whole = combine(0.0, [Count(c.weight, c.successes, n, c.source, population=drawn) for c in counts])
    assert whole.high - whole.low < (found.high - found.low) / 10


def test_the_p_value_of_nearly_equal_shots_is_nearly_a_binomial_tail():
    counts = [Count(2.0, k, n, str(n)) for k, n in ((450, 500), (441, 501), (430, 499))]
    counts.append(Count(-2.0, 120, 502, "d"))
    wins, n = 450 + 441 + 430 + 382, 500 + 501 + 499 + 502
    found = combine(-2.0, counts, null=2.0)
    assert math.log(found.p_value) == pytest.approx(math.log(binom.sf(wins - 1, n, 0.75)), rel=0.01)
    assert combine(-2.0, counts, null=3.5).p_value == 1


def test_a_p_value_is_never_0():
    counts = [Count(1.0, n, n, str(n)) for n in (100_000, 90_000)]
    assert weighted_p_value(counts, 1.9) == pytest.approx(LEAST)
    alike = [Count(1.0, 100_000, 100_000, name) for name in "ab"]
    assert combine(0.0, alike, null=0.1).p_value == LEAST
    assert np.isfinite(combine(0.0, alike).low)


def test_the_p_value_of_shared_shots_is_that_of_one_event_that_adds_all():
    """Three events that come together, and one that never does when they come: only all or nothing."""
    n, both = 1000, 850
    weights = [0.4, 0.3, 0.2, -0.1]
    counts = [Count(w, both if w > 0 else n - both, n, "a") for w in weights]
    joints = {"a": Joint.of([0.9, -0.1], [both / n, 1 - both / n], 0.9)}
    found = combine(0.0, counts, null=0.7, joints=joints)
    assert found.p_value == pytest.approx(binom.sf(both - 1, n, 0.8))
    assert combine(0.0, counts, null=0.7).p_value is None  # Nobody knows how they depend.
    unequal = [*counts, Count(0.5, 400, 500, "b")]
    near, far = (combine(0.0, unequal, null=null, joints=joints).p_value for null in (1.13, 1.05))
    assert 0.05 < near < 0.15 and 1e-12 < far < 1e-7


@pytest.mark.parametrize("both", [0.2, 0.3, 0.6])
def test_p_values_of_shared_shots_reject_no_more_often_than_they_say(rng, both):
    """Two events of weights 1 and 0.5, each of probability 0.6, which come together as often as ``both``; the null is true."""
    n, repeats, found = 200, 600, []
    for row in rng.multinomial(n, [both, 0.6 - both, 0.6 - both, both - 0.2], repeats):
        first, second = int(row[0] + row[1]), int(row[0] + row[2])
        joints = {"a": Joint.of([1.5, 1.0, 0.5, 0.0], row / n, 1.5)}
        counts = [Count(1.0, first, n, "a"), Count(0.5, second, n, "a")]
        found.append(combine(0.0, counts, null=0.9, joints=joints).p_value)
    for tail in (0.1, 0.02):
        assert sum(p <= tail for p in found) <= binom.isf(1e-6, repeats, tail)


def test_rounding_beyond_what_can_be_seen_leaves_limits():
    joint = Joint(0.0, 1e-12, 0.0, 1e-24, 0.0, shots=100, ends=(0.0, 0.99e-12))
    found = arms([1.0, 1.0], [50, 50], [100, 100], TAIL, [([0, 1], joint)])
    assert np.isfinite(found).all()


def test_repetitions_of_different_numbers_of_shots_have_the_limits_of_each(rng):
    """Alone and with counts of the same shots; two of the independent counts pool in the last two rows."""
    weights, n = (
        np.array([0.5, -0.5, 1.0, 1.0]),
        np.array([[20, 30, 50, 50], [40, 40, 60, 60], [15, 15, 99, 99]]),
    )
    found = rng.binomial(n, [0.9, 0.2, 0.5, 0.5])
    scores, shares = np.array([2.0, 1.0, 0.0]), rng.dirichlet([1, 1, 1], 3)
    whole = [([2, 3], Joint.of(scores, shares, 1.0))]
    many = arms(weights, found, n, TAIL, whole)
    for k in range(3):
        one = arms(weights, found[k], n[k], TAIL, [([2, 3], Joint.of(scores, shares[k], 1.0))])
        assert (many[0][k], many[1][k]) == pytest.approx((float(one[0]), float(one[1])))
    assert arms([0.5, -0.5], found[1, :2], [40, 40], TAIL)[0] == pytest.approx(
        (lambda k: k / 80 - proportion(int(k), 80).low)(found[1, 0] + 40 - found[1, 1])
    )


def test_a_sum_of_likely_and_unlikely_events_is_known_as_well_as_its_parts():
    """Pooled they would look like fair coins, whose interval is three times as long."""
    n = 10_000
    found = combine(0.0, [Count(1.0, 9700, n, "light"), Count(1.0, 200, n, "dark")])
    error = math.sqrt((0.97 * 0.03 + 0.02 * 0.98) / n)
    assert found.standard_error == pytest.approx(error)
    assert 1 <= (found.high - found.low) / 2 / (1.96 * error) < 1.05
