"""Verification of GHZ states by random angles, with a dishonest source and a party that lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import check_count
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.cheater import Cheater, DishonestParty
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, sent_to_parties
from qnet_circuits.protocols.ghz import ghz_state
from qnet_circuits.protocols.w_state import w_state
from qnet_circuits.theory import verification as theory
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: Of more choices of angles than this, this many are drawn at random.
MOST_CHOICES = 64


@dataclass(frozen=True)
class DealsW(Cheater):
    """A source that deals a W state."""

    kind: ClassVar[str] = "w"


@dataclass(frozen=True)
class DealsPlus(Cheater):
    """A source that deals |+⟩ to every party."""

    kind: ClassVar[str] = "plus"


@dataclass(frozen=True)
class DealsNoise(Cheater):
    """A source that deals random bits; it keeps them in ``heard``, and to everybody else they are maximally mixed."""

    kind: ClassVar[str] = "mixed"


@dataclass(frozen=True)
class Liar(DishonestParty):
    """A party in league with the source: without entanglement, it guesses the parity of the others and announces what passes.

    The source deals (|0…0⟩ + e^(iα)|1…1⟩)/√2 to the others, with the phase that suits the liar best, and nothing to the liar.

    Args:
        party: Number of the party, from 1. Default 2.

    Raises:
        ParameterError: If ``party`` is not a positive whole number.

    Example:
        >>> str(Liar()), str(Liar(3))
        ('liar', 'liar:3')
    """

    kind: ClassVar[str] = "liar"
    party: int = 2


KINDS = (DealsW, DealsPlus, DealsNoise, Liar)


@register
@dataclass(frozen=True)
class GhzVerification(PartiesProtocol):
    """Parties check that a source which they do not trust deals a GHZ state, in spite of dishonest parties.

    A verifier, the first honest party, sends each party a random angle θ; the sum of all is a multiple k of π. Each measures
    cos θ X + sin θ Y, and the test is passed if the parity of all outcomes is that of k: always, for a GHZ state. A state with
    distance τ from it, τ² = 1 - F, passes with probability 1 - τ²/2 at most if all parties are honest, so above 3/4 they are
    genuinely entangled. Dishonest parties who share no entanglement with the honest ones pass with 1/2 + 1/(2m sin(π/2m)) at
    most, with m angles for each party, and a liar reaches this: cos²(π/8) for two angles, and nearly 1/2 + 1/π for many. Above
    it the honest parties and the dishonest ones, taken as one, are genuinely entangled.

    With two angles the parties measure X or Y, which Pauli frames pass. Other angles lie between X and Y, and X mirrors such an
    axis, so they need real-time corrections. ``pass_probability`` is the mean over all choices of angles, each a circuit.

    On hardware: 3n qubits and 3n - 1 two-qubit gates for n parties with links to the source; m^(n - 1) circuits, of which 64
    are drawn at random if there are more.

    Args:
        parties: Number of parties, each with a link to the source, at least 2; or, with ``network``, the names of the parties'
            nodes. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own. Its first node is the source, and all other nodes are parties unless
            ``parties`` names some; pairs are swapped along routes.
        angles: Number m of angles of a party, the multiples of π/m below π, at least 2. Default 2.
        cheater: A source that deals another state, ``w``, ``plus`` or ``mixed``, or a party that lies, ``liar[:party]``.
            Default: all are honest.

    Raises:
        ParameterError: If there are too few parties or angles, the cheater is no party, a value is out of range, a party is no
            node of the network or its source, or ``network`` is given together with a number of parties or ``link_fidelity``.
        UnknownNameError: If there is no such cheater.

    Example:
        >>> GhzVerification(parties=4, cheater="plus").theory(NoiseParameters())
        {'pass_probability': 0.5625}
        >>> round(GhzVerification(cheater="liar:3").bounds["pass_probability"]["optimal"], 5)
        0.85355
    """

    name: ClassVar[str] = "ghz-verification"
    stage: ClassVar[str] = "quantum memory"
    assumes: ClassVar[tuple[str, ...]] = (
        "The verifier is honest and sends each angle in secret.",
        "The source does not know which states are verified and which are used.",
        "Honest parties measure what they are told; dishonest parties and the source may do anything together.",
    )
    source: ClassVar[str] = "McCutcheon et al., Nature Communications 7, 13251 (2016)"

    angles: int = 2
    cheater: DealsW | DealsPlus | DealsNoise | Liar | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "angles", int(check_count("angles", self.angles, 2)))
        self.set_cheater(KINDS)

    @property
    def _honest(self) -> list[int]:
        """Places of the parties to which the source deals a qubit."""
        return [k for k in range(len(self.members)) if k != self.dishonest]

    def program(self, rng: np.random.Generator) -> Program:
        """Return one circuit for each choice of angles."""
        n, total = len(self.members), Expression()
        choices, drawn_from = _choices(n, self.angles, rng)
        items = []
        for choice in choices:
            name = "_".join(["angles", *map(str, choice)])
            items.append(Item(name, self._circuit(choice), {"angles": name}, announced=self._announced()))
            sign = (-1) ** (sum(choice) // self.angles)
            total = total + (1 + sign * parity(name, [("out", k) for k in range(n)])) / 2
        ideal = self._expected([(1.0, 0.0, 0.0, 0.0)] * n)
        figure = Figure(
            "pass_probability",
            total / len(choices),
            ideal,
            0.5,
            theory.unentangled(self.angles),
            drawn_from,
            (0.0, 1.0),
        )
        return Program(items, [figure], self.shared)

    def _announced(self) -> tuple[Announcement, ...]:
        """Return the verifier's angles and the outcomes that it hears."""
        first, size = self._honest[0], math.ceil(math.log2(self.angles))
        verifier, said = self.members[first], []
        for k, party in enumerate(self.members):
            if k != first:
                said.append(Announcement(verifier, party, size, "angle"))
                said.append(Announcement(party, verifier, 1, "outcome", (("out", k),)))
        return tuple(said)

    def _circuit(self, choice: Sequence[int]) -> QuantumCircuit:
        """Return the circuit in which the parties measure at these multiples of π/m."""
        honest = [self.members[k] for k in self._honest]
        own = {} if self.dishonest is None else {self.members[self.dishonest]: 1}
        circuit, qubits = sent_to_parties(self.shared, honest, self._deal, own)
        out = ClassicalRegister(len(self.members), "out")
        circuit.add_register(out)
        for k, qubit in zip(self._honest, qubits, strict=True):
            self._measure(circuit, qubit, choice[k], out[k])
        if self.dishonest is not None:
            (liar,) = (register[0] for register in circuit.qregs if register.name in own)
            if theory.lies(choice[self.dishonest], self.angles):
                circuit.x(liar)
            circuit.measure(liar, out[self.dishonest])
        return circuit

    def _measure(self, circuit: QuantumCircuit, qubit: Qubit, angle: int, bit: Clbit) -> None:
        quarters, rest = divmod(2 * angle, self.angles)
        if rest:
            circuit.rz(-angle * math.pi / self.angles, qubit)
        measure_pauli(circuit, qubit, "X" if rest else "XY"[quarters], bit)

    def _deal(self, circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
        """Append the preparation of the state that the source deals."""
        if isinstance(self.cheater, DealsW):
            w_state(circuit, qubits)
        elif isinstance(self.cheater, DealsPlus):
            circuit.h(qubits)
        elif isinstance(self.cheater, DealsNoise):
            heard = ClassicalRegister(len(qubits), "heard")
            circuit.add_register(heard)
            circuit.h(qubits)
            circuit.measure(qubits, heard)
        else:
            ghz_state(circuit, qubits)
        if self.dishonest is not None and (phase := theory.liar_phase(self.angles)):
            circuit.p(phase, qubits[0])

    def _expected(self, arms: Sequence[Weights]) -> float:
        """Return the probability to pass for errors on the ways to the parties."""
        if isinstance(self.cheater, Liar):
            return theory.liar_passes([arms[k] for k in self._honest], self.angles)
        if isinstance(self.cheater, DealsNoise):
            return 0.5
        if isinstance(self.cheater, DealsW):
            return theory.w_passes(arms)
        return theory.plus_passes(arms) if isinstance(self.cheater, DealsPlus) else theory.ghz_passes(arms)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the probability to pass for the errors of the pairs between the source and the parties."""
        return {"pass_probability": self._expected(self.arms)} if noise.ideal else {}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """What proves genuine entanglement, among honest parties and in spite of liars; or what a liar reaches at most."""
        liars = theory.unentangled(self.angles)
        if self.dishonest is not None:
            return {"pass_probability": {"optimal": liars}}
        return {"pass_probability": {"entangled": theory.ENTANGLED, "entangled despite liars": liars}}


def _choices(parties: int, angles: int, rng: np.random.Generator) -> tuple[list[tuple[int, ...]], int]:
    """Return all choices of angles whose sum is a multiple of π, as multiples of π/m; or some, and how many there are."""
    many = angles ** (parties - 1)
    if many <= MOST_CHOICES:
        return [_closed(free, angles) for free in product(range(angles), repeat=parties - 1)], 0
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < MOST_CHOICES:
        drawn[_closed([int(each) for each in rng.integers(0, angles, parties - 1)], angles)] = None
    return list(drawn), many


def _closed(free: Sequence[int], angles: int) -> tuple[int, ...]:
    """Return angles with one more, which makes their sum a multiple of π."""
    return (*free, -sum(free) % angles)
