"""Processes of a sweep: they import no script again, end with whoever asked, and lose nothing if either dies."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from multiprocessing import resource_tracker
from pathlib import Path

import pytest

import qnet_circuits as qn
from qnet_circuits.runs.sweeps.workers import Processes, run_points

CHAINS = qn.grid(qn.RepeaterChain, hops=[1, 2, 3], link_fidelity=[0.9, 0.92, 0.94, 0.96])
ROOT = Path(__file__).parents[2]
#: A script as people write it, without a guard; each time that it is imported it says so.
SCRIPT = """
import os, sys
print("imported", flush=True)
import qnet_circuits as qn

class Mark:
    def __call__(self, done, total):
        print("done", done, flush=True)

def chains():
    return qn.grid(qn.RepeaterChain, hops=[1, 2, 3], link_fidelity=[0.9, 0.92, 0.94, 0.96])

rows = qn.sweep(chains(), "aer", path=sys.argv[1], executor=int(sys.argv[2]), progress=Mark(), shots=2000, seed=5)
print("rows", len(rows), flush=True)
"""


def started(folder, workers):
    """Start the script in a process of its own, and return it."""
    file = folder / "script.py"
    file.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(file), str(folder / "rows.jsonl"), str(workers)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder,
    )  # fmt: skip


def children_of(pid):
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def wait_for_end(pids):
    until = time.monotonic() + 30
    while alive := [
        pid
        for pid in pids
        if Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()
    ]:
        assert time.monotonic() < until, f"{alive} outlived the process that asked"
        time.sleep(0.05)


def check_once(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    asked = [(line["parameters"]["hops"], line["parameters"]["link_fidelity"]) for line in lines]
    assert sorted(asked) == [(hops, fidelity) for hops in (1, 2, 3) for fidelity in (0.9, 0.92, 0.94, 0.96)]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
def test_a_sweep_that_is_killed_leaves_no_process_and_goes_on(tmp_path):
    path = tmp_path / "rows.jsonl"
    with started(tmp_path, 2) as process:
        said = [process.stdout.readline().split() for _ in range(3)]
        workers = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
    assert said == [["imported"], ["done", "1"], ["done", "2"]] and workers
    wait_for_end(workers)
    told = []
    qn.sweep(
        CHAINS, "aer", path=path, executor=1, shots=2000, seed=5, progress=lambda *counted: told.append(counted)
    )  # fmt: skip
    check_once(path)
    assert len(told) <= 10


@pytest.mark.slow
def test_a_sweep_that_is_killed_ten_times_ends_with_every_row_once(tmp_path):
    path, drawn, unfinished = tmp_path / "rows.jsonl", random.Random(16), 0
    for _ in range(10):
        with started(tmp_path, 2) as process:
            for _ in range(drawn.randint(1, 3)):  # that it was imported, and some rows, if any are missing
                process.stdout.readline()
            time.sleep(drawn.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
        unfinished += not path.exists() or path.read_text().count("\n") < 12
    assert unfinished > 2
    with started(tmp_path, 2) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.count("imported") == 1 and "done 12 " not in out and out.endswith("rows 12\n")
    check_once(path)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_that_was_done(tmp_path):
    with started(tmp_path, 2) as process:
        assert [process.stdout.readline().split()[0] for _ in range(2)] == ["imported", "done"]
        for child in children_of(process.pid):
            os.kill(child, signal.SIGKILL)
        _, err = process.communicate()
    assert "BackendError: the executor failed" in err and "of 12 points are kept in" in err
    with started(tmp_path, 2) as process:
        assert "rows 12" in process.communicate()[0]
    check_once(tmp_path / "rows.jsonl")


class AtOnce(Processes):
    """Does at once what it is given, or is still starting.

    Args:
        number: The number of processes.
        starting: Whether it is still starting.
    """

    def __init__(self, number, starting=False):
        super().__init__(number)
        self.starting, self.points = starting, 0

    def submit(self, fn, /, *arguments, **more):
        future = Future()
        if fn is run_points:
            assert not self.starting
            self.points += len(json.loads(arguments[0]))
            future.set_result(fn(*arguments))
        elif not self.starting:
            future.set_result(None)
        return future


def swept(pool, path):
    return qn.sweep(CHAINS, "aer", path=path, executor=pool, shots=20, seed=5)


def test_what_would_wait_for_a_process_that_starts_is_done_here(path):
    assert len(swept(AtOnce(2, starting=True), path)) == 12
    check_once(path)


def test_the_calling_process_runs_points_with_the_others(path):
    pool = AtOnce(2)
    swept(pool, path)
    assert 0 < pool.points < 11
    check_once(path)


def test_it_runs_no_more_of_them_if_one_takes_long(path, monkeypatch):
    monkeypatch.setattr("qnet_circuits.runs.sweeps.work._LONG", 0.0)
    pool = AtOnce(2)
    swept(pool, path)
    assert pool.points == 11
    check_once(path)


def test_alone_it_runs_them_in_order_however_long_they_take(path, monkeypatch):
    monkeypatch.setattr("qnet_circuits.runs.sweeps.work._LONG", 0.0)
    pool = AtOnce(1)
    rows = swept(pool, path)
    assert pool.points == 0
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [row["id"] for row in rows]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
def test_of_two_processes_one_is_started_and_then_one_more_in_place_of_this():
    resource_tracker.ensure_running()
    before, pool = set(children_of(os.getpid())), Processes(2)
    for number, tasks in ((1, 4), (2, 2)):
        for future in [pool.submit(time.sleep, 0.1) for _ in range(tasks)]:
            future.result()
        started = set(children_of(os.getpid())) - before
        assert len(started) == number
        pool.replace_this()
    pool.end()
    wait_for_end(started)
