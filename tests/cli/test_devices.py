"""The command ``qnet devices``: the list, one device, and snapshots of it."""

import json
import re

import pytest
from qiskit_ibm_runtime.fake_provider.backends.nighthawk import fake_nighthawk

import qnet_circuits as qn
from qnet_circuits.backends.ibm import stand_ins as runtime

FEW = ("fake_manila", "fake_torino", "fake_berlin", "fake_kingston", "fake_nighthawk", "fake_essex")


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(runtime, "fake_device_names", lambda: FEW)


@pytest.mark.usefixtures("few")
def test_those_in_service_come_first(qnet):
    status, out, err = qnet("devices", "--json")
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert plain["schema"] == 1
    assert [(each["name"], each["status"], each["retired"]) for each in plain["devices"]] == [
        ("fake_kingston", "in service", False),
        ("fake_berlin", "in service", False),
        ("fake_nighthawk", "family", False),
        ("fake_torino", "retired", True),
        ("fake_essex", "retired", True),
        ("fake_manila", "retired", True),
    ]


@pytest.mark.usefixtures("few")
def test_the_table_for_people(qnet):
    status, out, _ = qnet("devices")
    assert status == 0
    header, *rows = (line.split() for line in out.splitlines())
    assert header[0] == "device" and len(rows) == len(FEW)
    assert rows[0] == [
        "fake_kingston", "156", "Heron", "r2", "283", "144", "0.0018", "0.0095", "2.28", "yes", "2026-04-15", "in", "service",
    ]  # fmt: skip
    assert rows[1][-4:] == ["no", "2026-04-17", "in", "service"]
    assert rows[4][2] == "-" and "-" in rows[4][5:8]


def test_all_stand_ins_have_a_status():
    from qnet_circuits.devices.fleet import FAMILY, IN_SERVICE, status

    known = [name for name in runtime.fake_device_names() if status(name) in (IN_SERVICE, FAMILY)]
    assert [name.removeprefix("fake_") for name in known] == [
        "aachen", "berlin", "boston", "fez", "kingston", "marrakesh", "miami", "nighthawk", "pittsburgh",
    ]  # fmt: skip


def test_one_device(qnet, monkeypatch):
    status, out, err = qnet("devices", "fake_kingston")
    assert (status, err) == (0, "")
    assert "fake_kingston: 156 qubits, 176 couplings, Heron r2" in out
    assert "from: fake_kingston (in service)" in out
    assert "T1: median 283 µs, worst 73 µs on 131" in out
    assert "two-qubit error: median 0.00183, worst 1 on 83, 96" in out
    assert "measurement: median 2.28 µs" in out
    assert "1 t1 missing, 1 t2 missing" in out
    plain = json.loads(qnet("devices", "fake_kingston", "--json")[1])
    summary = qn.DeviceCalibration.from_dict(
        runtime.fake_device("fake_kingston").calibration.to_dict()
    ).summary()
    assert plain == {"schema": 1, "device": {**summary, "status": "in service", "notes": []}}
    # The snapshot says this to whoever makes it first in a process.
    monkeypatch.setattr(fake_nighthawk, "DISPLAY_WARNING", True)
    runtime.fake_device.cache_clear()
    assert "note: Properties of fake_nighthawk are not" in qnet("devices", "fake_nighthawk")[1]


def test_save_then_run_on_the_snapshot(qnet, tmp_path):
    file = str(tmp_path / "snapshot.json")
    status, out, err = qnet("devices", "fake_manila", "--save", file, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["device"]["qubits"] == 5 and json.loads(out)["saved"] == file
    other = str(tmp_path / "other.json")
    assert qnet("devices", "fake_manila", "--save", other)[1].endswith(f"\nsaved: {other}\n")
    figures = []
    for where in (f"aer:{file}", "aer:fake_manila"):
        arguments = ("--set", "hops=2", "--shots", "200", "--seed", "1", "--json")
        status, out, err = qnet("run", "repeater-chain", "--on", where, *arguments)
        assert (status, err) == (0, "")
        assert json.loads(out)["backend"] == where
        figures.append(json.loads(out)["figures"])
    assert figures[0] == figures[1]
    assert json.loads(qnet("devices", file, "--json")[1])["device"]["source"] == "fake_manila"
    status, out, err = qnet("devices", "fake_manila", "--save", file)
    assert (status, out) == (2, "") and f"--save: {file} " in err and "overwrite=" not in err


def test_values_of_the_day_are_laid_over_a_snapshot(qnet, tmp_path):
    csv, file = tmp_path / "today.csv", str(tmp_path / "today.json")
    csv.write_text("# measured this morning\nplace,quantity,value\n3,t1,1.2e-5\n0-1,two_qubit_error,0.2\n")
    status, out, err = qnet("devices", "fake_manila", "--values", str(csv), "--save", file, "--json")
    assert (status, err) == (0, "")
    device = json.loads(out)["device"]
    assert device["worst"]["t1"] == {"value": 1.2e-5, "qubits": [3]}
    assert device["worst"]["two_qubit_error"]["value"] == 0.2
    assert device["source"] == f"fake_manila, with values of {csv}"
    assert device["status"] == "retired"
    arguments = ("predict", "repeater-chain", "--set", "hops=2", "--layout", "0,1,2,3", "--json")
    before, after = (
        json.loads(qnet(*arguments, "--on", where)[1])["figures"]["fidelity"]["value"]
        for where in ("fake_manila", file)
    )
    assert after < before - 0.05


def test_a_link_benchmark_gives_values_of_the_day(qnet, tmp_path):
    run, file = str(tmp_path / "links"), str(tmp_path / "today.json")
    real = qn.line_device(4, two_qubit_error=0.05)
    real.save(tmp_path / "real.json")
    qn.run(qn.LinkBenchmark(), f"exact:{tmp_path / 'real.json'}", path=run)
    qn.line_device(4, two_qubit_error=0.01).save(tmp_path / "said.json")
    status, out, _ = qnet("devices", str(tmp_path / "said.json"), "--values", run, "--save", file)
    assert status == 0 and f"with values of {run}" in out
    assert qn.DeviceCalibration.load(file).error("cz", (1, 2)) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize("line", ["9,t1,1e-4", "0-2,two_qubit_error,0.1", "1,t3,1e-4", "1,t1,nan", "1,t1"])
def test_a_wrong_line_of_a_csv_is_one_line_and_status_2(qnet, tmp_path, line):
    csv = tmp_path / "today.csv"
    csv.write_text(f"place,quantity,value\n0,t1,1e-4\n{line}\n")
    status, out, err = qnet("devices", "fake_manila", "--values", str(csv))
    assert (status, out) == (2, "")
    assert f"{csv}, line 3" in err and err.count("\n") == 1 and "Traceback" not in err


def test_a_synthetic_snapshot(qnet, tmp_path):
    file = str(tmp_path / "line.json")
    qn.line_device(4, dynamic=False).save(file)
    status, out, _ = qnet("devices", file)
    assert status == 0
    assert "from: synthetic line\n" in out and "gaps: none" in out and "no (no if_else)" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["devices", "fake_kingstn"], "device 'fake_kingstn'.*: fake_kingston"),
        (["devices", "nowhere.json"], r"nowhere\.json"),
        (["devices", "--save", "x.json"], "--save"),
        (["devices", "--values", "x.csv"], "--values"),
        (["devices", "fake_manila", "--values", "nowhere.csv"], r"nowhere\.csv"),
        (["devices", "fake_manila", "--save", "x.txt"], r"\.json.*'x\.txt'"),
        (["devices", "fake_manila", "--save", "/nowhere/x.json"], r"/nowhere/x\.json: No such file"),
        (["run", "repeater-chain", "--on", "aer:nowhere.json"], r"nowhere\.json"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line_and_status_2(qnet, arguments, message):
    status, out, err = qnet(*arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err)
    assert err.count("\n") == 1 and "Traceback" not in err


@pytest.mark.parametrize("command", [["devices"], ["run", "repeater-chain", "--on"]])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"schema": 1', "JSON"),
        ('{"schema": 2}', "schema 2.* 1"),
        ('{"schema": 1}', "date, dt, family, name, num_qubits, operations, qubits, retired, source"),
    ],
)
def test_a_bad_snapshot_is_one_line_and_status_2(qnet, tmp_path, command, content, message):
    file = tmp_path / "bad.json"
    file.write_text(content)
    where = str(file) if command == ["devices"] else f"aer:{file}"
    status, out, err = qnet(*command, where)
    assert (status, out) == (2, "")
    assert str(file) in err and re.search(message, err) and err.count("\n") == 1
