"""The runs stored in hardware_runs/ open, and are analysed to the results that are stored with them."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import qnet_circuits as qn

FOLDER = Path(__file__).parents[2] / "hardware_runs"
RUNS = sorted(path for path in FOLDER.iterdir() if path.is_dir())
MOST_BYTES = 100_000
stored = pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)

#: Replays runs on a machine that has neither IBM's client nor a network.
_ALONE = """
import contextlib, io, json, socket, sys
sys.modules["qiskit_ibm_runtime"] = None
def refuse(*_):
    raise OSError("no network")
socket.socket.connect = refuse
from qnet_circuits.cli.main import main
for path in sys.argv[1:]:
    status, printed = None, io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            main(["replay", path, "--json"])
        except SystemExit as ended:
            status = ended.code
    print(json.dumps([status, printed.getvalue()]))
"""


@pytest.fixture
def copies(tmp_path):
    """Return copies of all runs."""
    return shutil.copytree(FOLDER, tmp_path / "copies")


def _json(path, name):
    return json.loads((path / name).read_text())


def _files(path):
    return {file.name: file.read_bytes() for file in path.iterdir() if file.name != ".lock"}


def _tree(path):
    """Return all files with their content and the time they were changed."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.iterdir()}


def _figures(result):
    """Return figures as they are written: plain, with every digit."""
    return json.loads(json.dumps(result.to_dict()["figures"]))


def _alike(one, other):
    """Tell whether plain values are the same, but for the last digits, in which versions of SciPy differ.

    Results that were stored by a version without standard errors have none.
    """
    if isinstance(one, dict):
        same = one.keys() | {"standard_error"} == other.keys() | {"standard_error"}
        return same and all(_alike(one[key], other[key]) for key in one.keys() & other.keys())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) if isinstance(one, float) else one == other


def test_there_are_runs_of_three_kinds():
    kinds = {_json(path, "manifest.json")["backend"].partition(":")[0] for path in RUNS}
    assert kinds == {"local", "aer", "exact"}


@stored
def test_a_copy_is_analysed_to_its_stored_result(path, tmp_path):
    copy = shutil.copytree(path, tmp_path / "elsewhere" / "moved")
    (copy / "result.json").unlink()
    result, before = qn.open_run(copy).result(), _json(path, "result.json")
    assert _alike(_figures(result), before["figures"])
    # Written by whoever finds none, it differs in nothing but how long the analysis took.
    again = _json(copy, "result.json")
    for plain in (again, before):
        plain["seconds"].pop("analyze", None)
    assert _alike(again, before)


@stored
@pytest.mark.parametrize(
    "read",
    [qn.replay, lambda path: qn.replay(path, level=0.8), lambda path: qn.open_run(path).result(0.8)],
    ids=["replay", "replay at another level", "open"],
)
def test_reading_a_run_that_was_analysed_writes_nothing(path, read, tmp_path):
    copy = shutil.copytree(path, tmp_path / "moved")
    before = _tree(copy)
    read(copy)
    assert _tree(copy) == before


def test_replay_writes_nothing_where_a_process_died_before_it_was_done(tmp_path):
    """What is left to do, the result and the end of a run that was being sampled, is done by whoever fetches it."""
    copy = shutil.copytree(FOLDER / "chain2-local-manila", tmp_path / "moved")
    (copy / "result.json").unlink()
    manifest = copy / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "status": "RUNNING"}))
    before = _tree(copy)
    figures = _figures(qn.replay(copy))
    assert _tree(copy) == before
    assert _figures(qn.open_run(copy).result()) == figures == _json(copy, "result.json")["figures"]
    assert _json(copy, "manifest.json")["status"] == "COLLECTED"


@stored
def test_reading_leaves_a_directory_that_may_not_be_written_as_it_is(path, monkeypatch):
    before = _files(path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    opened = qn.open_run(path)
    assert (opened.status, opened.path) == ("COLLECTED", path)
    assert _alike(_figures(qn.replay(path)), _json(path, "result.json")["figures"])
    assert _files(path) == before


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return how such a machine replays a copy of each run, by the run's name: the exit status and what is printed."""
    folder = tmp_path_factory.mktemp("alone")
    copies = [shutil.copytree(path, folder / path.name) for path in RUNS]
    command = [sys.executable, "-c", _ALONE, *map(str, copies)]
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return {path.name: json.loads(line) for path, line in zip(RUNS, done.stdout.splitlines(), strict=True)}


@stored
def test_a_run_replays_without_ibms_client_and_without_a_network(path, alone):
    status, printed = alone[path.name]
    assert status == 0
    assert _alike(json.loads(printed)["figures"], _json(path, "result.json")["figures"])


@stored
def test_it_is_labelled_as_simulated_and_names_no_processor(path):
    manifest, result = _json(path, "manifest.json"), _json(path, "result.json")
    assert manifest["simulated"] is True and manifest["remote"] is False
    assert result["backend"] == manifest["backend"]
    for notes in (manifest["notes"], result["notes"]):
        assert any(note.startswith("simulated") for note in notes)
    assert qn.Result.from_dict(result).title.endswith("(simulated)")
    for file in path.iterdir():
        assert b"ibm:" not in file.read_bytes(), file.name


@stored
def test_a_manifest_of_the_first_schema_stays_readable(path):
    manifest = _json(path, "manifest.json")
    assert manifest["schema"] == 1
    summary = qn.open_run(path).summary()
    assert all(summary[key] == manifest[key] for key in ("run_id", "protocol", "parameters", "created"))


@stored
def test_its_status_is_told_it_is_not_cancelled_and_it_is_fetched(path, tmp_path, qnet):
    copy = shutil.copytree(path, tmp_path / "moved")
    for command in ("status", "cancel"):
        code, out, _ = qnet(command, copy, "--json")
        assert (code, json.loads(out)["runs"][0]["status"]) == (0, "COLLECTED")
    code, out, _ = qnet("fetch", copy, "--json")
    assert code == 0 and _alike(json.loads(out)["figures"], _json(path, "result.json")["figures"])


@pytest.mark.one_in(3)
@stored
def test_one_that_lost_its_outcomes_is_made_again_as_it_was_or_refused_in_one_line(path, tmp_path, qnet):
    copy = shutil.copytree(path, tmp_path / "moved")
    for name in ("outcomes.npz", "exact.json"):
        (copy / name).unlink(missing_ok=True)
    code, out, error = qnet("fetch", copy, "--json")
    if code == 2:
        assert out == "" and error.count("\n") == 1 and "again" in error
    else:
        assert code == 0 and set(json.loads(out)["figures"]) == set(_json(path, "result.json")["figures"])


@stored
def test_it_is_small_and_speaks_of_no_machine(path):
    files = _files(path)
    assert sum(map(len, files.values())) < MOST_BYTES
    assert set(files) - {"exact.json", "outcomes.npz"} == {
        "manifest.json", "program.qpy", "compiled.qpy", "calibration.json", "result.json",
    }  # fmt: skip
    for content in files.values():
        assert not any(place in content for place in (b"/root/", b"/home/", b"/tmp/"))
    assert f"`{path.name}`" in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("kind", ["local", "twin"])
def test_a_run_in_blocks_keeps_each_block_with_its_controls_and_mitigated_figures(kind, copies):
    path = copies / f"chain2-blocks-{kind}-torino"
    manifest, result = _json(path, "manifest.json"), qn.replay(path)
    assert [job["block"] for job in manifest["jobs"]] == [0, 1, 2]
    assert all(job["kept"] == [300] * len(manifest["items"]) for job in manifest["jobs"])
    values = [qn.open_run(path).blocks()[k]["zz"]["out"] for k in range(3)]
    agree = [1 - 2 * np.mean(bits[:, 0] ^ bits[:, 1]) for bits in values]
    assert result.blocks["zz"]["values"] == pytest.approx(agree) and len(set(agree)) > 1
    assert result.fidelity.n == 3 * 3 * 300
    (first, *_) = result.compare().figures
    assert set(first.controls) == {"uncorrected", "swap_transport"}
    assert first.mitigated.value > first.measured.value
    assert not first.controls["uncorrected"].measured.above(0.5) and result.fidelity.above(0.5)


def test_pictures_of_stored_runs_say_that_they_are_simulated(copies):
    for path in sorted(copies / run.name for run in RUNS):
        result = qn.replay(path)
        for drawn in (result, result.compare()):
            assert "(simulated)" in _title(drawn.plot()), path.name
        plt.close("all")
    links = qn.replay(copies / "links-twin-nairobi")
    assert qn.plot_links(links).get_title().endswith("(simulated)")
    plt.close("all")


def test_a_stored_link_benchmark_places_another_protocol(copies):
    path = copies / "links-twin-nairobi"
    compiled = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_nairobi", layout=path)
    assert any(note.startswith("placed by measured links") for note in compiled.notes)


def test_outcomes_of_the_stored_chain_come_shot_by_shot(tmp_path):
    copy = shutil.copytree(FOLDER / "chain2-local-manila", tmp_path / "moved")
    outcomes = qn.open_run(copy).outcomes()
    assert len(outcomes) == 3
    assert all(bits.shape[0] == 200 for registers in outcomes.values() for bits in registers.values())


@pytest.mark.parametrize("backend", ["ideal", "aer", "exact"])
def test_a_simulation_without_a_device_says_so_too(backend):
    shots = {} if backend == "exact" else {"shots": 20}
    result = qn.run(qn.RepeaterChain(hops=2), backend, seed=1, **shots)
    assert result.notes[0] == "simulated: no processor made these figures"


def _title(ax):
    return ax.figure.get_suptitle() or ax.get_title()
