"""Two pools outlive sessions that were disturbed: no key is on one side alone, and the next session succeeds."""

import dataclasses
import itertools

import numpy as np
import pytest

from qnet_circuits.qkd.postprocessing import seals
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BYTES, make_tag
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.channel import ClassicalChannel, Message, pack, unpack
from qnet_circuits.qkd.postprocessing.hello import SKIP_SESSIONS, answer, greet, hear
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.pool_state import STAMP_BYTES
from qnet_circuits.qkd.postprocessing.pooled import PooledKey
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.seals import UNPROVEN
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord

from .records import held

RULES = SessionParameters(tolerance=0.0, epsilon_secrecy=0.1, epsilon_correctness=1e-3, fingerprint_bits=8)


def two_pools(rng, sessions=4):
    secret = rng.bytes(STAMP_BYTES + sessions * SESSION_BYTES)
    return KeyPool(secret), KeyPool(secret)


def record(rng, rounds=3000):
    """What both parties measured where there are no errors."""
    return PartyRecord(*rng.integers(0, 2, (2, rounds), np.uint8))


def meet(rng, pools, tamper=None, rules=RULES, own=None):
    """Hold one session, over fresh bits unless they are given, and return Alice, Bob and the messages."""
    own = record(rng) if own is None else own
    alice, bob = Alice(own, rules, pools[0]), Bob(own, rules, pools[1])
    channel = ClassicalChannel(tamper)
    channel.connect(alice.answer)
    bob.run(channel)
    return alice, bob, channel.messages


@pytest.fixture(scope="module")
def length():
    """Messages of an undisturbed session, from Bob's greeting to Alice's answer to his verdict."""
    rng = np.random.default_rng(1)
    return len(meet(rng, two_pools(rng))[2])


def keys_of(pool):
    return {each.session: each.key.to_bytes() for each in pool.collect()}


def assert_in_step(pools):
    alice, bob = pools
    assert (alice.used, alice.left, alice.stamps) == (bob.used, bob.left, bob.stamps)
    assert held(alice) == held(bob) and alice.held is None
    assert keys_of(alice) == keys_of(bob)


def assert_next_session_succeeds(rng, pools):
    alice, bob, _ = meet(rng, pools)
    assert alice.result.key == bob.result.key is not None
    assert_in_step(pools)
    assert bob.result.session in keys_of(pools[0])


def disturbed(kind, message, earlier, rng):
    """Return what an adversary makes of a message."""
    body = bytearray(message.body or b"\0")
    body[len(body) // 2] ^= 0x10
    forged = {
        "flipped": lambda: {"body": bytes(body)},
        "cut": lambda: {"body": message.body[:-1] or b"\0"},
        "longer": lambda: {"body": message.body + b"\0"},
        "emptied": lambda: {"body": b"" if message.body else b"\0" * 16},
        "random": lambda: {"body": rng.bytes(len(message.body) + 1)},
        "renamed": lambda: {"kind": "parities" if message.kind != "parities" else "tag"},
        "alarm": lambda: {"kind": "abort", "body": pack(b"qber: says Eve", rng.bytes(16))},
        "renumbered": lambda: {"number": message.number + 2},
        "of another": lambda: {"sender": "eve"},
    }
    if kind == "replayed":
        return earlier[-3] if len(earlier) > 2 else None
    return dataclasses.replace(message, **forged[kind]())


KINDS = [
    "flipped", "cut", "longer", "emptied", "random", "renamed", "alarm", "renumbered", "of another", "replayed",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_ten_kinds_of_tampering_at_twenty_places_leave_no_key_on_one_side_and_pools_that_go_on(
    kind, length, rng
):
    for place in sorted({*range(10), *range(length - 10, length)}):
        pools, seen = two_pools(rng), []

        def tamper(message, place=place, seen=seen):
            seen.append(message)
            return disturbed(kind, message, seen, rng) if len(seen) == place + 1 else message

        alice, bob, _ = meet(rng, pools, tamper)
        assert len(seen) > place
        # Bob tells his verdict twice, so one changed message of the last two changes nothing.
        assert (bob.result.key is not None) == (place >= length - 2)
        assert alice.result is not None and alice.result.key == bob.result.key
        assert_next_session_succeeds(rng, pools)


@pytest.mark.parametrize("dead", [False, True])
def test_the_loss_of_any_message_leaves_no_key_on_one_side_and_pools_that_go_on(dead, length, rng):
    for place in range(length):
        pools, count = two_pools(rng), itertools.count()

        def tamper(message, place=place, count=count):
            at = next(count)
            if at == place or (dead and at > place):
                raise TimeoutError("nothing came")
            return message

        alice, bob, _ = meet(rng, pools, tamper)
        accepted = place >= length - 2
        assert (bob.result.key is not None) == accepted
        if dead and place in (length - 3, length - 2):  # she has given her tag, and hears nothing more
            assert alice.result.alarm == "held" and alice.result.key is None
            assert pools[0].held is not None and pools[0].collect() == ()
        else:
            assert (alice.result is not None and alice.result.key is not None) == accepted
        assert_next_session_succeeds(rng, pools)
        assert len(keys_of(pools[0])) == 1 + accepted


def test_a_forged_verdict_changes_nothing(rng):
    pools = two_pools(rng)

    def tamper(message):
        if message.kind == "confirm" and message.sender == "bob":
            return dataclasses.replace(message, body=pack(unpack(message.body, 2)[0], rng.bytes(16)))
        return message

    alice, bob, _ = meet(rng, pools, tamper)
    assert bob.result.key is not None and alice.result.alarm == "held" and pools[0].left == pools[1].left - 96
    assert alice.result.ledger.net_key == len(bob.result.key)
    assert_next_session_succeeds(rng, pools)
    assert keys_of(pools[0])[alice.result.session] == bob.result.key.to_bytes()


def test_no_message_reopens_a_session_that_ended(rng):
    pools = two_pools(rng)
    alice, _, messages = meet(rng, pools)
    key, before = alice.result.key, (held(pools[0]), pools[0].used, list(pools[0].stamps))
    late = Message(60, "bob", "abort", pack(b"qber: too late", b""))
    for message in [late, *messages[::2]]:
        kind = alice.answer(message).kind
        assert kind == ("confirm" if message.kind == "confirm" else "abort")
    assert alice.result.key is key and (held(pools[0]), pools[0].used, pools[0].stamps) == before
    refused, other, messages = meet(
        rng, pools, lambda m: dataclasses.replace(m, body=b"") if m.kind == "tag" else m
    )
    reason = refused.result.reason
    for message in messages[::2]:
        refused.answer(message)
    assert refused.result.reason == reason and refused.result.key is other.result.key is None


def test_an_alarm_is_proven_even_if_the_conversation_was_changed(rng):
    def tamper(message):
        if message.kind == "sample" and message.sender == "bob":
            return dataclasses.replace(message, body=message.body[:-1])
        return message

    pools = two_pools(rng)
    alice, bob, _ = meet(rng, pools, tamper)
    assert bob.proven and bob.result.reason == alice.result.reason and UNPROVEN not in bob.result.reason
    assert pools[0].used == pools[1].used == SESSION_BYTES  # an alarm uses a session's bytes, on both sides


def test_a_key_is_released_once_it_was_handed_over(rng):
    pools = two_pools(rng)
    _, bob, _ = meet(rng, pools)
    (first,) = pools[1].collect()
    assert pools[1].collect() == (first,) and first.key == bob.result.key
    assert first.epsilon == bob.result.ledger.epsilon
    pools[1].release(first.session)
    pools[1].release("a session of which nobody knows")
    assert pools[1].collect() == () and len(pools[0].collect()) == 1


def test_all_sessions_add_to_epsilon_also_those_without_a_key(rng):
    pools = two_pools(rng)
    _, refused, _ = meet(rng, pools, lambda m: dataclasses.replace(m, body=b"") if m.kind == "amplify" else m)
    assert refused.result.key is None and refused.result.pool_epsilon == pools[1].epsilon >= 0.101
    _, bob, _ = meet(rng, pools)
    assert bob.result.pool_epsilon == pytest.approx(2 * bob.result.ledger.epsilon, rel=1e-9)
    assert bob.result.pool_epsilon >= 2 * bob.result.ledger.epsilon


def twin(pool):
    """A second copy of a pool, as a backup has it."""
    return KeyPool._from_dict(pool._to_dict())


@pytest.mark.parametrize("owner", [0, 1])
def test_a_restored_backup_is_found_before_it_uses_a_byte(owner, rng):
    pools = list(two_pools(rng))
    meet(rng, pools)
    backup = twin(pools[owner])
    meet(rng, pools)
    current, pools[owner] = pools[owner], backup
    before = [twin(pool)._to_dict() for pool in pools]
    alice, bob, _ = meet(rng, pools)
    assert alice.result.alarm == bob.result.alarm == "copied"
    assert [pool._to_dict() for pool in pools] == before
    pools[owner] = current
    assert_next_session_succeeds(rng, pools)


@pytest.mark.parametrize("owner", [0, 1])
@pytest.mark.parametrize("place", range(6))
def test_two_copies_sign_nothing_with_one_key_wherever_a_session_was_cut(place, owner, rng, monkeypatch):
    signed = []
    monkeypatch.setattr(
        seals, "make_tag", lambda key, said: signed.append((key, said)) or make_tag(key, said)
    )
    pools = list(two_pools(rng, 6))
    meet(rng, pools)
    first, second = pools[owner], twin(pools[owner])
    meet(rng, pools, lambda m: dataclasses.replace(m, body=b"?") if m.number == place else m)
    pools[owner] = second
    alarms = [meet(rng, pools)[1].result.alarm]
    pools[owner] = first
    alarms += [meet(rng, pools)[1].result.alarm for _ in range(2)]
    # Alice has the new stamp if she heard "ready" (message 2), and Bob drops the old one when he hears her answer (message 3).
    # Then the second copy is found out. Otherwise it goes on in place of the first, which is found out.
    gone = place > (3 if owner == 0 else 2)
    assert alarms == (["copied", None, None] if gone else [None, "copied", "copied"])
    assert len({key for key, _ in signed}) == len(signed)


def test_old_greetings_do_not_part_the_pools(rng):
    pools = two_pools(rng, 8)
    for last in (0, 1, 2):  # Alice heard the greeting, Bob her answer, and she that he is ready

        def cut(message, last=last):
            if message.number > last:
                raise TimeoutError
            return message

        _, _, messages = meet(rng, pools, cut)
        again = Alice(record(rng), RULES, pools[0])
        answers = [again.answer(message).kind for message in messages[::2]]
        assert answers[-1] == "abort" or last == 0
    assert_next_session_succeeds(rng, pools)


def test_only_the_latest_greeting_goes_on(rng):
    pools, late = two_pools(rng), []

    def cut(message):
        if message.number > 1:
            late.append(message)
            raise TimeoutError
        return message

    first, _, _ = meet(rng, pools, cut)
    meet(rng, pools, cut)
    assert late[0].kind == "ready" and first.result is None
    stamps = list(pools[0].stamps)
    assert first.answer(late[0]).kind == "abort" and pools[0].stamps == stamps
    assert_next_session_succeeds(rng, pools)


def test_a_late_tag_does_not_displace_a_key_that_is_held(rng):
    pools, late = two_pools(rng), []

    def cut(message):
        if message.kind in ("tag", "confirm"):
            late.append(message)
            raise TimeoutError
        return message

    first, _, _ = meet(rng, pools, cut)
    second, bob, _ = meet(rng, pools, lambda m: cut(m) if m.kind == "confirm" else m)
    assert late[0].kind == "tag" and first.result is None and second.result.alarm == "held"
    assert first.answer(late[0]).kind == "abort" and first.result.alarm == "replay"
    assert pools[0].held.key.session == bob.result.session
    assert_next_session_succeeds(rng, pools)
    assert keys_of(pools[0])[bob.result.session] == bob.result.key.to_bytes()


def test_a_session_whose_refusal_was_told_is_not_accepted(rng):
    pools = two_pools(rng)
    pools[1].claim("bob")
    key = PooledKey("two", SecretKey(np.ones(8, np.uint8)), 0.0)
    keys = pools[1].begin("two", pools[1].stamps, 0, 0.0)
    assert pools[1].verdict("two") == keys.refused
    with pytest.raises(Refusal, match=r"^replay"):
        pools[1].accept(key, bytes(96), keys)
    assert pools[1].verdict("two") == keys.refused and pools[1].collect() == ()


def test_pools_of_other_pairs_and_owners_are_refused(rng):
    mine, other = two_pools(rng)[0], two_pools(rng)[1]
    alice, bob, _ = meet(rng, (mine, other))
    assert alice.result.alarm == bob.result.alarm == "authentication" and mine.name in alice.result.reason
    with pytest.raises(ValueError, match=r"alice's copy"):
        Bob(record(rng), RULES, mine)


@pytest.mark.parametrize("owner", [0, 1])
def test_a_greeting_skips_a_few_sessions(owner, rng):
    pools = two_pools(rng, SKIP_SESSIONS + 4)
    pools[owner].used = SKIP_SESSIONS * SESSION_BYTES
    assert_next_session_succeeds(rng, pools)
    assert pools[0].used == (SKIP_SESSIONS + 1) * SESSION_BYTES


@pytest.mark.parametrize("ahead", [0, 1])
def test_a_greeting_does_not_empty_a_pool(ahead, rng):
    pools, far = two_pools(rng, SKIP_SESSIONS + 4), (SKIP_SESSIONS + 1) * SESSION_BYTES
    pools[ahead].used = far
    before = twin(pools[0])._to_dict()
    with pytest.raises(Refusal, match=r"^pool: .*at most 16 sessions"):
        answer(pools[0], bytes(16), greet(pools[1], bytes(16)))
    assert pools[0]._to_dict() == before
    # and if Alice answers so far ahead, it is Bob who refuses
    pools[0].used = pools[1].used = far
    reply, _ = answer(pools[0], bytes(16), said := greet(pools[1], bytes(16)))
    pools[1].used = 0
    before = twin(pools[1])._to_dict()
    with pytest.raises(Refusal, match=r"^pool: .*at most 16 sessions"):
        hear(pools[1], said, bytes(16), reply)
    assert pools[1]._to_dict() == before
