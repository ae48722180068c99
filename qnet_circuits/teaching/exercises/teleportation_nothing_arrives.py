"""Lesson 3: a test of whether a message that has not come yet left a trace in Bob's qubit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, ClassVar

import numpy as np

from qnet_circuits.errors import check_name
from qnet_circuits.programs.blocks import CARDINAL
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_TEXT = """\
Is teleportation instant? Then Bob's qubit would depend on Alice's state before her message comes. Write
a test that says whether it does.

Your function is given an experiment, `measure(state, axis)`. Alice prepares `state`, one of "0", "1",
"+", "-", "+i" and "-i", and Bob measures his qubit along `axis`, "X", "Y" or "Z". The experiment returns
the exact mean of his result, between -1 and 1, with rounding errors below 1e-12. Return True if Bob's
qubit depends on Alice's state, and False if it does not.

The checker calls the function with honest experiments, in which nothing arrives, and with dishonest ones,
in which something does. In one of them the fidelity is 1/2 for each of the six states, as if nothing
arrived."""
_TURN = np.roll(np.eye(3), 1, axis=0)
_HONEST = {
    "before the message": (
        np.zeros((3, 3)), (0, 0, 0), "Nothing arrives here. Means of about 1e-13 are rounding errors, and no signal.",
    ),
    "a fixed qubit": (
        np.zeros((3, 3)), (0, 0, 1),
        "Bob's qubit is always |0⟩: whatever Alice does, he sees the same. Compare his results for different states.",
    ),
    "a fixed mixed qubit": (
        np.zeros((3, 3)), (0.3, -0.2, 0.4), "Bob's results need not be 0. They must not change with Alice's state.",
    ),
}  # fmt: skip
_DISHONEST = {
    "the state itself": (np.eye(3), "Everything arrives here."),
    "the rotation by 120°": (
        _TURN,
        "The state arrives, turned by 120°, and each fidelity is 1/2. Measure all three axes for each state.",
    ),
    "the rotation back": (_TURN.T, "The state arrives, turned by -120°. Measure all three axes for each state."),
    "bit values alone": (np.diag([0, 0, 1]), "Bob can tell 0 from 1 here."),
    "phases alone": (np.diag([1, 0, 0]), "Bob can tell + from - here."),
    "circular phases alone": (np.diag([0, 1, 0]), "Bob can tell +i from -i here: the axis Y belongs to the test."),
    "an inverted copy": (-np.eye(3) / 3, "Bob's qubit points away from Alice's state. A signal may be negative."),
}  # fmt: skip


class NothingArrives(Task):
    """A test that honest experiments pass and dishonest ones fail."""

    name: ClassVar[str] = "teleportation/nothing-arrives"
    lesson: ClassVar[int] = 3
    title: ClassVar[str] = "A test of whether anything arrives early"
    asks: ClassVar[str] = _TEXT
    starter: ClassVar[str] = '''def depends(measure):
    """Return True if Bob's qubit depends on Alice's state, and False if it does not."""
    raise NotImplementedError
'''

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield a check for each experiment."""
        honest = {name: (matrix, shift, False, hint) for name, (matrix, shift, hint) in _HONEST.items()}
        weak = self._weak()
        dishonest: dict[str, Any] = {
            name: (matrix, (0, 0, 0), True, hint) for name, (matrix, hint) in _DISHONEST.items()
        }
        dishonest["a weak signal"] = (
            weak,
            (0, 0, 0.2),
            True,
            "A weak signal is one: a mean changes by a hundredth.",
        )
        for name, (matrix, shift, wanted, hint) in {**honest, **dishonest}.items():
            found = answer(_experiment(matrix, shift))
            truth = isinstance(found, bool | np.bool_)
            told = hint if truth else "Return True or False."
            yield Check.of(name, truth and bool(found) is wanted, found, wanted, told)
        yield _turned_check(answer)

    def _weak(self) -> Any:
        """Return a map that passes on a little along a direction of the student's own."""
        numbers = self.numbers
        z, angle = numbers.uniform(-0.5, 0.5), numbers.uniform(0, 2 * math.pi)
        direction = np.array(
            [math.sqrt(1 - z * z) * math.cos(angle), math.sqrt(1 - z * z) * math.sin(angle), z]
        )
        return 0.05 * np.outer(direction, direction)


def _turned_check(answer: Answer) -> Check:
    """Return the check that a signal is found whichever axis it has at Alice's, and whichever other one at Bob's."""
    missed = []
    for seen, sent in permutations(range(3), 2):
        matrix = np.zeros((3, 3))
        matrix[seen, sent] = 1
        found = answer(_experiment(matrix, (0, 0, 0)))
        if not (isinstance(found, bool | np.bool_) and found):
            missed.append(f"{'XYZ'[sent]} seen along {'XYZ'[seen]}")
    return Check.of(
        "one axis, seen along another", not missed, f"missed: {', '.join(missed) or 'none'}", "missed: none",
        "Each of the three axes of Bob's tells about each of the three pairs of Alice's states: measure them all.",
    )  # fmt: skip


def _experiment(matrix: Any, shift: Any) -> Callable[[str, str], float]:
    """Return the experiment of a map of Bloch vectors, with rounding errors that change from call to call."""
    calls = [0]

    def measure(state: str, axis: str) -> float:
        calls[0] += 1
        vector = matrix @ np.array(CARDINAL[check_name("state", state, CARDINAL)]) + np.array(shift)
        return float(vector["XYZ".index(check_name("axis", axis, "XYZ"))] + 1e-13 * math.sin(calls[0]))

    return measure
