"""How to repeat a run: a command, and lines of Python."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import QnetError
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import GIVEN
from qnet_circuits.runs.options import OPTIONS, RunOptions

if TYPE_CHECKING:
    from qnet_circuits.runs.manifest import Manifest

#: What ``noise`` is if nobody says otherwise.
_USUAL_NOISE = {**DeviceNoise().to_dict(), "zz": "typical", "charge_parity": "typical"}
#: Fields of a run that only a processor takes.
_PROCESSOR = "ibm:"


def command(manifest: Manifest, protocol: Protocol | None) -> str:
    """Return the command that repeats a run, on one line; empty if no command can express it.

    Args:
        manifest: The manifest of the run.
        protocol: The protocol, if its class is known here.
    """
    if protocol is None or not protocol.name or protocol.name == GIVEN:
        return ""
    backend = str(manifest["backend"])
    remote = backend.startswith(_PROCESSOR)
    words = ["qnet", "submit" if remote else "run", protocol.name]
    for name, value in _own_parameters(protocol).items():
        words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    words += ["--on", backend]
    for name, value in _asked(manifest, protocol).items():
        words += _flags(name, value)
    return " ".join(shlex.quote(word) for word in [*words, *(["--out", "DIR"] if remote else [])])


def python(manifest: Manifest, protocol: Protocol | None) -> str:
    """Return the lines of Python that repeat a run; empty if its protocol is unknown."""
    if protocol is None or protocol.name == GIVEN:
        return ""
    cls = type(protocol)
    own = cls.__module__.startswith("qnet_circuits.")
    first = ["import qnet_circuits as qn"] + ([] if own else [f"from {cls.__module__} import {cls.__name__}"])
    shown = ", ".join(f"{name}={_literal(name, value)}" for name, value in _own_parameters(protocol).items())
    words = [f"{'qn.' if own else ''}{cls.__name__}({shown})", _literal("backend", manifest["backend"])]
    words += [f"{name}={_literal(name, value)}" for name, value in _asked(manifest, protocol).items()]
    if str(manifest["backend"]).startswith(_PROCESSOR):
        words.append('path="DIR"')
    call = f"result = qn.run({', '.join(words)})"
    if len(call) > 100:
        call = "result = qn.run(\n    " + ",\n    ".join(words) + ",\n)"
    return "\n".join([*first, "", call])


def _literal(name: str, value: Any) -> str:
    """Return a plain value as Python writes it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"qn.Network.from_dict({value!r})" if name == "network" else repr(value)


def _own_parameters(protocol: Protocol) -> dict[str, Any]:
    """Return the parameters that differ from those of the class."""
    try:
        usual = type(protocol)().parameters
    except (TypeError, QnetError):
        usual = {}
    if "network" in protocol.parameters:  # with a network nothing else says what it is
        usual = {name: value for name, value in usual.items() if name in protocol.parameters}
    return {name: value for name, value in protocol.parameters.items() if usual.get(name, ...) != value}


def _asked(manifest: Manifest, protocol: Protocol) -> dict[str, Any]:
    """Return the options that the run was given and that differ from their defaults, in plain values."""
    options = RunOptions.from_manifest(manifest["options"])
    asked = {
        each.name: getattr(options, each.name)
        for each in dataclasses.fields(RunOptions)
        if OPTIONS[each.name].kept and getattr(options, each.name) != each.default
    }
    seeded = manifest["options"].get("seeded", True)
    if manifest.exact or manifest["options"].get("own_shots"):
        asked.pop("shots", None)
    if not manifest.exact and (seeded or not protocol.secret_outcomes):
        asked["seed"] = manifest["seed"]
    noise = DeviceNoise.from_stored(manifest["noise"]).to_dict() if manifest["noise"] else {}
    asked["noise"] = {key: value for key, value in noise.items() if _USUAL_NOISE[key] != value}
    return {name: value for name, value in asked.items() if value not in ({}, None)}


def _flags(name: str, value: Any) -> Iterator[str]:
    """Yield the words of an option on the command line."""
    flag = (OPTIONS[name].flag or f"--{name.replace('_', '-')}").partition("/")[0]
    if name == "mitigate" and not isinstance(value, bool):
        yield from ("--mitigate-only", ",".join(value))
    elif value is True:
        yield flag
    elif value is False:
        yield flag.replace("--", "--no-", 1)
    elif isinstance(value, Mapping) and name != "layout":
        for key, each in value.items():
            yield from (flag, f"{key}={each if isinstance(each, str) else json.dumps(each)}")
    else:
        yield from (flag, _text(value))


def _text(value: Any) -> str:
    """Return a value as on the command line: qubits separated by commas, and copies by semicolons."""
    if not isinstance(value, list | tuple):
        return str(value)
    nested = any(isinstance(each, list | tuple) for each in value)
    return (";" if nested else ",").join(map(_text, value))
