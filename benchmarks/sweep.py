"""A sweep over chains on all cores, against the same points in a loop of ``qn.run``; and how soon a sweep that is done ends."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import qnet_circuits as qn
from benchmarks.measuring import Row

POINTS, SHOTS, DEVICE = 200, 4000, "aer:fake_kingston"
_ROOT = Path(__file__).parents[1]


def chains(points: int) -> tuple[qn.Protocol, ...]:
    """Chains of three hops, whose links differ."""
    return qn.grid(qn.RepeaterChain, hops=3, link_fidelity=[0.9 + 0.1 * k / points for k in range(points)])


def swept(points: int, shots: int, path: Path) -> list[float]:
    rows = qn.sweep(chains(points), DEVICE, path=path, shots=shots, seed=7, progress=False)
    return [row["figures"]["fidelity"]["value"] for row in rows]


def looped(points: int, shots: int, path: Path) -> list[float]:
    """Run the points of a sweep that was done before, with the seeds of its rows."""
    by_link = {row["parameters"]["link_fidelity"]: row["seed"] for row in qn.SweepRows.read(path)}
    return [
        qn.run(chain, DEVICE, shots=shots, seed=by_link[chain.parameters["link_fidelity"]]).fidelity.value
        for chain in chains(points)
    ]


@dataclass(frozen=True)
class Side:
    """What one side took in a process of its own.

    Args:
        seconds: From the call to its figures.
        whole: With the start of Python.
        processor: The processor's time of the process that calls, and of the processes that it starts.
        values: The fidelities.
    """

    seconds: float
    whole: float
    processor: tuple[float, float]
    values: list[float]


def in_new_process(side: str, points: int, shots: int, path: Path) -> Side:
    """Measure one side in a new process."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.sweep", side, str(points), str(shots), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT)
    whole = time.perf_counter() - begin
    seconds, own, started, values = json.loads(done.stdout)
    return Side(seconds, whole, (own, started), values)


def measure(points: int = POINTS, shots: int = SHOTS, repeats: int = 1) -> list[Row]:
    """Both sides in turns, each time in a process of its own; the best of each counts."""
    found: dict[str, list[Side]] = {"swept": [], "looped": [], "again": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(repeats):
            path = Path(folder) / f"{number}.jsonl"
            for name, side in (("swept", "swept"), ("looped", "looped"), ("again", "swept")):
                found[name].append(in_new_process(side, points, shots, path))
    if any(each.values != found["looped"][0].values for sides in found.values() for each in sides):
        raise AssertionError("the sweep and the loop have other figures")
    loop, sweep = (min(found[name], key=lambda each: each.seconds) for name in ("looped", "swept"))
    again = min(each.whole for each in found["again"])
    detail = (
        f"{loop.seconds:.1f} s, {sweep.seconds:.1f} s with the start of processes; the processor's time is "
        f"{sum(loop.processor):.1f} s in the loop, {sweep.processor[0]:.1f} s and in all processes {sweep.processor[1]:.1f} s"
    )
    name = f"{points} points of 3-hop chains, sweep over loop, {os.cpu_count()} cores"
    return [
        Row(name, loop.seconds / sweep.seconds, "x", 1.7, detail),
        Row("the same sweep again, with the start of Python", again, "s", 3.0, "nothing is missing"),
    ]


def rows(repeats: int = 4) -> list[Row]:
    return measure(repeats=min(repeats, 2))


def main(side: str, points: str, shots: str, path: str) -> None:
    begin, before = time.perf_counter(), _processor_time(resource.RUSAGE_SELF)
    values = {"swept": swept, "looped": looped}[side](int(points), int(shots), Path(path))
    seconds = time.perf_counter() - begin
    own = _processor_time(resource.RUSAGE_SELF) - before
    print(json.dumps([seconds, own, _processor_time(resource.RUSAGE_CHILDREN), values]))


def _processor_time(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
