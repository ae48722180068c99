"""The work of a sweep: points run on an executor, and each row is written at once."""

from __future__ import annotations

import json
import os
import time
from collections import deque
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

#: A batch has so many points at most, enough to share what was compiled, or this part of those that wait, so that all workers
#: end at the same time.
_MOST_AT_ONCE, _PART = 16, 16
#: So many batches for each own process are with the executor at a time.
_AHEAD = 2
#: This process runs points itself until one takes so many seconds: rows of the others wait meanwhile.
_LONG = 5.0
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
    _waiting: deque[Point] = field(default_factory=deque)
    _running: dict[Future[str], list[Point]] = field(default_factory=dict)
    _done: int = 0
    _missing: int = 0
    _long: bool = False

    def finish(self, missing: list[Point]) -> None:
        """Run points to their end."""
        self._waiting, self._missing = deque(missing), len(missing)
        try:
            while self._waiting or self._running:
                self._supply()
                if self._own is not None and self._helps:
                    self._run_here(self._own)
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

    @property
    def _own(self) -> Processes | None:
        return self.pool if isinstance(self.pool, Processes) else None

    @property
    def _helps(self) -> bool:
        """Whether this process runs the next point itself."""
        return self._own is not None and not self._long and bool(self._waiting)

    @property
    def _ahead(self) -> int:
        """How many batches may be with the executor."""
        if self._own is None:
            return self._missing
        # What waits for a process that still starts is sooner done here.
        return _AHEAD * (self._own.ready if self._helps else self._own.number)

    def _supply(self) -> None:
        """Give the executor as many batches as it may have."""
        while self._waiting and len(self._running) < self._ahead:
            size = max(1, min(_MOST_AT_ONCE, len(self._waiting) // _PART))
            batch = [self._waiting.popleft() for _ in range(size)]
            try:
                self._running[self.pool.submit(run_points, _said(batch))] = batch
            except Exception as error:
                raise self._broken(error) from None

    def _run_here(self, own: Processes) -> None:
        """Run a point in this process: with others the last one, since those next to the first ones share more with them."""
        begin = time.monotonic()
        alone = own.number == 1
        point = self._waiting.popleft() if alone else self._waiting.pop()
        self._keep(json.loads(run_points(_said([point]))))
        if not alone and time.monotonic() - begin > _LONG:
            self._long = True
            own.replace_this()

    def _collect(self) -> None:
        """Keep the rows of all finished batches, and let their remaining points wait again."""
        done, _ = wait(self._running, timeout=0 if self._helps else None, return_when=FIRST_COMPLETED)
        broken: Exception | None = None
        for future in [each for each in self._running if each in done]:  # the first first
            batch = self._running.pop(future)
            try:
                answers = json.loads(future.result())
            except Exception as error:
                broken = error
                continue
            self._keep(answers)
            self._waiting.extendleft(reversed(batch[len(answers) :]))
        if broken is not None:
            raise self._broken(broken)

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


def _said(points: Iterable[Point]) -> str:
    return json.dumps([vars(point) for point in points])
