"""One key for several parties: everybody has the same or nobody has one, and the key pays for all that any session reveals."""

import dataclasses
import math

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.conference import Conference
from qnet_circuits.qkd.postprocessing.finite_key import key_length, verification_cost
from qnet_circuits.qkd.postprocessing.questions import decode_questions
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord

RULES = SessionParameters(tolerance=0.02, public_counts=1)
N, K = 10_000, 7000


def conference(rng, members=3, qber=0.01, phase=0.01, rules=RULES, **options):
    """A conference over records whose key bits and parities are wrong at given rates."""
    bases = rng.permutation(np.repeat([0, 1], [N, K])).astype(np.uint8)
    first = rng.integers(0, 2, N + K, np.uint8)
    odd = rng.random(N + K) < phase
    others = [first ^ np.where(bases == 1, odd, rng.random(N + K) < qber) for _ in range(members)]
    records = [PartyRecord(bases, own) for own in others]
    return Conference(PartyRecord(bases, first), records, rules, **{"seed": 1, **options})


def asked(channel):
    """The parities that a member asked for: frame, pass and place of each."""
    found = []
    for message in channel.messages:
        if message.kind == "parities" and message.sender == "bob":
            questions = decode_questions(message.body)
            found += [(one.frame, one.index, place) for one in questions for place in one.places.tolist()]
    return found


def nobody_has_a_key(held):
    return all(party.result is not None and party.result.key is None for party in held.parties)


@pytest.mark.parametrize("members", [1, 3])
def test_all_keys_are_equal_and_the_ledger_pays_once_for_the_union(members, rng):
    held = conference(rng, members)
    result = held.run()
    assert result.reason is None and len(held.keys) == members + 1
    assert all(key == result.key for key in held.keys)
    assert len(result.key) == result.ledger.net_key > 0
    told = [asked(channel) for channel in held.channels]
    union = set().union(*told)
    assert result.ledger.bits("reconciliation") == len(union)
    assert members == 1 or len(union) < sum(map(len, told))
    epsilon = RULES.epsilon_correctness / members
    tags = members * verification_cost(epsilon)
    counts = (members + 1) * math.ceil(math.log2(N + 1))
    chance = (2 * math.pi * (N + K)) ** -0.5
    leak = len(union) + counts + tags - verification_cost(epsilon)
    length = key_length(N, K, 0.02, leak, RULES.epsilon_secrecy, epsilon, chance)
    assert result.ledger.net_key == length - 768 * members - 64
    assert result.ledger.bits("test bits") == K and result.ledger.entries[0].revealed == (members + 1) * K
    assert result.ledger.bits("verification") == pytest.approx(tags)
    assert dict(result.ledger.epsilons)["correctness"] == pytest.approx(RULES.epsilon_correctness)
    assert sum(name.startswith("authentication") for name, _ in result.ledger.epsilons) == members


def test_each_pair_gets_bits_of_its_own_for_the_next_authentication(rng):
    held = conference(rng)
    result = held.run()
    pools = [party.pool for party in held.firsts]
    assert all(mine.left == theirs.pool.left == 96 for mine, theirs in zip(pools, held.members, strict=True))
    refills = [pool.begin("next", [], 0, 0.0).tag_keys for pool in pools]
    assert refills == [party.pool.begin("next", [], 0, 0.0).tag_keys for party in held.members]
    assert len({each["bob"] for each in refills}) == 3
    assert not any(result.key.to_bytes()[:32] in each.values() for each in refills)


@pytest.mark.parametrize(
    ("kind", "sender"),
    [("sample", "bob"), ("verify", "alice"), ("amplify", "alice"), ("tag", "bob"), ("tag", "alice")],
)
def test_a_changed_message_of_one_session_leaves_nobody_with_a_key(kind, sender, rng):
    def tamper(message):
        if (message.kind, message.sender) != (kind, sender):
            return message
        changed = bytearray(message.body)
        changed[-1] ^= 1
        return dataclasses.replace(message, body=bytes(changed))

    held = conference(rng, tamper={1: tamper})
    result = held.run()
    assert result.key is None and result.reason and result.ledger.net_key == 0
    assert nobody_has_a_key(held)
    for party in held.parties:  # nothing was put back, and the key of all is in no pool
        assert party.pool.used + party.pool.left == 96 and party.pool.held is None
        assert party.pool.collect() == ()


def test_a_verdict_that_never_comes_leaves_the_first_partys_key_held(rng):
    def mute(message):
        if message.kind == "confirm" and message.sender == "bob":
            raise TimeoutError
        return message

    held = conference(rng, members=2, tamper={0: mute})
    result = held.run()
    assert result.alarm == "held" and result.key is None and held.keys[0] is None
    assert held.members[0].result.key == held.firsts[0].pool.held.key.key  # the next greeting brings it
    assert result.ledger.net_key == len(held.members[0].result.key)


def test_an_announcement_that_a_member_heard_otherwise_leaves_nobody_with_a_key(rng):
    held = conference(rng, announced=b"the parities of all members")
    held.members[2].announced = b"other parities"
    assert held.run().alarm == "authentication" and nobody_has_a_key(held)


def test_without_authentication_nobody_has_a_key(rng):
    held = conference(rng, members=2, rules=dataclasses.replace(RULES, authentication=False))
    assert held.run().alarm == "unauthenticated" and nobody_has_a_key(held)


def test_too_many_errors(rng):
    held = conference(rng, phase=0.1)
    assert held.run().alarm == "qber" and nobody_has_a_key(held)
    assert not any(asked(channel) for channel in held.channels)
    held = conference(rng, members=2, qber=0.05)
    result = held.run()
    assert result.alarm in ("short", "reconciliation") and nobody_has_a_key(held)
    (told,) = (entry for entry in result.ledger.entries if entry.cause == "reconciliation")
    assert told.revealed == len(set().union(*map(asked, held.channels)))


def test_a_member_is_not_told_the_key_before_all_rows_are_verified(rng):
    held = conference(rng)
    held.members[0].begin(held.channels[0])
    assert held.members[0].finish().alarm == "malformed"


def test_all_sessions_have_the_same_bits(rng):
    sample = dataclasses.replace(RULES, key_sample=0.1)
    with pytest.raises(ParameterError, match="key_sample"):
        conference(rng, members=2, rules=sample)
    alone = conference(rng, members=1, rules=sample)
    assert alone.run().key == alone.keys[1] is not None
