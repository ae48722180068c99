"""The classical channel: every message is recorded, and anybody may read and change it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.refusals import Refusal

#: Number, lengths of both names, length of the body.
_HEAD = struct.Struct("<QHHQ")


@dataclass(frozen=True)
class Message:
    """One message.

    Args:
        number: Place in the conversation, from 0 and below 2^64.
        sender: Its sender.
        kind: Its purpose.
        body: Its content, which is public.

    Example:
        >>> Message(0, "bob", "detections", bytes(10))
        <message 0 of bob: detections, 10 bytes>
    """

    number: int
    sender: str
    kind: str
    body: bytes = field(repr=False)

    def __repr__(self) -> str:
        return f"<message {self.number} of {self.sender}: {self.kind}, {len(self.body)} bytes>"

    def encode(self) -> bytes:
        """Return the bytes that are sent and authenticated; no two messages have the same."""
        head = self.sender.encode(), self.kind.encode()
        return _HEAD.pack(self.number, *map(len, head), len(self.body)) + b"".join(head) + self.body

    @classmethod
    def decode(cls, content: bytes) -> Message:
        """Return the message that ``encode`` wrote.

        Raises:
            Refusal: If the bytes are not exactly one message.

        Example:
            >>> Message.decode(Message(3, "bob", "verify", b"...").encode())
            <message 3 of bob: verify, 3 bytes>
        """
        number, a, b, c = _HEAD.unpack_from(content) if len(content) >= _HEAD.size else (0, 0, 0, 0)
        if _HEAD.size + a + b + c != len(content):
            raise Refusal("malformed", f"one message was expected, got {len(content)} bytes of another form")
        # A byte outside of ASCII becomes a letter that is refused.
        names = content[_HEAD.size : -c or None].decode("ascii", "replace")
        return legible(cls(number, names[:a], names[a:], content[len(content) - c :]))


def legible(arrived: object) -> Message:
    """Return what arrived, if it is a message; its content is not checked.

    Raises:
        Refusal: If it is not a message: its fields have other types, or its names are not short words.

    Example:
        >>> legible(Message(0, "bob", "verify", b""))
        <message 0 of bob: verify, 0 bytes>
        >>> legible(Message(0, "bob", "verify", "not bytes"))
        Traceback (most recent call last):
            ...
        qnet_circuits.qkd.postprocessing.refusals.Refusal: malformed: a message was expected, and something else arrived
    """
    if not (
        isinstance(arrived, Message)
        and isinstance(arrived.number, int)
        and isinstance(arrived.body, bytes)
        and all(_is_word(name) for name in (arrived.sender, arrived.kind))
    ):
        raise Refusal("malformed", "a message was expected, and something else arrived")
    return arrived


def _is_word(name: object) -> bool:
    return isinstance(name, str) and len(name) <= 32 and name.isascii() and name.isprintable()


class ClassicalChannel:
    """Carries questions to the party that answers, carries the answers back, and records both.

    Args:
        tamper: What an adversary does to each message on its way. Default: nothing.

    Example:
        >>> channel = ClassicalChannel()
        >>> channel.connect(lambda message: Message(1, "alice", "echo", message.body))
        >>> channel.request(Message(0, "bob", "hello", b"hi")).body
        b'hi'
        >>> channel.messages
        [<message 0 of bob: hello, 2 bytes>, <message 1 of alice: echo, 2 bytes>]
    """

    def __init__(self, tamper: Callable[[Message], Message] | None = None) -> None:
        self._tamper = tamper
        self._answer: Callable[[Message], Message] | None = None
        #: Every message, as it was sent.
        self.messages: list[Message] = []

    def connect(self, answer: Callable[[Message], Message]) -> None:
        """Put a party at the far end."""
        self._answer = answer

    def request(self, message: Message) -> Message:
        """Deliver a message and return the answer to it, as they arrive.

        Raises:
            ParameterError: If nobody is connected.
        """
        if self._answer is None:
            raise ParameterError("nobody answers on this channel; connect a party first")
        return self._carry(self._answer(self._carry(message)))

    def _carry(self, message: Message) -> Message:
        self.messages.append(message)
        return message if self._tamper is None else self._tamper(message)


class View:
    """The conversation as one party saw it, in order.

    Args:
        owner: The party.
        peer: The other.

    Example:
        >>> view = View("bob", "alice")
        >>> view.say("detections", b"...")
        <message 0 of bob: detections, 3 bytes>
        >>> view.hear(Message(1, "alice", "matches", b"...")).kind
        'matches'
    """

    def __init__(self, owner: str, peer: str) -> None:
        self._owner, self._peer = owner, peer
        self._seen: list[bytes] = []

    def say(self, kind: str, body: bytes) -> Message:
        """Write a message of the owner."""
        message = Message(len(self._seen), self._owner, kind, body)
        self._seen.append(message.encode())
        return message

    def hear(self, message: Message) -> Message:
        """Take the peer's next message.

        Raises:
            Refusal: If it is not a message, or not the peer's next one: it was replayed or reordered, or one is missing.
        """
        message = legible(message)
        if message.sender != self._peer or message.number != len(self._seen):
            raise Refusal(
                "replay",
                f"message {message.number} of {message.sender} arrived, but message {len(self._seen)} of "
                f"{self._peer} was expected",
            )
        self._seen.append(message.encode())
        return message

    def transcript(self, but_last: int = 0) -> bytes:
        """Return everything said and heard so far, but for the last messages."""
        return b"".join(self._seen[: len(self._seen) - but_last])


def pack(*parts: bytes) -> bytes:
    r"""Join byte strings so that they can be told apart.

    Example:
        >>> unpack(pack(b"ab", b""), 2)
        [b'ab', b'']
    """
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def unpack(body: bytes, count: int) -> list[bytes]:
    """Return the parts of a packed body.

    Raises:
        Refusal: If it does not hold ``count`` parts.
    """
    parts, at = [], 0
    while at + 8 <= len(body):
        size = int.from_bytes(body[at : at + 8], "little")
        parts.append(body[at + 8 : at + 8 + size])
        at += 8 + size
    if at != len(body) or len(parts) != count:
        raise Refusal(
            "malformed", f"a message of {count} parts was expected, got {len(body)} bytes of another form"
        )
    return parts


def encode_bits(bits: NDArray[np.generic]) -> bytes:
    """Return bits as bytes, with their number.

    Example:
        >>> decode_bits(encode_bits(np.array([1, 0, 1], np.uint8))).tolist()
        [1, 0, 1]
    """
    return struct.pack("<Q", len(bits)) + np.packbits(np.asarray(bits, np.uint8)).tobytes()


def decode_bits(body: bytes, count: int | None = None) -> NDArray[np.uint8]:
    """Return the bits that ``encode_bits`` wrote.

    Raises:
        Refusal: If the bytes do not encode bits, or not ``count`` of them.
    """
    said = int.from_bytes(body[:8], "little")
    if len(body) < 8 or len(body) - 8 != (said + 7) // 8 or (count is not None and said != count):
        due = "bits were" if count is None else f"{count} bits were"
        raise Refusal("malformed", f"{due} expected, got {len(body)} bytes of another form")
    return np.unpackbits(np.frombuffer(body, np.uint8, offset=8), count=said)


def encode_numbers(numbers: NDArray[np.generic]) -> bytes:
    """Return whole numbers below 2^32 as bytes.

    Example:
        >>> decode_numbers(encode_numbers(np.array([3, 70000]))).tolist()
        [3, 70000]
    """
    return np.asarray(numbers).astype("<u4").tobytes()


def decode_numbers(body: bytes) -> NDArray[np.int64]:
    """Return the whole numbers that ``encode_numbers`` wrote.

    Raises:
        Refusal: If the bytes do not encode whole numbers.
    """
    if len(body) % 4:
        raise Refusal("malformed", f"numbers of 4 bytes each were expected, got {len(body)} bytes")
    return np.frombuffer(body, "<u4").astype(np.int64)
