import numpy as np
import pytest
from scipy.stats import t, ttest_1samp

from qnet_circuits.errors import NoShotsError
from qnet_circuits.theory.means import mean, ratio


def test_the_interval_of_a_mean_is_students(rng):
    values = rng.normal(3, 2, 12)
    found = mean(values, 0.9)
    expected = ttest_1samp(values, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.value, found.n, found.level) == (pytest.approx(values.mean()), 12, 0.9)


def test_the_interval_of_a_ratio_solves_fiellers_equation(rng):
    below = rng.normal(5, 1, 30)
    above = 2 * below + rng.normal(0, 1, 30)
    found = ratio(above, below, 0.99)
    assert found.value == pytest.approx(above.mean() / below.mean())
    for end in (found.low, found.high):
        rest = above - end * below
        reached = abs(rest.mean()) / (rest.std(ddof=1) / np.sqrt(30))
        assert reached == pytest.approx(t.isf(0.005, 29), rel=1e-4)


def test_intervals_of_ratios_cover(rng):
    held = 0
    for _ in range(400):
        below = rng.exponential(2, 60)
        held += 1.5 in ratio(1.5 * below + rng.normal(0, 1, 60), below, 0.9)
    assert 325 <= held <= 390  # 360 of 400 at the level, 6 standard deviations below and 5 above


def test_too_few_values():
    with pytest.raises(NoShotsError, match="at least 2 values, got 1"):
        mean(np.array([1.0]))
    with pytest.raises(NoShotsError, match="denominator"):
        ratio(np.array([1.0, 2.0]), np.array([-1.0, 1.0]))
