"""Nothing that is secret shows itself, and nothing secret comes from a generator with a seed."""

import copy
import gc
import hashlib
import logging
import pickle
import traceback
from dataclasses import replace
from types import FunctionType, ModuleType

import numpy as np
import pytest

import qnet_circuits.qkd.postprocessing.party as party_module
from qnet_circuits.errors import QnetError, RoundingError
from qnet_circuits.programs.protocol import Analysis
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.cascade import LocalOracle
from qnet_circuits.qkd.postprocessing.channel import ClassicalChannel, unpack
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.passes import Frame, Schedule
from qnet_circuits.qkd.postprocessing.pooled import Held, OneTime, PooledKey
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord, Sifted
from qnet_circuits.qkd.rounds import Rounds

from .records import held, records

RULES = SessionParameters(tolerance=0.03)
ROOT = hashlib.sha256(b"root").digest()


@pytest.fixture
def pools(rng):
    secret = rng.bytes(224)
    return KeyPool(secret), KeyPool(secret)


@pytest.fixture
def done(rng, pools):
    session = Session(*records(rng, 30_000), RULES, pools=pools)
    session.run()
    assert session.alice.result.key is not None
    return session


def shown_by(session):
    """Every text that a user, a log or a debugger gets of the objects of a session."""
    things = [
        session, session.alice, session.bob, session.channel, session.channel.messages,
        session.alice.result, session.alice.result.key, session.alice.result.ledger, session.alice.result.to_dict(),
        session.bob.result,
    ]  # fmt: skip
    own = [one for party in (session.alice, session.bob) for one in vars(party).values()]
    things += [one for one in own if type(one).__module__.startswith("qnet_circuits")]
    return "\n".join(text(thing) for thing in things for text in (repr, str))


def traces(key):
    """What a key would look like: in hexadecimal, as bytes, as an array, as digits."""
    bits = key.bits()
    return [
        key.to_bytes()[:6].hex(), repr(key.to_bytes()[:6])[2:-1], str(bits[:12])[1:-1],
        ", ".join(map(str, bits[:12])), "".join(map(str, bits[:16])),
    ]  # fmt: skip


def test_no_text_shows_a_key(done):
    text = shown_by(done)
    for trace in traces(done.alice.result.key):
        assert trace not in text
    assert "array(" not in text and "dtype" not in text
    for object_ in (PartyRecord([0, 1], [1, 0]), Sifted(np.ones(3, np.uint8), np.zeros(3, np.uint8), 3)):
        assert "array" not in repr(object_) and "[" not in repr(object_)


def test_nothing_is_logged_or_printed(rng, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        Session(*records(rng, 30_000), RULES).run()
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_keys_and_pools_are_not_pickled(done, pools):
    for thing in (done.alice.result.key, done.alice.result, pools[0], done.alice):
        with pytest.raises((TypeError, AttributeError)):
            pickle.dumps(thing)


def test_a_traceback_shows_no_key(rng, monkeypatch):
    honest, seen = party_module.amplify, []

    def broken(bits, seed, length):
        seen.append(honest(bits, seed, length))
        raise RoundingError("a transform ended 0.3 from integers")

    monkeypatch.setattr(party_module, "amplify", broken)
    with pytest.raises(QnetError) as caught:
        Session(*records(rng, 30_000), RULES).run()
    text = "".join(traceback.format_exception(caught.value))
    assert "array(" not in text and seen[0].tobytes().hex()[:12] not in text


def reached_from(thing, barred):
    """Everything that an object holds, and what that holds, but for some."""
    seen, todo = {id(one): one for one in barred}, [thing]
    found = []
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType):
            continue
        seen[id(one)] = one
        found.append(one)
        todo += gc.get_referents(one)
    return found


def test_parties_that_ended_hold_no_key_but_the_result(done, pools, rng):
    others = KeyPool(secret := rng.bytes(128)), KeyPool(secret)
    refills = [held(pools[0])[-96:]]  # What the next session is to be paid with.

    def tamper(message):
        if not last(message):
            return message
        refills.append(others[0].held.refill)
        return replace(message, body=bytes(16))

    late = Session(*records(rng, 30_000), RULES, pools=others, tamper=tamper)
    early = Session(*records(rng, 30_000, 0.2), RULES)
    assert late.run().key is early.run().key is None
    assert len(set(refills)) == 2 and others[0].held is None and others[0].left == others[1].left == 0
    for session in (done, late, early):
        for party in (session.alice, session.bob):
            for thing in reached_from(party, [session.alice.result, session.bob.result, *pools]):
                assert not isinstance(thing, SecretKey | LocalOracle)
                # The bases of the compared bits are all the same one.
                assert not isinstance(thing, np.ndarray) or len(np.unique(thing)) < 2
                assert not isinstance(thing, bytes) or not any(refill in thing for refill in refills)


@pytest.mark.parametrize(("qber", "tamper", "veto", "alarm"), [
    (0.01, None, None, None), (0.2, None, None, "qber"), (0.01, None, Refusal("bell", "S is 0"), "bell"),
    (0.01, lambda m: replace(m, body=bytes(16)) if last(m) else m, None, "authentication"),
], ids=["ended", "qber", "bell", "authentication"])  # fmt: skip
def test_ended_parties_hold_nothing_that_a_key_is_made_of(rng, pools, monkeypatch, qber, tamper, veto, alarm):
    honest, rows = party_module.split, []

    def split(bits, sample):
        parts = honest(bits, sample)
        rows.append(parts[1])
        return parts

    monkeypatch.setattr(party_module, "split", split)
    pair = records(rng, 30_000, qber)
    session = Session(*pair, RULES, root=ROOT, tamper=tamper, veto=veto, pools=pools)
    assert session.run().alarm == alarm
    assert len(rows) == 4 and not any(row.any() for row in rows)  # erased, not only dropped
    for party, record in zip((session.alice, session.bob), pair, strict=True):
        for thing in reached_from(party, [party.result, *pools]):
            assert thing is not record and thing is not record.bits
            assert not (isinstance(thing, bytes) and thing == ROOT)
    assert all(record.bits.any() for record in pair)  # these are their owners'


def test_what_holds_secrets_is_not_pickled_or_copied(rng, done):
    record = records(rng, 10)[0]
    bits = np.ones(3, np.uint8)
    things = [
        Randomness(), Randomness(3), Randomness(root=ROOT), Analysis(0.95, ROOT, False), record, Sifted(bits, bits, 3),
        Rounds((), bits, record, record, bits), LocalOracle([]), Frame(bits, Schedule("one", (1,)), (3,)), done.alice, done.bob,
        OneTime.of(bytes(96)), PooledKey("session", SecretKey(bits), 0.0),
        Held(PooledKey("session", SecretKey(bits), 0.0), bytes(96), bytes(16), bytes(16)), done.alice._seals,
    ]  # fmt: skip
    for thing in things:
        assert "\\x" not in repr(thing) and "array" not in repr(thing)
        for copied in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                copied(thing)


def last(message):
    return message.kind == "tag" and message.sender == "alice"


def test_bob_holds_no_way_to_alices_bits_but_the_channel(rng):
    hers, his = records(rng, 30_000)
    channel = ClassicalChannel()
    pool = KeyPool(bytes(128))
    alice = Alice(hers, RULES, pool)
    channel.connect(alice.answer)
    bob = Bob(his, RULES, KeyPool(bytes(128)))
    bob.run(channel)
    reached, todo = set(), [value for value in vars(bob).values() if value is not channel]
    while todo:
        thing = todo.pop()
        if id(thing) in reached or isinstance(thing, type) or type(thing).__name__ in ("module", "function"):
            continue
        reached.add(id(thing))
        todo += [one for one in gc.get_referents(thing) if one is not channel]
    for secret in (alice, hers, hers.bits, pool, alice.result):
        assert id(secret) not in reached


def test_no_secret_choice_uses_a_seeded_generator(rng, monkeypatch):
    pair, asked = records(rng, 30_000), []
    import os

    honest = os.urandom
    monkeypatch.setattr("os.urandom", lambda count: asked.append(count) or honest(count))

    def forbidden(*_):
        raise AssertionError("numpy's global generator was asked")

    for name in ("default_rng", "random", "randint", "permutation", "seed"):
        monkeypatch.setattr(np.random, name, forbidden)
    session = Session(*pair, RULES)
    session.run()
    n = session.alice.result.ledger.sifted - int(session.alice.result.ledger.bits("test bits"))
    length = session.alice.result.ledger.net_key + 768 + 64
    # the pool, the two numbers of the greeting, the shuffles' public seed, the seeds of verification and of amplification
    wanted = [128, 16, 16, 16, (n + 49 + 7) // 8, (n + length - 1 + 7) // 8]
    assert [count for count in asked if count] == wanted


def test_hash_seeds_are_fresh_in_every_session(rng):
    pair = records(rng, 30_000)
    seeds = set()
    for _ in range(2):
        session = Session(*pair, RULES)
        session.run()
        said = {m.kind: m.body for m in session.channel.messages if m.sender == "alice"}
        verification, hashing = unpack(said["verify"], 2)[0], unpack(said["amplify"], 2)[1]
        # the first 128 bits of each: their lengths differ between sessions
        seeds |= {said["reconcile"], verification[8:24], hashing[8:24]}
    assert len(seeds) == 6
