"""A calibration in a few numbers: medians, worst entries, gaps."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qnet_circuits.devices.entries import FAILED, is_gate

if TYPE_CHECKING:
    from qnet_circuits.devices.calibration import DeviceCalibration

_Found = tuple[float, tuple[int, ...]]


def summary(calibration: DeviceCalibration) -> dict[str, Any]:
    """Return a calibration in a few plain numbers; see ``DeviceCalibration.summary``."""
    quantities = _quantities(calibration)
    return {
        "name": calibration.name,
        "qubits": calibration.num_qubits,
        "couplings": len(calibration.couplings),
        "family": calibration.family,
        "operations": list(calibration.operations),
        "dynamic": calibration.dynamic,
        "date": calibration.date,
        "source": calibration.source,
        "retired": calibration.retired,
        "medians": {name: _median(found) for name, found in quantities.items()},
        "worst": {name: _worst(name, found) for name, found in quantities.items()},
        "gaps": _gaps(calibration, quantities),
    }


def _quantities(calibration: DeviceCalibration) -> dict[str, list[_Found]]:
    """Return each quantity's values with the qubits they belong to, where they are given."""
    entries, numbered = calibration.entries, [((k,), qubit) for k, qubit in enumerate(calibration.qubits)]
    # A change of reference frame would only dilute the rest.
    one = [entry for entry in entries if len(entry.qubits) == 1 and is_gate(entry)]
    two = [entry for entry in entries if len(entry.qubits) == 2]
    columns: dict[str, Iterable[tuple[float | None, tuple[int, ...]]]] = {
        "t1": ((qubit.t1, where) for where, qubit in numbered),
        "t2": ((qubit.t2, where) for where, qubit in numbered),
        "one_qubit_error": ((entry.error, entry.qubits) for entry in one),
        "two_qubit_error": ((entry.error, entry.qubits) for entry in two),
        "readout_error": ((_readout_error(calibration, where), where) for where, _ in numbered),
        "one_qubit_duration": ((entry.duration, entry.qubits) for entry in one),
        "two_qubit_duration": ((entry.duration, entry.qubits) for entry in two),
        "measurement_duration": (
            (entry.duration, entry.qubits) for entry in entries if entry.name == "measure"
        ),
    }
    return {
        name: [(value, where) for value, where in column if value is not None]
        for name, column in columns.items()
    }


def _readout_error(calibration: DeviceCalibration, where: tuple[int]) -> float | None:
    """Return the mean of both directions, or the measurement's error where one is missing."""
    one_from_zero, zero_from_one = calibration.readout(*where)
    if one_from_zero is None or zero_from_one is None:
        return calibration.error("measure", where)
    return (one_from_zero + zero_from_one) / 2


def _median(found: list[_Found]) -> float | None:
    return statistics.median(value for value, _ in found) if found else None


def _worst(name: str, found: list[_Found]) -> dict[str, Any] | None:
    """Return the shortest coherence time, the largest error or the longest duration, and where it is."""
    if not found:
        return None
    best = min if name in ("t1", "t2") else max
    value, qubits = best(found, key=lambda each: each[0])
    return {"value": value, "qubits": list(qubits)}


def _gaps(calibration: DeviceCalibration, quantities: dict[str, list[_Found]]) -> dict[str, int]:
    """Return how much is missing, unphysical or failed; both directions of a coupling count once."""
    qubits = calibration.qubits
    failed = [
        entry
        for entry in calibration.entries
        if is_gate(entry) and entry.error is not None and entry.error >= FAILED
    ]
    return {
        "t1_missing": sum(qubit.t1 is None for qubit in qubits),
        "t2_missing": sum(qubit.t2 is None for qubit in qubits),
        "t2_above_twice_t1": sum(
            qubit.t1 is not None and qubit.t2 is not None and qubit.t2 > 2 * qubit.t1 for qubit in qubits
        ),
        "readout_missing": len(qubits) - len(quantities["readout_error"]),
        "readout_failed": sum(value >= FAILED for value, _ in quantities["readout_error"]),
        "one_qubit_gates_failed": sum(len(entry.qubits) == 1 for entry in failed),
        "two_qubit_gates_failed": len(calibration.failed_couplings),
    }


def couplings_by_use(
    calibration: DeviceCalibration,
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the couplings, the smaller qubit first: those that can be used, and those whose calibration failed.

    Example:
        >>> from qnet_circuits.devices.synthetic import line_device
        >>> couplings_by_use(line_device(3))
        ([(0, 1), (1, 2)], [])
    """
    failed = calibration.failed_couplings
    usable, not_usable = (
        sorted((min(pair), max(pair)) for pair in pairs) for pairs in (calibration.couplings - failed, failed)
    )
    return usable, not_usable
