"""Lesson 11: the place of one error, for as few announced bits as there can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from qnet_circuits.errors import ParameterError
from qnet_circuits.teaching.answers import whole_numbers
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_BITS = 32
_ENOUGH = 5
#: An answer that asks more often would never come to an end.
_MOST = 1000
_TEXT = """\
Alice and Bob have 32 bits each, in places 0 to 31, which differ in exactly one place. Find it.

Your function is given a question, `differ(places)`. Both announce the parity of their bits in these places,
and the question returns True if the parities differ. Eve hears each announcement, so every question costs
one bit of the key. Return the place of the error. Five questions are enough, and no more are allowed.

The checker puts the error into each of the 32 places, and counts the questions."""


class _Announcements:
    """Two records that differ in one place, and the parities that were announced of them."""

    def __init__(self, error: int) -> None:
        self.error, self.asked = error, 0

    def differ(self, places: Iterable[int]) -> bool:
        """Return whether the parities of some places differ."""
        asked = list(places)
        if whole_numbers(asked, 0, _BITS - 1) is None:
            raise ParameterError(f"places are whole numbers from 0 to {_BITS - 1}, got {asked!r:.100}")
        self.asked += 1
        if self.asked > _MOST:
            raise ParameterError(f"the answer has asked {_MOST} questions and goes on")
        return asked.count(self.error) % 2 == 1


class Halving(Task):
    """The place of one error in 32 bits, by five parities."""

    name: ClassVar[str] = "cascade/halving"
    lesson: ClassVar[int] = 11
    title: ClassVar[str] = "Find an error, bit by bit"
    asks: ClassVar[str] = _TEXT
    starter: ClassVar[str] = '''def locate(differ):
    """Return the place of the error, from 0 to 31, by questions such as differ([0, 1, 2])."""
    raise NotImplementedError
'''

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the checks of the place and of the number of questions."""
        found, asked = [], []
        for error in range(_BITS):
            announced = _Announcements(error)
            found.append(whole_numbers([answer(announced.differ)], 0, _BITS - 1))
            asked.append(announced.asked)
        right = sum(place == [error] for error, place in enumerate(found))
        yield Check.of(
            "place of the error",
            right == _BITS,
            f"{right} of {_BITS}",
            f"{_BITS} of {_BITS}",
            _place_hint(found),
        )
        yield Check.of(
            "questions",
            max(asked) <= _ENOUGH,
            f"up to {max(asked)}",
            f"up to {_ENOUGH}",
            _questions_hint(max(asked)),
        )


def _place_hint(found: list[list[int] | None]) -> str:
    """Return the hint of places that are wrong."""
    if None in found:
        return "Return one whole number from 0 to 31."
    if len({place[0] for place in found if place}) == 1:
        return "The answer does not depend on the parities. Ask about some of the places, and keep those that hold the error."
    off = {place[0] - error for error, place in enumerate(found) if place}
    if len(off) == 1:
        return "Each place is wrong by the same number. Places are counted from 0."
    return "If the parities of some places differ, the error is among them. If not, it is among the others."


def _questions_hint(most: int) -> str:
    """Return the hint of too many questions."""
    if most >= _BITS - 1:
        return "One place after the other costs nearly the whole key. A parity can ask about half of the places at once."
    if most == 2 * _ENOUGH:
        return "If the error is not in one half, it is in the other. The second question tells nothing new, and Eve hears it."
    return "Each question can halve the number of places that are left: 32, 16, 8, 4, 2, 1."
