"""Certificates of a small authority, for tests."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.UTC)


class Authority:
    """Signs certificates and writes them, with their private keys, into a directory."""

    def __init__(self, directory, name="authority"):
        directory.mkdir(exist_ok=True)
        self.directory, self.key, self.subject = (
            directory,
            ec.generate_private_key(ec.SECP256R1()),
            _name(name),
        )
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.certificate = self._signed(name, self.key, x509.BasicConstraints(True, 0), usage, 1)
        self.file = self._write(name, self.certificate)

    def issue(self, *names, file=None, days=1):
        """Return the files of a certificate for a name, and of its key; with ``days`` below 0 it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        made = self._signed(names, key, x509.BasicConstraints(False, None), usage, days)
        file = file or names[0]
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.directory / f"{file}.key"
        path.write_bytes(secret)
        return self._write(file, made), str(path)

    def _signed(self, names, key, constraints, usage, days):
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        local = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        builder = (
            x509.CertificateBuilder(self.subject, _name(names), key.public_key(), x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=3))
            .not_valid_after(NOW + datetime.timedelta(days=days))
            .add_extension(constraints, critical=True)
            .add_extension(usage, critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(signer, critical=False)
        )
        if not constraints.ca:
            builder = builder.add_extension(local, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name, certificate):
        path = self.directory / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)


def _name(names):
    names = (names,) if isinstance(names, str) else names
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
