"""Progress of long work, printed by default if stderr is a terminal."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext

from qnet_circuits.backends.base import Progress
from qnet_circuits.runs.options import Report, stderr_told

QUIET_SECONDS = 2.0
#: Seconds after which a question is said to have no answer, and between two writings of what is waited for.
UNANSWERED, TICK = 10.0, 1.0
#: Told what is known of what is waited for, and whether it is being asked for anew.
Tell = Callable[[str, bool], None]
_WIDTH = 30


class _Line:
    """One updated line on stderr; nothing for short work."""

    def __init__(self, quiet: float, unit: str) -> None:
        self._begin, self._quiet, self._shown = time.monotonic(), quiet, False
        self._unit = unit

    def __call__(self, done: int, total: int) -> None:
        spent = time.monotonic() - self._begin
        if done <= 0 or (spent < self._quiet and not self._shown) or (done >= total and not self._shown):
            return
        self._shown = True
        filled = _WIDTH * done // total
        left = spent * (total - done) / done
        bar = "#" * filled + "-" * (_WIDTH - filled)
        said = f"{done:,} of {total:,} {self._unit}, {left:.0f} s left"
        print(f"\r[{bar}] {said} ", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line."""
        if self._shown:
            print(file=sys.stderr, flush=True)


class _Waiting:
    """One updated line on stderr about a wait. A separate thread writes it, since the waiting thread may hang."""

    def __init__(self, quiet: float) -> None:
        self._known, self._since = "", time.monotonic()
        self._asked: float | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._show, args=(quiet,), daemon=True)

    def __call__(self, known: str, asking: bool) -> None:
        now = time.monotonic()
        if known != self._known:
            self._since, self._known = now, known
        self._asked = (self._asked or now) if asking else None
        if not self._thread.ident:
            self._thread.start()

    def _show(self, quiet: float) -> None:
        width, pause = 0, quiet
        while not self._end.wait(pause):
            line = self._line(time.monotonic())
            print("\r" + line.ljust(width), end="", file=sys.stderr, flush=True)
            width, pause = len(line), TICK
        if width:
            print(file=sys.stderr, flush=True)

    def _line(self, now: float) -> str:
        asked = self._asked
        silent = 0.0 if asked is None else now - asked
        said = f"; waiting for {_duration(now - self._since)} "
        if silent > UNANSWERED:
            said = f"; no answer for {_duration(silent)}, asking again "
        # One line of the terminal, however long a path is.
        return self._known[-max(shutil.get_terminal_size().columns - len(said) - 1, 1) :] + said

    def close(self) -> None:
        """End the line."""
        self._end.set()
        if self._thread.ident:
            self._thread.join()


def _duration(seconds: float) -> str:
    """Return a duration as text.

    Example:
        >>> _duration(7.9), _duration(125)
        ('7 s', '2 min 5 s')
    """
    minutes, left = divmod(int(seconds), 60)
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def waiter(progress: Report) -> AbstractContextManager[Tell]:
    """Return a context manager that yields the function to report a wait. A function that counts shots is not called."""
    if not stderr_told(progress):
        return nullcontext(lambda known, asking: None)
    return closing(_Waiting(QUIET_SECONDS if progress is None else 0.0))


def reporting(progress: Report, unit: str = "shots") -> AbstractContextManager[Progress | None]:
    """Return a context manager that yields the function to report progress, or None without reports.

    Args:
        progress: As for ``run``.
        unit: The unit that is counted.
    """
    if callable(progress):
        return nullcontext(progress)
    if not stderr_told(progress):
        return nullcontext()
    return closing(_Line(QUIET_SECONDS if progress is None else 0.0, unit))
