"""From the outcomes of grouped rounds back to a sequence: the records of each party and of the eavesdropper."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.programs.conditions import Condition, Registers
from qnet_circuits.qkd.circuits import OUT
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.qkd.settings import BASES, Line, Setting
from qnet_circuits.secrecy import Unpicklable

#: Value in the eavesdropper's record if she has no bit of this round.
NOTHING = 2
#: Rounds that are looked up at once; runs of a hundred million rounds have to fit into memory.
_AT_ONCE = 2**20


@dataclass(frozen=True, eq=False)
class Rounds(Unpicklable):
    """The records of one line, round by round. Its repr shows no bits.

    Args:
        line: The kinds of rounds.
        kind: Place in the line of each round's setting.
        alice: Alice's record.
        bob: Bob's record.
        heard: The eavesdropper's bit of each round, or NOTHING.
        photons: The number of photons of each pulse of a laser, 0, 1, or 2 for several; nobody knows it but the simulation.

    Example:
        >>> line = (Setting("z0_z", 1.0, "z", "z", sent=0),)
        >>> arrange(line, {"z0_z": {"out": np.array([[False], [True]])}}, 3, Randomness())
        <3 rounds of 1 kinds>
    """

    line: Line = field(repr=False)
    kind: NDArray[np.unsignedinteger] = field(repr=False)
    alice: PartyRecord = field(repr=False)
    bob: PartyRecord = field(repr=False)
    heard: NDArray[np.uint8] = field(repr=False)
    photons: NDArray[np.uint8] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<{len(self.kind)} rounds of {len(self.line)} kinds>"

    @property
    def sifted(self) -> NDArray[np.bool_]:
        """Rounds that count: both have a bit, in the same basis."""
        return np.asarray(self.alice.seen & (self.alice.bases == self.bob.bases), bool)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Rounds in which the bits differ."""
        return np.asarray(self.alice.bits != self.bob.bits, bool)


def arrange(line: Line, outcomes: Mapping[str, Registers], rounds: int, randomness: Randomness) -> Rounds:
    """Put the rounds of all settings into one order.

    Given the number of rounds of each setting, every order of independent rounds is equally likely, so a random order gives a
    sequence as if the rounds had been played one by one. The order decides which choices of Alice and Bob belong to which
    round, so it is as secret as these choices.

    Args:
        line: The settings.
        outcomes: {setting: {register: bool array (shots, width)}}; a setting without rounds is absent.
        rounds: Number of all rounds; rounds without an outcome were lost.
        randomness: Source of the order.
    """
    codes = np.concatenate([_coded(place, setting, outcomes) for place, setting in enumerate(line)])
    lost = np.full(max(0, rounds - len(codes)), _PER_KIND * len(line), np.uint16)
    return _decoded(line, randomness.shuffled(np.append(codes, lost) if len(lost) else codes))


#: What a round of one kind can hold: Alice's bit, Bob's, and the eavesdropper's or NOTHING.
_CONTENT = (2, 2, NOTHING + 1)
_PER_KIND = math.prod(_CONTENT)


def _coded(place: int, setting: Setting, outcomes: Mapping[str, Registers]) -> NDArray[np.uint16]:
    """Return a number for each round of one setting that tells its kind and its bits."""
    if setting.name not in outcomes:
        return np.zeros(0, np.uint16)
    registers = outcomes[setting.name]
    if not setting.sure:
        # The station announced a failure in the other rounds, so they are lost.
        kept = Condition(((OUT, 0), (OUT, 1)), setting.heralds).met(registers)
        registers = {name: bits[kept] for name, bits in registers.items()}
    out = registers[OUT]
    bob = out[:, -1] if setting.bob_sent is None else out[:, setting.told] ^ bool(setting.bob_sent)
    codes = np.full(len(out), 2 * place, np.uint16)
    codes += out[:, 0] ^ bool(setting.flip) if setting.sent is None else np.uint16(setting.sent)
    codes = 2 * codes + bob
    heard = NOTHING if setting.heard is None else registers[setting.heard[0]][:, setting.heard[1]]
    return 3 * codes + np.asarray(heard, np.uint16)


def _decoded(line: Line, codes: NDArray[np.uint16]) -> Rounds:
    """Return the records of rounds in order; the number after those of all kinds is a lost round."""
    columns = np.unravel_index(np.arange(_PER_KIND * len(line)), (len(line), *_CONTENT))
    kind, alice, bob, heard = (
        np.append(column, lost) for column, lost in zip(columns, (0, 0, 0, NOTHING), strict=True)
    )
    seen = codes < _PER_KIND * len(line)

    def record(bases: NDArray[np.uint8], bits: NDArray[np.intp]) -> PartyRecord:
        return PartyRecord(_looked_up(bases[kind], codes), _looked_up(bits.astype(np.uint8), codes), seen)

    return Rounds(
        line,
        _looked_up(kind.astype(np.min_scalar_type(len(line))), codes),
        record(numbers_of([setting.alice for setting in line]), alice),
        record(numbers_of([setting.bob for setting in line]), bob),
        _looked_up(heard.astype(np.uint8), codes),
    )


def _looked_up(table: NDArray[Any], codes: NDArray[np.uint16]) -> NDArray[Any]:
    """Return the entries of a table, part by part: an index takes eight bytes while it is looked up."""
    found = np.empty(len(codes), table.dtype)
    for start in range(0, len(codes), _AT_ONCE):
        found[start : start + _AT_ONCE] = table[codes[start : start + _AT_ONCE]]
    return found


def numbers_of(bases: Sequence[str]) -> NDArray[np.uint8]:
    """Return the numbers of bases in a record."""
    return np.array([BASES.index(basis) for basis in bases], np.uint8)
