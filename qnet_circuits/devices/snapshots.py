"""Calibrations as JSON files: written whole or not at all, and checked field by field when they are read."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qnet_circuits.devices.entries import OperationCalibration, QubitCalibration, short
from qnet_circuits.devices.files import read_file
from qnet_circuits.errors import ParameterError, RecordError

if TYPE_CHECKING:
    from qnet_circuits.devices.calibration import DeviceCalibration

SCHEMA = 1
_Made = TypeVar("_Made")
SUFFIX = ".json"
_QUBIT_COLUMNS = ("t1", "t2", "one_from_zero", "zero_from_one")
_ENTRY_COLUMNS = ("qubits", "error", "duration")
_PLAIN = ("name", "dt", "date", "source", "family", "retired")


def to_plain(calibration: DeviceCalibration) -> dict[str, Any]:
    """Return a calibration in plain values: one list for each column, as short as it is readable."""
    entries: dict[str, list[OperationCalibration]] = {name: [] for name in calibration.operations}
    for entry in calibration.entries:
        entries[entry.name].append(entry)
    return {
        "schema": SCHEMA,
        **{field: getattr(calibration, field) for field in _PLAIN},
        "num_qubits": calibration.num_qubits,
        "qubits": _columns(calibration.qubits, _QUBIT_COLUMNS),
        "operations": {name: _columns(rows, _ENTRY_COLUMNS) for name, rows in entries.items()},
    }


def _columns(rows: Any, columns: tuple[str, ...]) -> dict[str, list[Any]]:
    found = {column: [getattr(row, column) for row in rows] for column in columns}
    if "qubits" in found:
        found["qubits"] = [list(qubits) for qubits in found["qubits"]]
    return found


def fields_of(plain: Any) -> dict[str, Any]:
    """Return the fields of a calibration from plain values, or raise ParameterError that names the field."""
    _check_schema(plain)
    _check_fields("a calibration", plain, ("schema", *_PLAIN, "num_qubits", "qubits", "operations"))
    qubits = tuple(_rows("qubits", plain["qubits"], _QUBIT_COLUMNS, QubitCalibration))
    if plain["num_qubits"] != len(qubits):
        raise ParameterError(f"num_qubits is {plain['num_qubits']!r}, but qubits lists {len(qubits)}")
    if not isinstance(plain["operations"], Mapping):
        raise ParameterError(f"operations must be an object by name, got {short(plain['operations'])}")
    entries: list[OperationCalibration] = []
    for name, columns in plain["operations"].items():
        make = partial(OperationCalibration, name)
        entries += _rows(f"operations.{name}", columns, _ENTRY_COLUMNS, make)
    return {
        "qubits": qubits,
        "operations": tuple(plain["operations"]),
        "entries": tuple(entries),
        **{field: plain[field] for field in _PLAIN},
    }


def _check_schema(plain: Any) -> None:
    if not isinstance(plain, Mapping) or "schema" not in plain:
        raise ParameterError(f"a calibration is an object with a schema number, got {short(plain)}")
    schema = plain["schema"]
    if isinstance(schema, bool) or not isinstance(schema, int):
        raise ParameterError(f"schema must be a whole number, got {short(schema)}")
    if schema != SCHEMA:
        raise ParameterError(
            f"it has schema {schema}, this version reads {SCHEMA}; install a newer qnet-circuits"
        )


def _check_fields(what: str, plain: Any, fields: tuple[str, ...]) -> None:
    if not isinstance(plain, Mapping):
        raise ParameterError(f"{what} must be an object with {', '.join(fields)}, got {short(plain)}")
    missing, unknown = set(fields) - set(plain), set(plain) - set(fields)
    if missing:
        raise ParameterError(f"{what} lacks {', '.join(sorted(missing))}")
    if unknown:
        raise ParameterError(f"{what} has the unknown {', '.join(sorted(map(str, unknown)))}")


def _rows(what: str, plain: Any, columns: tuple[str, ...], make: Callable[..., _Made]) -> Iterator[_Made]:
    """Make an entry of each row of some columns; what is wrong with one says where it stands."""
    _check_fields(what, plain, columns)
    for column in columns:
        if not isinstance(plain[column], list) or len(plain[column]) != len(plain[columns[0]]):
            raise ParameterError(
                f"{what}.{column} must be a list as long as {what}.{columns[0]}, got {short(plain[column])}"
            )
    for k, row in enumerate(zip(*(plain[column] for column in columns), strict=True)):
        try:
            yield make(*row)
        except ParameterError as error:
            raise ParameterError(f"{what}[{k}]: {error}") from None


def save(plain: Mapping[str, Any], path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write a snapshot; see ``DeviceCalibration.save``."""
    file = Path(path)
    if file.suffix.lower() != SUFFIX:
        raise ParameterError(f"a snapshot is a file that ends in {SUFFIX}, got {str(file)!r}")
    if os.path.lexists(file) and not overwrite:
        raise RecordError(f"{file} exists; choose another file, or say overwrite=True")
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        with open(temporary, "x", encoding="utf-8") as stream:
            json.dump(plain, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    except OSError as error:
        raise RecordError(f"cannot write {file}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> Any:
    """Return the plain values of a snapshot, or raise RecordError."""
    try:
        return json.loads(read_file(path))
    except FileNotFoundError:
        raise RecordError(f"there is no calibration snapshot {path}") from None
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise RecordError(f"{path} is torn or no JSON file; save the snapshot anew") from None
