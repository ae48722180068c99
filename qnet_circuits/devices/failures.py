"""Failures of a calibration: gates, couplings and qubits whose numbers are missing or were not measured."""

from __future__ import annotations

from collections.abc import Sequence

from qnet_circuits.devices.entries import FAILED, OperationCalibration, QubitCalibration, is_gate

#: A gate on its qubits.
Gate = tuple[str, tuple[int, ...]]


def failed_gates(entries: Sequence[OperationCalibration]) -> frozenset[Gate]:
    """Return the two-qubit gates whose error is no measurement.

    An error of 1/2 or more is none, and neither is one of exactly 0 if the same gate errs on other qubits. If it errs nowhere,
    the device was made up so, and 0 is meant.

    Example:
        >>> pairs = [OperationCalibration("cz", (k, k + 1), error) for k, error in enumerate([0.002, 0.0, 1.0])]
        >>> sorted(failed_gates(pairs)), sorted(failed_gates(pairs[1:2]))
        ([('cz', (1, 2)), ('cz', (2, 3))], [])
    """
    given = [(entry, entry.error) for entry in entries if len(entry.qubits) == 2 and entry.error is not None]
    erring = {entry.name for entry, error in given if 0 < error < FAILED}
    return frozenset(
        (entry.name, entry.qubits)
        for entry, error in given
        if error >= FAILED or (error == 0 and entry.name in erring)
    )


def failed_couplings(entries: Sequence[OperationCalibration]) -> frozenset[frozenset[int]]:
    """Return the pairs of qubits with two-qubit errors none of which is a measurement, whichever qubit comes first."""
    failed = failed_gates(entries)
    measured = {
        frozenset(entry.qubits)
        for entry in entries
        if entry.error is not None and (entry.name, entry.qubits) not in failed
    }
    return frozenset(frozenset(qubits) for _, qubits in failed) - measured


def failed_qubits(
    qubits: Sequence[QubitCalibration], entries: Sequence[OperationCalibration]
) -> frozenset[int]:
    """Return the qubits of which a one-qubit gate or the readout errs by 1/2 or more, or a number is missing that others have.

    The numbers are T1, T2, of which 0 is none, and an error of readout.

    Example:
        >>> kept = [QubitCalibration(2e-4, 1e-4, 0.01, error) for error in (0.01, 0.02, 0.99)]
        >>> failed_qubits([*kept, QubitCalibration()], [OperationCalibration("sx", (0,), 1.0)])
        frozenset({0, 2, 3})
    """
    single = [entry for entry in entries if len(entry.qubits) == 1 and entry.error is not None]
    erring = {entry.qubits[0] for entry in single if entry.error >= FAILED and _counts(entry)}  # type: ignore[operator]
    read = {entry.qubits[0]: entry.error for entry in single if entry.name == "measure"}
    columns = [[qubit.t1 or None for qubit in qubits], [qubit.t2 or None for qubit in qubits]]
    columns.append([_read(qubit, read.get(k)) for k, qubit in enumerate(qubits)])
    coins = {k for k, error in enumerate(columns[-1]) if error is not None and error >= FAILED}
    missing = {k for column in columns if any(column) for k, value in enumerate(column) if value is None}
    return frozenset(erring | coins | missing)


def _counts(entry: OperationCalibration) -> bool:
    return entry.name == "measure" or is_gate(entry)


def _read(qubit: QubitCalibration, error: float | None) -> float | None:
    """Return the mean error of a qubit's readout, of what is known of it."""
    known = [value for value in (qubit.one_from_zero, qubit.zero_from_one) if value is not None]
    return sum(known) / len(known) if known else error
