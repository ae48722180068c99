"""Lesson 5: the best classical strategy in Bell's game."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from qnet_circuits.teaching.answers import number_check
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

Wins = Callable[[int, int, int, int], bool]
_TEXT = """\
Alice gets a random bit x and answers with a bit a. Bob, far away, gets a random bit y and answers with a
bit b. Whether they win depends on x, y, a and b. Find the best strategy without entanglement.

Your function is given the rule, `wins(x, y, a, b)`, which is True or False. Return three things: the
largest share of the four pairs (x, y) that can be won, the strategy of Alice, (a for x = 0, a for x = 1),
and that of Bob, (b for y = 0, b for y = 1). Random choices do not help: each is a mixture of fixed ones.

The checker plays Bell's game, where a XOR b must be x AND y, a game of your own, and two that can always be
won."""
_QUESTIONS = tuple((x, y) for x in (0, 1) for y in (0, 1))
_OTHERWISE = "Enumerate all strategies: four for Alice, four for Bob, and play each pair of them on all four questions."
_MISTAKES = {
    "This is what guessing wins. A fixed strategy does better.": 0.5,
    "This is what a shared Bell pair wins. Here Alice and Bob have no entanglement.": 0.5 + 2**0.5 / 4,
    "No strategy wins here on all four questions: Alice does not know y, and Bob does not know x.": 1.0,
    "There is a better strategy.": 0.75,
    "This wins on one question alone.": 0.25,
}


class Classical(Task):
    """The best deterministic strategy of a game in which the parity of two answers counts."""

    name: ClassVar[str] = "bell-game/classical"
    lesson: ClassVar[int] = 5
    title: ClassVar[str] = "The best classical strategy in Bell's game"
    asks: ClassVar[str] = _TEXT
    starter: ClassVar[str] = '''def best(wins):
    """Return (share, alice, bob): the largest share, and strategies that reach it, such as (0.5, (0, 1), (1, 1))."""
    raise NotImplementedError
'''

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield two checks for each game: of the share, and of the strategy."""
        numbers = self.numbers
        lost, even = numbers.choice(((0, 0), (1, 1))), numbers.choice((0, 1))
        games = {
            "Bell's game": {each: each[0] & each[1] for each in _QUESTIONS},
            "your game": {each: even ^ each[0] ^ (each == lost) for each in _QUESTIONS},
            "a game of equal answers": dict.fromkeys(_QUESTIONS, 0),
            "a game of unequal questions": {each: each[0] ^ each[1] for each in _QUESTIONS},
        }
        for name, parity in games.items():
            yield from _game_checks(name, parity, answer(_rule(parity)))


def _rule(parity: dict[tuple[int, int], int]) -> Wins:
    return lambda x, y, a, b: a ^ b == parity[x, y]


def _game_checks(name: str, parity: dict[tuple[int, int], int], found: Any) -> Iterator[Check]:
    """Yield the checks of what an answer found for a game, in which a XOR b must have a parity for each question."""
    try:
        share, *given = found
        strategies = [[each[question] for question in (0, 1)] for each in given]
        shaped = [len(each) for each in given] == [2, 2] and all(
            a in (0, 1) and b in (0, 1) for a, b in strategies
        )
    except (TypeError, ValueError, LookupError):
        shaped = False
    if not shaped:
        yield Check.of(
            f"{name}: an answer",
            False,
            found,
            "(share, (a0, a1), (b0, b1))",
            "Return a share and two pairs of bits.",
        )
        return
    # A XOR of two answers wins everywhere if the four parities have an even sum; otherwise one question is lost.
    best = 1.0 if sum(parity.values()) % 2 == 0 else 0.75
    mistakes = {hint: value for hint, value in _MISTAKES.items() if value != best}
    yield number_check(f"{name}: share", share, best, 1e-9, mistakes, _OTHERWISE)
    a, b = ([int(bit) for bit in each] for each in strategies)  # 1.0 is a bit too
    won = sum(a[x] ^ b[y] == parity[x, y] for x, y in _QUESTIONS) / 4
    yield Check.of(
        f"{name}: strategy", won == best, won, best if won == best else "a larger share",
        "The strategy wins less than the best one. Does it belong to the share, and is it (answer to 0, answer to 1)?",
    )  # fmt: skip
