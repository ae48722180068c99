"""Sessions over a laser's pulses: both parties compute one length from the counts of the intensities."""

from dataclasses import replace

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.accounts import Account, SessionParameters
from qnet_circuits.qkd.postprocessing.channel import Message, pack, unpack
from qnet_circuits.qkd.postprocessing.comparing import Compared
from qnet_circuits.qkd.postprocessing.finite_key import counts_chance
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.postprocessing.settling import settle
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord, accept, announce, match
from qnet_circuits.theory.decoy import DecoyCounts, Decoys, decoy_bound, decoy_key_length
from tests.qkd.postprocessing.records import pulses

DECOYS = Decoys()
RULES = SessionParameters(decoys=DECOYS)
ROUNDS = 500_000


@pytest.fixture(scope="module")
def pair():
    return pulses(np.random.default_rng(1), ROUNDS, decoys=DECOYS, qber=0.002)


@pytest.fixture(scope="module")
def session(pair):
    held = Session(*pair, RULES, seed=1)
    held.run()
    return held


def counts_of(alice, bob):
    sifted = bob.seen & (alice.bases == bob.bases)
    wrong = alice.bits != bob.bits
    chosen = sifted & (alice.bases == 0), sifted & (alice.bases == 1), sifted & (alice.bases == 1) & wrong
    return DecoyCounts(
        *(tuple(np.bincount(alice.intensities[rows], minlength=3).tolist()) for rows in chosen)
    )


def test_the_length_follows_from_the_counts(pair, session):
    result, counts = session.alice.result, counts_of(*pair)
    assert result.key == session.bob.result.key and len(result.key) > 2000
    ledger = result.ledger
    told = ledger.bits("reconciliation") + ledger.bits("parity count")
    bound = decoy_bound(DECOYS, counts, RULES.epsilon_secrecy)
    length = decoy_key_length(bound, told, RULES.epsilon_secrecy, RULES.epsilon_correctness)
    assert len(result.key) == length - ledger.bits("authentication") - ledger.bits("fingerprint")
    assert ledger.bits("several photons") == pytest.approx(counts.bits - bound.vacuum - bound.single)
    assert ledger.bits("rounding") < 1


def test_counts_of_ones_on_record_shorten_it(pair, session):
    held = Session(*pair, replace(RULES, public_counts=1), seed=1)
    ledger, before = held.run().ledger, session.alice.result.ledger
    bound = decoy_bound(DECOYS, counts_of(*pair), RULES.epsilon_secrecy, counts_chance(ROUNDS, 1))
    known = bound.single + bound.vacuum - bound.secret
    assert ledger.bits("phase errors") == pytest.approx(known) and known > before.bits("phase errors") + 10
    assert ledger.bits("counts of bits") == before.bits("parity count")


def test_it_is_shorter_than_a_key_of_single_photons(pair, session):
    alice, bob = pair
    plain = Session(PartyRecord(alice.bases, alice.bits), bob, replace(RULES, decoys=None), seed=1).run()
    assert len(plain.key) > 3 * len(session.alice.result.key)


def test_intensities_are_named_once_the_detections_are_known(session):
    first, second = (message for message in session.channel.messages if message.kind == "detections")
    assert (first.sender, second.sender) == ("bob", "alice")
    _, _, levels = unpack(unpack(second.body, 2)[0], 3)
    assert len(levels) == session.alice.result.ledger.sifted


def test_photons_that_were_split_leave_no_key():
    pair = pulses(np.random.default_rng(2), ROUNDS, decoys=DECOYS, split=True)
    assert np.count_nonzero(pair[1].seen) > 20_000
    result = Session(*pair, RULES, seed=1).run()
    assert result.key is None and result.alarm == "decoys" and result.qber[1].value == 0
    assert result.ledger.bits("reconciliation") == 0  # it ends before anything more is revealed


def test_too_few_pulses_leave_no_key():
    pair = pulses(np.random.default_rng(3), 20_000, decoys=DECOYS)
    assert Session(*pair, RULES, seed=1).run().alarm == "decoys"


def test_an_intensity_that_was_changed_on_the_way_ends_the_session(pair):
    """Bob counts other intensities than Alice does; the tags tell even where both lengths are the same."""

    def tamper(message):
        if message.sender != "alice" or message.kind != "detections":
            return message
        answer, sample = unpack(message.body, 2)
        both, kept, levels = unpack(answer, 3)
        changed = bytes([(levels[0] + 1) % 3]) + levels[1:]
        return Message(message.number, message.sender, message.kind, pack(pack(both, kept, changed), sample))

    held = Session(*pair, RULES, seed=1, tamper=tamper)
    assert held.run().alarm in ("malformed", "authentication")
    assert held.alice.result.key is None and held.bob.result.key is None


def test_rules_and_records_must_agree(pair):
    alice, bob = pair
    bare = PartyRecord(alice.bases, alice.bits)
    assert Session(bare, bob, RULES).run().alarm == "parameters"
    assert Session(alice, bob, replace(RULES, decoys=None)).run().alarm == "parameters"
    other = Session(alice, bob, RULES)
    other.bob._rules = replace(RULES, decoys=Decoys(probabilities=(0.5, 0.4, 0.1)))
    assert other.run().alarm == "parameters"
    assert RULES.digest != replace(RULES, decoys=None).digest


@pytest.mark.parametrize("levels", [b"", bytes([0]), bytes([0, 1, 2]), bytes([0, 3])])
def test_bob_takes_an_intensity_for_each_round_that_counts(levels):
    alice, bob = PartyRecord([0, 1, 1], [1, 0, 1], None, [0, 1, 2]), PartyRecord([0, 0, 1], [1, 1, 1])
    sifted, answer = match(alice, announce(bob))
    assert sifted.intensities.tolist() == accept(bob, answer, decoys=True).intensities.tolist() == [0, 2]
    both, kept, _ = unpack(answer, 3)
    with pytest.raises(Exception, match="malformed: Alice must name one of three"):
        accept(bob, pack(both, kept, levels), decoys=True)
    with pytest.raises(Exception, match="malformed"):
        accept(bob, answer)


@pytest.mark.parametrize("levels", [[0, 1], [0, 1, 3], [0, 1, -1], [0.5, 1, 2], [[0, 1, 2]]])
def test_a_record_has_one_of_three_intensities_for_each_round(levels):
    with pytest.raises(ParameterError, match="intensities"):
        PartyRecord([0, 1, 1], [1, 0, 1], None, levels)


def test_counts_are_not_forgotten():
    for rules, counts in (
        (RULES, None),
        (replace(RULES, decoys=None), DecoyCounts((1, 1, 1), (1, 1, 1), (0, 0, 0))),
    ):
        with pytest.raises(ParameterError, match="counts"):
            settle(Account(100), rules, 50, Compared({1: (50, 0)}, counts), 0)
    with pytest.raises(ParameterError, match="decoys"):
        SessionParameters(decoys=(0.4, 0.2, 0.0))
