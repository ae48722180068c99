"""Certificates of a private authority, to try things out. A laboratory that has an authority of its own uses that one."""

from __future__ import annotations

import datetime
import ipaddress
from typing import TYPE_CHECKING

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.secrecy import Unpicklable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, KeyUsage, Name

#: Length of the longest name in a certificate (RFC 5280).
_LONGEST = 64


class Authority(Unpicklable):
    """A private certificate authority. Its key stays in this object and is never written.

    Args:
        days: For how many days its certificates are valid, from now; negative for certificates that have expired.

    Raises:
        ParameterError: If the number of days is 0 or not a whole number.

    Example:
        >>> authority = Authority(days=1)
        >>> certificate, key = authority.issue("alice")
        >>> certificate.decode().splitlines()[0], authority
        ('-----BEGIN CERTIFICATE-----', <Authority for 1 days>)
    """

    def __init__(self, days: int = 30) -> None:
        if not check_count("days", days, -3650, 3650):
            raise ParameterError("days must not be 0: such a certificate would never be valid")
        self._days = days
        self._key = _new_key()
        self._certificate = self._signed(_named("qnet-circuits trial authority"), self._key, authority=True)

    def __repr__(self) -> str:
        return f"<Authority for {self._days} days>"

    @property
    def certificate(self) -> bytes:
        """The authority's own certificate, in PEM."""
        return _pem(self._certificate)

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """Return a new certificate for a name and its private key, both in PEM. The key is a secret of its owner.

        The certificate also holds for ``localhost`` and 127.0.0.1, since it is for trying things out on one machine.

        Raises:
            ParameterError: If the name is empty, longer than 64 characters, or not printable ASCII.
        """
        if not (name.isascii() and name.isprintable() and 0 < len(name) <= _LONGEST):
            raise ParameterError(
                f"a certificate has a name of 1 to {_LONGEST} ASCII characters, got {name!r}"
            )
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key = _new_key()
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return _pem(self._signed(_named(name), key, name)), secret

    def _signed(
        self, subject: Name, key: EllipticCurvePrivateKey, name: str = "", authority: bool = False
    ) -> Certificate:
        """Return a certificate that the authority has signed."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        now = datetime.datetime.now(datetime.UTC)
        ends = sorted([now, now + datetime.timedelta(days=self._days)])
        # An hour before: the clocks of two hosts differ.
        begin = ends[0] - datetime.timedelta(hours=1)
        issuer = subject if authority else self._certificate.subject
        made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(begin).not_valid_after(ends[1])
        own, issuers = (x509.SubjectKeyIdentifier.from_public_key(k.public_key()) for k in (key, self._key))
        known = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuers)
        made = made.add_extension(own, critical=False).add_extension(known, critical=False)
        limits = x509.BasicConstraints(ca=authority, path_length=0 if authority else None)
        made = made.add_extension(limits, critical=True).add_extension(_usage(authority), critical=True)
        if name:
            here = x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            names = x509.SubjectAlternativeName([x509.DNSName(name), *here])
            made = made.add_extension(names, critical=False)
        return made.sign(self._key, hashes.SHA256())


def _usage(authority: bool) -> KeyUsage:
    """Return the uses of a certificate's key: to sign certificates, or to sign in handshakes."""
    from cryptography import x509

    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign",
              "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, **dict.fromkeys(others, False)
    )


def _named(name: str) -> Name:
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _new_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _pem(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)
