"""Asymptotic key rates: secret bits for each sifted bit, one-way, against collective attacks.

A negative rate means that there is no key. ``q`` is always a quantum bit error rate (QBER), a probability in [0, 1/2].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.theory.entropy import binary_entropy, shannon_entropy


def bb84_rate(q: float, phase: float | None = None, efficiency: float = 1.0) -> float:
    """Return the rate of BB84 and BBM92, r = 1 - f h(Q_key) - h(Q_phase) (Shor, Preskill, quant-ph/0003004).

    Correcting the key costs f h(Q_key) bits; what Eve can know is bounded by the errors in the other basis.

    Args:
        q: QBER of the key's basis, in [0, 0.5].
        phase: QBER of the other basis; that of the key's basis by default.
        efficiency: f of the error correction, at least 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(bb84_rate(0.05), 8), round(bb84_rate(0.05, efficiency=1.16), 8)
        (0.42720609, 0.38138257)
    """
    q = check_range("q", q, 0.0, 0.5)
    phase = q if phase is None else check_range("phase", phase, 0.0, 0.5)
    f = check_range("efficiency", efficiency, 1.0, math.inf)
    return 1 - f * binary_entropy(q) - binary_entropy(phase)


def six_state_rate(q: float) -> float:
    """Return the rate of the six-state protocol on a depolarizing channel, r = 1 - H(1 - 3Q/2, Q/2, Q/2, Q/2).

    Three bases fix all four Pauli weights of the channel, so less has to be given to Eve than in BB84.

    Args:
        q: QBER, the same in each basis, in [0, 0.5].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> round(six_state_rate(0.05), 8)
        0.49681627
    """
    q = check_range("q", q, 0.0, 0.5)
    return 1 - shannon_entropy((1 - 1.5 * q, q / 2, q / 2, q / 2))


def werner_s_value(q: float) -> float:
    """Return the CHSH value of a Werner pair with QBER ``q``, S = 2√2 (1 - 2Q).

    Example:
        >>> round(werner_s_value(0.02), 6)
        2.71529
    """
    return 2 * math.sqrt(2) * (1 - 2 * check_range("q", q, 0.0, 0.5))


def device_independent_rate(q: float, s: float | None = None, flip: float = 0.0) -> float:
    """Return the device-independent rate, r = H(A|E) - H(A|B), of a CHSH value and an error rate.

    Without flips, H(A|E) = 1 - h((1 + √((S/2)² - 1))/2) (Acín et al. 2007, Pironio et al. 2009). If Alice flips each bit
    with probability ``flip``, Eve loses more than Bob: h((1 + √(1 - p(1 - p)(8 - S²)))/2) is added (Ho et al. 2020). No
    round may be dropped: a lost photon is a result, else the detection loophole is open.

    Args:
        q: QBER of the rounds for the key, in [0, 0.5].
        s: CHSH value, at most 2√2; that of the Werner pair by default. At 2 and below Eve may know everything.
        flip: Probability of a deliberate flip, in [0, 0.5].

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(device_independent_rate(0.05), 8)
        0.22495049
        >>> device_independent_rate(0.0, s=2.0)
        0.0
    """
    s = werner_s_value(q) if s is None else check_range("s", s, -2 * math.sqrt(2), 2 * math.sqrt(2))
    flip = check_range("flip", flip, 0.0, 0.5)
    noisy = flip + (1 - 2 * flip) * check_range("q", q, 0.0, 0.5)
    s = max(s, 2.0)
    known = binary_entropy((1 + math.sqrt(min(1.0, s * s / 4 - 1))) / 2)
    hidden = binary_entropy((1 + math.sqrt(max(0.0, 1 - flip * (1 - flip) * (8 - s * s)))) / 2)
    return 1 - known + hidden - binary_entropy(noisy)


def lossy_s_value(efficiency: float) -> float:
    """Return the CHSH value of a perfect singlet whose photons are detected with probability η.

    A lost photon is assigned a fixed result, so no round is dropped: S = 2√2 η² + 2(1 - η)², above 2 for
    η > 2(√2 - 1) = 0.828.

    Args:
        efficiency: η of each detector with its line, in [0, 1].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> lossy_s_value(0.828) < 2 < lossy_s_value(0.829)
        True
    """
    eta = check_range("efficiency", efficiency, 0.0, 1.0)
    return min(2 * math.sqrt(2) * eta**2 + 2 * (1 - eta) ** 2, 2 * math.sqrt(2))


def device_independent_loss_rate(efficiency: float) -> float:
    """Return the device-independent rate of a perfect singlet whose photons are detected with probability η.

    S is ``lossy_s_value``, and Q = η(1 - η): a lost photon's fixed result is wrong half the time where the other's is not
    lost. The rate reaches zero near η = 0.923 (arXiv:1109.1203).

    Args:
        efficiency: η of each detector with its line, in [0, 1].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> device_independent_loss_rate(0.92) < 0 < device_independent_loss_rate(0.93)
        True
    """
    eta = check_range("efficiency", efficiency, 0.0, 1.0)
    return device_independent_rate(eta * (1 - eta), lossy_s_value(eta))


def conference_rate(phase: float, links: Sequence[float]) -> float:
    """Return the rate of N-party BB84 on GHZ states, r = 1 - h(Q_X) - max h(Q_AB) (Grasselli et al. 2018).

    One message corrects all partners' errors, so the worst of them counts. Q_X = (1 - ⟨X⊗...⊗X⟩)/2.

    Args:
        phase: Q_X, in [0, 0.5].
        links: QBER between Alice and each of her partners, in [0, 0.5].

    Raises:
        ParameterError: If a value is out of range or there is no partner.

    Example:
        >>> round(conference_rate(depolarized_parity_error(0.02, 3), [0.01, 0.01]), 8)
        0.77889074
    """
    if len(links) == 0:
        raise ParameterError("links must hold the error rate of at least one partner, got none")
    worst = max(binary_entropy(check_range("link QBER", q, 0.0, 0.5)) for q in links)
    return 1 - binary_entropy(check_range("phase", phase, 0.0, 0.5)) - worst


def depolarized_parity_error(depolarizing: float, parties: int) -> float:
    """Return Q_X = (1 - (1 - p)^(N-1))/2 of a GHZ state whose N - 1 sent qubits are each depolarized by p.

    Args:
        depolarizing: p, the probability that a qubit is replaced by noise, in [0, 1]; its link then has QBER p/2.
        parties: N, at least 2.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(depolarized_parity_error(0.04, 3), 6)
        0.0392
    """
    check_count("parties", parties, 2)
    p = check_range("depolarizing", depolarizing, 0.0, 1.0)
    return float((1 - (1 - p) ** (parties - 1)) / 2)


def conference_six_state_rate(q: float, parties: int) -> float:
    """Return the rate of the N-party six-state protocol on a GHZ state mixed with white noise, S(Z|E) - h(Q_AB).

    The state is diagonal in the GHZ basis: with 1 - p of noise the wanted state has weight p + (1 - p)/2^N and every
    other (1 - p)/2^N. The pairs of states with the same bits hide the phase: S(Z|E) = 1 - Σ w_j h(λ_j/w_j).

    Args:
        q: QBER between Alice and a partner, (1 - p)/2, in [0, 0.5].
        parties: N, at least 2; 2 gives the six-state protocol.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(conference_six_state_rate(0.05, 2), 8)
        0.49681627
    """
    n = check_count("parties", parties, 2)
    noise = 2 * check_range("q", q, 0.0, 0.5)
    other = float(noise / 2**n)
    wanted: float = 1 - noise + 2 * other
    hidden = wanted * binary_entropy(other / wanted) + (1 - wanted)
    return 1 - hidden - binary_entropy(q)


def sifted_fraction(basis_probabilities: Sequence[float]) -> float:
    """Return the fraction of rounds in which two parties choose the same basis, Σ p².

    Args:
        basis_probabilities: Of each basis, the same for both parties, sum 1: (1/2, 1/2) is BB84, three thirds six-state.

    Raises:
        ParameterError: If they are no probabilities.

    Example:
        >>> sifted_fraction((0.5, 0.5)), round(sifted_fraction((0.9, 0.1)), 6)
        (0.5, 0.82)
    """
    values = [check_range("basis probability", p, 0.0, 1.0) for p in basis_probabilities]
    if abs(sum(values) - 1) > 1e-9:
        raise ParameterError(f"basis probabilities must sum to 1, got {sum(values):g}")
    return math.fsum(p * p for p in values)
