"""Stories of stored runs: told from the circuits of the directory, whatever protocol, compiler and device make of them now."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.runs.directory import Record

FOLDER = Path(__file__).parents[3] / "hardware_runs"
SHOT = 3


@pytest.mark.parametrize("name", ["links-twin-nairobi", "teleportation-twin-kingston"])
def test_runs_of_earlier_versions_are_told(name):
    run = qn.open_run(FOLDER / name)
    story, (raw, *_) = qn.tell(FOLDER / name, shot=SHOT), run.raw()
    bits = {f"{register}[{k}]": row[SHOT, k] for register, row in raw[0].items() for k in range(row.shape[1])}
    assert story.bits == bits
    placed = {qubit.physical for qubit in story.qubits}
    assert placed == {*run.manifest["layout"][0]}


@qn.register
@dataclass(frozen=True)
class Changing(qn.Protocol):
    """A pair that is corrected by a coin of Alice; its circuit is made in one of several ways."""

    name: ClassVar[str] = "changing"
    way: ClassVar[str] = "as before"

    def program(self, rng):
        if self.way == "not at all":
            raise qn.ProgramError("no program is made now")
        nodes = QuantumRegister(2, "alice"), QuantumRegister(1, "bob")
        made = QuantumCircuit(*nodes, ClassicalRegister(1, "coin"), ClassicalRegister(2, "out"))
        qn.entangle(made, *made.qubits[1:], qn.Link(0.9))
        made.h(0)
        made.t(0)
        made.h(0)
        made.measure(0, 0)
        if self.way == "with another gate":
            made.z(2)
        qn.correct(made, made.qubits[2], x=[made.clbits[0]])
        made.measure([1, 2], [1, 2])
        item = qn.Item("other" if self.way == "by another name" else "zz", made)
        return qn.Program(
            [item], [qn.Figure("zz", qn.parity(item.name, [("out", 0), ("out", 1)]), ideal=0.5)]
        )


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return the directory of a run, and its story as long as nothing has changed."""
    path = tmp_path_factory.mktemp("runs") / "changing"
    asked = {"corrections": "feedforward", "shots": 20, "seed": 1, "layout": [0, 1, 2]}
    qn.submit(Changing(), "aer:fake_manila", path=path, **asked).result()
    return path, qn.tell(path, shot=SHOT)


def plain(story):
    """Return a story in plain values, without notes."""
    return {key: value for key, value in story.to_dict().items() if key != "notes"}


def changed(path, to, **options):
    """Return a copy of a run whose manifest has other options."""
    to.mkdir()
    for file in path.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((to / "manifest.json").read_text())
    manifest["options"] |= options
    (to / "manifest.json").write_text(json.dumps(manifest))
    return to


def test_an_unchanged_run_is_told_like_its_protocol(kept):
    _, story = kept
    asked = {"corrections": "feedforward", "shots": 20, "seed": 1, "layout": [0, 1, 2]}
    assert plain(qn.tell(Changing(), "aer:fake_manila", shot=SHOT, **asked)) == plain(story)


@pytest.mark.parametrize("way", ["with another gate", "by another name", "not at all"])
def test_a_protocol_that_changed_is_told_as_it_was(kept, way, monkeypatch):
    path, story = kept
    monkeypatch.setattr(Changing, "way", way)
    again = qn.tell(path, shot=SHOT)
    assert plain(again) == plain(story) and len({*again.notes} - {*story.notes}) == 1


def test_circuits_that_would_be_compiled_otherwise_are_told_as_they_ran(kept, tmp_path):
    path, story = kept
    again = qn.tell(changed(path, tmp_path / "level", optimization_level=0), shot=SHOT)
    assert plain(again)["shots"][0]["moments"] == plain(story)["shots"][0]["moments"]
    assert again.events == story.events and len({*again.notes} - {*story.notes}) == 1


def test_a_device_is_told_with_the_calibration_of_that_day(kept, tmp_path):
    path, story = kept
    to = changed(path, tmp_path / "day")
    calibration = json.loads((to / "calibration.json").read_text())
    calibration["qubits"]["t2"][2] = 3e-6
    (to / "calibration.json").write_text(json.dumps(calibration))
    again = qn.tell(to, shot=SHOT)
    assert [qubit.t2_s for qubit in again.qubits if qubit.physical == 2] == [3e-6]
    assert again.events == story.events and again.moments != story.moments


def test_a_run_whose_outcomes_are_read_otherwise_now_is_refused(tmp_path):
    """Post-selection compiles to the circuits of a frame and reads their outcomes in another way."""
    qn.submit(
        Changing(), "aer:fake_manila", path=tmp_path / "run", corrections="frame", shots=20, seed=1
    ).result()
    assert qn.tell(tmp_path / "run").corrections == "frame"
    with pytest.raises(qn.RecordError):
        qn.tell(changed(tmp_path / "run", tmp_path / "other", corrections="postselect"))


@pytest.mark.parametrize("how", ["decisions", "gates", "qubits", "pulses", "missing"])
def test_circuits_that_do_not_follow_from_the_program_are_refused(kept, how, tmp_path):
    options = {"decisions": {"corrections": "frame"}, "pulses": {"decoupling": True}}
    to = changed(kept[0], tmp_path / how, **options.get(how, {}))
    record = Record(to)
    (circuit,) = record.read_circuits("compiled.qpy")
    if how == "gates":
        circuit.x(2)
        circuit.data.insert(0, circuit.data.pop())
    if how == "qubits":
        circuit.x(4)
    (to / "compiled.qpy").unlink()
    if how != "missing":
        record.write_circuits("compiled.qpy", [circuit])
    with pytest.raises(qn.RecordError):
        qn.tell(to)


def test_a_run_with_control_experiments_is_told_with_the_story_without_messages(tmp_path):
    asked = {"corrections": "feedforward", "shots": 20, "seed": 1, "controls": True}
    qn.submit(qn.EntanglementSwapping(), path=tmp_path / "run", **asked).result()
    story = qn.tell(tmp_path / "run")
    assert story.withheld is not None and story.withheld.corrections == "none"
