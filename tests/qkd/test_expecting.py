"""The length of key that a run can expect."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, t

import qnet_circuits as qn
from qnet_circuits.qkd.postprocessing.accounts import Account
from qnet_circuits.qkd.postprocessing.comparing import Compared
from qnet_circuits.qkd.postprocessing.finite_key import counts_chance
from qnet_circuits.qkd.postprocessing.passes import EFFICIENCY
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.postprocessing.settling import settle
from qnet_circuits.qkd.postprocessing.six_state_key import joint_phase_cost
from qnet_circuits.theory.decoy import DecoyCounts
from qnet_circuits.theory.entropy import binary_entropy
from tests.qkd.postprocessing.records import records

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


def test_as_many_errors_as_are_tolerated_are_no_alarm():
    # 450 of 25000 bits are tolerated by both, although 0.018 * 25000 is below 450 in floating point.
    just, more = (
        qn.predict(qn.BB84(pulses=100_000, link_fidelity=0.973, tolerance=tolerance)).key_length.value
        for tolerance in (0.018, 0.018001)
    )
    assert more == pytest.approx(just, rel=0.001)


def test_sessions_have_on_average_the_length_that_is_expected_of_a_variable_one(rng):
    protocol = qn.BB84(pulses=60_000, link_fidelity=0.97, length="variable")
    expected, fixed = (qn.predict(one) for one in (protocol, replace(protocol, length="fixed")))
    lengths = [
        Session(*records(rng, protocol.pulses, expected.qber_x.value), protocol.rules).run().ledger.net_key
        for _ in range(10)
    ]
    wide = t.ppf(1 - 5e-7, 9) * np.std(lengths, ddof=1) / math.sqrt(10)
    assert wide < 500 < expected.key_length.value - fixed.key_length.value
    assert abs(np.mean(lengths) - expected.key_length.value) < wide


def test_runs_without_a_key_count_as_none_in_the_mean_of_variable_lengths(rng):
    # At a rate where every second run has no key, the mean is not the length for the mean number of errors.
    protocol = qn.BB84(pulses=60_000, link_fidelity=0.9, length="variable")
    expected = qn.predict(protocol)
    n = k = protocol.pulses // 4
    told = round(EFFICIENCY["opt(4)"] * n * binary_entropy(expected.qber_z.value))

    def length(errors):
        try:
            return settle(Account(protocol.pulses), protocol.rules, n, Compared({1: (k, errors)}), told)[1]
        except Refusal:
            return 0

    lengths = [length(errors) for errors in rng.binomial(k, expected.qber_x.value, 4000).tolist()]
    wide = 4.9 * np.std(lengths) / math.sqrt(len(lengths))
    assert 0.2 < np.mean(np.array(lengths) == 0) < 0.8
    assert abs(np.mean(lengths) - expected.key_length.value) < wide
    assert abs(length(round(k * expected.qber_x.value)) - expected.key_length.value) > wide


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eve": "intercept-resend:1.0"}, "probability 0 "),
        ({"eve": "man-in-the-middle"}, "authentication"),
        ({"authentication": False}, "unauthenticated"),
        ({"pulses": 100}, "short"),
        ({"eve": "intercept-resend:1.0", "length": "variable"}, "25000 test bits, of which 6250 differ"),
        ({"link_fidelity": 0.8, "length": "variable"}, "25000 test bits, of which 3333 differ"),
        ({"pulses": 100, "length": "variable"}, "short"),
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


def lengths_of_counts(protocol, draws, rng):
    """Return lengths of keys for counts that are drawn from the gains and error rates in theory."""
    theory, found = protocol.theory(qn.NoiseParameters()), []
    gains, rates = (np.array([theory[f"{name}_mu{k}"] for k in (1, 2, 3)]) for name in ("gain", "qber"))
    means = protocol.pulses * gains * protocol.laser.decoys.probabilities
    told = EFFICIENCY["opt(4)"] * binary_entropy(theory["qber_z"])
    for _ in range(draws):
        key, test = (
            rng.poisson(means * share**2)
            for share in (protocol.key_basis_probability, 1 - protocol.key_basis_probability)
        )
        counts = DecoyCounts(key.tolist(), test.tolist(), (wrong := rng.binomial(test, rates)).tolist())
        compared, n = Compared({1: (int(test.sum()), int(wrong.sum()))}, counts), int(key.sum())
        found.append(settle(Account(protocol.pulses), protocol.rules, n, compared, round(told * n))[1])
    return np.array(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"pulses": 10**8},
        {"pulses": 10**8, "link_fidelity": 0.99, "detector_efficiency": 0.5, "dark_counts": 1e-3},
    ],
)
def test_a_laser_can_expect_the_length_of_mean_counts(changes, rng):
    protocol = qn.BB84(decoy=True, **changes)
    expected, lengths = qn.predict(protocol), lengths_of_counts(protocol, 400, rng)
    assert np.min(lengths) > 0 and any("mean counts of the intensities" in note for note in expected.notes)
    assert abs(np.mean(lengths) - expected.key_length.value) < 4.9 * np.std(lengths) / math.sqrt(len(lengths))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"eve": "photon-splitting", "length_km": 10}, "decoys: "), ({"link_fidelity": 0.97}, "short: "),
     ({"link_fidelity": 0.8}, "probability 0 ")],
)  # fmt: skip
def test_a_laser_can_expect_no_key(changes, reason):
    result = qn.predict(qn.BB84(decoy=True, **changes))
    assert result.key_length.value == 0 and any(
        "key_length" in note and reason in note for note in result.notes
    )


def test_three_bases_leave_a_key_where_two_leave_none():
    line = {"pulses": 100_000_000, "key_basis_probability": 1 / 3, "link_fidelity": 1 - 1.5 * 0.112}
    three, two = (qn.predict(make(**line, tolerance=0.1125)) for make in (qn.SixState, qn.BB84))
    assert [three.qber.value, two.qber.value] == pytest.approx([0.112, 0.112])
    assert three.key_length.value > 0.02 * 100_000_000 / 9 > two.key_length.value == 0
    assert any("phase errors, three bases" in note for note in three.notes)
    assert not any("phase errors" in note for note in two.notes)
    # Without errors to tolerate BB84's bound is used.
    clean = qn.predict(qn.SixState(tolerance=0.0))
    assert clean.key_length.value > 0 and any("bound of 'phase errors'" in note for note in clean.notes)


def test_a_variable_length_follows_from_the_errors_of_both_other_bases():
    protocol = qn.SixState(pulses=900_000, link_fidelity=0.94, length="variable")
    n, chance = 100_000, counts_chance(900_000, 1)
    known = joint_phase_cost(n, (n, n), 4000, (0.04, 0.04), 1e-10, chance)
    # Parities, their number, Alice's ones, verification, hashing, authentication, fingerprint.
    rest = n - known - EFFICIENCY["opt(4)"] * n * binary_entropy(0.04) - 17 - 17 - 51 - 66 - 768 - 64
    # The entropy is concave, so its mean over the errors that X shows is a little lower, and the key longer.
    assert rest - 5 < qn.predict(protocol).key_length.value < rest + 50
