"""Keys whose length follows from the observed error rate: as long as the bound allows, and the same for both parties."""

import math
from dataclasses import replace

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.qkd.hosts.detector_files import DetectorFile, read_detectors, rules_with
from qnet_circuits.qkd.postprocessing.accounts import Account, SessionParameters
from qnet_circuits.qkd.postprocessing.channel import Message, encode_bits
from qnet_circuits.qkd.postprocessing.comparing import Compared
from qnet_circuits.qkd.postprocessing.finite_key import key_length
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.postprocessing.settling import refuse_hopeless, settle
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.theory.decoy import Decoys

from .records import intercepted, records
from .test_conference import conference

VARIABLE = SessionParameters(length="variable")
ROUNDS = 30_000


def length(rules, n, k, wrong, told):
    """The length to hash to; 0 for an alarm."""
    try:
        return settle(Account(n + k), rules, n, Compared({1: (k, wrong)}), told)[0]
    except Refusal:
        return 0


@pytest.mark.parametrize(
    ("n", "k", "wrong", "leak", "known"),
    [
        (10_000, 10_000, 100, 889, 4976), (100_000, 10_000, 100, 8888, 57530), (100_000, 100_000, 3000, 21384, 48975),
        (1_000_000, 50_000, 1500, 213_832, 488_534),
    ],
)  # fmt: skip
def test_an_observed_rate_that_is_the_tolerance_gives_the_fixed_length(n, k, wrong, leak, known):
    told = leak - math.ceil(math.log2(n + 1))
    fixed = replace(VARIABLE, length="fixed", tolerance=wrong / k)
    assert length(VARIABLE, n, k, wrong, told) == length(fixed, n, k, wrong, told) == known
    assert length(VARIABLE, n, k, wrong - 10, told) > known > length(VARIABLE, n, k, wrong + 10, told) > 0
    assert length(fixed, n, k, wrong - 10, told) == known


def test_every_length_is_the_formula_of_the_observed_rate_down_to_none():
    n, k, told = 20_000, 15_000, 8000
    leak, least = told + math.ceil(math.log2(n + 1)), 768 + 64 + 8
    for wrong in range(0, 2000, 40):
        expected = key_length(n, k, wrong / k, leak)
        assert length(VARIABLE, n, k, wrong, told) == (expected if expected >= least else 0)
    # The last count with a key, and none above it, up to bits that all differ.
    last = max(wrong for wrong in range(2000) if key_length(n, k, wrong / k, leak) >= least)
    assert 1000 < last < 1999 and length(VARIABLE, n, k, last, told) > 0
    assert not any(length(VARIABLE, n, k, wrong, told) for wrong in (last + 1, 7500, 7501, k))


def observed(alice, bob):
    """Key bits, test bits, and errors among the test bits."""
    same = bob.seen & (alice.bases == bob.bases)
    test = same & (alice.bases == 1)
    return int((same & ~test).sum()), int(test.sum()), int((test & (alice.bits != bob.bits)).sum())


@pytest.mark.parametrize("rates", [(0.01, 0.01), (0.01, 0.06), (0.05, 0.002)])
def test_sessions_end_with_the_length_of_the_test_bits_alone(rates, rng):
    alice, bob = records(rng, ROUNDS, by_basis=rates)
    session = Session(alice, bob, VARIABLE, seed=1)
    ledger = session.run().ledger
    assert session.alice.result.key == session.bob.result.key is not None
    n, k, wrong = observed(alice, bob)
    leak = ledger.bits("reconciliation") + ledger.bits("parity count")
    assert ledger.net_key == key_length(n, k, wrong / k, leak) - 768 - 64 > 0
    fixed = Session(alice, bob, SessionParameters(), seed=1).run()
    assert (fixed.alarm == "qber") == (rates[1] > 0.05) and fixed.ledger.net_key < ledger.net_key - 500


def test_too_many_errors_are_told_from_too_few_bits(rng):
    result = Session(*intercepted(rng, ROUNDS, 1.0), VARIABLE, seed=1).run()
    assert result.alarm == "qber" and result.key is None and 0.25 in result.qber[1]
    assert Session(*records(rng, 3000, 0.0), VARIABLE).run().alarm == "short"
    for compared in (Compared({1: (9000, 4000)}), Compared({1: (9000, 9000)})):
        with pytest.raises(Refusal, match=r"^qber: .* differ"):
            refuse_hopeless(VARIABLE, 9000, compared)
    with pytest.raises(Refusal, match=r"^short: "):
        refuse_hopeless(VARIABLE, 9000, Compared({}))


@pytest.mark.parametrize("third", [None, 2])
def test_errors_are_blamed_only_where_there_would_be_a_key_without_them(third):
    rules, alarms = replace(VARIABLE, third_basis=third), []
    for n in range(2000, 2600, 5):
        counts = (n, 0), (n, 200)
        found = [alarm_of(rules, n, dict.fromkeys((1, 2), each)) for each in counts]
        assert found in ([None, "qber"], ["short", "short"])
        alarms.append(found[0])
    assert {None, "short"} == set(alarms)


def alarm_of(rules, n, tallies):
    """The alarm before error correction, or None."""
    try:
        refuse_hopeless(rules, n, Compared(tallies))
    except Refusal as refusal:
        return refusal.alarm
    return None


def test_the_alarm_tells_of_parities_if_only_bits_of_the_key_were_wrong(rng):
    result = Session(*records(rng, ROUNDS, by_basis=(0.12, 0.0)), VARIABLE, seed=1).run()
    (told,) = (entry.revealed for entry in result.ledger.entries if entry.cause == "reconciliation")
    assert result.alarm == "qber" and result.qber[1].value == 0
    assert f" {told} parities" in result.reason


@pytest.mark.parametrize("party", ["alice", "bob"])
def test_both_parties_need_the_same_kind_of_length(party, rng):
    session = Session(*records(rng, ROUNDS), VARIABLE)
    getattr(session, party)._rules = SessionParameters()
    assert session.run().alarm == "parameters"
    assert session.alice.result.key is None and session.bob.result.key is None
    assert VARIABLE.digest != SessionParameters().digest and eval(repr(VARIABLE)) == VARIABLE


@pytest.mark.parametrize("deceived", [("alice",), ("bob",), ("alice", "bob")])
def test_a_rate_that_was_changed_on_the_way_gives_nobody_a_key(deceived, rng):
    """Who hears the own test bits in the peer's name sees no errors, and reckons with a longer key."""
    alice, bob = records(rng, ROUNDS, 0.03)
    test = (alice.bases == bob.bases) & (alice.bases == 1)

    def tamper(message):
        hearer, own = ("alice", alice) if message.sender == "bob" else ("bob", bob)
        if message.kind != "sample" or hearer not in deceived:
            return message
        return Message(message.number, message.sender, message.kind, encode_bits(own.bits[test]))

    session = Session(alice, bob, VARIABLE, seed=1, tamper=tamper)
    assert session.run().alarm in ("malformed", "authentication", "reconciliation")
    assert session.alice.result.key is None and session.bob.result.key is None
    assert [getattr(session, party).qber[1].value == 0 for party in ("alice", "bob")] == [
        party in deceived for party in ("alice", "bob")
    ]


def test_what_has_no_meaning_is_refused():
    for given in ({"tolerance": 0.03}, {"decoys": Decoys()}):
        with pytest.raises(ParameterError, match="length='variable'"):
            SessionParameters(length="variable", **given)
    with pytest.raises(UnknownNameError, match="variable"):
        SessionParameters(length="varable")


def test_several_parties_have_one_length(rng):
    held = conference(rng, qber=0.005, phase=0.03, rules=VARIABLE)
    result = held.run()
    assert all(key == result.key for key in held.keys) and len(result.key) > 100
    assert conference(rng, phase=0.03).run().alarm == "qber"


def test_several_parties_that_see_different_errors_have_no_key(rng):
    def tamper(message):
        if (message.kind, message.sender) != ("sample", "bob"):
            return message
        changed = bytearray(message.body)
        changed[50] ^= 0xFF
        return replace(message, body=bytes(changed))

    held = conference(rng, qber=0.005, phase=0.03, rules=VARIABLE, tamper={1: tamper})
    result = held.run()
    assert result.alarm == "malformed" and result.ledger.net_key == 0
    assert all(party.result.key is None for party in held.parties)


def test_files_and_options_of_hosts_have_it():
    assert rules_with(SessionParameters(), {"length": "variable"}, "--set") == VARIABLE
    file = DetectorFile(PartyRecord(np.array([0, 1]), np.array([1, 0])), VARIABLE)
    assert read_detectors(file.to_bytes(), "alice.csv").rules == VARIABLE
