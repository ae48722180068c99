"""The work of a sweep: points run on an executor, and each row is written at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from qnet_circuits.backends.base import Progress
from qnet_circuits.errors import BackendError, PointError, check_count
from qnet_circuits.runs.sweeps.file import RowsFile
from qnet_circuits.runs.sweeps.point import Point
from qnet_circuits.runs.sweeps.workers import Processes, run_points

#: A worker is given so many points at a time: enough to share what was compiled, few enough to keep all workers busy.
_MOST_AT_ONCE, _BATCHES = 16, 16
#: Said at Ctrl-C of what is left.
GO_ON = "; the same call again does the rest"


@contextmanager
def workers(given: Executor | int | None, points: int) -> Iterator[Executor]:
    """Return a context manager that yields the executor. Its own processes end with it, at once: they have nothing to keep."""
    if isinstance(given, Executor):
        yield given
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    number = cores if given is None else check_count("executor", given, 1, 1000)
    pool = Processes(min(number, points))
    try:
        yield pool
    finally:
        pool.end()


@dataclass
class Work:
    """Points that run, and whose rows are written as they finish.

    Args:
        pool: The executor.
        file: The file of rows.
        points: All points of the sweep.
        report: Called with the number of finished points among the missing ones.
    """

    pool: Executor
    file: RowsFile
    points: Sequence[Point]
    report: Progress | None
    _failed: list[str] = field(default_factory=list)
    _running: dict[Future[str], list[Point]] = field(default_factory=dict)
    _done: int = 0
    _missing: int = 0

    def finish(self, missing: list[Point]) -> None:
        """Run points to their end."""
        self._missing = len(missing)
        size = max(1, min(_MOST_AT_ONCE, len(missing) // _BATCHES))
        try:
            for begin in range(0, len(missing), size):
                self._start(missing[begin : begin + size])
            while self._running:
                self._collect()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{self._kept}{GO_ON}") from None
        finally:
            for future in self._running:
                future.cancel()
        if self._failed:
            raise PointError(
                f"{len(self._failed)} of {len(self.points)} points failed; {self._kept}; "
                f"the first that failed: {self._failed[0]}"
            )

    @property
    def _kept(self) -> str:
        there = sum(point.id in self.file.rows for point in self.points)
        return f"{there} of {len(self.points)} points are kept in {self.file.path}"

    def _start(self, batch: list[Point]) -> None:
        fields = json.dumps([vars(point) for point in batch])
        try:
            self._running[self.pool.submit(run_points, fields)] = batch
        except Exception as error:
            raise self._broken(error) from None

    def _collect(self) -> None:
        """Keep the rows of all finished batches, and return their remaining points."""
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        broken: Exception | None = None
        left: list[list[Point]] = []
        for future in [each for each in self._running if each in done]:  # the first first
            batch = self._running.pop(future)
            try:
                answers = json.loads(future.result())
            except Exception as error:
                broken = error
                continue
            self._keep(answers)
            # In halves, so that idle workers find something to do.
            rest = batch[len(answers) :]
            left += [half for half in (rest[: len(rest) // 2], rest[len(rest) // 2 :]) if half]
        if broken is not None:
            raise self._broken(broken)
        for batch in left:
            self._start(batch)

    def _keep(self, answers: Iterable[Mapping[str, Any]]) -> None:
        for answer in answers:
            if "error" in answer:
                self._failed.append(answer["error"])
                continue
            self.file.append(answer["row"])
            self._done += 1
            if self.report is not None:
                self.report(self._done, self._missing)

    def _broken(self, error: Exception) -> BackendError:
        return BackendError(
            f"the executor failed: {type(error).__name__}: {error}; {self._kept}: give the same command again, with fewer "
            "workers if memory ran out"
        )
