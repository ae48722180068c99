"""Runs that are interrupted, or whose process dies, at any point go on, lose nothing and sample nothing twice."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from qiskit_aer import AerSimulator

import qnet_circuits as qn
from qnet_circuits.backends.ibm.processor import RuntimeBackend
from qnet_circuits.backends.simulation import sampling
from qnet_circuits.errors import RecordError
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.parts import Parts

CHAIN = qn.RepeaterChain(hops=2)
OPTIONS = {"backend": "aer:fake_manila", "shots": 700, "seed": 5, "corrections": "feedforward"}
ROOT = Path(qn.__file__).parents[1]


def prepare(path=None):
    return qn.submit(CHAIN, path=path, **OPTIONS)


def same(one, other):
    return all(
        np.array_equal(bits, other[item][name]) for item, regs in one.items() for name, bits in regs.items()
    )


@pytest.fixture(scope="module")
def whole():
    """The outcomes of a run that nobody interrupted, in calls of the same size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "CALL", 2e6)
        return prepare().outcomes()


@pytest.fixture
def calls(monkeypatch):
    """Make calls of Aer small and every part worth keeping; count the calls, and interrupt one of them if told."""
    monkeypatch.setattr(sampling, "CALL", 2e6)
    monkeypatch.setattr(sampling, "SHORT", 0)
    real = AerSimulator.run

    class Calls(list):
        interrupt_at = None

    made = Calls()

    def sample(self, circuits, **options):
        made.append(options["seed_simulator"])
        if made.interrupt_at == len(made):
            raise KeyboardInterrupt
        return real(self, circuits, **options)

    monkeypatch.setattr(AerSimulator, "run", sample)
    return made


@pytest.fixture
def many(calls, whole):
    """How many calls the run takes."""
    prepare().outcomes()
    found = len(calls)
    assert found >= 6
    calls.clear()
    return found


def status_on_disk(path):
    return json.loads((path / "manifest.json").read_text())["status"]


def part_numbers(path):
    return sorted(int(file.stem) for file in (path / "parts").glob("*.npz"))


@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_an_interrupted_run_goes_on_where_it_was(which, calls, many, whole, tmp_path):
    at = {"first": 1, "middle": many // 2, "last": many}[which]
    run = prepare(tmp_path / "run")
    calls.interrupt_at = at
    with pytest.raises(KeyboardInterrupt):
        run.outcomes()
    assert run.status == status_on_disk(tmp_path / "run") == "PREPARED"
    assert part_numbers(tmp_path / "run") == list(range(at - 1))
    calls.interrupt_at = None
    calls.clear()
    opened = qn.open_run(tmp_path / "run")
    assert same(whole, opened.outcomes())
    assert len(calls) == many - (at - 1)
    assert status_on_disk(tmp_path / "run") == "COLLECTED"
    assert not (tmp_path / "run" / "parts").exists()
    assert same(whole, qn.open_run(tmp_path / "run").outcomes())


def test_interrupted_again_and_again_it_still_ends_as_if_nothing_had_been(calls, many, whole, tmp_path):
    prepare(tmp_path / "run")
    for _ in range(many - 1):
        calls.clear()
        calls.interrupt_at = 2
        with pytest.raises(KeyboardInterrupt):
            qn.open_run(tmp_path / "run").outcomes()
    calls.clear()
    calls.interrupt_at = None
    assert same(whole, qn.open_run(tmp_path / "run").outcomes())
    assert len(calls) == 1


def test_a_run_in_memory_that_was_interrupted_starts_anew(calls, many, whole):
    run = prepare()
    calls.interrupt_at = 3
    with pytest.raises(KeyboardInterrupt):
        run.outcomes()
    assert run.status == "PREPARED"
    calls.interrupt_at = None
    assert same(whole, run.outcomes())


def test_a_short_run_keeps_no_parts(calls, many, monkeypatch, tmp_path):
    monkeypatch.setattr(sampling, "SHORT", 1000.0)
    run = prepare(tmp_path / "run")
    calls.interrupt_at = many
    with pytest.raises(KeyboardInterrupt):
        run.outcomes()
    assert not (tmp_path / "run" / "parts").exists()


def _cut(content, rng):
    return content[: rng.integers(len(content))]


def _flip(content, rng):
    torn = bytearray(content)
    for _ in range(3):
        torn[rng.integers(len(torn))] ^= int(rng.integers(1, 256))
    return bytes(torn)


def _other_shape(content, rng):
    folder = Path(os.environ["PYTEST_PARTS"])
    Parts(Record(folder)).put(0, [{"swap": np.zeros((3, 2), bool)}])
    return (folder / "parts" / "0.npz").read_bytes()


@pytest.mark.parametrize("damage", [_cut, _flip, _other_shape, lambda content, rng: b""])
def test_parts_that_are_torn_or_of_another_form_are_made_again(
    damage, calls, many, whole, tmp_path, rng, monkeypatch
):
    (tmp_path / "foreign").mkdir()
    monkeypatch.setenv("PYTEST_PARTS", str(tmp_path / "foreign"))
    run = prepare(tmp_path / "run")
    calls.interrupt_at = 5
    with pytest.raises(KeyboardInterrupt):
        run.outcomes()
    part = tmp_path / "run" / "parts" / "1.npz"
    part.write_bytes(damage(part.read_bytes(), rng))
    calls.interrupt_at = None
    calls.clear()
    assert same(whole, qn.open_run(tmp_path / "run").outcomes())
    assert len(calls) == many - 4 + 1


def test_a_damaged_archive_is_one_error_whatever_byte_it_is(tmp_path, rng):
    record = Record(tmp_path)
    raws = [{"m": rng.random((50, 2)) < 0.5, "out": rng.random((50, 3)) < 0.5} for _ in range(2)]
    shapes = [{"m": (50, 2), "out": (50, 3)}] * 2
    record.write_outcomes(["a", "b"], raws)
    Parts(record).put(0, raws)
    refused = 0
    for file, read in (
        (tmp_path / "outcomes.npz", lambda: record.read_outcomes(shapes)),
        (tmp_path / "parts" / "0.npz", lambda: Parts(record).get(0)),
    ):
        content = file.read_bytes()
        # Every byte of the archive's heads and directory, where a damage changes what the reader believes.
        for place in range(0, len(content), 7):
            torn = bytearray(content)
            torn[place] ^= int(rng.integers(1, 256))
            file.write_bytes(torn)
            # Anything but a RecordError goes through.
            try:
                refused += read() is None
            except RecordError:
                refused += 1
        file.write_bytes(content)
        assert read() is not None
    assert refused > 100


def test_a_disk_that_takes_no_parts_costs_the_parts_and_not_the_run(calls, many, whole, tmp_path):
    run = prepare(tmp_path / "run")
    (tmp_path / "run" / "parts").write_text("in the way")
    assert same(whole, run.outcomes())
    assert status_on_disk(tmp_path / "run") == "COLLECTED"


@pytest.mark.parametrize("step", ["outcomes", "parts", "manifest"])
def test_a_process_that_dies_between_outcomes_and_manifest_leaves_a_run_that_is_done(
    step, calls, many, whole, monkeypatch, tmp_path
):
    """Outcomes are on disk; whoever opens the run finds them, samples nothing, and tidies up."""

    class Death(BaseException):
        pass

    def die(*arguments, **options):
        raise Death

    run = prepare(tmp_path / "run")
    with monkeypatch.context() as patch:
        if step == "outcomes":
            real = Record.write_outcomes

            def written_and_dead(self, *arguments):
                real(self, *arguments)
                raise Death

            patch.setattr(Record, "write_outcomes", written_and_dead)
        elif step == "parts":
            patch.setattr(Parts, "clear", die)
        else:
            real_clear = Parts.clear

            def cleared_and_dead(self):
                real_clear(self)
                raise Death

            patch.setattr(Parts, "clear", cleared_and_dead)
        with pytest.raises(Death):
            run.outcomes()
    assert status_on_disk(tmp_path / "run") == "RUNNING"
    calls.clear()
    assert same(whole, qn.open_run(tmp_path / "run").outcomes())
    assert calls == []
    assert status_on_disk(tmp_path / "run") == "COLLECTED"
    assert not (tmp_path / "run" / "parts").exists()


def test_a_run_that_is_done_is_read_where_nothing_can_be_written(calls, many, whole, tmp_path, monkeypatch):
    run = prepare(tmp_path / "run")
    run.outcomes()
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    (tmp_path / "run" / "manifest.json").write_text(json.dumps({**manifest, "status": "RUNNING"}))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert same(whole, qn.open_run(tmp_path / "run").outcomes())
    assert status_on_disk(tmp_path / "run") == "RUNNING"


# -- in other processes ------------------------------------------------------------------------------------------------

LONG_RUN = """
import sys
from qiskit_aer import AerSimulator
from qnet_circuits.backends.simulation import sampling
sampling.CALL, sampling.SHORT = 2e6, 0
real = AerSimulator.run
calls = []
def sample(self, circuits, **options):
    calls.append(options["seed_simulator"])
    if len(calls) == 5:
        print("here", file=sys.__stdout__, flush=True)
        import time; time.sleep(60)
    return real(self, circuits, **options)
AerSimulator.run = sample
from qnet_circuits.cli.main import main
main(["run", "repeater-chain", "--set", "hops=2", "--on", "aer:fake_manila", "--shots", "700", "--seed", "5",
      "--corrections", "feedforward", "--json", *sys.argv[1:]])
"""


def start(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", LONG_RUN, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "here\n"
    return process


def test_a_killed_process_leaves_a_run_that_fetch_finishes(calls, many, whole, tmp_path, qnet):
    process = start("--out", str(tmp_path / "run"))
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert status_on_disk(tmp_path / "run") == "RUNNING"
    assert part_numbers(tmp_path / "run") == [0, 1, 2, 3]
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    assert same(whole, qn.open_run(tmp_path / "copy").outcomes())
    assert len(calls) == many - 4
    calls.clear()
    status, out, err = qnet("fetch", str(tmp_path / "run"), "--json")
    assert (status, err) == (0, "") and len(calls) == many - 4
    expected = qn.run(CHAIN, **OPTIONS)
    assert json.loads(out)["figures"] == {name: e.to_dict() for name, e in expected.figures.items()}
    assert status_on_disk(tmp_path / "run") == "COLLECTED"


def test_ctrl_c_is_status_130_and_one_line_that_says_how_to_go_on(tmp_path, calls, many, whole):
    directory = tmp_path / "my run"
    process = start("--out", str(directory))
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - begin < 10
    assert (process.returncode, out) == (130, "")
    assert err == f"qnet: interrupted; continue with: qnet fetch '{directory}'\n"
    assert status_on_disk(directory) == "PREPARED"
    assert same(whole, qn.open_run(directory).outcomes())


def test_a_run_without_a_directory_that_is_interrupted_names_none(qnet, calls, many):
    calls.interrupt_at = 5
    arguments = (
        "--set",
        "hops=2",
        "--on",
        "aer:fake_manila",
        "--shots",
        "700",
        "--corrections",
        "feedforward",
    )
    assert qnet("run", "repeater-chain", *arguments) == (130, "", "qnet: interrupted\n")


def test_fetch_and_predict_that_are_interrupted_say_how_to_go_on(tmp_path, qnet, calls, many, monkeypatch):
    prepare(tmp_path / "run")
    calls.interrupt_at = 3
    line = f"qnet: interrupted; continue with: qnet fetch {tmp_path / 'run'}\n"
    assert qnet("fetch", str(tmp_path / "run"))[::2] == (130, line)
    calls.interrupt_at = None
    assert qnet("fetch", str(tmp_path / "run"))[0] == 0
    from qnet_circuits.backends.exact import ExactBackend

    def interrupt(self, *_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ExactBackend, "evaluate", interrupt)
        device = (
            "--on",
            "fake_torino",
            "--layout",
            "0,1,2,3,4,5",
        )  # Where nothing is computed to find a place.
        arguments = ("predict", "repeater-chain", *device, "--out", str(tmp_path / "exact"))
        line = f"qnet: interrupted; continue with: qnet fetch {tmp_path / 'exact'}\n"
        assert qnet(*arguments)[::2] == (130, line)
    status, out, _ = qnet("fetch", str(tmp_path / "exact"), "--json")
    assert status == 0
    assert json.loads(out)["figures"]["fidelity"]["value"] == pytest.approx(
        qn.predict(qn.RepeaterChain(), "fake_torino", layout=[*range(6)]).fidelity.value, abs=1e-12
    )


SUBMITTED = (
    "submit", "repeater-chain", "--set", "hops=2", "--on", "ibm:ibm_manila", "--max-qpu-seconds", "60",
    "--shots", "20", "--seed", "3", "--optimization-level", "1", "--out",
)  # fmt: skip


def test_submit_that_is_interrupted_says_how_to_go_on_and_again_into_its_directory_too(
    platform, tmp_path, qnet, monkeypatch
):
    def interrupt(*_):
        raise KeyboardInterrupt

    directory = tmp_path / "my run"
    with monkeypatch.context() as patch:
        patch.setattr(RuntimeBackend, "submit", interrupt)
        line = f"qnet: interrupted; continue with: qnet fetch '{directory}'\n"
        assert qnet(*SUBMITTED, str(directory)) == (130, "", line)
    kept = (directory / "manifest.json").read_bytes()
    status, out, err = qnet(*SUBMITTED, str(directory))
    assert (status, out) == (2, "") and f"qnet fetch '{directory}'" in err and err.count("\n") == 1
    assert not platform.jobs.records and (directory / "manifest.json").read_bytes() == kept


@pytest.mark.parametrize("place", ["before", "within"])
def test_submit_that_is_interrupted_before_it_has_a_directory_names_none(
    platform, tmp_path, qnet, monkeypatch, place
):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    if place == "within":  # Another run's directory is none to go on with.
        prepare(tmp_path / "run")
    monkeypatch.setattr(RuntimeBackend, "check", interrupt)
    assert qnet(*SUBMITTED, str(tmp_path / "run")) == (130, "", "qnet: interrupted\n")


@pytest.mark.parametrize("links", [True, False])
def test_of_runs_that_start_in_one_new_directory_at_once_one_has_it(tmp_path, monkeypatch, links):
    def create(directory, number, together):
        together.wait()
        try:
            return Record.create(directory, {"run_id": str(number), "status": "PREPARED", "jobs": []})
        except RecordError:
            return None

    def no_links(*_):
        raise OSError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    for k in range(10):
        together = threading.Barrier(12)
        with ThreadPoolExecutor(12) as pool:
            made = list(pool.map(lambda n: create(tmp_path / str(k), n, together), range(12)))  # noqa: B023
        (winner,) = [number for number, record in enumerate(made) if record is not None]
        assert made[winner].manifest()["run_id"] == str(winner)
        assert [file.name for file in (tmp_path / str(k)).iterdir()] == ["manifest.json"]
