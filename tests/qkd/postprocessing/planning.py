"""The best choice of a finite run, found by search: the published tables of the key's length are printed for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import betainc

from qnet_circuits.qkd.postprocessing.finite_key import key_length
from qnet_circuits.theory.entropy import binary_entropy


def abort_probability(k: int, qber: float, tolerance: float) -> float:
    """Return the probability that more than k Q_tol of k bits differ where each does with probability ``qber``."""
    allowed = math.floor(k * tolerance + 1e-9)
    if allowed >= k:
        return 0.0
    return float(betainc(allowed + 1, k - allowed, qber))


def expected_pulses(n: int, k: int) -> float:
    """Return M = (√n + √k)², the qubits after which n and k matches are expected at the best basis bias."""
    return (math.sqrt(n) + math.sqrt(k)) ** 2


@dataclass(frozen=True)
class FiniteKeyPlan:
    """The best choice for n bits of key at an expected error rate.

    Args:
        n: Bits for the key.
        k: Bits to compare.
        tolerance: Q_tol to abort above.
        length: ℓ where the run does not abort.
        abort: Probability that it does.
    """

    n: int
    k: int
    tolerance: float
    length: int
    abort: float

    @property
    def rate(self) -> float:
        """Expected secret bits for each pulse that arrives."""
        return (1 - self.abort) * self.length / expected_pulses(self.n, self.k)

    @property
    def test_basis_probability(self) -> float:
        """How often both parties should choose the compared basis, 1 - p_x = √k/(√n + √k)."""
        return math.sqrt(self.k) / (math.sqrt(self.n) + math.sqrt(self.k))


def plan_finite_key(
    n: int,
    qber: float,
    *,
    security_rate: float = 1e-14,
    epsilon_correctness: float = 1e-15,
    efficiency: float = 1.1,
) -> FiniteKeyPlan:
    """Choose k and Q_tol for the largest expected rate, with ε_sec = ``security_rate`` · ℓ and leak = f n h(Q_tol).

    A larger sample costs pulses but makes μ smaller; a larger tolerance costs key but aborts less. The abort
    probability is the exact binomial one of honest noise.

    Args:
        n: Bits for the key, at least 100.
        qber: Expected error rate, in [0, 0.11].
        security_rate: ε_sec for each bit of the key, in [1e-30, 1e-3].
        epsilon_correctness: ε_cor.
        efficiency: f of the error correction, at least 1.

    Returns:
        The plan; its length is 0 where no choice gives a key.
    """

    def plan(k: int, tolerance: float) -> FiniteKeyPlan:
        leak = math.ceil(efficiency * n * binary_entropy(tolerance))
        length, epsilon = n, 0.0
        while length > 0 and epsilon != security_rate * length:
            epsilon = min(0.5, security_rate * length)
            length = min(length, key_length(n, k, tolerance, leak, epsilon, epsilon_correctness))
        return FiniteKeyPlan(n, k, tolerance, length, abort_probability(k, qber, tolerance))

    return _climb(plan, n, qber)


def _climb(plan: Callable[[int, float], FiniteKeyPlan], n: int, qber: float) -> FiniteKeyPlan:
    """Return the best plan on a grid of samples that is narrowed three times around its best."""
    low, high = math.log(max(10.0, n / 1000)), math.log(10 * n)
    best = plan(n, qber)
    for _ in range(4):
        step = (high - low) / 16
        samples = {round(math.exp(low + step * j)) for j in range(17)}
        best = max([best, *(_best_tolerance(plan, k, qber) for k in samples)], key=lambda one: one.rate)
        low, high = math.log(best.k) - step, math.log(best.k) + step
    return best


def _best_tolerance(plan: Callable[[int, float], FiniteKeyPlan], k: int, qber: float) -> FiniteKeyPlan:
    """Return the best plan of one sample: the number of allowed errors is what matters of a tolerance."""
    spread = math.sqrt(k * max(qber, 1 / k)) + 1
    low, high = math.floor(k * qber), min(k // 2, math.ceil(k * qber + 8 * spread))
    while True:
        step = max(1, (high - low) // 8)
        plans = [plan(k, allowed / k) for allowed in range(low, high + 1, step)]
        best = max(plans, key=lambda one: one.rate)
        if step == 1:
            return best
        allowed = round(best.tolerance * k)
        low, high = max(low, allowed - step), min(high, allowed + step)
