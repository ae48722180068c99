"""A circuit over the nodes of a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import sin
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Qubit
from qiskit.quantum_info import Statevector

from qnet_circuits.distributed.building import Built, built
from qnet_circuits.distributed.estimation import Estimation, estimation_of
from qnet_circuits.distributed.moving import improved
from qnet_circuits.distributed.nodes import Equipment, complete, numbers_of, room_of, routes_of
from qnet_circuits.distributed.packets import Demand, Packet
from qnet_circuits.distributed.partition import Problem, assigned
from qnet_circuits.distributed.plan import Plan, still
from qnet_circuits.distributed.proof import Proof, counted, proof_of
from qnet_circuits.distributed.reading import circuit_named
from qnet_circuits.distributed.steps import Steps, Swap, steps_of, without_final_measurements
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import ENTANGLE
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class DistributedCircuit:
    """A circuit over the nodes of a network, with its pairs, its ledger and its proof.

    Made by ``distribute_circuit``.

    Args:
        original: The circuit, without the measurements at its end.
        network: The network.
        assignment: The node at which each qubit begins.
        rename_swaps: Whether SWAPs of the circuit were carried out by renaming qubits, and qubits may end at other nodes.
        plan: Where gates are carried out, and where qubits are in the course of the circuit.
        built: The network program.
    """

    original: QuantumCircuit = field(repr=False)
    network: Network
    assignment: tuple[str, ...]
    rename_swaps: bool
    plan: Plan = field(repr=False)
    built: Built = field(repr=False)

    @property
    def steps(self) -> Steps:
        """The circuit as steps."""
        return self.plan.steps

    @property
    def packets(self) -> tuple[Packet, ...]:
        """The copies that are made, each with the gates that share its pair."""
        return self.plan.packets

    @property
    def circuit(self) -> QuantumCircuit:
        """The network program, without measurements of the output."""
        return self.built.circuit.copy()

    @property
    def outputs(self) -> tuple[Qubit, ...]:
        """The qubit that holds the output of each wire of the original circuit."""
        return tuple(self.built.ends[self.steps.places.index(wire)] for wire in range(self.steps.qubits))

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

    def estimation(self, paulis: int, rng: np.random.Generator) -> Estimation:
        """Return how the fidelity of the output from |0…0⟩ is estimated; it depends on the original circuit alone.

        Args:
            paulis: Number of Paulis that are drawn if all are too many.
            rng: Random numbers for the draw.

        Raises:
            ParameterError: If the circuit has more than 10 qubits.
        """
        return estimation_of(np.asarray(Statevector(self.original).data), paulis, rng)

    def fidelity_program(self, found: Estimation, notes: Sequence[str] = ()) -> Program:
        """Return the program whose figure ``fidelity`` is that of the output: a circuit for each setting.

        Args:
            found: The settings, and the fidelity that follows from them.
            notes: Notes about the circuits.
        """
        items = [Item(each.lower(), self.measured(each), {"setting": each}) for each in found.settings]
        physical = None if found.drawn else (0.0, 1.0)
        figure = Figure("fidelity", found.expression, 1.0, drawn_from=found.drawn_from, physical=physical)
        return Program(items, [figure], self.network, notes)

    @cached_property
    def resources(self) -> dict[str, Any]:
        """The ledger: pairs, also by link, packets, moves, gates between nodes, bits, the most communication qubits in use."""
        nodes = {qubit: register.name for register in self.built.circuit.qregs for qubit in register}
        pairs = [each for each in self.built.circuit.data if each.name == ENTANGLE]
        links = {frozenset((a, b)): f"{a}-{b}" for a, b, _ in self.network.links}
        by_link = Counter(links[frozenset(nodes[qubit] for qubit in each.qubits)] for each in pairs)
        return {
            "bell_pairs": len(pairs),
            "bell_pairs_by_link": dict(sorted(by_link.items())),
            "packets": len(self.packets),
            "moves": self.plan.moves,
            "remote_gates": len(self.plan.remote),
            "classical_bits": len(self.built.circuit.clbits),
            "communication_qubits": {
                node: max((use.get(node, 0) for use in self.built.in_use), default=0)
                for node in self.network.nodes
            },
        }

    @property
    def cutting_overhead(self) -> float:
        """The factor by which shots would have to rise if the gates between nodes were cut instead (quasiprobability).

        It is the product over these gates of (1 + 2 |sin(θ/2)|)² for a controlled phase θ, which is 9 for a CZ (Mitarai and
        Fujii, arXiv:1909.07534). A SWAP counts as 7² = 49.
        """
        factor = 1.0
        for gate in self.plan.remote:
            if isinstance(gate, Swap):
                factor *= 7**2
            else:
                angle = gate.angle if gate.name == "rzz" else gate.angle / 2
                factor *= (1 + 2 * abs(sin(angle))) ** 2
        return factor

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
        nodes = counted(len(set(self.assignment)), "node")
        lines = [f"{counted(self.steps.qubits, 'qubit')} on {nodes}"]
        for node in self.network.nodes:
            held = [str(wire) for wire, each in enumerate(self.assignment) if each == node]
            if held:
                lines.append(f"  {node}: qubit{'s' * (len(held) > 1)} {', '.join(held)}")
        gates, packets = counted(ledger["remote_gates"], "gate"), counted(ledger["packets"], "packet")
        moves = f"; qubits move {counted(self.plan.moves, 'time')}" if self.plan.moves else ""
        lines.append(f"{gates} between nodes in {packets}{moves}")
        named = ", ".join(f"{link} {count}" for link, count in ledger["bell_pairs_by_link"].items())
        lines.append(f"{counted(ledger['bell_pairs'], 'Bell pair')}{f' ({named})' if named else ''}")
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
        assignment: The node at which each qubit begins. Default: the best that a search finds.
        rename_swaps: Whether a SWAP of the circuit renames qubits, and qubits may end at other nodes than they began.
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
    net = network if isinstance(network, Network) else complete(network, steps.qubits, link or Link())
    demand, (routes, distance) = Demand(steps), routes_of(net, by)
    room = room_of(net)
    problem = Problem(demand, distance, room)
    numbers = (
        assigned(problem, seed) if assignment is None else numbers_of(assignment, net, steps.qubits, room)
    )
    communication = tuple(net.node(node).communication for node in net.nodes)
    equipment = Equipment(numbers, communication, routes)
    starts = [still(steps, numbers, demand.packets(numbers, last)) for last in (False, True)]
    plan, actions = improved(starts, equipment, distance, rename_swaps, seed)
    names = tuple(net.nodes[number] for number in numbers)
    return DistributedCircuit(original, net, names, rename_swaps, plan, built(net, equipment, actions))
