"""A sweep over chains on all cores, against the same points in a loop of ``qn.run``; and how soon a sweep that is done ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
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


def in_new_process(side: str, points: int, shots: int, path: Path) -> tuple[float, float, list[float]]:
    """Return the seconds of one side in a new process, those from its very start, and the fidelities."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.sweep", side, str(points), str(shots), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT)
    whole = time.perf_counter() - begin
    seconds, values = json.loads(done.stdout)
    return seconds, whole, values


def measure(points: int = POINTS, shots: int = SHOTS, repeats: int = 1) -> list[Row]:
    """Both sides in turns, each time in a process of its own; the best of each counts."""
    seconds: dict[str, list[float]] = {"swept": [], "looped": [], "again": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(repeats):
            path = Path(folder) / f"{number}.jsonl"
            sweep = in_new_process("swept", points, shots, path)
            loop = in_new_process("looped", points, shots, path)
            again = in_new_process("swept", points, shots, path)
            if not sweep[2] == loop[2] == again[2]:
                raise AssertionError("the sweep and the loop have other figures")
            seconds["swept"].append(sweep[0])
            seconds["looped"].append(loop[0])
            seconds["again"].append(again[1])
    best = {name: min(found) for name, found in seconds.items()}
    detail = (
        f"{best['looped']:.1f} s, {best['swept']:.1f} s with the start of processes; figures are the same"
    )
    name, cores = f"{points} points of 3-hop chains, sweep over loop", os.cpu_count()
    return [
        Row(f"{name}, {cores} cores", best["looped"] / best["swept"], "x", 1.7, detail),
        Row("the same sweep again, with the start of Python", best["again"], "s", 3.0, "nothing is missing"),
    ]


def rows(repeats: int = 4) -> list[Row]:
    return measure(repeats=min(repeats, 2))


def main(side: str, points: str, shots: str, path: str) -> None:
    begin = time.perf_counter()
    values = {"swept": swept, "looped": looped}[side](int(points), int(shots), Path(path))
    print(json.dumps([time.perf_counter() - begin, values]))


if __name__ == "__main__":
    main(*sys.argv[1:])
