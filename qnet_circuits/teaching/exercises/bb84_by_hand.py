"""Lesson 10: sifting and the error rate of twenty rounds of BB84, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, ClassVar, NamedTuple

from qnet_circuits.teaching.answers import kind_check, number_check, whole_numbers
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_ROUNDS = 20
_TEXT = """\
Twenty rounds of BB84, in which Eve measured every qubit in a random basis and sent on what she found. Sift
them by hand: keep the rounds in which both chose the same basis. Then compare all kept bits, as if
they were the test.

Return the numbers of the kept rounds, the numbers of the rounds with an error among them, and the QBER. Rounds
are counted from 1. Your table:

{table}"""


class Row(NamedTuple):
    """One round, as Alice and Bob know it."""

    sent: int
    alice: str
    bob: str
    read: int


class ByHand(Task):
    """A personal table: sifted rounds, errors and QBER."""

    name: ClassVar[str] = "bb84/by-hand"
    lesson: ClassVar[int] = 10
    title: ClassVar[str] = "BB84 by hand"
    starter: ClassVar[str] = '''def by_hand():
    """Return (kept, errors, qber), such as ([1, 4, 20], [4], 1 / 3)."""
    raise NotImplementedError
'''

    @property
    def rows(self) -> tuple[Row, ...]:
        """The student's rounds; some are kept, and some of those are wrong."""
        numbers = self.numbers
        while True:
            rows = tuple(_row(numbers) for _ in range(_ROUNDS))
            kept = [row for row in rows if row.alice == row.bob]
            errors = sum(row.sent != row.read for row in kept)
            # A kept share of one half, or an error share of one quarter, would let theory take the place of the table.
            if (
                7 <= len(kept) <= 13
                and len(kept) != _ROUNDS / 2
                and errors >= 2
                and errors not in (len(kept) / 4, _ROUNDS / 4)
            ):
                return rows

    @property
    def text(self) -> str:
        """What is asked, with the student's table."""
        lines = [
            f"{'round':>5}  {'Alice sends':>11}  {'in basis':>8}  {'Bob measures in':>15}  {'and reads':>9}"
        ]
        for k, row in enumerate(self.rows, 1):
            lines.append(f"{k:>5}  {row.sent:>11}  {row.alice:>8}  {row.bob:>15}  {row.read:>9}")
        return _TEXT.format(table="\n".join(f"    {line}" for line in lines))

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the checks of sifting, of errors and of the QBER."""
        found = answer()
        right = (
            isinstance(found, list | tuple)
            and len(found) == 3
            and all(whole_numbers(each, 0, _ROUNDS) is not None for each in found[:2])
        )
        yield kind_check(
            "three things", found, right, "(kept rounds, rounds with errors, QBER), rounds from 1 to 20"
        )
        if not right:
            return
        rows = list(enumerate(self.rows, 1))
        kept = {k for k, row in rows if row.alice == row.bob}
        differ = {k for k, row in rows if row.sent != row.read}
        errors = kept & differ
        yield _rounds_check("kept rounds", found[0], kept, {
            "Bits are not compared in sifting: keep the rounds with equal bases.": {k for k, _ in rows} - differ,
            "These are the rounds with different bases. They tell nothing.": {k for k, _ in rows} - kept,
            "Rounds are counted from 1.": {k - 1 for k in kept},
            "Errors are kept as well. They are found later.": kept - errors,
        }, "Keep the rounds in which both bases are the same, whatever the bits are.")  # fmt: skip
        yield _rounds_check("errors", found[1], errors, {
            "Only kept rounds count: with different bases, Bob's bit is random.": differ,
            "These kept rounds have no error.": kept - errors,
        }, "Look at the kept rounds alone: where does Bob read another bit than Alice sent?")  # fmt: skip
        yield number_check("QBER", found[2], len(errors) / len(kept), 0.006, {
            "Divide by the number of kept rounds, not of all.": len(errors) / _ROUNDS,
            "Only kept rounds count, in the numerator too.": len(differ) / _ROUNDS,
            "This is what theory expects of many rounds. Count yours.": 0.25,
            "This is the share that agrees.": 1 - len(errors) / len(kept),
            "This is the number of errors. A rate is a share.": float(len(errors)),
            "This is a percentage. Return a share between 0 and 1.": 100 * len(errors) / len(kept),
            "This is the share of rounds that are kept.": len(kept) / _ROUNDS,
        }, "The QBER is the number of errors over the number of kept rounds.")  # fmt: skip


def _row(numbers: Random) -> Row:
    """Return one round in which Eve measures in a random basis and sends on what she found."""
    sent = numbers.choice((0, 1))
    alice, eve, bob = (numbers.choice("XZ") for _ in range(3))
    passed = sent if eve == alice else numbers.choice((0, 1))
    return Row(sent, alice, bob, passed if bob == eve else numbers.choice((0, 1)))


def _rounds_check(
    name: str, found: Any, wanted: set[int], mistakes: dict[str, set[int]], otherwise: str
) -> Check:
    """Return the check of a list of rounds; it says how many are wrong, and not which."""
    hint = next((hint for hint, mistaken in mistakes.items() if mistaken == set(found)), otherwise)
    missing, extra = len(wanted - set(found)), len(set(found) - wanted)
    return Check.of(
        name, set(found) == wanted, f"{missing} missing, {extra} too many", "0 missing, 0 too many", hint
    )
