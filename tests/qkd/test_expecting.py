"""The length of key that a run can expect."""

import math

import pytest
from scipy.stats import binom

import qnet_circuits as qn

PROTOCOLS = {
    "bb84": qn.BB84(pulses=100_000, link_fidelity=0.97),
    "six-state": qn.SixState(pulses=200_000, link_fidelity=0.98),
    "bbm92": qn.BBM92(pairs=100_000, link_fidelity=0.97, schedule="opt(8)"),
    "e91": qn.E91(pairs=200_000, link_fidelity=0.98),
    "mdi-qkd": qn.MdiQkd(pulses=200_000, link_fidelity=0.98),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_sampled_key_is_about_as_long_as_expected(name):
    protocol = PROTOCOLS[name]
    expected = qn.predict(protocol)
    sampled = qn.run(protocol, seed=1)
    rate, sifted = expected.qber_z.value, sampled.sifted.value
    # At alpha = 1e-6 for the number of bits of key and of test, and for the errors among them.
    slope = math.log2((1 - rate) / rate)
    wide = 4.9 * (math.sqrt(protocol.rounds / 4) + 1.1 * slope * math.sqrt(sifted * rate))
    assert wide < expected.key_length.value / 2
    assert abs(sampled.key_length.value - expected.key_length.value) < wide
    assert expected.key_length.method == "expected" and expected.key_length.low == expected.key_length.high


def test_runs_with_an_alarm_shorten_the_mean():
    near, above = (
        qn.predict(qn.BB84(pulses=100_000, link_fidelity=0.97, tolerance=tolerance)).key_length.value
        for tolerance in (0.02, 0.0215)
    )
    passed = binom.cdf(500, 25_000, 0.02) / binom.cdf(537, 25_000, 0.02)
    assert 0.5 < passed < 0.56 and 1 < near / above / passed < 1.05


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eve": "intercept-resend:1.0"}, "probability 0 "),
        ({"eve": "man-in-the-middle"}, "authentication"),
        ({"authentication": False}, "unauthenticated"),
        ({"pulses": 100}, "short"),
    ],
)
def test_no_key_is_expected_where_none_can_be(changes, reason):
    result = qn.predict(qn.BB84(**changes))
    assert result.key_length.value == 0
    assert any(note.startswith("key_length is expected: ") and reason in note for note in result.notes)


def test_no_key_is_expected_below_the_least_chsh_value():
    for least, some in [(2.6, True), (2.8, False)]:
        result = qn.predict(qn.E91(pairs=200_000, link_fidelity=0.97, s_minimum=least))
        assert 2.6 < result.s_value.value < 2.8 and (result.key_length.value > 0) == some


def test_no_length_is_stated_where_counts_of_a_laser_decide():
    assert "key_length" not in qn.predict(qn.BB84(decoy=True)).figures
