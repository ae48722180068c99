"""Calibrations: what they take from a backend, that files keep it exactly, and that a snapshot is as good as the device."""

import errno
import json
import math
import os
import re

import pytest
from qiskit.circuit.library import CZGate, Measure
from qiskit.providers import QubitProperties
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer import AerSimulator

import qnet_circuits as qn
from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.entries import OperationCalibration, QubitCalibration
from qnet_circuits.errors import ParameterError, RecordError, UnsupportedError

STAND_INS = ["fake_kingston", "fake_sherbrooke", "fake_manila"]


@pytest.fixture
def pair():
    qubits = [QubitCalibration(1e-4, 3e-4, 0.01, 0.02), QubitCalibration()]
    entries = [
        OperationCalibration("measure", (0,), 0.015, 1e-6),
        OperationCalibration("cz", (0, 1), 1.0, 68e-9),
        OperationCalibration("measure", (1,)),
    ]
    operations = ["cz", "if_else", "measure"]
    return DeviceCalibration("pair", qubits, operations, entries, 4e-9, "2026-04-15T09:15:15+02:00", "hand")


@pytest.mark.parametrize("name", STAND_INS)
def test_files_keep_everything(name, tmp_path):
    calibration = fake_device(name).calibration
    file = tmp_path / "snapshot.json"
    calibration.save(file)
    assert DeviceCalibration.load(file) == calibration
    assert DeviceCalibration.from_dict(calibration.to_dict()) == calibration
    assert file.stat().st_size < 400_000
    assert json.loads(file.read_text())["schema"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["snapshot.json"]


def test_raw_data_is_not_repaired():
    kingston = fake_device("fake_kingston").calibration
    assert (kingston.t1(146), kingston.t2(146)) == (None, None)
    assert kingston.t1(0) == pytest.approx(384.16e-6, rel=1e-4)
    boston = fake_device("fake_boston").calibration
    assert any(qubit.t1 and qubit.t2 and qubit.t2 > 2 * qubit.t1 for qubit in boston.qubits)
    assert max(boston.error("cz", entry.qubits) for entry in boston.entries if entry.name == "cz") == 1.0


def test_variants_keep_their_own_names():
    kingston = fake_device("fake_kingston").calibration
    assert kingston.duration("measure", [0]) == pytest.approx(2280e-9)
    assert kingston.duration("measure_2", [0]) == pytest.approx(1760e-9)
    assert kingston.error("measure_2", [0]) == pytest.approx(0.0188, abs=1e-4)
    assert "reset_2" in fake_device("fake_boston").calibration.operations


def test_readout_has_both_directions_where_they_are_known():
    assert fake_device("fake_sherbrooke").calibration.readout(5) == pytest.approx((0.0684, 0.0527), abs=1e-4)
    generic = GenericBackendV2(3, seed=1)
    error = generic.target["measure"][(2,)].error
    assert DeviceCalibration.from_backend(generic).readout(2) == (error, error)


def test_what_a_stand_in_says_of_itself():
    kingston = fake_device("fake_kingston").calibration
    assert (kingston.name, kingston.source, kingston.family) == ("fake_kingston", "fake_kingston", "Heron r2")
    assert (kingston.num_qubits, kingston.dt, kingston.dynamic, kingston.retired) == (156, 4e-9, True, False)
    assert kingston.date == "2026-04-15T09:15:15+02:00"
    assert len(kingston.couplings) == 176 and frozenset((0, 1)) in kingston.couplings
    assert fake_device("fake_torino").calibration.retired
    assert not fake_device("fake_berlin").calibration.dynamic
    assert repr(kingston) == (
        "<DeviceCalibration 'fake_kingston': 156 qubits, "
        "cz delay id if_else measure measure_2 reset rz sx x, of 2026-04-15>"
    )


def test_a_backend_without_calibration_has_gaps():
    bare = DeviceCalibration.from_backend(AerSimulator(), "bare")
    assert bare.name == "bare" and bare.dynamic
    assert bare.t1(0) is None and bare.readout(0) == (None, None) and bare.error("cx", (0, 1)) is None
    assert bare.couplings == frozenset()
    with pytest.raises(UnsupportedError, match="bare"):
        Device.from_calibration(bare)


def test_nan_and_infinity_are_gaps():
    target = Target(num_qubits=2, qubit_properties=[QubitProperties(t1=math.inf, t2=math.nan)] * 2)
    target.add_instruction(CZGate(), {(0, 1): InstructionProperties(error=math.nan, duration=math.inf)})
    target.add_instruction(Measure(), {(0,): InstructionProperties(error=math.nan), (1,): None})
    gappy = type("Gappy", (GenericBackendV2,), {"target": target})
    calibration = DeviceCalibration.from_backend(gappy(2, seed=1))
    assert calibration.qubits == (QubitCalibration(),) * 2
    assert calibration.entries[0] == OperationCalibration("cz", (0, 1))
    assert calibration.readout(0) == (None, None)


@pytest.mark.parametrize("name", STAND_INS)
@pytest.mark.parametrize("corrections", ["frame", "feedforward"])
def test_a_snapshot_runs_as_the_device_does(name, corrections, tmp_path):
    device = fake_device(name)
    device.calibration.save(tmp_path / "snapshot.json")
    copy = Device.from_calibration(DeviceCalibration.load(tmp_path / "snapshot.json"))
    assert (copy.num_qubits, copy.dynamic) == (device.num_qubits, device.dynamic)
    results = [
        qn.run(qn.RepeaterChain(hops=2), AerBackend("aer", each), shots=500, seed=3, corrections=corrections)
        for each in (device, copy)
    ]
    assert results[0].figures == results[1].figures
    assert results[0].fidelity.value < 1
    layouts = [result.to_dict()["layout"] for result in results]
    assert layouts[0] == layouts[1] != [list(range(4))]


@pytest.mark.parametrize("name", STAND_INS)
def test_the_target_of_a_calibration_is_the_devices(name):
    device = fake_device(name)
    target, copy = device.target, Device.from_calibration(device.calibration).target
    assert set(target.operation_names) == set(copy.operation_names)
    assert target.dt == copy.dt and target.num_qubits == copy.num_qubits
    for operation in target.operation_names:
        if None in target[operation]:
            assert None in copy[operation]
            continue
        assert list(target[operation]) == list(copy[operation])
        for qubits, entry in target[operation].items():
            assert getattr(entry, "error", None) == copy[operation][qubits].error
            assert getattr(entry, "duration", None) == copy[operation][qubits].duration
    assert [(q.t1, q.t2) for q in target.qubit_properties] == [(q.t1, q.t2) for q in copy.qubit_properties]


def test_a_device_has_a_backend_or_a_calibration(pair):
    for arguments in ((None, (), None), (GenericBackendV2(2), (), pair)):
        with pytest.raises(ParameterError, match=r"backend .*calibration"):
            Device("mine", *arguments)
    device = Device("mine", GenericBackendV2(2, seed=1))
    assert device.calibration.name == "mine" and device.calibration is device.calibration


def test_nothing_is_overwritten(pair, tmp_path):
    file = tmp_path / "pair.json"
    pair.save(file)
    with pytest.raises(RecordError, match=r"pair\.json .*overwrite=True"):
        pair.save(file)
    pair.save(str(file), overwrite=True)
    with pytest.raises(ParameterError, match=r"\.json.*pair\.txt"):
        pair.save(tmp_path / "pair.txt")
    with pytest.raises(RecordError, match=r"nowhere/pair\.json.*" + os.strerror(errno.ENOENT)):
        pair.save(tmp_path / "nowhere" / "pair.json")


def test_a_save_that_fails_leaves_the_old_file(pair, tmp_path, monkeypatch):
    file = tmp_path / "pair.json"
    pair.save(file)

    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RecordError, match=r"pair\.json.*full"):
        pair.save(file, overwrite=True)
    assert DeviceCalibration.load(file) == pair
    assert list(tmp_path.iterdir()) == [file]


def test_bad_files_are_one_clear_line(pair, tmp_path):
    file = tmp_path / "pair.json"
    with pytest.raises(RecordError, match=r"pair\.json"):
        DeviceCalibration.load(file)
    whole = json.dumps(pair.to_dict()).encode()
    for torn in (b"", whole[:-5], whole[: len(whole) // 2], b"\xff\xfe\x00", b"[" * 100_000):
        file.write_bytes(torn)
        with pytest.raises(RecordError, match=r"pair\.json .*JSON"):
            DeviceCalibration.load(file)
    for unreadable, reason in ((tmp_path, "directory"), ("/dev/null", "regular")):
        with pytest.raises(RecordError, match=rf"{re.escape(str(unreadable))}.*{reason}"):
            DeviceCalibration.load(unreadable)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["schema"], 2, "schema 2, .* 1;"),
        (["schema"], "1", "schema .*'1'"),
        (["schema"], None, "schema .*None"),
        (["dt"], ..., "lacks dt"),
        (["color"], "red", "color"),
        (["name"], "", "name .*''"),
        (["name"], 3, "name .* 3"),
        (["retired"], 0, "retired .* 0"),
        (["date"], "yesterday", "date .*yesterday"),
        (["dt"], -1e-9, "dt .* -1e-09"),
        (["num_qubits"], 3, "num_qubits .*3.* 2"),
        (["qubits"], [], r"qubits .*t1.* \[\]"),
        (["qubits", "t1"], [1e-4], r"qubits\.t2 .*qubits\.t1"),
        (["qubits", "t2"], "long", r"qubits\.t2 .*\'long\'"),
        (["qubits", "t2"], ..., "qubits lacks t2"),
        (["qubits", "t1", 1], -1e-6, r"qubits\[1\]: t1 .* -1e-06"),
        (["qubits", "t1", 1], "1e-4", r"qubits\[1\]: t1 .* '1e-4'"),
        (["qubits", "t1", 1], True, r"qubits\[1\]: t1 .* True"),
        (["qubits", "t1", 1], math.nan, r"qubits\[1\]: t1 .* nan"),
        (["qubits", "t1", 1], 10**400, r"qubits\[1\]: t1 .*1000"),
        (["qubits", "one_from_zero", 0], 1.01, r"qubits\[0\]: one_from_zero .*\[0, 1\].* 1\.01"),
        (["qubits", "zero_from_one", 0], [0.1], r"qubits\[0\]: zero_from_one .*\[0, 1\].*\[0\.1\]"),
        (["operations"], ["cz"], r"operations .*\['cz'\]"),
        (["operations", "cz", "error", 0], -0.1, r"operations\.cz\[0\]: cz on 0, 1: error .*\[0, 1\].*-0\.1"),
        (["operations", "cz", "duration", 0], -1, r"operations\.cz\[0\]: cz on 0, 1: duration .*-1"),
        (["operations", "cz", "qubits", 0], [0, 2], "cz: qubits .*0 to 1.* 0, 2"),
        (["operations", "cz", "qubits", 0], [0, 0], r"operations\.cz\[0\]: cz: qubits .*0, 0"),
        (["operations", "cz", "qubits", 0], [0, -1], r"operations\.cz\[0\]: cz: qubit .*-1"),
        (["operations", "cz", "qubits", 0], [0, 1.0], r"operations\.cz\[0\]: cz: qubit .*1\.0"),
        (["operations", "cz", "qubits", 0], 1, r"operations\.cz\[0\]: qubits .* 1"),
        (["operations", "measure", "qubits", 1], [0], r"measure on \(0,\)"),
        (["operations", "measure", "error"], [], r"operations\.measure\.error .*operations\.measure\.qubits"),
        (["operations", "cz"], None, r"operations\.cz .*qubits, error, duration.* None"),
    ],
)  # fmt: skip
def test_bad_fields_are_named(pair, tmp_path, path, value, message):
    plain = pair.to_dict()
    inner = plain
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    file = tmp_path / "pair.json"
    file.write_text(json.dumps(plain))
    with pytest.raises(RecordError, match=message) as caught:
        DeviceCalibration.load(file)
    assert str(caught.value).startswith(f"{file} ")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    with pytest.raises(ParameterError, match=message):
        DeviceCalibration.from_dict(json.loads(file.read_text()))


def test_no_object_and_no_schema(tmp_path):
    for plain in (None, 3, [], {}, {"name": "x"}):
        with pytest.raises(ParameterError, match="schema"):
            DeviceCalibration.from_dict(plain)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", [], []), "name "),
        (("x", "q", []), "qubits .*QubitCalibration.*'q'"),
        (("x", [1], []), "qubits .*QubitCalibration.* 1"),
        (("x", [], []), "qubits .* 1"),
        (("x", [QubitCalibration()], [""]), "operations .*str"),
        (("x", [QubitCalibration()], ["cz", "cz"]), "operations .*cz"),
        (("x", [QubitCalibration()], [], [OperationCalibration("x", (0,))]), "x.*operations"),
        (("x", [QubitCalibration()], ["x"], [OperationCalibration("x", (1,))]), "x: qubits .*0 to 0.* 1"),
        (("x", [], [], [], None, None, None), "source "),
        (("x", [], [], [], None, None, "", ""), "family "),
    ],
)  # fmt: skip
def test_a_calibration_is_checked_when_built(arguments, message):
    with pytest.raises(ParameterError, match=message):
        DeviceCalibration(*arguments)


def test_a_qubit_that_does_not_exist_is_no_gap(pair):
    with pytest.raises(ParameterError, match=r"qubit .*0 to 1.* 2"):
        pair.t1(2)


def test_the_order_of_entries_does_not_matter(pair):
    again = DeviceCalibration("pair", pair.qubits, pair.operations, reversed(pair.entries[:1]), 4e-9)
    assert again.entries == pair.entries[:1]
    assert [entry.name for entry in pair.entries] == ["cz", "measure", "measure"]
    assert eval(repr(pair.entries[0])) == pair.entries[0]


def test_an_unknown_operation_is_said(pair):
    strange = DeviceCalibration("strange", pair.qubits, ["warp"])
    with pytest.raises(UnsupportedError, match=r"strange .*'warp'"):
        Device.from_calibration(strange)


def test_a_summary_counts_and_says_where(pair):
    summary = pair.summary()
    assert (summary["qubits"], summary["couplings"], summary["dynamic"], summary["source"]) == (
        2,
        1,
        True,
        "hand",
    )
    assert summary["medians"] == {
        "t1": 1e-4, "t2": 3e-4, "one_qubit_error": None, "two_qubit_error": 1.0, "readout_error": 0.015,
        "one_qubit_duration": None, "two_qubit_duration": 68e-9, "measurement_duration": 1e-6,
    }  # fmt: skip
    assert summary["worst"]["two_qubit_error"] == {"value": 1.0, "qubits": [0, 1]}
    assert summary["worst"]["one_qubit_error"] is None
    assert summary["gaps"] == {
        "t1_missing": 1, "t2_missing": 1, "t2_above_twice_t1": 1, "readout_missing": 1, "readout_failed": 0,
        "one_qubit_gates_failed": 0, "two_qubit_gates_failed": 1,
    }  # fmt: skip


def test_a_summary_leaves_out_what_is_no_gate():
    qubits = [QubitCalibration(one_from_zero=0.5, zero_from_one=0.5), QubitCalibration()]
    entries = [
        *(OperationCalibration("rz", (k,), 0.0, 0.0) for k in (0, 1)),
        OperationCalibration("sx", (0,), 0.5, 32e-9),
        OperationCalibration("measure", (0,), 0.9, 1e-6),
        OperationCalibration("reset", (0,), 0.9, 1e-6),
    ]
    summary = DeviceCalibration("two", qubits, ["measure", "reset", "rz", "sx"], entries).summary()
    assert (summary["medians"]["one_qubit_error"], summary["medians"]["one_qubit_duration"]) == (0.5, 32e-9)
    gaps = summary["gaps"]
    assert (gaps["one_qubit_gates_failed"], gaps["readout_failed"], gaps["readout_missing"]) == (1, 1, 1)


def test_summaries_of_stand_ins():
    """The figures that the makers' own tables give: medians over the chip, and failed calibrations."""
    kingston = fake_device("fake_kingston").calibration.summary()
    medians = kingston["medians"]
    assert (round(medians["t1"] * 1e6), round(medians["t2"] * 1e6)) == (283, 144)
    assert medians["two_qubit_error"] == pytest.approx(1.83e-3, rel=0.01)
    assert medians["readout_error"] == pytest.approx(9.5e-3, rel=0.01)
    assert medians["measurement_duration"] == pytest.approx(2280e-9)
    assert medians["one_qubit_duration"] == pytest.approx(32e-9)
    assert (kingston["gaps"]["t1_missing"], kingston["gaps"]["t2_missing"]) == (1, 1)
    times = [fake_device("fake_kingston").calibration.t2(k) for k in range(156)]
    worst = kingston["worst"]["t2"]
    assert worst["value"] == min(time for time in times if time is not None)
    assert times[worst["qubits"][0]] == worst["value"]
    assert fake_device("fake_torino").calibration.summary()["gaps"]["two_qubit_gates_failed"] == 11
