"""The chain with corrections in real time, against a script written by hand; reported, without a bar.

The script's sampling goes shot by shot, at fewer shots than the library's. What a run costs before its first shot is taken
at two numbers of shots and counted once; the rest is scaled.
"""

from __future__ import annotations

from typing import Any

from benchmarks.baselines.feedforward import feedforward_fidelity
from benchmarks.frame_chain import LAYOUTS, library_fidelity, same_physics
from benchmarks.measuring import Row, best, in_turns


def scaled(few: float, many: float, counts: tuple[int, int], shots: int) -> float:
    """Seconds for a number of shots, on the line through what two numbers of shots took."""
    each = max(0.0, many - few) / (counts[1] - counts[0])
    return many + each * (shots - counts[1])


def measure(
    hops: int, shots: int = 10_000, counts: tuple[int, int] = (10, 1000), repeats: int = 3
) -> list[Row]:
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime.fake_provider import FakeTorino

    device, layout = FakeTorino(), LAYOUTS[hops]
    simulator = AerSimulator.from_backend(device)

    def by_hand(count: int) -> Any:
        return lambda seed: feedforward_fidelity(hops, device, layout, count, seed, simulator)

    tasks = {
        "library": lambda seed: library_fidelity(hops, layout, shots, seed, corrections="feedforward"),
        "few": by_hand(counts[0]),
        "many": by_hand(counts[1]),
    }
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats, first=1)
    ours = best(found["library"])
    theirs = scaled(best(found["few"]), best(found["many"]), counts, shots)
    detail = f"{theirs:.2f} s by hand, scaled from {counts[1]} shots, {ours:.3f} s"
    name = f"{hops}-hop chain, feedforward"
    ratio = Row(f"{name}, simulator built beforehand", theirs / ours, "x", None, detail)
    mean = sum(each.answer for each in found["many"]) / repeats
    return [ratio, same_physics(name, hops, mean, repeats * counts[1], corrections="feedforward")]


def rows(repeats: int = 3) -> list[Row]:
    return [*measure(3, repeats=repeats), *measure(5, repeats=repeats)]
