"""The verdict on an answer: named checks, each with the value found, the value wanted and a hint."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from qnet_circuits.errors import ParameterError


@dataclass(frozen=True)
class Check:
    """One thing that an answer must do.

    Args:
        name: What is checked.
        passed: Whether the answer does it.
        got: What the answer gave, as text.
        wanted: What a right answer gives, as text.
        hint: What to think about if the check failed; empty if it passed.

    Example:
        >>> print(Check("fidelity", False, "0.5000", "1", "Are the two results exchanged?"))
        FAIL  fidelity: got 0.5000, wanted 1
              hint: Are the two results exchanged?
    """

    name: str
    passed: bool
    got: str = ""
    wanted: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ParameterError("a check needs a name, got an empty one")
        if bool(self.hint) is bool(self.passed):
            raise ParameterError(
                f"the check {self.name!r} needs a hint if it failed and none if it passed, got passed={self.passed} and "
                f"hint={self.hint!r}"
            )

    @classmethod
    def of(cls, name: str, passed: bool, got: Any, wanted: Any, hint: str) -> Check:
        """Return a check with texts of its values, and without the hint if it passed.

        Example:
            >>> Check.of("messages", True, 2, 2, "Count the bits.")
            Check(name='messages', passed=True, got='2', wanted='2', hint='')
        """
        return cls(name, bool(passed), shown(got), shown(wanted), "" if passed else hint)

    def __str__(self) -> str:
        values = [f"got {self.got}"] * bool(self.got) + [f"wanted {self.wanted}"] * bool(self.wanted)
        line = (
            ("ok    " if self.passed else "FAIL  ") + self.name + (": " if values else "") + ", ".join(values)
        )
        return line if self.passed else f"{line}\n      hint: {self.hint}"


@dataclass(frozen=True)
class Verdict:
    """What the checker says of an answer. It displays itself in Jupyter.

    Args:
        passed: Whether all checks passed.
        checks: The checks, in the order in which they were made; at least one.
        task: Name of the task.

    Raises:
        ParameterError: If there is no check, or ``passed`` does not follow from the checks.

    Example:
        >>> print(Verdict(True, (Check("messages", True, "2", "2"),), "teleportation/corrections"))
        teleportation/corrections: passed
          ok    messages: got 2, wanted 2
    """

    passed: bool
    checks: tuple[Check, ...]
    task: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "checks", tuple(self.checks))
        if not self.checks or self.passed is not all(check.passed for check in self.checks):
            raise ParameterError(
                f"a verdict has checks, and passes if all of them do; got passed={self.passed} of {self.checks!r}"
            )

    @classmethod
    def of(cls, task: str, checks: Iterable[Check]) -> Verdict:
        """Return the verdict that follows from some checks."""
        made = tuple(checks)
        return cls(all(check.passed for check in made), made, task)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.passed)

    def _title(self) -> str:
        said = "passed" if self.passed else f"not yet: {len(self.failed)} of {len(self.checks)} checks failed"
        return f"{self.task}: {said}" if self.task else said

    def __str__(self) -> str:
        lines, said = [self._title()], set[str]()
        for check in self.checks:
            each = str(check).split("\n")
            # A hint that several checks share is read once.
            lines += [f"  {line}" for line in (each[:1] if check.hint in said else each)]
            said.add(check.hint)
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return only plain values."""
        return {"task": self.task, "passed": self.passed, "checks": [asdict(check) for check in self.checks]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Verdict:
        """Return the verdict of plain values, as ``to_dict`` makes them."""
        return cls(plain["passed"], tuple(Check(**check) for check in plain["checks"]), plain["task"])

    def _repr_html_(self) -> str:
        # Not by colour alone: a mark and a word say it too.
        rows = "".join(
            f"<tr><td>{'✓ ok' if check.passed else '✗ fail'}</td>"
            + "".join(
                f"<td>{html.escape(each)}</td>" for each in (check.name, check.got, check.wanted, check.hint)
            )
            + "</tr>"
            for check in self.checks
        )
        head = "".join(f"<th>{each}</th>" for each in ("", "check", "got", "wanted", "hint"))
        return f"<b>{html.escape(self._title())}</b><table><tr>{head}</tr>{rows}</table>"


def shown(value: Any) -> str:
    """Return a value as a short text; a float has four decimals, and is never minus nought.

    Example:
        >>> shown(-1e-17), shown(2), shown("two")
        ('0.0000', '2', 'two')
    """
    text = f"{value:z.4f}" if isinstance(value, float) else str(value)
    return text if len(text) <= 160 else text[:157] + "..."
