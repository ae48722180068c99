import numpy as np
import pytest
from scipy.stats import t, ttest_1samp

from qnet_circuits.errors import NoShotsError, ParameterError
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.means import correlations, mean, ratio, summed


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


def test_a_level_of_a_mean_is_checked():
    with pytest.raises(ParameterError, match="level"):
        mean(np.array([1.0, 2.0]), 3)


@pytest.mark.parametrize(
    ("shared", "below", "above"), [(0.0, 0.5, 0.13), (1.0, 0.7, 0.17), (-1.0, 0.1, 0.07)]
)
def test_arms_of_a_sum_are_joined_as_standard_deviations(shared, below, above):
    one = Estimate(0.5, 0.2, 0.62, method="one", n=10, standard_error=0.3)
    two = Estimate(1.0, 0.6, 1.05, method="two", n=20, standard_error=0.4)
    matrix = np.array([[1, shared, 0], [shared, 1, 0], [0, 0, 1.0]])
    found = summed([one, two, Estimate(7.0, 7.0, 7.0, 1.0)], matrix)
    assert (found.value, found.value - found.low) == pytest.approx((8.5, below))
    assert (found.high - found.value, found.standard_error) == pytest.approx((above, below))
    assert (found.level, found.method, found.n) == (0.95, "square-and-add: one; two", 20)


def test_a_sum_of_exact_values_is_exact():
    exact = Estimate(0.25, 0.25, 0.25, 1.0)
    assert summed([exact, exact], np.eye(2)) == Estimate(0.5, 0.5, 0.5, 1.0)


def test_correlations_of_a_draw(rng):
    one, two = rng.normal(0, 1, 40), rng.normal(0, 1, 40)
    found = correlations(one, two, np.ones(40))
    assert found[0, 1] == pytest.approx(np.corrcoef(one, two)[0, 1])
    assert found[2].tolist() == found[:, 2].tolist() == [0, 0, 1]
