"""Everything that two parties on one machine need to try a session: pools, certificates and their keys."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from qnet_circuits.errors import RecordError, check_count
from qnet_circuits.qkd.hosts.certificates import Authority
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BYTES
from qnet_circuits.qkd.postprocessing.key_pool import OWNERS, KeyPool
from qnet_circuits.qkd.postprocessing.pool_state import STAMP_BYTES
from qnet_circuits.secrecy import write_secret

#: Names of a party's files in its directory.
POOL, CERTIFICATE, KEY, PEER = "pool", "cert.pem", "key.pem", "peer.pem"
#: The certificate of the authority, beside the directories.
AUTHORITY = "authority.pem"


def prepare(
    directory: str | os.PathLike[str], sessions: int = 8, days: int = 30, applications: Sequence[str] = ()
) -> None:
    """Make a new directory with a directory for each party, as if the parties had met there.

    Each party's directory holds its copy of a pool of secret bytes, its certificate and the private key, and the peer's
    certificate; it is moved to the party's own host, and no copy of it is kept. Each application gets a certificate too.

    Args:
        directory: The directory; only its owner may read it.
        sessions: How many sessions the pool lasts if none of them makes a key, at least 1.
        days: For how many days the certificates are valid.
        applications: Names of applications that will fetch keys.

    Raises:
        ParameterError: If a value is out of range.
        RecordError: If the directory exists or cannot be written.
    """
    secret = os.urandom(STAMP_BYTES + SESSION_BYTES * check_count("sessions", sessions, 1, 10_000))
    authority = Authority(days)
    issued = {name: authority.issue(name) for name in (*OWNERS, *applications)}
    base = Path(directory)
    try:
        base.mkdir(mode=0o700)
        write_secret(base / AUTHORITY, authority.certificate)
        for owner, peer in zip(OWNERS, OWNERS[::-1], strict=True):
            (base / owner).mkdir(mode=0o700)
            for name, content in (
                (CERTIFICATE, issued[owner][0]),
                (KEY, issued[owner][1]),
                (PEER, issued[peer][0]),
            ):
                write_secret(base / owner / name, content)
            KeyPool.create(base / owner / POOL, secret, owner).close()
        for name in applications:
            write_secret(base / f"{name}.pem", issued[name][0])
            write_secret(base / f"{name}.key", issued[name][1])
    except FileExistsError as error:
        raise RecordError(
            f"{error.filename} exists, and nothing is overwritten; choose another directory"
        ) from None
    except OSError as error:
        raise RecordError(
            f"cannot write {error.filename}: {error.strerror}; choose another directory"
        ) from None
