"""One point of a sweep: a protocol, a backend and options, in plain values that other and later processes can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.programs.protocol import Protocol, called
from qnet_circuits.runs.asked import asked_of, check_options, on_device, program_of
from qnet_circuits.runs.layouts import plain_layout
from qnet_circuits.runs.options import OPTIONS, RunOptions
from qnet_circuits.runs.specification import digest, specification_id
from qnet_circuits.runs.sweeps.varied import changed

SCHEMA = 1
#: What begins every row: its schema, its id, and what was asked for.
HEAD = ("schema", "id", "point")
_DEFAULTS = RunOptions()


@dataclass(frozen=True)
class Point:
    """A point of a sweep.

    Args:
        code: The protocol's class: its module, a colon, its name.
        protocol: The name of the protocol.
        parameters: The protocol's parameters.
        backend: The name of the backend.
        options: The options that differ from their defaults, in plain values; without the seed.
        seed: The seed of the sweep.
        level: The confidence level of intervals.
        id: The id of the point in the file of rows: the SHA-256 of everything that its row depends on.
    """

    code: str
    protocol: str
    parameters: Mapping[str, Any]
    backend: str
    options: Mapping[str, Any]
    seed: int
    level: float
    id: str = ""

    @property
    def asked(self) -> dict[str, Any]:
        """The point in plain values, as a row keeps it."""
        return {
            "protocol": self.protocol, "parameters": self.parameters, "backend": self.backend,
            "options": self.options, "seed": self.seed, "level": self.level,
        }  # fmt: skip

    @property
    def own_seed(self) -> int:
        """The seed of the point's run, which follows from its id."""
        return int(self.id[:13], 16)

    def __str__(self) -> str:
        listed, asked = (
            ", ".join(f"{key}={value}" for key, value in each.items())
            for each in (self.parameters, changed(self.options))
        )
        return f"{self.protocol}({listed}){asked and f' with {asked}'} on {self.backend}"

    def id_here(self, backend: BaseBackend) -> str:
        """Return the id of the point in this process, with the protocol's code and the device of this process.

        Args:
            backend: The backend of this name in this process.
        """
        options = RunOptions(seed=self.seed, **self.options)
        where = asked_of(backend, options)
        protocol, _ = on_device(self.made(), where)
        check_options(protocol, where, options)
        program = program_of(protocol, self.seed, options.controls, shared=True)
        said = specification_id(protocol, program.id, where, options, self.seed)
        return digest({"specification": said, "predict": options.predict, "level": self.level})

    def made(self) -> Protocol:
        """Return the protocol.

        Raises:
            ParameterError: If its class cannot be imported in this process.
        """
        protocol: Protocol = _class_at(self.code).from_parameters(**self.parameters)
        return protocol

    def row(self, backend: BaseBackend) -> dict[str, Any]:
        """Run the point, and return its row.

        Args:
            backend: The backend of this name in this process.

        Raises:
            QnetError: If ``run`` raises it.
            UnsupportedError: If this process has another protocol, calibration or version than the process that started the
                sweep.
        """
        # Who asks whether a point is there already runs nothing.
        from qnet_circuits.runs.verbs import run

        if self.id_here(backend) != self.id:
            raise UnsupportedError(
                f"{self} has other circuits, or another calibration, in the process that runs it than in the process that "
                "started the sweep; install the same versions of qnet-circuits and of the protocol, and the same snapshot, in "
                "both"
            )
        result = run(
            self.made(), backend, level=self.level, progress=False, seed=self.own_seed, **self.options
        )
        return {**dict(zip(HEAD, (SCHEMA, self.id, self.asked), strict=True)), **result.to_dict()}


def code_of(protocol: Protocol, same_process: bool) -> str:
    """Return the name by which other processes import a protocol's class.

    Args:
        protocol: The protocol.
        same_process: Whether points run in this process.

    Raises:
        ParameterError: If no other process can import it.
    """
    cls = type(protocol)
    code = f"{cls.__module__}:{cls.__qualname__}"
    if cls.__module__ == "__main__" and not same_process:
        raise ParameterError(
            f"{cls.__qualname__} is defined in the running script, which other processes do not import; move it to a separate "
            "module, or give executor=1 to stay in this process"
        )
    if "<" in cls.__qualname__ or _class_at(code) is not cls:
        raise ParameterError(
            f"{code} cannot be imported by that name; define the class in a module, not in a function"
        )
    return code


def _class_at(code: str) -> Any:
    module, _, name = code.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ParameterError(
            f"the protocol {code} cannot be imported: {error}; install its module wherever points of the sweep run"
        ) from None


def plain_parameters(protocol: Protocol) -> dict[str, Any]:
    """Return the parameters of a protocol as JSON values, from which the same protocol can be made again.

    Raises:
        ParameterError: If they are not JSON values, or make another protocol.
    """
    try:
        text = json.dumps(protocol.parameters, allow_nan=False, sort_keys=True)
        plain: dict[str, Any] = json.loads(text)
        again = type(protocol).from_parameters(**plain)
        same = json.dumps(again.parameters, sort_keys=True) == text
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"{called(protocol)} cannot be made from its parameters in another process: {error}; make its fields plain values "
            "(finite numbers, text, lists, mappings)"
        ) from None
    if not same:
        raise ParameterError(
            f"{called(protocol)} made from its own parameters has other parameters; its from_parameters must invert parameters"
        )
    return plain


def named_backend(name: Any) -> BaseBackend:
    """Return the backend of a name; a point keeps only the name.

    Raises:
        ParameterError: If ``name`` is not a name.
        UnsupportedError: If the backend is a processor.
    """
    if not isinstance(name, str):
        raise ParameterError(
            f"a sweep takes backends by name, such as aer:fake_kingston, got {name!r}; save a calibration as a snapshot and "
            "name its file, as in aer:device.json"
        )
    backend = backend_of(name)
    if backend.capabilities.remote:
        raise UnsupportedError(
            f"{name} is a processor, on which each run needs its own directory and budget; submit each point "
            "(qn.submit(..., path=, max_qpu_seconds=)), or sweep over its twin, as in aer:fake_kingston"
        )
    return backend


def plain_options(options: RunOptions, device: Device | None) -> dict[str, Any]:
    """Return the options that differ from their defaults, as JSON values, without the seed."""
    given = {name: getattr(options, name) for name in OPTIONS if name != "seed"}
    plain = {name: value for name, value in given.items() if value != getattr(_DEFAULTS, name)}
    if "noise" in plain:
        plain["noise"] = plain["noise"].to_dict()
    if "layout" in plain:
        plain["layout"] = plain_layout(plain["layout"], device)
    try:
        found: dict[str, Any] = json.loads(json.dumps(plain, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ParameterError(f"options of a sweep must be plain values: {error}") from None
    return found
