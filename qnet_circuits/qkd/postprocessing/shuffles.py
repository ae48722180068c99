"""The public reorderings of a frame that both parties make of one seed, and parities along them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
Places = NDArray[np.int64]


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
