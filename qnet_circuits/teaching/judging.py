"""An answer is run and judged in this process. ``fresh`` does it in a process of its own, with limits."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qnet_circuits.errors import LocalityError, ProgramError, QnetError, UnsupportedError
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check, Verdict

#: The file name of an answer in tracebacks.
ANSWER = "<answer>"
#: Names that an answer has without importing them, since in a notebook another cell imported them.
_PRELUDE = "import math\nimport numpy as np\nimport qnet_circuits as qn\n"
_HINTS: tuple[tuple[type[BaseException], str], ...] = (
    (NotImplementedError, "The starter has no answer yet: write your own lines in the place of this one."),
    (SyntaxError, "Python cannot read the file. Look at this line, and at the end of the line above."),
    (NameError, "An answer is run alone, in a new process: define or import inside it all names that it uses."),
    (ImportError, "An answer is one file: it can import installed packages, but no other file of yours."),
    (LocalityError, "A gate may not join two nodes. Only a link operation may: entangle or transmit."),
    (TypeError, "Compare the arguments of your function, and of what it calls, with the starter."),
    (SystemExit, "An answer returns; it does not leave."),
    (OSError, "A file is not there, or has grown beyond 4 MiB. What an answer prints counts as a file."),
    (RecursionError, "The function calls itself without an end."),
)  # fmt: skip


def judge(task: Task, source: str) -> Verdict:
    """Run an answer in this process, without limits, and return the verdict.

    Args:
        task: The task.
        source: The answer's source text.

    Raises:
        MemoryError: If the answer needs more memory than there is.
    """
    checks: list[Check] = []
    try:
        answer = _defined(task, source)
        if answer is None:
            hint = f"Keep the name and the arguments that the starter has, so that the checker finds {task.function}."
            checks.append(Check(f"defines {task.function}", False, "no such function", task.function, hint))
        else:
            for check in task.checks(answer):  # each is kept at once: a later one may not come to an end
                checks.append(check)
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        line = line_of(error)
        if line is None and not isinstance(error, QnetError):
            raise  # Not the answer's mistake.
        checks.append(_failure(error, line))
    return Verdict.of(task.name, checks)


def _defined(task: Task, source: str) -> Answer | None:
    """Return the function that an answer defines; None if there is none."""
    names: dict[str, Any] = {"__name__": "answer"}
    exec(_PRELUDE, names)
    with _alone():
        exec(compile(source, ANSWER, "exec", dont_inherit=True), names)
    found = names.get(task.function)
    if not callable(found):
        return None

    def called(*arguments: Any) -> Any:
        try:
            with _alone():
                return found(*arguments)
        except StopIteration as error:  # In a generator, as checks are, it would be another exception.
            raise RuntimeError("StopIteration: next() found nothing").with_traceback(
                error.__traceback__
            ) from None

    return called


@contextmanager
def _alone() -> Iterator[None]:
    """End each copy of this process that an answer makes with fork and lets return: one process judges."""
    process = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(0)


def line_of(error: BaseException) -> int | None:
    """Return the line of the answer in which an exception was raised, or None if it was raised elsewhere."""
    if isinstance(error, SyntaxError) and error.filename == ANSWER:
        return error.lineno
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == ANSWER]
    return lines[-1] if lines else None


def _failure(error: BaseException, line: int | None) -> Check:
    kind = type(error).__name__
    try:
        text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    except Exception:  # Its text is the answer's own code too.
        text = ""
    said = kind + (f": {text[:300]}" if text else "") + (f" (line {line})" if line else "")
    hint = next((hint for kind, hint in _HINTS if isinstance(error, kind)), "")
    name = "is a network program" if isinstance(error, ProgramError | UnsupportedError) else "runs"
    return Check(name, False, said, "no error", hint or "Read the message and mend the place that it names.")
