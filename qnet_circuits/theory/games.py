"""Games of parties who cannot talk: what the best of all classical strategies wins, and what noisy pairs and GHZ states win.

Each party is asked a question and answers. A classical strategy is a list of answers for each party, one for each question:
shared random numbers only mix such lists, so no mixture wins more often than the best list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from qnet_circuits.errors import check_count
from qnet_circuits.theory import ghz
from qnet_circuits.theory.bell_diagonal import Weights, correlators

#: What the parties are asked, or what they answer: one number for each party.
Each = tuple[int, ...]
#: The answers of one party, one for each question that the party can be asked.
Answers = tuple[int, ...]
#: Most parties of a parity game: they have 64 questions, and 16,384 strategies.
MOST_PARTIES = 7


@dataclass(frozen=True)
class Game:
    """A game of parties who cannot talk. All of its questions are equally likely.

    Args:
        questions: The questions, each a number for every party.
        answers: How many answers each party can choose from.
        wins: Whether the parties win, given what they were asked and what they answered.

    Example:
        >>> same = Game(((0, 0), (0, 1)), 2, lambda asked, answers: answers[0] == answers[1])
        >>> classical_value(same)
        1.0
    """

    questions: tuple[Each, ...]
    answers: int
    wins: Callable[[Each, Each], bool]

    @property
    def parties(self) -> int:
        """Number of parties."""
        return len(self.questions[0])

    @property
    def strategies(self) -> list[list[Answers]]:
        """The strategies of each party: all lists of an answer for each of the party's questions."""
        asked = [1 + max(each) for each in zip(*self.questions, strict=True)]
        return [list(product(range(self.answers), repeat=number)) for number in asked]

    def value(self, strategy: Sequence[Sequence[int]]) -> float:
        """Return how often a classical strategy wins: the answers of each party, one for each of the party's questions."""
        replies = [
            tuple(own[each] for own, each in zip(strategy, asked, strict=True)) for asked in self.questions
        ]
        won = sum(self.wins(asked, reply) for asked, reply in zip(self.questions, replies, strict=True))
        return won / len(self.questions)


@cache
def best_classical(game: Game) -> tuple[Answers, ...]:
    """Return a classical strategy that no other one beats, found by trying all of them.

    Args:
        game: The game.

    Returns:
        The answers of each party, one for each of the party's questions.

    Example:
        >>> best_classical(chsh_game())
        ((0, 0), (0, 0))
    """
    own = [np.array(each) for each in game.strategies]
    won = np.zeros([len(each) for each in own], np.int64)
    for asked in game.questions:
        shape = (game.answers,) * game.parties
        table = np.array([game.wins(asked, answers) for answers in np.ndindex(*shape)], bool).reshape(shape)
        won += table[np.ix_(*(answers[:, each] for answers, each in zip(own, asked, strict=True)))]
    best = np.unravel_index(int(won.argmax()), won.shape)
    return tuple(each[int(place)] for each, place in zip(game.strategies, best, strict=True))


def classical_value(game: Game) -> float:
    """Return how often the best classical strategy wins.

    Example:
        >>> [classical_value(game) for game in (chsh_game(), parity_game(3), parity_game(5))]
        [0.75, 0.75, 0.625]
        >>> round(classical_value(magic_square_game()), 5)
        0.88889
    """
    return game.value(best_classical(game))


# -- CHSH ------------------------------------------------------------------------------------------------------------


@cache
def chsh_game() -> Game:
    """Return the CHSH game: both bits must be equal, except if both parties are asked 1.

    S = 8 p - 4, where p is the probability to win.
    """
    return Game(
        tuple(product((0, 1), repeat=2)), 2, lambda asked, bits: bits[0] ^ bits[1] == asked[0] & asked[1]
    )


# -- Mermin's parity game --------------------------------------------------------------------------------------------


def odd_wins(asked: Each) -> bool:
    """Tell whether the parties of a parity game must answer with an odd parity: if twice an odd number is asked for Y.

    Example:
        >>> odd_wins((0, 0, 0)), odd_wins((0, 1, 1))
        (False, True)
    """
    return sum(asked) % 4 == 2


@cache
def parity_game(parties: int = 3) -> Game:
    """Return Mermin's parity game: an even number of the parties is asked for Y, all others for X.

    Each party answers with one bit. The parity of the bits must be odd if 2, 6, 10, ... parties were asked for Y, and even
    otherwise (Brassard, Broadbent, Tapp, quant-ph/0408052). Parties who share a GHZ state always win.

    Args:
        parties: Number of parties, 3 to 7. Default 3.

    Raises:
        ParameterError: If there are fewer or more parties.

    Example:
        >>> parity_game().questions
        ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))
    """
    check_count("parties", parties, 3, MOST_PARTIES)
    asked = tuple(each for each in product((0, 1), repeat=parties) if sum(each) % 2 == 0)
    return Game(asked, 2, lambda asked, bits: sum(bits) % 2 == odd_wins(asked))


def parity_game_win(arms: Sequence[Weights]) -> float:
    """Return how often a GHZ state wins the parity game if a centre teleports it to the parties, one arm each.

    It is (1 + C)/2 with the coherence C of ``ghz.star_coherence``: the game asks for the mean of the same correlators. For a
    GHZ state in white noise, C is the visibility v, so the state beats the classical 3/4 of three parties if v exceeds 1/2.

    Args:
        arms: Weights of the arms, at least two.

    Raises:
        ParameterError: If there are fewer than two arms or one has no weights.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> round(parity_game_win([werner(0.95)] * 3), 5)
        0.90652
    """
    return (1 + ghz.star_coherence(arms)) / 2


# -- the magic square ------------------------------------------------------------------------------------------------

#: Observables of two qubits. Those of a row commute and have the product +1; those of a column commute and have -1.
SQUARE = (("IZ", "ZI", "ZZ"), ("XI", "IX", "XX"), ("-XZ", "-ZX", "YY"))


@dataclass(frozen=True)
class Line:
    """How one party fills a row or a column of the magic square from two bits.

    Args:
        measured: The two observables whose values are the bits.
        entries: For each entry, which of the bits add up to it, and whether it is then flipped.
    """

    measured: tuple[str, str]
    entries: tuple[tuple[tuple[int, ...], bool], ...]

    def entry(self, place: int, bits: Each) -> int:
        """Return an entry, 0 for +1 and 1 for -1."""
        which, flipped = self.entries[place]
        return (sum(bits[each] for each in which) + flipped) % 2


_FIRST, _SECOND, _BOTH = (0,), (1,), (0, 1)
ROWS = (
    Line(("ZI", "IZ"), ((_SECOND, False), (_FIRST, False), (_BOTH, False))),
    Line(("XI", "IX"), ((_FIRST, False), (_SECOND, False), (_BOTH, False))),
    Line(("XZ", "ZX"), ((_FIRST, True), (_SECOND, True), (_BOTH, False))),
)
COLUMNS = (
    Line(("XI", "IZ"), ((_SECOND, False), (_FIRST, False), (_BOTH, True))),
    Line(("ZI", "IX"), ((_FIRST, False), (_SECOND, False), (_BOTH, True))),
    Line(("XX", "ZZ"), ((_SECOND, False), (_FIRST, False), (_BOTH, True))),
)


@cache
def magic_square_game() -> Game:
    """Return the magic square game: Alice fills a row and Bob a column with +1 and -1.

    The product of a row must be +1 and that of a column -1, and both must agree where row and column cross. Each party answers
    with two bits, 0 to 3, and the third entry is the one that makes the product right: a party that breaks the rule loses
    anyhow. If all nine entries were known, the product of the rows would be +1 and that of the columns -1.
    """

    def wins(asked: Each, answers: Each) -> bool:
        row, column = asked
        alice, bob = (divmod(answer, 2) for answer in answers)
        return ROWS[row].entry(column, alice) == COLUMNS[column].entry(row, bob)

    return Game(tuple(product(range(3), repeat=2)), 4, wins)


def magic_square_win(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how often two Bell-diagonal pairs win the magic square game.

    Both measure the same two-qubit observable where row and column cross, so the entries agree with probability (1 + c)/2 with
    c the product of the pairs' correlators. Two Werner pairs of visibility v win with 1/2 + (4v + 5v²)/18.

    Args:
        first: Weights of the pair of the first qubits.
        second: Weights of the pair of the second qubits.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> [round(magic_square_win(werner(f), werner(f)), 5) for f in (0.99, 0.95, 0.9)]
        [0.98968, 0.94938, 0.90123]
    """
    one, two = _agreements(first), _agreements(second)
    paulis = [entry.removeprefix("-") for row in SQUARE for entry in row]
    return 0.5 + sum(one[pauli[0]] * two[pauli[1]] for pauli in paulis) / (2 * len(paulis))


def _agreements(weights: Sequence[float]) -> dict[str, float]:
    """Return the mean product of both outcomes of each Pauli, for Y with Bob's transposed."""
    found = correlators(weights)
    return {"I": 1.0, "X": found["xx"], "Y": -found["yy"], "Z": found["zz"]}
