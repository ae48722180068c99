"""Values of the day: each goes where it belongs, and nowhere else."""

import dataclasses

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import ParameterError, QnetError, RecordError

LINE = qn.line_device(4)


def changed(before, after):
    """Return the qubits and the entries that differ, each with what it is now."""
    qubits = {
        k: new for k, (old, new) in enumerate(zip(before.qubits, after.qubits, strict=True)) if old != new
    }
    entries = {key: new for key, new in after.entry_of.items() if before.entry_of[key] != new}
    return qubits, entries


@pytest.mark.parametrize("place", [2, "2", (2,), np.int64(2)])
def test_what_is_said_of_a_qubit(place):
    today = LINE.with_values({place: {"t1": 5e-5, "t2": 4e-5, "one_from_zero": 0.1, "zero_from_one": 0.2}})
    qubits, entries = changed(LINE, today)
    assert list(qubits) == [2]
    assert dataclasses.astuple(qubits[2]) == (5e-5, 4e-5, 0.1, 0.2)
    assert {key: entry.error for key, entry in entries.items()} == {("measure", (2,)): pytest.approx(0.15)}


def test_readout_is_that_of_both_directions():
    today = LINE.with_values({0: {"readout": 0.07}})
    assert today.readout(0) == (0.07, 0.07)
    assert today.error("measure", (0,)) == 0.07


@pytest.mark.parametrize("place", [(1, 2), "1-2", (2, 1), "2-1"])
def test_the_error_of_a_coupling_is_that_of_all_its_gates_in_both_directions(place):
    device = fake_device("fake_manila").calibration
    qubits, entries = changed(device, device.with_values({place: {"two_qubit_error": 0.3}}))
    assert not qubits
    assert {key: entry.error for key, entry in entries.items()} == {("cx", (1, 2)): 0.3, ("cx", (2, 1)): 0.3}


def test_the_error_of_one_qubit_gates_leaves_changes_of_frame_alone():
    device = fake_device("fake_kingston").calibration
    qubits, entries = changed(device, device.with_values({7: {"one_qubit_error": 0.02}}))
    assert not qubits
    assert {name for name, _ in entries} == {"id", "sx", "x"}
    assert {where for _, where in entries} == {(7,)}


def test_readout_in_mid_circuit_has_a_value_of_its_own():
    device = fake_device("fake_kingston").calibration
    today = device.with_values({7: {"mid_circuit_readout": 0.3, "readout": 0.2}})
    usable = Usable(today)
    assert usable.readout(7, middle=True) == (0.3, 0.3)
    assert usable.readout(7) == (0.2, 0.2)


def test_durations_and_the_date_stay_and_the_source_says_what_was_laid_over():
    device = fake_device("fake_manila").calibration
    today = device.with_values({0: {"t1": 1e-5}}, source="this morning")
    assert (today.date, today.duration("cx", (0, 1))) == (device.date, device.duration("cx", (0, 1)))
    assert today.source == "fake_manila, with values of this morning"
    assert today.digest != device.digest
    assert qn.DeviceCalibration.from_dict(today.to_dict()) == today


def test_a_failed_calibration_is_healed_by_a_measured_error():
    failed = LINE.with_values({"0-1": {"two_qubit_error": 1.0}})
    assert failed.failed_couplings == {frozenset((0, 1))}
    assert not failed.with_values({"0-1": {"two_qubit_error": 0.01}}).failed_couplings


def test_a_csv_says_the_same(tmp_path):
    file = tmp_path / "today.csv"
    file.write_bytes(
        "\ufeffplace,quantity,value\r\n# a comment\r\n\r\n 2 , t1 , 5e-5\r\n2-1,two_qubit_error,0.03\r\n".encode()
    )
    values = {2: {"t1": 5e-5}, (1, 2): {"two_qubit_error": 0.03}}
    today = LINE.with_values(file)
    assert today == LINE.with_values(values, source=str(file))
    assert LINE.with_values(str(file)) == today


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({9: {"t1": 1e-4}}, ["t1 of 9", "0 to 3"]),
        ({(0, 2): {"two_qubit_error": 0.1}}, ["0-2"]),
        ({0: {"t3": 1e-4}}, ["t3", "t1"]),
        ({0: {"two_qubit_error": 0.1}}, ["two_qubit_error of 0"]),
        ({(0, 1): {"t1": 1e-4}}, ["t1 of 0-1"]),
        ({0: {"t1": float("nan")}}, ["t1 of 0", "nan"]),
        ({0: {"t1": float("inf")}}, ["t1 of 0"]),
        ({0: {"t1": -1e-6}}, ["t1 of 0"]),
        ({0: {"t1": "long"}}, ["t1", "long"]),
        ({0: {"t1": None}}, ["t1", "None"]),
        ({0: {"readout": 1.1}}, ["readout of 0", "1.1"]),
        ({0: {"t1": 1e-5, "t2": 2.1e-5}}, ["t2 of 0", "2.1e-05"]),
        ({0: {"readout": 0.1, "one_from_zero": 0.1}}, ["one_from_zero of 0", "readout of 0"]),
        ({0: {"t1": 1e-5}, "0": {"t1": 1e-5}}, ["t1 of 0"]),
        ({(0, 1): {"two_qubit_error": 0.1}, "1-0": {"two_qubit_error": 0.1}}, ["two_qubit_error of 0-1"]),
        ({0: {"mid_circuit_readout": 0.1}}, ["mid_circuit_readout of 0"]),
        ({(0, 0): {"two_qubit_error": 0.1}}, ["(0, 0)"]),
        ({(0, 1, 2): {"two_qubit_error": 0.1}}, ["(0, 1, 2)"]),
        ({-1: {"t1": 1e-4}}, ["-1"]),
        ({True: {"t1": 1e-4}}, ["True"]),
        ({1.5: {"t1": 1e-4}}, ["1.5"]),
        ({"0_1": {"t1": 1e-4}}, ["0_1"]),
        ({0: {"t1": True}}, ["t1", "True"]),
        ({"q3": {"t1": 1e-4}}, ["q3"]),
        ({0: 1e-4}, ["0.0001"]),
        (3, ["3"]),
    ],
)
def test_wrong_values_are_one_clear_line(values, said):
    with pytest.raises(ParameterError) as caught:
        LINE.with_values(values)
    text = str(caught.value)
    assert all(part in text for part in said) and "\n" not in text


def test_t2_beyond_twice_a_t1_that_is_not_given_is_repaired_like_any_other():
    today = LINE.with_values({0: {"t2": 9e-4}})
    assert today.t2(0) == 9e-4
    assert Usable(today).relaxation(0)[1] == 2 * LINE.t1(0)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", ""),
        ("qubit,quantity,value\n", ""),
        ("place,quantity,value\n0,t1\n", "line 2"),
        ("place,quantity,value\n\n#\n0,t1,fast\n", "line 4"),
        ("place,quantity,value\nx,t1,1e-4\n", "line 2"),
        ("place,quantity,value\n0,t1,1e-4\n0,t1,2e-4\n", "line 3"),
        ("place,quantity,value\n7,t1,1e-4\n", "line 2"),
        ("place,quantity,value\n0,T1,1e-4\n", "line 2"),
    ],
)
def test_a_wrong_csv_names_the_file_and_the_line(tmp_path, content, line):
    file = tmp_path / "today.csv"
    file.write_text(content)
    with pytest.raises(ParameterError) as caught:
        LINE.with_values(file)
    assert str(file) in str(caught.value) and line in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError):
        LINE.with_values("a\0b")
    for path in (tmp_path / "nowhere.csv", tmp_path, tmp_path / "binary.csv"):
        with pytest.raises(RecordError, match=path.name):
            LINE.with_values(path)
    assert issubclass(RecordError, QnetError)
