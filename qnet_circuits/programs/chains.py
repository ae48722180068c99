"""Chains of links: their registers, entanglement along them, and qubits that are carried along them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.programs.blocks import bell_measurement, measure_pauli
from qnet_circuits.programs.instructions import correct, entangle, transmit
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.protocol import Protocol, set_network

#: Appends entanglement between two qubits at a chain's ends.
Joining = Callable[[QuantumCircuit, Network, tuple[Qubit, Qubit]], None]


@dataclass(frozen=True)
class ChainProtocol(Protocol):
    """A protocol over a chain of links. A subclass inherits the three fields, and reads ``chain``.

    Args:
        hops: Number of links, at least 1. The default is the class attribute ``default_hops``.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.
    """

    #: Number of links if neither ``hops`` nor ``network`` is given.
    default_hops: ClassVar[int] = 1

    hops: int | None = None
    link_fidelity: float | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        self.chain.path()

    @cached_property
    def chain(self) -> Network:
        """The chain that the fields describe."""
        return set_network(self, "a chain", "hops", self.default_hops)


def chain_registers(network: Network, first: int = 1, last: int = 1) -> list[QuantumRegister]:
    """Return a quantum register for each node of a chain: two qubits at stations, ``first`` and ``last`` at the ends."""
    path = network.path()
    sizes = [first, *[2] * (len(path) - 2), last]
    return [QuantumRegister(size, node) for size, node in zip(sizes, path, strict=True)]


def entangle_links(circuit: QuantumCircuit, network: Network, qubits: Sequence[Qubit]) -> None:
    """Append a Bell pair on every link of a chain; ``qubits`` has two for each link, in the order of the chain."""
    for k, (a, b) in enumerate(pairwise(network.path())):
        entangle(circuit, qubits[2 * k], qubits[2 * k + 1], network.link(a, b))


def distribute(
    circuit: QuantumCircuit, network: Network, ends: tuple[Qubit, Qubit]
) -> tuple[list[Clbit], list[Clbit]]:
    """Append entanglement along a chain, swapped at every station, and return the bits for its correction.

    Every link makes a Bell pair; each station measures its two halves in the Bell basis, and the ends share Φ+ up to X if the
    parity of all x bits is odd, and Z if the parity of all z bits is odd. One correction at the far end suffices for any
    length.

    Args:
        circuit: A circuit that holds the stations' registers, two qubits each; a register ``swap`` is added to it.
        network: The chain.
        ends: The qubits of the first and the last node that become entangled.

    Returns:
        The bits for X and the bits for Z; both empty for a single link.
    """
    entangle_links(circuit, network, halves(circuit, network, ends))
    return swap_stations(circuit, network)


def halves(circuit: QuantumCircuit, network: Network, ends: tuple[Qubit, Qubit]) -> list[Qubit]:
    """Return the two qubits of each link in the order of the chain, those of its ends first and last."""
    registers = {register.name: register for register in circuit.qregs}
    inner = (qubit for node in network.path()[1:-1] for qubit in registers[node])
    return [ends[0], *inner, ends[1]]


def swap_stations(circuit: QuantumCircuit, network: Network) -> tuple[list[Clbit], list[Clbit]]:
    """Append the Bell measurement of every station, whose pairs already exist, and return the bits as ``distribute`` does."""
    registers = {register.name: register for register in circuit.qregs}
    stations = [registers[node] for node in network.path()[1:-1]]
    if not stations:
        return [], []
    bits = ClassicalRegister(2 * len(stations), "swap")
    circuit.add_register(bits)
    for k, station in enumerate(stations):
        bell_measurement(circuit, station[0], station[1], bits[2 * k], bits[2 * k + 1])
    return list(bits[1::2]), list(bits[::2])


def entangled_ends(circuit: QuantumCircuit, network: Network, ends: tuple[Qubit, Qubit]) -> None:
    """Append entanglement along a chain together with the correction at its far end."""
    x, z = distribute(circuit, network, ends)
    if x:
        correct(circuit, ends[1], x=x, z=z)


def measured_ends(
    network: Network, bases: str, join: Joining = entangled_ends, turn: float = 0.0
) -> QuantumCircuit:
    """Return the circuit that entangles a chain's ends and measures both, into ``out``.

    Args:
        network: The chain.
        bases: The Paulis that the first end and the last end measure.
        join: Entangles the ends.
        turn: Angle in radians by which the first end's qubit is rotated about Y before.
    """
    registers = chain_registers(network)
    first, last = registers[0][0], registers[-1][0]
    out = ClassicalRegister(2, "out")
    circuit = QuantumCircuit(*registers, out)
    join(circuit, network, (first, last))
    if turn:
        circuit.ry(turn, first)
    measure_pauli(circuit, first, bases[0], out[0])
    measure_pauli(circuit, last, bases[1], out[1])
    return circuit


def carry(circuit: QuantumCircuit, network: Network, qubit: Qubit, target: Qubit) -> None:
    """Append the transport of a qubit along a chain, from its node to the far end: no Bell pair, no measurement.

    The qubit crosses link after link. In each station a SWAP moves its state from the qubit of arrival to the qubit of
    departure.

    Args:
        circuit: A circuit that holds the stations' registers, two qubits each.
        network: The chain.
        qubit: The qubit that leaves its node, on the side of the far end.
        target: An unused qubit of the last node.
    """
    path = network.path()
    registers = {register.name: register for register in circuit.qregs}
    start = next(k for k, node in enumerate(path) if qubit in registers[node])
    for here, there in zip(path[start:], path[start + 1 :], strict=False):
        arrival = target if there == path[-1] else registers[there][0]
        transmit(circuit, qubit, arrival, network.link(here, there))
        if there != path[-1]:
            qubit = registers[there][1]
            circuit.swap(arrival, qubit)


def carried_ends(circuit: QuantumCircuit, network: Network, ends: tuple[Qubit, Qubit]) -> None:
    """Append a Bell pair on the first link of a chain, one half of which is carried on to the far end."""
    path = network.path()
    registers = {register.name: register for register in circuit.qregs}
    first = network.link(path[0], path[1])
    if len(path) == 2:
        entangle(circuit, *ends, first)
        return
    arrival, leaving = registers[path[1]]
    entangle(circuit, ends[0], arrival, first)
    circuit.swap(arrival, leaving)
    carry(circuit, network, leaving, ends[1])
