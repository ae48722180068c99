"""Leader election by a W state, and a party that always claims the lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.programs.cheater import DishonestParty
from qnet_circuits.programs.expressions import keep_if, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, sent_to_parties
from qnet_circuits.protocols.w_state import w_state
from qnet_circuits.theory import leader_election as theory
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.theory.w_state import exactly_one


@dataclass(frozen=True)
class AlwaysClaims(DishonestParty):
    """A party that claims the lead whatever it reads. Its own reading stays in ``heard``: 0 means that another claims too.

    Args:
        party: Number of the party, from 1. Default 1.

    Raises:
        ParameterError: If ``party`` is not a positive whole number.

    Example:
        >>> str(AlwaysClaims()), str(AlwaysClaims(3))
        ('claim', 'claim:3')
    """

    kind: ClassVar[str] = "claim"

    def announce(self, circuit: QuantumCircuit, qubit: Qubit, heard: Clbit, bit: Clbit) -> None:
        """Append the measurement for the own record, and a 1 that is announced."""
        circuit.measure(qubit, heard)
        circuit.reset(qubit)
        circuit.x(qubit)
        circuit.measure(qubit, bit)


@register
@dataclass(frozen=True)
class LeaderElection(PartiesProtocol):
    """Parties that are all alike elect one leader: a W state breaks the tie, and exactly one party reads 1.

    A source sends one qubit of a W state to each party. Everybody measures Z and announces the bit; whoever reads 1 leads.
    Without errors there always is one leader, each party with probability 1/n. Of identical parties with coins of their own
    exactly one claims with probability (1 - 1/n)^(n - 1) at most.

    ``one_leader`` is the probability of exactly one claim, ``conflict`` that of several, and ``first_elected`` the probability
    that the first party alone claims. A party that always claims is the only one with probability 1/n, as if it were honest,
    since no choice of its own changes what the others read: ``cheater_elected``. Otherwise there is a conflict, in which both
    say the same and nobody can tell who lies. If a conflict is followed by a new election, the cheater wins each election that
    ends: ``cheater_share``.

    On hardware: 3n qubits and 4n - 3 two-qubit gates for n parties with links to the source, one circuit, and Pauli frames.

    Args:
        parties: Number of parties, each with a link to the source, at least 2; or, with ``network``, the names of the parties'
            nodes. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own. Its first node is the source, and all other nodes are parties unless
            ``parties`` names some; pairs are swapped along routes.
        cheater: A party that always claims, ``claim[:party]``. Default: all are honest.

    Raises:
        ParameterError: If there are too few parties, the cheater is no party, a value is out of range, a party is no node of
            the network or its source, or ``network`` is given together with a number of parties or ``link_fidelity``.
        UnknownNameError: If there is no such cheater.

    Example:
        >>> LeaderElection(parties=4, cheater="claim:2").theory(NoiseParameters())
        {'one_leader': 0.25, 'conflict': 0.75, 'cheater_elected': 0.25, 'cheater_share': 1.0}
    """

    name: ClassVar[str] = "leader-election"
    stage: ClassVar[str] = "quantum memory"
    assumes: ClassVar[tuple[str, ...]] = (
        "The source sends a W state; a source that sends anything else can choose the leader.",
        "All parties announce at the same time.",
        "A party that always claims is noticed as a conflict only, and the conflict does not tell who lies.",
        "An election that is fair in spite of cheaters needs weak coin flipping instead.",
    )
    source: ClassVar[str] = "D'Hondt and Panangaden, quant-ph/0412177"

    cheater: AlwaysClaims | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.set_cheater([AlwaysClaims])

    def program(self, rng: np.random.Generator) -> Program:
        """Return the circuit of one election."""
        n, claimant = len(self.members), self.dishonest
        told = tuple(
            Announcement(a, b, 1, "claim", (("out", k),))
            for k, a in enumerate(self.members)
            for b in self.members
            if a != b
        )
        bits = [("out", k) for k in range(n)]
        alone = ["".join("1" if k == leader else "0" for k in range(n)) for leader in range(n)]
        one = population("election", bits, alone)
        expressions = {"one_leader": one, "conflict": 1 - population("election", bits, ["0" * n, *alone])}
        if claimant is None:
            expressions["first_elected"] = population("election", bits, alone[:1])
        else:
            expressions["cheater_elected"] = population("election", bits, [alone[claimant]])
            own = population("election", [bits[claimant]], ["1"])
            expressions["cheater_share"] = keep_if(own, bits, alone)
        perfect, silent = [(1.0, 0.0, 0.0, 0.0)] * n, [(0.25, 0.25, 0.25, 0.25)] * n
        ideal, without = self._expected(perfect), self._expected(silent)
        figures = [
            Figure(
                name, each, ideal[name], without[name], physical=(0.0, 1.0),
                null=theory.coins(n) if name == "one_leader" else None,
            )
            for name, each in expressions.items()
        ]  # fmt: skip
        return Program([Item("election", self._circuit(), announced=told)], figures, self.shared)

    def _circuit(self) -> QuantumCircuit:
        circuit, qubits = sent_to_parties(self.shared, self.members, w_state)
        out = ClassicalRegister(len(qubits), "out")
        circuit.add_register(out)
        for k, (qubit, bit) in enumerate(zip(qubits, out, strict=True)):
            if isinstance(self.cheater, AlwaysClaims) and k == self.dishonest:
                heard = ClassicalRegister(1, "heard")
                circuit.add_register(heard)
                self.cheater.announce(circuit, qubit, heard[0], bit)
            else:
                circuit.measure(qubit, bit)
        return circuit

    def _expected(self, arms: Sequence[Weights]) -> dict[str, float]:
        """Return the figures for errors on the ways of the qubits."""
        if self.dishonest is not None:
            alone = theory.alone(arms, self.dishonest)
            found = {"one_leader": alone, "conflict": 1 - alone, "cheater_elected": alone}
            return {**found, "cheater_share": 1.0}
        one = exactly_one(arms)
        conflict = 1 - one - theory.nobody(arms)
        return {"one_leader": one, "conflict": conflict, "first_elected": theory.elected(arms, 0)}

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return all figures for the errors of the pairs between the source and the parties."""
        return self._expected(self.arms) if noise.ideal else {}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Identical parties with coins, the best cheater, and the share of an honest party."""
        n = len(self.members)
        classical = {"one_leader": {"classical": theory.coins(n)}}
        if self.dishonest is None:
            return classical
        return {**classical, "cheater_elected": {"optimal": 1 / n}, "cheater_share": {"honest": 1 / n}}
