"""Pulses of a laser on a line with loss: how often detectors click, and asymptotic key rates with decoy states and without.

Rates are secret bits for each pulse, after Ma, Qi, Zhao and Lo, Phys. Rev. A 72, 012326 (2005), arXiv:quant-ph/0503005. A
negative rate means that there is no key.
"""

from __future__ import annotations

import math

from qnet_circuits.errors import ParameterError, check_range
from qnet_circuits.theory.entropy import binary_entropy


def arrival(intensity: float, transmittance: float) -> float:
    """Return 1 - e^(-ηk), the probability that at least one photon of a pulse reaches the detectors and is seen.

    Args:
        intensity: Mean photon number k, at least 0.
        transmittance: η, the probability that one photon is seen, with the efficiency of the detectors, in [0, 1].

    Example:
        >>> round(arrival(0.45, 0.1), 6)
        0.044003
    """
    k = check_range("intensity", intensity, 0.0, math.inf)
    return -math.expm1(-k * check_range("transmittance", transmittance, 0.0, 1.0))


def detections(arrives: float, dark_counts: float, after_pulses: float = 0.0) -> float:
    """Return (1 - (1 - 2p)(1 - A))(1 + p_ap), the probability that Bob has a bit of a pulse.

    Args:
        arrives: A, the probability that a photon arrives, in [0, 1].
        dark_counts: p, the probability of a dark count in each of the two detectors, in [0, 0.5].
        after_pulses: p_ap, clicks that follow from each click, in [0, 1].

    Example:
        >>> round(detections(arrival(0.45, 0.1), 6e-7), 6)
        0.044004
    """
    dark = 2 * check_range("dark_counts", dark_counts, 0.0, 0.5)
    clicks = 1 - (1 - dark) * (1 - check_range("arrives", arrives, 0.0, 1.0))
    return clicks * (1 + check_range("after_pulses", after_pulses, 0.0, 1.0))


def wrong_detections(
    arrives: float, dark_counts: float, error_rate: float, after_pulses: float = 0.0
) -> float:
    """Return p + (1 - 2p) A e + p_ap D/2, the probability that Bob has a wrong bit of a pulse in Alice's basis.

    A pulse with a dark count has a random bit, even if a photon arrives, and so has an after-pulse.

    Args:
        arrives: A.
        dark_counts: p.
        error_rate: e, the error rate of a photon that arrives, in [0, 1].
        after_pulses: p_ap.

    Example:
        >>> round(wrong_detections(arrival(0.45, 0.1), 6e-7, 5e-3), 9)
        0.000220612
    """
    photons = arrives * check_range("error_rate", error_rate, 0.0, 1.0)
    after = after_pulses * detections(arrives, dark_counts) / 2
    return dark_counts + (1 - 2 * dark_counts) * photons + after


def photon_rate(
    gain: float, error_rate: float, single_gain: float, single_error: float, efficiency: float = 1.22
) -> float:
    """Return -Q f h(E) + Q1 (1 - h(e1)), the secret bits for each pulse whose bases agree.

    Only bits from pulses with one photon are secret, and the errors of all bits are corrected.

    Args:
        gain: Q, the share of pulses of which Bob has a bit, in [0, 1].
        error_rate: E of these bits, in [0, 0.5].
        single_gain: Q1, the share of pulses that carried one photon and of which Bob has a bit, in [0, 1].
        single_error: e1, the error rate of the latter, in [0, 1]; above 0.5 it counts as 0.5.
        efficiency: f of the error correction, at least 1.

    Example:
        >>> round(photon_rate(0.0213, 0.033, 0.0133, 0.033), 6)
        0.005081
    """
    gain = check_range("gain", gain, 0.0, 1.0)
    cost = gain * check_range("efficiency", efficiency, 1.0, math.inf)
    secret = 1 - binary_entropy(min(0.5, check_range("single_error", single_error, 0.0, 1.0)))
    kept = check_range("single_gain", single_gain, 0.0, 1.0) * secret
    return kept - cost * binary_entropy(check_range("error_rate", error_rate, 0.0, 0.5))


def weak_decoy(
    intensities: tuple[float, float], gains: tuple[float, float], wrong: float, vacuum: float
) -> tuple[float, float]:
    """Return the least yield Y1 and the largest error rate e1 of single photons, from a vacuum and a weak decoy state.

    Args:
        intensities: μ of the signal, and ν of the decoy state, 0 < ν < μ.
        gains: Q_μ and Q_ν.
        wrong: E_ν Q_ν, the share of the decoy state's pulses with a wrong bit.
        vacuum: Y0, the share of pulses without a photon of which Bob has a bit; half of these bits are wrong.

    Returns:
        Y1, at least 0, and e1; 0.5 if Y1 is 0.

    Raises:
        ParameterError: If the intensities are not in this order.

    Example:
        >>> [round(value, 6) for value in weak_decoy((0.5, 0.1), (0.048771, 0.00995), 0.00005, 0.0)]
        [0.097251, 0.005682]
    """
    mu, nu = intensities
    if not 0 < nu < mu:
        raise ParameterError(f"a decoy state is weaker than the signal, got {mu:g} and {nu:g}")
    seen = gains[1] * math.exp(nu) - gains[0] * math.exp(mu) * (nu / mu) ** 2
    least = mu / (nu * (mu - nu)) * (seen - (1 - (nu / mu) ** 2) * vacuum)
    if least <= 0:
        return 0.0, 0.5
    return least, max(0.0, wrong * math.exp(nu) - vacuum / 2) / (least * nu)


def undecoyed_rate(intensity: float, gain: float, error_rate: float, efficiency: float = 1.22) -> float:
    """Return the rate if nothing but one intensity was sent: every pulse with several photons may have been split.

    Whoever splits photons sends the rest without loss, so all P(n ≥ 2) = 1 - e^(-k)(1 + k) count as known, and all errors as
    those of single photons.

    Args:
        intensity: Mean photon number k.
        gain: Q.
        error_rate: E.
        efficiency: f.

    Example:
        >>> undecoyed_rate(0.45, 0.044, 0.005) < 0 < undecoyed_rate(0.03, 0.003, 0.005)
        True
    """
    several = 1 - math.exp(-intensity) * (1 + intensity)
    single = max(0.0, gain - several)
    return photon_rate(
        gain, error_rate, single, min(0.5, gain * error_rate / single) if single else 0.5, efficiency
    )
