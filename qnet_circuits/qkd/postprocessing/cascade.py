"""Cascade: Bob corrects his bits by asking Alice for parities (Brassard, Salvail; arXiv:1407.3257 for the schedules).

Bob compares parities of blocks with Alice's. If a parity differs, he halves the block until he finds the wrong bit. Every
corrected bit changes the parity of the blocks around it in all other passes, which uncovers errors that were hidden in pairs.
Alice can be reached only through questions, and every answer is counted.

For each pass Bob keeps the sorted places whose parity Alice has told. Every parity adds one place, later searches use all of
them, and Bob never asks for a parity that he can compute from known ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.known_blocks import KnownBlocks
from qnet_circuits.qkd.postprocessing.passes import Bits, Parities, Places, Schedule, Shuffles
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.secrecy import Unpicklable

#: The only way to Alice's bits: it returns the parity of her bits before each place along the shuffle of a pass.
Tell = Callable[[int, Places], Bits]


class LocalOracle(Unpicklable):
    """Alice in the same process: she tells parities and counts them.

    Args:
        bits: Alice's frame.
        shuffles: The public reorderings.

    Raises:
        ParameterError: On a question outside the frame.

    Example:
        >>> oracle = LocalOracle(np.array([1, 0, 1, 1], np.uint8), Shuffles(4, (1,), (3,)))
        >>> oracle.tell(0, np.array([4])).tolist(), oracle.told
        ([1], 1)
    """

    def __init__(self, bits: Bits, shuffles: Shuffles) -> None:
        self._parities = Parities(bits, shuffles)
        self._n, self._passes = shuffles.n, len(shuffles)
        self.told = 0

    def __repr__(self) -> str:
        return f"<oracle of {self._n} bits, {self.told} parities told>"

    def tell(self, index: int, places: Places) -> Bits:
        """Return the parities before the places, and count them."""
        if not 0 <= index < self._passes or (
            len(places) and not 1 <= places.min() <= places.max() <= self._n
        ):
            raise ParameterError(
                f"a question is a pass below {self._passes} and places in [1, {self._n}], got pass {index}"
            )
        self.told += len(places)
        return self._parities.at(index, places)


@dataclass(frozen=True)
class Reconciled:
    """Bob's corrected frame and what it cost.

    Args:
        bits: The corrected bits.
        leak: Parities that were told.
        rounds: Questions asked, each with an answer.
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


def reconcile(
    bits: Bits, tell: Tell, shuffles: Shuffles, schedule: Schedule, slack: float = 2.0
) -> Reconciled:
    """Correct a frame towards Alice's.

    Args:
        bits: Bob's frame, of 0 and 1.
        tell: The way to Alice's bits.
        shuffles: The public reorderings, of the schedule's blocks.
        schedule: Which blocks to compare.
        slack: Blocks up to this many times the smallest are searched together, at least 1; more saves rounds and costs
            a little leak.

    Returns:
        The corrected frame. Every block may still hold an even number of errors, so verify the frame.

    Raises:
        ParameterError: If the sizes do not match.
        Refusal: If the parities contradict each other.

    Example:
        >>> rng = np.random.default_rng(5)
        >>> alice = rng.integers(0, 2, 1000, dtype=np.uint8)
        >>> bob = alice ^ (rng.random(1000) < 0.03)
        >>> schedule = Schedule("two passes", (33, 66, 500, 500, 500, 500))
        >>> shuffles = Shuffles(1000, schedule.blocks, (8,))
        >>> oracle = LocalOracle(alice, shuffles)
        >>> result = reconcile(bob, oracle.tell, shuffles, schedule)
        >>> bool((result.bits == alice).all()), result.leak == oracle.told
        (True, True)
    """
    if len(bits) != shuffles.n or len(shuffles) != len(schedule.blocks) or not slack >= 1:
        raise ParameterError(
            f"bits, shuffles and schedule must agree and slack be at least 1, got {len(bits)} bits, "
            f"shuffles of {shuffles.n}, {len(shuffles)} and {len(schedule.blocks)} passes, slack {slack!r}"
        )
    return _Search(bits, tell, shuffles, schedule, slack).run()


class _Search:
    """One frame being corrected."""

    def __init__(self, bits: Bits, tell: Tell, shuffles: Shuffles, schedule: Schedule, slack: float) -> None:
        self.bits, self.tell, self.shuffles = bits, tell, shuffles
        self.reuse, self.slack = schedule.reuse, slack
        self.own = Parities(bits, shuffles)
        self.passes: list[KnownBlocks] = []
        self.found: Places = np.zeros(0, np.int64)
        self.changed = np.zeros(len(bits), np.bool_)
        self.leak = self.rounds = 0

    def run(self) -> Reconciled:
        """Do all passes."""
        for index in range(len(self.shuffles)):
            self.open(index)
            while (chosen := self.choose()) is not None:
                self.search(*chosen)
        corrected = self.bits.copy()
        corrected[self.found] ^= 1
        return Reconciled(corrected, self.leak, self.rounds, len(self.found))

    def ask(self, index: int, places: Places) -> Bits:
        """Return the parity of all errors before the places: Alice's parities beside Bob's own."""
        self.leak += len(places)
        self.rounds += 1
        return self.tell(index, places) ^ self.own.at(index, places)

    def open(self, index: int) -> None:
        """Compare the blocks of a new pass. The parity of the whole frame is asked for once, in the first."""
        shuffle = self.shuffles[index]
        places = shuffle.cuts if index == 0 else shuffle.cuts[:-1]
        errors = self.ask(index, places) if len(places) else np.zeros(0, np.uint8)
        if index > 0:
            places, errors = shuffle.cuts, np.append(errors, self.passes[0].errors[-1])
        start = np.zeros(1, np.uint8)
        self.passes.append(
            KnownBlocks(shuffle, np.append(0, places), np.concatenate([start, errors]), self.found)
        )

    def choose(self) -> tuple[int, Places] | None:
        """Return the pass that holds the smallest odd block, and its odd blocks of about that size."""
        best: tuple[int, int] | None = None
        for index, one in enumerate(self.passes):
            if len(one.odd_blocks):
                smallest = int(one.sizes().min())
                if best is None or smallest < best[1]:
                    best = index, smallest
        if best is None:
            return None
        one = self.passes[best[0]]
        return best[0], one.odd_blocks[one.sizes() <= self.slack * best[1]]

    def search(self, index: int, blocks: Places) -> None:
        """Halve odd blocks of one pass together, a question for each level, and correct the bits that are left."""
        one = self.passes[index]
        low, high = one.places[blocks], one.places[blocks + 1]
        before = one.remaining(low, one.errors[blocks])
        told: list[tuple[Places, Bits]] = []
        active = np.flatnonzero(high - low > 1)
        while len(active):
            middle = (low[active] + high[active]) >> 1
            errors = self.ask(index, middle)
            told.append((middle, errors))
            left = one.remaining(middle, errors)
            # Odd before the middle: the error is there; the parity before the new start is then known too.
            inside = (left ^ before[active]).astype(bool)
            high[active[inside]] = middle[inside]
            low[active[~inside]] = middle[~inside]
            active = active[(high - low)[active] > 1]
        self.correct(index, blocks, low, told)

    def correct(self, index: int, blocks: Places, positions: Places, told: list[tuple[Places, Bits]]) -> None:
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
        if self.reuse and told:
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
