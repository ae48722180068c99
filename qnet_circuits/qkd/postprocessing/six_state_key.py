"""What Eve may know of a key if bits of two other bases were compared: the bound of the six-state protocol for finite runs.

Both parties hold qubits. Each pair has two labels: a is 1 if its bits differ in Z, and b is 1 if they differ in X. They differ
in Y if a ≠ b, since YY = -(XX)(ZZ). The three parities commute, so each pair has its labels whichever basis is measured. The
error correction tells a for each bit of the key, and then only b is unknown: a CNOT from Alice's qubit to Bob's keeps Alice's
bit in Z, makes a the bit of Bob's qubit, and makes b Alice's bit in X. For n pairs with given a, the uncertainty relation
(Tomamichel and Renner, Phys. Rev. Lett. 106, 110506 (2011), Theorem 1) then states H_min(Z|E) ≥ n - H_max(b), whatever the
attack. Sampling and hashing are those of BB84's bound. Lo (quant-ph/0102138) observed that a and b of the six-state protocol
are correlated. The page on keys has the proof.
"""

from __future__ import annotations

import math

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.qkd.postprocessing.finite_key import phase_cost, sampling_deviation
from qnet_circuits.theory.entropy import binary_entropy

#: Two numbers, one for each basis that is compared.
Pair = tuple[float, float]


def pattern_bits(n: int, wrong: int, most: Pair) -> float:
    """Return a bound on log2 of how many phase error patterns n pairs can have, of which it is known which are wrong in Z.

    Let u of the w wrong bits, and v of the others, have a phase error. Then u + v bits are wrong in X, and w - u + v in Y. Let
    x and y be the most that are. The bound is the maximum of w h(u/w) + (n - w) h(v/(n - w)), which is concave: n h(x/n) or
    n h(y/n) if one limit implies the other, and otherwise the value at u = (w + x - y)/2, v = (x + y - w)/2, where both limits
    are reached.

    Args:
        n: Bits of the key, at least 1.
        wrong: w, how many of them were wrong before the error correction, at most n.
        most: x and y, the largest numbers of bits that would be wrong in X and in Y.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(pattern_bits(1000, 50, (50, 50)), 2), round(pattern_bits(1000, 0, (50, 50)), 2)
        (216.79, 286.4)
    """
    n, wrong = check_count("n", n), check_count("wrong", wrong, 0)
    if wrong > n:
        raise ParameterError(f"at most all {n} bits can be wrong, got {wrong}")
    x, y = sorted(check_range("most", each, 0.0, math.inf) for each in most)
    right = n - wrong
    for limit, other in ((x, y), (y, x)):
        # With one limit alone the maximum has the same share of these errors among wrong bits as among right ones.
        share = min(0.5, limit / n)
        # If no bit is wrong in Z, as many are wrong in X as in Y, and the lower limit, which is the first, implies the other.
        if not wrong or wrong * (1 - share) + right * share <= other:
            return n * binary_entropy(share)
    marked, hidden = (wrong + x - y) / 2, max(0.0, x + y - wrong) / 2
    return wrong * binary_entropy(marked / wrong) + right * binary_entropy(hidden / max(right, 1))


def joint_phase_cost(
    n: int, k: tuple[int, int], wrong: int, rates: Pair, epsilon_secrecy: float, chance: float = 1.0
) -> float:
    """Return the bits of n that Eve can know, besides what the error correction tells, from the error rates of two other bases.

    It is ``pattern_bits`` for n (Q_x + μ_x) and n (Q_y + μ_y) errors. Each of the two samples may mislead with the probability
    (ε_sec/8)² p_z p_x, so each μ is that of ``sampling_deviation`` for ε_sec/2. Together they take the ε_sec/4 of BB84's bound.

    Args:
        n: Bits for the key, at least 1.
        k: How many bits of each of the other two bases were compared, at least 1.
        wrong: How many bits of the key were wrong before the error correction.
        rates: Q_x and Q_y, the error rates of the compared bits, or limits above which there is no key, in [0, 1].
        epsilon_secrecy: ε_sec, in (0, 0.5].
        chance: √(p_z p_x) if counts of Alice's ones were on record, as for ``sampling_deviation``.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(joint_phase_cost(100_000, (100_000, 100_000), 3000, (0.03, 0.03), 1e-10))
        25860
        >>> round(phase_cost(100_000, 100_000, 0.03, 1e-10))
        29524
    """
    x, y = (
        n * (check_range("rates", rate, 0.0, 1.0) + sampling_deviation(n, size, epsilon_secrecy / 2, chance))
        for rate, size in zip(rates, k, strict=True)
    )
    return pattern_bits(n, wrong, (x, y))


def third_basis_helps(
    n: int, k: tuple[int, int], tolerance: float, epsilon_secrecy: float, chance: float = 1.0
) -> bool:
    """Return whether the third basis promises a longer key than BB84's bound, which does without it.

    The choice must not depend on the errors that are found, so it is made for Q_tol n wrong bits. BB84's bound has one sample
    that may mislead, so it is better for a few bits or for a tolerance near 0.

    Args:
        n: Bits for the key, at least 1.
        k: How many bits of each of the other two bases were compared; BB84's bound uses the first ones.
        tolerance: Q_tol, in [0, 0.5].
        epsilon_secrecy: ε_sec, in (0, 0.5].
        chance: As for ``joint_phase_cost``.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> [third_basis_helps(n, (n, n), 0.03, 1e-10) for n in (100, 100_000)]
        [False, True]
    """
    if not all(k):
        return False
    wrong = math.floor(tolerance * n)
    joint = joint_phase_cost(n, k, wrong, (tolerance, tolerance), epsilon_secrecy, chance)
    return joint < phase_cost(n, k[0], tolerance, epsilon_secrecy, chance)
