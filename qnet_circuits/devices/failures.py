"""Two-qubit gates whose calibration failed: what stands for their error there is no measurement."""

from __future__ import annotations

from collections.abc import Sequence

from qnet_circuits.devices.entries import FAILED, OperationCalibration

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
