import math

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing import finite_key as fk
from qnet_circuits.theory.entropy import binary_entropy

from .planning import abort_probability, expected_pulses, plan_finite_key


def leak(n, q, f=1.1):
    return math.ceil(f * n * binary_entropy(q))


@pytest.mark.parametrize(
    ("n", "k", "q", "mu", "told", "length"),
    [
        (10**4, 10**4, 0.01, 0.0698778742, 889, 4976),
        (10**5, 10**4, 0.01, 0.0518228185, 8888, 57530),
        (10**5, 10**5, 0.03, 0.0220963297, 21384, 48975),
        (10**6, 50_000, 0.03, 0.0226421135, 213832, 488534),
    ],
)
def test_values_of_the_formula(n, k, q, mu, told, length):
    assert fk.sampling_deviation(n, k, 1e-10) == pytest.approx(mu, abs=5.1e-11)
    assert leak(n, q) == told
    assert fk.key_length(n, k, q, told, 1e-10, 1e-15) == length


@pytest.mark.parametrize(("q", "smallest"), [(0.01, 962), (0.03, 1734), (0.05, 3548)])
def test_smallest_blocks_that_give_a_key(q, smallest):
    lengths = [fk.key_length(n, n, q, leak(n, q)) for n in (smallest - 1, smallest)]
    assert lengths[0] == 0 < lengths[1]


#: n, Q in %, printed rate in %, what an optimisation with the exact abort probability gives, and its 1 - p_x in %.
TABLE_2 = [
    (10**4, 1.0, 11.7, 14.2, 36.4), (10**4, 2.5, 6.8, 8.6, 41.4), (10**5, 1.0, 30.4, 32.0, 22.3),
    (10**5, 2.5, 21.5, 22.5, 23.6), (10**6, 1.0, 47.8, 48.6, 12.4), (10**6, 2.5, 35.7, 36.0, 13.9),
]  # fmt: skip


@pytest.mark.parametrize(("n", "q", "printed", "optimised", "bias"), TABLE_2)
def test_the_optimiser_reaches_the_published_table(n, q, printed, optimised, bias):
    plan = plan_finite_key(n, q / 100)
    assert printed <= 100 * plan.rate <= printed + 3
    assert optimised - 0.06 <= 100 * plan.rate <= optimised + 0.2
    assert 100 * plan.test_basis_probability == pytest.approx(bias, abs=1.0)
    assert plan.tolerance > q / 100 and plan.abort < 0.05


@pytest.mark.parametrize(
    ("q", "tolerance", "bias", "abort", "rate"),
    [(0.01, 0.0173, 0.125, 0.006, 47.82), (0.025, 0.0321, 0.137, 0.007, 35.72)],
)
def test_published_rows_at_their_own_choice(q, tolerance, bias, abort, rate):
    n = 10**6
    k = round(n * (bias / (1 - bias)) ** 2)
    length = 5 * 10**5
    for _ in range(10):  # the secrecy is a fixed amount for each bit of the key
        length = fk.key_length(n, k, tolerance, 1.1 * n * binary_entropy(q), 1e-14 * length, 1e-15)
    # leak and bias are printed with three digits
    assert 100 * (1 - abort) * length / expected_pulses(n, k) == pytest.approx(rate, abs=0.01)


def test_the_plan_is_a_local_optimum():
    n, q = 10**5, 0.02
    best = plan_finite_key(n, q)

    def rate(k, tolerance):
        told = leak(n, tolerance)
        length = fk.key_length(n, k, tolerance, told, 1e-14 * best.length, 1e-15)
        return (1 - abort_probability(k, q, tolerance)) * length / expected_pulses(n, k)

    assert rate(best.k, best.tolerance) == pytest.approx(best.rate, rel=1e-4)
    for k in (0.7 * best.k, 1.4 * best.k):
        assert rate(round(k), best.tolerance) < best.rate
    for shift in (-0.002, 0.002):
        assert rate(best.k, best.tolerance + shift) < best.rate


def test_no_plan_is_a_plan_of_no_key():
    assert plan_finite_key(200, 0.1).length == 0 and plan_finite_key(200, 0.1).rate == 0


@pytest.mark.parametrize(("n", "k"), [(30, 30), (60, 20), (20, 60)])
@pytest.mark.parametrize("epsilon", [0.5, 0.1, 0.01])
def test_the_sampling_bound_holds_for_every_number_of_errors(n, k, epsilon):
    # exact: of n + k bits with any number of errors, k are drawn; the rest may be worse by mu only with (eps/4)^2
    mu = fk.sampling_deviation(n, k, epsilon)
    worst = 0.0
    for errors in range(n + k + 1):
        failures = [
            hypergeom.pmf(seen, n + k, errors, k)
            for seen in range(max(0, errors - n), min(k, errors) + 1)
            if (errors - seen) / n >= seen / k + mu
        ]
        worst = max(worst, math.fsum(failures))
    assert worst <= (epsilon / 4) ** 2
    if epsilon == 0.5:
        # and it is no empty bound: half of mu would fail
        half = [
            math.fsum(
                hypergeom.pmf(seen, n + k, errors, k)
                for seen in range(max(0, errors - n), min(k, errors) + 1)
                if (errors - seen) / n >= seen / k + mu / 2
            )
            for errors in range(n + k + 1)
        ]
        assert max(half) > (epsilon / 4) ** 2


@pytest.mark.parametrize("n", [*range(1, 60), 500, 20_000])
def test_counts_on_record_cost_no_more_than_is_paid(n):
    # c ones of n have the probability P(c), and the failure probability grows by the sum of its root, in both bases
    grown = np.sqrt(binom.pmf(np.arange(n + 1), n, 0.5)).sum()
    assert 0.75 / fk.counts_chance(n, 1) < grown**2 <= 1 / fk.counts_chance(n, 1)
    assert fk.counts_chance(n, 2) == pytest.approx(fk.counts_chance(n, 1) ** 2)
    assert fk.counts_chance(n, 0) == 1.0
    mu = fk.sampling_deviation(100, 100, 1e-10, fk.counts_chance(n, 1))
    assert mu == pytest.approx(fk.sampling_deviation(100, 100, 1e-10 * fk.counts_chance(n, 1)))


def test_abort_probability_is_the_binomial_tail():
    for k, q, tolerance in [(100, 0.02, 0.03), (1000, 0.05, 0.05), (7, 0.5, 0.5), (50, 0.1, 0.0)]:
        expected = binom.sf(math.floor(k * tolerance + 1e-9), k, q)
        assert abort_probability(k, q, tolerance) == pytest.approx(expected, rel=1e-9)
    assert abort_probability(10, 0.0, 0.1) == 0.0


def test_more_of_everything_helps_and_epsilons_cost():
    base = fk.key_length(10**5, 10**4, 0.02, 15_000)
    assert fk.key_length(10**5, 10**5, 0.02, 15_000) > base > fk.key_length(10**5, 10**4, 0.03, 15_000)
    assert fk.key_length(10**5, 10**4, 0.02, 15_001) == base - 1
    # bits are counted in base 2: a thousandth of the correctness costs ten of them
    assert base - fk.key_length(10**5, 10**4, 0.02, 15_000, 1e-10, 1e-15 / 1024) == 10
    assert fk.hashing_cost(2**-20) == 40.0 and fk.verification_cost(2**-20) == 21.0


def test_a_bound_above_one_half_leaves_nothing():
    assert fk.phase_cost(100, 5, 0.1, 1e-10) == 100.0
    assert fk.key_length(100, 5, 0.1, 0) == 0


def test_wrong_values_are_refused():
    for call in (
        lambda: fk.sampling_deviation(0, 1, 0.1), lambda: fk.sampling_deviation(1, 0, 0.1),
        lambda: fk.key_length(10, 10, 0.6, 0), lambda: fk.key_length(10, 10, 0.1, -1),
        lambda: fk.key_length(10, 10, 0.1, 0, 0.0), lambda: fk.key_length(10, 10, 0.1, 0, 0.1, 1.0),
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            call()
