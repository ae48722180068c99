"""The base of all key distributions: random settings, circuits, and an analysis that gives a key or the reason why not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.figures import Figure, Outcomes
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Analysis, Analyzed, Protocol, set_network
from qnet_circuits.qkd.circuits import OUT
from qnet_circuits.qkd.distilling import distilled, played
from qnet_circuits.qkd.eavesdroppers import PhotonSplitting, eavesdropper
from qnet_circuits.qkd.expecting import expected_key
from qnet_circuits.qkd.figures import PERFECT, error_rate, expected, guess_rate
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.rounds import Rounds
from qnet_circuits.qkd.session_fields import session_rules, set_session
from qnet_circuits.qkd.settings import Line, Setting, basis_probabilities, draw, shares
from qnet_circuits.qkd.table import columns_of
from qnet_circuits.qkd.tapping import Eavesdropper, behaviour, tapped
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.decoy import DecoyCounts
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.theory.swapping import chain_weights

#: Shots of an item without rounds that a declared figure reads: it runs once and is not counted.
SPARE = "spare_"


@dataclass(frozen=True)
class KeyDistribution(Protocol):
    """A key distribution. Its fields describe the line, the eavesdropper and the session.

    Args:
        key_basis_probability: How often each party chooses the key's basis Z, in (0, 1).
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of the two.
        eve: An eavesdropper, or her text form. Default: nobody.
        tolerance: Observed error rate above which there is no key, in [0, 0.5].
        epsilon_secrecy: ε_sec, in (0, 0.5].
        epsilon_correctness: ε_cor, in (0, 0.5].
        schedule: Name of Cascade's schedule.
        authentication: Whether the conversation is authenticated; without it there is no key.
        length: Whether the length of the key follows from the tolerance, "fixed", or from the observed error rate, "variable".
    """

    secret_outcomes: ClassVar[bool] = True
    #: The bases that are sifted: the first one makes the key, the second one bounds the phase errors.
    bases: ClassVar[tuple[str, ...]] = ("z", "x")
    #: Name of the field that counts the rounds.
    counted: ClassVar[str] = "pulses"
    #: The link that an eavesdropper sits on: 0 for Alice's, -1 for Bob's.
    tapped_link: ClassVar[int]
    #: Notes about the key.
    remarks: ClassVar[tuple[str, ...]] = ()

    key_basis_probability: float = 0.5
    hops: int | None = None
    link_fidelity: float | None = None
    network: Network | None = None
    eve: Eavesdropper | str | None = None
    tolerance: float = 0.05
    epsilon_secrecy: float = 1e-10
    epsilon_correctness: float = 1e-15
    schedule: str = "opt(4)"
    authentication: bool = True
    length: str = "fixed"

    def __post_init__(self) -> None:
        object.__setattr__(self, "eve", eavesdropper(self.eve))
        if isinstance(self.eve, PhotonSplitting) and not getattr(self, "decoy", False):
            raise UnsupportedError(
                "a single photon cannot be split: eve='photon-splitting' needs bb84 with decoy=True"
            )
        set_session(self, self.counted)
        self._network()

    @property
    def rounds(self) -> int:
        """Number of rounds."""
        return int(getattr(self, self.counted))

    @property
    def sifted_share(self) -> float:
        """Mean share of rounds in which both parties have the same basis, in (0, 1)."""
        line = self.lines()[0]
        return sum(setting.probability for setting in line if setting.matched)

    @property
    def basis_shares(self) -> dict[str, float]:
        """Mean share of each basis in the sifted rounds."""
        return shares(*self._chosen(), self.bases)

    @property
    def rules(self) -> SessionParameters:
        """The rules that both parties agreed on for the classical half.

        Rounds with the same bit of Alice's, sent or flipped, run together, separately for each choice of an eavesdropper. The
        number of rounds of each kind is therefore on record before they take place.
        """
        return session_rules(self, len(behaviour(self.eavesdropper, self.bases)[0]))

    def veto(self, figures: Mapping[str, Estimate]) -> Refusal | None:
        """Return the alarm of a test on rounds outside of the key; there is none by default."""
        return None

    def labelled(self, rounds: Rounds, randomness: Randomness) -> Rounds:
        """Return rounds with what the circuits do not hold, such as photon numbers; by default there is nothing."""
        return rounds

    def pulse_figures(self, rounds: Rounds, level: float) -> dict[str, Estimate]:
        """Return the figures of a laser's pulses; by default there is no laser."""
        return {}

    def mean_counts(self, figures: Mapping[str, Estimate]) -> DecoyCounts | None:
        """Return the mean counts of a laser's intensities for exact error rates; by default there is no laser."""
        return None

    @property
    def eavesdropper(self) -> Eavesdropper | None:
        """The eavesdropper, as an object."""
        assert not isinstance(self.eve, str)
        return self.eve

    @abstractmethod
    def lines(self) -> tuple[Line, ...]:
        """Return the settings: of one line, or of two lines if a man in the middle cuts it."""

    @abstractmethod
    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a setting."""

    def _chosen(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the probabilities of Alice's bases and of Bob's."""
        chosen = basis_probabilities(self.bases, self.key_basis_probability)
        return chosen, chosen

    def _links_before(self) -> int:
        """Return the number of links between Alice and the eavesdropper; negative if counted from Bob."""
        return self.tapped_link

    def _chain(self) -> Network:
        network = set_network(self, "a chain", "hops", 1)
        network.path()
        return network

    def _network(self) -> Network:
        """Return the chain, with the eavesdropper's node."""
        return self._chain() if self.eve is None else tapped(self._chain(), self.tapped_link)

    def _figures(self, whole: Weights, before: Weights) -> dict[str, float]:
        """Return the figures for given weights of all links, and of those before the eavesdropper."""
        return expected(self.basis_shares, self.eavesdropper, whole, before)

    def program(self, rng: np.random.Generator) -> Program:
        """Return one circuit for each kind of round. Its shots are the number of rounds of this kind."""
        items, names = [], {}
        for line in self.lines():
            counts = draw(line, self._arrivals(line, rng), rng)
            for setting in line:
                count = counts[setting.name]
                read = setting.matched or setting.at_45
                if not count and not read:
                    continue
                names[setting.name] = setting.name if count else SPARE + setting.name
                circuit = self.circuit(setting)
                told = self._announced(setting, circuit)
                items.append(Item(names[setting.name], circuit, setting.tags, count or 1, announced=told))
        return Program(items, self._declared(names), self._network())

    def _arrivals(self, line: Line, rng: np.random.Generator) -> int:
        """Return in how many rounds of a line a qubit arrives: in all, unless it can be lost."""
        return self.rounds

    def _announced(self, setting: Setting, circuit: QuantumCircuit) -> tuple[Announcement, ...]:
        """Return the announcements of the parties at both ends of a line in a round of this kind.

        Bob announces his basis, Alice whether the round counts. Outcomes of test bases and of CHSH rounds are compared.
        """
        alice, *_, bob = (register.name for register in circuit.qregs)
        compared = setting.at_45 or (setting.matched and setting.alice != self.bases[0])
        told = [
            Announcement(bob, alice, (len(self._chosen()[1]) - 1).bit_length(), "basis"),
            Announcement(alice, bob, 1, "whether the round counts"),
            *([Announcement(alice, bob, 1, "basis")] if setting.at_45 else []),
        ]
        if compared:
            # What Alice prepared is no result of a measurement.
            own = [(OUT, 0)] if setting.sent is None else []
            his = [(OUT, len(own))] if setting.bob_sent is None else []
            told.append(Announcement(bob, alice, 1, "outcome", tuple(his)))
            told.append(Announcement(alice, bob, 1, "outcome", tuple(own)))
        return tuple(told)

    def _declared(self, names: Mapping[str, str]) -> list[Figure]:
        """Return the figures that an engine can compute: error rates, and the eavesdropper's guess."""
        lines, ideal, without = self.lines(), self._figures(PERFECT, PERFECT), self._without_messages()
        rates = {"qber": None, **{f"qber_{basis}": basis for basis in self.bases}}
        found = {name: error_rate(lines, names, basis) for name, basis in rates.items()}
        if self.eavesdropper is not None:
            found["eve_guess"] = guess_rate(lines[0], names)
        return [
            Figure(name, expression, ideal[name], without.get(name, ideal[name]), physical=(0.0, 1.0))
            for name, expression in found.items()
        ]

    def _without_messages(self) -> dict[str, float]:
        """Return the noiseless figures that change if no classical message arrives."""
        return {}

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return error rates, and the eavesdropper's knowledge, for the links' own noise."""
        if not noise.ideal:
            return {}
        chain = self._chain()
        path = chain.path()
        weights = [chain.link(a, b).weights for a, b in pairwise(path)]
        before = weights[: self._links_before()]
        return self._figures(chain_weights(weights), chain_weights(before) if before else PERFECT)

    def analyze(self, outcomes: Mapping[str, Registers], analysis: Analysis) -> Analyzed:
        """Put the rounds in order, let the parties distil a key, and report the result."""
        return distilled(self, outcomes, analysis)

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the length of key that a run can expect with exact error rates."""
        return expected_key(self, figures)

    def round_table(self, outcomes: Outcomes, analysis: Analysis) -> dict[str, NDArray[Any]]:
        """Return bases, bits and use of each round, in the order in which ``analyze`` has them."""
        return columns_of(played(self, outcomes, analysis), self.bases[0], self.eavesdropper is not None)

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """The error rate that must not be exceeded, if there is one."""
        return {"qber": {"tolerated": self.tolerance}} if self.length == "fixed" else {}
