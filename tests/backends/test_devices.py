"""Devices by name, by snapshot and handed in: what a backend is called, and whether its runs can be resumed."""

import dataclasses

import pytest

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.registry import backend_of, device_of
from qnet_circuits.errors import ParameterError, RecordError, UnknownNameError, UnsupportedError

CHAIN = qn.RepeaterChain(hops=2)


@pytest.fixture
def snapshot(tmp_path):
    file = tmp_path / "manila.json"
    qn.stand_in_device("fake_manila").save(file)
    return str(file)


def test_a_snapshot_gives_the_devices_own_figures(snapshot):
    named = qn.run(CHAIN, "aer:fake_manila", shots=300, seed=2)
    kept = qn.run(CHAIN, f"aer:{snapshot}", shots=300, seed=2)
    assert kept.figures == named.figures
    assert kept.to_dict()["backend"] == f"aer:{snapshot}"
    assert kept.to_dict()["layout"] == named.to_dict()["layout"]


def test_a_stand_in_that_is_none_is_told_from_those_there_are():
    with pytest.raises(UnknownNameError, match=r"fake_manilla.*fake_manila"):
        qn.stand_in_device("fake_manilla")


def test_what_is_handed_in_is_aer_with_it():
    device = fake_device("fake_manila")
    named = qn.run(CHAIN, "aer:fake_manila", shots=300, seed=2)
    for handed in (device, device.calibration):
        result = qn.run(CHAIN, handed, shots=300, seed=2)
        assert result.figures == named.figures
        assert result.to_dict()["backend"] == "aer:calibration fake_manila"
    assert backend_of(qn.line_device(4)).name == "aer:calibration synthetic line of 4"
    assert qn.compile(CHAIN, qn.grid_device(2, 3)).device.num_qubits == 6


def test_public_names():
    assert qn.heavy_hex_device(1, 4).num_qubits == 4
    assert isinstance(qn.line_device(2), qn.DeviceCalibration)


def test_a_run_on_a_snapshot_is_resumed(snapshot, tmp_path):
    directory = tmp_path / "run"
    prepared = qn.submit(CHAIN, f"aer:{snapshot}", shots=200, seed=4, path=directory)
    again = qn.open_run(directory).result()
    assert (
        again.figures
        == prepared.result().figures
        == qn.run(CHAIN, "aer:fake_manila", shots=200, seed=4).figures
    )


def test_a_run_on_a_snapshot_that_changed_is_refused(snapshot, tmp_path):
    directory = tmp_path / "run"
    qn.submit(CHAIN, f"aer:{snapshot}", shots=200, seed=4, path=directory)
    other = dataclasses.replace(qn.line_device(5), name="fake_manila")
    other.save(snapshot, overwrite=True)
    with pytest.raises(RecordError, match="manila"):
        qn.open_run(directory).result()


def test_a_run_on_a_calibration_handed_in_cannot_be_mistaken(tmp_path):
    """Its name could be a stand-in's, with other figures: it must not be looked up."""
    better = dataclasses.replace(qn.line_device(5), name="fake_manila")
    directory = tmp_path / "run"
    run = qn.submit(CHAIN, better, shots=200, seed=4, path=directory)
    with pytest.raises(ParameterError, match="fake_manila"):
        qn.open_run(directory).result()
    assert run.result().figures == qn.replay(directory).figures


def test_wrong_devices_are_refused(tmp_path):
    with pytest.raises(RecordError, match=r"nowhere\.json"):
        qn.run(CHAIN, "aer:nowhere.json")
    with pytest.raises(ParameterError, match=r"'ideal:device\.json'"):
        qn.run(CHAIN, "ideal:device.json")
    with pytest.raises(
        ParameterError,
        match=r"device .* 3$",
    ):
        device_of(3)
    strange = dataclasses.replace(qn.line_device(5), operations=(*qn.line_device(5).operations, "warp"))
    strange.save(tmp_path / "strange.JSON")
    for where in (strange, f"aer:{tmp_path / 'strange.JSON'}"):
        with pytest.raises(UnsupportedError, match="'warp'"):
            qn.run(CHAIN, where)
    with pytest.raises(ParameterError, match=r"DeviceCalibration.* 3$"):
        qn.run(CHAIN, 3)


def test_a_run_keeps_what_the_device_said_and_can_be_repeated_on_it(snapshot, tmp_path):
    run = qn.submit(CHAIN, f"aer:{snapshot}", seed=1, shots=200, path=tmp_path / "run")
    said = qn.DeviceCalibration.load(tmp_path / "run" / "calibration.json")
    device, used = device_of(snapshot).calibration, run.result().provenance["layout"][0]
    assert said.num_qubits == device.num_qubits and said.date == device.date
    for qubit in range(said.num_qubits):
        assert said.t1(qubit) == (device.t1(qubit) if qubit in used else None)
    assert {entry.name for entry in said.entries} >= {"cx", "measure"}
    assert all(set(entry.qubits) <= set(used) for entry in said.entries)
    again = qn.run(CHAIN, f"aer:{tmp_path / 'run' / 'calibration.json'}", seed=1, shots=200, layout=used)
    assert again.figures == run.result().figures
