"""Sessions whose third basis makes the key longer."""

from dataclasses import replace

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.hosts.detector_files import DetectorFile, read_detectors, rules_with
from qnet_circuits.qkd.postprocessing.accounts import Account, SessionParameters
from qnet_circuits.qkd.postprocessing.channel import Message, decode_numbers, encode_numbers
from qnet_circuits.qkd.postprocessing.comparing import Compared
from qnet_circuits.qkd.postprocessing.conference import Conference
from qnet_circuits.qkd.postprocessing.finite_key import counts_chance, phase_cost
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.postprocessing.settling import known_before_correction, refuse_hopeless, settle
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.qkd.postprocessing.six_state_key import joint_phase_cost
from qnet_circuits.theory.decoy import Decoys

from .records import records

ROUNDS = 90_000
RULES = SessionParameters(tolerance=0.04, third_basis=2)
JOINT = "phase errors, three bases"


def seen(alice, bob):
    """Return for each basis how many bits were sifted, and how many of them are wrong."""
    same = bob.seen & (alice.bases == bob.bases)
    wrong = same & (alice.bits != bob.bits)
    return [
        (int((same & at).sum()), int((wrong & at).sum()))
        for at in (alice.bases == basis for basis in range(3))
    ]


@pytest.mark.parametrize("length", ["fixed", "variable"])
def test_both_pay_what_the_three_bases_leave_to_eve(length, rng):
    pair = records(rng, ROUNDS, by_basis=(0.035, 0.035, 0.035), bases=3)
    rules = RULES if length == "fixed" else SessionParameters(length="variable", third_basis=2)
    session = Session(*pair, rules, seed=1)
    ledger = session.run().ledger
    assert session.alice.result.key == session.bob.result.key is not None
    assert ledger == session.bob.result.ledger
    (n, wrong), (k, x), (third, y) = seen(*pair)
    rates = (0.04, 0.04) if length == "fixed" else (x / k, y / third)
    assert ledger.bits(JOINT) == joint_phase_cost(n, (k, third), wrong, rates, 1e-10)
    assert ledger.bits("phase errors") == 0 and ledger.bits("test bits") == k + third
    # The same bits give less without the third basis.
    less = Session(*pair, replace(rules, third_basis=None), seed=1).run().ledger
    assert ledger.net_key > less.net_key + 0.02 * n > 0


def test_the_tolerance_holds_in_the_third_basis_too(rng):
    result = Session(*records(rng, 20_000, by_basis=(0.01, 0.01, 0.06), bases=3), RULES).run()
    assert result.alarm == "qber" and "basis 2" in result.reason


@pytest.mark.parametrize(
    ("changes", "third"),
    [({"tolerance": 0.0}, 10_000), ({}, 0), ({"third_basis": None}, 10_000)],
)
def test_bb84s_bound_is_used_where_the_third_basis_does_not_help(changes, third):
    rules = replace(RULES, **changes)
    compared = Compared({1: (10_000, 0), **({2: (third, 0)} if third else {})})
    for wrong in (0, 300):
        (cause, bits), _ = known_before_correction(rules, 10_000, compared, wrong=wrong)
        assert (cause, bits) == ("phase errors", phase_cost(10_000, 10_000, rules.tolerance, 1e-10))


def test_the_choice_does_not_depend_on_errors():
    compared = Compared({1: (10_000, 100), 2: (10_000, 50)})
    for wrong in range(0, 10_000, 500):
        assert known_before_correction(RULES, 10_000, compared, wrong=wrong)[0][0] == JOINT


def test_counts_on_record_are_paid_for():
    rules, account = replace(RULES, public_counts=1), Account(500_000)
    compared = Compared({1: (50_000, 900), 2: (40_000, 900)})
    account.sift(140_000, 140_000)
    settle(account, rules, 50_000, compared, 10_000, 700)
    paid = {entry.cause: entry.bits for entry in account.entries}
    chance = counts_chance(500_000, 1)
    assert paid[JOINT] == joint_phase_cost(50_000, (50_000, 40_000), 700, (0.04, 0.04), 1e-10, chance)


def test_nothing_more_is_revealed_where_no_key_can_be():
    rules = replace(RULES, tolerance=0.12)
    refuse_hopeless(rules, 10**5, Compared({1: (10**5, 0), 2: (10**5, 0)}))
    with pytest.raises(Refusal, match=r"^short: "):
        refuse_hopeless(rules, 1000, Compared({1: (1000, 0), 2: (1000, 0)}))


def test_too_many_errors_for_a_key_of_variable_length_are_the_alarm(rng):
    rules = SessionParameters(length="variable", third_basis=2)
    assert Session(*records(rng, ROUNDS, qber=0.14, bases=3), rules).run().alarm == "qber"


def test_a_number_of_wrong_bits_that_was_changed_on_the_way_gives_nobody_a_key(rng):
    def change(message):
        if message.kind != "verify" or message.sender != "bob":
            return message
        told, corrected = decode_numbers(message.body).tolist()
        body = encode_numbers(np.array([told, corrected + 300]))
        return Message(message.number, message.sender, message.kind, body)

    session = Session(*records(rng, ROUNDS, qber=0.02, bases=3), RULES, tamper=change)
    assert session.run().key is None and session.bob.result.key is None


def test_rules_that_do_not_fit_are_refused():
    for wrong in (
        {"third_basis": 0}, {"third_basis": 1}, {"third_basis": 300}, {"third_basis": "y"}, {"decoys": Decoys()},
        {"sessions": 2},
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            replace(RULES, **wrong)
    one = PartyRecord([0, 1], [1, 0])
    with pytest.raises(ParameterError, match="third_basis"):
        Conference(one, [one, one], RULES)


def test_two_hosts_agree_on_the_third_basis(rng):
    assert (
        replace(RULES, third_basis=np.int64(2)).digest
        == RULES.digest
        != replace(RULES, third_basis=None).digest
    )
    assert eval(repr(RULES)) == RULES
    alice, bob = records(rng, 1000, bases=3)
    content = DetectorFile(alice, RULES).to_bytes()
    assert b"# third_basis: 2\n" in content and read_detectors(content, "alice.csv").rules == RULES
    assert rules_with(SessionParameters(), {"third_basis": "2"}, "--set").third_basis == 2
    session = Session(alice, bob, RULES)
    session.bob = type(session.bob)(bob, replace(RULES, third_basis=None), session.bob.pool)
    assert session.run().alarm == "parameters"
