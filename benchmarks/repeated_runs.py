"""A run that comes again with another seed in one process, against an earlier commit and against a script written by hand."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import qnet_circuits as qn
from benchmarks.baselines.chain import SETTINGS, chain_circuit, correlator, fidelity
from benchmarks.measuring import Row

ROOT = Path(__file__).parents[1]
#: The last commit before runs that come again were made quicker.
BEFORE = "961d0b1"
BAR = 2.0
HOPS, SHOTS = 2, 1000
NAME = f"{HOPS}-hop chain again, {SHOTS} shots"
#: Neighbours on fake_kingston.
LAYOUT = (0, 1, 2, 3)
KINDS = ("processor", "clock")
#: Prints the seconds of a run, of the processor and of the clock, for the package in the working directory.
ALONE = f"""
import sys, time
import qnet_circuits as qn
chain = qn.RepeaterChain(hops={HOPS})
run = lambda seed: qn.run(chain, "aer:fake_kingston", shots={SHOTS}, seed=seed)
run(0), run(1)
runs, begin = int(sys.argv[1]), (time.process_time(), time.perf_counter())
for seed in range(runs):
    run(seed)
print(qn.__file__, (time.process_time() - begin[0]) / runs, (time.perf_counter() - begin[1]) / runs)
"""


def alone(tree: Path, runs: int) -> tuple[float, float]:
    """Seconds of the processor and of the clock that a run takes, in a process of its own that has the package of a tree."""
    command = [sys.executable, "-c", ALONE, str(runs)]
    said = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout
    path, processor, clock = said.rsplit(maxsplit=2)
    assert Path(path).is_relative_to(tree), f"{path} is not the package of {tree}"
    return float(processor), float(clock)


def against(commit: str = BEFORE, runs: int = 250, repeats: int = 4) -> Row:
    """What a run takes of the processor, against an earlier commit, in turns; other work slows the clock more."""
    name = f"{NAME}, over commit {commit}"
    with tempfile.TemporaryDirectory() as made:
        old = Path(made).resolve()
        archive = ["git", "-C", str(ROOT), "archive", "--format=tar", commit, "qnet_circuits"]
        try:
            packed = subprocess.run(archive, check=True, capture_output=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return Row(name, None, "x", BAR, "needs git and the commit: clone with the whole history")
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(old, filter="data")
        found = [[alone(tree, runs) for tree in (old, ROOT)] for _ in range(repeats)]
    before, now = ([min(kind) for kind in zip(*side, strict=True)] for side in zip(*found, strict=True))
    said = [f"{1e3 * before[k]:.1f} and {1e3 * now[k]:.1f} ms of the {kind}" for k, kind in enumerate(KINDS)]
    return Row(name, before[0] / now[0], "x", BAR, ", ".join(said))


def by_hand(runs: int = 3, repeats: int = 2) -> Row:
    """The same against a script that has its simulator and its transpiled circuits beforehand, and only samples."""
    from qiskit import transpile
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime.fake_provider import FakeKingston

    device, chain = FakeKingston(), qn.RepeaterChain(hops=HOPS)
    simulator = AerSimulator.from_backend(device)
    made = [chain_circuit(HOPS, setting) for setting in SETTINGS]
    circuits = transpile(made, device, initial_layout=list(LAYOUT), seed_transpiler=0)

    def script(seed: int) -> None:
        result = simulator.run(circuits, shots=SHOTS, seed_simulator=seed).result()
        fidelity({name: correlator(result.get_counts(k), name) for k, name in enumerate(SETTINGS)})

    def library(seed: int) -> None:
        qn.run(chain, "aer:fake_kingston", shots=SHOTS, seed=seed, layout=LAYOUT, corrections="frame")

    found = [[_each(task, runs) for task in (script, library)] for _ in range(repeats)]
    theirs, ours = (min(side) for side in zip(*found, strict=True))
    detail = f"{1e3 * theirs:.1f} and {1e3 * ours:.1f} ms of the processor"
    return Row(f"{NAME}, over a script that only samples", theirs / ours, "x", None, detail)


def _each(task: Callable[[int], None], runs: int) -> float:
    """Seconds of the processor that each of some runs takes, after a first one that does not count."""
    task(runs)
    begin = time.process_time()
    for seed in range(runs):
        task(seed)
    return (time.process_time() - begin) / runs


def rows(repeats: int = 4) -> list[Row]:
    return [against(repeats=repeats), by_hand()]
