"""A conference key: one secret key for several parties, from GHZ states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit

from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.expressions import Expression, parity, population
from qnet_circuits.programs.figures import Figure, Outcomes
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Analysis, Analyzed
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, routed, told_to_all
from qnet_circuits.qkd.circuits import OUT, measure_basis
from qnet_circuits.qkd.conferring import conferred, rate_of
from qnet_circuits.qkd.distribution import SPARE
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.session_fields import session_rules, set_session
from qnet_circuits.qkd.settings import Line, Setting, draw
from qnet_circuits.qkd.sources import DishonestSource
from qnet_circuits.qkd.tapping import HEARD
from qnet_circuits.theory import conference
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters


@register
@dataclass(frozen=True)
class ConferenceKey(PartiesProtocol):
    """A secret key for several parties at once, N-BB84: rounds in which all measure Z of a GHZ state become one key for all.

    A source, itself no party and not trusted, shares a pair with each party, and joins its halves by a measurement: N parties
    then share |0…0⟩ + |1…1⟩ after corrections. Bits in Z are the same for all; the parity of the bits in X is even, and its
    error rate bounds what anybody else knows. The first party then holds an authenticated session with each other party over
    the same bits. Everything that any session reveals is paid for, and all end with the same key, or none does. The key has the
    length of a BB84 key with the error rate of the parity. All parties choose the same basis in one of 2^(N - 1) rounds if they
    choose both equally often.

    On hardware: 2N qubits, 2N - 1 two-qubit gates and 4 circuits for N parties. Half of the first party's readouts are flipped
    and flipped back. Corrections precede Z or X, so they can be made in software (Pauli frame).

    Args:
        parties: Number of parties, at least 2; or, with ``network``, the names of the parties' nodes. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own, instead of ``link_fidelity``; the first node is the source.
        rounds: Number of GHZ states, 1 to 100,000,000. Default 100,000.
        key_basis_probability: How often each party chooses the key's basis Z, in (0, 1). Default 0.5.
        cheater: A dishonest source, or the text form ``source[:disturbance]``. Default: nobody.
        tolerance: Observed error rate of the X parity above which there is no key, in [0, 0.5]. Default 0.05.
        epsilon_secrecy: ε_sec, in (0, 0.5]. Default 1e-10.
        epsilon_correctness: ε_cor, in (0, 0.5]. Default 1e-15.
        schedule: Name of Cascade's schedule. Default ``opt(4)``.
        authentication: Whether the conversations are authenticated; without it there is no key. Default True.
        length: ``fixed``, as long as the tolerance allows, or ``variable``, as long as the observed error rate allows; then
            there is no tolerance. Default ``fixed``.

    Raises:
        ParameterError: If there are too few parties, a value is out of range, or ``network`` is given together with a number of
            parties or ``link_fidelity``.
        UnknownNameError: If there is no such cheater.

    Example:
        >>> theory = ConferenceKey(cheater="source").theory(NoiseParameters())
        >>> theory["qber"], theory["qber_x"], theory["cheater_guess"]
        (0.0, 0.5, 1.0)
    """

    name: ClassVar[str] = "conference-key"
    stage: ClassVar[str] = "entanglement distribution"
    assumes: ClassVar[tuple[str, ...]] = (
        "All parties are honest and their devices are trusted; the source and the links are not.",
        "The first party shares a short secret with each other party beforehand, for authentication.",
        "Nobody outside learns the parties' choices of bases before the qubits have arrived.",
    )
    source: ClassVar[str] = (
        "M. Epping, H. Kampermann, C. Macchiavello and D. Bruß, arXiv:1612.05585; with X rounds and finite keys: F. Grasselli, "
        "H. Kampermann and D. Bruß, arXiv:1807.04472"
    )
    secret_outcomes: ClassVar[bool] = True
    rounds: int = 100_000
    key_basis_probability: float = 0.5
    cheater: DishonestSource | str | None = None
    tolerance: float = 0.05
    epsilon_secrecy: float = 1e-10
    epsilon_correctness: float = 1e-15
    schedule: str = "opt(4)"
    authentication: bool = True
    length: str = "fixed"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.set_cheater((DishonestSource,))
        set_session(self, "rounds")

    @property
    def _dishonest(self) -> DishonestSource | None:
        assert not isinstance(self.cheater, str)
        return self.cheater

    @property
    def rules(self) -> SessionParameters:
        """The rules of the classical half. The number of flipped bits in each basis is on record before the rounds."""
        return session_rules(self, 1)

    @property
    def line(self) -> Line:
        """The kinds of rounds in which all parties choose the same basis: with the first party's bit flipped or not."""
        key, number = self.key_basis_probability, len(self.members)
        heard = None if self._dishonest is None else (HEARD, 0)
        return tuple(
            Setting(basis + "_flip" * flip, chance**number / 2, basis, basis, flip=flip, heard=heard)
            for basis, chance in (("z", key), ("x", 1 - key))
            for flip in (0, 1)
        )

    @property
    def sifted_share(self) -> float:
        """Mean share of rounds in which all parties choose the same basis."""
        return sum(setting.probability for setting in self.line)

    def program(self, rng: np.random.Generator) -> Program:
        """Return one circuit for each kind of round. Its shots are the number of rounds of this kind."""
        dropped = Setting("dropped", 1 - self.sifted_share, "z", "x")
        counts, items, names = draw((*self.line, dropped), self.rounds, rng), [], {}
        for setting in self.line:
            count = counts[setting.name]
            names[setting.name] = setting.name if count else SPARE + setting.name
            tags: dict[str, str | int] = {"basis": setting.alice, "flip": setting.flip}
            items.append(
                Item(
                    names[setting.name],
                    self._circuit(setting),
                    tags,
                    count or 1,
                    announced=self._announced(setting),
                )
            )
        return Program(items, self._declared(names), self.shared)

    def _circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a kind of round."""
        cheater, number, source = self._dishonest, len(self.members), self.shared.nodes[0]
        ends = [(source, member) for member in self.members]
        circuit, routes = routed(self.shared, ends, {source: 1} if cheater else {})
        joined, out = ClassicalRegister(number, "joined"), ClassicalRegister(number, OUT)
        circuit.add_register(joined, out)
        pairs = [route.entangle(circuit) for route in routes]
        for one, other in reversed([*pairwise(pairs)]):
            circuit.cx(one.near, other.near)
        if cheater:
            (probe,) = (register[0] for register in circuit.qregs if register.name == source)
            cheater.meet(circuit, pairs[0].near, probe)
        for place, (pair, bit) in enumerate(zip(pairs, joined, strict=True)):
            measure_pauli(circuit, pair.near, "Z" if place else "X", bit)
            # The first result is the sign of the state; each later one says whether two neighbours differ.
            x, z = [*pair.x, *joined[1 : place + 1]], [*pair.z, *([] if place else joined[:1])]
            correct(circuit, pair.far, x=x, z=z)
        for place, (pair, bit) in enumerate(zip(pairs, out, strict=True)):
            measure_basis(circuit, pair.far, setting.alice, bit, 0 if place else setting.flip)
        return circuit

    def _announced(self, setting: Setting) -> tuple[Announcement, ...]:
        """Return the announcements: bases and which rounds count, and all outcomes in X to everybody."""
        first, *others = self.members
        told = [Announcement(other, first, 1, "basis") for other in others]
        told += [Announcement(first, other, 1, "whether the round counts") for other in others]
        if setting.alice == "x":
            told += told_to_all(self.members, "outcome", OUT)
        return tuple(told)

    def _declared(self, names: Mapping[str, str]) -> list[Figure]:
        """Return the figures that an engine can compute."""
        ideal = self._expected([(1.0, 0.0, 0.0, 0.0)] * len(self.members))
        totals = {name: Expression() for name in ideal if name != "key_rate"}
        number = len(self.members)
        for setting in self.line:
            item, flip = names[setting.name], setting.flip
            if setting.alice == "x":
                odd = (1 - (-1) ** flip * parity(item, [(OUT, k) for k in range(number)])) / 2
                totals["qber_x"] = totals["qber_x"] + odd / 2
                continue
            differ = ["00", "11"] if flip else ["01", "10"]
            for k in range(1, number):
                wrong = population(item, [(OUT, 0), (OUT, k)], differ) / 2
                totals["qber"] = totals["qber"] + wrong / (number - 1)
                if number > 2:
                    totals[f"qber_{k + 1}"] = totals[f"qber_{k + 1}"] + wrong
            if setting.heard is not None:
                right = population(item, [(OUT, 0), setting.heard], ["01", "10"] if flip else ["00", "11"])
                totals["cheater_guess"] = totals["cheater_guess"] + right / 2
        silent = dict.fromkeys(totals, 0.5)
        if self.shared.route(self.shared.nodes[0], self.members[0]).hops == 1:
            # The Z value of the first party's half needs no correction then.
            silent["cheater_guess"] = ideal.get("cheater_guess", 0.5)
        return [
            Figure(name, total, ideal[name], silent[name], physical=(0.0, 1.0))
            for name, total in totals.items()
        ]

    def _expected(self, arms: Sequence[Weights]) -> dict[str, float]:
        """Return the figures for the errors of the arms, and the source."""
        cheater = self._dishonest
        key = conference.key_error_rates(arms)
        phase = conference.parity_error_rate(arms, cheater.disturbance if cheater else 0.0)
        found = {"qber": sum(key) / len(key)}
        if len(key) > 1:
            found |= {f"qber_{place}": rate for place, rate in enumerate(key, 2)}
        found["qber_x"] = phase
        if cheater:
            found["cheater_guess"] = conference.source_guess(cheater.disturbance, arms[0])
        return {**found, "key_rate": conference.conference_rate(key, phase)}

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return error rates, the asymptotic rate and the source's guess for the links' own noise."""
        return self._expected(self.arms) if noise.ideal else {}

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed:
        """Put the rounds in order, let the parties distil a key, and report the result."""
        return conferred(self, outcomes, analysis)

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the asymptotic rate for exact error rates."""
        key = [figures[name] for name in figures if name.removeprefix("qber_").isdigit()] or [figures["qber"]]
        return Analyzed({"key_rate": rate_of(key, figures["qber_x"], 1.0)})

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """The error rate that must not be exceeded, and the guess that no source beats at its rate of X errors."""
        found = {"qber_x": {"tolerated": self.tolerance}} if self.length == "fixed" else {}
        if self._dishonest is None:
            return found
        return {**found, "cheater_guess": {"optimum": conference.source_guess(self._dishonest.disturbance)}}
