import math
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import waiting

RETENTION = math.exp(-1 / 50)


def by_alternating_sum(p, links):
    """Return E[max] by inclusion and exclusion, in exact arithmetic."""
    p = Fraction(p)
    return float(sum(math.comb(links, j) * (-1) ** (j + 1) / (1 - (1 - p) ** j) for j in range(1, links + 1)))


def by_subsets(p, a, links):
    """Return the mean factor from a Markov chain whose states are the sets of links that are there.

    Each attempt costs a to the number of neighbours of which one is there and the other is not.
    """
    states = list(product((0, 1), repeat=links))
    cost = {s: a ** sum(x != y for x, y in pairwise(s)) for s in states}
    value = {}
    for state in sorted(states, key=sum, reverse=True):
        if all(state):
            value[state] = 1.0
            continue
        onward = 0.0
        for after in states:
            if after != state and all(x <= y for x, y in zip(state, after, strict=True)):
                come, missing = sum(after) - sum(state), links - sum(state)
                onward += p**come * (1 - p) ** (missing - come) * value[after]
        # the factor of an attempt is that of the state it starts from; the first attempt costs nothing
        value[state] = cost[state] * onward / (1 - cost[state] * (1 - p) ** (links - sum(state)))
    return value[states[0]]


@pytest.mark.parametrize(
    ("p", "means"),
    [
        (0.001, (1000, 1499.75, 1832.92, 2082.79)),
        (0.01, (100, 149.749, 182.915, 207.790)),
        (0.1, (10, 14.737, 17.901, 20.273)),
        (0.5, (2, 2.667, 3.143, 3.505)),
    ],
)
def test_attempts_until_all(p, means):
    for links, mean in enumerate(means, 1):
        assert waiting.attempts_until_all(p, links) == pytest.approx(mean, rel=5e-6, abs=5e-4)


@pytest.mark.parametrize("p", [1.0, 0.7, 1e-3, 1e-9])
@pytest.mark.parametrize("links", [1, 2, 7, 40])
def test_attempts_agree_with_the_alternating_sum(p, links):
    assert waiting.attempts_until_all(p, links) == pytest.approx(by_alternating_sum(p, links), rel=1e-12)


def test_many_rare_links_wait_as_long_as_harmonic_numbers_say():
    harmonic = sum(1 / k for k in range(1, 1001))
    assert waiting.attempts_until_all(1e-12, 1000) == pytest.approx(harmonic / 1e-12, rel=1e-9)


def test_swaps_that_fail():
    assert waiting.attempts_until_swapped(0.1, 0.5) == pytest.approx((3 - 0.2) / (0.1 * 1.9 * 0.5), rel=1e-12)
    assert [waiting.nested_attempts(0.1, 1.0, n) for n in (1, 2, 3)] == pytest.approx([15, 22.5, 33.75])
    assert [waiting.nested_attempts(0.1, 0.5, n) for n in (1, 2, 3)] == pytest.approx([30, 90, 270])
    assert waiting.nested_attempts(0.25, 0.5, 0) == 4
    assert waiting.nested_attempts(0.1, 0.5, 1) > waiting.attempts_until_swapped(0.1, 0.5)


def test_storage_factors():
    got = [waiting.storage_factor(0.1, RETENTION, n) for n in (1, 2, 3, 4, 5, 8)]
    assert got == pytest.approx([1, 0.84078, 0.71254, 0.60411, 0.51219, 0.31216], abs=5e-6)
    assert waiting.storage_factor(0.1, RETENTION) == pytest.approx(0.840783, abs=5e-7)
    assert waiting.storage_factor(0.1, RETENTION**2) == pytest.approx(0.725427, abs=5e-7)


@pytest.mark.parametrize(
    ("p", "a"), [(0.1, RETENTION), (0.5, 0.3), (1e-4, math.exp(-1e-4)), (1.0, 0.5), (0.3, 1.0)]
)
@pytest.mark.parametrize("links", [2, 3, 5])
def test_storage_agrees_with_a_markov_chain(p, a, links):
    assert waiting.storage_factor(p, a, links) == pytest.approx(by_subsets(p, a, links), rel=1e-10)


def by_stepping(p, a, cutoff, steps=4000):
    """Return mean attempts and factor of two links with a cut-off, stepping the state none, or one of some age."""
    none, ages = 1.0, np.zeros(cutoff + 1)  # ages[k]: one link has waited k attempts
    mean = factor = done = 0.0
    for step in range(1, steps + 1):
        end = none * p * p + (ages * p).sum()
        mean += step * end
        factor += none * p * p + (ages * p * a ** np.arange(1, cutoff + 2)).sum()
        done += end
        waited = ages * (1 - p)
        one, nothing = none * 2 * p * (1 - p), none * (1 - p) ** 2
        # a link is discarded once it has waited for `cutoff` attempts in vain
        ages = np.concatenate([[one], waited[:-1]])
        none = nothing + ages[cutoff]
        ages[cutoff] = 0
    assert done == pytest.approx(1, abs=1e-9)
    return mean, factor


@pytest.mark.parametrize(("p", "cutoff"), [(0.1, 5), (0.1, 1), (0.4, 3)])
def test_cutoff_agrees_with_a_markov_chain(p, cutoff):
    mean, factor = by_stepping(p, RETENTION, cutoff)
    assert waiting.cutoff_attempts(p, cutoff) == pytest.approx(mean, rel=1e-7)
    assert waiting.cutoff_storage_factor(p, RETENTION, cutoff) == pytest.approx(factor, rel=1e-7)


def test_cutoff_values_and_limits():
    assert waiting.cutoff_attempts(0.1, 5) == pytest.approx(20.7512, abs=5e-5)
    assert waiting.cutoff_storage_factor(0.1, RETENTION, 5) == pytest.approx(0.9525, abs=5e-5)
    assert waiting.cutoff_attempts(0.1, 10**6) == pytest.approx(waiting.attempts_until_all(0.1, 2), rel=1e-12)
    assert waiting.cutoff_storage_factor(0.1, RETENTION, 10**6) == pytest.approx(
        waiting.storage_factor(0.1, RETENTION), rel=1e-12
    )
    assert waiting.cutoff_storage_factor(0.1, 1.0, 3) == pytest.approx(1, abs=1e-12)


def relaxed(rho, qubit, seconds, t1, t2):
    """Apply amplitude damping and dephasing to one qubit of two."""
    kept = math.exp(-seconds / t1)
    pure = math.exp(-seconds / t2) / math.sqrt(kept)
    damping = [np.diag([1, math.sqrt(kept)]), np.array([[0, math.sqrt(1 - kept)], [0, 0]])]
    flips = [math.sqrt((1 + pure) / 2) * np.eye(2), math.sqrt((1 - pure) / 2) * np.diag([1, -1])]
    for kraus in (damping, flips):
        wide = [np.kron(k, np.eye(2)) if qubit == 0 else np.kron(np.eye(2), k) for k in kraus]
        rho = sum(k @ rho @ k.T for k in wide)
    return rho


@pytest.mark.parametrize(
    ("seconds", "one", "two"),
    [(5e-6, 0.973422, 0.947982), (50e-6, 0.774321, 0.631164), (200e-6, 0.436408, 0.401565)],
)
def test_memories_relax(seconds, one, two):
    t1, t2 = 200e-6, 120e-6
    bell = np.array([1, 0, 0, 1]) / math.sqrt(2)
    rho = relaxed(np.outer(bell, bell), 0, seconds, t1, t2)
    assert waiting.stored_fidelity(seconds, t1, t2) == pytest.approx(bell @ rho @ bell, abs=1e-12)
    assert waiting.stored_fidelity(seconds, t1, t2) == pytest.approx(one, abs=5e-7)
    rho = relaxed(rho, 1, seconds, t1, t2)
    assert waiting.stored_fidelity(seconds, t1, t2, both=True) == pytest.approx(bell @ rho @ bell, abs=1e-12)
    assert waiting.stored_fidelity(seconds, t1, t2, both=True) == pytest.approx(two, abs=5e-7)


def test_memory_times():
    assert waiting.check_memory(None, None) == (math.inf, math.inf)
    assert waiting.check_memory(0.5, None) == (0.5, 1.0)
    assert waiting.stored_fidelity(3.0, math.inf, 2.0) == pytest.approx((1 + math.exp(-1.5)) / 2, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: waiting.attempts_until_all(0, 2), "success must be greater than 0"),
        (lambda: waiting.attempts_until_all(1.2, 2), "1.2"),
        (lambda: waiting.attempts_until_all(0.1, 0), "links"),
        (lambda: waiting.attempts_until_swapped(0.1, 0), "swap_success"),
        (lambda: waiting.storage_factor(1e-6, 0.9, 3), "sample schedules"),
        (lambda: waiting.storage_factor(0.1, 1.1), "retention"),
        (lambda: waiting.cutoff_attempts(0.1, 0), "cutoff"),
        (lambda: waiting.stored_fidelity(-1, 1, 1), "seconds"),
        (lambda: waiting.check_memory(1.0, 2.5), "T1 = 1 s and T2 = 2.5 s"),
        (lambda: waiting.check_memory(0, 1), "greater than 0"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
