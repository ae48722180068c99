"""The bound of the six-state protocol for finite runs."""

import math

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.finite_key import phase_cost
from qnet_circuits.qkd.postprocessing.six_state_key import joint_phase_cost, pattern_bits, third_basis_helps
from qnet_circuits.theory.entropy import binary_entropy, threshold
from qnet_circuits.theory.key_rates import six_state_rate

EPSILON = 1e-10


def rates(n, q, f=1.0):
    """Return the bits per key bit that both bounds leave, if all bases have the error rate q and are of one size."""
    costs = joint_phase_cost(n, (n, n), round(q * n), (q, q), EPSILON), phase_cost(n, n, q, EPSILON)
    return [1 - cost / n - f * binary_entropy(q) for cost in costs]


@pytest.mark.parametrize(
    ("q", "rate"),
    [
        (0.01, 0.86386485), (0.02, 0.75805927), (0.03, 0.66391165), (0.05, 0.49681627), (0.08, 0.28044363),
        (0.10, 0.15241532),
    ],
)  # fmt: skip
def test_long_keys_have_the_asymptotic_rate(q, rate):
    assert rates(10**20, q)[0] == pytest.approx(rate, abs=1.5e-8)


def test_the_asymptotic_threshold():
    assert threshold(lambda q: rates(10**24, q)[0], 0.1, 0.15) == pytest.approx(0.12619308, abs=1e-8)


def test_more_bits_help_and_no_rate_exceeds_the_asymptotic_one():
    for q in (0.0, 0.01, 0.05, 0.1, 0.12):
        found = [rates(10**power, q)[0] for power in range(2, 13)]
        assert found == sorted(found) and found[0] < found[-1] < six_state_rate(q)
    few, one, other, both = (
        joint_phase_cost(10**5, k, 3000, (0.03, 0.03), EPSILON)
        for k in ((10**4, 10**4), (10**5, 10**4), (10**4, 10**5), (10**5, 10**5))
    )
    assert few > one == other > both


@pytest.mark.parametrize("q", [0.1105, 0.118, 0.125])
def test_a_key_above_the_threshold_of_bb84(q):
    joint, alone = rates(10**9, q)
    assert joint > 0 > alone


def counted(n, wrong, x, y):
    """Return how many patterns of phase errors there are."""
    return sum(
        math.comb(wrong, u) * math.comb(n - wrong, v)
        for u in range(wrong + 1)
        for v in range(n - wrong + 1)
        if u + v <= x and wrong - u + v <= y
    )


def test_no_more_patterns_exist_than_the_bound_says():
    n, closest = 24, math.inf
    for wrong in range(n + 1):
        for x in range(0, n + 1, 3):
            for y in range(0, n + 1, 3):
                many = counted(n, wrong, x, y)
                if many:
                    closest = min(closest, pattern_bits(n, wrong, (x, y)) - math.log2(many))
    # A single pattern reaches the bound.
    assert 0 <= closest + 1e-9 < 2e-9


def test_equal_limits_without_a_wrong_bit():
    # n (x / n) may exceed x by a rounding error.
    for n in range(1, 60):
        for x in range(n + 1):
            expected = n * binary_entropy(min(0.5, x / n))
            assert pattern_bits(n, 0, (x, x)) == pattern_bits(n, 0, (x, n)) == pytest.approx(expected)


#: Weights of phase errors and of errors in Y, as powers of two.
STEPS = np.meshgrid(*2 * [np.concatenate([np.linspace(0, 12, 241), [40.0]])])


def least_weighted(n, wrong, x, y):
    """Return log2 of all patterns, weighed so that each that may occur counts at least 1, for the best weights.

    It is a bound by another way. Its least value is the dual of the maximum of the entropy.
    """
    p, q = STEPS
    right = n - wrong
    weighed = p * x + q * (y - wrong)
    return (weighed + wrong * np.logaddexp2(0, q - p) + right * np.logaddexp2(0, -p - q)).min()


def test_the_maximum_of_the_entropy_is_found():
    rng = np.random.default_rng(5)
    cases = [
        (1000, 0, 50.0, 50.0),
        (1000, 100, 100.0, 0.0),
        (1000, 100, 0.0, 100.0),
        (1000, 1000, 700.0, 400.0),
    ]
    cases += [(1000, int(rng.integers(0, 400)), *rng.uniform(0, 600, 2).tolist()) for _ in range(40)]
    reached = 0
    for n, wrong, x, y in cases:
        if x + y < wrong:
            continue
        bound, other = pattern_bits(n, wrong, (x, y)), least_weighted(n, wrong, x, y)
        assert bound - 1e-6 <= other <= bound + 2e-3 * n
        reached += bound < min(n, n * binary_entropy(min(x, y, n / 2) / n)) - 1
    # In some of the cases both limits matter, in others one.
    assert 5 < reached < len(cases) - 5


def test_the_bound_falls_with_the_errors_that_were_corrected():
    found = [pattern_bits(10**4, wrong, (500, 500)) for wrong in range(0, 1001, 50)]
    assert found == sorted(found, reverse=True) and found[0] == 10**4 * binary_entropy(0.05)
    assert found[10] == pytest.approx(10**4 * (0.05 + 0.95 * binary_entropy(0.025 / 0.95)))


SIGMA = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def entropy(rho):
    weights = np.linalg.eigvalsh(rho)
    return -sum(weight * math.log2(weight) for weight in weights if weight > 1e-15)


def unknown_to_eve(rho):
    """Return S(Z_A|E) for a state of Alice's qubit and Bob's that Eve purifies, S(AB measured) - S(AB)."""
    zeros = np.kron(np.diag([1, 0]), np.eye(2)), np.kron(np.diag([0, 1]), np.eye(2))
    return entropy(sum(each @ rho @ each for each in zeros)) - entropy(rho)


def error_rates(rho):
    """Return how often the bits differ in Z, X and Y, the last beside a singlet's rule."""
    means = [np.trace(rho @ np.kron(pauli, pauli)).real for pauli in SIGMA]
    return (1 - means[3]) / 2, (1 - means[1]) / 2, (1 + means[2]) / 2


def test_no_pair_of_qubits_leaves_less_than_the_bound():
    rng, n = np.random.default_rng(6), 10**9
    slack = []
    for place in range(60):
        bell = np.array([np.kron(np.eye(2), pauli).ravel() for pauli in SIGMA]).reshape(4, 4, 4)
        phi = np.array([1, 0, 0, 1]) / math.sqrt(2)
        states = [each @ phi for each in bell]
        weights = rng.dirichlet([20, 1, 1, 1])
        rho = sum(w * np.outer(state, state.conj()) for w, state in zip(weights, states, strict=True))
        if place % 2:
            # Any state, near a Bell state.
            mixed = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
            mixed = mixed @ mixed.conj().T
            rho = 0.8 * np.outer(phi, phi) + 0.2 * mixed / np.trace(mixed).real
        z, x, y = error_rates(rho)
        slack.append(unknown_to_eve(rho) - 1 + pattern_bits(n, round(z * n), (x * n, y * n)) / n)
    assert min(slack) > -1e-6
    # Three error rates fix a mixture of Bell states, and then the bound is exact.
    assert sorted(slack[::2])[15] < 1e-6


def test_each_sample_takes_half_of_the_failure_probability():
    n, k, chance = 10_000, (5000, 8000), 1e-4
    x, y = (
        n * (q + math.sqrt((n + size) / (n * size) * (size + 1) / size * math.log(8 / EPSILON / chance)))
        for q, size in zip((0.02, 0.05), k, strict=True)
    )
    found = joint_phase_cost(n, k, 300, (0.02, 0.05), EPSILON, chance)
    assert found == pytest.approx(pattern_bits(n, 300, (x, y)), rel=1e-12)


def test_the_third_basis_is_left_out_where_it_does_not_help():
    assert third_basis_helps(10**5, (10**5, 10**5), 0.05, EPSILON)
    assert not third_basis_helps(10**5, (10**5, 10**5), 0.0, EPSILON)
    assert not third_basis_helps(10**5, (10**5, 0), 0.05, EPSILON)
    assert not third_basis_helps(10**5, (10**5, 1), 0.05, EPSILON)
    # If the first basis has few bits, the bits of the third alone give more.
    assert third_basis_helps(10**5, (100, 10**5), 0.05, EPSILON)


def test_wrong_values_are_refused():
    for call in (
        lambda: pattern_bits(0, 0, (1, 1)), lambda: pattern_bits(10, 11, (1, 1)), lambda: pattern_bits(10, -1, (1, 1)),
        lambda: pattern_bits(10, 1, (-1, 1)), lambda: joint_phase_cost(10, (0, 1), 1, (0.1, 0.1), 0.1),
        lambda: joint_phase_cost(10, (1, 1), 1, (0.1, 1.1), 0.1), lambda: joint_phase_cost(10, (1, 1), 1, (0.1, 0.1), 0.0),
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            call()
