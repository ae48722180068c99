"""Intervals cover at least as often as they say: computed by enumeration, not sampled."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import binom

from qnet_circuits.errors import NoShotsError, ParameterError
from qnet_circuits.theory.estimate import Estimate, combine, proportion
from qnet_circuits.theory.weighted import Count


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (0, 100, 0.0, 0.03622), (100, 100, 0.96378, 1.0), (1000, 1000, 0.99632, 1.0),
        (850, 1000, 0.82634, 0.87158), (8536, 10000, 0.84652, 0.86047),
    ],
)  # fmt: skip
def test_clopper_pearson_reference_values(successes, n, low, high):
    estimate = proportion(successes, n)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=6e-6)


@pytest.mark.parametrize("n", [1, 2, 5, 20])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_single_proportion_covers(n, level):
    intervals = [proportion(k, n, level) for k in range(n + 1)]
    for p in np.linspace(0, 1, 101):
        covered = sum(binom.pmf(k, n, p) for k in range(n + 1) if p in intervals[k])
        assert covered >= level - 1e-12


@pytest.mark.parametrize("n", [1, 3, 8, 25])
def test_pooled_bell_fidelity_covers_near_one_and_elsewhere(n):
    """Three settings with success probabilities of their own, pooled: 1.5 times their mean less a half."""
    level = 0.95
    pooled = [proportion(k, 3 * n, level) for k in range(3 * n + 1)]
    for probabilities in product([0.5, 0.8, 0.97, 0.99, 0.999, 1.0], repeat=3):
        pmf = np.array([1.0])
        for p in probabilities:
            pmf = np.convolve(pmf, binom.pmf(range(n + 1), n, p))
        mean = sum(probabilities) / 3
        covered = sum(weight for k, weight in enumerate(pmf) if mean in pooled[k])
        assert covered >= level - 1e-12


def test_combine_is_the_pooled_interval():
    counts = [Count(0.5, 97, 100, "xx"), Count(-0.5, 4, 100, "yy"), Count(0.5, 98, 100, "zz")]
    found = combine(0.0, counts)
    pooled = proportion(97 + 96 + 98, 300)
    assert found.value == pytest.approx(1.5 * 0.97 - 0.5)
    assert (found.low, found.high) == pytest.approx((1.5 * pooled.low - 0.5, 1.5 * pooled.high - 0.5))


def test_p_value_of_chsh_is_a_binomial_tail():
    n, wins = 50, 170
    counts = [Count(2.0, c, n, name) for c, name in zip((45, 44, 43), "abc", strict=True)]
    counts.append(Count(-2.0, n - 38, n, "d"))
    s = combine(-2.0, counts, null=2.0)
    tail = sum(comb(4 * n, k) * 0.75**k * 0.25 ** (4 * n - k) for k in range(wins, 4 * n + 1))
    assert s.value == pytest.approx(8 * wins / (4 * n) - 4)
    assert s.p_value == pytest.approx(tail)


def test_the_standard_error_is_that_of_independent_counts():
    found = combine(0.3, [Count(0.5, 30, 100, "a"), Count(-0.2, 9, 50, "b")])
    assert found.standard_error == pytest.approx((0.25 * 0.21 / 100 + 0.04 * 0.18 * 0.82 / 50) ** 0.5)
    assert proportion(30, 100).standard_error == pytest.approx(0.21**0.5 / 10)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.9312, 0.9272, 0.9352), "0.931 ± 0.004 (95 %)"),
        (Estimate(0.5, 0.5, 0.5), "0.5"),
        (Estimate(1.0, 0.998, 1.0), "1.0000 [0.9980, 1.0000] (95 %)"),
        (Estimate(2.5, 2.4004, 2.5996), "2.50 ± 0.10 (95 %)"),
        (Estimate(0.98, 0.9644, 0.9956, 0.999), "0.980 ± 0.016 (99.9 %)"),
        (Estimate(-0.00001, -0.004, 0.00398), "0.000 ± 0.004 (95 %)"),
        (Estimate(120.0, 60.0, 180.0), "120 ± 60 (95 %)"),
        (Estimate(1.29e-6, 1.23e-6, 1.35e-6), "1.29e-06 ± 6e-08 (95 %)"),
        (Estimate(9.87e-9, 9.47e-9, 1.03e-8), "9.9e-09 ± 4e-10 (95 %)"),
        (Estimate(1e-10, 0.0, 3e-9), "1e-10 [0.0000000000, 3.0e-09] (95 %)"),
        (Estimate(-2e-17, -2e-17, -2e-17), "-2e-17"),
    ],
)
def test_print(estimate, text):
    assert str(estimate) == text
    assert estimate.rounded() == text.split()[0]


def test_repr_evaluates_back():
    estimate = proportion(3, 7)
    assert eval(repr(estimate)) == estimate
    assert Estimate(**estimate.to_dict()) == estimate


def test_above_and_below():
    estimate = Estimate(0.7, 0.6, 0.8)
    assert estimate.above(0.59)
    assert not estimate.above(0.6)
    assert estimate.below(0.81)
    assert not estimate.below(0.8)
    assert 0.65 in estimate


def test_bad_input():
    with pytest.raises(NoShotsError, match="shots"):
        proportion(0, 0)
    with pytest.raises(ParameterError, match=r"level .*0\.3"):
        proportion(1, 2, 0.3)
    with pytest.raises(ParameterError, match=r"level .* 1(\.0)?\b"):
        proportion(1, 2, 1.0)
    with pytest.raises(ParameterError, match=r"successes .* 3"):
        proportion(3, 2)
    with pytest.raises(ParameterError, match=r"0\.6, 0\.5, 0\.7"):
        Estimate(0.5, 0.6, 0.7)


def test_rounding_leaves_the_truth_in_an_exact_value():
    exact = Estimate(1 - 3e-16, 1 - 3e-16, 1 - 3e-16, 1.0)
    assert 1.0 in exact and 1 - 1e-15 in exact
    assert 1 - 1e-9 not in exact


def test_an_estimate_formats_as_numbers_do_and_has_no_order():
    estimate = Estimate(0.98765, 0.98, 0.99)
    assert f"{estimate:.3f}" == "0.988" and f"{estimate}" == str(estimate) and float(estimate) == 0.98765
    for compare in (lambda: estimate > 0.5, lambda: estimate >= 0.5, lambda: estimate > 0.5):
        with pytest.raises(TypeError, match=r"\.above\(0\.5\).*\.value"):
            compare()
    for compare in (lambda: estimate < estimate, lambda: estimate <= estimate):
        with pytest.raises(TypeError, match=r"\.below\(.*\.value"):
            compare()
    with pytest.raises(TypeError, match=r"round\(estimate\.value, 3\)"):
        round(estimate, 3)
