"""One attempt to make a pair over fibre: its success probability, its duration, and the heralded pair."""

from __future__ import annotations

import math
from typing import NamedTuple

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range
from qnet_circuits.theory.bell_diagonal import Weights, convolve, werner

#: Speed of light in fibre.
LIGHT_KM_PER_S = 2e5
#: How two nodes make a pair; ``attempt`` says what each scheme does.
SCHEMES = ("midpoint", "single-click", "sender")
#: Loss of common fibre at 1550 nm.
ATTENUATION_DB_PER_KM = 0.2
_FARTHEST_KM = 1e5


class Attempt(NamedTuple):
    """One attempt to make a pair.

    Attributes:
        success: Probability that the attempt succeeds, in (0, 1].
        period_s: Seconds from the start of an attempt until both nodes know its outcome and begin the next one.
        weights: Weights of the errors (I, X, Y, Z) of the pair that a herald announces.
    """

    success: float
    period_s: float
    weights: Weights


def transmission(length_km: float, attenuation_db_per_km: float = ATTENUATION_DB_PER_KM) -> float:
    """Return the probability η = 10^(-αL/10) that a photon passes through a fibre.

    Args:
        length_km: Length L of the fibre in km, in [0, 100000].
        attenuation_db_per_km: Loss α in dB/km, in [0, 100].

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(transmission(50), 12), round(transmission(20), 5)
        (0.1, 0.39811)
    """
    length = check_range("length_km", length_km, 0, _FARTHEST_KM)
    return float(10 ** (-check_range("attenuation_db_per_km", attenuation_db_per_km, 0, 100) * length / 10))


def attempt(
    length_km: float,
    scheme: str = "midpoint",
    source_fidelity: float = 1.0,
    efficiency: float = 1.0,
    attenuation_db_per_km: float = ATTENUATION_DB_PER_KM,
) -> Attempt:
    """Return success, period and heralded pair of one attempt over a fibre of length L.

    Let ζ be the probability that a photon which sets out at a node is detected at the station in the middle: the efficiency
    times the transmission of L/2. Let c be the speed of light in fibre. RFC 9340 calls the first two schemes "at both
    end-points", since both nodes send, and the third "at source".

    - ``midpoint``: both nodes send a photon that is entangled with a qubit, and a station in the middle swaps. Linear
      optics tells two of four Bell states apart, so p = ζ²/2 (two clicks: Barrett, Kok, quant-ph/0408040). The period is
      L/c: half for the photon, half for the herald. The pair is the swap of two pairs of the source.
    - ``single-click``: each node sends a photon with probability α = 1 - source_fidelity, and one detected photon in the
      middle heralds (Humphreys et al., arXiv:1712.07567). Detectors do not count photons, so p = 1 - (1 - αζ)², about 2αζ.
      The fidelity is (1 - α)/(1 - αζ/2), about 1 - α; both nodes sent otherwise, which leaves a product state, here its
      Bell-diagonal part. The period is L/c.
    - ``sender``: one node sends, and the other receives into a qubit and answers. p is the efficiency times the
      transmission of L, and the period is 2L/c. The pair is the source's.

    Dark counts are left out, and so are losses of a qubit during its own attempt.

    Args:
        length_km: Length L between the nodes in km, in (0, 100000].
        scheme: One of ``SCHEMES``.
        source_fidelity: Fidelity of the Werner pair of qubit and photon that a source emits, in [0.25, 1]; 1 - α for
            single-click.
        efficiency: Probability that a photon is emitted, coupled and detected if the fibre loses nothing, in [0, 1].
        attenuation_db_per_km: Loss of the fibre in dB/km.

    Raises:
        ParameterError: If a value is out of range, or no attempt ever succeeds.

    Example:
        >>> attempt(20, efficiency=0.5).period_s, round(attempt(20, efficiency=0.5).success, 6)
        (0.0001, 0.049763)
        >>> made = attempt(50, "single-click", source_fidelity=0.95, efficiency=0.1)
        >>> round(made.success, 5), round(made.weights[0], 4)
        (0.00316, 0.9508)
    """
    length = check_range("length_km", length_km, 0, _FARTHEST_KM)
    check_name("scheme", scheme, SCHEMES)
    source = werner(check_range("source_fidelity", source_fidelity, 0.25, 1))
    efficiency = check_range("efficiency", efficiency, 0, 1)
    if length == 0:
        raise ParameterError("length_km must be greater than 0: an attempt over no distance takes no time")
    detected = efficiency * transmission(length / 2, attenuation_db_per_km)
    period = length / LIGHT_KM_PER_S
    if scheme == "midpoint":
        made = Attempt(detected**2 / 2, period, convolve(source, source))
    elif scheme == "single-click":
        made = _single_click(1 - source[0], detected, period)
    else:
        made = Attempt(efficiency * transmission(length, attenuation_db_per_km), 2 * period, source)
    if not made.success > 0:
        cause = "single-click needs a source_fidelity below 1" if detected else "no photon arrives"
        raise ParameterError(
            f"this link never succeeds ({cause}): length_km={length_km}, scheme={scheme!r}, "
            f"source_fidelity={source_fidelity}, efficiency={efficiency}"
        )
    return made


def _single_click(bright: float, detected: float, period: float) -> Attempt:
    """Return an attempt in which each node sends with the probability ``bright``."""
    # The form p = x (2 - x) keeps its digits where x = αζ is small.
    success = bright * detected * (2 - bright * detected)
    fidelity = (1 - bright) / (1 - bright * detected / 2)
    return Attempt(success, period, (fidelity, (1 - fidelity) / 2, (1 - fidelity) / 2, 0.0))


def multiplexed(success: float, modes: int) -> float:
    """Return the probability 1 - (1 - p)^M that at least one of M attempts at the same time succeeds.

    Args:
        success: Probability p of one attempt, in [0, 1].
        modes: Number M of attempts at the same time, at least 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(multiplexed(0.01, 100), 6)
        0.633968
    """
    success = check_range("success", success, 0, 1)
    modes = check_count("modes", modes)
    return 1.0 if success == 1 else -math.expm1(modes * math.log1p(-success))
