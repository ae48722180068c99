"""Secret sharing: a dealer's bits that two members read together, and neither alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit

from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.conditions import Bit
from qnet_circuits.programs.dishonest_members import KINDS, DishonestMember, FakeSignal
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import correct, transmit
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, routed, told_to_all
from qnet_circuits.theory import secret_sharing as theory
from qnet_circuits.theory.bell_diagonal import Weights, convolve
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: The bases of dealer, first and second member in a valid round, and the parity of their bits.
VALID = {"XXX": 0, "XYY": 1, "YXY": 1, "YYX": 1}
#: The cheater's node at the other member's door, and the register of the results there.
TAP, HEARD = "tap", "heard"
_PERFECT: Weights = (1.0, 0.0, 0.0, 0.0)


@register
@dataclass(frozen=True)
class SecretSharing(PartiesProtocol):
    """A dealer and two members share GHZ states: the members know the dealer's bit together, and neither knows it alone.

    All three measure X or Y at random and announce the bases. In half of the rounds an even number of them is Y, and the
    parity of the three bits is fixed: ⟨XXX⟩ = 1, ⟨XYY⟩ = ⟨YXY⟩ = ⟨YYX⟩ = -1. Some of these valid rounds are compared. A member
    who measures the other's qubit and sends on the state that was found causes errors in 25 % of them. The dealer is the first
    node of the network and makes the state of two pairs, one with each member: a CNOT joins its halves, one half is measured,
    and the second member applies X if the result is 1.

    On hardware: 4 qubits, 3 two-qubit gates and 4 circuits. The correction precedes X or Y, so it can be made in software.

    Args:
        parties: The names of the two members' nodes, with ``network``. Default: all nodes but the dealer's.
        link_fidelity: Fidelity of both links, in [0.25, 1]. Default 1.
        network: Any network with links of its own, instead of ``link_fidelity``; pairs are swapped along routes.
        cheater: A dishonest member, or the text form: ``intercept[:member[:basis]]`` or ``fake-signal[:member]``. Default:
            nobody.

    Raises:
        ParameterError: If there are not two members, or a value is out of range.
        UnknownNameError: If there is no such cheater.

    Example:
        >>> SecretSharing(cheater="intercept").theory(NoiseParameters())
        {'error_rate': 0.25, 'single_guess': 0.5, 'cheater_guess': 0.75}
    """

    name: ClassVar[str] = "secret-sharing"
    stage: ClassVar[str] = "entanglement distribution"
    assumes: ClassVar[tuple[str, ...]] = (
        "At most one member is dishonest, the dealer is honest, and announcements are authenticated.",
        "A dishonest member measures both qubits before the bases are known. One who keeps the own qubit until then, and "
        "measures it in the dealer's basis, always knows the dealer's bit and causes as many errors. With a false qubit too "
        "(cheater=fake-signal) a member learns everything and causes no error (arXiv:0801.2418).",
        "The remedy is a test that does not rely on this member's announcements, with single decoy qubits in known states "
        "(quant-ph/0604060); these are not part of the circuits.",
    )
    source: ClassVar[str] = (
        "M. Hillery, V. Bužek and A. Berthiaume, Phys. Rev. A 59, 1829 (1999), doi:10.1103/PhysRevA.59.1829"
    )
    default_parties: ClassVar[int] = 2
    #: Share of the rounds that are valid.
    sifted_share: ClassVar[float] = 0.5
    cheater: DishonestMember | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.members) != 2:
            raise ParameterError(f"{self.name} has two members, got {', '.join(self.members)}")
        self.set_cheater(KINDS)
        _ = self._line

    @property
    def _dishonest(self) -> DishonestMember | None:
        assert not isinstance(self.cheater, str)
        return self.cheater

    @cached_property
    def _line(self) -> tuple[Network, list[str]]:
        """The network, with the cheater's node, and the nodes at which the dealer's pairs with the members end."""
        network, ends = self.shared, list(self.members)
        if self._dishonest is None:
            return network, ends
        if TAP in network.nodes:
            raise ParameterError(
                f"the cheater's node is called {TAP!r}; give the network's node another name"
            )
        place = 2 - self._dishonest.member
        other = ends[place]
        last = network.route(network.nodes[0], other).path()[-2]
        kept = [edge for edge in network.links if {*edge[:2]} != {last, other}]
        edges = [*kept, (last, TAP, Link()), (TAP, other, network.link(last, other))]
        ends[place] = TAP
        return Network([*network.nodes, TAP], edges, network.hardware), ends

    def program(self, rng: np.random.Generator) -> Program:
        """Return one circuit for each valid choice of bases, and for each action of a cheater."""
        cheater, items = self._dishonest, []
        totals = {name: Expression() for name in self._expected(())}
        for bases, odd in VALID.items():
            for axis in cheater.axes if cheater else ("",):
                name, tags = bases.lower(), {"bases": bases}
                if axis:
                    name, tags = f"{name}_{axis.lower().replace('-', '_')}", {**tags, "cheater": axis}
                items.append(Item(name, self._circuit(bases, axis), tags, announced=self._announced()))
                for figure, found in self._terms(name, bases, odd).items():
                    totals[figure] = totals[figure] + found
        ideal, silent = self._expected(()), self._expected(self._silent)
        figures = [
            Figure(figure, total / len(items), ideal[figure], silent[figure], physical=(0.0, 1.0))
            for figure, total in totals.items()
        ]
        return Program(items, figures, self._line[0])

    def _terms(self, item: str, bases: str, odd: int) -> dict[str, Expression]:
        """Return the probabilities of one circuit that enter the figures."""
        cheater, outs = self._dishonest, [("out", k) for k in range(3)]
        compared, differs = list(outs), 1 - odd
        if isinstance(cheater, FakeSignal):
            # The announced bit is corrected by the difference of the stored qubit and the false one, for which YY = -1.
            compared += [(HEARD, 0), (HEARD, 1)]
            differs ^= bases[3 - cheater.member] == "Y"
        single = _odd(item, outs[:2], 0) + _odd(item, outs[::2], 0)
        found = {"error_rate": _odd(item, compared, differs), "single_guess": single / 2}
        if cheater is not None:
            found["cheater_guess"] = _odd(item, [outs[0], outs[cheater.member], (HEARD, 0)], odd)
        return found

    def _circuit(self, bases: str, axis: str) -> QuantumCircuit:
        """Return the circuit of a choice of bases, in which a cheater acts along an axis."""
        cheater, (network, ends) = self._dishonest, self._line
        dealer, own = network.nodes[0], {}
        if cheater is not None:
            place = 2 - cheater.member
            own = {self.members[place]: 1, TAP: cheater.spare}
        circuit, routes = routed(network, [(dealer, end) for end in ends], own)
        joined, out = ClassicalRegister(1, "joined"), ClassicalRegister(3, "out")
        circuit.add_register(joined, out)
        first, second = (route.entangle(circuit) for route in routes)
        circuit.cx(first.near, second.near)
        circuit.measure(second.near, joined[0])
        first.settle(circuit)
        correct(circuit, second.far, x=[*second.x, joined[0]], z=second.z)
        shares = [first.far, second.far]
        if cheater is not None:
            heard = ClassicalRegister(cheater.results, HEARD)
            circuit.add_register(heard)
            registers = {each.name: each for each in circuit.qregs}
            other, held = registers[self.members[place]][0], [shares[place], *registers[TAP][: cheater.spare]]
            link = network.link(TAP, self.members[place])
            transmit(circuit, cheater.meet(circuit, held, heard, axis), other, link)
            cheater.ask(circuit, held, heard, bases[1 + place])
            shares[place] = other
        for qubit, basis, bit in zip([first.near, *shares], bases, out, strict=True):
            measure_pauli(circuit, qubit, basis, bit)
        return circuit

    def _announced(self) -> tuple[Announcement, ...]:
        """Return the announcements: each basis to both others, and the members' outcomes in rounds that are compared."""
        dealer, *members = self.shared.nodes[0], *self.members
        told = [*told_to_all((dealer, *members), "basis")]
        for k, member in enumerate(members, 1):
            made_up = isinstance(self._dishonest, FakeSignal) and self._dishonest.member == k
            results = () if made_up else (("out", k),)
            told.append(Announcement(member, dealer, 1, "outcome of a compared round", results))
        return tuple(told)

    def _expected(self, arms: Sequence[Weights]) -> dict[str, float]:
        """Return the figures for the errors of both pairs, and of the link behind the cheater; perfect ones by default."""
        one, two, after = arms or [_PERFECT] * 3
        cheater = self._dishonest
        if cheater is None:
            return {"error_rate": theory.sharing_error_rate(one, two), "single_guess": 0.5}
        own, before = (one, two)[:: 1 if cheater.member == 1 else -1]
        return {
            "error_rate": theory.sharing_error_rate(own, convolve(before, after), cheater.transmitted),
            "single_guess": 0.5,
            "cheater_guess": theory.dealer_guess(own, before, cheater.overlap),
        }

    @property
    def _silent(self) -> list[Weights]:
        """The errors if no message arrives: the second member's qubit is flipped at random, and a swapped pair is noise."""
        network, ends = self._line
        direct = [network.route(network.nodes[0], end).hops == 1 for end in ends]
        noise: Weights = (0.25, 0.25, 0.25, 0.25)
        return [_PERFECT if direct[0] else noise, (0.5, 0.5, 0.0, 0.0) if direct[1] else noise, _PERFECT]

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the figures for the links' errors and the cheater."""
        if not noise.ideal:
            return {}
        network, ends = self._line
        arms = [network.route(network.nodes[0], end).weights for end in ends]
        if self._dishonest is None:
            return self._expected([*arms, _PERFECT])
        return self._expected([*arms, network.link(TAP, self.members[2 - self._dishonest.member]).weights])

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """An error rate of 25 % means that a member may know the bits; no cheater guesses better than the optimum."""
        found = {"error_rate": {"intercepted": theory.INTERCEPTED}, "single_guess": {"coin": 0.5}}
        if self._dishonest is None:
            return found
        return {**found, "cheater_guess": {"optimum": self._dishonest.optimum}}


def _odd(item: str, bits: Sequence[Bit], odd: int) -> Expression:
    """Return the probability that the parity of some bits is even, or odd."""
    return (1 + (1 - 2 * odd) * parity(item, bits)) / 2
