"""Stand-in devices, read from the files of calibrations that come with IBM's client.

The client is not imported: its import takes longer than most runs.
"""

from __future__ import annotations

import ast
import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.providers import BackendV2
from qiskit.utils.units import apply_prefix

from qnet_circuits.backends.ibm.client import MISSING, fake_backend, stand_in_name
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.entries import OperationCalibration, QubitCalibration
from qnet_circuits.devices.files import read_file
from qnet_circuits.devices.fleet import RETIRED, status
from qnet_circuits.devices.from_qiskit import family, finite
from qnet_circuits.errors import UnsupportedError, check_name

_PLACE = ("fake_provider", "backends")
#: What a class of the client says of its files. A class that says more is made by the client.
_SAID = ("dirname", "conf_filename", "props_filename", "backend_name", "_physical_qubits")
_CONTROL_FLOW = ("if_else", "while_loop", "for_loop", "switch_case")
#: Operations that a device need not list among its gates, and which it has if it does not say what it supports.
_NO_GATES = ("measure", "reset", "delay")

_Values: TypeAlias = Mapping[str, float | None]
_Where: TypeAlias = tuple[int, ...]
_Entry: TypeAlias = tuple[float | None, float | None]
_UNKNOWN: _Entry = (None, None)


@dataclass(frozen=True)
class _Described:
    """The place of a stand-in's files, and whether its class says nothing else."""

    folder: Path
    said: Mapping[str, str]
    plain: bool

    def read(self, which: str) -> Any:
        return json.loads(read_file(self.folder / self.said[which]))


@cache
def _all_described() -> dict[str, _Described]:
    found = find_spec("qiskit_ibm_runtime")
    if found is None or not found.submodule_search_locations:
        raise UnsupportedError(f"stand-in devices are part of IBM's client, {MISSING}")
    files = Path(found.submodule_search_locations[0]).joinpath(*_PLACE).glob("*/fake_*.py")
    return dict(described for file in files for described in _described(file))


def _described(file: Path) -> Iterator[tuple[str, _Described]]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Fake"):
            statements = node.body[ast.get_docstring(node) is not None :]
            said = {name: value for each in statements for name, value in _assigned(each)}
            plain = set(said).issubset(_SAID) and len(said) == len(statements)
            yield stand_in_name(node.name), _Described(file.parent, said, plain)


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    """Yield the name and the constant of an assignment; None for another value."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        yield statement.targets[0].id, getattr(statement.value, "value", None)


def fake_device_names() -> tuple[str, ...]:
    """Return the names of the stand-in devices, in snake case."""
    return tuple(sorted(_all_described()))


@cache
def fake_device(name: str) -> Device:
    """Return a stand-in device by name, for example ``fake_kingston``.

    Raises:
        UnknownNameError: If there is no stand-in device of this name.
        UnsupportedError: If IBM's client is not installed.
    """
    check_name("device", name, fake_device_names())
    described = _all_described()[name]
    if not described.plain:
        return Device(name, *fake_backend(name))
    calibration = _calibration(name, described)
    return Device(name, None, (), calibration, partial(_backend, name))


def _backend(name: str) -> BackendV2:
    return fake_backend(name)[0]


def _calibration(name: str, described: _Described) -> DeviceCalibration:
    configuration, properties = described.read("conf_filename"), described.read("props_filename")
    own = described.said["backend_name"]
    qubits = [_values(each) for each in properties["qubits"][: configuration["n_qubits"]]]
    found = sorted(_entries(configuration, properties, qubits).items())
    step = configuration.get("dt")
    return DeviceCalibration(
        name=name,
        qubits=tuple(
            QubitCalibration(*map(each.get, ("T1", "T2", "prob_meas1_prep0", "prob_meas0_prep1")))
            for each in qubits
        ),
        operations=tuple(operation for operation, _ in found),
        entries=tuple(
            OperationCalibration(operation, where, *values)
            for operation, entries in found
            for where, values in entries.items()
        ),
        dt=None if step is None else step * 1e-9,
        date=datetime.datetime.fromisoformat(properties["last_update_date"]).isoformat(),
        source=own,
        family=family(configuration.get("processor_type")),
        retired=status(own) == RETIRED,
    )


def _values(listed: Any) -> _Values:
    """Return values by name, in units without a prefix."""
    return {each["name"]: finite(apply_prefix(each["value"], each["unit"])) for each in listed}


def _entries(
    configuration: Any, properties: Any, qubits: Sequence[_Values]
) -> dict[str, dict[_Where, _Entry]]:
    """Return error and duration of each operation on qubits that work."""
    supported = configuration.get("supported_instructions") or _NO_GATES
    found: dict[str, dict[_Where, _Entry]] = {name: {} for name in _operations(configuration, supported)}
    for gate in configuration["gates"]:
        if gate["name"] in found:
            found[gate["name"]] = {tuple(where): _UNKNOWN for where in gate.get("coupling_map") or ()}
    works = [each.get("operational") != 0 for each in qubits]
    for gate in properties["gates"]:
        entries, where, values = found.get(gate["gate"]), tuple(gate["qubits"]), _values(gate["parameters"])
        if entries is None:
            continue
        if values.get("operational") == 0 or not all(works[qubit] for qubit in where):
            entries.pop(where, None)
        else:
            entries[where] = values.get("gate_error"), values.get("gate_length")
    working = [qubit for qubit, fine in enumerate(works) if fine]
    for name in _NO_GATES:
        if name in supported and not found[name]:
            found[name] = {(qubit,): _UNKNOWN for qubit in working}
    found["measure"] = {
        (qubit,): (qubits[qubit].get("readout_error"), qubits[qubit].get("readout_length"))
        for qubit in working
    }
    return found


def _operations(configuration: Any, supported: Iterable[str]) -> set[str]:
    """Return the names of operations: gates, what measures, resets and waits, decisions, and variants of them."""
    known = {*get_standard_gate_name_mapping(), *(gate["name"] for gate in configuration["gates"])}
    gates = known.intersection(configuration["basis_gates"])
    variants = {each["name"] for each in configuration.get("instruction_signatures") or ()}
    return gates | variants | {"measure"} | set(supported).intersection(_NO_GATES + _CONTROL_FLOW)
