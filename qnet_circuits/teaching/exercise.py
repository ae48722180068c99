"""A task: what a student is asked, and the checks of an answer."""

from __future__ import annotations

import ast
import inspect
import random
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

from qnet_circuits.errors import ParameterError
from qnet_circuits.teaching.fresh import judged
from qnet_circuits.teaching.limits import Limits
from qnet_circuits.teaching.verdict import Check, Verdict

_F = TypeVar("_F", bound=Callable[..., Any])
Answer = Callable[..., Any]
#: A longer name would be no name.
_LONGEST = 100


class Task(ABC):
    """A task of the teaching checker. ``teaching.task(name)`` makes one.

    A task has a text, a starter and limits, and no solution. An answer is the source text of one function. The checker runs it
    in a new process and compares it with exact figures and control experiments of its own, whatever the answer declares.
    That helps an honest student; it is no defence against a determined attack.

    Args:
        student: Who answers. Numbers of the task follow from this name, so that neighbours have different ones.

    Raises:
        ParameterError: If the name is no short text.
    """

    #: Name of the task, that of its lesson's subject and its own.
    name: ClassVar[str] = ""
    #: Number of the lesson to which the task belongs.
    lesson: ClassVar[int] = 0
    #: Its place among the tasks of the lesson.
    step: ClassVar[int] = 1
    title: ClassVar[str] = ""
    #: What is asked of every student alike.
    asks: ClassVar[str] = ""
    #: Python source to begin with. It defines the function that the answer must define.
    starter: ClassVar[str] = ""
    limits: ClassVar[Limits] = Limits()
    #: Whether its checks run circuits.
    simulates: ClassVar[bool] = False

    def __init__(self, student: str = "student") -> None:
        if not isinstance(student, str) or not 0 < len(student.strip()) <= _LONGEST:
            raise ParameterError(f"a student is a text of 1 to {_LONGEST} characters, got {student!r:.120}")
        self.student = student.strip()
        self._source: str | None = None

    @property
    def text(self) -> str:
        """What is asked, with the numbers of this student."""
        return self.asks

    @abstractmethod
    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the checks of an answer."""

    @property
    def function(self) -> str:
        """The name of the function that an answer defines."""
        return next(each.name for each in ast.parse(self.starter).body if isinstance(each, ast.FunctionDef))

    @property
    def numbers(self) -> random.Random:
        """A new stream of numbers that depends on student and task alone."""
        return random.Random(f"{self.student}\n{self.name}")

    def answer(self, function: _F) -> _F:
        """Take a function as the answer; for use as a decorator. The function's source text is what ``check`` runs.

        Raises:
            ParameterError: If the function has another name than the starter's, or no source text.
        """
        name = getattr(function, "__name__", repr(function))
        if name != self.function:
            raise ParameterError(f"the answer to {self.name} must be called {self.function}, got {name}")
        try:
            source = textwrap.dedent(inspect.getsource(function))
            node = ast.parse(source).body[0]
        except (OSError, TypeError, SyntaxError):
            raise ParameterError(
                f"{name} has no source text that can be found; write it with def, or give check(source) the text"
            ) from None
        self._source = "\n".join(source.splitlines()[node.lineno - 1 :])
        return function

    def check(self, source: str | None = None, limits: Limits | None = None) -> Verdict:
        """Run an answer in a new process and return the verdict.

        Args:
            source: The answer's source text. By default that of the function that ``answer`` took.
            limits: What the answer may use. By default the task's ``limits``.

        Raises:
            ParameterError: If there is no answer yet.
            AnswerError: If the answer was stopped at a limit, or its process ended without a verdict.
        """
        text = self._source if source is None else source
        if text is None:
            raise ParameterError(
                f"there is no answer to {self.name} yet; put @task.answer above the function {self.function}"
            )
        return judged(self.name, self.student, text, limits or self.limits)

    def __repr__(self) -> str:
        return f"teaching.task({self.name!r}, student={self.student!r})"

    def __str__(self) -> str:
        limits = f"{self.limits.seconds} s of computing time, {self.limits.memory_mib} MiB of memory"
        head = f"{self.name}: {self.title} (lesson {self.lesson}; student {self.student})"
        return "\n\n".join(
            [head, self.text, f"Begin with:\n\n{textwrap.indent(self.starter, '    ')}", f"Limits: {limits}."]
        )

    def _repr_markdown_(self) -> str:
        return f"**{self.title}** (`{self.name}`, lesson {self.lesson})\n\n{self.text}\n\n```python\n{self.starter}```"
