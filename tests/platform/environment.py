"""The environment in which IBM's client, unmodified and without arguments, talks to the stand-in alone."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from tests.platform.routes import API, CRN

#: The key of the account; long and odd enough to be found wherever it leaks.
KEY = "stand-in-key-7c1e94d0b25f4a68"


def environment(url: str, key: str = KEY) -> dict[str, str]:
    """Return the variables: an account, and every host that the client would otherwise ask."""
    return {
        "QISKIT_IBM_CHANNEL": "ibm_quantum_platform",
        "QISKIT_IBM_TOKEN": key,
        "QISKIT_IBM_INSTANCE": CRN,
        "QISKIT_IBM_URL": f"{url}/experimental{API}",
        "IAM_URL": url,
        "GLOBAL_SEARCH_URL": url,
        "GLOBAL_CATALOG_URL": f"{url}/catalog",
        # Spares a walk over the whole stack on every request.
        "USAGE_DATA_OPT_OUT": "True",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def without_certificates() -> Any:
    """Return a patch that reads none: the stand-in is not encrypted, and IBM's client reads all of them twice a connection."""
    return mock.patch.object(ssl.SSLContext, "load_verify_locations")


@contextlib.contextmanager
def in_force(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
