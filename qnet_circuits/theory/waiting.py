"""The waiting time of a chain of probabilistic links, and the losses of its memories meanwhile.

A link succeeds in each attempt with probability p, so it is there after N attempts, P(N = k) = p (1 - p)^(k - 1). All links
attempt at the same time, and N_i are independent. Times are counted in attempts. A memory keeps the factor a = e^(-τ/T2) of
its coherence in one attempt of τ seconds; storage times of dephasing memories add up, so a chain keeps a to the power of
their sum.
"""

from __future__ import annotations

import math

import numpy as np

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.theory.fibre import multiplexed

#: Below this probability a table of attempts gets too long; sampled schedules have no such limit.
LEAST_SUCCESS = 1e-5


def _success(success: float, name: str = "success") -> float:
    number = check_range(name, success, 0, 1)
    if number == 0:
        raise ParameterError(f"{name} must be greater than 0: nothing would ever succeed")
    return number


def attempts_until_all(success: float, links: int) -> float:
    """Return the mean number of attempts until all of several links are there, E[max(N_1, ..., N_n)].

    If n links are missing, k of them succeed in the next attempt with the binomial probability b_k, so E_n = (1 + Σ_{k ≥ 1}
    b_k E_(n-k)) / (1 - b_0). All terms are positive, so nothing cancels. It is the alternating sum of Bernardes, Praxmeyer
    and van Loock (arXiv:1010.0106), and about (1 + 1/2 + ... + 1/n)/p for small p.

    Args:
        success: Probability p of one attempt, in (0, 1].
        links: Number n of links, at least 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(attempts_until_all(0.1, 2), 3), round(attempts_until_all(0.001, 4), 2)
        (14.737, 2082.79)
    """
    from scipy.special import gammaln, xlog1py, xlogy

    p, links = _success(success), check_count("links", links)
    means = np.zeros(links + 1)
    for missing in range(1, links + 1):
        k = np.arange(1, missing + 1)
        ways = gammaln(missing + 1) - gammaln(k + 1) - gammaln(missing - k + 1)
        come = np.exp(ways + xlogy(k, p) + xlog1py(missing - k, -p))
        means[missing] = (1 + come @ means[missing - 1 :: -1]) / multiplexed(p, missing)
    return float(means[links])


def attempts_until_swapped(success: float, swap_success: float = 1.0) -> float:
    """Return the mean number of attempts until two links are there and their swap has succeeded.

    A swap that fails loses both links, so E = (3 - 2p)/(p (2 - p) s): the mean until both are there, 1/s times.

    Args:
        success: Probability p of one attempt, in (0, 1].
        swap_success: Probability s that a swap succeeds, in (0, 1].

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(attempts_until_swapped(0.1), 4), round(attempts_until_swapped(0.1, 0.5), 4)
        (14.7368, 29.4737)
    """
    return attempts_until_all(success, 2) / _success(swap_success, "swap_success")


def nested_attempts(success: float, swap_success: float, levels: int) -> float:
    """Return the 3-over-2 formula (3/(2s))^n / p for 2^n links that are swapped by doubling.

    It is in essence an upper bound to the mean number of attempts (Coopmans, Brand, Elkouss, Phys. Rev. A 105, 012608), and
    further above it the more levels there are and the better the swaps.

    Args:
        success: Probability p of one attempt, in (0, 1].
        swap_success: Probability s that a swap succeeds, in (0, 1].
        levels: Number n of levels, at least 0.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> nested_attempts(0.1, 0.5, 2), nested_attempts(0.1, 1.0, 3)
        (90.0, 33.75)
    """
    s = _success(swap_success, "swap_success")
    return (1.5 / s) ** check_count("levels", levels, 0) / _success(success)


def storage_factor(success: float, retention: float, links: int = 2) -> float:
    """Return E[a^(|N_1 - N_2| + ... + |N_(n-1) - N_n|)], the coherence that a chain of links keeps.

    Each station swaps as soon as both of its links are there, so its first qubit waits |N_i - N_(i+1)| attempts, and the
    end qubits are measured at once. The mean is w (M diag w)^(n-1) 1 with M_kl = a^|k-l| and w_k = P(N = k); for two links
    it is p/(2 - p) (1 + qa)/(1 - qa), q = 1 - p. If the ends of two links are stored too, a² takes the place of a.

    Args:
        success: Probability p of one attempt, in [1e-5, 1].
        retention: a = e^(-τ/T2), the coherence that a memory keeps in one attempt, in [0, 1].
        links: Number n of links, at least 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> [round(storage_factor(0.1, math.exp(-1 / 50), links), 5) for links in (2, 4, 8)]
        [0.84078, 0.60411, 0.31216]
    """
    p, links = _success(success), check_count("links", links)
    a = check_range("retention", retention, 0, 1)
    if links == 1:
        return 1.0
    if links == 2:
        return p / (2 - p) * (1 + (1 - p) * a) / (1 - (1 - p) * a)
    if p < LEAST_SUCCESS:
        raise ParameterError(
            f"success must be at least {LEAST_SUCCESS} for more than two links, got {success!r}; sample schedules"
        )
    return _transfer(p, a, links)


def last_attempt(success: float) -> int:
    """Return after how many attempts a first success is still missing with a probability of 1e-18 at most.

    Example:
        >>> last_attempt(0.5)
        60
    """
    return 1 if success == 1 else math.ceil(math.log(1e-18) / math.log1p(-success))


def _transfer(p: float, a: float, links: int) -> float:
    """Return w (M diag w)^(n-1) 1, with attempts that are too late to matter left out."""
    last = last_attempt(p)
    w = p * (1 - p) ** np.arange(last)
    kept = np.ones(last)
    for _ in range(links - 1):
        weighed = w * kept
        kept = _faded(weighed, a) + _faded(weighed[::-1], a)[::-1] - weighed
    return float(w @ kept)


def _faded(values: np.ndarray, a: float) -> np.ndarray:
    """Return y_k = v_k + a v_(k-1) + a² v_(k-2) + ..., each pass reaching twice as far back."""
    step = 1
    while step < len(values) and a**step > 1e-18:
        values = np.concatenate([values[:step], values[step:] + a**step * values[:-step]])
        step *= 2
    return values


def cutoff_attempts(success: float, cutoff: int) -> float:
    """Return the mean number of attempts until two links are there at most m attempts apart.

    A link that has waited for m attempts is discarded, and both begin anew. With r = 1 - (1 - p)², b = p²/r, the
    probability that the first success is of both, and P = b + (1 - b)(1 - (1 - p)^m), the mean is (1/r + (1 - b)(1 - (1 -
    p)^m)/p)/P.

    Args:
        success: Probability p of one attempt, in (0, 1].
        cutoff: The most attempts m that a link waits, at least 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(cutoff_attempts(0.1, 5), 4)
        20.7512
    """
    p, first, both, second = _cutoff(success, cutoff)
    return (1 / first + (1 - both) * second / p) / (both + (1 - both) * second)


def cutoff_storage_factor(success: float, retention: float, cutoff: int) -> float:
    """Return E[a^|N_1 - N_2|] of two links that are there at most m attempts apart.

    The pairs that would have lost most were discarded, so the factor is nearer to 1 than without a cut-off, for which more
    attempts are needed.

    Args:
        success: Probability p of one attempt, in (0, 1].
        retention: a = e^(-τ/T2), in [0, 1].
        cutoff: The most attempts m that a link waits, at least 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(cutoff_storage_factor(0.1, math.exp(-1 / 50), 5), 4)
        0.9525
    """
    a = check_range("retention", retention, 0, 1)
    p, _, both, second = _cutoff(success, cutoff)
    x = (1 - p) * a
    kept = p * a * (cutoff if x == 1 else (1 - x**cutoff) / (1 - x))
    return (both + (1 - both) * kept) / (both + (1 - both) * second)


def _cutoff(success: float, cutoff: int) -> tuple[float, float, float, float]:
    """Return p, and the probabilities of a first success, that it is of both links, and of the second in time."""
    p, cutoff = _success(success), check_count("cutoff", cutoff)
    first = p * (2 - p)
    return p, first, p * p / first, multiplexed(p, cutoff)


def stored_fidelity(seconds: float, t1: float, t2: float, both: bool = False) -> float:
    """Return the fidelity with Φ+ of a pair of which one qubit, or both, rested in a memory with T1 and T2.

    With γ = 1 - e^(-t/T1) it is (2 - γ)/4 + e^(-t/T2)/2 if one qubit rested, and (1 - γ + γ² + e^(-2t/T2))/2 if both did.

    Args:
        seconds: Time t in the memory, at least 0.
        t1: T1 in seconds, greater than 0; infinite for none.
        t2: T2 in seconds, in (0, 2 T1]; infinite for none.
        both: Whether both qubits rested.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(stored_fidelity(5e-6, 200e-6, 120e-6), 6), round(stored_fidelity(5e-6, 200e-6, 120e-6, both=True), 6)
        (0.973422, 0.947982)
    """
    seconds = check_range("seconds", seconds, 0, math.inf)
    t1, t2 = check_memory(t1, t2)
    decayed = -math.expm1(-seconds / t1)
    if both:
        return (1 - decayed + decayed**2 + math.exp(-2 * seconds / t2)) / 2
    return (2 - decayed) / 4 + math.exp(-seconds / t2) / 2


def check_memory(t1: float | None, t2: float | None) -> tuple[float, float]:
    """Return T1 and T2 of a memory, infinite if None, or raise ParameterError if no memory has them.

    Example:
        >>> check_memory(None, 1)
        (inf, 1.0)
        >>> check_memory(1, 3)
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.ParameterError: T2 of a memory is at most 2 T1, got T1 = 1 s and T2 = 3 s
    """
    given = {"memory T1": t1, "memory T2": t2}
    times = [
        math.inf if value is None else check_range(name, value, 0, math.inf) for name, value in given.items()
    ]
    if not all(times):
        raise ParameterError(f"T1 and T2 of a memory must be greater than 0 s, got {t1!r} and {t2!r}")
    # A memory whose T1 alone is given has the T2 that decay by itself leaves, 2 T1.
    if t2 is None:
        times[1] = 2 * times[0]
    if times[1] > 2 * times[0]:
        raise ParameterError(
            f"T2 of a memory is at most 2 T1, got T1 = {times[0]:g} s and T2 = {times[1]:g} s"
        )
    return times[0], times[1]
