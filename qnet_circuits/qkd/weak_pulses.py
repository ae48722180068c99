"""Pulses of a laser: their photon numbers, the photons that arrive, and the clicks of detectors with dark counts.

Only photons that arrive need a circuit. Each is one shot of the circuit of its bases and bit, whatever the intensity of its
pulse. Intensity and photon number are labels of a round, drawn afterwards as they are distributed among such rounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import check_range
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.qkd.rounds import Rounds, numbers_of
from qnet_circuits.qkd.tapping import Eavesdropper
from qnet_circuits.theory.decoy import Decoys
from qnet_circuits.theory.decoy_rates import arrival, detections, wrong_detections

#: Probabilities of pulses: one row for each intensity; columns for no photon, for one, and for several.
Table = NDArray[np.float64]
#: An error rate, or what computes it.
T = TypeVar("T", float, Expression)


@dataclass(frozen=True)
class WeakPulses:
    """A laser with three intensities, a line with loss, and two detectors.

    The photon number is that of Poisson, and each photon is seen with probability η. Photons of one pulse that are seen
    together give one bit, that of the first: for two photons, a random bit after a double click has the same error rate. Each
    detector has a dark count with probability p, and a pulse with a dark count has a random bit, even if a photon was seen.

    Args:
        decoys: The intensities and their probabilities.
        transmittance: η of the line with the detectors, in [0, 1].
        dark_counts: p, in [0, 0.5].

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> pulses = WeakPulses(Decoys(), 0.1, 6e-7)
        >>> [round(float(pulses.seen[0, n] / 0.6), 6) for n in (0, 1, 2)]
        [0.0, 0.028693, 0.015309]
    """

    decoys: Decoys
    transmittance: float
    dark_counts: float

    def __post_init__(self) -> None:
        check_range("transmittance", self.transmittance, 0.0, 1.0)
        check_range("dark_counts", self.dark_counts, 0.0, 0.5)

    @property
    def emitted(self) -> Table:
        """The probability of each intensity with each photon number."""
        k = np.array(self.decoys.intensities)
        one = k * np.exp(-k)
        return self._weighted(np.exp(-k), one, -np.expm1(-k) - one)

    @property
    def seen(self) -> Table:
        """The probability of each, together with that at least one photon is seen, if nobody is on the line."""
        k = np.array(self.decoys.intensities)
        one = self.transmittance * k * np.exp(-k)
        any_photon = np.array([arrival(each, self.transmittance) for each in k])
        return self._weighted(np.zeros(3), one, np.maximum(0.0, any_photon - one))

    def _weighted(self, *columns: NDArray[np.float64]) -> Table:
        table: Table = np.stack(columns, axis=1) * np.array(self.decoys.probabilities)[:, None]
        return table

    def arriving(self, eve: Eavesdropper | None, bases: Sequence[str]) -> dict[str, Table]:
        """Return the same for each choice of an eavesdropper."""
        if eve is None:
            return {"none": self.seen}
        return eve.passing(bases, self.emitted, self.seen)

    def clicks(self, arriving: Mapping[str, Table]) -> tuple[float, ...]:
        """Return the probability that Bob has a bit of a pulse: of any pulse, and of one of each intensity."""
        return tuple(detections(each, self.dark_counts) for each in self._shares(arriving))

    def wrong(self, arriving: Mapping[str, Table], error_rate: float) -> tuple[float, ...]:
        """Return the probability of a wrong bit in Alice's basis likewise, given the error rate of photons."""
        return tuple(wrong_detections(each, self.dark_counts, error_rate) for each in self._shares(arriving))

    def arrived(self, arriving: Mapping[str, Table]) -> float:
        """Return the share of Bob's bits to which a photon arrived."""
        return self._shares(arriving)[0] / (self.clicks(arriving)[0] or 1.0)

    def blurred(self, value: T, arriving: Mapping[str, Table]) -> T:
        """Return the error rate of Bob's bits from that of photons: bits after dark counts are random."""
        clean = self.arrived(arriving) * (1 - 2 * self.dark_counts)
        return clean * value + (1 - clean) / 2

    def sharpened(self, value: float, arriving: Mapping[str, Table]) -> float:
        """Return the error rate of photons from that of Bob's bits."""
        clean = self.arrived(arriving) * (1 - 2 * self.dark_counts)
        return min(1.0, max(0.0, (value - (1 - clean) / 2) / clean)) if clean else 0.5

    def _shares(self, arriving: Mapping[str, Table]) -> list[float]:
        """Return how often a photon arrives, of any pulse and of one of each intensity."""
        each = sum(arriving.values(), np.zeros((3, 3))).sum(axis=1)
        return [min(1.0, float(a)) for a in (each.sum(), *(each / np.array(self.decoys.probabilities)))]

    def labelled(self, rounds: Rounds, arriving: Mapping[str, Table], randomness: Randomness) -> Rounds:
        """Return the rounds with intensities, photon numbers and dark counts.

        Args:
            rounds: The rounds; those without a photon that arrived are undetected.
            arriving: The probabilities of those with one, for each choice of the eavesdropper.
            randomness: Source of the labels.
        """
        dark = 2 * self.dark_counts
        drawn = _uniform(randomness, len(rounds.kind))
        darkened = drawn < dark
        # What is left of the number is uniform again.
        drawn = np.where(darkened, drawn / (dark or 1.0), (drawn - dark) / ((1 - dark) or 1.0))
        label, seen = np.zeros(len(drawn), np.uint8), rounds.bob.seen
        choices = np.array([list(arriving).index(setting.eve) for setting in rounds.line])
        lost = self.emitted - sum(arriving.values(), np.zeros((3, 3)))
        for place, table in enumerate([*arriving.values(), lost]):
            chosen = ~seen if place == len(arriving) else seen & (choices[rounds.kind] == place)
            label[chosen] = _category(table.ravel(), drawn[chosen])
        return _darkened(rounds, darkened, label // 3, label % 3, randomness)


def _darkened(
    rounds: Rounds,
    darkened: NDArray[np.bool_],
    intensities: NDArray[np.uint8],
    photons: NDArray[np.uint8],
    randomness: Randomness,
) -> Rounds:
    """Return the rounds with random bits after dark counts; bases and bit of rounds that were not run are drawn."""
    alice, bob, kind = rounds.alice, rounds.bob, rounds.kind.copy()
    fresh, line = darkened & ~bob.seen, rounds.line
    weights = np.array([setting.probability for setting in line])
    kind[fresh] = _category(weights, _uniform(randomness, int(fresh.sum())))
    rows = {"alice": alice.bases.copy(), "bob": bob.bases.copy()}
    for name, row in rows.items():
        row[fresh] = numbers_of([getattr(setting, name) for setting in line])[kind[fresh]]
    sent, received = alice.bits.copy(), bob.bits.copy()
    sent[fresh] = np.array([setting.sent for setting in line], np.uint8)[kind[fresh]]
    received[darkened] = randomness.bits(int(darkened.sum()))
    seen = bob.seen | darkened
    return replace(
        rounds,
        kind=kind,
        alice=PartyRecord(rows["alice"], sent, seen, intensities),
        bob=PartyRecord(rows["bob"], received, seen),
        photons=photons,
    )


def _uniform(randomness: Randomness, count: int) -> NDArray[np.float64]:
    """Return uniform numbers in [0, 1) with 53 random bits each."""
    words = np.frombuffer(randomness.bytes(8 * count), np.uint64)
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _category(weights: NDArray[np.float64], drawn: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the category that each uniform number falls into."""
    edges = np.cumsum(np.maximum(weights, 0.0))
    return np.searchsorted(edges[:-1] / (edges[-1] or 1.0), drawn, side="right")
