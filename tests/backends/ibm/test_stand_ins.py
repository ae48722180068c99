"""Stand-in devices: read from files, they are what IBM's client makes of them."""

import pickle
import subprocess
import sys

import pytest
from qiskit import qpy

import qnet_circuits as qn
from qnet_circuits.backends.ibm import stand_ins
from qnet_circuits.backends.ibm.client import fake_backend
from qnet_circuits.backends.ibm.stand_ins import fake_device, fake_device_names
from qnet_circuits.devices.device import restrict
from qnet_circuits.errors import UnsupportedError

#: A failed coupling, variants of measurement, no clock, gates without errors, no kind, no list of instructions.
SOME = (
    "fake_kingston",
    "fake_boston",
    "fake_essex",
    "fake_armonk",
    "fake_fractional_backend",
    "fake_almaden",
)


def check(name):
    device, (backend, notes) = fake_device(name), fake_backend(name)
    assert device.calibration == qn.DeviceCalibration.from_backend(backend, name)
    assert qn.stand_in_device(name) is device.calibration
    own, theirs = device.target, restrict(backend.target, range(backend.num_qubits))
    assert set(own.operation_names) == set(theirs.operation_names)
    for operation in own.operation_names:
        assert (own[operation] or {}).keys() == (theirs[operation] or {}).keys(), operation
    assert (
        own.dt == theirs.dt and device.described.target.acquire_alignment == backend.target.acquire_alignment
    )
    assert not notes and not device.notes


@pytest.mark.parametrize("name", SOME)
def test_a_stand_in_is_what_the_client_makes_of_its_files(name):
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*fake_device_names()} - {*SOME, "fake_nighthawk"}))
def test_so_are_all_others(name):
    check(name)


def test_the_names_are_those_of_the_client():
    import qiskit_ibm_runtime.fake_provider as provider

    classes = [getattr(provider, name) for name in dir(provider) if name.startswith("Fake")]
    described = [each for each in classes if hasattr(each, "conf_filename")]
    assert len(fake_device_names()) == len(described) > 60
    assert {each.backend_name for each in described} - {*fake_device_names()} == {"fake_fractional"}


def test_a_class_that_does_more_than_name_its_files_is_the_clients():
    device = fake_device("fake_nighthawk")
    assert device.backend is not None and device.load is None and device.described is device.backend
    assert fake_device("fake_manila").backend is None


def test_what_does_not_work_is_left_out():
    def values(**of):
        return [{"name": name, "unit": "", "value": value} for name, value in of.items()]

    configuration = {
        "n_qubits": 3,
        "basis_gates": ["x", "cz", "made_up"],
        "gates": [{"name": "cz", "coupling_map": [[0, 1], [1, 0], [1, 2]]}],
        "supported_instructions": ["measure", "delay", "if_else", "play"],
    }
    properties = {
        "gates": [
            {"gate": "cz", "qubits": [0, 1], "parameters": values(gate_error=0.1)},
            {"gate": "cz", "qubits": [1, 0], "parameters": values(gate_error=0.2, operational=0)},
            {"gate": "cz", "qubits": [1, 2], "parameters": values(gate_error=0.3)},
            {"gate": "x", "qubits": [0], "parameters": values(gate_length=3e-8)},
        ]
    }
    qubits = [{}, {}, {"operational": 0.0, "readout_error": 0.4}]
    assert stand_ins._entries(configuration, properties, qubits) == {
        "cz": {(0, 1): (0.1, None)},
        "x": {(0,): (None, 3e-8)},
        "measure": {(0,): (None, None), (1,): (None, None)},
        "delay": {(0,): (None, None), (1,): (None, None)},
        "if_else": {},
    }


def test_a_run_on_a_stand_in_does_not_import_the_client_but_names_its_version(tmp_path):
    code = (
        "import sys, qnet_circuits as qn\n"
        f"run = qn.submit(qn.Teleportation(), 'aer:fake_manila', shots=10, seed=1, path={str(tmp_path / 'run')!r})\n"
        "run.result()\n"
        "print('qiskit_ibm_runtime' in sys.modules, 'qiskit-ibm-runtime' in run.result().provenance['versions'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_stand_in_and_its_snapshot_do_not_share_circuits(tmp_path):
    """Pulses on a stand-in are aligned to its clock, of which a snapshot does not tell."""
    file = str(tmp_path / "sherbrooke.json")
    qn.stand_in_device("fake_sherbrooke").save(file)
    asked = {"corrections": "frame", "decoupling": True, "shots": 10, "seed": 1}
    qn.run(qn.Chsh(hops=3), f"aer:{file}", **asked)
    qn.run(qn.Chsh(hops=3), "aer:fake_sherbrooke", path=tmp_path / "run", **asked)
    with open(tmp_path / "run" / "compiled.qpy", "rb") as stream:
        delays = [
            each.operation.duration
            for circuit in qpy.load(stream)
            for each in circuit.get_instructions("delay")
        ]
    assert delays and not any(delay % 16 for delay in delays)


def test_a_stand_in_can_be_sent_to_another_process():
    device = pickle.loads(pickle.dumps(fake_device("fake_manila")))  # noqa: S301
    assert device.calibration == fake_device("fake_manila").calibration
    assert device.described.target.acquire_alignment == 16


def test_without_the_client_there_is_no_stand_in(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    stand_ins._all_described.cache_clear()
    fake_device.cache_clear()
    with pytest.raises(UnsupportedError, match="pip install qiskit-ibm-runtime"):
        qn.predict(qn.Teleportation(), "fake_london")
    monkeypatch.undo()
    assert "fake_london" in fake_device_names()
