"""Gaps of a calibration: each is treated as stated, and noted."""

import math

import pytest
from qiskit import QuantumCircuit

from qnet_circuits.backends.simulation.steps import Depolarise, Measurement, Unitary
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.entries import OperationCalibration, QubitCalibration
from qnet_circuits.devices.repaired import Usable
from tests.devices.calibrations import US

OPERATIONS = ("cz", "id", "measure", "reset", "rz", "sx", "x")


def usable(qubits, entries=(), operations=OPERATIONS):
    return Usable(
        DeviceCalibration("gappy", [QubitCalibration(*qubit) for qubit in qubits], operations, entries)
    )


def entry(name, *qubits, error=None, duration=None):
    return OperationCalibration(name, qubits, error, duration)


def test_complete_data_needs_no_note():
    full = usable(
        [(50 * US, 40 * US, 0.01, 0.02)],
        [entry("x", 0, error=0.01, duration=5e-8), entry("measure", 0, duration=US)],
    )
    assert full.relaxation(0) == (50 * US, 40 * US)
    assert full.readout(0) == (0.01, 0.02)
    assert (full.error("x", (0,)), full.duration("x", (0,)), full.duration("measure", (0,))) == (
        0.01,
        5e-8,
        US,
    )
    assert (full.error("rz", (0,)), full.duration("rz", (0,))) == (0.0, 0.0)
    assert full.notes() == ()


@pytest.mark.parametrize("missing", [None, 0.0])
def test_a_missing_time_is_the_devices_median(missing):
    """A time of 0 is no time that a qubit has: it is missing too."""
    device = usable(
        [(10 * US, 9 * US), (30 * US, 7 * US), (20 * US, 8 * US), (missing, 5 * US), (40 * US, missing)]
    )
    assert device.relaxation(3) == pytest.approx((25 * US, 5 * US), abs=1e-12)
    assert device.relaxation(4) == pytest.approx((40 * US, 7.5 * US), abs=1e-12)
    assert device.relaxation(0) == (10 * US, 9 * US)
    (note,) = device.notes()
    assert note == (
        "calibration of gappy: missing T1 or T2, the device's median stands for it: qubit 3, qubit 4"
    )


def test_t2_above_twice_t1_is_cut():
    device = usable([(10 * US, 25 * US), (10 * US, 20 * US)])
    assert device.relaxation(0) == device.relaxation(1) == (10 * US, 20 * US)
    assert device.notes() == ("calibration of gappy: T2 above 2 T1, cut to 2 T1: qubit 0",)


def test_without_any_time_waiting_costs_nothing():
    device = usable([(None, None), (None, None)])
    assert device.relaxation(1) == (math.inf, math.inf)
    assert device.notes() == (
        "calibration of gappy: no T1 and T2 at all, so waiting costs nothing: all qubits",
    )


def test_a_kind_of_time_that_the_device_lacks_altogether_is_endless_and_the_other_stays():
    assert usable([(10 * US, None), (20 * US, None)]).relaxation(0) == (10 * US, 20 * US)
    device = usable([(None, 10 * US), (None, 20 * US)])
    assert device.relaxation(0) == (math.inf, 10 * US)
    assert device.notes() == ("calibration of gappy: no T1 at all, taken as endless: all qubits",)


PAIRS = [(None, None)] * 5


def errors_of_cz(*errors):
    return usable(PAIRS, [entry("cz", k, k + 1, error=error) for k, error in enumerate(errors)])


@pytest.mark.parametrize("error", [0.0, 0.5, 0.7, 1.0])
def test_the_median_stands_for_a_failed_two_qubit_gate(error):
    device = errors_of_cz(0.01, error, 0.03, 0.02)
    assert device.error("cz", (1, 2)) == device.error("cz", (2, 1)) == 0.02
    assert device.error("cz", (0, 1)) == 0.01
    (note,) = device.notes()
    assert "failed" in note and "0.02" in note and note.endswith("cz(1, 2), cz(2, 1)")
    circuit = QuantumCircuit(2)
    circuit.cz(0, 1)
    gate, *errors = Twin(device).noisy(circuit, (1, 2)).steps
    assert isinstance(gate, Unitary)
    assert errors == [Depolarise((0, 1), pytest.approx(0.02 * 4 / 3))]


@pytest.mark.parametrize("error", [0.5, 0.7, 1.0])
def test_without_any_measured_error_a_failed_gate_is_total_depolarisation(error):
    device = errors_of_cz(error, error)
    circuit = QuantumCircuit(2)
    circuit.cz(0, 1)
    gate, *errors = Twin(device).noisy(circuit, (0, 1)).steps
    assert isinstance(gate, Unitary)
    assert errors == [Depolarise((0, 1), 1.0)]
    assert (
        "calibration of gappy: error of 1/2 or more, taken as total depolarisation: cz(0, 1)"
        in device.notes()
    )


def test_a_device_without_any_error_is_perfect_and_needs_no_note():
    device = errors_of_cz(0.0, 0.0)
    assert device.error("cz", (0, 1)) == 0.0
    assert device.notes() == ()


def test_a_direction_that_was_measured_counts_more_than_one_that_failed():
    entries = [
        entry("cz", *pair, error=error) for pair, error in (((0, 1), 1.0), ((1, 0), 0.3), ((1, 2), 0.1))
    ]
    device = usable(PAIRS, entries)
    assert device.error("cz", (0, 1)) == device.error("cz", (1, 0)) == 0.3
    assert device.notes() == ()


def test_a_failed_one_qubit_gate_is_total_depolarisation():
    device = usable(PAIRS, [entry("x", 0, error=0.7), entry("x", 1, error=0.1)])
    assert device.error("x", (0,)) == 0.7
    assert len(device.notes()) == 1


def test_a_missing_error_is_the_median_of_the_operation_or_none():
    entries = [entry("x", k, error=error) for k, error in enumerate([0.01, 0.03, 0.02, 0.9])] + [
        entry("x", 4)
    ]
    device = usable([(None, None)] * 5, entries)
    assert device.error("x", (4,)) == 0.02
    assert device.error("sx", (0,)) is None
    assert device.notes() == (
        "calibration of gappy: missing error, the operation's median stands for it: x(4)",
        "calibration of gappy: missing error, none is assumed: sx(0)",
    )


def test_missing_durations_are_the_operations_median_or_the_stated_defaults():
    entries = [entry("x", k, duration=seconds) for k, seconds in enumerate([1e-8, 3e-8, 2e-8])]
    device = usable([(None, None)] * 4, entries)
    assert device.duration("x", (3,)) == 2e-8
    assert device.duration("measure", (0,)) == device.duration("reset", (0,)) == 4e-6
    assert device.duration("sx", (0,)) == 50e-9
    assert device.duration("cz", (0, 1)) == 300e-9
    notes = device.notes()
    assert len(notes) == 4
    assert "missing duration, the operation's median stands for it: x(3)" in notes[0]
    assert "missing duration, taken as 4000 ns: measure(0), reset(0)" in notes[1]
    assert "missing duration, taken as 50 ns: sx(0)" in notes[2]
    assert "missing duration, taken as 300 ns: cz(0, 1)" in notes[3]


def test_a_number_that_is_given_for_the_reversed_pair_holds():
    device = usable([(None, None)] * 2, [entry("cz", 0, 1, error=0.02, duration=1e-7)])
    assert (device.error("cz", (1, 0)), device.duration("cz", (1, 0))) == (0.02, 1e-7)
    assert device.notes() == ()


def test_a_number_of_three_qubits_holds_in_their_order_alone():
    """Reversed, a ccx has another target."""
    entries = [
        entry("ccx", 0, 1, 2, error=0.02, duration=1e-7),
        entry("ccx", 3, 4, 5, error=0.04, duration=3e-7),
    ]
    device = usable([(None, None)] * 6, entries, (*OPERATIONS, "ccx"))
    assert (device.error("ccx", (0, 1, 2)), device.duration("ccx", (0, 1, 2))) == (0.02, 1e-7)
    assert (device.error("ccx", (2, 1, 0)), device.duration("ccx", (2, 1, 0))) == pytest.approx((0.03, 2e-7))
    assert len(device.notes()) == 2


def test_a_missing_direction_of_readout_is_the_other_and_noted():
    device = usable([(None, None, 0.03, None), (None, None, None, 0.04)])
    assert (device.readout(0), device.readout(1)) == ((0.03, 0.03), (0.04, 0.04))
    assert device.notes() == (
        "calibration of gappy: one readout error missing, the other stands for it: qubit 0, qubit 1",
    )


def test_readout_without_directions_is_the_measurements_error():
    device = usable([(None, None)] * 3, [entry("measure", 0, error=0.05), entry("measure", 1, error=0.03)])
    assert device.readout(0) == (0.05, 0.05)
    assert device.readout(2) == (0.04, 0.04)
    assert device.notes() == (
        "calibration of gappy: missing error, the operation's median stands for it: measure(2)",
    )


@pytest.mark.parametrize("entries", [[], [entry("measure", 0, error=0.8)]])
def test_a_failed_readout_is_a_coin(entries):
    """Whichever field says so: the qubit's two directions, or the measurement's error."""
    device = usable([(None, None) if entries else (None, None, 0.7, 0.4)], entries)
    assert device.readout(0) == (0.5, 0.5)
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    assert Twin(device).noisy(circuit, (0,)).steps == (Measurement(0, 0, 0.5, 0.5),)
    assert "calibration of gappy: readout error of 1/2 or more, read as a coin: qubit 0" in device.notes()
    assert not any("depolarisation" in note for note in device.notes())


def test_a_calibration_that_says_nothing_gives_a_perfect_device_that_says_so():
    device = usable([(None, None)] * 2)
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.cz(0, 1)
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.measure(1, 1)
    noisy = Twin(device).noisy(circuit, (0, 1))
    assert {type(step) for step in noisy} == {Unitary, Measurement}
    assert noisy.seconds == pytest.approx(50e-9 + 300e-9 + 8e-6)
    kinds = [note.removeprefix("calibration of gappy: ").split(":")[0] for note in device.notes()]
    assert kinds == [
        *(
            "missing duration, taken as 4000 ns",
            "missing duration, taken as 300 ns",
            "missing duration, taken as 50 ns",
        ),
        *("no T1 and T2 at all, so waiting costs nothing", "missing error, none is assumed"),
    ]


def test_long_lists_are_cut():
    device = usable([(10 * US, 30 * US)] * 9)
    for qubit in range(9):
        device.relaxation(qubit)
    (note,) = device.notes()
    assert note.endswith("qubit 5 and 3 more")
