"""Answers to the requests of applications after ETSI GS QKD 014 V1.1.1 (2019-02), as functions of the request and the store.

The standard names an application SAE, and the manager of keys at a host KME. The application that asks is the one that its
certificate names. There is no server here: ``answer`` takes a request and returns a response.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from qnet_circuits.errors import (
    NoKeyError,
    NotNamedError,
    ParameterError,
    RecordError,
    UnknownKeyError,
    check_count,
)
from qnet_circuits.qkd.delivery.key_ids import LONGEST, MOST_SAES, Audience
from qnet_circuits.qkd.delivery.requested import BadRequest, KeyIds, KeyRequest
from qnet_circuits.qkd.delivery.store import KeyStore, StoredKey

_PREFIX = "/api/v1/keys/"


@dataclass(frozen=True)
class Limits:
    """What an endpoint gives at most, in the words of the standard. Sizes are in bits.

    Args:
        key_size: Size of a key if the request names none.
        min_key_size: Smallest size.
        max_key_size: Largest size, up to 32,768.
        max_key_per_request: Keys in one request.
        max_sae_ids: Further slaves who may share a key.
        quota: Bits that one master may take in an hour.

    Raises:
        ParameterError: If a value is out of range, or a size is no multiple of 8.

    Example:
        >>> Limits(quota=1024).max_key_count
        4
    """

    key_size: int = 256
    min_key_size: int = 64
    max_key_size: int = 8 * LONGEST
    max_key_per_request: int = 128
    max_sae_ids: int = MOST_SAES - 1
    quota: int = 2**20

    def __post_init__(self) -> None:
        check_count("max_key_size", self.max_key_size, 8, 8 * LONGEST)
        check_count("min_key_size", self.min_key_size, 8, self.max_key_size)
        check_count("key_size", self.key_size, self.min_key_size, self.max_key_size)
        check_count("max_key_per_request", self.max_key_per_request, 1, 1024)
        check_count("max_sae_ids", self.max_sae_ids, 0, MOST_SAES - 1)
        check_count("quota", self.quota, 8)
        for name in ("key_size", "min_key_size", "max_key_size", "quota"):
            if getattr(self, name) % 8:
                raise ParameterError(f"{name} must be a multiple of 8, got {getattr(self, name)}")

    @property
    def max_key_count(self) -> int:
        """Keys of the default size that one master may take in an hour."""
        return self.quota // self.key_size


@dataclass(frozen=True)
class Endpoint:
    """One host's end of the delivery.

    Args:
        store: Its keys.
        saes: Applications of this host.
        peer_saes: Applications of the other host; each endpoint must know the same applications, at most 16 on each side.
        limits: What it gives at most.

    Raises:
        ParameterError: If a side has no application, or too many, or both have the same.
    """

    store: KeyStore
    saes: tuple[str, ...]
    peer_saes: tuple[str, ...]
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        for name in ("saes", "peer_saes"):
            given = getattr(self, name)
            check_count(f"number of {name}", len(set(given)), 1, MOST_SAES)
            if not all(isinstance(each, str) and each for each in given):
                raise ParameterError(f"{name} are names of applications, got {given!r}")
        if both := set(self.saes) & set(self.peer_saes):
            raise ParameterError(f"an application is at one of the two hosts, got {min(both)!r} at both")


@dataclass(frozen=True)
class Request:
    """A request as it came.

    Args:
        method: GET or POST.
        path: The path, with its percent signs.
        query: Names and values behind the question mark.
        body: The body.
        sae: The application that the certificate of the client names, or None.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    sae: str | None = None


@dataclass(frozen=True)
class Response:
    """The answer. Its repr shows no content, since this may be a key.

    Args:
        status: The status of HTTP.
        content: What the JSON of the body says; no body if it is None.
    """

    status: int
    content: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def body(self) -> bytes:
        """The body."""
        return b"" if self.content is None else json.dumps(self.content, separators=(",", ":")).encode()


def answer(endpoint: Endpoint, request: Request) -> Response:
    """Return the answer to a request.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as base:
        ...     endpoint = Endpoint(KeyStore(base, "A", "B"), ("app-1",), ("app-2",))
        ...     empty = answer(endpoint, Request("GET", "/api/v1/keys/app-2/enc_keys", sae="app-1"))
        ...     stranger = answer(endpoint, Request("GET", "/api/v1/keys/app-2/enc_keys", sae="app-9"))
        >>> empty.status, empty.content, stranger.status, stranger.body
        (503, {'message': 'there is not enough key in stock'}, 401, b'')
    """
    try:
        return _answered(endpoint, request)
    except BadRequest as error:
        return Response(400, error.content)
    except UnknownKeyError:
        return Response(400, {"message": "one or more keys specified are not found on KME"})
    except NotNamedError:
        return Response(401)
    except NoKeyError as error:
        why = endpoint.store.refusal
        more = {} if why is None else {"details": [{"last_session": why}]}
        return Response(503, {"message": str(error), **more})
    except RecordError:
        return Response(503, {"message": "the key store cannot be used"})


def _answered(endpoint: Endpoint, request: Request) -> Response:
    name, _, verb = request.path.removeprefix(_PREFIX).partition("/")
    if not request.path.startswith(_PREFIX) or verb not in _VERBS:
        return Response(404, {"message": "there is no such method"})
    if request.sae is None or request.sae not in endpoint.saes:
        return Response(401)
    methods, made = _VERBS[verb]
    if request.method not in methods:
        return Response(405, {"message": f"{verb} takes {' or '.join(methods)}"})
    other = unquote(name)
    if other not in endpoint.peer_saes:
        raise BadRequest("the SAE in the path is not known")
    return Response(200, made(endpoint, request, request.sae, other))


def _status(endpoint: Endpoint, request: Request, master: str, slave: str) -> dict[str, Any]:
    if request.query:
        raise BadRequest("status takes no parameters")
    limits, store = endpoint.limits, endpoint.store
    return {
        "source_KME_ID": store.owner,
        "target_KME_ID": store.peer,
        "master_SAE_ID": master,
        "slave_SAE_ID": slave,
        "key_size": limits.key_size,
        "stored_key_count": store.left(limits.key_size // 8, master, limits.quota // 8),
        "max_key_count": limits.max_key_count,
        "max_key_per_request": limits.max_key_per_request,
        "max_key_size": limits.max_key_size,
        "min_key_size": limits.min_key_size,
        "max_SAE_ID_count": limits.max_sae_ids,
    }


def _enc_keys(endpoint: Endpoint, request: Request, master: str, slave: str) -> dict[str, Any]:
    limits = endpoint.limits
    asked = KeyRequest.read(request.method, request.query, request.body)
    if not 1 <= asked.number <= limits.max_key_per_request:
        raise BadRequest(f"number shall be 1 to {limits.max_key_per_request}")
    size = limits.key_size if asked.size is None else asked.size
    if size % 8:
        raise BadRequest("size shall be a multiple of 8")
    if not limits.min_key_size <= size <= limits.max_key_size:
        raise BadRequest(f"size shall be {limits.min_key_size} to {limits.max_key_size}")
    if len(asked.additional) > limits.max_sae_ids:
        raise BadRequest(f"additional_slave_SAE_IDs shall be at most {limits.max_sae_ids}")
    if not set(asked.additional) <= set(endpoint.peer_saes):
        raise BadRequest("one or more additional_slave_SAE_IDs are not known")
    audience = Audience(master, (slave, *asked.additional), endpoint.peer_saes)
    return _container(endpoint.store.take(audience, asked.number, size // 8, limits.quota // 8))


def _dec_keys(endpoint: Endpoint, request: Request, slave: str, master: str) -> dict[str, Any]:
    names = KeyIds.read(request.method, request.query, request.body).names
    if not 1 <= len(names) <= endpoint.limits.max_key_per_request:
        raise BadRequest(f"key_IDs shall be 1 to {endpoint.limits.max_key_per_request}")
    try:
        return _container(endpoint.store.fetch(master, slave, endpoint.saes, names))
    except ParameterError as error:
        raise BadRequest(str(error)) from None


def _container(keys: Sequence[StoredKey]) -> dict[str, Any]:
    return {"keys": [{"key_ID": each.key_id, "key": base64.b64encode(each.key).decode()} for each in keys]}


_VERBS: dict[str, tuple[tuple[str, ...], Callable[[Endpoint, Request, str, str], dict[str, Any]]]] = {
    "status": (("GET",), _status),
    "enc_keys": (("GET", "POST"), _enc_keys),
    "dec_keys": (("GET", "POST"), _dec_keys),
}
