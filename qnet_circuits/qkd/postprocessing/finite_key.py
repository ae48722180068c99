"""The number of secret bits from a finite run, after Tomamichel, Lim, Gisin and Renner, Nat. Commun. 3, 634 (2012).

The n bits of one basis become the key. All k bits of the other basis are revealed. The length follows from Q + μ. If it is
fixed, Q is the tolerance, which the observed rate must not exceed. If it is variable, Q is the observed rate itself (Tupkary,
Nahar, Sinha and Lütkenhaus, arXiv:2408.17349). The failure probability is the same, on average over what may be observed: for
each (n, k, Q) it is the root of the probability p that the other bits are worse than Q + μ. The mean of p is at most
(ε_sec/4)², and the mean of a root is at most the root of the mean. Logarithms have base 2 for bits, and are natural in μ.
"""

from __future__ import annotations

import math

from qnet_circuits.errors import check_count, check_range
from qnet_circuits.theory.entropy import binary_entropy


def sampling_deviation(n: int, k: int, epsilon_secrecy: float, chance: float = 1.0) -> float:
    """Return μ = √((n + k)/(n k) · (k + 1)/k · ln(4/(ε_sec √(p_z p_x)))).

    A random sample of k without replacement understates the error rate of the other n by more than this with a
    probability below (ε_sec/4)² p_z p_x, by Serfling's inequality.

    Args:
        n: Bits for the key, at least 1.
        k: Bits compared, at least 1.
        epsilon_secrecy: ε_sec, in (0, 1).
        chance: √(p_z p_x), where p_z and p_x are the probabilities of the facts about each basis's bits that were known before
            the bits were sent; 1 if nothing was known.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(sampling_deviation(10_000, 10_000, 1e-10), 10)
        0.0698778742
    """
    check_count("n", n)
    check_count("k", k)
    log = math.log(4 / check_epsilon("epsilon_secrecy", epsilon_secrecy))
    log -= math.log(check_range("chance", chance, 1e-300, 1.0))
    return math.sqrt((n + k) / (n * k) * (k + 1) / k * log)


def counts_chance(rounds: int, counts: int) -> float:
    """Return √(p_z p_x) for counts of ones that were on record before the rounds were played, (2πM)^(-G/2) for G in each basis.

    An attack may be chosen for the counts c. Whatever it is, its sample is a bad one and has these counts with less than
    (ε/4)², so given c it is bad with less than (ε/4)²/P(c). The failure probability is the root of this, and on average over
    the counts (ε/4) Σ_c √P(c). For c binomial of N fair bits the sum is at most (2πN)^(1/4), and p is its inverse square.

    Args:
        rounds: M, the number of all rounds, which no count exceeds.
        counts: G, the number of counts in each of the two bases.

    Example:
        >>> counts_chance(100_000, 0), round(1 / counts_chance(100_000, 1))
        (1.0, 793)
    """
    return float((2 * math.pi * check_count("rounds", rounds)) ** (-check_count("counts", counts, 0) / 2))


def check_epsilon(name: str, value: float) -> float:
    """Return a failure probability in [1e-300, 0.5], or raise ParameterError."""
    return check_range(name, value, 1e-300, 0.5)


def hashing_cost(epsilon_secrecy: float) -> float:
    """Return the bits that universal hashing costs, 2 log2(1/ε_sec) (leftover hash lemma).

    Example:
        >>> round(hashing_cost(1e-10), 4)
        66.4386
    """
    return -2 * math.log2(check_epsilon("epsilon_secrecy", epsilon_secrecy))


def verification_cost(epsilon_correctness: float) -> float:
    """Return log2(2/ε_cor), the most that the revealed tag of ⌈log2(1/ε_cor)⌉ bits costs.

    Example:
        >>> round(verification_cost(1e-15), 4)
        50.8289
    """
    return 1 - math.log2(check_epsilon("epsilon_correctness", epsilon_correctness))


def phase_cost(n: int, k: int, rate: float, epsilon_secrecy: float, chance: float = 1.0) -> float:
    """Return n h(Q + μ), the bits of n that Eve can know before error correction; n if Q + μ exceeds 1/2.

    Example:
        >>> round(phase_cost(10_000, 10_000, 0.01, 1e-10), 2)
        4017.49
    """
    bound = check_range("rate", rate, 0.0, 0.5) + sampling_deviation(n, k, epsilon_secrecy, chance)
    return n * binary_entropy(min(0.5, bound))


def key_length(
    n: int,
    k: int,
    rate: float,
    leak: float,
    epsilon_secrecy: float = 1e-10,
    epsilon_correctness: float = 1e-15,
    chance: float = 1.0,
) -> int:
    """Return ℓ = ⌊n(1 - h(Q + μ)) - leak - log2(2/(ε_sec² ε_cor))⌋, at least 0.

    The bill of a session (``settle``) is the same sum, entry by entry, with what else the session reveals.

    Args:
        n: Bits for the key.
        k: Bits of the other basis, all compared.
        rate: Q, in [0, 0.5]: the largest error rate of the k bits with which a key is made, or for a key of variable length the
            observed one.
        leak: Bits revealed by the error correction, without the verification's tag.
        epsilon_secrecy: ε_sec, the distance of the key from a key about which Eve knows nothing.
        epsilon_correctness: ε_cor, the probability that the two keys differ.
        chance: √(p_z p_x), as for ``sampling_deviation``.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> key_length(100_000, 10_000, 0.01, leak=8888)
        57530
    """
    left = n - phase_cost(n, k, rate, epsilon_secrecy, chance) - check_range("leak", leak, 0.0, 1e300)
    return max(0, math.floor(left - hashing_cost(epsilon_secrecy) - verification_cost(epsilon_correctness)))
