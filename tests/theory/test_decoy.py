import math

import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory.decoy import DecoyBound, DecoyCounts, Decoys, decoy_bound, decoy_key_length
from qnet_circuits.theory.decoy_rates import (
    arrival,
    detections,
    photon_rate,
    undecoyed_rate,
    weak_decoy,
    wrong_detections,
)
from qnet_circuits.theory.entropy import binary_entropy, threshold

DECOYS, BIAS = Decoys(), 0.9
DARK, AFTER, MISALIGNED, CORRECTION = 6e-7, 0.04, 5e-3, 1.16
SIGNAL = 0.48


def line(length_km):
    """The share of pulses with a bit, and with a wrong bit, after fibre of 0.2 dB/km."""
    arrives = [arrival(k, 0.1 * 10 ** (-0.02 * length_km)) for k in DECOYS.intensities]
    clicks = [detections(a, DARK, AFTER) for a in arrives]
    return clicks, [wrong_detections(a, DARK, MISALIGNED, AFTER) for a in arrives]


def expected_counts(key_bits, clicks, wrong):
    pulses = key_bits / sum(BIAS**2 * p * r for p, r in zip(DECOYS.probabilities, clicks, strict=True))
    rows = ((BIAS**2, clicks), ((1 - BIAS) ** 2, clicks), ((1 - BIAS) ** 2, wrong))
    return DecoyCounts(
        *(
            tuple(pulses * s * p * r for p, r in zip(DECOYS.probabilities, row, strict=True))
            for s, row in rows
        )
    )


def length(length_km, key_bits, security_rate=1e-15):
    """The key's length if ε_sec is a fixed part of it, as in the paper: the fixed point is found step by step."""
    clicks, wrong = line(length_km)
    counts = expected_counts(key_bits, clicks, wrong)
    rate = sum(p * e for p, e in zip(DECOYS.probabilities, wrong, strict=True)) / sum(
        p * r for p, r in zip(DECOYS.probabilities, clicks, strict=True)
    )
    leak, made, before = CORRECTION * key_bits * binary_entropy(rate), key_bits, None
    while made != before:
        before, epsilon = made, security_rate * made
        made = decoy_key_length(decoy_bound(DECOYS, counts, epsilon), leak, epsilon, 1e-15)
    return made


@pytest.mark.parametrize(("length_km", "bits"), [(0, 756647), (50, 568095), (100, 343071)])
def test_the_keys_of_a_block_of_ten_million_bits(length_km, bits):
    assert length(length_km, 1e7) == pytest.approx(bits, abs=1)


def test_a_larger_block_gives_more_for_each_bit():
    per_bit = [length(100, n) / n for n in (1e7, 1e8, 1e9)]
    assert per_bit == sorted(per_bit)
    assert length(100, 1e9) / length(100, 1e7) > 100 * 1.75


def test_bounds_hold_for_what_honest_lines_send():
    """Without chance, the bound is below the true numbers and near them."""
    eta, pulses = 0.1, 1e13
    clicks = [detections(arrival(k, eta), DARK) for k in DECOYS.intensities]
    counts = DecoyCounts(*[tuple(pulses * p * r for p, r in zip(DECOYS.probabilities, clicks, strict=True))] * 2,
                         wrong=tuple(pulses * p * wrong_detections(arrival(k, eta), DARK, MISALIGNED)
                                     for p, k in zip(DECOYS.probabilities, DECOYS.intensities, strict=True)))  # fmt: skip
    found = decoy_bound(DECOYS, counts, 1e-10)
    single = pulses * DECOYS.emitted(1) * detections(eta, DARK)
    assert 0.94 * single < found.single < single
    assert 0 <= found.vacuum < pulses * DECOYS.emitted(0) * 2 * DARK
    assert MISALIGNED < found.phase < 1.4 * MISALIGNED


def test_split_photons_leave_nothing():
    """Single photons are blocked, and of several one is kept: the weak decoy state clicks too seldom."""
    several = [1 - math.exp(-k) * (1 + k) for k in DECOYS.intensities]
    counts = tuple(1e9 * p * s for p, s in zip(DECOYS.probabilities, several, strict=True))
    assert decoy_bound(DECOYS, DecoyCounts(counts, counts, (0, 0, 0)), 1e-10).single == 0
    honest = tuple(
        1e9 * p * arrival(k, 0.1) for p, k in zip(DECOYS.probabilities, DECOYS.intensities, strict=True)
    )
    assert decoy_bound(DECOYS, DecoyCounts(honest, honest, (0, 0, 0)), 1e-10).single > 0.4 * sum(honest)


@pytest.mark.parametrize("counts", [
    DecoyCounts((0, 0, 0), (0, 0, 0), (0, 0, 0)), DecoyCounts((1, 0, 0), (0, 0, 0), (0, 0, 0)),
    DecoyCounts((0, 0, 5), (0, 0, 5), (0, 0, 5)), DecoyCounts((9, 9, 9), (9, 9, 9), (9, 9, 9)),
    DecoyCounts((10**9, 0, 0), (10**9, 0, 0), (0, 0, 0)), DecoyCounts((10**6, 2 * 10**5, 9), (9, 9, 0), (0, 0, 0)),
    DecoyCounts((0, 10**9, 0), (0, 10**9, 0), (0, 10**9, 0)),
])  # fmt: skip
def test_counts_that_prove_nothing_give_no_key(counts):
    found = decoy_bound(DECOYS, counts, 1e-10)
    assert found.vacuum >= 0 and found.single >= 0 and found.vacuum + found.single <= counts.bits
    assert found.phase == 0.5
    assert decoy_key_length(found, 0, 1e-10, 1e-15) == 0


def test_no_error_in_a_sample_still_allows_errors():
    counts = (400_000, 90_000, 40)
    none = decoy_bound(DECOYS, DecoyCounts(counts, counts, (0, 0, 0)), 1e-10)
    some = decoy_bound(DECOYS, DecoyCounts(counts, counts, (10, 3, 0)), 1e-10)
    assert 0 < none.phase < some.phase < 0.02
    assert none.phase < decoy_bound(DECOYS, DecoyCounts(counts, counts, (0, 0, 0)), 1e-10, chance=1e-4).phase


@pytest.mark.parametrize("given", [
    {"intensities": (0.2, 0.45, 0.0)}, {"intensities": (0.4, 0.3, 0.1)}, {"intensities": (0.4, 0.2)},
    {"intensities": "0.4"}, {"intensities": (0.4, 0.2, -1e-3)}, {"probabilities": (0.5, 0.5, 0.0)},
    {"probabilities": (0.5, 0.5, 0.5)}, {"probabilities": (0.5, None, 0.5)},
])  # fmt: skip
def test_a_source_that_is_none_is_refused(given):
    with pytest.raises(ParameterError, match=next(iter(given))):
        Decoys(**given)


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(ParameterError, match="differ"):
        DecoyCounts((1, 1, 1), (1, 1, 1), (2, 0, 0))
    with pytest.raises(ParameterError, match="three"):
        DecoyCounts((1, 1), (1, 1, 1), (0, 0, 0))
    with pytest.raises(ParameterError, match="key"):
        DecoyCounts((-1, 1, 1), (1, 1, 1), (0, 0, 0))


# -- asymptotic: the line of Gobby, Yuan and Shields, 0.21 dB/km, detectors of 4.5 % -----------------------------------

VACUUM, GYS_ERROR = 1.7e-6, 0.033


def gys(length_km, intensity):
    """Q and E Q as the paper approximates them."""
    seen = arrival(intensity, transmittance(length_km))
    return VACUUM + seen, VACUUM / 2 + GYS_ERROR * seen


def transmittance(length_km):
    return 0.045 * 10 ** (-0.021 * length_km)


def decoy_rate(length_km, weak=None):
    mu = SIGNAL
    (gain, wrong), eta = gys(length_km, mu), transmittance(length_km)
    if weak is None:
        single = VACUUM + eta - VACUUM * eta
        error = (VACUUM / 2 + GYS_ERROR * eta) / single
    else:
        weak_gain, weak_wrong = gys(length_km, weak)
        single, error = weak_decoy((mu, weak), (gain, weak_gain), weak_wrong, VACUUM)
    return photon_rate(gain, wrong / gain, mu * math.exp(-mu) * single, error) / 2


@pytest.mark.parametrize(("weak", "rates", "reach"), [
    (None, (2.554577e-3, 2.225952e-4, 1.718436e-5, 2.464546e-7), 142.014),
    (0.05, (2.414245e-3, 2.096250e-4, 1.602005e-5, 7.377906e-8), 140.609),
])  # fmt: skip
def test_rates_over_distance(weak, rates, reach):
    for length_km, rate in zip((0, 50, 100, 140), rates, strict=True):
        assert decoy_rate(length_km, weak) == pytest.approx(rate, rel=3e-7)
    assert threshold(lambda km: decoy_rate(km, weak), 100, 150) == pytest.approx(reach, abs=0.011)


def test_a_stronger_decoy_state_reaches_less_far():
    assert threshold(lambda km: decoy_rate(km, 0.1), 100, 150) == pytest.approx(139.104, abs=5e-4)


@pytest.mark.parametrize(("length_km", "rate"), [(0, 1.53e-4), (35, 1.9e-6)])
def test_without_decoys_there_is_hardly_a_key(length_km, rate):
    def at(intensity):
        gain, wrong = gys(length_km, intensity)
        return undecoyed_rate(intensity, gain, wrong / gain) / 2

    assert max(at(k / 5000) for k in range(1, 500)) == pytest.approx(rate, rel=0.01)
    assert at(0.48) < 0


def test_nothing_seen_of_the_weak_state_proves_nothing():
    assert weak_decoy((0.48, 0.05), (0.02, 0.0), 0.0, 0.0) == (0.0, 0.5)
    with pytest.raises(ParameterError, match="weaker"):
        weak_decoy((0.05, 0.48), (0.02, 0.2), 0.0, 0.0)


def test_bits_from_no_photon_are_secret():
    assert DecoyBound(100, 0, 0.5).secret == 100
