"""Bits of many shots, eight to a byte: a register of a simulator of millions of shots a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class PackedBits:
    """A register's bits in an eighth of the memory, to be read as a bool array (shots, width).

    Whatever is done to bits bit by bit can be done to the bytes. A column is unpacked when it is read; NumPy takes the whole
    for an array.

    Args:
        bytes: The bits, uint8 array (shots in eights, width); the first shot of a byte is its lowest bit.
        shots: The number of shots.

    Example:
        >>> bits = PackedBits(np.array([[5, 1]], dtype=np.uint8), 3)
        >>> bits.shape, bits[:, 0].tolist(), np.asarray(bits)[2].tolist()
        ((3, 2), [True, False, True], [True, False])
        >>> bits[np.array([True, False, False]), 1].tolist(), bits[:2].shape
        ([True], (2, 2))
    """

    bytes: npt.NDArray[np.uint8]
    shots: int

    dtype = np.dtype(bool)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of shots, and the register's width."""
        return self.shots, self.bytes.shape[1]

    def __len__(self) -> int:
        return self.shots

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        bits = np.unpackbits(self.bytes.T, axis=1, count=self.shots, bitorder="little").view(np.bool_).T
        return bits if dtype is None else bits.astype(dtype)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice) and key.indices(self.shots) == (0, self.shots, 1):
            return self
        row, place = key if isinstance(key, tuple) else (key, None)
        if isinstance(row, slice) and row == slice(None) and isinstance(place, int):
            column = np.ascontiguousarray(self.bytes[:, key[1]])
            return np.unpackbits(column, count=self.shots, bitorder="little").view(np.bool_)
        return np.asarray(self)[key]


def packed_bits(bits: Any) -> PackedBits:
    """Return a bool array (shots, width) packed.

    Example:
        >>> packed_bits([[True, False], [False, True]])[1].tolist()
        [False, True]
    """
    array = np.asarray(bits, dtype=bool)
    return PackedBits(np.packbits(array.T, axis=1, bitorder="little").T, len(array))


def packed(registers: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]] | None:
    """Return the bytes of registers if all are packed, or None."""
    found = {name: bits.bytes for name, bits in registers.items() if isinstance(bits, PackedBits)}
    return found if found and len(found) == len(registers) else None


def unpacked(registers: Mapping[str, Any]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return registers as bool arrays (shots, width)."""
    return {name: np.asarray(bits) for name, bits in registers.items()}
