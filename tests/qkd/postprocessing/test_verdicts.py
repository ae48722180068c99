"""Bob's verdict reaches Alice whatever happens in between, and one held key does not take the place of another."""

import dataclasses
import tracemalloc

import numpy as np
import pytest

from .test_survival import assert_next_session_succeeds, keys_of, meet, two_pools


def without(*kinds, of=("alice", "bob")):
    """An adversary who stops some kinds of messages of some parties."""

    def tamper(message):
        if message.kind in kinds and message.sender in of:
            raise TimeoutError
        return message

    return tamper


def test_a_verdict_reaches_alice_also_if_bobs_pool_is_used_up(rng):
    pools = two_pools(rng, 1)
    _, accepted, _ = meet(rng, pools, without("confirm"))
    meet(rng, pools, without("ready"))
    assert pools[1].left == 0 and pools[0].collect() == ()
    for tamper in (without("confirm"), None):
        alice, bob, _ = meet(rng, pools, tamper)
        assert alice.result.alarm == bob.result.alarm == "pool"
    assert keys_of(pools[0]) == keys_of(pools[1]) == {accepted.result.session: accepted.result.key.to_bytes()}
    assert pools[0].held is None and pools[0].left == pools[1].left == 0


def interrupted(rng, pools, kind, act, sender="bob"):
    """Hold a session, and do something else while the first message of a kind is on its way."""
    done = []

    def tamper(message):
        if message.kind == kind and message.sender == sender and not done:
            done.append(act())
        return message

    alice, bob, _ = meet(rng, pools, tamper)
    return alice, bob, done[0]


def test_a_key_that_is_held_is_not_replaced_by_another_session(rng):
    pools = two_pools(rng)
    alice, bob, (_, other, _) = interrupted(rng, pools, "tag", lambda: meet(rng, pools, without("confirm")))
    assert other.result.key is not None
    assert alice.result.key is None and bob.result.key is None
    assert_next_session_succeeds(rng, pools)
    assert keys_of(pools[0])[other.result.session] == other.result.key.to_bytes()


@pytest.mark.parametrize("cut", [without("detections"), without("ready", of=["alice"])])
def test_a_session_that_began_meanwhile_keeps_its_stamp(cut, rng):
    pools = two_pools(rng)
    interrupted(rng, pools, "ready", lambda: meet(rng, pools, cut), "alice")
    assert_next_session_succeeds(rng, pools)


def test_a_verdict_that_was_told_is_the_last(rng):
    pools = two_pools(rng)
    alice, bob, _ = interrupted(rng, pools, "tag", lambda: meet(rng, pools, without("detections")), "alice")
    assert pools[0].held is None and alice.result.key is bob.result.key is None
    assert_next_session_succeeds(rng, pools)


def test_a_verdict_on_another_session_is_not_heard(rng):
    pools, late = two_pools(rng), []

    def act(message):
        if message.kind == "confirm" and message.sender == "bob":
            late.append(message)
            raise TimeoutError
        return message

    first, _, _ = meet(rng, pools, without("confirm"))
    meet(rng, pools, act)
    assert first.answer(late[0]).kind == "abort" and first.result.alarm == "held"
    assert_next_session_succeeds(rng, pools)
    assert len(keys_of(pools[0])) == 3


def test_a_huge_question_is_refused_before_it_takes_memory(rng):
    huge, peaks = np.tile(np.array([0, 0, 1, 1], "<u4"), 2**17).tobytes(), []

    def swell(message):
        if tracemalloc.is_tracing():
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        if message.kind == "parities" and message.sender == "bob":
            tracemalloc.start()
            return dataclasses.replace(message, body=huge)
        return message

    alice, bob, _ = meet(rng, two_pools(rng), swell)
    assert alice.result.key is bob.result.key is None
    assert peaks[0] < 4 * len(huge)
