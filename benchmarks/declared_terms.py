"""What the declared terms of noise cost in time: runs and exact figures with all of them on, over the same with none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qnet_circuits as qn
from benchmarks.frame_chain import LAYOUTS, library_fidelity
from benchmarks.measuring import Row, best, in_turns

SLOWER, GROWTH = 1.3, 1.5
OFF: Mapping[str, float] = {"zz": 0.0, "charge_parity": 0.0}
ON: Mapping[str, float] = {
    "zz": 3e3,
    "charge_parity": 7.2e3,
    "t2_star_fraction": 0.75,
    "measurement_dephasing": 0.01,
}
MODES = ("frame", "feedforward")
Task = Callable[[Mapping[str, float]], Any]


def sampled(hops: int, mode: str, shots: int) -> Task:
    """A chain on the twin of fake_torino, as in the benchmarks of it."""
    return lambda noise: library_fidelity(hops, LAYOUTS[hops], shots, 1, corrections=mode, noise=noise)


def exact(hops: int, mode: str, device: Any) -> Task:
    return lambda noise: qn.predict(qn.RepeaterChain(hops=hops), device, corrections=mode, noise=noise)


def slower(name: str, task: Task, repeats: int) -> Row:
    """A row that says how many times as long a task takes with all terms on; both in turns."""
    tasks = {"off": lambda _: task(OFF), "on": lambda _: task(ON)}
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats)
    off, on = best(found["off"]), best(found["on"])
    return Row(f"all terms on over off: {name}", on / off, "", SLOWER, f"{on:.3f} s, {off:.3f} s")


def growth(mode: str, short: int = 25, long: int = 100, repeats: int = 3) -> Row:
    """A row that says whether the exact engine's time is linear in the length with all terms on."""
    tasks = {hops: exact(hops, mode, qn.line_device(2 * hops)) for hops in (short, long)}
    turns = {str(hops): lambda _, task=task: task(ON) for hops, task in tasks.items()}
    in_turns(turns, 1)
    found = in_turns(turns, repeats)
    few, many = best(found[str(short)]) / short, best(found[str(long)]) / long
    detail = f"{1e3 * few:.2f} and {1e3 * many:.2f} ms a hop"
    return Row(f"all terms on: a hop of {long} over one of {short}, {mode}", many / few, "", GROWTH, detail)


def rows(repeats: int = 4, shots: int = 10_000, hops: int = 100) -> list[Row]:
    line = qn.line_device(2 * hops)
    tasks = {f"{few}-hop chain, {mode}": sampled(few, mode, shots) for few in LAYOUTS for mode in MODES}
    tasks |= {f"{hops} hops exactly, {mode}": exact(hops, mode, line) for mode in MODES}
    found = [slower(name, task, repeats) for name, task in tasks.items()]
    return [*found, *(growth(mode, hops // 4, hops, repeats) for mode in MODES)]
