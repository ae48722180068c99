"""Progress of long work: told to whoever wants to know, on a terminal without being asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: What a caller may say: a function of (done, total), True, False, or None for a terminal only.
Report = Callable[[int, int], None] | bool | None
_QUIET_SECONDS = 2.0
_WIDTH = 30


class _Line:
    """One line on stderr, written anew; nothing for work that ends soon."""

    def __init__(self, quiet: float) -> None:
        self._begin, self._quiet, self._shown = time.monotonic(), quiet, False

    def __call__(self, done: int, total: int) -> None:
        spent = time.monotonic() - self._begin
        if done <= 0 or (spent < self._quiet and not self._shown) or (done >= total and not self._shown):
            return
        self._shown = True
        filled = _WIDTH * done // total
        left = spent * (total - done) / done
        bar = "#" * filled + "-" * (_WIDTH - filled)
        print(
            f"\r[{bar}] {done:,} of {total:,} shots, {left:.0f} s left ", end="", file=sys.stderr, flush=True
        )

    def close(self) -> None:
        """End the line."""
        if self._shown:
            print(file=sys.stderr, flush=True)


@contextmanager
def reporter(progress: Report) -> Iterator[Callable[[int, int], None] | None]:
    """Yield the function to tell of progress, or None."""
    if callable(progress):
        yield progress
        return
    wanted = sys.stderr.isatty() if progress is None else progress
    if not wanted:
        yield None
        return
    line = _Line(_QUIET_SECONDS if progress is None else 0.0)
    try:
        yield line
    finally:
        line.close()
