"""A quantum repeater in time: probabilistic links over fibre, memories that decay meanwhile, and rates per second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import ClassVar

import numpy as np

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure, Outcomes
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Analysis, Analyzed, Protocol
from qnet_circuits.programs.registry import register
from qnet_circuits.repeaters.circuits import mean_circuit, round_circuits
from qnet_circuits.repeaters.rates import chain_with_memories, delivered, plob_of, secret_bits
from qnet_circuits.repeaters.schedule import Schedule
from qnet_circuits.repeaters.storage import (
    STORAGE,
    mean_factors,
    mean_seconds,
    memory_factors,
    storage_channel,
)
from qnet_circuits.repeaters.times import ENDS, Seconds
from qnet_circuits.theory import bell_diagonal, bounds
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters

_SETTINGS = ("xx", "yy", "zz")
#: More stations than any machine has qubits for.
_MOST_STATIONS = 500
_MOST_CIRCUITS = 1000
_MOST_ROUNDS = 10**7
#: Rounds that are drawn stand for so many, which is as good as all.
_ALL_ROUNDS = 10**12


@register
@dataclass(frozen=True)
class QuantumRepeater(Protocol):
    """Pairs and secret bits per second over long fibres, with probabilistic links and memories that decay.

    Links attempt until they are heralded, and their qubits are stored until the stations swap. ``storage`` decides how the
    losses of the memories come into the circuits:

    - ``averaged``: one Pauli channel on the far end, the mean over all rounds of the schedule. It needs a simulator.
    - ``frames``: the same errors, emulated in software for each shot. It also runs on processors.
    - ``delays``: rounds drawn at random become circuits, in which each stored qubit relaxes by T1 and T2 for its own time. It
      needs a simulator.
    - ``scaled``: such rounds with delays of a device, network seconds times ``time_scale``. It needs a device, whose own qubits
      are the memories.

    The first two are exact for memories that dephase. They include only the Pauli twirl of relaxation (T1); ``delays`` includes
    all of it. ``pairs_per_second`` follows from the schedule. The key rates follow from the schedule and from <XX> and <ZZ> of
    the circuits: BBM92 in the limit of many pairs. ``plob_ratio`` is ``key_per_use`` over the largest possible value for each
    use of the fibre without a station (Pirandola et al., arXiv:1510.08863). No figure includes the wall-clock time of a
    processor.

    On hardware: a line of two qubits for each link, and two mid-circuit measurements for each station.

    Args:
        length_km: Length of the chain in km, greater than 0. Default 100.
        stations: Number of stations at equal distances, at least 0; 0 is the direct link. Default 1.
        memory_t2: T2 of the memories in seconds, at most 2 T1. Default: no loss, or 2 T1 if ``memory_t1`` is given.
        memory_t1: T1 of the memories in seconds. Default infinite.
        cutoff: Seconds after which a qubit that waits at a station is discarded, at least one attempt. Default: never.
        rounds: Rounds that are sampled for the rates, and for means without a closed form, 100 to 10^7. Default 20,000.
        storage: One of the four ways above. Default ``averaged``.
        circuits: Rounds that become circuits in ``delays`` and ``scaled``, 2 to 1000 for each setting. Default 10.
        time_scale: Device seconds for a network second in ``scaled``, greater than 0: T2 of its qubits over T2 of the memories.
            It is one number for all qubits, so that delays keep their order; a qubit with another T2 decays faster or slower.
        scheme: How links are made: ``midpoint``, ``single-click`` or ``sender``. Default ``midpoint``.
        efficiency: Probability that a photon is emitted, coupled and detected, in (0, 1]. Default 1.
        source_fidelity: Fidelity of the pairs that a source emits, in [0.25, 1]. Default 1.
        attenuation_db_per_km: Loss of the fibre in dB/km. Default 0.2.
        swapping: ``asap`` or ``doubling``. Default ``asap``.
        swap_success: Probability that a swap succeeds, in (0, 1]. Default 1.
        modes: Attempts of a link at the same time. Default 1.
        messages: Whether messages take time. Default True.
        ends: ``measured``, if end qubits are measured at once, or ``stored`` until the pair is delivered. Default ``measured``.

    Raises:
        ParameterError: If a value is out of range, ``time_scale`` is given without ``scaled`` or the reverse, or a given
            parameter would change nothing: ``cutoff`` or ``swap_success`` without a station, ``circuits`` without drawn rounds.
        UnknownNameError: If there is no such storage, scheme, swapping or treatment of ends.

    Example:
        >>> theory = QuantumRepeater(length_km=200, scheme="sender", memory_t2=1.0).theory(NoiseParameters())
        >>> {name: round(theory[name], 4) for name in ("fidelity", "pairs_per_second")}
        {'fidelity': 0.9548, 'pairs_per_second': 6.6556}
    """

    name: ClassVar[str] = "quantum-repeater"
    stage: ClassVar[str] = "quantum memory"

    length_km: float = 100.0
    stations: int = 1
    memory_t2: float | None = None
    memory_t1: float | None = None
    cutoff: float | None = None
    rounds: int = 20_000
    storage: str = "averaged"
    circuits: int = 10
    time_scale: float | None = None
    scheme: str = "midpoint"
    efficiency: float = 1.0
    source_fidelity: float = 1.0
    attenuation_db_per_km: float = 0.2
    swapping: str = "asap"
    swap_success: float = 1.0
    modes: int = 1
    messages: bool = True
    ends: str = "measured"

    def __post_init__(self) -> None:
        check_name("storage", self.storage, STORAGE)
        check_name("ends", self.ends, ENDS)
        check_count("stations", self.stations, 0, _MOST_STATIONS)
        check_count("rounds", self.rounds, 100, _MOST_ROUNDS)
        check_count("circuits", self.circuits, 2, _MOST_CIRCUITS)
        if (self.time_scale is None) is (self.storage == "scaled"):
            raise ParameterError(
                "storage=scaled, and no other storage, needs time_scale: device seconds for a network second (T2 of the "
                f"device's qubits over T2 of the memories), got storage={self.storage} and time_scale={self.time_scale}"
            )
        if self.time_scale is not None and check_range("time_scale", self.time_scale, 0, 1e9) == 0:
            raise ParameterError("time_scale must be greater than 0")
        if not isinstance(self.messages, bool):
            raise ParameterError(f"messages must be true or false, got {self.messages!r}")
        self._check_effects()
        _ = self.schedule, self._plob
        for field in fields(self):  # numpy's numbers would not go into JSON
            value, kind = getattr(self, field.name), str(field.type)
            if value is not None and kind.startswith(("float", "int")):
                object.__setattr__(self, field.name, float(value) if kind.startswith("float") else int(value))

    def _check_effects(self) -> None:
        """Raise ParameterError if a parameter was given that would change nothing."""
        given = {"cutoff": self.cutoff is not None, "swap_success": self.swap_success != 1}
        for name in (name for name, is_given in given.items() if is_given and not self.stations):
            raise ParameterError(
                f"{name} applies to stations, and stations=0 means none: leave it out, or give stations"
            )
        if self._one_circuit and self.circuits != type(self).circuits:
            raise ParameterError(
                f"circuits={self.circuits} counts rounds that become circuits, and storage={self.storage} has one circuit for "
                "the mean of all rounds: leave it out, or take storage=delays or scaled"
            )

    @cached_property
    def chain(self) -> Network:
        """The chain, with the memories of its nodes."""
        length = check_range("length_km", self.length_km, 0, 1e5)
        link = Link(
            length_km=length / (self.stations + 1),
            attenuation_db_per_km=self.attenuation_db_per_km,
            source_fidelity=self.source_fidelity,
            efficiency=self.efficiency,
            scheme=self.scheme,
        )
        return chain_with_memories(self.stations + 1, link, self.memory_t1, self.memory_t2)

    @cached_property
    def schedule(self) -> Schedule:
        """How the chain is run."""
        return Schedule.of(
            self.chain, self.swapping, self.swap_success, self.cutoff, self.modes, self.messages
        )

    def program(self, rng: np.random.Generator) -> Program:
        """Return a circuit for each of the settings XX, YY and ZZ, or for each setting one for every round that was drawn."""
        if self._one_circuit:
            x, z, said = self._means(rng)
            made = [
                [mean_circuit(self.chain, name.upper(), storage_channel(x, z), self.storage == "frames")]
                for name in _SETTINGS
            ]
        else:
            said = self._said_of_rounds()
            made = [
                round_circuits(
                    self.chain,
                    name.upper(),
                    self.schedule.sample(self.circuits, rng),
                    self.ends,
                    self.time_scale,
                )
                for name in _SETTINGS
            ]
        items = [
            Item(self._item(name, k), circuit, {"setting": name})
            for name, circuits in zip(_SETTINGS, made, strict=True)
            for k, circuit in enumerate(circuits)
        ]
        device = (
            "storage=scaled takes the qubits of a device for memories" if self.storage == "scaled" else ""
        )
        return Program(items, self._figures, self.chain, (f"storage={self.storage}: {said}",), device)

    # -- circuits ---------------------------------------------------------------------------------------------------

    @property
    def _one_circuit(self) -> bool:
        return self.storage in ("averaged", "frames")

    def _item(self, setting: str, number: int) -> str:
        return setting if self._one_circuit else f"{setting}_{number}"

    def _means(self, rng: np.random.Generator) -> tuple[float, float, str]:
        """Return the mean factors of <XX> and <ZZ>, and what is said of them."""
        how = "one Pauli channel for all of a round's storage"
        if self.storage == "frames":
            how = "emulated: the Pauli errors of a round's storage are sampled in software for each shot"
        twirl = "" if self.memory_t1 is None else "; of relaxation its Pauli twirl"
        exact = mean_factors(self.chain, self.schedule, self.ends)
        if exact is not None:
            return *exact, f"{how}, exact mean over rounds{twirl}"
        times = self.schedule.sample(self.rounds, rng)
        kept = np.stack(memory_factors(self.chain, self.chain.path(), times, self.ends))
        start = bell_diagonal.correlators(self.chain.weights)
        spread = (start["xx"] - start["yy"]) * kept[0] + start["zz"] * kept[1]
        error = float(spread.std(ddof=1)) / 4 / self.rounds**0.5
        x, z = (float(each) for each in kept.mean(axis=1))
        return x, z, f"{how}, mean over {self.rounds} sampled rounds (± {error:.1g} in the fidelity){twirl}"

    def _said_of_rounds(self) -> str:
        drawn = f"{self.circuits} rounds for each setting, drawn at random, are circuits"
        if self.time_scale is None:
            return (
                f"{drawn}, in which stored qubits relax for their network times by T1 and T2 of the memories"
            )
        memory = {"T1": self.memory_t1, "T2": self.memory_t2}
        scaled = "".join(
            f"a memory's {name} of {seconds:g} s is {seconds * self.time_scale:g} s of the device; "
            for name, seconds in memory.items()
            if seconds is not None
        )
        return (
            f"{drawn} with delays of the device, {self.time_scale:g} device seconds for a network second, to 0.1 µs; {scaled}"
            "the device's own qubits are the memories, one scale for all of them whatever their T2; its gates and readouts are "
            "not scaled, and what waits for its readout relaxes"
        )

    # -- figures ----------------------------------------------------------------------------------------------------

    @property
    def _figures(self) -> list[Figure]:
        number = 1 if self._one_circuit else self.circuits
        drawn = 0 if number == 1 else _ALL_ROUNDS
        means = {
            name: sum(
                (parity(self._item(name, k), [("out", 0), ("out", 1)]) / number for k in range(number)),
                Expression(),
            )
            for name in _SETTINGS
        }
        fidelity = (1 + means["xx"] - means["yy"] + means["zz"]) / 4
        silent = 0.0 if self.stations else 1.0  # without messages nothing is left of the pair
        figures = [
            Figure("fidelity", fidelity, 1.0, (1 + 3 * silent) / 4, drawn_from=drawn, physical=(0.0, 1.0))
        ]
        for name, sign in zip(_SETTINGS, (1.0, -1.0, 1.0), strict=True):
            figures.append(
                Figure(name, means[name], sign, sign * silent, drawn_from=drawn, physical=(-1.0, 1.0))
            )
        return figures

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the values of formulas for a chain of perfect gates, if they are known for the schedule."""
        if not noise.ideal:
            return {}
        found: dict[str, float] = {}
        kept = mean_factors(self.chain, self.schedule, self.ends)
        # No formula knows a device's memories, or means of pairs of which both qubits relax.
        relaxes = self.storage == "delays" and self.memory_t1 is not None and self.stations > 1
        if self.storage == "scaled" or relaxes:
            kept = None
        seconds = mean_seconds(self.schedule)
        if kept is not None:
            start = bell_diagonal.correlators(self.chain.weights)
            found = {name: start[name] * kept[name == "zz"] for name in _SETTINGS}
            found = {"fidelity": (1 + found["xx"] - found["yy"] + found["zz"]) / 4, **found}
        if seconds is not None:
            found["pairs_per_second"] = 1 / seconds
        if kept is not None and seconds is not None:
            found["key_per_second"] = secret_bits(found["xx"], found["zz"]) / seconds
            use = min(self.schedule.period_s) / self.schedule.modes
            found["key_per_use"] = found["key_per_second"] * use
            found["plob_ratio"] = found["key_per_use"] / self._plob
        return found

    @property
    def _plob(self) -> float:
        return plob_of(self.chain)

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves entanglement; the PLOB bound is what secret bits for each use of the fibre must beat."""
        return {
            "fidelity": {"entangled": bounds.BELL_ENTANGLED},
            "key_per_use": {"PLOB": self._plob},
            "plob_ratio": {"PLOB": 1.0},
        }

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed:
        """Return pairs and secret bits per second, of sampled rounds and of what the circuits gave."""
        judged = {
            figure.name: figure.estimate(outcomes, analysis.level)
            for figure in self._figures
            if figure.name != "yy"
        }
        return self._rates(judged, self._seconds(analysis), analysis)

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the same of exact figures, and of the exact mean time where there is a formula."""
        exact = mean_seconds(self.schedule)
        return self._rates(figures, self._seconds(analysis) if exact is None else exact, analysis)

    def _seconds(self, analysis: Analysis) -> Seconds:
        return self.schedule.sample(self.rounds, np.random.default_rng(list(analysis.root))).delivered_s

    def _rates(
        self, judged: Mapping[str, Estimate], seconds: Seconds | float, analysis: Analysis
    ) -> Analyzed:
        rates = delivered(
            self.chain, self.schedule, seconds, judged["fidelity"], judged["xx"], judged["zz"], analysis.level, self.ends
        )  # fmt: skip
        how = "the exact mean" if isinstance(seconds, float) else f"{self.rounds} sampled rounds"
        return Analyzed(
            {
                "pairs_per_second": rates.pairs_per_second,
                "key_per_second": rates.key_per_second,
                "key_per_use": rates.key_per_use,
                "plob_ratio": rates.over_plob,
            },
            {"storage": self.storage, "plob": rates.plob, "rounds": self.rounds},
            (
                f"seconds are those of the network's schedule, {how}, and never of the machine that ran the circuits",
            ),
        )
