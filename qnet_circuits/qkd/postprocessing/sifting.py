"""From two records of bases and bits to the rounds that both measured in the same basis.

Compared bits are discarded.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.channel import decode_bits, encode_bits, pack, unpack
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.toeplitz import Bits, check_bits
from qnet_circuits.secrecy import Unpicklable


@dataclass(frozen=True, eq=False)
class PartyRecord(Unpicklable):
    """One party's record of the quantum part. Its repr shows no bits.

    Rounds with two clicks count as detected, with a random bit; dropping them would let Eve choose which rounds count.

    Args:
        bases: Number of the basis of each round, 0 to 254.
        bits: Result of each round; results of undetected rounds are ignored.
        detected: Whether each round had a result. Default: all rounds.
        intensities: Number of the intensity of each pulse, 0 to 2, in the record of a sender with decoy states. Default: none.

    Raises:
        ParameterError: If the rows differ in length or hold something else.

    Example:
        >>> PartyRecord([0, 1, 0], [1, 1, 0])
        <PartyRecord of 3 rounds, 3 detected>
    """

    bases: NDArray[np.uint8] = field(repr=False)
    bits: Bits = field(repr=False)
    detected: NDArray[np.bool_] | None = field(default=None, repr=False)
    intensities: NDArray[np.uint8] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        bases, bits = _row("bases", self.bases), check_bits("bits", self.bits)
        detected = np.ones(len(bits), bool) if self.detected is None else _row("detected", self.detected)
        if bases.dtype.kind not in "bui" and bases.size:
            raise ParameterError(f"bases must be a row of whole numbers, got {bases.dtype}")
        if bases.size and not 0 <= bases.min() <= bases.max() <= 254:
            raise ParameterError(f"bases must be in [0, 254], got {bases.min()} to {bases.max()}")
        if detected.dtype != np.bool_ or not len(bases) == len(bits) == len(detected):
            raise ParameterError(
                "bases, bits and detected must be rows of equal length, detected of booleans, got "
                f"{len(bases)}, {len(bits)}, {len(detected)} of {detected.dtype}"
            )
        for name, row in (("bases", bases.astype(np.uint8)), ("bits", bits), ("detected", detected)):
            object.__setattr__(self, name, row)
        if self.intensities is not None:
            levels = _row("intensities", self.intensities)
            fits = levels.dtype.kind in "bui" and len(levels) == len(bits)
            if not fits or (levels.size and not 0 <= levels.min() <= levels.max() <= 2):
                raise ParameterError(
                    f"intensities must be {len(bits)} whole numbers from 0 to 2, got {len(levels)} of {levels.dtype}"
                )
            object.__setattr__(self, "intensities", levels.astype(np.uint8))

    def __len__(self) -> int:
        return len(self.bits)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Whether each round was detected."""
        assert self.detected is not None
        return self.detected

    @property
    def digest(self) -> str:
        """A name of the record, which follows from all that it holds and is no more public than the record."""
        rows = [self.bases, self.bits & self.seen, self.seen]
        rows += [] if self.intensities is None else [self.intensities]
        name = hashlib.sha256()
        for row in rows:  # A copy of ten million rounds takes memory.
            name.update(struct.pack("<Q", row.nbytes))
            name.update(np.ascontiguousarray(row).data)
        return name.hexdigest()

    def __repr__(self) -> str:
        return f"<PartyRecord of {len(self)} rounds, {int(self.seen.sum())} detected>"


def _row(name: str, values: object) -> NDArray[np.generic]:
    try:
        row = np.array(values)
    except ValueError:
        raise ParameterError(f"{name} must be one row, got rows of different length") from None
    if row.ndim != 1:
        raise ParameterError(f"{name} must be one row, got shape {row.shape}")
    return row


@dataclass(frozen=True, eq=False)
class Sifted(Unpicklable):
    """One party's bits of the rounds that count. Its repr shows no bits.

    Args:
        bits: The bits, in the order of the rounds.
        bases: Basis of each, the same for both parties.
        detected: Rounds that both detected.
        intensities: Number of each pulse's intensity, which Alice announced; None without decoy states.

    Example:
        >>> Sifted(np.array([1], np.uint8), np.array([0], np.uint8), 2)
        <1 bits sifted of 2 detected>
    """

    bits: Bits = field(repr=False)
    bases: NDArray[np.uint8] = field(repr=False)
    detected: int
    intensities: NDArray[np.uint8] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<{len(self.bits)} bits sifted of {self.detected} detected>"


def announce(record: PartyRecord) -> bytes:
    """Return Bob's announcement: the rounds that he detected, and their bases. He speaks first.

    An impostor cannot know Bob's random bases beforehand; Alice reveals nothing about hers until Bob's have arrived.

    Example:
        >>> len(announce(PartyRecord([0, 1, 0], [1, 1, 0])))
        26
    """
    return pack(encode_bits(record.seen), _encode_bases(record.bases[record.seen]))


def _encode_bases(bases: NDArray[np.uint8]) -> bytes:
    """Return bases as bytes: their lowest bits, then their second bits, up to the highest bit that one of them has."""
    width = max(1, int(bases.max(initial=0)).bit_length())
    return b"".join(np.packbits((bases >> place) & 1).tobytes() for place in range(width))


def _decode_bases(body: bytes, count: int) -> NDArray[np.uint8]:
    """Return the bases that ``_encode_bases`` wrote."""
    size = (count + 7) // 8
    width = len(body) // size if size else 0
    if len(body) != width * size or not min(1, count) <= width <= 8:
        raise Refusal("malformed", f"{count} bases were expected, {len(body)} bytes of another form arrived")
    bases = np.zeros(count, np.uint8)
    for place in range(width):
        plane = np.frombuffer(body, np.uint8, size, place * size)
        bases |= np.unpackbits(plane, count=count) << np.uint8(place)
    return bases


def match(record: PartyRecord, announcement: bytes) -> tuple[Sifted, bytes]:
    """Return Alice's sifted bits and her answer: which of Bob's rounds count. Her other bases are not revealed.

    With decoy states she also names the intensities of the rounds that count: only now, as Bob's detections are on record.

    Raises:
        Refusal: If the records differ in length, or no round was detected by both.

    Example:
        >>> alice, bob = PartyRecord([0, 1, 1], [1, 0, 1]), PartyRecord([0, 0, 1], [1, 1, 1])
        >>> sifted, answer = match(alice, announce(bob))
        >>> sifted.bits.tolist(), accept(bob, answer).bits.tolist()
        ([1, 1], [1, 1])
    """
    mask, said = unpack(announcement, 2)
    theirs = decode_bits(mask).astype(bool)
    if len(theirs) != len(record):
        raise Refusal("lengths", f"Alice has {len(record)} rounds and Bob has {len(theirs)}")
    bases = _decode_bases(said, int(theirs.sum()))
    both = record.seen[theirs]
    kept = both & (record.bases[theirs] == bases)
    if not both.any():
        raise Refusal("lost", f"none of {len(record)} rounds was detected by both")
    levels = None if record.intensities is None else record.intensities[theirs][kept]
    sifted = Sifted(record.bits[theirs][kept], record.bases[theirs][kept], int(both.sum()), levels)
    told = [] if levels is None else [levels.tobytes()]
    return sifted, pack(encode_bits(both), encode_bits(kept), *told)


def accept(record: PartyRecord, answer: bytes, decoys: bool = False) -> Sifted:
    """Return Bob's sifted bits, given Alice's answer, with intensities if there are decoy states.

    Raises:
        Refusal: If the answer does not match Bob's announcement.
    """
    own = int(record.seen.sum())
    first, second, *told = unpack(answer, 2 + decoys)
    both, kept = (decode_bits(part, own).astype(bool) for part in (first, second))
    if (kept & ~both).any():
        raise Refusal("malformed", "Alice kept rounds that were not detected by both parties")
    levels = np.frombuffer(told[0], np.uint8) if decoys else None
    if levels is not None and (len(levels) != kept.sum() or (levels > 2).any()):
        raise Refusal("malformed", "Alice must name one of three intensities for each round that counts")
    bits, bases = record.bits[record.seen][kept], record.bases[record.seen][kept]
    return Sifted(bits, bases, int(both.sum()), levels)


def split(bits: Bits, sample: NDArray[np.bool_]) -> tuple[Bits, Bits]:
    """Return the test bits and the remaining bits. No bit is in both, so no revealed bit stays.

    Raises:
        ParameterError: If the lengths differ.

    Example:
        >>> test, rest = split(np.array([1, 0, 1], np.uint8), np.array([True, False, False]))
        >>> test.tolist(), rest.tolist()
        ([1], [0, 1])
    """
    if len(bits) != len(sample) or sample.dtype != np.bool_:
        raise ParameterError(f"a sample is one boolean for each of {len(bits)} bits, got {len(sample)}")
    return bits[sample], bits[~sample]
