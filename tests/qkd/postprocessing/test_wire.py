"""Messages over a socket: what is sent arrives, and nothing else is taken for a message."""

import socket
import struct
import threading

import pytest

from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.channel import Message
from qnet_circuits.qkd.postprocessing.key_pool import FIRST_BYTES, KeyPool
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.wire import Connection
from tests.qkd.postprocessing.records import records

MESSAGE = Message(7, "bob", "verify", bytes(range(256)))
RULES = SessionParameters(tolerance=0.03)


@pytest.fixture
def pair():
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def parties(rng, rounds=20_000, bobs_rounds=None):
    """Return Alice and Bob with pools that belong together, and with records that do unless Bob's length differs."""
    secret = rng.bytes(FIRST_BYTES)
    alice, bob = records(rng, rounds)
    if bobs_rounds is not None:
        _, bob = records(rng, bobs_rounds)
    return Alice(alice, RULES, KeyPool(secret)), Bob(bob, RULES, KeyPool(secret))


def frame(content):
    return struct.pack("<I", len(content)) + content


@pytest.mark.parametrize(
    "message", [MESSAGE, Message(0, "", "", b""), Message(2**64 - 1, "a" * 32, "b c", b"\0" * 3)]
)
def test_messages_are_decoded_as_they_were(message):
    assert Message.decode(message.encode()) == message


def test_every_other_content_is_refused(rng):
    content = MESSAGE.encode()
    wrong = [content[:end] for end in range(len(content))]
    wrong += [
        Message(0, "bob", "verify", b"xyz").encode() + b"w",
        b"",
        rng.bytes(300),
        content.replace(b"bob", b"b\xffb"),
        content.replace(b"bob", b"b\nb"),
    ]
    wrong += [struct.pack("<QHHQ", 0, 0, 0, 2**64 - 1), struct.pack("<QHHQ", 0, 40, 0, 0) + b"a" * 40]
    for each in wrong:
        with pytest.raises(Refusal, match="malformed"):
            Message.decode(each)


def test_messages_cross_in_pieces_of_any_size(pair):
    there = Connection(pair[1])
    content = frame(MESSAGE.encode()) * 2
    for byte in content[:40]:
        pair[0].sendall(bytes([byte]))
    pair[0].sendall(content[40:])
    pair[0].close()
    assert [there.receive() for _ in range(3)] == [MESSAGE, MESSAGE, None]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (frame(b"garbage"), Refusal),
        (frame(b""), Refusal),
        (frame(Message(0, "bob", "verify", bytes(990)).encode()), Refusal),
        (frame(MESSAGE.encode())[:-1], ConnectionResetError),
        (b"\1\0", ConnectionResetError),
        (frame(MESSAGE.encode())[:4], ConnectionResetError),
    ],
    ids=["garbage", "empty", "oversized", "truncated", "half a length", "a length alone"],
)
def test_broken_frames_close_the_connection(sent, expected, pair):
    there = Connection(pair[1], most=1000)
    pair[0].sendall(sent)
    pair[0].shutdown(socket.SHUT_WR)
    with pytest.raises(expected):
        there.receive()
    with pytest.raises(OSError, match="Bad file descriptor"):
        there.request(MESSAGE)


def test_a_session_over_sockets_ends_in_one_key(pair, rng):
    alice, bob = parties(rng)
    there = Connection(pair[0])
    answering = threading.Thread(target=there.serve, args=[alice.answer])
    answering.start()
    with pair[1]:
        result = bob.run(Connection(pair[1]))
    answering.join()
    assert result.key == alice.result.key is not None and result.fingerprint == alice.result.fingerprint


def meddling(stream, answer, kind, sent):
    """Answer as Alice, but send other bytes in place of the answer to one kind of message."""
    there = Connection(stream)
    while (message := there.receive()) is not None and message.kind != kind:
        there.send(answer(message))
    stream.sendall(sent)
    stream.close()


@pytest.mark.parametrize(("sent", "alarm"), [(b"", "cut"), (b"\5", "cut"), (frame(b"?"), "malformed")])
def test_bob_ends_without_a_key_if_an_answer_is_broken(sent, alarm, pair, rng):
    alice, bob = parties(rng)
    answering = threading.Thread(target=meddling, args=[pair[0], alice.answer, "parities", sent])
    answering.start()
    assert bob.run(Connection(pair[1])).alarm == alarm
    answering.join()
    result = alice.hang_up(Refusal("cut", "Bob is gone"))
    assert (result.key, result.alarm) == (None, "cut") and result.ledger.net_key == 0


def test_silence_is_a_cut(pair, rng):
    _, bob = parties(rng, 100)
    assert bob.run(Connection(pair[1], timeout=0.05)).reason.startswith("cut: no answer to")


def test_a_session_that_ended_keeps_its_result(pair, rng):
    alice, _ = parties(rng, 100)
    first = alice.hang_up(Refusal("cut", "Bob is gone"))
    assert alice.hang_up(Refusal("malformed", "garbage")) is first
    assert alice.answer(Message(0, "bob", "detections", b"")).kind == "abort" and alice.result is first
