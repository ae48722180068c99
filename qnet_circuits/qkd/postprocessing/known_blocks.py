"""What Cascade knows along one of its shuffles."""

from __future__ import annotations

import numpy as np

from qnet_circuits.qkd.postprocessing.passes import Bits, Places, Shuffle


class KnownBlocks:
    """Places along one shuffle before which Alice's parity is known, and the blocks between them.

    Args:
        shuffle: The pass's.
        places: The places, in order, 0 and the frame's length included.
        errors: Parity of all errors before each place: Alice's parity beside Bob's first one.
        found: Bits that were corrected in earlier passes.

    Example:
        >>> blocks = KnownBlocks(Shuffle(9, 3, (1,)), np.array([0, 3, 6, 9]), np.array([0, 1, 1, 0], np.uint8),
        ...                      np.zeros(0, np.int64))
        >>> blocks.odd_blocks.tolist(), blocks.sizes().tolist()
        ([0, 2], [3, 3])
    """

    def __init__(self, shuffle: Shuffle, places: Places, errors: Bits, found: Places) -> None:
        self.shuffle = shuffle
        self.places = places
        #: Parity of all errors before each place, those that were corrected later included.
        self.errors = errors
        # Most late passes are never searched: what only a search needs is put off until one begins.
        self._waiting, self._found = [found], np.zeros(0, np.int64)
        self._whole = shuffle.subset if len(places) == 3 else None
        if self._whole is None:
            left = self.remaining(places, errors)
        else:
            left = errors.copy()
            left[1:] ^= np.array([np.count_nonzero(self._whole[found]) & 1, len(found) & 1], np.uint8)
        #: Of the block that begins at each place, whether an odd number of errors is left; nothing begins at the end.
        self.odd = np.append(left[1:] ^ left[:-1], np.uint8(0))
        self._listed: Places | None = None

    def remaining(self, places: Places, errors: Bits) -> Bits:
        """Return the parity of the errors before each place that are not corrected yet."""
        if self._waiting:
            moved = self.shuffle.along(np.concatenate(self._waiting))
            self._found, self._waiting = np.sort(np.concatenate([self._found, moved])), []
        return errors ^ (np.searchsorted(self._found, places) & 1).astype(np.uint8)

    @property
    def odd_blocks(self) -> Places:
        """Indices of the blocks in which an error is left."""
        if self._listed is None:
            self._listed = np.flatnonzero(self.odd)
        return self._listed

    def sizes(self) -> Places:
        """Return the sizes of the odd blocks."""
        blocks = self.odd_blocks
        return self.places[blocks + 1] - self.places[blocks]

    def solve(self, blocks: Places, bits: Places) -> None:
        """Note that one bit was corrected in each of these blocks."""
        self._waiting.append(bits)
        self.odd[blocks] = 0
        self._listed = None

    def toggle(self, bits: Places) -> None:
        """Note that these bits of the frame were corrected, in whatever blocks they lie."""
        self._waiting.append(bits)
        if self._whole is not None:
            blocks = (1 - self._whole[bits]).astype(np.int64)
        else:
            blocks = np.searchsorted(self.places, self.shuffle.along(bits), side="right") - 1
        np.bitwise_xor.at(self.odd, blocks, np.uint8(1))
        self._listed = None

    def insert(self, places: Places, errors: Bits) -> None:
        """Keep parities that were told in a search; what they divide is even by now."""
        self._whole = None
        order = np.argsort(places)
        places, errors = places[order], errors[order]
        at = np.searchsorted(self.places, places)
        self.places = np.insert(self.places, at, places)
        self.errors = np.insert(self.errors, at, errors)
        self.odd = np.insert(self.odd, at, np.uint8(0))
        self._listed = None
