"""Messages over a connected socket. A frame is the length of a message, 4 bytes, least significant first, and the message.

The frames are public and prove nothing: the tags of the session do. An outer layer, such as TLS, may hide and protect them.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from qnet_circuits.qkd.postprocessing.channel import Message
from qnet_circuits.qkd.postprocessing.refusals import Refusal

#: The longest message. The bases of a hundred million detected rounds take less than half of it.
MOST_BYTES = 2**28
_LENGTH = struct.Struct("<I")
#: The most bytes that are read at once: a peer that announces a long message takes no memory before it sends the bytes.
_PIECE = 2**16


class Connection:
    """A connected socket that carries whole messages: Bob's channel, or the one on which Alice answers.

    After a broken frame the bytes that follow would be out of step. The connection is closed then, and every later use is an
    ``OSError``.

    Args:
        stream: The socket; it is closed with the connection.
        timeout: Longest silence of the peer in seconds; it must be longer than the peer's longest computation.
        most: Length in bytes of the longest message that is accepted.

    Example:
        >>> import threading
        >>> ours, theirs = map(Connection, socket.socketpair())
        >>> echo = threading.Thread(target=theirs.serve, args=[lambda heard: Message(1, "alice", "echo", heard.body)])
        >>> echo.start()
        >>> ours.request(Message(0, "bob", "hello", b"hi")).body
        b'hi'
        >>> ours.close()
        >>> echo.join()
    """

    def __init__(self, stream: socket.socket, timeout: float = 60.0, most: int = MOST_BYTES) -> None:
        self._stream, self._most = stream, most
        stream.settimeout(timeout)

    def request(self, message: Message) -> Message:
        """Send a message, and return the answer to it.

        Raises:
            OSError: If the connection is closed or breaks, or no answer comes in time.
            Refusal: If the answer is not a message, or is too long.
        """
        self.send(message)
        answer = self.receive()
        if answer is None:
            raise ConnectionResetError("the peer closed the connection")
        return answer

    def serve(self, answer: Callable[[Message], Message]) -> None:
        """Answer each message until the peer closes the connection.

        Raises:
            OSError: If the connection breaks, or no message comes in time.
            Refusal: If something else than a message arrives, or it is too long.
        """
        while (message := self.receive()) is not None:
            self.send(answer(message))

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            OSError: If the connection is closed or breaks.
        """
        content = message.encode()
        try:
            self._stream.sendall(_LENGTH.pack(len(content)) + content)
        except OSError:
            self.close()
            raise

    def receive(self) -> Message | None:
        """Return the next message, or None if the peer has closed the connection between two messages.

        Raises:
            OSError: If the connection is closed or breaks, or the peer is silent for too long.
            Refusal: If something else than a message arrives, or it is too long.
        """
        try:
            head = self._read(_LENGTH.size)
            if not head:
                self.close()
                return None
            (size,) = _LENGTH.unpack(head)
            if size > self._most:
                raise Refusal("malformed", f"a message has at most {self._most} bytes, {size} were announced")
            return Message.decode(self._read(size, begun=True))
        except (OSError, Refusal):
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def _read(self, count: int, begun: bool = False) -> bytes:
        """Return exactly so many bytes, or none if the peer has closed the connection before a frame has begun."""
        read = bytearray()
        while len(read) < count:
            piece = self._stream.recv(min(_PIECE, count - len(read)))
            if not piece and (begun or read):
                raise ConnectionResetError("the connection ended within a message")
            if not piece:
                break
            read += piece
        return bytes(read)
