"""Key distribution with a laser: pulses of three intensities, whose counts tell what single photons contributed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from qiskit import QuantumCircuit

from qnet_circuits.errors import ParameterError, UnsupportedError, check_range
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.qkd.circuits import split_circuit
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle, PhotonSplitting, eavesdropper
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.pulse_figures import (
    by_intensity,
    expected_counts,
    expected_of_pulses,
    expected_single_photons,
    single_photons,
)
from qnet_circuits.qkd.rounds import Rounds
from qnet_circuits.qkd.schemes import PrepareAndMeasure
from qnet_circuits.qkd.settings import Line, Setting, sending
from qnet_circuits.qkd.weak_pulses import Table, WeakPulses
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.decoy import DecoyCounts, Decoys
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.fibre import transmission

#: The fields of a laser, with their defaults: those of Lim et al., Phys. Rev. A 89, 022307 (2014).
LASER = {
    "intensities": (0.45, 0.2, 2e-4),
    "intensity_probabilities": (0.6, 0.3, 0.1),
    "length_km": 0.0,
    "detector_efficiency": 0.1,
    "dark_counts": 6e-7,
}
#: Below this probability of a photon to be seen there is none in any run.
FEWEST = 1e-30
#: Pulses that make a key with these.
PULSES = 10_000_000


@dataclass(frozen=True)
class DecoyStates(PrepareAndMeasure):
    """A key distribution with single photons, or, if ``decoy`` is set, with a laser.

    Args:
        decoy: Whether the pulses come from a laser.
        intensities: Mean photon numbers of the pulses.
        intensity_probabilities: How often each is chosen.
        length_km: Length of the fibre.
        detector_efficiency: Probability that a photon at the end of the fibre is seen.
        dark_counts: Probability of a dark count in each detector for each pulse.
    """

    decoy: bool = False
    intensities: tuple[float, float, float] | None = None
    intensity_probabilities: tuple[float, float, float] | None = None
    length_km: float | None = None
    detector_efficiency: float | None = None
    dark_counts: float | None = None

    def __post_init__(self) -> None:
        self._set_laser()
        object.__setattr__(self, "eve", eavesdropper(self.eve))
        if self.decoy and isinstance(self.eve, ManInTheMiddle):
            raise UnsupportedError("decoy=True has no man in the middle: the tags find her with decoy=False")
        super().__post_init__()

    def _set_laser(self) -> None:
        """Check the fields of the laser, and fill in its defaults."""
        if not isinstance(self.decoy, bool):
            raise ParameterError(f"decoy must be True or False, got {self.decoy!r}")
        given = [name for name in LASER if getattr(self, name) is not None]
        if given and not self.decoy:
            raise ParameterError(f"{', '.join(given)} are those of a laser: give decoy=True too")
        if not self.decoy:
            return
        for name, default in LASER.items():
            value = default if getattr(self, name) is None else getattr(self, name)
            object.__setattr__(self, name, value)
        for name, high in (("detector_efficiency", 1.0), ("dark_counts", 1.0), ("length_km", 1e5)):
            object.__setattr__(self, name, check_range(name, getattr(self, name), 0.0, high))
        if self.laser.transmittance < FEWEST:
            raise ParameterError(
                f"no photon arrives with length_km={self.length_km:g} and detector_efficiency={self.detector_efficiency:g}"
            )
        decoys = self.laser.decoys
        object.__setattr__(self, "intensities", decoys.intensities)
        object.__setattr__(self, "intensity_probabilities", decoys.probabilities)

    def _usual_pulses(self) -> int:
        return PULSES if self.decoy else super()._usual_pulses()

    @property
    def laser(self) -> WeakPulses:
        """The laser, the fibre and the detectors."""
        assert self.intensities is not None and self.intensity_probabilities is not None
        assert self.length_km is not None and self.detector_efficiency is not None
        assert self.dark_counts is not None
        eta = self.detector_efficiency * transmission(self.length_km)
        return WeakPulses(Decoys(self.intensities, self.intensity_probabilities), eta, self.dark_counts)

    @property
    def rules(self) -> SessionParameters:
        """The rules of the session, with the intensities."""
        if not self.decoy:
            return super().rules
        counts = len({setting.eve for setting in self.lines()[0]})
        return replace(super().rules, decoys=self.laser.decoys, public_counts=counts)

    def _arriving(self) -> dict[str, Table]:
        return self.laser.arriving(self.eavesdropper, self.bases)

    def lines(self) -> tuple[Line, ...]:
        """Return the settings of photons that arrive: their probabilities add up to that of an arrival."""
        if not self.decoy:
            return super().lines()
        chosen, _ = self._chosen()
        does = {choice: float(table.sum()) for choice, table in self._arriving().items()}
        eve = self.eavesdropper
        return (sending(chosen, does, {each: None if eve is None else eve.heard(each) for each in does}),)

    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a photon that travels, or of two of which one is kept."""
        if isinstance(self.eve, PhotonSplitting) and setting.eve == "split":
            return split_circuit(self._network(), setting)
        return super().circuit(setting)

    def _arrivals(self, line: Line, rng: np.random.Generator) -> int:
        if not self.decoy:
            return super()._arrivals(line, rng)
        return int(rng.binomial(self.rounds, min(1.0, sum(setting.probability for setting in line))))

    def labelled(self, rounds: Rounds, randomness: Randomness) -> Rounds:
        """Return rounds with intensities, photon numbers and dark counts."""
        return self.laser.labelled(rounds, self._arriving(), randomness) if self.decoy else rounds

    def _announced(self, setting: Setting, circuit: QuantumCircuit) -> tuple[Announcement, ...]:
        """Return the announcements of the parties, with the intensity of a pulse that counts."""
        told = super()._announced(setting, circuit)
        if not (self.decoy and setting.matched):
            return told
        return (*told, Announcement(told[0].target, told[0].source, 2, "intensity"))

    def _declared(self, names: Mapping[str, str]) -> list[Figure]:
        """Return the figures of photons, as dark counts leave them."""
        figures = super()._declared(names)
        return (
            [replace(figure, expression=self._observed(figure)) for figure in figures]
            if self.decoy
            else figures
        )

    def _observed(self, figure: Figure) -> Expression:
        assert isinstance(figure.expression, Expression)
        arriving = self._arriving()
        if figure.name == "eve_guess":
            part = self.laser.arrived(arriving)
            return part * figure.expression + (1 - part) / 2
        return self.laser.blurred(figure.expression, arriving)

    def _figures(self, whole: Weights, before: Weights) -> dict[str, float]:
        photons = super()._figures(whole, before)
        if not self.decoy:
            return photons
        arriving, known = self._arriving(), 1.0
        if isinstance(self.eve, PhotonSplitting):
            shares = {choice: float(table.sum()) for choice, table in arriving.items()}
            known = shares["split"] / sum(shares.values())
        rounds, _ = self._rounds_in_bases()
        counts = expected_counts(self.laser, arriving, self._rounds_in_bases(), photons["qber_x"])
        singles = expected_single_photons(self.laser, arriving, rounds, counts, self.epsilon_secrecy)
        return {**expected_of_pulses(self.laser, arriving, photons, known), **singles}

    def _rounds_in_bases(self) -> tuple[float, float]:
        """Return the mean numbers of rounds in which both parties choose the key's basis, and the test basis."""
        pairs = zip(*(each.values() for each in self._chosen()), strict=True)
        key, test, *_ = (self.rounds * one * other for one, other in pairs)
        return key, test

    def mean_counts(self, figures: Mapping[str, Estimate]) -> DecoyCounts | None:
        """Return the mean counts of the intensities for an exact error rate of the test basis."""
        if not self.decoy:
            return None
        arriving = self._arriving()
        photons = self.laser.sharpened(figures[f"qber_{self.bases[1]}"].value, arriving)
        return expected_counts(self.laser, arriving, self._rounds_in_bases(), photons)

    def pulse_figures(self, rounds: Rounds, level: float) -> dict[str, Estimate]:
        """Return gain and error rate of each intensity, and the number of the key's single photons with its bound."""
        return {**by_intensity(rounds, level), **single_photons(rounds, self.rules)} if self.decoy else {}
