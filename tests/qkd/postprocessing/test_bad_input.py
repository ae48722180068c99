"""What a fresh user, a broken line or an eavesdropper may hand in: no key and a reason, or an error that says what is wrong."""

import dataclasses
import re

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError, QnetError
from qnet_circuits.qkd.postprocessing import finite_key
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.authentication import check_tag, make_tag
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.channel import ClassicalChannel, Message, View, legible, pack
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.passes import make_schedule
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.seals import UNPROVEN
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.qkd.postprocessing.toeplitz import amplify
from qnet_circuits.theory import attacks
from qnet_circuits.theory import key_rates as rates

from .records import records

RULES = SessionParameters(tolerance=0.02, epsilon_secrecy=1e-6, fingerprint_bits=8)
ROUNDS = 12_000
KINDS = ["hello", "ready", "detections", "sample", "reconcile", "parities", "verify", "amplify", "tag"]
NO_NUMBERS = [None, "x", [], {}, object(), float("nan"), 1j, np.zeros(2), np.array(["a"]), b"zz", True]
NO_MESSAGES = [
    None, "text", b"bytes",
    Message("0", "bob", "verify", b""), Message(0.0, "bob", "verify", b""), Message(0, None, "verify", b""),
    Message(0, "bob", 5, b""), Message(0, "bob", "\ud800", b""), Message(0, "bob", "x" * 70_000, b""),
    Message(0, "b" * 70_000, "verify", b""), Message(0, "bob", "\x1b[31m", b""), Message(0, "bob", "verify", "text"),
    Message(0, "bob", "verify", None), Message(0, "bob", "verify", bytearray(3)),
]  # fmt: skip


def ended(session):
    """Run a session that must end without a key for anybody, with a short reason that can be printed."""
    result = session.run()
    assert result.key is None and result.ledger.net_key == 0
    assert result.reason.isprintable() and len(result.reason) < 400
    for party in (session.alice, session.bob):
        assert party.result is None or party.result.key is None
    return result


@pytest.mark.parametrize("index", range(len(NO_MESSAGES)))
def test_what_is_no_message_is_refused(index):
    with pytest.raises(Refusal, match=r"^malformed: "):
        legible(NO_MESSAGES[index])
    with pytest.raises(Refusal, match=r"^malformed: "):
        View("alice", "bob").hear(NO_MESSAGES[index])


@pytest.mark.parametrize("index", range(len(NO_MESSAGES)))
@pytest.mark.parametrize(("kind", "sender"), [("detections", "bob"), ("verify", "alice"), ("tag", "alice")])
def test_a_line_that_gives_no_messages_gives_no_key(index, kind, sender, rng):
    def tamper(message):
        return NO_MESSAGES[index] if (message.kind, message.sender) == (kind, sender) else message

    assert ended(Session(*records(rng, ROUNDS, 0.0), RULES, tamper=tamper)).alarm == "malformed"


@pytest.mark.parametrize("sender", ["alice", "bob"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [ConnectionResetError, TimeoutError])
def test_a_line_that_breaks_is_a_reason(error, kind, sender, rng):
    def tamper(message):
        if (message.kind, message.sender) == (kind, sender):
            raise error("the line is dead")
        return message

    session = Session(*records(rng, ROUNDS, 0.0), RULES, tamper=tamper)
    assert re.fullmatch(f"cut: .*{kind!r}.*{error.__name__}", ended(session).reason)


def test_a_line_that_is_dead_from_then_on_is_a_reason_for_bob(rng):
    hers, his = records(rng, ROUNDS, 0.0)
    alice, bob = (party(record, RULES, KeyPool(bytes(128))) for party, record in ((Alice, hers), (Bob, his)))
    channel, left = ClassicalChannel(), 5

    def answer(message):
        nonlocal left
        left -= 1
        if left < 0:
            raise BrokenPipeError
        return alice.answer(message)

    channel.connect(answer)
    assert bob.run(channel).alarm == "cut" and alice.result is None


@pytest.mark.parametrize("kind", KINDS)
def test_an_alarm_that_alice_did_not_raise_leaves_her_no_key(kind, rng):
    def tamper(message):
        if (message.kind, message.sender) == (kind, "alice"):
            return dataclasses.replace(message, kind="abort", body=pack(b"qber: says Eve", b""))
        return message

    session = Session(*records(rng, ROUNDS, 0.0), RULES, tamper=tamper)
    assert ended(session).key is None
    assert session.bob.result.reason == f"qber: says Eve {UNPROVEN}" and not session.bob.proven
    assert session.alice.result is not None


def test_an_alarm_with_a_tag_is_not_told_back(rng):
    session = Session(*records(rng, ROUNDS, 0.3), RULES)
    assert ended(session).alarm == "qber"
    assert [message.kind for message in session.channel.messages].count("abort") == 1
    assert session.bob.proven and not session.alice.informed
    assert session.bob.result.reason == session.alice.result.reason


def test_rules_of_equal_value_are_equal_rules(rng):
    plain = SessionParameters(tolerance=0.0, frame=2000, key_basis=0)
    other = SessionParameters(tolerance=0, frame=np.int64(2000), key_basis=np.uint8(0))
    assert plain == other and repr(plain) == repr(other) and plain.digest == other.digest
    assert SessionParameters(tolerance=np.float64(0.03)).digest == SessionParameters(tolerance=0.03).digest


@pytest.mark.parametrize("wrong", NO_NUMBERS, ids=lambda one: type(one).__name__)
def test_wrong_types_are_named(wrong):
    good = PartyRecord([0, 1], [1, 0])
    calls = [
        lambda: SessionParameters(tolerance=wrong), lambda: SessionParameters(frame=wrong),
        lambda: SessionParameters(schedule=wrong), lambda: SessionParameters(leak_model=wrong),
        lambda: SessionParameters(length=wrong),
        lambda: make_schedule(wrong, 10, 0.1), lambda: make_schedule("opt(4)", wrong, 0.1),
        lambda: Session(wrong, good), lambda: Session(good, wrong), lambda: PartyRecord(wrong, [0, 1]),
        lambda: Session(good, good, pools=(wrong, wrong)), lambda: amplify(np.ones(3, int), np.ones(4, int), wrong),
        lambda: finite_key.key_length(10, 10, 0.1, wrong), lambda: rates.bb84_rate(wrong),
        lambda: attacks.six_state_probe_guess(wrong), lambda: attacks.six_state_probe_information(wrong),
    ]  # fmt: skip
    if wrong is not None:  # which stands for what is usual
        calls += [lambda: Session(good, good, pools=wrong), lambda: PartyRecord([0, 1], [0, 1], wrong)]
        calls += [lambda: Session(good, good, wrong)]
    if not isinstance(wrong, bytes):
        calls += [lambda: KeyPool(wrong), lambda: make_tag(wrong, b""), lambda: make_tag(bytes(32), wrong)]
    for call in calls:
        with pytest.raises(QnetError) as caught:
            call()
        assert 0 < len(str(caught.value)) < 400
    assert not check_tag(bytes(range(32)), b"", wrong)


@pytest.mark.parametrize("ragged", [[[1], [1, 0]]])
def test_ragged_rows_are_refused(ragged):
    for call in (
        lambda: PartyRecord(ragged, [0, 1]), lambda: PartyRecord([0, 1], ragged),
        lambda: PartyRecord([0, 1], [0, 1], ragged), lambda: SecretKey(ragged),
    ):  # fmt: skip
        with pytest.raises(ParameterError, match="length"):
            call()


def test_records_keep_their_own_rows():
    bases, bits, detected = np.array([0, 1]), np.array([1, 0]), np.array([True, True])
    record = PartyRecord(bases, bits, detected)
    bases[0], bits[0], detected[0] = 1, 0, False
    assert record.bases[0] == 0 and record.bits[0] == 1 and record.seen[0]
