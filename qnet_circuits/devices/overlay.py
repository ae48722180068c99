"""Values of the day, laid over a calibration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from statistics import mean
from typing import TYPE_CHECKING

from qnet_circuits.devices.entries import (
    OperationCalibration,
    QubitCalibration,
    check_probability,
    check_seconds,
    is_gate,
)
from qnet_circuits.devices.values import Value, Values, listed
from qnet_circuits.errors import ParameterError, UnknownNameError

if TYPE_CHECKING:
    from qnet_circuits.devices.calibration import DeviceCalibration

_DIRECTIONS = ("one_from_zero", "zero_from_one")
#: What is said of a qubit itself.
_OWN = ("t1", "t2", *_DIRECTIONS)
#: The fields of a qubit that a quantity sets.
_FIELDS = {**{field: (field,) for field in _OWN}, "readout": _DIRECTIONS}
#: Quantities that are errors of operations, and on how many qubits.
_ERRORS = {"one_qubit_error": 1, "mid_circuit_readout": 1, "two_qubit_error": 2}
_WIDTHS = {**dict.fromkeys(_FIELDS, 1), **_ERRORS}
#: What is set, and where: the qubits, and a field of theirs or a quantity of _ERRORS.
_Key = tuple[tuple[int, ...], str]


def with_values(calibration: DeviceCalibration, values: Values, source: str | None) -> DeviceCalibration:
    """Return a calibration with values laid over it; see ``DeviceCalibration.with_values``."""
    if source is None:
        source = os.fspath(values) if isinstance(values, str | os.PathLike) else "given numbers"
    found: dict[_Key, Value] = {}
    for value in listed(values):
        _check(value, calibration)
        for field in _FIELDS.get(value.quantity, (value.quantity,)):
            first = found.setdefault((value.place, field), value)
            if first is not value:
                raise ParameterError(f"{value} is given twice, first in {first}; give it once")
    _check_times(found)
    numbers = {key: value.number for key, value in found.items()}
    qubits = tuple(_qubit(k, qubit, numbers) for k, qubit in enumerate(calibration.qubits))
    entries = tuple(_entry(entry, qubits, numbers) for entry in calibration.entries)
    said = f"{calibration.source}, with values of {source}".removeprefix(", ")
    return replace(calibration, qubits=qubits, entries=entries, source=said)


def _check(value: Value, calibration: DeviceCalibration) -> None:
    """Raise ParameterError if a device has no such place, or a value is out of range there."""
    width = _WIDTHS.get(value.quantity)
    if width is None:
        raise UnknownNameError(f"quantity ({value.where})", value.quantity, _WIDTHS)
    if len(value.place) != width:
        raise ParameterError(
            f"{value} is given for {'one qubit' if width == 1 else 'a coupling, such as 3-4'}"
        )
    if max(value.place) >= calibration.num_qubits:
        raise ParameterError(f"{value}: {calibration.name} has only qubits 0 to {calibration.num_qubits - 1}")
    if width == 2 and frozenset(value.place) not in calibration.couplings:
        raise ParameterError(
            f"{value}: {calibration.name} does not couple them; name a coupling of the device"
        )
    check = check_seconds if value.quantity in ("t1", "t2") else check_probability
    check(str(value), value.number)
    if value.quantity in _ERRORS and not any(
        _is_error_of(value.quantity, value.place, entry) for entry in calibration.entries
    ):
        raise ParameterError(f"{value}: {calibration.name} has no such operation there; leave it out")


def _check_times(found: Mapping[_Key, Value]) -> None:
    for (place, field), value in found.items():
        t1 = found.get((place, "t1"))
        if field == "t2" and t1 is not None and value.number > 2 * t1.number:
            raise ParameterError(
                f"{value} must be at most twice t1, {2 * t1.number:g} s, got {value.number:g} s"
            )


def _is_error_of(quantity: str, place: tuple[int, ...], entry: OperationCalibration) -> bool:
    """Tell whether a quantity at a place is the error of an operation."""
    if set(place) != set(entry.qubits):
        return False
    if quantity == "mid_circuit_readout":
        return entry.name == "measure_2"
    return len(place) == _ERRORS[quantity] and (len(place) == 2 or is_gate(entry))


def _qubit(number: int, qubit: QubitCalibration, numbers: Mapping[_Key, float]) -> QubitCalibration:
    given = {field: numbers[(number,), field] for field in _OWN if ((number,), field) in numbers}
    return replace(qubit, **given) if given else qubit


def _entry(
    entry: OperationCalibration, qubits: tuple[QubitCalibration, ...], numbers: Mapping[_Key, float]
) -> OperationCalibration:
    """Return an operation with the error that values give it; that of a measurement follows from its qubit's readout."""
    place = tuple(sorted(entry.qubits))
    if entry.name == "measure" and any((place, field) in numbers for field in _DIRECTIONS):
        known = [getattr(qubits[place[0]], field) for field in _DIRECTIONS]
        return replace(entry, error=mean(error for error in known if error is not None))
    for quantity in _ERRORS:
        if (place, quantity) in numbers and _is_error_of(quantity, place, entry):
            return replace(entry, error=numbers[place, quantity])
    return entry
