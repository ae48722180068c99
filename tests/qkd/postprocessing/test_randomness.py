"""Random bits of a root: the same again, apart by stream, call and root, and never shown."""

import hashlib

import numpy as np
import pytest
from scipy.stats import chi2

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.theory.estimate import proportion
from tests.qkd.postprocessing.records import records

ROOT = hashlib.sha256(b"root").digest()


def test_a_root_repeats():
    first, second = (Randomness(root=ROOT, stream="alice") for _ in range(2))
    for count in (1, 100, 5):
        assert first.bytes(count) == second.bytes(count)


def test_streams_calls_and_roots_differ():
    source = Randomness(root=ROOT, stream="alice")
    drawn = [source.bytes(32), source.bytes(32)]
    drawn += [Randomness(root=ROOT, stream=name).bytes(32) for name in ("bob", "", "alice ")]
    drawn += [Randomness(root=bytes(32), stream="alice").bytes(32), ROOT]
    assert len(set(drawn)) == len(drawn)


def test_bits_of_a_root_are_balanced():
    bits = Randomness(root=ROOT).bits(100_000)
    assert 0.5 in proportion(int(bits.sum()), 100_000, 1 - 1e-6)


def test_an_order_holds_every_place_once():
    order = Randomness(root=ROOT).order(1000)
    assert np.array_equal(np.sort(order), np.arange(1000)) and not np.array_equal(order, np.arange(1000))
    assert len(Randomness().order(0)) == 0


def test_shuffled_numbers_are_the_same_numbers_in_a_fair_order():
    numbers = np.repeat(np.arange(5, dtype=np.uint16), 40)
    orders = np.array([Randomness(root=ROOT, stream=str(place)).shuffled(numbers) for place in range(500)])
    assert all(np.array_equal(np.sort(order), numbers) for order in orders)
    # Of each number, how often it stands at each place; at alpha = 1e-6 for the sum of squares.
    for number in range(5):
        z = ((orders == number).sum(axis=0) - 100) / np.sqrt(500 * 0.2 * 0.8)
        assert 1e-6 < chi2.sf((z**2).sum(), 199) < 1 - 1e-6
    again = Randomness(root=ROOT, stream="0").shuffled(numbers)
    assert np.array_equal(orders[0], again) and again.dtype == np.uint16
    assert Randomness().shuffled(numbers[:0]).tolist() == [] and not Randomness().shuffled(numbers[:9]).any()
    large = np.full(3, 2**16 - 1, np.uint16)
    assert np.array_equal(Randomness().shuffled(large), large)


def test_who_knows_the_bits():
    assert Randomness(root=ROOT).demonstration is False
    assert Randomness(root=ROOT, demonstration=True).demonstration is True
    assert Randomness(1).demonstration is True and Randomness().demonstration is False


@pytest.mark.parametrize("wrong", [b"secret", b"secret" * 6, "secret" * 6, bytearray(32), 5])
def test_bad_roots_are_not_shown(wrong):
    with pytest.raises(ParameterError, match=r"root .*32 bytes") as caught:
        Randomness(root=wrong)
    assert "secret" not in str(caught.value)


def test_a_seed_and_a_root_are_one_too_many():
    with pytest.raises(ParameterError, match=r"seed .*root "):
        Randomness(1, root=ROOT)


def test_nothing_shows_the_root():
    source = Randomness(root=ROOT, stream="bob")
    assert ROOT.hex() not in repr(source) and repr(ROOT) not in repr(source)


def test_a_session_of_a_root_can_be_held_again():
    alice, bob = records(np.random.default_rng(1), 40_000, 0.01)
    rules = SessionParameters(tolerance=0.03)
    first, again = (Session(alice, bob, rules, root=ROOT).run() for _ in range(2))
    assert first.key is not None and first.key == again.key
    assert first.key != Session(alice, bob, rules, root=bytes(32)).run().key
    assert "seed" not in " ".join(first.notes)
    shown = Session(alice, bob, rules, root=ROOT, demonstration=True).run()
    assert "the bits follow from a seed" in shown.notes


def test_without_authentication_epsilon_is_1_and_there_is_no_key():
    alice, bob = records(np.random.default_rng(1), 40_000, 0.01)
    session = Session(alice, bob, SessionParameters(0.03, authentication=False), root=ROOT)
    result = session.run()
    assert result.alarm == session.alice.result.alarm == session.bob.result.alarm == "unauthenticated"
    assert result.key is session.alice.result.key is session.bob.result.key is None
    assert result.ledger.epsilon == 1 and result.ledger.bits("authentication") == 0
    assert "tag" not in {message.kind for message in session.channel.messages}
    assert result.ledger.bits("reconciliation") > 0  # the account is kept to the end
    with pytest.raises(ParameterError, match=r"authentication .*'no'"):
        SessionParameters(authentication="no")


def test_parties_that_disagree_on_authentication_find_out():
    alice, bob = records(np.random.default_rng(1), 4000, 0.0)
    pools = KeyPool(bytes(128)), KeyPool(bytes(128))
    session = Session(alice, bob, pools=pools)
    session.bob = Bob(bob, SessionParameters(authentication=False), pools[1])
    assert session.run().alarm == "parameters"
