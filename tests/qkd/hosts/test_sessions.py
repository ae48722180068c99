"""Two parties over TLS on this machine: who is let in, what strangers are told, and how a session ends."""

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from qnet_circuits.errors import ParameterError, PeerError
from qnet_circuits.qkd.hosts.addresses import address_of
from qnet_circuits.qkd.hosts.certificates import Authority
from qnet_circuits.qkd.hosts.sessions import answer_peer, ask_peer, listen
from qnet_circuits.qkd.hosts.tls import GREETING, Identity
from qnet_circuits.qkd.postprocessing.wire import Connection
from tests.qkd.delivery import certificates
from tests.qkd.postprocessing.test_wire import parties


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def files(authority):
    """Certificates and keys by name; each is a pair of files."""
    names = {name: authority.issue(name) for name in ("alice", "bob", "other")}
    return {**names, "late": authority.issue("bob", file="late", days=-1)}


@pytest.fixture
def here(files):
    """Alice's identity, which trusts Bob's certificate alone."""
    return Identity(*files["alice"], files["bob"][0])


class Waiting:
    """Alice, who waits in a thread of her own until a session has ended, or until the end of the ``with``."""

    def __init__(self, alice, identity, timeout=60.0):
        self.socket, self.lines, self.result = listen(("127.0.0.1", 0)), [], None
        self.address = self.socket.getsockname()
        self.given = alice, self.socket, identity, self.lines.append, timeout
        self.thread = threading.Thread(target=self.run)

    def run(self):
        # At the end of a test nobody waits any more.
        with contextlib.suppress(OSError):
            self.result = answer_peer(*self.given)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(30)
        self.socket.close()


def times_said(said, lines, least=1):
    """Return how many lines say something, and wait for them: each handshake has a thread, which may end late."""
    end = time.monotonic() + 30
    while (found := sum(said in line for line in list(lines))) < least and time.monotonic() < end:
        time.sleep(0.01)
    return found


def heard_without_a_certificate(address, authority):
    """Return what the waiting host says in TLS to a host that shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority)
    with (
        socket.create_connection(address, timeout=10) as bare,
        context.wrap_socket(bare, server_hostname="localhost") as secure,
        contextlib.suppress(ConnectionError, ssl.SSLError),
    ):
        return secure.recv(2**12)
    return b""


def quiet(_):
    pass


def test_strangers_are_sent_away_and_the_peer_is_still_welcome(files, here, authority, tmp_path, rng):
    alice, bob = parties(rng)
    stranger = certificates.Authority(tmp_path / "stranger").issue("bob")
    trusted = files["alice"][0]
    wrong = {
        "unknown ca": Identity(*stranger, trusted),
        "certificate unknown|unknown ca": Identity(*files["other"], trusted),
        "expired|unknown ca": Identity(*files["late"], trusted),
        "not trusted": Identity(*files["bob"], files["other"][0]),
    }
    with Waiting(alice, here) as waiting:
        for said, identity in wrong.items():
            with pytest.raises(PeerError, match=said) as raised:
                ask_peer(parties(rng, 10)[1], waiting.address, identity, quiet)
            assert "\n" not in str(raised.value)
        assert GREETING not in heard_without_a_certificate(waiting.address, authority.file)
        with socket.create_connection(waiting.address) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert GREETING not in plain.recv(2**12)
        result = ask_peer(bob, waiting.address, Identity(*files["bob"], trusted), quiet)
    assert result.key == waiting.result.key is not None
    assert result.fingerprint == waiting.result.fingerprint
    assert waiting.lines.count("the peer is connected") == 1
    assert times_said("refused", waiting.lines, 6) == 6


@pytest.mark.parametrize(
    ("peer", "name", "said"),
    [
        ("late", "", "expired"),
        ("authority", "bob", "expired"),
    ],
)
def test_an_expired_certificate_is_told_to_both(peer, name, said, files, authority, rng):
    """Also if it is the very certificate in the file."""
    trusted = authority.file if peer == "authority" else files[peer][0]
    alice, bob = parties(rng, 10)
    with (
        Waiting(alice, Identity(*files["alice"], trusted, name)) as waiting,
        pytest.raises(PeerError, match=said),
    ):
        ask_peer(bob, waiting.address, Identity(*files["late"], files["alice"][0]), quiet)
    assert times_said(said, waiting.lines) == 1 and waiting.result is None


@pytest.fixture
def issued(tmp_path):
    """What a private authority issued, by name; ``authority`` is its own certificate."""
    made = Authority(days=1)
    (tmp_path / "authority.pem").write_bytes(made.certificate)
    for name in ("alice", "bob", "application"):
        for kind, content in zip(("pem", "key"), made.issue(name), strict=True):
            (tmp_path / f"{name}.{kind}").write_bytes(content)

    def identity(name, peer_name):
        return Identity(
            *(str(tmp_path / each) for each in (f"{name}.pem", f"{name}.key", "authority.pem")), peer_name
        )

    return identity


@pytest.mark.parametrize(("name", "peer_name"), [("application", "bob"), ("bob", ""), ("bob", "bo")])
def test_an_authority_vouches_for_the_named_peer_alone(name, peer_name, issued, rng):
    alice, bob = parties(rng, 10)
    with (
        Waiting(alice, issued("alice", peer_name)) as waiting,
        pytest.raises(PeerError, match="may not trust"),
    ):
        ask_peer(bob, waiting.address, issued(name, "alice"), quiet)
    assert times_said("is valid, but is not the one", waiting.lines) == 1


def test_an_authority_may_vouch_for_both(issued, rng):
    alice, bob = parties(rng, 10)
    with Waiting(alice, issued("alice", "bob")) as waiting:
        result = ask_peer(bob, waiting.address, issued("bob", "alice"), quiet)
    assert result.alarm == waiting.result.alarm == "short"


def test_records_of_different_length_end_both_sides(files, here, rng):
    alice, bob = parties(rng, 20, 30)
    with Waiting(alice, here) as waiting:
        result = ask_peer(bob, waiting.address, Identity(*files["bob"], files["alice"][0]), quiet)
    assert result.alarm == waiting.result.alarm == "lengths"


def test_a_stranger_who_resets_the_connection_is_sent_away(files, here, rng):
    alice, bob = parties(rng, 10)
    listening, lines = listen(("127.0.0.1", 0)), []
    stranger = socket.create_connection(listening.getsockname())
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stranger.close()
    here_too = Identity(*files["bob"], files["alice"][0])
    asking = threading.Thread(target=ask_peer, args=[bob, listening.getsockname(), here_too, quiet])
    asking.start()
    with listening:
        assert answer_peer(alice, listening, here, lines.append).alarm == "short"
    asking.join()
    assert times_said("no secure connection", lines) == 1


class Dying(Connection):
    """A connection of Bob's that is gone after some questions."""

    left = 4

    def request(self, message):
        self.left -= 1
        if not self.left:
            self.close()
        return super().request(message)


def test_a_peer_that_is_gone_leaves_no_key(files, here, monkeypatch, rng):
    monkeypatch.setattr("qnet_circuits.qkd.hosts.sessions.Connection", Dying)
    alice, bob = parties(rng)
    with Waiting(alice, here) as waiting:
        result = ask_peer(bob, waiting.address, Identity(*files["bob"], files["alice"][0]), quiet)
    assert result.key is None and waiting.result.key is None
    assert (result.alarm, waiting.result.alarm) == ("cut", "cut")


def test_silent_connections_do_not_keep_the_peer_waiting(files, here, monkeypatch, rng):
    monkeypatch.setattr("qnet_circuits.qkd.hosts.tls.HANDSHAKE_SECONDS", 60.0)
    alice, bob = parties(rng, 10)
    with Waiting(alice, here) as waiting, contextlib.ExitStack() as silent:
        for _ in range(3):
            silent.enter_context(socket.create_connection(waiting.address))
        peer = Identity(*files["bob"], files["alice"][0])
        result = ask_peer(bob, waiting.address, peer, quiet, timeout=20.0)
    assert result.alarm == waiting.result.alarm == "short"


def test_a_silent_connection_is_closed(here, monkeypatch, rng):
    monkeypatch.setattr("qnet_circuits.qkd.hosts.tls.HANDSHAKE_SECONDS", 0.1)
    with (
        Waiting(parties(rng, 10)[0], here) as waiting,
        socket.create_connection(waiting.address, 30) as silent,
    ):
        assert silent.recv(1) == b""
    assert waiting.result is None


def test_a_file_that_cannot_be_used_is_named(files, authority, tmp_path):
    certificate, key = files["bob"]
    sealed, garbage, marked = (tmp_path / name for name in ("sealed.key", "garbage.pem", "marked.pem"))
    private = load_pem_private_key(Path(key).read_bytes(), None)
    sealed.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    )
    garbage.write_text("SECRET")
    marked.write_text(Path(authority.file).read_text().replace(" CERTIFICATE", " TRUSTED CERTIFICATE"))
    usable = [certificate, key, authority.file]
    for place, wrong in (
        (0, garbage),
        (0, "nowhere.pem"),
        (1, files["alice"][1]),
        (1, sealed),
        (1, garbage),
        (2, garbage),
        (2, marked),
    ):
        given = [*usable[:place], str(wrong), *usable[place + 1 :]]
        with pytest.raises(ParameterError, match=re.escape(str(wrong))) as raised:
            ask_peer(None, ("127.0.0.1", 1), Identity(*given), quiet, 0.01)
        assert "\n" not in str(raised.value) and "SECRET" not in str(raised.value)


def test_addresses_that_cannot_be_used_are_named(here, rng):
    for text in ("nowhere", "127.0.0.1", "127.0.0.1:x", ":1", "127.0.0.1:65536", f"{70 * 'a'}:1", "a..b:1"):
        with pytest.raises(ParameterError):
            address_of(text)
    with listen(("127.0.0.1", 0)) as taken, pytest.raises(ParameterError, match="cannot listen at 127"):
        listen(taken.getsockname())
    with listen(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    with pytest.raises(PeerError, match="nobody listens"):
        ask_peer(parties(rng, 10)[1], address, here, quiet, timeout=0.01)
    with pytest.raises(ParameterError, match="port"):
        ask_peer(parties(rng, 10)[1], ("127.0.0.1", 0), here, quiet)
    with pytest.raises(PeerError, match="cannot be reached"):
        ask_peer(parties(rng, 10)[1], ("nowhere.invalid", 1), here, quiet)


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("inf"), float("nan"), 1e12])
def test_a_time_that_cannot_be_waited_for_is_refused(timeout, here, rng):
    alice, bob = parties(rng, 10)
    with pytest.raises(ParameterError, match="timeout"):
        ask_peer(bob, ("127.0.0.1", 1), here, quiet, timeout)
    with listen(("127.0.0.1", 0)) as free, pytest.raises(ParameterError, match="timeout"):
        answer_peer(alice, free, here, quiet, timeout)
