"""Lesson 2: the table of corrections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from qnet_circuits.teaching.answers import kind_check
from qnet_circuits.teaching.bell import PAULIS, carried, pauli_after
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_OUTCOMES = ("00", "01", "10", "11")
_STATES = {"Φ-": "(|00⟩ - |11⟩)/√2", "Ψ+": "(|01⟩ + |10⟩)/√2", "Ψ-": "(|01⟩ - |10⟩)/√2"}
_TEXT = """\
Alice and Bob share the pair {pair} = {state}. Alice holds a qubit in the unknown state ψ and the first
half of the pair. She applies CNOT from her qubit to her half, then H to her qubit, and reads both in Z.

Fill the table of corrections: for each of her results, the Pauli that Bob must apply to get ψ, up to a
global phase. The first bit of a result is that of her qubit, the second that of her half.

Rewrite ψ times the pair as a sum over her four results. Another student may have another pair."""


class Table(Task):
    """The Pauli that Bob needs for each of Alice's results."""

    name: ClassVar[str] = "teleportation/table"
    lesson: ClassVar[int] = 2
    title: ClassVar[str] = "The table of corrections"
    starter: ClassVar[str] = '''def table():
    """Return the Pauli for each result of Alice's: "I", "X", "Y" or "Z" for "00", "01", "10" and "11"."""
    raise NotImplementedError
'''

    @property
    def pair(self) -> str:
        """The student's pair, which is not Φ+."""
        return self.numbers.choice(sorted(_STATES))

    @property
    def text(self) -> str:
        """What is asked, of the student's pair."""
        return _TEXT.format(pair=self.pair, state=_STATES[self.pair])

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield a check for each of Alice's results."""
        table = answer()
        right = isinstance(table, dict) and set(table) == set(_OUTCOMES) and all(
            isinstance(each, str) and each in PAULIS for each in table.values()
        )  # fmt: skip
        yield kind_check("the table", table, right, "a Pauli, I, X, Y or Z, for each of 00, 01, 10 and 11")
        if not right:
            return
        wanted = {outcome: _needed(outcome, self.pair) for outcome in _OUTCOMES}
        hint = self._hint(table)
        for outcome in _OUTCOMES:
            found = table[outcome]
            yield Check.of(
                f"result {outcome}", found == wanted[outcome], found, _say(found, wanted[outcome]), hint
            )

    def _hint(self, table: dict[str, str]) -> str:
        """Return the hint of the misconception that makes the whole table, or another."""
        mistakes = {
            "This table is right for the pair Φ+. Which Pauli takes Φ+ to your pair?":
                {outcome: _needed(outcome, "Φ+") for outcome in _OUTCOMES},
            "The bits are exchanged: the first one is that of Alice's qubit, which H was applied to.":
                {outcome: _needed(outcome[::-1], self.pair) for outcome in _OUTCOMES},
            "Bob's state depends on Alice's result: one Pauli cannot mend all four.":
                dict.fromkeys(_OUTCOMES, table["00"]),
        }  # fmt: skip
        found = [hint for hint, mistaken in mistakes.items() if mistaken == table]
        return (
            found[0]
            if found
            else "Write the state that Bob holds after this result. Which Pauli takes it back to ψ?"
        )


def _needed(outcome: str, pair: str) -> str:
    return pauli_after(carried([(int(outcome[0]), int(outcome[1]))], [pair]))


def _say(found: str, wanted: str) -> str:
    return wanted if found == wanted else "another Pauli"
