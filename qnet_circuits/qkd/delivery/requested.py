"""What a request asks for, read from its query or its body; whatever the standard does not know is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Query = Sequence[tuple[str, str]]


class BadRequest(Exception):
    """A request that the standard answers with 400.

    Args:
        message: What is wrong.
        *details: More, as names and values.

    Example:
        >>> BadRequest("size shall be a multiple of 8").content
        {'message': 'size shall be a multiple of 8'}
    """

    def __init__(self, message: str, *details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.content = {"message": message, **({"details": list(details)} if details else {})}


@dataclass(frozen=True)
class KeyRequest:
    """A request for new keys.

    Args:
        number: How many.
        size: Bits of each, or None for the endpoint's own size.
        additional: Further slaves who may fetch the keys.

    Example:
        >>> KeyRequest.read("GET", [("number", "3"), ("size", "1024")], b"")
        KeyRequest(number=3, size=1024, additional=())
        >>> KeyRequest.read("POST", [], b'{"additional_slave_SAE_IDs": ["app-3"]}')
        KeyRequest(number=1, size=None, additional=('app-3',))
    """

    number: int = 1
    size: int | None = None
    additional: tuple[str, ...] = ()

    @classmethod
    def read(cls, method: str, query: Query, body: bytes) -> KeyRequest:
        """Read a request.

        An extension that is mandatory is refused, since this endpoint has none; the standard lets it ignore optional ones.

        Raises:
            BadRequest: If the request is malformed or asks for what there is not.
        """
        given: dict[str, Any]
        if method == "GET":
            given = {name: _whole(name, value) for name, value in _query(query, "number", "size").items()}
        else:
            given = _body(query, body, "number", "size", "additional_slave_SAE_IDs", *_EXTENSIONS)
        for name in ("number", "size"):
            if name in given and (isinstance(given[name], bool) or not isinstance(given[name], int)):
                raise BadRequest(f"{name} shall be an integer")
        for name in _EXTENSIONS:
            _array(name, given.get(name, []), dict, "an array of objects")
        if mandatory := given.get("extension_mandatory"):
            names = sorted({name for each in mandatory for name in each})
            raise BadRequest(
                "not all extension_mandatory parameters are supported",
                {"extension_mandatory_unsupported": names},
            )
        additional = _array(
            "additional_slave_SAE_IDs", given.get("additional_slave_SAE_IDs", []), str, "an array of strings"
        )
        return cls(given.get("number", 1), given.get("size"), tuple(additional))


@dataclass(frozen=True)
class KeyIds:
    """A request for keys that a master took at the other host.

    Args:
        names: Their names.

    Example:
        >>> KeyIds.read("GET", [("key_ID", "bc490419-7d60-487f-adc1-4ddcc177c139")], b"")
        KeyIds(names=('bc490419-7d60-487f-adc1-4ddcc177c139',))
    """

    names: tuple[str, ...]

    @classmethod
    def read(cls, method: str, query: Query, body: bytes) -> KeyIds:
        """Read a request. The extensions of names are for future use in the standard, and are ignored.

        Raises:
            BadRequest: If the request is malformed.
        """
        if method == "GET":
            given = _query(query, "key_ID")
            if "key_ID" not in given:
                raise BadRequest("key_ID is missing")
            return cls((given["key_ID"],))
        asked = _array(
            "key_IDs",
            _body(query, body, "key_IDs", "key_IDs_extension").get("key_IDs"),
            dict,
            "an array of objects",
        )
        names = [_known("key_IDs", each, "key_ID", "key_ID_extension").get("key_ID") for each in asked]
        return cls(tuple(_array("key_ID of each of key_IDs", names, str, "a string")))


_EXTENSIONS = ("extension_mandatory", "extension_optional")


def _query(query: Query, *known: str) -> dict[str, str]:
    if len(dict(query)) < len(query):
        raise BadRequest("a parameter is given twice")
    return _known("the query", dict(query), *known)


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise BadRequest(f"{name} shall be an integer")
    return int(text)


def _body(query: Query, body: bytes, *known: str) -> dict[str, Any]:
    _query(query)
    try:
        given = json.loads(body.decode() or "{}")
    except (ValueError, RecursionError):
        raise BadRequest("the body shall be JSON in UTF-8") from None
    if not isinstance(given, dict):
        raise BadRequest("the body shall be a JSON object")
    return _known("the body", given, *known)


def _known(place: str, given: dict[str, Any], *known: str) -> dict[str, Any]:
    if set(given) - set(known):
        raise BadRequest(f"{place} shall have no other names than {', '.join(known) or 'none'}")
    return given


def _array(name: str, given: Any, kind: type, said: str) -> list[Any]:
    if not isinstance(given, list) or not all(isinstance(each, kind) for each in given):
        raise BadRequest(f"{name} shall be {said}")
    return given
