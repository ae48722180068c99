"""From the outcomes of grouped rounds back to a sequence: what each party, and the eavesdropper, wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.figures import Registers
from qnet_circuits.keys.circuits import OUT
from qnet_circuits.keys.settings import BASES, Line, Setting
from qnet_circuits.qkd.randomness import Randomness
from qnet_circuits.qkd.sifting import PartyRecord

#: In the eavesdropper's record: she has no bit of this round.
NOTHING = 2


@dataclass(frozen=True, eq=False)
class Rounds:
    """The records of one line, round by round. It shows no bits.

    Args:
        line: The kinds of rounds.
        kind: Place in the line of each round's setting.
        alice: Alice's record.
        bob: Bob's.
        heard: The eavesdropper's bit of each round, or NOTHING.

    Example:
        >>> line = (Setting("z0_z", 1.0, "z", "z", sent=0),)
        >>> arrange(line, {"z0_z": {"out": np.array([[False], [True]])}}, 3, Randomness())
        <3 rounds of 1 kinds>
    """

    line: Line = field(repr=False)
    kind: NDArray[np.int64] = field(repr=False)
    alice: PartyRecord = field(repr=False)
    bob: PartyRecord = field(repr=False)
    heard: NDArray[np.uint8] = field(repr=False)

    def __repr__(self) -> str:
        return f"<{len(self.kind)} rounds of {len(self.line)} kinds>"

    @property
    def sifted(self) -> NDArray[np.bool_]:
        """Rounds that count: both have a bit, in the same basis."""
        return self.alice.seen & (self.alice.bases == self.bob.bases)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Rounds in which the bits differ."""
        return self.alice.bits != self.bob.bits


def arrange(line: Line, outcomes: Mapping[str, Registers], rounds: int, randomness: Randomness) -> Rounds:
    """Put the rounds of all settings into one order.

    Given how many rounds each setting has, every order of independent rounds is equally likely, so a random one makes the
    sequence that would have been played. The order decides which of Alice's and Bob's choices belongs to which round, so it is
    as secret as they are.

    Args:
        line: The settings.
        outcomes: {setting: {register: bool array (shots, width)}}; a setting without rounds is not there.
        rounds: Rounds in all; those without an outcome were lost.
        randomness: Where the order is from.
    """
    counts = [_shots(outcomes, setting.name) for setting in line]
    lost = max(0, rounds - sum(counts))
    kind = np.repeat(np.arange(len(line)), counts)
    alice, bob, heard = (np.zeros(len(kind), np.uint8) for _ in range(3))
    begin = 0
    for setting, count in zip(line, counts, strict=True):
        part = slice(begin, begin + count)
        begin += count
        if not count:
            continue
        registers = outcomes[setting.name]
        out = registers[OUT]
        alice[part] = out[:, 0] if setting.sent is None else setting.sent
        bob[part] = out[:, -1]
        heard[part] = NOTHING if setting.heard is None else registers[setting.heard[0]][:, setting.heard[1]]
    order = randomness.order(len(kind) + lost)
    bases = [np.array([BASES.index(basis) for basis in side] or [0], np.uint8) for side in _sides(line)]
    seen = np.arange(len(kind) + lost) < len(kind)

    def placed(row: NDArray[np.generic], filler: int = 0) -> NDArray[np.generic]:
        return np.append(row, np.full(lost, filler, row.dtype))[order]

    kinds = placed(kind).astype(np.int64)
    return Rounds(
        line,
        kinds,
        PartyRecord(bases[0][kinds], placed(alice), seen[order]),
        PartyRecord(bases[1][kinds], placed(bob), seen[order]),
        placed(heard, NOTHING).astype(np.uint8),
    )


def _sides(line: Line) -> tuple[list[str], list[str]]:
    return [setting.alice for setting in line], [setting.bob for setting in line]


def _shots(outcomes: Mapping[str, Registers], name: str) -> int:
    return len(outcomes[name][OUT]) if name in outcomes else 0
