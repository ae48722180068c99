"""A circuit over the nodes of a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from math import log, sin
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Qubit

from qnet_circuits.distributed.building import Built, built
from qnet_circuits.distributed.ordering import Equipment, ordered
from qnet_circuits.distributed.packets import Demand, Packet
from qnet_circuits.distributed.partition import Problem, assigned
from qnet_circuits.distributed.proof import Proof, proof_of
from qnet_circuits.distributed.reading import circuit_named
from qnet_circuits.distributed.steps import Steps, Swap, steps_of, without_final_measurements
from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import ENTANGLE
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import Node
from qnet_circuits.programs.program import Item, Program

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A node without a stated number of data qubits has room for all.
_ROOM = 100_000
#: A loss of fidelity of 1 - 1/e is this many units.
_LOSS_UNIT = 1000


@dataclass(frozen=True)
class DistributedCircuit:
    """A circuit over the nodes of a network, with its pairs, its ledger and its proof.

    Made by ``distribute_circuit``.

    Args:
        original: The circuit, without the measurements at its end.
        network: The network.
        assignment: The node of each qubit.
        packets: The gates between nodes, in packets that share one pair.
        rename_swaps: Whether SWAPs of the circuit were carried out by renaming qubits.
        steps: The circuit as steps.
        built: The network program.
    """

    original: QuantumCircuit = field(repr=False)
    network: Network
    assignment: tuple[str, ...]
    packets: tuple[Packet, ...] = field(repr=False)
    rename_swaps: bool
    steps: Steps = field(repr=False)
    built: Built = field(repr=False)

    @property
    def circuit(self) -> QuantumCircuit:
        """The network program, without measurements of the output."""
        return self.built.circuit.copy()

    @property
    def outputs(self) -> tuple[Qubit, ...]:
        """The qubit that holds the output of each wire of the original circuit."""
        return tuple(self.built.data[self.steps.places.index(wire)] for wire in range(self.steps.qubits))

    def measured(self, paulis: str | None = None) -> QuantumCircuit:
        """Return the network program with its outputs measured into the register ``out``.

        Args:
            paulis: X, Y or Z for each wire of the original circuit, wire 0 first. Default: Z for all.

        Raises:
            ParameterError: If the number of letters is wrong.
        """
        letters = "Z" * self.steps.qubits if paulis is None else paulis
        if len(letters) != self.steps.qubits:
            raise ParameterError(
                f"paulis must have {self.steps.qubits} letters, one for each wire, got {letters!r}"
            )
        circuit = self.circuit
        out = ClassicalRegister(self.steps.qubits, "out")
        circuit.add_register(out)
        for qubit, bit, letter in zip(self.outputs, out, letters, strict=True):
            measure_pauli(circuit, qubit, letter, bit)
        return circuit

    def program(self, paulis: str | None = None, figures: Sequence[Figure] = ()) -> Program:
        """Return a program of one circuit, ``circuit``, in which the outputs are measured.

        Args:
            paulis: As for ``measured``.
            figures: Figures of its register ``out``.
        """
        return Program([Item("circuit", self.measured(paulis))], figures, self.network)

    @cached_property
    def resources(self) -> dict[str, Any]:
        """The ledger: pairs, also by link, packets, gates between nodes, bits, and the most communication qubits in use."""
        nodes = {qubit: register.name for register in self.built.circuit.qregs for qubit in register}
        pairs = [each for each in self.built.circuit.data if each.name == ENTANGLE]
        links = {frozenset((a, b)): f"{a}-{b}" for a, b, _ in self.network.links}
        by_link = Counter(links[frozenset(nodes[qubit] for qubit in each.qubits)] for each in pairs)
        return {
            "bell_pairs": len(pairs),
            "bell_pairs_by_link": dict(sorted(by_link.items())),
            "packets": len(self.packets),
            "remote_gates": sum(len(packet.gates) for packet in self.packets) + self._remote_swaps,
            "classical_bits": len(self.built.circuit.clbits),
            "communication_qubits": {
                node: max((use.get(node, 0) for use in self.built.in_use), default=0)
                for node in self.network.nodes
            },
        }

    @property
    def _remote_swaps(self) -> int:
        at = self.assignment
        return sum(isinstance(step, Swap) and at[step.a] != at[step.b] for step in self.steps.steps)

    @property
    def cutting_overhead(self) -> float:
        """The factor by which shots would have to rise if the gates between nodes were cut instead (quasiprobability).

        It is the product over these gates of (1 + 2 |sin(θ/2)|)² for a controlled phase θ, which is 9 for a CZ (Mitarai and
        Fujii, arXiv:1909.07534). A SWAP counts as 7² = 49.
        """
        joints = dict(self.steps.joints)
        gates = [joints[k] for packet in self.packets for k in packet.gates]
        factor = 1.0
        for gate in gates:
            angle = gate.angle if gate.name == "rzz" else gate.angle / 2
            factor *= (1 + 2 * abs(sin(angle))) ** 2
        return factor * 49.0**self._remote_swaps

    def draw(self, ax: Axes | None = None) -> Axes:
        """Draw the network program as ``plot_circuit`` does: nodes as bands, a zigzag for each pair, arrows for the messages.

        Args:
            ax: Axes to draw on. Default: those of a new Matplotlib figure.

        Returns:
            The Matplotlib axes.
        """
        from qnet_circuits.plotting.circuit import plot_circuit

        return plot_circuit(self.built.circuit, ax)

    def verify(self) -> Proof:
        """Prove that the network program is the circuit.

        Each remote operation is proven on all branches of its measurements, and then counts as what it does. The circuit that
        is read back this way is compared with the original: as a unitary (up to 12 qubits), as a Clifford tableau, gate by gate
        up to the order of commuting gates, or on random inputs (up to 20 qubits). Up to 6 qubits, the whole program is also
        played in random branches on all inputs.

        Raises:
            VerificationError: If it is not.
        """
        return proof_of(self.original, self.steps, self.built)

    def __str__(self) -> str:
        ledger = self.resources
        lines = [f"{self.steps.qubits} qubits on {len(set(self.assignment))} nodes"]
        for node in self.network.nodes:
            held = [str(wire) for wire, each in enumerate(self.assignment) if each == node]
            if held:
                lines.append(f"  {node}: qubits {', '.join(held)}")
        lines.append(f"{ledger['remote_gates']} gates between nodes in {ledger['packets']} packets")
        named = ", ".join(f"{link} {count}" for link, count in ledger["bell_pairs_by_link"].items())
        lines.append(f"{ledger['bell_pairs']} Bell pairs{f' ({named})' if named else ''}")
        lines.append(f"cutting these gates would take {self.cutting_overhead:.3g} times the shots")
        return "\n".join(lines)


def distributed(
    circuit: QuantumCircuit | str,
    network: Network | int,
    assignment: Sequence[str] | Mapping[int, str] | None = None,
    rename_swaps: bool = False,
    seed: int = 0,
    link: Link | None = None,
    by: str = "links",
) -> DistributedCircuit:
    """Return a circuit over the nodes of a network, with as few pairs as the search finds.

    Args:
        circuit: Gates, and at most measurements at the end; or a short name or a file, as ``circuit_named`` takes it.
        network: The network, or a number of nodes: all linked, with equal numbers of data qubits.
        assignment: The node of each qubit. Default: the best that a search finds.
        rename_swaps: Whether a SWAP of the circuit renames qubits instead of being carried out.
        seed: Seed of the search.
        link: The links of a network that is given by a number of nodes. Default: without errors.
        by: What the search makes small: ``links``, the number of pairs on all links, or ``fidelity``, the loss of fidelity of
            the pairs between the nodes.

    Raises:
        ParameterError: If the nodes have too few qubits, no path joins two of them, or the assignment is wrong.
        ProgramError: If the circuit has something other than gates.
    """
    original = without_final_measurements(circuit_named(circuit) if isinstance(circuit, str) else circuit)
    steps = steps_of(original, rename_swaps)
    net = network if isinstance(network, Network) else _complete(network, steps.qubits, link or Link())
    demand, (routes, distance) = Demand(steps), _routes(net, by)
    room = tuple(_ROOM if (data := net.node(node).data) is None else data for node in net.nodes)
    problem = Problem(demand, distance, room)
    numbers = assigned(problem, seed) if assignment is None else _numbers(assignment, net, steps.qubits, room)
    communication = tuple(net.node(node).communication for node in net.nodes)
    equipment = Equipment(numbers, communication, routes)
    packets = demand.packets(numbers)
    made = built(net, equipment, ordered(steps, packets, equipment))
    names = tuple(net.nodes[number] for number in numbers)
    return DistributedCircuit(original, net, names, packets, bool(rename_swaps), steps, made)


def _complete(count: int, qubits: int, link: Link) -> Network:
    """Return nodes that are all linked, with room for equal shares of the qubits."""
    number = check_count("network", count, 1, 100)
    share = -(-qubits // number)
    if number == 1:
        # A network has two nodes at least; the second one stays empty.
        return Network([Node("node1", data=share), "unused"], [("node1", "unused", link)])
    nodes = [Node(f"node{k}", data=share) for k in range(1, number + 1)]
    links = [(a.name, b.name, link) for k, a in enumerate(nodes) for b in nodes[k + 1 :]]
    return Network(nodes, links)


def _routes(
    network: Network, by: str
) -> tuple[dict[tuple[int, int], tuple[int, ...]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the routes between all nodes as numbers, and what a pair over each costs: its links, or its loss of fidelity."""
    number = {node: k for k, node in enumerate(network.nodes)}
    distance = np.zeros((len(number), len(number)), dtype=np.int64)
    routes = {}
    for a, b in permutations(network.nodes, 2):
        route = network.route(a, b, by)
        path = tuple(number[node] for node in route.path())
        routes[number[a], number[b]] = path
        loss = round(-_LOSS_UNIT * log(max(route.weights[0], 0.01)))
        distance[number[a], number[b]] = len(path) - 1 if by == "links" else max(loss, 1)
    return routes, distance


def _numbers(
    assignment: Sequence[str] | Mapping[int, str], network: Network, qubits: int, room: Sequence[int]
) -> tuple[int, ...]:
    """Return a given assignment as numbers of nodes."""
    listed = (
        [assignment.get(k) for k in range(qubits)] if isinstance(assignment, Mapping) else list(assignment)
    )
    unknown = [node for node in listed if node not in network.nodes]
    if len(listed) != qubits or unknown:
        raise ParameterError(
            f"assignment must name a node for each of {qubits} qubits, among {', '.join(network.nodes)}, got {assignment!r}"
        )
    for node, places in zip(network.nodes, room, strict=True):
        if listed.count(node) > places:
            raise ParameterError(
                f"node {node} has {places} data qubits, and the assignment puts {listed.count(node)} there"
            )
    return tuple(network.nodes.index(str(node)) for node in listed)
