"""TLS 1.3 between two hosts that know each other's certificates.

TLS hides the conversation from bystanders and keeps strangers away. The security of a key does not rest on it: inside of TLS
the parties prove with one-time keys that they saw the same conversation.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qnet_circuits.errors import ParameterError, PeerError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

#: What the listening host says first, once it trusts the other one. In TLS 1.3 the connecting host cannot know it earlier.
GREETING = b"qnet-circuits keys 1\n"
_PEERS = "the peer's certificate"
#: Seconds for a handshake.
HANDSHAKE_SECONDS = 5.0


@dataclass(frozen=True)
class Identity:
    """A host's own certificate, and the one peer that it trusts. All files are in PEM.

    Args:
        certificate: File with this host's certificate.
        key: File with its private key, not encrypted.
        peer: File with the peer's certificate; or, with ``peer_name``, with that of the authority that signed it.
        peer_name: The peer's DNS name in a certificate of the authority. Default: only the certificate in the file is trusted.

    Raises:
        ParameterError: If a field is no text, or a file is not named.

    Example:
        >>> Identity("cert.pem", "key.pem", "peer.pem")
        Identity(certificate='cert.pem', key='key.pem', peer='peer.pem', peer_name='')
    """

    certificate: str
    key: str
    peer: str
    peer_name: str = ""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, str) or not (value or name == "peer_name"):
                raise ParameterError(f"{name} of an identity must be a text, got {value!r}")

    def context(self, listening: bool) -> ssl.SSLContext:
        """Return the settings of TLS: version 1.3, and both sides show a certificate.

        Args:
            listening: Whether this is the side that waits for connections.

        Raises:
            ParameterError: If a file cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listening else ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # The name is checked below, in the same way on both sides.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        # The certificate in the file need not be that of an authority.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if listening:
            context.num_tickets = 0
        load(context, self.certificate, self.key, self.peer, _PEERS)
        self._pinned()
        return context

    def _pinned(self) -> list[Certificate]:
        """Return the certificates in the peer's file."""
        from cryptography.x509 import load_pem_x509_certificates

        try:
            with open(self.peer, "rb") as file:
                return load_pem_x509_certificates(file.read())
        except (OSError, ValueError) as error:
            raise _unusable(self.peer, _PEERS, error) from None

    def trusts(self, stream: ssl.SSLSocket) -> bool:
        """Tell whether a valid certificate is the peer's: it is the one in the file, or has the peer's name."""
        from cryptography.x509 import load_der_x509_certificate

        shown = stream.getpeercert(binary_form=True)
        if shown is None or load_der_x509_certificate(shown) in self._pinned():
            return shown is not None
        names = (stream.getpeercert() or {}).get("subjectAltName", ())
        return bool(self.peer_name) and ("DNS", self.peer_name) in names


def load(context: ssl.SSLContext, certificate: str, key: str, trusted: str, whose: str) -> None:
    """Give settings of TLS a host's own certificate, and one that the host trusts.

    Args:
        context: The settings.
        certificate: File with this host's certificate.
        key: File with its private key, not encrypted.
        trusted: File with the certificate that is trusted.
        whose: The latter in words, for the message.

    Raises:
        ParameterError: If a file cannot be used.
    """
    try:
        # Nobody is asked for a password.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        raise _unusable(
            f"{certificate} and {key}", "a certificate and its key without a password", error
        ) from None
    try:
        context.load_verify_locations(trusted)
    except OSError as error:
        raise _unusable(trusted, whose, error) from None


def welcomed(stream: socket.socket, identity: Identity) -> ssl.SSLSocket:
    """Return the encrypted connection to a host that connected, once it has proven to be the peer; otherwise close it.

    Raises:
        PeerError: If it is not the peer, or does not trust this host.
    """
    stream.settimeout(HANDSHAKE_SECONDS)
    secure = _shaken(stream, identity, listening=True)
    try:
        secure.sendall(GREETING)
    except OSError as error:
        raise _refused(secure, error) from None
    return secure


def greeted(stream: socket.socket, identity: Identity, patience: float) -> ssl.SSLSocket:
    """Return the encrypted connection to a host that listens, once both hosts have proven who they are; otherwise close it.

    Args:
        stream: The connection.
        identity: This host's certificate and the peer's.
        patience: Longest silence in seconds. It is longer than a handshake: the other host may be busy with a stranger.

    Raises:
        PeerError: If it is not the peer, does not trust this host, or speaks another language.
    """
    stream.settimeout(patience)
    secure = _shaken(stream, identity, listening=False)
    heard = b""
    try:
        while len(heard) < len(GREETING) and (piece := secure.recv(len(GREETING) - len(heard))):
            heard += piece
    except OSError as error:
        raise _refused(secure, error) from None
    if heard != GREETING:
        secure.close()
        raise PeerError(
            "the peer closed the connection or has another version; it may not trust this host's certificate"
        )
    return secure


def _shaken(stream: socket.socket, identity: Identity, listening: bool) -> ssl.SSLSocket:
    """Return the connection after the handshake, with the peer."""
    context = identity.context(listening)
    try:
        stream.getpeername()  # It fails if the other host has reset the connection meanwhile.
        secure = context.wrap_socket(stream, server_side=listening, do_handshake_on_connect=False)
    except OSError as error:
        stream.close()
        raise PeerError(f"no secure connection: {error.strerror or error}") from None
    try:
        secure.do_handshake()
    except OSError as error:
        raise _refused(secure, error) from None
    if not identity.trusts(secure):
        said = "is not the one in the file" + (
            f", nor named {identity.peer_name!r}" if identity.peer_name else ""
        )
        raise _refused(secure, ConnectionError(f"the peer's certificate is valid, but {said}"))
    return secure


def _refused(stream: ssl.SSLSocket, error: OSError) -> PeerError:
    """Close a connection so that the peer can still read why, and return the reason in words."""
    with suppress(OSError):
        stream.shutdown(socket.SHUT_WR)
        stream.settimeout(0.5)
        # A few pieces: a stranger must not keep this host by sending on.
        any(not stream.recv(2**12) for _ in range(8))
    stream.close()
    if isinstance(error, ssl.SSLCertVerificationError):
        return PeerError(f"the peer's certificate is not trusted: {error.verify_message}")
    reason = (getattr(error, "reason", None) or "").lower().replace("_", " ")
    _, alert, said = reason.partition("alert ")
    if alert and ("certificate" in said or "ca" in said.split()):
        return PeerError(f"the peer refused this host's certificate: {said}")
    if isinstance(error, TimeoutError):
        return PeerError("the peer said nothing for too long")
    return PeerError(f"no secure connection: {reason or error.strerror or error}")


def _unusable(files: str, expected: str, error: OSError | ValueError) -> ParameterError:
    """Return the error of files that cannot be used. Nothing of their content is shown."""
    known = None if isinstance(error, ssl.SSLError | ValueError) else error.strerror
    return ParameterError(
        f"{files} cannot be used: {known or 'not valid PEM, or key and certificate do not match'}; give {expected}"
    )
