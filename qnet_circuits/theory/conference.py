"""Conference keys from GHZ states: error rates over a star with Pauli errors, asymptotic rates, and a dishonest source.

Z rounds make the key, and X rounds bound what anybody else can know. The rate is r = 1 - h(Q_X) - h(Q_Z), with the error rate
Q_X of the parity of all X bits, and the largest error rate Q_Z of a party against the first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from qnet_circuits.errors import check_count, check_range
from qnet_circuits.theory.arms import axis_factor
from qnet_circuits.theory.attacks import probe_guess
from qnet_circuits.theory.bell_diagonal import Weights, check_weights
from qnet_circuits.theory.entropy import binary_entropy, shannon_entropy, threshold


def key_error_rates(arms: Sequence[Weights]) -> tuple[float, ...]:
    """Return the Z error rate of each later party against the first, (1 - z₁ z_k)/2 with z = 1 - 2 (q_X + q_Y) of each arm.

    Example:
        >>> arm = (0.94, 0.02, 0.02, 0.02)
        >>> [round(rate, 9) for rate in key_error_rates([arm] * 3)]
        [0.0768, 0.0768]
    """
    first, *others = (axis_factor(arm, 3) for arm in map(check_weights, arms))
    return tuple((1 - first * other) / 2 for other in others)


def parity_error_rate(arms: Sequence[Weights], source: float = 0.0) -> float:
    """Return how often the parity of all X bits is odd, (1 - (1 - 2 D) Π x_k)/2 with x = 1 - 2 (q_Y + q_Z) of each arm.

    Args:
        arms: Weights of the errors between the source and each party.
        source: D, the rate of a dishonest source, in [0, 0.5].

    Example:
        >>> round(parity_error_rate([(0.94, 0.02, 0.02, 0.02)] * 3), 6)
        0.110656
    """
    kept = 1 - 2 * check_range("source", source, 0.0, 0.5)
    return (1 - kept * prod(axis_factor(arm, 1) for arm in map(check_weights, arms))) / 2


def source_guess(disturbance: float, first: Weights = (1.0, 0.0, 0.0, 0.0)) -> float:
    """Return how often a source that causes X errors at rate D guesses the first party's bit, 1/2 + z √(D(1 - D)).

    No source does better over perfect arms. Its guess of the bit is an observable Z ⊗ M with M² ≤ 1, which anticommutes with
    the parity X ⊗ X…X. The squares of the means of two such observables add up to at most 1.

    Args:
        disturbance: D, in [0, 0.5].
        first: Weights of the errors between the source and the first party, with z = 1 - 2 (q_X + q_Y).

    Example:
        >>> source_guess(0.5), source_guess(0.0)
        (1.0, 0.5)
    """
    return 0.5 + axis_factor(check_weights(first), 3) * (probe_guess(disturbance) - 0.5)


def conference_rate(key: Sequence[float], phase: float) -> float:
    """Return the asymptotic rate r = 1 - h(Q_X) - h(max Q_Z), in bits for each Z round.

    A negative rate means that there is no key (N-BB84: Grasselli, Kampermann, Bruß, arXiv:1807.04472).

    Args:
        key: Z error rate of each later party against the first.
        phase: Error rate of the X parity.

    Example:
        >>> round(conference_rate([0.05, 0.02], 0.05), 8)
        0.42720609
    """
    worst = max(binary_entropy(min(0.5, rate)) for rate in key)
    return 1 - worst - binary_entropy(min(0.5, phase))


def white_noise_rate(parties: int, error: float) -> float:
    """Return the Devetak-Winter rate of a GHZ state in white noise, whose state the parties know completely.

    With visibility v = 1 - 2Q and S the entropy, r = 1 + S(v |0…0⟩⟨0…0| + (1 - v) 1/2^(N-1)) - S(v GHZ + (1 - v) 1/2^N) - h(Q).
    For N = 2 it is the rate of the six-state protocol (Epping, Kampermann, Macchiavello, Bruß, arXiv:1612.05585).

    Args:
        parties: N, at least 2.
        error: Q, the Z error rate of every party against the first, in [0, 0.5].

    Example:
        >>> from qnet_circuits.theory.key_rates import six_state_rate
        >>> round(white_noise_rate(2, 0.05), 8) == round(six_state_rate(0.05), 8)
        True
    """
    check_count("parties", parties, 2)
    visibility = 1 - 2 * check_range("error", error, 0.0, 0.5)

    def entropy(dimension: int) -> float:
        noise = (1 - visibility) / dimension
        each = shannon_entropy((noise,))
        return shannon_entropy((visibility + noise,)) + (dimension - 1) * each

    return 1 + entropy(2 ** (parties - 1)) - entropy(2**parties) - binary_entropy(error)


def white_noise_threshold(parties: int) -> float:
    """Return the error rate Q at which the rate in white noise is 0.

    Example:
        >>> [round(white_noise_threshold(parties), 4) for parties in (2, 3, 4, 5)]
        [0.1262, 0.1398, 0.1503, 0.1579]
    """
    return threshold(lambda error: white_noise_rate(parties, error), 0.01, 0.3)
