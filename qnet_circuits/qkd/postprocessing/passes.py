"""The passes of Cascade: the blocks that are compared, and the public reorderings that both parties make of one seed.

There are the original schedule of blocks and modern ones (Martinez-Mateo et al., arXiv:1407.3257).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range

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
        self.n = n
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
        self.subset: Bits | None = None
        if 2 * block >= n and n > 1:
            words = np.frombuffer(self._generator.bytes((n + 7) // 8), np.uint8)
            self.subset = np.unpackbits(words, count=n)
            if self.subset.all() or not self.subset.any():
                self.subset[0] ^= 1  # both blocks must hold a bit
            self.cuts: Places = np.array([np.count_nonzero(self.subset), n], np.int64)
        else:
            self.cuts = np.append(np.arange(block, n, block, dtype=np.int64), n)

    @cached_property
    def order(self) -> NDArray[np.int32]:
        """The place in the frame of each place along the shuffle."""
        if self.subset is None:
            return self._generator.permutation(np.arange(self.n, dtype=np.int32))
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


class Shuffles:
    """All passes of one frame.

    Example:
        >>> shuffles = Shuffles(100, (10, 20, 50), (1, 2))
        >>> len(shuffles), shuffles[1].cuts.tolist()
        (3, [20, 40, 60, 80, 100])
    """

    def __init__(self, n: int, blocks: tuple[int, ...], seed: tuple[int, ...]) -> None:
        self.n, self._blocks, self._seed = n, blocks, seed
        self._made: dict[int, Shuffle] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, index: int) -> Shuffle:
        if index not in self._made:
            self._made[index] = Shuffle(self.n, self._blocks[index], (*self._seed, index))
        return self._made[index]


class Parities:
    """Parities of the first bits of a string along each shuffle.

    Args:
        bits: The string, of 0 and 1.
        shuffles: The public reorderings.

    Example:
        >>> parities = Parities(np.array([1, 0, 1, 1], np.uint8), Shuffles(4, (1,), (3,)))
        >>> parities.at(0, np.array([4])).tolist()
        [1]
    """

    def __init__(self, bits: Bits, shuffles: Shuffles) -> None:
        self._bits, self._shuffles = bits, shuffles
        self._packed: Bits | None = None
        self._prefixes: dict[int, Bits] = {}

    def __repr__(self) -> str:
        return f"<parities of {self._shuffles.n} bits>"

    def at(self, index: int, places: Places) -> Bits:
        """Return the parity of all bits before each place along one shuffle, places in [1, n]."""
        shuffle = self._shuffles[index]
        if index not in self._prefixes:
            if shuffle.subset is not None and np.array_equal(places, shuffle.cuts[:1]):
                return self._subset_parity(shuffle.subset)
            # Shifted by one place, so that the parity before place b is at b.
            prefix = np.zeros(shuffle.n + 1, np.uint8)
            np.bitwise_xor.accumulate(self._bits[shuffle.order], out=prefix[1:])
            self._prefixes[index] = prefix
        return self._prefixes[index][places]

    def _subset_parity(self, subset: Bits) -> Bits:
        """Return the parity of one subset without reordering anything: most late passes need no more."""
        if self._packed is None:
            self._packed = np.packbits(self._bits)
        common = np.bitwise_xor.reduce(np.packbits(subset) & self._packed)
        return np.array([int(common).bit_count() & 1], np.uint8)
