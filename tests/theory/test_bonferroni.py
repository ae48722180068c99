"""Where shots are few, or counts depend on each other in an unknown way, limits hold by Bonferroni's inequality."""

import pytest
from scipy.stats import binom

from qnet_circuits.theory.estimate import combine, proportion
from qnet_circuits.theory.weighted import Count


def test_counts_that_may_depend_on_each_other_are_joined():
    dependent = combine(0.0, [Count(0.5, 50, 100, "a"), Count(0.5, 50, 100, "a")])
    each = proportion(50, 100, 0.975)
    assert dependent.high == pytest.approx(each.high) and dependent.low == pytest.approx(each.low)


def test_few_shots_are_joined_and_more_are_not():
    few = combine(0.0, [Count(0.5, 8, 9, "a"), Count(0.25, 30, 60, "b")])
    first, second = proportion(8, 9, 0.975), proportion(30, 60, 0.975)
    assert few.low == pytest.approx(0.5 * first.low + 0.25 * second.low)
    assert few.method.startswith("Bonferroni over 2")
    more = combine(0.0, [Count(0.5, 9, 10, "a"), Count(0.25, 30, 60, "b")])
    assert more.high - more.low < 0.9 * (few.high - few.low)


def test_bonferroni_of_dependent_counts_covers():
    n, level = 12, 0.9
    for p in (0.5, 0.9, 0.98):
        covered = 0.0
        for k in range(n + 1):
            estimate = combine(0.0, [Count(0.5, k, n, "a"), Count(0.5, k, n, "a")], level)
            covered += binom.pmf(k, n, p) * (p in estimate)
        assert covered >= level


def test_few_shots_of_settings_drawn_at_random_widen_the_interval():
    drawn = [Count(0.01, 5, 9, str(k), population=512) for k in range(64)]
    fixed = [Count(0.01, 5, 9, str(k)) for k in range(64)]
    wide, narrow = combine(0.0, drawn), combine(0.0, fixed)
    assert wide.low < narrow.low and wide.high > narrow.high
    assert "Serfling" in wide.method


def test_one_setting_drawn_at_random_tells_nothing_of_the_others():
    alone = combine(0.0, [Count(1.0, 50, 100, "a", population=10)])
    assert (alone.low, alone.value, alone.high) == (0.0, 0.5, 1.0)
    beside = combine(0.0, [Count(0.5, 90, 100, "a", population=10), Count(0.25, 60, 80, "b")])
    sure = proportion(60, 80, 0.975)
    assert (beside.low, beside.high) == pytest.approx((0.25 * sure.low, 0.5 + 0.25 * sure.high))
