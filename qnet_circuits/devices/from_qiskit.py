"""From a Qiskit backend to its calibration as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.providers import BackendV2
from qiskit.transpiler import Target

from qnet_circuits.devices.entries import OperationCalibration, QubitCalibration
from qnet_circuits.devices.fleet import RETIRED, status
from qnet_circuits.errors import ParameterError


def fields_of(backend: BackendV2, name: str | None = None) -> dict[str, Any]:
    """Return the fields of a backend's calibration; see ``DeviceCalibration.from_backend``."""
    own = backend.name or type(backend).__name__
    target = backend.target
    if target is None or target.num_qubits is None:
        raise ParameterError(f"{own} does not say how many qubits it has, so it has no calibration")
    properties = _call(backend, "properties")
    # A target's own order of operations changes from process to process.
    operations = sorted(target.operation_names)
    return {
        "name": name or own,
        "qubits": tuple(_qubit(target, properties, qubit) for qubit in range(target.num_qubits)),
        "operations": tuple(operations),
        "entries": tuple(entry for operation in operations for entry in _entries(target, operation)),
        "dt": finite(target.dt),
        "date": _date(properties),
        "source": own,
        "family": family(getattr(_call(backend, "configuration"), "processor_type", None)),
        "retired": status(own) == RETIRED,
    }


def _call(backend: BackendV2, method: str) -> Any:
    """Return the value of a backend's method, or None if there is no such method."""
    found = getattr(backend, method, None)
    return found() if callable(found) else None


def _qubit(target: Target, properties: Any, qubit: int) -> QubitCalibration:
    times = target.qubit_properties[qubit] if target.qubit_properties else None
    t1, t2 = finite(getattr(times, "t1", None)), finite(getattr(times, "t2", None))
    return QubitCalibration(t1, t2, *_readout(target, properties, qubit))


def _readout(target: Target, properties: Any, qubit: int) -> tuple[float | None, float | None]:
    """Return both readout errors: the target knows only their mean."""
    try:
        calibrated = properties.qubit_property(qubit)
        return finite(calibrated["prob_meas1_prep0"][0]), finite(calibrated["prob_meas0_prep1"][0])
    except (AttributeError, KeyError, TypeError, IndexError, QiskitError):
        measured = target["measure"].get((qubit,)) if "measure" in target.operation_names else None
        error = finite(getattr(measured, "error", None))
        return error, error


def _entries(target: Target, name: str) -> Iterator[OperationCalibration]:
    for qubits, entry in (target[name] or {}).items():
        if qubits is not None:
            error, duration = getattr(entry, "error", None), getattr(entry, "duration", None)
            yield OperationCalibration(name, tuple(qubits), finite(error), finite(duration))


def finite(value: Any) -> float | None:
    """Return a finite number as a float, and None for anything else."""
    return None if value is None or not math.isfinite(value) else float(value)


def _date(properties: Any) -> str | None:
    date: Any = getattr(properties, "last_update_date", None)
    return str(date.isoformat()) if hasattr(date, "isoformat") else None


def family(kind: Any) -> str | None:
    """Return the kind of a processor, such as Heron r2, from the ``processor_type`` of its configuration."""
    if not isinstance(kind, dict) or "family" not in kind:
        return None
    revision = f" r{kind['revision']}" if "revision" in kind else ""
    return f"{kind['family']}{revision}"
