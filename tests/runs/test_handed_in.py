"""Outcomes that were measured elsewhere: every form gives the figures of a run that had them, and a directory keeps them."""

import json

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.primitives import BackendSamplerV2, BitArray, StatevectorSampler
from qiskit.primitives.containers import DataBin, PrimitiveResult, SamplerPubResult
from qiskit_aer import AerSimulator

import qnet_circuits as qn
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.errors import ParameterError, RecordError, UnsupportedError
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.handed_in import raws_of

CHAIN = qn.RepeaterChain(hops=2)
MANILA = "aer:fake_manila"
OPTIONS = {"corrections": "frame", "mitigate": True, "layout": [0, 1, 2, 3]}


@pytest.fixture(scope="module")
def run():
    """A run whose raw bits are handed in as if they came from elsewhere."""
    return qn.submit(CHAIN, MANILA, shots=300, seed=0, predict=False, **OPTIONS)


@pytest.fixture(scope="module")
def compiled():
    return qn.compile(CHAIN, MANILA, **OPTIONS)


def array(raw):
    return np.concatenate(list(raw.values()), axis=1)


def counts(raw, space=" "):
    """Return counts as Qiskit writes them, in another order of shots."""
    found = {}
    for shot in zip(*raw.values(), strict=True):
        texts = ["".join("01"[int(bit)] for bit in bits[::-1]) for bits in shot]
        key = space.join(texts[::-1])
        found[key] = found.get(key, 0) + 1
    return found


def bin_of(raw):
    arrays = {name: BitArray.from_bool_array(bits, order="little") for name, bits in raw.items()}
    return DataBin(**arrays, shape=())


FORMS = {
    "registers": dict,
    "array": array,
    "whole numbers": lambda raw: array(raw).astype(int),
    "counts": counts,
    "counts without spaces": lambda raw: counts(raw, ""),
    "counts of numbers": lambda raw: {int(key, 2): count for key, count in counts(raw, "").items()},
    "data bin": bin_of,
    "pub result": lambda raw: SamplerPubResult(bin_of(raw)),
    "bit array": lambda raw: SamplerPubResult(bin_of(raw)).join_data(),
    "other names": lambda raw: {f"{name}_0": bits for name, bits in raw.items()},
    "one other name": lambda raw: {name.replace("swap", "swap_0"): raw[name] for name in reversed(raw)},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_figures_of_the_run(run, compiled, form):
    meant, entries = run.result(), [FORMS[form](raw) for raw in run.raw()[0]]
    for data in (entries, dict(zip(("xx", "yy", "zz", "readout_0", "readout_1"), entries, strict=True))):
        found = compiled.analyze(data, level=0.95)
        assert found.figures == meant.figures and found.mitigated == meant.mitigated
        assert found.ideal == meant.ideal and found.bounds == meant.bounds


def test_a_primitive_result_without_readout_circuits_is_not_mitigated(run, compiled):
    pubs = [SamplerPubResult(bin_of(raw)) for raw in run.raw()[0][:3]]
    found = compiled.analyze(PrimitiveResult(pubs), level=0.9)
    assert found.fidelity.value == run.result().fidelity.value and found.fidelity.level == 0.9
    assert found.mitigated == {} and any(note.startswith("not mitigated") for note in found.notes)


def test_the_result_calls_its_outcomes_neither_hardware_nor_simulated(run, compiled):
    found = compiled.analyze(run.raw()[0], origin="a lab, 3 May")
    assert found.provenance["backend"] == "elsewhere" and found.theory == found.predicted == {}
    assert "simulated" not in found.title and not any(note.startswith("simulated") for note in found.notes)
    assert not any("same job" in note for note in found.notes)
    assert any("a lab, 3 May" in note for note in found.notes) and f"compiled for {MANILA}" in found.notes
    assert found.provenance["shots"] == 300 and found.provenance["layout"] == [[0, 1, 2, 3]]


def test_a_circuit_alone_may_come_alone(tmp_path):
    program = qn.Program(
        [CHAIN.program(None).items[2]], [qn.Figure("zz", qn.parity("zz", [("out", 0), ("out", 1)]))]
    )
    compiled = qn.compile(program, corrections="frame")
    (result,) = StatevectorSampler(seed=1).run([(compiled.circuits[0], None, 64)]).result()
    for data in (result, result.data, result.join_data(), result.join_data().get_counts(), [result]):
        assert compiled.analyze(data).zz.value == 1.0
    compiled.keep(result, tmp_path / "run", origin="a simulation of mine")
    assert qn.open_run(tmp_path / "run").result().zz.value == 1.0


def test_exported_circuits_that_ran_elsewhere_are_analysed():
    """Importers give registers other names where the language has a word of that name."""
    compiled = qn.compile(CHAIN, MANILA, corrections="feedforward", layout=[0, 1, 2, 3])
    again = [qasm3.loads(text) for text in compiled.to_qasm3().values()]
    found = BackendSamplerV2(backend=AerSimulator()).run([(circuit, None, 50) for circuit in again]).result()
    assert "swap" not in found[0].data
    assert compiled.analyze(found).fidelity.value == 1.0


def test_a_directory_keeps_them(run, compiled, tmp_path, qnet):
    kept = compiled.keep([counts(raw) for raw in run.raw()[0]], tmp_path / "run", origin="ibm_manila, job 42")
    assert kept.status == "COLLECTED" and kept.result().figures == run.result().figures
    opened = qn.open_run(tmp_path / "run")
    assert opened.status == "COLLECTED" and opened.manifest["origin"] == "ibm_manila, job 42"
    assert opened.result().mitigated == run.result().mitigated
    assert qn.replay(tmp_path / "run", 0.9).fidelity.level == 0.9
    assert qn.open_run(tmp_path / "run", protocol=CHAIN).result().figures == run.result().figures
    assert sum(len(bits) for bits in (each["out"] for each in opened.outcomes().values())) == 900
    status, out, _ = qnet("replay", tmp_path / "run", "--json")
    plain = json.loads(out)
    assert (status, plain["backend"], plain["shots"]) == (0, "elsewhere", 300)
    assert any("ibm_manila, job 42" in note for note in plain["notes"])
    assert qnet("status", tmp_path / "run")[0] == qnet("cancel", tmp_path / "run")[0] == 0
    with pytest.raises(RecordError, match="not empty"):
        compiled.keep(run.raw()[0], tmp_path / "run", origin="again")
    one, two = (compiled.keep(run.raw()[0], tmp_path / name, origin="x") for name in "ab")
    assert one.manifest["run_id"] != two.manifest["run_id"]


def test_a_process_that_died_before_they_were_kept_runs_nothing(run, compiled, tmp_path, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Record, "write_outcomes", die)
    with pytest.raises(KeyboardInterrupt):
        compiled.keep(run.raw()[0], tmp_path / "run", origin="a lab")
    with pytest.raises(RecordError, match="elsewhere"):
        qn.open_run(tmp_path / "run").result()


def test_emulated_links_are_those_of_the_run():
    noisy, options = (
        qn.RepeaterChain(hops=2, link_fidelity=0.9),
        {"emulate_links": True, "corrections": "frame"},
    )
    run = qn.submit(noisy, MANILA, shots=300, seed=0, predict=False, **options)
    assert qn.compile(noisy, MANILA, **options).analyze(run.raw()[0]).figures == run.result().figures


def test_links_noise_that_is_in_no_circuit_is_told():
    compiled = qn.compile(qn.RepeaterChain(hops=1, link_fidelity=0.9))
    found = compiled.analyze([{"00": 10}, {"01": 10}, {"00": 10}])
    assert any("emulate_links" in note for note in found.notes)


def test_outcomes_that_are_handed_in_make_figures_and_no_key(tmp_path):
    bb84 = qn.BB84(pulses=4000)
    run = qn.submit(bb84, seed=0)
    compiled = qn.compile(bb84)
    result = compiled.analyze(run.raw()[0])
    assert result.secret_key is None and result.refused.startswith("origin")
    assert result.qber.value == 0
    compiled.keep(run.raw()[0], tmp_path / "run", origin="nowhere")
    assert qn.replay(tmp_path / "run").secret_key is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "3 circuits"),
        ([{"00": 1}] * 2, "3 circuits"),
        ({"00": 1}, "3 circuits"),
        ("00", "3 circuits"),
        (None, "3 circuits"),
        ({"xx": {"00": 1}}, "3 circuits"),
        ([{"00": 1}, {"0": 1}, {"00": 1}], "'yy'.*'0'"),
        ([{"0 0": 1}] * 3, "'xx'.*'0 0'"),
        ([{"02": 1}] * 3, "'02'"),
        ([{4: 1}] * 3, "'xx'.*4"),
        ([{"00": -1}] * 3, "-1"),
        ([{"00": 10**13}] * 3, "shots.*'xx'.*10000000000000"),
        ([{"00": 6 * 10**7, "11": 5 * 10**7}] * 3, "shots.*'xx'.*110000000"),
        ([{"out": [[0, 1], [1]]}] * 3, "'out'"),
        ([{"00": 0}] * 3, "shots"),
        ([{"00": 0.5, "11": 0.5}] * 3, "'00'"),
        ([{"out": {"00": 5}}] * 3, "separate counts"),
        ([{"out": np.zeros((4, 3), bool)}] * 3, r"out\[2\].*out\[3\]"),
        ([{"in": np.zeros((4, 2), bool), "out": np.zeros((4, 2), bool)}] * 3, r"in\[2\]"),
        ([np.zeros((4, 3), bool)] * 3, "2 bits, got 3"),
        ([np.full((4, 2), 2)] * 3, "'xx'"),
        ([np.zeros((4, 2))] * 3, "'xx'"),
        ([np.zeros(4, bool)] * 3, "'xx'"),
        ([3, 4, 5], "'xx'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_in_one_line(data, said):
    compiled = qn.compile(qn.RepeaterChain(hops=1))
    with pytest.raises(ParameterError, match=said) as caught:
        compiled.analyze(data)
    assert "\n" not in str(caught.value)


def test_registers_of_different_lengths_are_refused():
    with pytest.raises(ParameterError, match="same number of shots"):
        raws_of([{"a": np.zeros((3, 1), bool), "b": np.zeros((4, 1), bool)}], {"c": {"a": 1, "b": 1}})


def test_readout_circuits_may_have_different_numbers_of_shots(run, compiled):
    raws = run.raw()[0]
    twice = {name: np.concatenate([bits, bits]) for name, bits in raws[4].items()}
    once, again = (compiled.analyze([*raws[:4], each]).mitigated["fidelity"] for each in (raws[4], twice))
    assert again.value == once.value and again.high - again.low < once.high - once.low


def test_where_outcomes_come_from_must_be_said(run, compiled, tmp_path):
    for origin in ("", " ", None):
        with pytest.raises(ParameterError, match="origin"):
            compiled.keep(run.raw()[0], tmp_path / "run", origin=origin)
    with pytest.raises(UnsupportedError, match=r"qn\.compile"):
        compile_program(CHAIN.program(None)).analyze([])
