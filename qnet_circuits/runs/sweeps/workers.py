"""The function that runs points on any executor, and processes of this machine.

Nothing heavy is imported here, so that a new process sets its number of threads before a library reads that number.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import ModuleType
from typing import Any

#: After so many seconds what is left of a batch is given back, so that finished rows are kept early and others may help.
SLICE = 2.0
#: How many threads the libraries of one worker may use: other cores have workers of their own.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_points(asked: str) -> str:
    """Run points one after another until the time is up.

    Args:
        asked: The points, as a JSON list of the fields of each.

    Returns:
        The outcomes of the first points, at least of one: a JSON list of ``{"row": ...}``, or ``{"error": "..."}`` for a
        failed point.
    """
    from qnet_circuits.devices.files import finite
    from qnet_circuits.runs.sweeps.point import Point, named_backend

    end, backends, made = time.monotonic() + SLICE, {}, []
    for fields in json.loads(asked):
        point = Point(**fields)
        try:
            if point.backend not in backends:
                backends[point.backend] = named_backend(point.backend)
            made.append({"row": finite(point.row(backends[point.backend]))})
        except Exception as error:
            made.append({"error": f"{point}: {_said(error)}"})
        if time.monotonic() > end:
            break
    return json.dumps(made, allow_nan=False)


def _said(error: Exception) -> str:
    from qnet_circuits.errors import QnetError

    return str(error) if isinstance(error, QnetError) else f"{type(error).__name__}: {error}"


class Processes(ProcessPoolExecutor):
    """Processes of this machine. They end with this process, and do not import its main module.

    Args:
        number: The number of processes that run points, this one among them; so one less is started.
    """

    def __init__(self, number: int) -> None:
        super().__init__(max(1, number - 1), multiprocessing.get_context("spawn"), _begin)
        self.number = number
        self._starting: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start ``fn(*args, **kwargs)`` in one of the processes, as any executor does."""
        with _without_main_module(), _without_ctrl_c():
            return super().submit(fn, *args, **kwargs)

    def start(self, backends: Iterable[str]) -> None:
        """Start all processes at once, and prepare them for some backends before the first point."""
        self._starting = [self.submit(_make_ready, list(backends)) for _ in range(self.number - 1)]

    @property
    def ready(self) -> int:
        """How many of them have started."""
        return sum(future.done() for future in self._starting)

    def replace_this(self) -> None:
        """Have the next points start one more process, in place of this one, which runs no more of them."""
        self._max_workers = self.number
        # A pool starts no process while it counts some as idle, and it counts too many.
        while self._idle_worker_semaphore.acquire(blocking=False):
            pass

    def end(self) -> None:
        """End the processes at once."""
        for process in list((self._processes or {}).values()):
            process.terminate()
        self.shutdown(wait=True, cancel_futures=True)


def _make_ready(backends: Iterable[str]) -> None:
    from qnet_circuits.runs.sweeps.point import named_backend

    for name in backends:
        device = named_backend(name).device
        _ = device and device.calibration


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Hide the main module, so that a process that is spawned meanwhile does not import the script again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Delay Ctrl-C, so that a process that is spawned meanwhile never receives it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It unblocks signals when it is started.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Set up a new process of a pool: one thread, Ctrl-C ignored, and an end together with its parent process."""
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
