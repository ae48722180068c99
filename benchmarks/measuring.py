"""What a benchmark gives back, and how time is taken: in turns, the best of several."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from qnet_circuits.runs.shared import forget


@dataclass(frozen=True)
class Row:
    """One number: a ratio (unit "x", at least the bar), or seconds, pairs or another amount (at most the bar).

    No number where it could not be measured here; the detail says why.
    """

    name: str
    value: float | None
    unit: str
    bar: float | None
    detail: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the bar is met; None where there is none, or nothing was measured."""
        if self.bar is None or self.value is None:
            return None
        return self.value >= self.bar if self.unit == "x" else self.value <= self.bar


@dataclass(frozen=True)
class Measured:
    seconds: float
    answer: Any


def in_turns(
    tasks: Mapping[str, Callable[[int], Any]], repeats: int, first: int = 0
) -> dict[str, list[Measured]]:
    """Run all tasks in turns, each given the number of the round, so that other work on the machine meets all alike.

    Each begins with nothing compiled, as in a process of its own.
    """
    found: dict[str, list[Measured]] = {name: [] for name in tasks}
    for number in range(first, first + repeats):
        for name, task in tasks.items():
            forget()
            begin = time.perf_counter()
            answer = task(number)
            found[name].append(Measured(time.perf_counter() - begin, answer))
    return found


def best(measured: list[Measured]) -> float:
    return min(each.seconds for each in measured)


@contextmanager
def seconds_in_aer() -> Iterator[list[float]]:
    """Collect the seconds of every ``AerSimulator.run(...).result()`` within."""
    from qiskit_aer import AerSimulator

    run, spent = AerSimulator.run, []

    def timed(*arguments: Any, **options: Any) -> Any:
        begin = time.perf_counter()
        job = run(*arguments, **options)
        job.result()
        spent.append(time.perf_counter() - begin)
        return job

    AerSimulator.run = timed
    try:
        yield spent
    finally:
        AerSimulator.run = run


def options_of_coverage(
    description: str, repeats: int, arguments: Sequence[str] | None
) -> argparse.Namespace:
    """Read the command line of a benchmark that counts how often intervals cover: repeats, seed, only."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help="a part of the names of cases")
    return parser.parse_args(arguments)
