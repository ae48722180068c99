"""Cascade: Bob corrects his bits by asking Alice for parities (Brassard, Salvail; arXiv:1407.3257 for the schedules).

Bob compares parities of blocks with Alice's. If a parity differs, he halves the block until he finds the wrong bit. Every
corrected bit changes the parity of the blocks around it in all other passes, which uncovers errors that were hidden in pairs.
Alice can be reached only through questions, and every answer is counted.

For each pass Bob keeps the sorted places whose parity Alice has told. Every parity adds one place, later searches use all of
them, and Bob never asks for a parity that he can compute from known ones.

Frames are corrected side by side: a message carries one question of each, so many frames take hardly more round trips than one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import numpy as np

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.known_blocks import KnownBlocks
from qnet_circuits.qkd.postprocessing.passes import Bits, Frame, Places
from qnet_circuits.qkd.postprocessing.questions import Question
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.secrecy import Unpicklable

#: The only way to Alice's bits: it returns the parities that some questions ask for, one after another.
Tell = Callable[[Sequence[Question]], Bits]

#: Frames that are corrected at the same time; Bob's tables of a frame take about 50 bytes for each bit.
TOGETHER = 16


class LocalOracle(Unpicklable):
    """Alice in the same process: she tells parities and counts them.

    Args:
        frames: Alice's frames.

    Raises:
        ParameterError: On a question outside of the frames.

    Example:
        >>> from qnet_circuits.qkd.postprocessing.passes import Schedule
        >>> frame = Frame(np.array([1, 0, 1, 1], np.uint8), Schedule("one pass", (1,)), (3,))
        >>> oracle = LocalOracle([frame])
        >>> oracle.tell([Question(0, 0, np.array([4]))]).tolist(), oracle.told
        ([1], 1)
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = tuple(frames)
        self.told = 0

    def __repr__(self) -> str:
        return f"<oracle of {sum(map(len, self._frames))} bits, {self.told} parities told>"

    def tell(self, questions: Sequence[Question]) -> Bits:
        """Return the parities before the places of all questions, and count them."""
        for question in questions:
            self._check(question)
        self.told += sum(len(one.places) for one in questions)
        return np.concatenate([self._frames[one.frame].parities(one.index, one.places) for one in questions])

    def _check(self, question: Question) -> None:
        number, index, places = question.frame, question.index, question.places
        frame = self._frames[number] if 0 <= number < len(self._frames) else None
        if frame is None or not (
            0 <= index < len(frame.schedule.blocks)
            and (not len(places) or 1 <= places.min() <= places.max() <= len(frame))
        ):
            raise ParameterError(
                f"a question is one of {len(self._frames)} frames, a pass of it and places in [1, its length], "
                f"got frame {number}, pass {index}"
            )


@dataclass(frozen=True)
class Reconciled:
    """Bob's corrected bits and what they cost.

    Args:
        bits: The corrected bits of all frames.
        leak: Parities that were told.
        rounds: Round trips.
        corrected: Bits that were changed.

    Example:
        >>> Reconciled(np.zeros(4, np.uint8), leak=2, rounds=1, corrected=0)
        <4 bits reconciled: 2 parities in 1 rounds, 0 bits corrected>
    """

    bits: Bits = field(repr=False)
    leak: int
    rounds: int
    corrected: int

    def __repr__(self) -> str:
        return (
            f"<{len(self.bits)} bits reconciled: {self.leak} parities in {self.rounds} rounds, "
            f"{self.corrected} bits corrected>"
        )


def reconcile(frames: Sequence[Frame], tell: Tell) -> Reconciled:
    """Correct frames towards Alice's, side by side.

    Args:
        frames: Bob's frames.
        tell: The way to Alice's bits.

    Returns:
        The corrected frames, joined. Every block may still hold an even number of errors, so verify them.

    Raises:
        Refusal: If the parities contradict each other.

    Example:
        >>> from qnet_circuits.qkd.postprocessing.passes import Schedule
        >>> rng = np.random.default_rng(5)
        >>> alice = rng.integers(0, 2, 2000, dtype=np.uint8)
        >>> bob = alice ^ (rng.random(2000) < 0.03)
        >>> schedule = Schedule("two passes", (33, 66, 500, 500, 500, 500))
        >>> hers, his = ([Frame(part, schedule, (8, place)) for place, part in enumerate(np.split(bits, 2))]
        ...              for bits in (alice, bob))
        >>> oracle = LocalOracle(hers)
        >>> result = reconcile(his, oracle.tell)
        >>> bool((result.bits == alice).all()), result.leak == oracle.told
        (True, True)
    """
    corrected = np.concatenate([frame.bits for frame in frames])
    parts = np.split(corrected, np.cumsum([len(frame) for frame in frames]))
    waiting, running = deque(enumerate(frames)), list[_Search]()
    leak = rounds = changed = 0
    while waiting or running:
        while waiting and len(running) < TOGETHER:
            running.append(_Search(*waiting.popleft()))
        answers = tell([search.question for search in running])
        rounds += 1
        leak += len(answers)
        for search in running:
            size = len(search.question.places)
            search.hear(answers[:size])
            answers = answers[size:]
            if search.done:
                parts[search.number][search.found] ^= 1
                changed += len(search.found)
        running = [search for search in running if not search.done]
    return Reconciled(corrected, leak, rounds, changed)


class _Search:
    """One frame being corrected: it has a question until it is done."""

    def __init__(self, number: int, frame: Frame) -> None:
        self.number, self.frame = number, frame
        self.passes: list[KnownBlocks] = []
        self.found: Places = np.zeros(0, np.int64)
        self.changed = np.zeros(len(frame), np.bool_)
        self.done = False
        self._steps = self._run()
        self.question = next(self._steps)

    def hear(self, parities: Bits) -> None:
        """Take Alice's answer, and go on to the next question."""
        try:
            self.question = self._steps.send(parities)
        except StopIteration:
            self.done = True

    def _run(self) -> Generator[Question, Bits, None]:
        """Do all passes."""
        for index in range(len(self.frame.schedule.blocks)):
            yield from self._open(index)
            while (chosen := self._choose()) is not None:
                yield from self._search(chosen)

    def _ask(self, index: int, places: Places) -> Generator[Question, Bits, Bits]:
        """Return the parity of all errors before the places: Alice's parities beside Bob's own."""
        told = yield Question(self.number, index, places)
        return told ^ self.frame.parities(index, places)

    def _open(self, index: int) -> Generator[Question, Bits, None]:
        """Compare the blocks of a new pass. The parity of the whole frame is asked for once, in the first."""
        shuffle = self.frame.shuffle(index)
        places = shuffle.cuts if index == 0 else shuffle.cuts[:-1]
        errors = np.zeros(0, np.uint8)
        if len(places):
            errors = yield from self._ask(index, places)
        if index > 0:
            places, errors = shuffle.cuts, np.append(errors, self.passes[0].errors[-1])
        start = np.zeros(1, np.uint8)
        self.passes.append(
            KnownBlocks(shuffle, np.append(0, places), np.concatenate([start, errors]), self.found)
        )

    def _choose(self) -> int | None:
        """Return the pass that holds the smallest odd block."""
        odd = [(one.sizes().min(), index) for index, one in enumerate(self.passes) if len(one.odd_blocks)]
        return min(odd)[1] if odd else None

    def _search(self, index: int) -> Generator[Question, Bits, None]:
        """Halve the odd blocks of one pass together, a question for each level, and correct the bits that are left."""
        one = self.passes[index]
        blocks = one.odd_blocks
        low, high = one.places[blocks], one.places[blocks + 1]
        before = one.remaining(low, one.errors[blocks])
        told: list[tuple[Places, Bits]] = []
        active = np.flatnonzero(high - low > 1)
        while len(active):
            middle = (low[active] + high[active]) >> 1
            errors = yield from self._ask(index, middle)
            told.append((middle, errors))
            left = one.remaining(middle, errors)
            # Odd before the middle: the error is there; the parity before the new start is then known too.
            inside = (left ^ before[active]).astype(bool)
            high[active[inside]] = middle[inside]
            low[active[~inside]] = middle[~inside]
            active = active[(high - low)[active] > 1]
        self._correct(index, blocks, low, told)

    def _correct(
        self, index: int, blocks: Places, positions: Places, told: list[tuple[Places, Bits]]
    ) -> None:
        """Change the bits at these positions of one pass, and tell all passes."""
        bits = self.passes[index].shuffle.order[positions].astype(np.int64)
        if self.changed[bits].any():
            # Parities of one string never lead twice to one bit; those of a liar could go on for ever.
            raise Refusal("reconciliation", "the parities told contradict each other")
        self.changed[bits] = True
        self.found = np.append(self.found, bits)
        for other, one in enumerate(self.passes):
            if other == index:
                one.solve(blocks, bits)
            else:
                one.toggle(bits)
        if self.frame.schedule.reuse and told:
            places, errors = zip(*told, strict=True)
            self.passes[index].insert(np.concatenate(places), np.concatenate(errors))


def efficiency(leak: int, n: int, rate: float) -> float:
    """Return f = leak / (n h(Q)): 1 is Shannon's limit, which no correction beats on average.

    Raises:
        ParameterError: If the error rate is 0, since the limit is 0 then.

    Example:
        >>> round(efficiency(2062, 10_000, 0.03), 3)
        1.061
    """
    from qnet_circuits.theory.entropy import binary_entropy

    if not 0 < rate < 1:
        raise ParameterError(f"rate must be in (0, 1), got {rate!r}")
    return leak / (n * binary_entropy(rate))
