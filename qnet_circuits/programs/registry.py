"""The registry of protocols: the package's own, other packages' entry points, and those that a user registers."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import TypeVar

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.programs.protocol import Protocol

_P = TypeVar("_P", bound=type[Protocol])
#: Protocol classes that were registered, by name.
registered: dict[str, type[Protocol]] = {}
#: What a run is called whose circuits no protocol makes.
GIVEN = "program"
#: The package's own protocols: each module is named after the protocol in it, and imported only when asked for.
OWN_PACKAGE = "qnet_circuits.protocols"
ENTRY_POINT_GROUP = "qnet_circuits.protocols"


def register(protocol: _P) -> _P:
    """Add a protocol class to the registry under its ``name``; for use as a decorator.

    Raises:
        ParameterError: If the class is not a frozen dataclass, has no name, or its name is taken.
    """
    parameters = getattr(protocol, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        raise ParameterError(
            f"{protocol.__name__} must be a frozen dataclass: put @dataclass(frozen=True) below"
        )
    if not protocol.name:
        raise ParameterError(f"{protocol.__name__} needs a name: set the class attribute `name`")
    if protocol.name == GIVEN:
        raise ParameterError(
            f"the protocol name {GIVEN!r} is that of circuits which no protocol makes; choose another"
        )
    other = registered.get(protocol.name)
    if other is not None and (other.__module__, other.__qualname__) != (
        protocol.__module__,
        protocol.__qualname__,
    ):
        raise ParameterError(
            f"the protocol name {protocol.name!r} is taken by {other.__qualname__}; choose another"
        )
    registered[protocol.name] = protocol
    return protocol


def _own_names() -> set[str]:
    return {module.name.replace("_", "-") for module in iter_modules(import_module(OWN_PACKAGE).__path__)}


def protocol_names() -> tuple[str, ...]:
    """Return the names of all protocols: the package's own, other packages' entry points, and those registered."""
    found = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}
    return tuple(sorted({*_own_names(), *registered, *found}))


def protocol_class(name: str) -> type[Protocol]:
    """Return the protocol class of a name, or raise UnknownNameError.

    Example:
        >>> protocol_class("repeater-chain").__name__
        'RepeaterChain'
    """
    if name not in registered and name in _own_names():
        import_module(f"{OWN_PACKAGE}.{name.replace('-', '_')}")
    if name not in registered:
        for point in entry_points(group=ENTRY_POINT_GROUP):
            if point.name == name:
                register(point.load())
    if name not in registered:
        raise UnknownNameError("protocol", name, protocol_names())
    return registered[name]


def summary(protocol: type[Protocol]) -> str:
    """Return the first line of a protocol's documentation."""
    return (inspect.getdoc(protocol) or "").split("\n", 1)[0]
