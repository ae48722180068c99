"""The process in which an answer is judged. It reads the answer from stdin and prints one JSON object: a verdict, or the limit.

Everything else that is printed goes to stderr.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from qnet_circuits.teaching.fresh import PATIENCE
from qnet_circuits.teaching.judging import judge, line_of
from qnet_circuits.teaching.limits import Limits
from qnet_circuits.teaching.registry import task

#: Bytes of the largest file that an answer may write, what it prints included.
_LARGEST_FILE = 2**22


class _TimeUpError(BaseException):
    """Raised in the answer when its time is up. It is no Exception, so that an answer's own handlers let it pass."""


def main() -> NoReturn:
    """Judge the answer on stdin, print the verdict, and leave."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = json.load(sys.stdin)
    chosen = task(asked["task"], asked["student"])
    if chosen.simulates:
        _warm()
    limit(Limits(**asked["limits"]))
    said: dict[str, Any]
    try:
        said = {"verdict": judge(chosen, asked["source"]).to_dict()}
    except _TimeUpError as error:
        said = {"over": "time", "line": line_of(error)}
    except MemoryError:
        said = {"over": "memory"}
    out.write(json.dumps(said))
    out.flush()
    with contextlib.suppress(OSError):  # where the answer has printed more than it may
        sys.stdout.flush()
    os._exit(0)  # A thread that the answer left behind would keep the process from its end.


def _warm() -> None:
    """Import what an exact run imports: that is not the answer's time."""
    from qnet_circuits.protocols.teleportation import Teleportation
    from qnet_circuits.runs.verbs import predict

    predict(Teleportation("0"))


def limit(limits: Limits) -> None:
    """Limit what this process may use from now on."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(spent.ru_utime + spent.ru_stime) + 1 + limits.seconds
    for number in (signal.SIGXCPU, signal.SIGALRM):
        signal.signal(number, _stop)
    # A second after the signal the process is killed, if the answer has caught what the signal raised.
    _lower(resource.RLIMIT_CPU, seconds, seconds + 1)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE * limits.seconds, 1)
    _lower(resource.RLIMIT_FSIZE, _LARGEST_FILE, _LARGEST_FILE)
    if sys.platform == "linux":  # elsewhere the kernel does not keep to it
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + limits.memory_mib * 2**20
        _lower(resource.RLIMIT_AS, most, most)


def _lower(kind: int, soft: int, hard: int) -> None:
    """Lower a limit of this process. One that is lower already stays: nobody may raise it again."""
    most = resource.getrlimit(kind)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(kind, (soft, hard))


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise _TimeUpError
