"""An answer is judged in a new process, with limits on time, memory and files.

The limits keep a mistake from blocking a machine. They are no sandbox: an answer is a program of the student's own, and may do
whatever the student may do.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO

from qnet_circuits.errors import AnswerError
from qnet_circuits.teaching.limits import Limits
from qnet_circuits.teaching.verdict import Verdict

#: An answer that sleeps is stopped after this many times its seconds of computing time.
PATIENCE = 3
#: Seconds for everything around an answer, such as imports on a busy machine.
_AROUND = 120
#: Bytes of what an answer prints that are shown, counted from the end.
_SHOWN = 2**14
_ROOT = str(Path(__file__).parents[2])
_CODE = "import sys; sys.path.append(sys.argv[1]); from qnet_circuits.teaching.worker import main; main()"


def judged(task: str, student: str, source: str, limits: Limits) -> Verdict:
    """Return the verdict on an answer that is run in a new process; what the answer prints goes to stderr.

    Args:
        task: Name of the task.
        student: Who answers.
        source: The answer's source text.
        limits: What the answer may use.

    Raises:
        AnswerError: If the answer was stopped at a limit, or its process ended without a verdict.
    """
    asked = {"task": task, "student": student, "source": source, "limits": asdict(limits)}
    # -P: a file of the student's beside this process, such as numpy.py, is not imported in place of a package.
    command = [sys.executable, "-P", "-c", _CODE, _ROOT]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as printed:
        try:
            done = subprocess.run(
                command,
                input=json.dumps(asked).encode(),
                stdout=subprocess.PIPE,
                stderr=printed,
                env=environment,
                timeout=PATIENCE * limits.seconds + _AROUND,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AnswerError(_too_long(task, limits)) from None
        sys.stderr.write(_end_of(printed))
    return _verdict(task, done.returncode, done.stdout, limits)


def _end_of(printed: IO[bytes]) -> str:
    """Return what was printed, or its end if it is long: what an answer prints without an end buries the verdict."""
    more = printed.seek(0, os.SEEK_END) - _SHOWN
    printed.seek(max(0, more))
    text = printed.read().decode(errors="replace")
    return text if more <= 0 else f"(the first {more} bytes that were printed are left out)\n{text}"


def _too_long(task: str, limits: Limits, line: int | None = None) -> str:
    where = "" if line is None else f" in line {line}"
    return (
        f"the answer to {task} was stopped{where}: it took more than {limits.seconds} s of computing time, or "
        f"{PATIENCE * limits.seconds} s with its pauses; look for a loop that does not end, or allow more seconds"
    )


def _verdict(task: str, status: int, out: bytes, limits: Limits) -> Verdict:
    """Return the verdict that a process printed, or raise what it says in its place."""
    if status == -signal.SIGKILL and not out:  # at the hard limit of computing time
        raise AnswerError(_too_long(task, limits))
    try:
        said = json.loads(out)
    except ValueError:
        how = f"was ended by signal {-status}" if status < 0 else f"left with status {status}"
        raise AnswerError(
            f"the answer to {task} gave no verdict: its process {how}; an answer returns and does not leave"
        ) from None
    if "verdict" in said:
        return Verdict.from_dict(said["verdict"])
    if said["over"] == "time":
        raise AnswerError(_too_long(task, limits, said["line"]))
    raise AnswerError(
        f"the answer to {task} was stopped: it needs more than {limits.memory_mib} MiB of memory; make smaller arrays"
    )
