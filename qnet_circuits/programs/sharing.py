"""Pairs and states between any nodes of a network: routes, pairs along them, and a source that teleports to parties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, permutations
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.blocks import Pair, bell_measurement
from qnet_circuits.programs.cheater import Cheater, DishonestParty
from qnet_circuits.programs.instructions import entangle
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.protocol import MOST_LINKS, Protocol
from qnet_circuits.theory.bell_diagonal import Weights

#: Appends the operations that make a state of some qubits of one node.
Preparation = Callable[[QuantumCircuit, Sequence[Qubit]], object]


@dataclass(frozen=True)
class Route:
    """The qubits of a chain of links, two for each link in order, and the bits for its stations, two for each."""

    qubits: tuple[Qubit, ...]
    links: tuple[Link, ...]
    bits: tuple[Clbit, ...]

    def entangle(self, circuit: QuantumCircuit) -> Pair:
        """Append a pair on every link, and a Bell measurement at every station."""
        for k, link in enumerate(self.links):
            entangle(circuit, self.qubits[2 * k], self.qubits[2 * k + 1], link)
        for k in range(len(self.links) - 1):
            left, right = self.qubits[2 * k + 1 : 2 * k + 3]
            bell_measurement(circuit, left, right, self.bits[2 * k], self.bits[2 * k + 1])
        return Pair(self.qubits[0], self.qubits[-1], self.bits[1::2], self.bits[::2])


def routed(
    network: Network, ends: Sequence[tuple[str, str]], own: Mapping[str, int] | None = None
) -> tuple[QuantumCircuit, list[Route]]:
    """Return an empty circuit with the registers of a network, and a route for a pair between each two nodes.

    A node's register holds the node's own qubits, then one qubit for each pair that ends there, and two for each pair that is
    swapped there. Nodes without qubits are left out. Routes have the fewest links.

    Args:
        network: The network.
        ends: Two nodes for each pair.
        own: The number of qubits that a node has besides.

    Raises:
        ParameterError: If a node is unknown, or no path joins two nodes.

    Example:
        >>> circuit, (route,) = routed(Network.chain(2), [("alice", "bob")], {"alice": 1})
        >>> pair = route.entangle(circuit)
        >>> pair.settle(circuit)
        >>> [register.size for register in circuit.qregs], circuit.count_ops()["measure"]
        ([2, 2, 1], 2)
    """
    paths = [network.route(a, b).path() for a, b in ends]
    sizes = Counter(own or {})
    for path in paths:
        sizes.update([path[0], *path[1:-1], *path[1:-1], path[-1]])
    registers = {node: QuantumRegister(sizes[node], node) for node in network.nodes if sizes[node]}
    free = {node: iter(register[(own or {}).get(node, 0) :]) for node, register in registers.items()}
    circuit = QuantumCircuit(*registers.values())
    stations = sum(len(path) - 2 for path in paths)
    if stations:
        circuit.add_register(ClassicalRegister(2 * stations, "swap"))
    bits, routes = iter(circuit.clbits), []
    for path in paths:
        qubits = [next(free[node]) for hop in pairwise(path) for node in hop]
        links = tuple(network.link(a, b) for a, b in pairwise(path))
        routes.append(Route(tuple(qubits), links, tuple(next(bits) for _ in range(2 * len(links) - 2))))
    return circuit, routes


def sent_to_parties(
    network: Network, parties: Sequence[str], prepare: Preparation, own: Mapping[str, int] | None = None
) -> tuple[QuantumCircuit, list[Qubit]]:
    """Return a circuit in which a network's first node prepares a state and teleports one qubit to each party.

    Args:
        network: The network. Its first node is the source, which is no party.
        parties: The nodes that receive a qubit.
        prepare: Appends the preparation of the state; called with the circuit and one qubit of the source for each party.
        own: The number of qubits that a party has besides, which come first in the party's register.

    Returns:
        The circuit, and the qubit of each party.

    Example:
        >>> def product(circuit, qubits):
        ...     circuit.h(qubits)
        >>> circuit, qubits = sent_to_parties(Network.star(2), ["party1", "party2"], product)
        >>> circuit.count_ops()["entangle"], len(qubits)
        (2, 2)
    """
    source = network.nodes[0]
    circuit, routes = routed(
        network, [(source, party) for party in parties], {source: len(parties), **(own or {})}
    )
    (states,) = (register[: len(parties)] for register in circuit.qregs if register.name == source)
    bits = ClassicalRegister(2 * len(parties), "bell")
    circuit.add_register(bits)
    prepare(circuit, states)
    pairs = [route.entangle(circuit) for route in routes]
    for k, (state, pair) in enumerate(zip(states, pairs, strict=True)):
        pair.teleport(circuit, state, z_bit=bits[2 * k], x_bit=bits[2 * k + 1])
    return circuit, [pair.far for pair in pairs]


def told_to_all(parties: Sequence[str], what: str, register: str = "") -> tuple[Announcement, ...]:
    """Return announcements in which each party tells all others one bit.

    Args:
        parties: The nodes of the parties.
        what: The content, in words.
        register: The classical register with the announced result of each party, in their order. Default: the bits are no
            results.

    Example:
        >>> told_to_all(["alice", "bob"], "outcome", "out")[1]
        Announcement(source='bob', target='alice', bits=1, what='outcome', results=(('out', 1),))
    """
    return tuple(
        Announcement(parties[k], parties[j], 1, what, ((register, k),) if register else ())
        for k, j in permutations(range(len(parties)), 2)
    )


@dataclass(frozen=True)
class PartiesProtocol(Protocol):
    """A protocol of several parties around a source. A subclass reads ``shared`` and ``members``.

    Args:
        parties: Number of parties, each with a link to the source; or, with ``network``, the names of the parties' nodes.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own. Its first node is the source, and all other nodes are parties unless
            ``parties`` names some; pairs are swapped along routes.

    Raises:
        ParameterError: If there are too few parties, a value is out of range, a party is no node of the network or its source,
            or ``network`` is given together with a number of parties or ``link_fidelity``.
    """

    #: The least number of parties, and their number if nothing is given.
    least_parties: ClassVar[int] = 2
    default_parties: ClassVar[int] = 3

    parties: int | tuple[str, ...] | None = None
    link_fidelity: float | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        if isinstance(self.parties, list):
            object.__setattr__(self, "parties", tuple(self.parties))
        if len(self.members) < self.least_parties:
            raise ParameterError(
                f"{self.name} needs at least {self.least_parties} parties, got {', '.join(self.members)}"
            )

    @cached_property
    def shared(self) -> Network:
        """The network that the fields describe; its first node is the source."""
        if self.network is not None:
            if not isinstance(self.network, Network):
                raise ParameterError(f"network must be a Network, got {self.network!r}")
            if isinstance(self.parties, int) or self.link_fidelity is not None:
                raise ParameterError(
                    "network is given together with a number of parties or link_fidelity; the network decides: give "
                    "the names of the parties, or nothing"
                )
            return self.network
        if isinstance(self.parties, tuple):
            raise ParameterError(
                "parties are named only in a network; give network, or the number of parties"
            )
        wanted = self.default_parties if self.parties is None else self.parties
        number = check_count("parties", wanted, self.least_parties, MOST_LINKS)
        fidelity = 1.0 if self.link_fidelity is None else self.link_fidelity
        made = Network.star(number, Link(fidelity))
        object.__setattr__(self, "parties", int(number))  # numpy's integers would not go into JSON
        object.__setattr__(self, "link_fidelity", float(fidelity))
        return made

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The names of the parties."""
        source, *others = self.shared.nodes
        if not isinstance(self.parties, tuple):
            return tuple(others)
        unknown = [party for party in self.parties if party not in others]
        if unknown or len(set(self.parties)) < len(self.parties):
            raise ParameterError(
                f"parties must be different nodes among {', '.join(others)}, without the source {source}, "
                f"got {', '.join(map(str, self.parties))}"
            )
        return self.parties

    def set_cheater(self, kinds: Sequence[type[Cheater]]) -> None:
        """Store the field ``cheater`` as an object, as ``Protocol.set_cheater`` does; a dishonest party is one of the parties.

        Raises:
            ParameterError: If the dishonest party is none of them.
        """
        super().set_cheater(kinds)
        cheater = getattr(self, "cheater", None)
        if isinstance(cheater, DishonestParty):
            check_count("party of the cheater", cheater.party, 1, len(self.members))

    @property
    def dishonest(self) -> int | None:
        """The place of the dishonest party among ``members``; None if all parties are honest."""
        cheater = getattr(self, "cheater", None)
        return cheater.party - 1 if isinstance(cheater, DishonestParty) else None

    @property
    def arms(self) -> tuple[Weights, ...]:
        """The weights of the errors (I, X, Y, Z) of the pair between the source and each party."""
        source = self.shared.nodes[0]
        return tuple(self.shared.route(source, party).weights for party in self.members)
