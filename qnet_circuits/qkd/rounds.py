"""From the outcomes of grouped rounds back to a sequence: the records of each party and of the eavesdropper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
#: Holds the number of a kind of rounds; runs of a hundred million rounds have to fit into memory.
_NUMBER = np.uint16


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
    kind: NDArray[np.uint16] = field(repr=False)
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
    grouped = [_grouped(place, setting, outcomes) for place, setting in enumerate(line)]
    there = sum(part.shape[1] for part in grouped)
    lost = np.zeros((4, max(0, rounds - there)), _NUMBER)
    lost[3] = NOTHING
    order = randomness.order(there + lost.shape[1])
    kind, alice, bob, heard = np.concatenate([*grouped, lost], axis=1)[:, order]
    seen = order < there
    return Rounds(
        line,
        kind,
        PartyRecord(_numbers([setting.alice for setting in line])[kind], alice.astype(np.uint8), seen),
        PartyRecord(_numbers([setting.bob for setting in line])[kind], bob.astype(np.uint8), seen),
        heard.astype(np.uint8),
    )


def _grouped(place: int, setting: Setting, outcomes: Mapping[str, Registers]) -> NDArray[np.uint16]:
    """Return kind, Alice's bit, Bob's and the eavesdropper's of all rounds of one setting, one row for each."""
    if setting.name not in outcomes:
        return np.zeros((4, 0), _NUMBER)
    registers = outcomes[setting.name]
    if not setting.sure:
        # The station announced a failure in the other rounds, so they are lost.
        kept = Condition(((OUT, 0), (OUT, 1)), setting.heralds).met(registers)
        registers = {name: bits[kept] for name, bits in registers.items()}
    out = registers[OUT]
    rows = np.empty((4, len(out)), _NUMBER)
    rows[0] = place
    rows[1] = out[:, 0] ^ bool(setting.flip) if setting.sent is None else setting.sent
    rows[2] = out[:, -1] if setting.bob_sent is None else out[:, setting.told] ^ bool(setting.bob_sent)
    rows[3] = NOTHING if setting.heard is None else registers[setting.heard[0]][:, setting.heard[1]]
    return rows


def _numbers(bases: Sequence[str]) -> NDArray[np.uint8]:
    """Return the numbers of bases in a record."""
    return np.array([BASES.index(basis) for basis in bases], np.uint8)
