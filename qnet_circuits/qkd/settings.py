"""The choices of the parties in a round: one circuit for each choice, with its probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

#: Bases by their number in a record. The last two are Alice's at 45° in the X-Z plane, for the CHSH value.
BASES = ("z", "x", "y", "plus", "minus")
#: Results (z, x) of a Bell measurement.
BELL_RESULTS = ("00", "01", "10", "11")
#: Their axes on the Bloch sphere.
AXES = {"z": (0.0, 0.0, 1.0), "x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0)}

Bit = tuple[str, int]


@dataclass(frozen=True)
class Setting:
    """The choices of one round.

    Args:
        name: Name of its circuit.
        probability: Probability of this kind of round.
        alice: Alice's basis.
        bob: Bob's basis.
        sent: The bit that Alice sends; None if she measures her bit, which is then the first one of the register ``out``.
        eve: What the eavesdropper does.
        heard: The eavesdropper's bit (register, index), or None.
        part: The part of the line that is played: ``whole``, or ``to_eve`` and ``from_eve`` for a man in the middle.
        flip: Whether the bit that Alice measures is flipped before it is read out, and flipped back in her record.
        bob_sent: The bit that Bob sends to a station between them, to which Alice sends too; None if he measures.
        heralds: The results (z, x) of the station's Bell measurement, the register ``out``, with which the round counts.

    Example:
        >>> Setting("z0_z", 0.125, "z", "z", sent=0).matched
        True
    """

    name: str
    probability: float
    alice: str
    bob: str
    sent: int | None = None
    eve: str = "none"
    heard: Bit | None = None
    part: str = "whole"
    flip: int = 0
    bob_sent: int | None = None
    heralds: tuple[str, ...] = BELL_RESULTS

    @property
    def matched(self) -> bool:
        """Whether both bases are the same, so that the round is kept in sifting."""
        return self.alice == self.bob

    @property
    def at_45(self) -> bool:
        """Whether Alice measures at 45°, for the CHSH value."""
        return self.alice in ("plus", "minus")

    @property
    def sure(self) -> bool:
        """Whether the round counts whatever the station finds, or there is no station."""
        return self.heralds == BELL_RESULTS

    @property
    def told(self) -> int:
        """Place of the bit of the station's result that tells whether the bits differ that were sent in Bob's basis."""
        return 1 if self.bob == "z" else 0

    @property
    def tags(self) -> dict[str, str | int]:
        """The choices in plain form."""
        said: dict[str, str | int] = {"alice": self.alice, "bob": self.bob, "eve": self.eve}
        if self.bob_sent is not None:
            said["bob_sent"] = self.bob_sent
        return {**said, "flip": self.flip} if self.sent is None else {**said, "sent": self.sent}


#: The kinds of rounds of one pair of players, who share one sequence of rounds.
Line = tuple[Setting, ...]


def basis_probabilities(bases: Sequence[str], key: float) -> dict[str, float]:
    """Return the probability of each basis: ``key`` for the first one; the others share the rest equally.

    Example:
        >>> basis_probabilities(("z", "x", "y"), 0.5)
        {'z': 0.5, 'x': 0.25, 'y': 0.25}
    """
    rest = (1 - key) / (len(bases) - 1)
    return {basis: rest if place else key for place, basis in enumerate(bases)}


def sending(
    chosen: Mapping[str, float],
    eve: Mapping[str, float],
    heard: Mapping[str, Bit | None],
    part: str = "whole",
) -> Line:
    """Return the settings of a line on which one party prepares and the other measures.

    Args:
        chosen: Probability of each basis, the same for both.
        eve: Probability of each choice of the eavesdropper.
        heard: Her bit for each choice.
        part: The part of the line.

    Example:
        >>> line = sending({"z": 0.5, "x": 0.5}, {"none": 1.0}, {"none": None})
        >>> len(line), sum(setting.probability for setting in line)
        (8, 1.0)
    """
    return tuple(
        Setting(_name(part, f"{a}{bit}_{b}", does), p * q * r / 2, a, b, bit, does, heard[does], part)
        for a, p in chosen.items()
        for bit in (0, 1)
        for b, q in chosen.items()
        for does, r in eve.items()
    )


def joining(
    chosen: Mapping[str, float],
    eve: Mapping[str, float],
    heard: Mapping[str, Bit | None],
    heralds: tuple[str, ...] = BELL_RESULTS,
) -> Line:
    """Return the settings of a line on which both parties send a qubit to a station between them.

    Args:
        chosen: Probability of each basis, the same for both.
        eve: Probability of each choice of the eavesdropper, who may be the station.
        heard: Her bit for each choice.
        heralds: The station's results with which a round counts.

    Example:
        >>> line = joining({"z": 0.5, "x": 0.5}, {"none": 1.0}, {"none": None})
        >>> len(line), line[1].name, line[1].tags["bob_sent"]
        (16, 'z0_z1', 1)
    """
    sent = sending(chosen, eve, heard)
    return tuple(
        replace(
            each,
            name=_name("whole", f"{each.alice}{each.sent}_{each.bob}{bit}", each.eve),
            probability=each.probability / 2,
            bob_sent=bit,
            heralds=heralds,
        )
        for each in sent
        for bit in (0, 1)
    )


def measuring(
    alice: Mapping[str, float],
    bob: Mapping[str, float],
    eve: Mapping[str, float],
    heard: Mapping[str, Bit | None],
) -> Line:
    """Return the settings of a line on which both parties measure one half of a pair.

    In half of the rounds Alice's bit is flipped before it is read out. The key consists of her bits, so a detector that favours
    one result, in any basis, causes errors instead of a bias.

    Example:
        >>> [setting.name for setting in measuring({"z": 0.5, "x": 0.5}, {"z": 1.0}, {"none": 1.0}, {"none": None})]
        ['z_z', 'z_z_flip', 'x_z', 'x_z_flip']
    """
    return tuple(
        Setting(
            _name("whole", f"{a}_{b}" + "_flip" * flip, does),
            p * q * r / 2,
            a,
            b,
            None,
            does,
            heard[does],
            flip=flip,
        )
        for a, p in alice.items()
        for b, q in bob.items()
        for flip in (0, 1)
        for does, r in eve.items()
    )


def _name(part: str, bases: str, does: str) -> str:
    return "_".join([*([] if part == "whole" else [part]), bases, *([] if does == "none" else ["eve", does])])


def shares(alice: Mapping[str, float], bob: Mapping[str, float], bases: tuple[str, ...]) -> dict[str, float]:
    """Return the share of each basis in the sifted rounds.

    Example:
        >>> {basis: round(share, 9) for basis, share in shares({"z": 0.9, "x": 0.1}, {"z": 0.9, "x": 0.1}, ("z", "x")).items()}
        {'z': 0.987804878, 'x': 0.012195122}
    """
    both = {basis: alice[basis] * bob[basis] for basis in bases}
    return {basis: value / sum(both.values()) for basis, value in both.items()}


def draw(line: Line, rounds: int, rng: np.random.Generator) -> dict[str, int]:
    """Return how many of the rounds are of each kind, drawn by one multinomial.

    Example:
        >>> line = measuring({"z": 1.0}, {"z": 0.5, "x": 0.5}, {"none": 1.0}, {"none": None})
        >>> sum(draw(line, 1000, np.random.default_rng(1)).values())
        1000
    """
    weights = np.array([setting.probability for setting in line])
    counts = rng.multinomial(rounds, weights / weights.sum())
    return {setting.name: int(count) for setting, count in zip(line, counts, strict=True)}
