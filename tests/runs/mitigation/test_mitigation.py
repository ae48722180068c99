"""Mitigated figures of runs: what they hold, where they stand, and where there are none."""

import json
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.synthetic import line_device
from qnet_circuits.errors import ParameterError, QnetError, RecordError, UnknownNameError, UnsupportedError
from qnet_circuits.programs.program import Program
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.mitigation.readout import Readout
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.run import Run
from qnet_circuits.theory.estimate import proportion

LEVEL = 1 - 1e-6
READOUT_ONLY = DeviceNoise(gates=False, idle=False)
#: Reads 0 from |1⟩ three times as often as 1 from |0⟩, every qubit differently.
LINE = line_device(14, readout_error=(0.015, 0.045), spread=0.3, seed=3)
CHAIN = qn.RepeaterChain(hops=2)


def ran(protocol, device=LINE, **options):
    return qn.run(
        protocol, device, **{"noise": READOUT_ONLY, "seed": 5, "mitigate": True, "level": LEVEL, **options}
    )


def read_perfectly(*ends):
    qubits = [
        replace(qubit, one_from_zero=0.0, zero_from_one=0.0) if k in ends else qubit
        for k, qubit in enumerate(LINE.qubits)
    ]
    return replace(LINE, qubits=tuple(qubits))


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "protocol",
    [
        qn.EntanglementSwapping(),
        qn.RepeaterChain(hops=5),
        qn.Ghz(parties=3, topology="chain"),
        qn.Ghz(parties=4, topology="chain"),
    ],
    ids=lambda protocol: protocol.id,
)
@pytest.mark.parametrize("corrections", ["frame", "postselect"])
def test_without_other_errors_the_noiseless_value_comes_back(protocol, corrections):
    result = ran(protocol, corrections=corrections, shots=6000)
    assert result.mitigated and set(result.mitigated) == set(result.figures)
    for name in {*result.mitigated} - {"acceptance"}:
        ideal, raw, corrected = result.ideal[name], result[name], result.mitigated[name]
        assert result.predicted[name] in raw
        assert corrected.low <= ideal <= corrected.high, name
        assert corrected.level == LEVEL and "delta method" in corrected.method
    assert result.ideal["fidelity"] not in result["fidelity"]


def test_the_acceptance_of_post_selection_is_corrected():
    """0 is read more often than 1, so that more is kept than a quarter."""
    whole = ran(qn.EntanglementSwapping(), corrections="postselect", shots=25000)
    assert 0.25 in whole.mitigated["acceptance"] and 0.25 not in whole.acceptance
    blocks = ran(qn.EntanglementSwapping(), corrections="postselect", shots=200, repeats=2, level=0.95)
    assert "blocks" in blocks.mitigated["acceptance"].method


def test_in_real_time_the_ends_are_corrected_and_wrong_decisions_remain():
    """The reference has no readout errors at the ends; what was decided on wrong bits is the same there."""
    plain = qn.compile(CHAIN, LINE, corrections="feedforward")
    perfect = read_perfectly(plain.layout[0][0], plain.layout[0][-1])
    result = ran(CHAIN, corrections="feedforward", shots=20000, layout=plain.layout[0])
    for name, expected in qn.predict(
        CHAIN, perfect, noise=READOUT_ONLY, corrections="feedforward", layout=plain.layout[0]
    ).figures.items():
        assert expected.value in result.mitigated[name]
        assert abs(expected.value) < 0.99 and expected.value not in result[name]
    assert any("up to 2 bits of a circuit stay as they were read" in note for note in result.notes)


@pytest.mark.parametrize("chosen", [["out"], [("out", 0), "out[1]"]])
def test_chosen_bits_alone_are_corrected(chosen):
    """The reference has no readout errors at the ends; wrong Bell measurements choose other shots there too."""
    plain = qn.compile(CHAIN, LINE, corrections="postselect")
    perfect = read_perfectly(plain.layout[0][0], plain.layout[0][-1])
    options = {"corrections": "postselect", "layout": plain.layout[0]}
    result = ran(CHAIN, shots=10000, mitigate=chosen, **options)
    expected_figures = qn.predict(CHAIN, perfect, noise=READOUT_ONLY, **options).figures
    assert set(expected_figures) == {*result.mitigated}
    for name in result.mitigated:
        expected = expected_figures[name]
        assert expected.value in result.mitigated[name]
        if name == "acceptance":  # no readout error of what decides on it is corrected
            assert result.mitigated[name].value == pytest.approx(result[name].value)
            continue
        assert abs(expected.value) < 0.99 and expected.value not in result[name]
    assert any("up to 2 bits" in note and "only out" in note for note in result.notes)
    assert result.mitigated["fidelity"].high < ran(CHAIN, shots=10000, **options).mitigated["fidelity"].value


def test_choosing_all_bits_is_choosing_none_in_particular(tmp_path):
    everything = ran(CHAIN, corrections="frame", shots=500)
    chosen = ran(CHAIN, corrections="frame", shots=500, mitigate=["swap", "out"], path=tmp_path / "run")
    assert chosen.mitigated == everything.mitigated
    assert qn.open_run(tmp_path / "run").result(LEVEL).mitigated == everything.mitigated


@pytest.mark.parametrize(
    ("mode", "chosen", "error", "said"),
    [
        ("frame", ["out"], UnsupportedError, r"out\[\d\].*parity of.*swap"),
        ("frame", ["swap"], UnsupportedError, r"out\[\d\].*parity of.*swap"),
        ("postselect", ["swap[0]", "out"], UnsupportedError, "post-selection"),
        ("feedforward", ["swap"], UnsupportedError, r"swap\[\d\].*real time"),
        ("frame", ["outs"], UnknownNameError, "'outs'.*out"),
        ("frame", ["out[7]"], UnknownNameError, r"out\[7\]"),
        ("frame", [], ParameterError, r"\[\]"),
        ("frame", "out", ParameterError, "'out'"),
        ("frame", [3], ParameterError, "3"),
    ],
)
def test_a_choice_that_cannot_be_honoured_is_refused(mode, chosen, error, said):
    with pytest.raises(error, match=said):
        qn.submit(qn.RepeaterChain(hops=3), LINE, corrections=mode, mitigate=chosen)


def test_the_command_line_chooses_bits_too(qnet):
    ask = (
        "run",
        "repeater-chain",
        "--set",
        "hops=2",
        "--on",
        "aer:fake_manila",
        "--shots",
        "50",
        "--no-predict",
        "--json",
    )
    status, out, _ = qnet(*ask, "--corrections", "postselect", "--mitigate-only", "out[0],out[1]")
    assert status == 0 and "mitigated" in json.loads(out)
    assert qnet(*ask, "--mitigate-only", "")[0] == 2
    status, out, err = qnet(*ask, "--corrections", "frame", "--mitigate-only", "out")
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_the_errors_of_each_qubit_are_found():
    shots = 5000
    run = qn.submit(CHAIN, LINE, noise=READOUT_ONLY, mitigate=True, seed=1, shots=shots)
    run.wait()
    entries, raws = run.manifest["items"][-2:], run.raw()[0][-2:]
    qubits = entries[0]["readout"]["qubits"]
    assert [entry["readout"]["state"] for entry in entries] == [0, 1] and qubits.count(None) == 4
    for k, qubit in enumerate([each for each in qubits if each is not None]):
        for raw, state, expected in zip(raws, (False, True), LINE.readout(qubit), strict=True):
            counted = raw["readout"][~raw["before"][:, k], k]
            assert expected in proportion(int((counted ^ state).sum()), len(counted), LEVEL)
            assert LINE.readout(qubit)[0] in proportion(int(raw["before"][:, k].sum()), shots, LEVEL)


def test_raw_figures_and_outcomes_are_those_of_the_program_alone():
    run = qn.submit(
        CHAIN, LINE, noise=READOUT_ONLY, mitigate=True, seed=1, shots=100, corrections="postselect"
    )
    assert [name for name in run.outcomes()] == ["xx", "yy", "zz"]
    accepted = sum(len(next(iter(registers.values()))) for registers in run.outcomes().values())
    result = run.result()
    assert result["acceptance"].n == 300 and result["acceptance"].value == accepted / 300


def test_emulated_links_are_the_same_in_both():
    """Without readout errors nothing changes, link errors drawn in software included."""
    chain = qn.RepeaterChain(hops=2, link_fidelity=0.8)
    result = ran(
        chain, line_device(6), noise={"gates": False, "idle": False, "readout": False}, emulate_links=True
    )
    for name, estimate in result.figures.items():
        assert result.mitigated[name].value == pytest.approx(estimate.value, abs=1e-12)


def test_emulated_links_of_blocks_are_drawn_once_and_each_block_for_itself():
    """Without readout errors mitigated figures are the raw ones, and so is their spread between blocks."""
    chain = qn.RepeaterChain(hops=2, link_fidelity=0.8)
    perfect = {"gates": False, "idle": False, "readout": False}
    result = ran(
        chain, line_device(6), noise=perfect, emulate_links=True, repeats=4, shots=300, seed=3, level=0.5
    )
    spread = {name for name, estimate in result.mitigated.items() if estimate.method.startswith("spread of")}
    assert spread
    for name, estimate in result.mitigated.items():
        assert estimate.value == pytest.approx(result[name].value, abs=1e-12)
        if name in spread:
            assert [estimate.low, estimate.high] == pytest.approx(result.blocks[name]["spread"], abs=1e-12)


def test_a_result_keeps_them_in_every_form():
    result = ran(CHAIN, shots=500)
    plain = json.loads(json.dumps(result.to_dict()))
    assert list(plain)[list(plain).index("figures") + 1] == "mitigated"
    assert Result.from_dict(plain).mitigated == result.mitigated
    assert result.rows()[0]["mitigated"] == str(result.mitigated["fidelity"])
    header, first = result.to_csv().splitlines()[:2]
    assert header.endswith("predicted,mitigated,mitigated_low,mitigated_high")
    assert first.endswith(f",{result.mitigated['fidelity'].high}")
    without = ran(CHAIN, shots=500, mitigate=False)
    assert "mitigated" not in without.to_dict() and "mitigated" not in without.to_csv()
    assert "mitigated" not in without.rows()[0] and without.mitigated == {}


def test_a_stored_run_gives_the_same_again(tmp_path):
    options = {"shots": 300, "seed": 4, "mitigate": True, "corrections": "frame"}
    result = qn.run(CHAIN, "aer:fake_manila", path=tmp_path / "a", **options)
    assert result.mitigated and qn.replay(tmp_path / "a").mitigated == result.mitigated
    assert Result.from_dict(Record(tmp_path / "a").read_json("result.json")).mitigated == result.mitigated
    prepared = qn.submit(CHAIN, "aer:fake_manila", path=tmp_path / "b", **options)
    opened = qn.open_run(tmp_path / "b")
    assert isinstance(prepared, Run) and opened.status == "PREPARED"
    assert opened.result().mitigated == result.mitigated


def test_a_damaged_entry_is_found(tmp_path):
    qn.run(CHAIN, "aer:fake_manila", path=tmp_path / "a", shots=50, mitigate=True)
    file = tmp_path / "a" / "manifest.json"
    whole = file.read_text()
    for change in ({"state": 2}, {"qubits": [0]}, {"qubits": ["q"] * 4}):
        plain = json.loads(whole)
        plain["items"][3]["readout"].update(change)
        file.write_text(json.dumps(plain))
        with pytest.raises(RecordError, match="damaged"):
            qn.replay(tmp_path / "a")


class Secret(qn.EntanglementSwapping):
    secret_outcomes: ClassVar[bool] = True


class Bare(qn.EntanglementSwapping):
    def program(self, rng: np.random.Generator) -> Program:
        return Program(super().program(rng).items)


@pytest.mark.parametrize(
    ("protocol", "backend", "options", "error", "message"),
    [
        (Secret(), "aer:fake_manila", {}, UnsupportedError, "key bits"),
        (Bare(), "aer:fake_manila", {}, UnsupportedError, "figures"),
        (CHAIN, "exact:fake_manila", {}, UnsupportedError, "mitigate.*readout=False"),
        (CHAIN, "ideal", {}, UnsupportedError, "aer:fake_kingston"),
        (CHAIN, "aer:fake_manila", {"mitigate": 1}, ParameterError, "mitigate .* 1$"),
    ],
)
def test_where_it_cannot_be_it_is_refused(protocol, backend, options, error, message, tmp_path):
    with pytest.raises(error, match=message) as caught:
        qn.run(protocol, backend, path=tmp_path / "run", **{"mitigate": True, **options})
    assert isinstance(caught.value, QnetError) and "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
    if not options and backend.startswith("aer"):
        with pytest.raises(error, match=message):
            qn.estimate_cost(protocol, backend, mitigate=True)


def test_one_job_on_the_offline_mode_and_on_the_platform(platform, tmp_path):
    """What gates do stays; neither lets qubits wait."""
    exact = qn.predict(
        CHAIN, "fake_manila", noise={"idle": False, "readout": False}, corrections="frame"
    ).fidelity
    options = {"corrections": "frame", "mitigate": True, "shots": 3000, "seed": 2, "level": LEVEL}
    local = qn.run(CHAIN, "local:fake_manila", **options)
    remote = qn.run(CHAIN, "ibm:ibm_manila", path=tmp_path / "run", max_qpu_seconds=60, **options)
    assert len(platform.jobs.records) == 1
    for result in (local, remote):
        corrected = result.mitigated["fidelity"]
        assert exact.value in corrected and corrected.value > result.fidelity.high
    assert qn.replay(tmp_path / "run", LEVEL).mitigated == remote.mitigated


def test_the_command_line(qnet, tmp_path):
    where = (
        "repeater-chain",
        "--set",
        "hops=2",
        "--on",
        "aer:fake_manila",
        "--shots",
        "200",
        "--mitigate",
        "--json",
    )
    status, out, err = qnet("run", *where, "--seed", "1", "--corrections", "frame")
    assert (status, err) == (0, "")
    assert list(json.loads(out)["mitigated"]) == ["fidelity", "xx", "yy", "zz"]
    status, out, _ = qnet("cost", *where)
    assert status == 0 and json.loads(out)["cost"]["circuits"] == 5
    status, out, err = qnet("run", "repeater-chain", "--on", "exact:fake_manila", "--mitigate")
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_submit_takes_it(qnet, platform, tmp_path):
    arguments = (
        "--set",
        "hops=2",
        "--on",
        "ibm:ibm_manila",
        "--max-qpu-seconds",
        "60",
        "--shots",
        "50",
        "--mitigate",
    )
    status, _, _ = qnet("submit", "repeater-chain", *arguments, "--out", str(tmp_path / "run"))
    assert status == 0
    status, out, _ = qnet("fetch", str(tmp_path / "run"), "--json")
    assert status == 0 and json.loads(out)["mitigated"]


def test_qubits_that_begin_in_one_are_no_readout_errors(rng):
    """A twentieth of all qubits is in |1⟩ where a readout circuit begins. The links are perfect, and read with errors."""
    compiled = qn.compile(qn.RepeaterChain(hops=1), line_device(2), mitigate=True)
    shots, errors = 20000, np.array([[0.01, 0.02], [0.02, 0.04]])

    def read(truth):
        return truth ^ (rng.random(truth.shape) < np.where(truth, errors[:, 1], errors[:, 0]))

    def prepared(state):
        began = rng.random((shots, 2)) < 0.05
        return {"readout": read(began ^ bool(state)), "before": read(began)}

    ends = rng.random((3, shots, 1)) < 0.5
    wrong = rng.random((3, shots, 1)) < 0.1
    raws = [
        {"out": read(np.hstack([one, one ^ odd ^ flipped]))}
        for one, odd, flipped in zip(ends, (False, True, False), wrong, strict=True)
    ]
    readout = [prepared(0), prepared(1)]
    found = compiled.analyze([*raws, *readout], LEVEL).mitigated["fidelity"]
    assert 0.85 in found and found.high - found.low < 0.06
    unseen = [{**each, "before": np.zeros((shots, 2), bool)} for each in readout]
    assert compiled.analyze([*raws, *unseen], LEVEL).mitigated["fidelity"].low > 0.9


def test_without_a_first_measurement_all_that_read_one_may_have_begun_so():
    """A twentieth in |1⟩, a = 0.01 and b = 0.02: as many as that read 1 from |0⟩ are not excluded."""
    found = Readout((585, 685), (10_000, 10_000)).begun(None, 0.95)
    assert 0.05 < found.excited < 0.07
    assert Readout((100, 200), (9500, 9500)).begun((1140, 20_000), 0.95).excited < 0.002
