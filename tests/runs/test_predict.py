"""Exact figures through every verb: where they come from, how they are kept, beside sampled ones, and what is refused."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qiskit.primitives import StatevectorSampler
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

import qnet_circuits as qn
from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ParameterError, ProgramError, RecordError, UnknownNameError, UnsupportedError

CHAIN = qn.RepeaterChain(hops=2, link_fidelity=0.9)
RANDOM_SETTINGS = qn.Ghz(parties=8, topology="chain")
ROOT = Path(qn.__file__).parents[1]


@pytest.fixture(scope="module")
def manila():
    return qn.predict(CHAIN, "fake_manila")


def values(result):
    return {name: estimate.value for name, estimate in result.figures.items()}


# -- every way to name a device ----------------------------------------------------------------------------------------


def every_way(tmp_path):
    calibration = fake_device("fake_manila").calibration
    calibration.save(tmp_path / "manila.json")
    snapshot = str(tmp_path / "manila.json")
    return {
        "exact:fake_manila": "exact:fake_manila",
        "aer:fake_manila": "exact:fake_manila",
        snapshot: f"exact:{snapshot}",
        f"aer:{snapshot}": f"exact:{snapshot}",
        calibration: "exact:calibration fake_manila",
        fake_device("fake_manila"): "exact:calibration fake_manila",
        backend_of("aer:fake_manila"): "exact:fake_manila",
        backend_of("exact:fake_manila"): "exact:fake_manila",
        AerBackend("mine", fake_device("fake_manila")): "exact:calibration fake_manila",
        FakeManilaV2(): "exact:calibration fake_manila",
        backend_of(FakeManilaV2()): "exact:calibration fake_manila",
    }


def test_a_device_is_the_same_however_it_is_named(manila, tmp_path):
    for where, name in every_way(tmp_path).items():
        found = qn.predict(CHAIN, where)
        assert values(found) == pytest.approx(values(manila), abs=1e-12), where
        assert found.provenance["backend"] == name
        assert found.provenance["engine"] == "exact"
    assert values(qn.run(CHAIN, "exact:fake_manila", seed=0)) == pytest.approx(values(manila), abs=1e-12)
    assert all(e.low == e.value == e.high and e.method == "exact" for e in manila.figures.values())


@pytest.mark.parametrize(
    "where", [None, "ideal", "aer", "exact", AerBackend(), ExactBackend(), qn.MockBackend()]
)
def test_without_a_device_only_the_links_err_and_the_name_says_so(where, tmp_path):
    found = qn.predict(CHAIN, where, path=tmp_path / "run")
    assert found.fidelity.value == pytest.approx(0.9**2 + 0.1**2 / 3)
    assert found.provenance["backend"] == "exact"
    assert values(qn.open_run(tmp_path / "run").result()) == values(found)


@pytest.mark.parametrize("where", [7, [], b"fake_manila", object(), 1.5, {"device": "fake_manila"}])
def test_what_is_no_device_is_one_clear_line(where):
    with pytest.raises(ParameterError, match=f"device .*{re.escape(repr(where)[:30])}"):
        qn.predict(CHAIN, where)


@pytest.mark.parametrize(
    "where", ["", "exact:", "aer:", "ideal:fake_manila", "ibm:fake_manila", "fake_manilla"]
)
def test_names_that_no_device_has(where):
    with pytest.raises(UnknownNameError, match="device "):
        qn.predict(CHAIN, where)


def test_a_device_holds_a_qiskit_backend_or_nothing():
    with pytest.raises(ParameterError, match=r"BackendV2.* 7"):
        Device("mine", 7)


@pytest.mark.parametrize(
    "backend", [AerSimulator(), GenericBackendV2(5, noise_info=False, control_flow=True)]
)
@pytest.mark.parametrize("corrections", ["frame", "feedforward"])
def test_a_device_without_calibration_costs_nothing_and_the_notes_say_so(backend, corrections):
    chain, device = qn.RepeaterChain(hops=2), Device("bare", backend)
    for result in (
        qn.predict(chain, device, corrections=corrections),
        qn.run(chain, device, shots=50, seed=1, corrections=corrections),
    ):
        assert result.fidelity.value == pytest.approx(1, abs=1e-9)
        said = " ".join(result.notes)
        assert "no T1 and T2 at all, so waiting costs nothing" in said
        assert "missing error, none is assumed" in said and "missing duration, taken as 4000 ns" in said


# -- kept on disk ------------------------------------------------------------------------------------------------------


def test_an_exact_run_is_kept_moved_and_read_in_another_process(tmp_path, manila):
    found = qn.predict(CHAIN, "fake_manila", path=tmp_path / "run")
    names = {file.name for file in (tmp_path / "run").iterdir()} - {".lock"}
    assert names == {
        "manifest.json", "program.qpy", "compiled.qpy", "calibration.json", "exact.json", "result.json",
    }  # fmt: skip
    shutil.move(tmp_path / "run", tmp_path / "moved")
    script = (
        "import sys, json\n"
        "import qnet_circuits as qn, qnet_circuits.runs.source as source\n"
        "def refuse(*a, **k): raise AssertionError('something was made again')\n"
        "source.backend_of = source.compile_for = source.Prepared = qn.DeviceCalibration.from_backend = refuse\n"
        "print(json.dumps([qn.replay(sys.argv[1]).to_dict(), qn.open_run(sys.argv[1]).result().to_dict()]))\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "moved")],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip
    for plain in json.loads(printed):
        assert plain == json.loads(json.dumps(found.to_dict()))
        assert plain["engine"] == "exact" and plain["shots"] is None and plain["seed"] is None
    with pytest.raises(RecordError, match="exact"):
        qn.open_run(tmp_path / "moved").outcomes()


def test_an_exact_run_that_was_prepared_only_is_computed_when_it_is_opened(tmp_path, manila):
    qn.submit(CHAIN, "exact:fake_manila", seed=0, path=tmp_path / "run")
    with pytest.raises(RecordError, match="outcomes"):
        qn.replay(tmp_path / "run")
    opened = qn.open_run(tmp_path / "run")
    assert opened.status == "PREPARED"
    assert values(opened.result()) == pytest.approx(values(manila), abs=1e-12)
    assert qn.open_run(tmp_path / "run").status == "COLLECTED"


def test_another_protocol_cannot_be_read_from_an_exact_run(tmp_path):
    qn.predict(CHAIN, "fake_manila", path=tmp_path / "run")
    same = qn.open_run(tmp_path / "run", protocol=qn.RepeaterChain(hops=2, link_fidelity=0.9))
    assert same.result().fidelity.method == "exact"
    with pytest.raises(ProgramError, match="exact"):
        qn.open_run(tmp_path / "run", protocol=qn.RepeaterChain(hops=2, link_fidelity=0.8))


@pytest.mark.parametrize(
    "text",
    [
        "3",
        "[]",
        '{"fidelity": 3}',
        '{"fidelity": {"value": 1}}',
        "{",
        '{"f": {"value": "x", "low": 0, "high": 1}}',
    ],
)
def test_damaged_values_are_one_clear_error(text, tmp_path):
    qn.predict(CHAIN, path=tmp_path / "run")
    (tmp_path / "run" / "exact.json").write_text(text)
    with pytest.raises(RecordError, match=r"exact\.json"):
        qn.replay(tmp_path / "run")


@pytest.mark.parametrize(
    "change",
    [
        {"options": {"shots": 10}}, {"options": 3}, {"noise": 3}, {"predicted": 3}, {"engine": 3}, {"engine": "exact"},
        {"program_id": ...}, {"corrections": ...},
    ],
    ids=str,
)  # fmt: skip
def test_a_prepared_run_with_a_damaged_manifest_is_one_clear_error(change, tmp_path):
    qn.submit(CHAIN, "aer:fake_manila", shots=10, seed=1, path=tmp_path / "run")
    file = tmp_path / "run" / "manifest.json"
    changed = {**json.loads(file.read_text()), **change}
    file.write_text(json.dumps({key: value for key, value in changed.items() if value is not ...}))
    with pytest.raises(RecordError, match=r"damaged|lacks (program_id|corrections)"):
        qn.open_run(tmp_path / "run").result()


# -- refused -----------------------------------------------------------------------------------------------------------


def test_what_exact_computation_cannot_do_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(UnsupportedError, match="shots"):
        qn.predict(CHAIN, "fake_manila", shots=100)
    with pytest.raises(UnsupportedError, match="shots"):
        qn.run(CHAIN, "exact:fake_manila", shots=100)
    with pytest.raises(UnsupportedError, match=r"GiB.*memory="):
        qn.predict(CHAIN, "fake_manila", memory=100)
    for memory in (0, -1, float("nan"), "2", True, None):
        with pytest.raises(ParameterError, match=f"memory .*{re.escape(repr(memory))}"):
            qn.predict(CHAIN, memory=memory)
    assert qn.predict(CHAIN, memory=np.int64(2**30)).fidelity.value < 1
    for verb in (
        lambda: qn.predict(RANDOM_SETTINGS),
        lambda: qn.run(RANDOM_SETTINGS, "exact"),
        lambda: qn.run(RANDOM_SETTINGS, "aer", shots=5, predict=True, path=tmp_path / "run"),
    ):
        with pytest.raises(UnsupportedError, match="random"):
            verb()
    assert not (tmp_path / "run").exists()


def test_a_run_that_cannot_be_computed_keeps_its_directory_as_it_was_prepared(tmp_path):
    with pytest.raises(UnsupportedError):
        qn.predict(RANDOM_SETTINGS, path=tmp_path / "run")
    assert qn.open_run(tmp_path / "run").status == "PREPARED"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("ideal", "device"),
        ("aer", "device"),
        ("exact", "device"),
        (qn.MockBackend(), "simulate"),
        (StatevectorSampler(seed=1), "simulate"),
        (FakeManilaV2(), "simulate"),
    ],
    ids=["ideal", "aer", "exact", "mock", "sampler", "backend"],
)
def test_noise_where_there_is_none_to_choose_is_refused(where, message):
    for noise in ({"idle": False}, qn.DeviceNoise()):
        with pytest.raises(UnsupportedError, match=message):
            qn.submit(CHAIN, where, noise=noise, emulate_links=True)


@pytest.mark.parametrize("verb", [qn.run, qn.predict], ids=["run", "predict"])
@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ({"idl": False}, "source of noise 'idl'.*: idle"),
        ({"cls": 1}, "source of noise 'cls'"),
        ({3: 1}, "source of noise '3'"),
        ({"idle": 1}, "idle .* 1$"),
        ({"feedforward_latency": -1e-6}, r"feedforward_latency .*\[0, 0\.001\].* -1e-06"),
        ({"feedforward_latency": 1.5}, r"feedforward_latency .*1\.5"),
        ({"decision_latency": -1e-6}, r"decision_latency .*\[0, 0\.001\].* -1e-06"),
        ({"decision_latency": 2e-3}, r"decision_latency .*0\.002"),
        ({"feedforward_latency": float("nan")}, "feedforward_latency .*nan"),
        ({"zz": 10**400}, "zz .*1000"),
        ({"zz": None}, "zz .*None"),
        (3, "noise .* 3"),
        ("idle", "noise .*'idle'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_noise_that_does_not_exist_is_one_clear_line(verb, noise, message):
    with pytest.raises(ParameterError, match=message):
        verb(CHAIN, "aer:fake_manila", noise=noise)


def test_noise_is_a_description_or_its_fields():
    first = qn.predict(CHAIN, "fake_manila", noise={"idle": False, "zz": 1e4})
    again = qn.predict(CHAIN, "fake_manila", noise=qn.DeviceNoise(idle=False, zz=1e4))
    assert values(first) == values(again) != values(qn.predict(CHAIN, "fake_manila"))
    assert first.provenance["noise"]["idle"] is False


@pytest.mark.parametrize(
    "where", ["ideal", "aer", "exact", qn.MockBackend(), FakeManilaV2(), StatevectorSampler(seed=1)]
)
def test_decoupling_where_nobody_waits_or_somebody_else_schedules_is_refused(where):
    with pytest.raises(UnsupportedError, match="decoupling "):
        qn.submit(CHAIN, where, decoupling=True, emulate_links=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"predict": "no"}, "predict .*'no'"),
        ({"predict": 1}, "predict .* 1$"),
        ({"decoupling": 1}, "decoupling .* 1$"),
        (
            {"layout": 3},
            "layout .*'auto', 'predicted'.* 3$",
        ),
        ({"corrections": None}, "correction mode None"),
        ({"carrier": 3}, "carrier 3"),
        ({"optimization_level": True}, "optimization_level .*0 to 3.* True"),
    ],
)
def test_options_of_the_wrong_kind_are_one_clear_line(options, message):
    with pytest.raises(ParameterError, match=message):
        qn.submit(CHAIN, "aer:fake_manila", **options)


def test_numbers_of_numpy_are_numbers(tmp_path):
    options = {
        "shots": np.int64(20), "seed": np.int64(3), "optimization_level": np.int64(1), "layout": np.arange(4),
        "level": np.float32(0.9),
    }  # fmt: skip
    kept = qn.run(CHAIN, "aer:fake_manila", path=tmp_path / "run", **options)
    plain = qn.run(
        CHAIN,
        "aer:fake_manila",
        shots=20,
        seed=3,
        optimization_level=1,
        layout=[0, 1, 2, 3],
        level=float(np.float32(0.9)),
    )
    assert kept.figures == plain.figures
    json.dumps(kept.to_dict())


def test_figures_whose_condition_has_no_chance_are_left_out_with_a_note_as_sampling_does():
    """Post-selection keeps one outcome of the swap; what is conditioned on another has no value."""
    swapping = qn.EntanglementSwapping()
    exact = qn.predict(swapping, "fake_manila", corrections="postselect")
    sampled = qn.run(swapping, "aer:fake_manila", shots=200, seed=1, corrections="postselect", predict=True)
    assert set(exact.figures) == set(sampled.figures) == set(sampled.predicted)
    assert 1 < len(exact.figures) < len(qn.predict(swapping, "fake_manila").figures)
    left_out = set(qn.predict(swapping, "fake_manila").figures) - set(exact.figures)
    for result in (exact, sampled):
        assert {note.split()[0] for note in result.notes if "has no value" in note} == left_out


# -- beside sampled figures --------------------------------------------------------------------------------------------


def test_predictions_stand_beside_sampled_figures_of_small_programs_on_a_device(tmp_path, manila):
    result = qn.run(CHAIN, "aer:fake_manila", shots=50, seed=0, path=tmp_path / "run")
    assert result.predicted == pytest.approx(values(manila), abs=1e-12)
    for name in ("manifest.json", "result.json"):
        assert json.loads((tmp_path / "run" / name).read_text())["predicted"] == result.predicted
    assert qn.replay(tmp_path / "run").predicted == result.predicted
    assert "predicted" in str(result)


def test_when_predictions_are_made():
    small, large = CHAIN, qn.RepeaterChain(hops=36)
    assert sum(len(item.qubits) for item in qn.compile(large, "aer:fake_torino")) > 200
    runs = {
        "small": qn.submit(small, "aer:fake_manila", shots=5),
        "large": qn.submit(large, "aer:fake_torino", shots=5),
        "no device": qn.submit(small, "ideal", shots=5),
        "refused": qn.submit(small, "aer:fake_manila", shots=5, predict=False),
        "backend": qn.submit(small, FakeManilaV2(), shots=5, emulate_links=True),
        "sampler": qn.submit(small, StatevectorSampler(), shots=5, emulate_links=True),
    }
    assert {name for name, run in runs.items() if run.manifest["predicted"]} == {"small", "backend"}
    asked = {
        "large": qn.submit(large, "aer:fake_torino", shots=5, predict=True),
        "no device": qn.submit(small, "ideal", shots=5, predict=True),
    }
    assert all(run.manifest["predicted"] for run in asked.values())


def test_predictions_use_the_same_noise_modes_and_decoupling_as_the_samples():
    for options in (
        {"noise": {"readout": False}}, {"corrections": "feedforward"},
        # Without pulses, slow dephasing would take a third of the fidelity.
        {"decoupling": True, "noise": {"t2_star_fraction": 0.1}, "corrections": "feedforward"},
        {"corrections": "postselect"}, {"layout": [1, 2, 3, 4]}, {"corrections": "feedforward", "emulate_links": True},
    ):  # fmt: skip
        result = qn.run(CHAIN, "aer:fake_manila", shots=3000, seed=0, level=1 - 1e-6, **options)
        exact = qn.predict(CHAIN, "fake_manila", **options)
        assert result.predicted == pytest.approx(values(exact), abs=1e-12)
        assert all(value in result[name] for name, value in result.predicted.items())


# -- the command line --------------------------------------------------------------------------------------------------


def test_predict_prints_the_object_of_the_design(qnet, manila, tmp_path):
    status, out, err = qnet(
        "predict", "repeater-chain", "--set", "hops=2", "--set", "link_fidelity=0.9", "--on", "fake_manila", "--json",
        "--out", str(tmp_path / "run"),
    )  # fmt: skip
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert plain["engine"] == "exact" and plain["shots"] is None and plain["seed"] is None
    assert plain["backend"] == "exact:fake_manila" and plain["predicted"] == {}
    assert plain["figures"]["fidelity"]["value"] == pytest.approx(manila.fidelity.value, abs=1e-12)
    assert plain["figures"]["fidelity"]["method"] == "exact" and plain["figures"]["fidelity"]["n"] == 0
    for verb in ("replay", "fetch"):
        status, out, err = qnet(verb, str(tmp_path / "run"), "--json")
        assert (status, err) == (0, "") and json.loads(out) == plain


def test_predicted_figures_are_in_the_object_and_noise_is_taken_by_key(qnet):
    arguments = (
        "run",
        "repeater-chain",
        "--set",
        "hops=2",
        "--on",
        "aer:fake_manila",
        "--shots",
        "20",
        "--seed",
        "1",
    )
    status, out, err = qnet(
        *arguments, "--json", "--noise", "readout=false", "--noise", "feedforward_latency=2e-6"
    )
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert plain["noise"]["readout"] is False and plain["noise"]["feedforward_latency"] == 2e-6
    noise = qn.DeviceNoise(readout=False, feedforward_latency=2e-6)
    expected = qn.predict(qn.RepeaterChain(hops=2), "fake_manila", noise=noise)
    assert plain["predicted"]["fidelity"] == pytest.approx(expected.fidelity.value, abs=1e-12)
    assert json.loads(qnet(*arguments, "--json", "--no-predict")[1])["predicted"] == {}
    ideal = ("run", "repeater-chain", "--shots", "20", "--json")
    assert json.loads(qnet(*ideal)[1])["predicted"] == {}
    assert json.loads(qnet(*ideal, "--predict")[1])["predicted"]["fidelity"] == pytest.approx(1)


RUN = ["run", "repeater-chain", "--set", "hops=2", "--shots", "5"]
MANILA = [*RUN, "--on", "aer:fake_manila"]
PREDICT = ["predict", "repeater-chain", "--set", "hops=2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*MANILA, "--noise", "idl=false"], "source of noise 'idl'.*: idle"),
        ([*MANILA, "--noise", "cls=1"], "source of noise 'cls'"),
        ([*MANILA, "--noise", "self=1"], "source of noise 'self'"),
        ([*MANILA, "--noise", "idle"], "--noise .*KEY=VALUE"),
        ([*MANILA, "--noise", "idle=no"], "idle .*'no'"),
        ([*MANILA, "--noise", "feedforward_latency=-1e-6"], r"feedforward_latency .*\[0, 0\.001\].* -1e-06"),
        ([*MANILA, "--noise", "feedforward_latency=NaN"], "feedforward_latency .*nan"),
        ([*MANILA, "--noise", "decision_latency=NaN"], "decision_latency .*nan"),
        ([*MANILA, "--noise", "zz=1" + "0" * 400], "zz .*1000"),
        ([*MANILA, "--noise", "idle=false", "--noise", "idle=true"], "--noise .*idle"),
        ([*RUN, "--noise", "idle=false"], "device"),
        ([*RUN, "--decoupling"], "decoupling .*device"),
        ([*RUN, "--set", "cls=1"], "repeater-chain 'cls'"),
        ([*RUN, "--set", "link_fidelity=1" + "0" * 400], "link fidelity .*1000"),
        ([*RUN, "--on", "exact"], "shots"),
        ([*MANILA, "--layout", "0,1,2,3,"], "--layout .*auto, predicted"),
        ([*MANILA, "--layout", "0,1,2,-3"], "layout .*0 to 4"),
        ([*MANILA, "--carrier", "boat"], "carrier 'boat'"),
        ([*MANILA, "--seed", "-1"], "seed .*-1"),
        ([*MANILA, "--level", "nan"], "level .*nan"),
        ([*MANILA, "--optimization-level", "4"], "optimization_level .*0 to 3.* 4"),
        ([*PREDICT, "--on", "fake_manilla"], "device 'fake_manilla'"),
        ([*PREDICT, "--on", "aer:"], "device ''"),
        ([*PREDICT, "--on", "fake_manila", "--memory-gib", "0"], "--memory-gib "),
        ([*PREDICT, "--on", "fake_manila", "--memory-gib", "nan"], "--memory-gib "),
        ([*PREDICT, "--on", "fake_manila", "--memory-gib", "1e-9"], r"\(--memory-gib\)"),
        ([*PREDICT, "--decoupling"], "decoupling .*device"),
        ([*PREDICT, "--noise", "idle=false"], "device"),
        ([*PREDICT, "--shots", "5"], "--shots"),
        (["predict", "ghz", "--set", "parties=8", "--set", "topology=chain"], "parties"),
        (["fetch", "/nowhere"], "/nowhere"),
        (["fetch", "/nowhere", "--level", "2"], "/nowhere"),
        (["fetch", "/dev/null"], "/dev/null"),
        (["fetch"], "'DIRECTORY'"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line_and_status_2(qnet, arguments, message):
    status, out, err = qnet(*arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err)
    assert err.startswith("qnet: ") and err.count("\n") == 1 and "Traceback" not in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda plain: plain.pop("dt"), "lacks dt"),
        (lambda plain: plain.pop("qubits"), "lacks qubits"),
        (lambda plain: plain["qubits"].pop("t1"), "lacks t1"),
        (lambda plain: plain["operations"]["measure"].pop("duration"), "lacks duration"),
        (lambda plain: plain["qubits"]["t1"].__setitem__(0, -1e-6), "t1"),
        (lambda plain: plain["operations"]["cx"]["duration"].__setitem__(0, -1e-9), "duration"),
        (lambda plain: plain["operations"]["cx"]["error"].__setitem__(0, 2.0), "error"),
        (lambda plain: plain.update(schema=99), "schema 99"),
        (lambda plain: plain.update(speed=1), "unknown speed"),
    ],
)
def test_a_damaged_snapshot_is_one_line_and_status_2_for_run_and_predict(qnet, change, message, tmp_path):
    file = tmp_path / "device.json"
    fake_device("fake_manila").calibration.save(file)
    plain = json.loads(file.read_text())
    change(plain)
    file.write_text(json.dumps(plain))
    for arguments in (
        [*RUN, "--on", f"aer:{file}"],
        [*PREDICT, "--on", str(file)],
        [*PREDICT, "--on", f"exact:{file}"],
    ):
        status, out, err = qnet(*arguments)
        assert (status, out) == (2, "") and message in err and str(file) in err
        assert err.count("\n") == 1 and "Traceback" not in err
