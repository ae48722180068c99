"""Graph states on any graph of parties: from a source, or edge by edge with remote controlled Zs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.programs.blocks import measure_pauli, remote_cz
from qnet_circuits.programs.colouring import vertex_classes
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.graphs import Graph
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.settings import grouped, measures
from qnet_circuits.programs.sharing import routed, sent_to_parties
from qnet_circuits.theory import graph_states as theory
from qnet_circuits.theory.noise_parameters import NoiseParameters

METHODS = ("source", "edges")
#: The name of the source of a network that the fields describe.
_SOURCE = "centre"
Prepared = tuple[QuantumCircuit, Sequence[Qubit]]


@register
@dataclass(frozen=True)
class GraphState(Protocol):
    """Several parties share the state of a graph: |+⟩ at each vertex, and a controlled Z along each edge.

    With ``source`` a source, itself no party, prepares the state and teleports one qubit to each party. With ``edges`` each
    party prepares |+⟩, and a Bell pair makes a remote controlled Z along each edge; the corrections of all edges are one Z at
    each party.

    The stabilizers of the state are the products of its generators, X at a vertex and Z at its neighbours, and the fidelity is
    the mean of all 2^n of them, in as few settings as a greedy grouping finds (up to 6 parties). ``witness_bound`` is
    1 - Σ (1 - ⟨g⟩)/2 over the n generators g, a lower bound on the fidelity of any state: two settings suffice if the graph has
    two colours, and one for each colour in all cases. A fidelity above 1/2 proves genuine entanglement of all parties. Without
    messages the parties hold noise.

    On hardware: 3n qubits for n parties with links to the source; n qubits and two more for each edge if neighbours in the
    graph are linked. All corrections can be made in software (Pauli frame).

    Args:
        graph: ``line:n``, ``ring:n``, ``star:n`` or ``complete:n`` with n parties; or edges by the names of the parties, such
            as ``a-b,b-c``. Default ``line:4``.
        method: ``source`` or ``edges``.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Links join each party to the source, or with ``edges`` the parties
            along each edge. Default 1.
        network: Any network with links of its own; pairs are swapped along routes. With ``source`` its first node is the
            source. Parties without names are the first of the other nodes, or with ``edges`` of all nodes.

    Raises:
        ParameterError: If the graph is none, is not connected or does not fit the network, a value is out of range, or
            ``network`` is given together with ``link_fidelity``.
        UnknownNameError: If there is no such shape or method.

    Example:
        >>> GraphState(graph="ring:5", method="edges").members
        ('party1', 'party2', 'party3', 'party4', 'party5')
        >>> round(GraphState(link_fidelity=0.95).theory(NoiseParameters())["fidelity"], 4)
        0.815
    """

    name: ClassVar[str] = "graph-state"
    stage: ClassVar[str] = "quantum memory"
    assumes: ClassVar[tuple[str, ...]] = (
        "The parties measure the Paulis that they say they measure.",
        "All circuits make the same state.",
    )
    source: ClassVar[str] = (
        "Hein, Eisert, Briegel, quant-ph/0307130; stabilizer witness: Tóth and Gühne, quant-ph/0405165"
    )

    graph: str = "line:4"
    method: str = "source"
    link_fidelity: float | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        check_name("method", self.method, METHODS)
        for a, b in self._ends:
            self.shared.route(a, b)

    @cached_property
    def _graph(self) -> Graph:
        return Graph.from_text(self.graph)

    @cached_property
    def shared(self) -> Network:
        """The network that the fields describe."""
        if self.network is not None:
            if not isinstance(self.network, Network) or self.link_fidelity is not None:
                raise ParameterError(
                    f"network must be a Network without link_fidelity beside it, got {self.network!r} and {self.link_fidelity}"
                )
            return self.network
        fidelity = 1.0 if self.link_fidelity is None else self.link_fidelity
        link = Link(fidelity)
        object.__setattr__(self, "link_fidelity", float(fidelity))
        names = self._graph.names or tuple(f"party{k + 1}" for k in range(self._graph.number))
        if self.method == "edges":
            return Network(names, [(names[a], names[b], link) for a, b in self._graph.edges])
        if _SOURCE in names:
            raise ParameterError(f"the source is called {_SOURCE}; give the party another name")
        return Network.from_edges([(_SOURCE, name, link) for name in names])

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The names of the parties, by vertex."""
        nodes = self.shared.nodes[1:] if self.method == "source" else self.shared.nodes
        names = self._graph.names or nodes[: self._graph.number]
        if len(names) < self._graph.number or not set(names) <= set(nodes):
            raise ParameterError(
                f"the graph {self.graph} needs {self._graph.number} parties among the nodes {', '.join(nodes)}"
                + (f", got {', '.join(self._graph.names)}" if self._graph.names else "")
            )
        return names

    @property
    def _ends(self) -> list[tuple[str, str]]:
        """The nodes that each pair joins."""
        if self.method == "source":
            return [(self.shared.nodes[0], party) for party in self.members]
        return [(self.members[a], self.members[b]) for a, b in self._graph.edges]

    def program(self, rng: np.random.Generator) -> Program:
        """Return one circuit for each group of stabilizers."""
        graph = self._graph
        n, classes = graph.number, vertex_classes(graph.number, graph.edges)
        coloured = ["".join("X" if v in each else "Z" for v in range(n)) for each in classes]
        generators = [theory.stabilizer([v], n, graph.edges) for v in range(n)]
        whole = theory.stabilizers(n, graph.edges)[1:] if n <= theory.MOST_PARTIES else []
        settings = list(grouped([paulis for _, paulis in whole], coloured))
        items = [Item(name.lower(), self._circuit(name), {"setting": name}) for name in settings]
        bound = 1 - n / 2 + _total(generators, settings) / 2
        physical, null = (0.0, 1.0), theory.ENTANGLED
        figures = [Figure("witness_bound", bound, 1.0, 1 - n / 2, null, physical=(1.0 - n, 1.0))]
        if whole:
            mean = (1 + _total(whole, settings)) / 2**n
            figures.insert(0, Figure("fidelity", mean, 1.0, 2.0**-n, null, physical=physical))
        return Program(items, figures, self.shared)

    def _circuit(self, paulis: str) -> QuantumCircuit:
        """Return the circuit that makes the state and measures these Paulis."""
        circuit, qubits = self._from_source() if self.method == "source" else self._from_edges()
        out = ClassicalRegister(len(qubits), "out")
        circuit.add_register(out)
        for qubit, pauli, bit in zip(qubits, paulis, out, strict=True):
            measure_pauli(circuit, qubit, pauli, bit)
        return circuit

    def _from_source(self) -> Prepared:
        def prepare(circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
            circuit.h(qubits)
            for a, b in self._graph.edges:
                circuit.cz(qubits[a], qubits[b])

        return sent_to_parties(self.shared, self.members, prepare)

    def _from_edges(self) -> Prepared:
        circuit, routes = routed(self.shared, self._ends, dict.fromkeys(self.members, 1))
        registers = {register.name: register for register in circuit.qregs}
        qubits = [registers[party][0] for party in self.members]
        bits = ClassicalRegister(2 * len(routes), "edges")
        circuit.add_register(bits)
        circuit.h(qubits)
        pairs = [route.entangle(circuit) for route in routes]
        waiting = [list[Clbit]() for _ in qubits]
        for k, ((a, b), pair) in enumerate(zip(self._graph.edges, pairs, strict=True)):
            to_b, to_a = bits[2 * k], bits[2 * k + 1]
            remote_cz(circuit, qubits[a], qubits[b], pair, (to_b, to_a), corrected=False)
            waiting[a] += [to_a, *pair.z]
            waiting[b] += [to_b, *pair.x]
        for qubit, told in zip(qubits, waiting, strict=True):
            correct(circuit, qubit, z=told)
        return circuit, qubits

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return both figures for the errors of all pairs."""
        if not noise.ideal:
            return {}
        n, edges = self._graph.number, self._graph.edges
        weights = [self.shared.route(a, b).weights for a, b in self._ends]
        if self.method == "source":
            return theory.from_source(n, edges, weights)
        return theory.from_edges(n, dict(zip(edges, weights, strict=True)))

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves genuine entanglement of all parties."""
        figures = ["fidelity"] * (self._graph.number <= theory.MOST_PARTIES) + ["witness_bound"]
        return {name: {"entangled": theory.ENTANGLED} for name in figures}


def _total(signed: Iterable[tuple[int, str]], settings: Sequence[str]) -> Expression:
    """Return the sum of signed Pauli products, each measured in the first setting that has its letters."""
    total = Expression()
    for sign, paulis in signed:
        setting = next(each for each in settings if measures(each, paulis))
        bits = [("out", k) for k, pauli in enumerate(paulis) if pauli != "I"]
        total = total + sign * parity(setting.lower(), bits)
    return total
