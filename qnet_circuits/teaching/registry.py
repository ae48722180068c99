"""The tasks that there are: one module of ``exercises`` each."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from qnet_circuits.errors import check_name
from qnet_circuits.teaching.exercise import Task

_PACKAGE = "qnet_circuits.teaching.exercises"
#: The environment variable that names the student.
STUDENT = "QNET_STUDENT"


def task(name: str, student: str | None = None) -> Task:
    """Return a task of the teaching checker.

    Args:
        name: Name of the task, one of ``tasks()``.
        student: Who answers; the numbers of the task follow from the name. Default: the environment variable QNET_STUDENT, or
            ``student`` if it is not set or empty.

    Raises:
        UnknownNameError: If there is no such task.
        ParameterError: If the student is no short text.

    Example:
        >>> import qnet_circuits as qn
        >>> task = qn.teaching.task("teleportation/corrections", student="ada")
        >>> task.title, task.function
        ('Teleport a qubit', 'corrections')
    """
    known = _classes()
    if student is None:
        student = os.environ.get(STUDENT) or "student"
    return known[check_name("task", name, known)](student)


def tasks() -> tuple[str, ...]:
    """Return the names of all tasks, in the order of their lessons.

    Example:
        >>> import qnet_circuits as qn
        >>> "teleportation/corrections" in qn.teaching.tasks()
        True
    """
    known = _classes()
    return tuple(sorted(known, key=lambda name: (known[name].lesson, known[name].step, name)))


@cache
def _classes() -> dict[str, type[Task]]:
    """Return the class of each task by its name."""
    modules = [
        import_module(f"{_PACKAGE}.{each.name}") for each in iter_modules(import_module(_PACKAGE).__path__)
    ]
    found = [
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Task) and each.__module__ == module.__name__
    ]
    return {each.name: each for each in found}
