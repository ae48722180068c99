import numpy as np
import pytest
from scipy.stats import binomtest, chi2

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.channel import (
    ClassicalChannel,
    Message,
    View,
    decode_bits,
    decode_numbers,
    encode_bits,
    pack,
    unpack,
)
from qnet_circuits.qkd.postprocessing.comparing import Compared, compare, expected_rate, refuse_above
from qnet_circuits.qkd.postprocessing.finite_key import phase_cost, sampling_deviation
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.refusals import ALARMS, Refusal
from qnet_circuits.qkd.postprocessing.sifting import (
    PartyRecord,
    accept,
    announce,
    match,
    split,
)
from qnet_circuits.theory.entropy import binary_entropy
from qnet_circuits.theory.estimate import proportion

from .records import intercepted, records


@pytest.mark.parametrize("bases", [2, 3])
def test_sifting_keeps_equal_bases_of_rounds_that_both_detected(bases, rng):
    alice, bob = records(rng, 5000, 0.0, bases=bases, loss=0.3)
    alice = PartyRecord(alice.bases, alice.bits, rng.random(5000) < 0.8)
    hers, answer = match(alice, announce(bob))
    his = accept(bob, answer)
    both = alice.seen & bob.seen
    kept = both & (alice.bases == bob.bases)
    assert hers.detected == his.detected == both.sum()
    assert hers.bits.tolist() == alice.bits[kept].tolist() == his.bits.tolist()
    assert hers.bases.tolist() == his.bases.tolist() == alice.bases[kept].tolist()
    assert binomtest(int(kept.sum()), int(both.sum()), 1 / bases).pvalue > 1e-6


def test_bob_tells_no_bit_and_alice_no_basis_of_a_dropped_round(rng):
    alice, bob = records(rng, 1000, 0.0)
    flipped = PartyRecord(bob.bases, 1 - bob.bits, bob.seen)
    assert announce(bob) == announce(flipped)
    _, answer = match(alice, announce(bob))
    third = np.where(alice.bases != bob.bases, 2, alice.bases)  # she might have chosen any other basis there
    assert match(PartyRecord(third, 1 - alice.bits), announce(bob))[1] == answer


def test_sifting_refuses_what_cannot_be(rng):
    alice, bob = records(rng, 100)
    with pytest.raises(Refusal, match=r"^lengths: .*100 .*99"):
        match(alice, announce(PartyRecord(bob.bases[:99], bob.bits[:99])))
    with pytest.raises(Refusal, match=r"^lost: "):
        match(alice, announce(PartyRecord(bob.bases, bob.bits, np.zeros(100, bool))))
    with pytest.raises(Refusal, match=r"^malformed: 100 bases.* 0 "):
        match(alice, pack(encode_bits(np.ones(100, np.uint8)), b""))
    with pytest.raises(Refusal, match=r"^malformed: "):
        accept(bob, pack(encode_bits(np.zeros(100, np.uint8)), encode_bits(np.ones(100, np.uint8))))


@pytest.mark.parametrize(
    ("bases", "bits", "detected"),
    [
        ([0, 1], [0, 1, 1], None), ([0, 1], [0, 2], None), ([0, 255], [0, 1], None), ([0.5, 1], [0, 1], None),
        ([0, 1], [0, 1], [1, 0]), ([0, 1], [0, 1], [True]), ([[0, 1]], [0, 1], None), ([-1, 1], [0, 1], None),
    ],
)  # fmt: skip
def test_records_refuse_rows_that_do_not_fit(bases, bits, detected):
    with pytest.raises(ParameterError):
        PartyRecord(bases, bits, detected)


def test_bases_are_announced_in_as_few_bits_as_they_have(rng):
    for most, width in [(0, 1), (1, 1), (2, 2), (254, 8)]:
        bases = rng.integers(0, most + 1, 800, np.uint8)
        bases[0] = most
        record = PartyRecord(bases, np.zeros(800, np.uint8))
        assert len(announce(record)) == len(announce(PartyRecord([], []))) + 100 + 100 * width
        assert len(match(record, announce(record))[0].bits) == 800
        for wrong in [b"", bytes(99), bytes(250), bytes(900)]:
            with pytest.raises(Refusal, match=r"malformed: 800 bases"):
                match(record, pack(unpack(announce(record), 2)[0], wrong))


def test_a_compared_bit_is_in_no_key(rng):
    bits, sample = np.arange(100).astype(np.uint8), rng.random(100) < 0.4
    test, rest = split(bits, sample)  # distinct numbers stand for bits here
    assert not set(test.tolist()) & set(rest.tolist()) and len(test) + len(rest) == 100
    with pytest.raises(ParameterError):
        split(bits, sample[:50])


def test_error_rates(rng):
    own, told, bases = np.array([[1, 0, 1, 1], [1, 1, 1, 0], [1, 1, 2, 1]], np.uint8)
    compared = compare(own, told, bases, SessionParameters())
    assert compared == Compared({1: (3, 2), 2: (1, 0)}) and eval(repr(compared)) == compared
    assert (compared.tally(0), compared.rates[1].value, compared.rates[1].n) == ((0, 0), 2 / 3, 3)
    with pytest.raises(ParameterError, match="length"):
        compare(own, told[:2], bases, SessionParameters())
    assert compare(own[:0], told[:0], bases[:0], SessionParameters()).rates == {}
    assert expected_rate(3, 98) == 0.04 and expected_rate(90, 90) == 0.5


@pytest.mark.parametrize(
    ("allowed", "k", "tolerance"), [(1, 20, 0.05), (30, 1000, 0.03), (3000, 60_000, 0.05)]
)
def test_the_alarm_is_raised_by_one_error_too_many(allowed, k, tolerance):
    refuse_above(proportion(allowed, k), tolerance, "here")
    with pytest.raises(Refusal, match=r"^qber: "):
        refuse_above(proportion(allowed + 1, k), tolerance, "here")


def test_the_bound_stands_on_the_tolerance():
    bound = 0.03 + sampling_deviation(1000, 1000, 1e-3)
    assert phase_cost(1000, 1000, 0.03, 1e-3) == 1000 * binary_entropy(bound)
    assert phase_cost(10, 10, 0.03, 1e-10) == 10


@pytest.mark.parametrize(("bases", "rate"), [(2, 0.25), (3, 1 / 3)])
def test_intercept_resend_shows_in_every_basis(bases, rate, rng):
    hers, answer = match(*(lambda a, b: (a, announce(b)))(*(pair := intercepted(rng, 60_000, 1.0, bases))))
    his = accept(pair[1], answer)
    for seen in compare(hers.bits, his.bits, hers.bases, SessionParameters()).rates.values():
        assert binomtest(round(seen.value * seen.n), seen.n, rate).pvalue > 1e-6


def test_samples_are_fair(rng):
    source = Randomness(5)
    draws = np.zeros((2000, 20), int)
    for row in draws:
        row[source.sample(20, 5)] = 1
    assert (draws.sum(axis=1) == 5).all()
    z2 = (
        ((draws.sum(axis=0) - 500) ** 2 / (2000 * 0.25 * 0.75)).sum() * 19 / 20
    )  # the sum of each row is fixed
    assert chi2.sf(z2, 19) > 1e-6
    assert source.sample(7, 7).tolist() == list(range(7)) and len(source.sample(7, 0)) == 0
    with pytest.raises(ParameterError):
        source.sample(5, 6)


def test_randomness_comes_from_the_system_unless_seeded(monkeypatch):
    asked = []
    monkeypatch.setattr("os.urandom", lambda count: asked.append(count) or bytes(count))
    assert Randomness().bits(9).tolist() == [0] * 9 and Randomness().bytes(3) == bytes(3)
    assert asked == [2, 3]
    seeded = Randomness(0, "a")
    assert seeded.bytes(8) != Randomness(0, "b").bytes(8) != Randomness(1, "b").bytes(8) and len(asked) == 2
    assert seeded.demonstration and not Randomness().demonstration
    with pytest.raises(ParameterError):
        Randomness(-1)


def test_views_take_only_the_next_message_of_the_peer():
    view = View("bob", "alice")
    view.say("a", b"")
    for wrong in (Message(0, "alice", "a", b""), Message(2, "alice", "a", b""), Message(1, "bob", "a", b"")):
        with pytest.raises(Refusal, match=r"^replay: "):
            view.hear(wrong)
    before = view.transcript()
    view.hear(Message(1, "alice", "a", b"x"))
    assert view.transcript(but_last=1) == before != view.transcript()


def test_no_two_messages_are_authenticated_as_the_same_bytes():
    messages = [
        Message(1, "ab", "c", b"d"), Message(1, "a", "bc", b"d"), Message(1, "ab", "cd", b""),
        Message(2, "ab", "c", b"d"), Message(1, "ab", "c", b"e"),
    ]  # fmt: skip
    assert len({message.encode() for message in messages}) == len(messages)
    assert pack(b"a", b"bc") != pack(b"ab", b"c")


@pytest.mark.parametrize(
    "body", [b"", b"1234567", bytes(9), pack(b"a"), pack(b"a", b"b", b"c"), pack(b"abc", b"")[:-1]]
)
def test_malformed_bodies_are_refused(body):
    with pytest.raises(Refusal, match=r"^malformed: "):
        unpack(body, 2)
    with pytest.raises(Refusal, match=r"^malformed: "):
        decode_bits(body + b"\xff", 3)
    with pytest.raises(Refusal, match=r"^malformed: "):
        decode_numbers(b"123")


def test_channel_needs_somebody_and_records_what_was_sent():
    channel = ClassicalChannel(
        lambda message: Message(message.number, message.sender, message.kind, b"changed")
    )
    with pytest.raises(ParameterError, match="channel"):
        channel.request(Message(0, "bob", "a", b""))
    channel.connect(lambda message: Message(1, "alice", "a", message.body))
    assert channel.request(Message(0, "bob", "a", b"sent")).body == b"changed"
    assert [message.body for message in channel.messages] == [b"sent", b"changed"]


def test_refusals_name_a_known_alarm():
    assert all(Refusal(alarm, "x").alarm == alarm for alarm in ALARMS)
    with pytest.raises(ParameterError, match="alarm "):
        Refusal("nothing", "x")
