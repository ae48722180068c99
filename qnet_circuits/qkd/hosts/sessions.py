"""One session of Alice or Bob with the other host: who waits, who connects, and how each ends."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from qnet_circuits.errors import PeerError, QnetError, check_count, check_range
from qnet_circuits.qkd.hosts.addresses import cannot_listen, shown
from qnet_circuits.qkd.hosts.tls import Identity, greeted, welcomed
from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.wire import Connection

#: Seconds between two attempts to connect, and those that one handshake has before the next connection is accepted.
_PAUSE = 0.2
#: Seconds of the shortest and of the longest silence that can be waited for.
_SILENCE = 0.001, 86_400.0


def listen(address: tuple[str, int]) -> socket.socket:
    """Return a socket that waits for connections at an address; port 0 takes a free one.

    Raises:
        ParameterError: If the address cannot be used.
    """
    try:
        family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server(address, family=family)
    except OSError as error:
        raise cannot_listen(address, error) from None


def answer_peer(
    alice: Alice,
    listening: socket.socket,
    identity: Identity,
    tell: Callable[[str], None],
    timeout: float = 60.0,
) -> KeyResult:
    """Wait for the peer, hold one session with it as Alice, and return her result. Strangers are sent away.

    Args:
        alice: The party.
        listening: The socket that waits for connections.
        identity: This host's certificate and the peer's.
        tell: Called with a line when this host begins to wait, and for each connection; from other threads too.
        timeout: Longest silence of the peer during the session, in seconds, at most a day.

    Raises:
        ParameterError: If a certificate's file cannot be used, or the time is out of range.
    """
    check_range("timeout", timeout, *_SILENCE)
    identity.context(listening=True)
    tell(f"waiting for the peer at {shown(*listening.getsockname()[:2])}")
    with _first_peer(listening, identity, tell) as secure:
        tell("the peer is connected")
        return _answered(alice, Connection(secure, timeout))


def _first_peer(listening: socket.socket, identity: Identity, tell: Callable[[str], None]) -> ssl.SSLSocket:
    """Return the connection to the first host that proves to be the peer.

    Each handshake has a thread of its own, so strangers who are silent do not keep the peer waiting.
    """
    proven: queue.SimpleQueue[ssl.SSLSocket] = queue.SimpleQueue()

    def shake(stream: socket.socket) -> None:
        try:
            proven.put(welcomed(stream, identity))
        except QnetError as error:
            tell(f"a connection was refused: {error}")

    listening.settimeout(_PAUSE)
    while proven.empty():
        with suppress(TimeoutError, ConnectionAbortedError):
            thread = threading.Thread(target=shake, args=[listening.accept()[0]], daemon=True)
            thread.start()
            # Most handshakes are over by then. There are as many threads as strangers who are silent.
            thread.join(_PAUSE)
    return proven.get()


def _answered(alice: Alice, connection: Connection) -> KeyResult:
    """Answer until the peer has closed the connection, or it is broken."""
    try:
        connection.serve(alice.answer)
    except Refusal as refusal:
        return alice.hang_up(refusal)
    except OSError as error:
        return alice.hang_up(Refusal("cut", f"the connection to the peer broke: {type(error).__name__}"))
    return alice.hang_up(Refusal("cut", "the peer closed the connection before the session had ended"))


def ask_peer(
    bob: Bob, address: tuple[str, int], identity: Identity, tell: Callable[[str], None], timeout: float = 60.0
) -> KeyResult:
    """Connect to the peer, hold one session with it as Bob, and return his result.

    Args:
        bob: The party.
        address: Host and port at which the peer waits; for as long as ``timeout`` nobody need be there yet.
        identity: This host's certificate and the peer's.
        tell: Called with a line for each step.
        timeout: Longest silence of the peer during the session, in seconds, at most a day.

    Raises:
        PeerError: If nobody is there, or one host does not trust the other.
        ParameterError: If a certificate's file cannot be used, the time is out of range, or the port is 0.
    """
    check_range("timeout", timeout, *_SILENCE)
    check_count("port", address[1], 1, 65535)
    identity.context(listening=False)
    with greeted(_reached(address, tell, timeout), identity, timeout) as secure:
        tell("the peer is connected")
        return bob.run(Connection(secure, timeout))


def _reached(address: tuple[str, int], tell: Callable[[str], None], patience: float) -> socket.socket:
    """Connect as soon as somebody listens."""
    where, end, told = shown(*address), time.monotonic() + patience, False
    while True:
        try:
            return socket.create_connection(address, timeout=patience)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise PeerError(f"nobody listens at {where}; start the other host first") from None
        except OSError as error:
            raise PeerError(f"{where} cannot be reached: {error.strerror or error}") from None
        if not told:
            tell(f"nobody listens at {where} yet; trying again")
            told = True
        time.sleep(_PAUSE)
