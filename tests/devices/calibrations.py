"""Synthetic calibrations: every number chosen, so that each effect stands alone."""

from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.entries import OperationCalibration, QubitCalibration

ONE = ("h", "id", "reset", "rz", "s", "sdg", "sx", "x", "z")
TWO = ("cx", "cz")
EVERYTHING = ("delay", "if_else", "measure", "switch_case", *ONE, *TWO)
US = 1e-6


def perfect(
    qubits=3, t1=50 * US, t2=40 * US, pairs=None, durations=None, errors=None, readout=(0.0, 0.0), also=()
):
    """Return the calibration of a line on which nothing errs, and only measurements (1 µs) and resets (0.5 µs) take time.

    Args:
        qubits: Number of qubits.
        t1: T1 of all qubits.
        t2: T2 of all qubits.
        pairs: The coupled pairs; a line by default.
        durations: Seconds by name, for others.
        errors: Errors by name.
        readout: Probabilities to read 1 from |0⟩ and 0 from |1⟩.
        also: Further one-qubit operations.
    """
    seconds = {"measure": 1 * US, "reset": 0.5 * US, **(durations or {})}
    wrong = errors or {}
    couplings = [(k, k + 1) for k in range(qubits - 1)] if pairs is None else pairs
    entries = [
        OperationCalibration(name, (qubit,), wrong.get(name, 0.0), seconds.get(name, 0.0))
        for name in (*ONE, "measure", *also)
        for qubit in range(qubits)
    ]
    entries += [
        OperationCalibration(name, pair, wrong.get(name, 0.0), seconds.get(name, 0.0))
        for name in TWO
        for pair in couplings
    ]
    listed = [QubitCalibration(t1, t2, *readout) for _ in range(qubits)]
    return DeviceCalibration("perfect", listed, (*EVERYTHING, *also), entries, dt=4e-9)


def rough(rng, qubits=6, variant=True):
    """Return the calibration of a ring with strong noise of every kind, different for each qubit."""
    listed = []
    for _ in range(qubits):
        t1 = float(rng.uniform(8, 40)) * US
        t2 = float(rng.uniform(0.2, 2)) * t1
        listed.append(QubitCalibration(t1, t2, *map(float, rng.uniform(0, 0.1, 2))))
    pairs = [(k, (k + 1) % qubits) for k in range(qubits)]
    operations = ["cz", "delay", "if_else", "measure", "reset", "rz", "sx", "x"]
    kinds = [("measure", 0.05, 1.2 * US), ("reset", 0.0, 0.8 * US), ("sx", 0.01, 35e-9), ("x", 0.02, 60e-9)]
    if variant:
        operations.append("measure_2")
        kinds.append(("measure_2", 0.05, 0.7 * US))
    entries = [
        OperationCalibration(name, (qubit,), error * float(rng.uniform(0.5, 2)), seconds)
        for name, error, seconds in kinds
        for qubit in range(qubits)
    ]
    entries += [
        OperationCalibration("cz", pair, float(rng.uniform(0.01, 0.1)), float(rng.uniform(50, 400)) * 1e-9)
        for pair in pairs
    ]
    return DeviceCalibration("rough", listed, operations, entries, dt=4e-9)
