"""``qnet teach``: tasks, and verdicts on answers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import click

from qnet_circuits.cli.options import REFUSED, json_option
from qnet_circuits.cli.output import aside, complain, show, show_now
from qnet_circuits.devices.files import read_file
from qnet_circuits.errors import AnswerError, ParameterError

#: An answer is a page of text.
_MOST_BYTES = 2**20
#: Seconds between two looks at a file.
_PAUSE = 0.2
_NAME = click.argument("name")
_FILE = click.argument("file", type=click.Path())
_STUDENT = click.option(
    "--student",
    help="The name of the student, which determines the numbers of a task.  [default: $QNET_STUDENT, or student]",
)
_SECONDS = click.option(
    "--seconds",
    type=int,
    help="Seconds of computing time that the answer may take.  [default: the task's own]",
)


@click.group()
def teach() -> None:
    """List exercises, and check answers to them.

    An answer is a Python file that defines one function. It runs in a new process with limits on time and memory. The checker
    helps an honest student; it is not a defence against a determined attack.
    """


def _command(
    *options: Callable[[Any], Any], name: str | None = None
) -> Callable[[Callable[..., None]], click.Command]:
    """Return a decorator that adds a command with these options to the group."""

    def decorate(command: Callable[..., None]) -> click.Command:
        return teach.command(name)(
            reduce(lambda made, option: option(made), reversed(options), aside(command))
        )

    return decorate


@_command(json_option, name="list")
def list_(as_json: bool) -> None:
    """List the tasks in the order of their lessons."""
    from qnet_circuits.teaching.registry import task, tasks

    found = [task(name) for name in tasks()]
    width = max(len(each.name) for each in found)
    lines = [f"{each.lesson:>2}  {each.name.ljust(width)}  {each.title}" for each in found]
    plain = [{"task": each.name, "lesson": each.lesson, "title": each.title} for each in found]
    show({"schema": 1, "tasks": plain} if as_json else "\n".join(lines))


@_command(
    _NAME,
    _STUDENT,
    json_option,
    click.option("--starter", is_flag=True, help="Print only the starter, for a new file."),
    name="show",
)
def show_task(name: str, student: str | None, as_json: bool, starter: bool) -> None:
    """Print a task: its text, the starter and the limits."""
    from qnet_circuits.teaching.registry import task

    asked = task(name, student)
    if starter and as_json:
        raise ParameterError("--starter and --json print different forms; give only one of them")
    plain = {
        "schema": 1, "task": asked.name, "lesson": asked.lesson, "title": asked.title, "student": asked.student,
        "text": asked.text, "function": asked.function, "starter": asked.starter,
        "limits": {"seconds": asked.limits.seconds, "memory_mib": asked.limits.memory_mib},
    }  # fmt: skip
    show(asked.starter.rstrip() if starter else plain if as_json else str(asked))


@_command(_NAME, _FILE, _STUDENT, _SECONDS, json_option)
def check(name: str, file: str, student: str | None, seconds: int | None, as_json: bool) -> None:
    """Check the answer in FILE to the task NAME.

    \b
    Exit status:
      0    the answer is right
      1    the answer is wrong: at least one check failed
      2    there is no such task or file, or the answer was stopped at a limit
    """  # noqa: D301  (click keeps the lines of a paragraph that begins with a real backspace)
    asked, limits = _asked(name, student, seconds)
    verdict = asked.check(_read(file), limits)
    show({"schema": 1, "student": asked.student, **verdict.to_dict()} if as_json else str(verdict))
    if not verdict.passed:
        raise click.exceptions.Exit(REFUSED)


@_command(_NAME, _FILE, _STUDENT, _SECONDS)
def watch(name: str, file: str, student: str | None, seconds: int | None) -> None:
    """Check the answer in FILE whenever the file is saved, until Ctrl-C."""
    asked, limits = _asked(name, student, seconds)
    _read(file)
    for _ in _saved(file):
        try:
            show_now(f"{asked.check(_read(file), limits)}\n")
        except (AnswerError, ParameterError) as error:  # The next save may mend it.
            complain(str(error), 0)


def _asked(name: str, student: str | None, seconds: int | None) -> tuple[Any, Any]:
    """Return a task and the limits of its answer."""
    from dataclasses import replace

    from qnet_circuits.teaching.registry import task

    asked = task(name, student)
    return asked, asked.limits if seconds is None else replace(asked.limits, seconds=seconds)


def _read(file: str) -> str:
    try:
        return read_file(file, _MOST_BYTES).decode()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text of at most 1 MiB"
        raise ParameterError(f"the answer {file} cannot be read: {reason}; give a Python file") from None


def _saved(file: str) -> Iterator[None]:
    """Yield at once, and again whenever a file has changed."""
    before: Any = None
    while True:
        try:
            found = os.stat(file)
            now = found.st_mtime_ns, found.st_size, found.st_ino
        except OSError:  # An editor that saves may take the file away for a moment.
            now = before
        if now != before:
            before = now
            yield
        time.sleep(_PAUSE)
