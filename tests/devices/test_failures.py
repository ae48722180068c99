"""Which couplings have failed: those no two-qubit gate of which has a measured error."""

import pytest

from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.entries import OperationCalibration, QubitCalibration
from qnet_circuits.devices.summary import couplings_by_use


def device(*entries):
    listed = [OperationCalibration(name, qubits, error) for name, qubits, error in entries]
    return DeviceCalibration("made", [QubitCalibration()] * 5, ("cx", "cz"), listed)


@pytest.mark.parametrize(
    ("entries", "failed"),
    [
        (
            [("cz", (0, 1), 0.01), ("cz", (1, 2), 0.0), ("cz", (2, 3), 0.5), ("cz", (3, 4), 0.49)],
            {(1, 2), (2, 3)},
        ),
        ([("cz", (0, 1), 0.0), ("cz", (1, 2), 0.0)], set()),
        ([("cz", (0, 1), 0.0), ("cz", (1, 2), 1.0)], {(1, 2)}),
        ([("cz", (0, 1), 1.0), ("cz", (1, 2), 1.0)], {(0, 1), (1, 2)}),
        ([("cz", (0, 1), None), ("cz", (1, 2), 0.01)], set()),
        ([("cx", (0, 1), 1.0), ("cx", (1, 0), 0.01)], set()),
        ([("cx", (0, 1), 1.0), ("cx", (1, 0), None)], {(0, 1)}),
        ([("cx", (0, 1), 0.0), ("cz", (0, 1), 0.01)], set()),
        ([("cx", (0, 1), 1.0), ("cz", (0, 1), 0.01)], set()),
    ],
)
def test_failed_couplings(entries, failed):
    calibration = device(*entries)
    assert calibration.failed_couplings == {frozenset(pair) for pair in failed}
    assert calibration.summary()["gaps"]["two_qubit_gates_failed"] == len(failed)
    usable, not_usable = couplings_by_use(calibration)
    assert not_usable == sorted(failed)
    assert sorted(usable + not_usable) == sorted({tuple(sorted(qubits)) for _, qubits, _ in entries})


@pytest.mark.parametrize(
    ("name", "number"), [("fake_kingston", 7), ("fake_sherbrooke", 9), ("fake_manila", 0)]
)
def test_stand_ins(name, number):
    assert len(fake_device(name).calibration.failed_couplings) == number
