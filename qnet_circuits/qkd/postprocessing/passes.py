"""The passes of Cascade: the blocks that are compared, and the public reorderings that both parties make of one seed.

There are the original schedule of blocks and modern ones (Martinez-Mateo et al., arXiv:1407.3257).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range
from qnet_circuits.secrecy import Unpicklable

Bits = NDArray[np.uint8]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Schedule:
    """The block size of each pass, and whether parities that a search revealed are used again.

    Args:
        name: For messages.
        blocks: Block sizes in bits, one for each pass; at half the frame and above, a pass compares a random half.
        reuse: Whether sub-blocks whose parities a search revealed are kept as blocks.

    Raises:
        ParameterError: If there is no pass or a size is below 1.

    Example:
        >>> make_schedule("opt(4)", 10_000, 0.03).blocks[:3]
        (34, 68, 5000)
    """

    name: str
    blocks: tuple[int, ...]
    reuse: bool = True

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ParameterError(f"schedule {self.name!r} needs at least one pass, got none")
        for size in self.blocks:
            check_count("block size", size)


def make_schedule(name: str, n: int, rate: float) -> Schedule:
    """Return a named schedule for a frame.

    Args:
        name: "original" (4 passes that double, 0.73/Q first), "opt(4)" (1/Q, twice that, then 14 halves), "opt(7)" (the
            power of two above 1/Q, four times that, then 12 halves) or "opt(8)" (powers of two and 4096, then 11
            halves; meant for frames of 2^14 bits and more). The last three reuse sub-blocks.
        n: Bits of the frame, at least 1.
        rate: Expected error rate Q, in [0, 0.5]; taken as at least 1/(2n).

    Raises:
        UnknownNameError: If there is no such schedule.
        ParameterError: If a value is out of range.

    Example:
        >>> make_schedule("original", 10_000, 0.03)
        Schedule(name='original', blocks=(25, 50, 100, 200), reuse=False)
    """
    make = SCHEDULES[check_name("schedule", name, SCHEDULES)]
    check_count("n", n)
    rate = max(check_range("rate", rate, 0.0, 0.5), 1 / (2 * n))
    sizes = (max(1, min(n, size)) for size in make(n, rate))
    return Schedule(name, tuple(sizes), reuse=name != "original")


def _halves(n: int, count: int) -> list[int]:
    return [math.ceil(n / 2)] * count


#: The named schedules: frame length and rate to block sizes.
SCHEDULES: dict[str, Callable[[int, float], list[int]]] = {
    "original": lambda n, rate: [math.ceil(0.73 / rate) * 2**step for step in range(4)],
    "opt(4)": lambda n, rate: [first := math.ceil(1 / rate), 2 * first, *_halves(n, 14)],
    "opt(7)": lambda n, rate: [
        first := 2 ** math.ceil(math.log2(1 / rate) - 1e-9), 4 * first, *_halves(n, 12)
    ],
    "opt(8)": lambda n, rate: [
        2 ** math.ceil(math.log2(1 / rate) - 0.5), 2 ** math.ceil((math.log2(1 / rate) - 0.5 + 12) / 2), 4096,
        *_halves(n, 11),
    ],
}  # fmt: skip

#: f of each schedule: the parities that it takes are about f n h(Q), measured for error rates Q of 1 to 5 %.
EFFICIENCY = {"original": 1.16, "opt(4)": 1.06, "opt(7)": 1.04, "opt(8)": 1.04}


class Shuffle:
    """One public reordering of the places of a frame; places along it are cut into blocks.

    A permutation costs more than all the parities of a pass, so a pass of two blocks takes a random subset and its
    complement instead, each in order: half of all places on average, and every place in one of the two blocks with
    equal probability, independently.

    Args:
        n: Bits of the frame.
        block: Block size in bits.
        seed: Public words that both parties know.

    Example:
        >>> shuffle = Shuffle(8, 2, (7,))
        >>> shuffle.cuts.tolist(), shuffle.along(shuffle.order).tolist()
        ([2, 4, 6, 8], [0, 1, 2, 3, 4, 5, 6, 7])
    """

    def __init__(self, n: int, block: int, seed: tuple[int, ...]) -> None:
        self.n, self._seed = n, seed
        self.subset: Bits | None = None
        if 2 * block >= n and n > 1:
            words = np.frombuffer(_generator(seed).bytes((n + 7) // 8), np.uint8)
            self.subset = np.unpackbits(words, count=n)
            if np.count_nonzero(self.subset) in (0, n):
                self.subset[0] ^= 1  # both blocks must hold a bit
            self.cuts: Places = np.array([np.count_nonzero(self.subset), n], np.int64)
        else:
            self.cuts = np.append(np.arange(block, n, block, dtype=np.int64), n)

    @cached_property
    def packed(self) -> Bits | None:
        """The subset, eight bits to a byte."""
        return None if self.subset is None else np.packbits(self.subset)

    @cached_property
    def order(self) -> NDArray[np.int32]:
        """The place in the frame of each place along the shuffle."""
        if self.subset is None:
            return _generator(self._seed).permutation(np.arange(self.n, dtype=np.int32))
        inside = self.subset.view(np.bool_)
        return np.concatenate([np.flatnonzero(inside), np.flatnonzero(~inside)]).astype(np.int32)

    @cached_property
    def _places(self) -> NDArray[np.int32]:
        """Of a permutation, the place along it of each bit; of a subset, how many of its members come up to each bit."""
        if self.subset is not None:
            return np.cumsum(self.subset, dtype=np.int32)
        places = np.empty(self.n, np.int32)
        places[self.order] = np.arange(self.n, dtype=np.int32)
        return places

    def along(self, bits: Places) -> Places:
        """Return the places along the shuffle of some bits of the frame."""
        if self.subset is None:
            return self._places[bits].astype(np.int64)
        rank, cut = self._places[bits], self._places[-1]
        return np.where(self.subset[bits], rank - 1, cut + bits - rank).astype(np.int64)


#: The reorderings in use, by length, block and seed. They are public, so two parties in one process share them.
_IN_USE: WeakValueDictionary[tuple[int, int, tuple[int, ...]], Shuffle] = WeakValueDictionary()


def _generator(seed: tuple[int, ...]) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


class Frame(Unpicklable):
    """One party's bits that are corrected as a whole, and their parities along the public reorderings.

    A reordering takes more memory than the bits, so a frame forgets each one that nobody uses any more; it follows from
    the seed again.

    Args:
        bits: The bits, 0 and 1.
        schedule: The blocks of each pass.
        seed: Public words that both parties know.

    Example:
        >>> frame = Frame(np.array([1, 0, 1, 1], np.uint8), Schedule("one pass", (2,)), (3,))
        >>> frame, frame.shuffle(0).cuts.tolist(), frame.parities(0, np.array([4])).tolist()
        (<frame of 4 bits>, [3, 4], [1])
    """

    def __init__(self, bits: Bits, schedule: Schedule, seed: tuple[int, ...]) -> None:
        self.bits, self.schedule, self._seed = bits, schedule, seed
        self._packed: Bits | None = None
        self._prefixes: dict[int, Bits] = {}

    def __repr__(self) -> str:
        return f"<frame of {len(self)} bits>"

    def __len__(self) -> int:
        return len(self.bits)

    def shuffle(self, index: int) -> Shuffle:
        """Return the reordering of a pass."""
        about = len(self), self.schedule.blocks[index], (*self._seed, index)
        shuffle = _IN_USE.get(about)
        if shuffle is None:
            shuffle = _IN_USE[about] = Shuffle(*about)
        return shuffle

    def parities(self, index: int, places: Places) -> Bits:
        """Return the parity of all bits before each place along the shuffle of a pass, places in [1, n]."""
        if index not in self._prefixes:
            shuffle = self.shuffle(index)
            if shuffle.packed is not None and np.array_equal(places, shuffle.cuts[:1]):
                return self._subset_parity(shuffle.packed)
            # Shifted by one place, so that the parity before place b is at b.
            prefix = np.zeros(len(self) + 1, np.uint8)
            np.bitwise_xor.accumulate(self.bits.take(shuffle.order), out=prefix[1:])
            self._prefixes[index] = np.packbits(prefix, bitorder="little")
        before: Bits = self._prefixes[index][places >> 3] >> (places & 7).astype(np.uint8)
        return before & np.uint8(1)

    def _subset_parity(self, subset: Bits) -> Bits:
        """Return the parity of one subset without reordering anything: most late passes need no more."""
        if self._packed is None:
            self._packed = np.packbits(self.bits)
        common = np.bitwise_xor.reduce(subset & self._packed)
        return np.array([int(common).bit_count() & 1], np.uint8)
