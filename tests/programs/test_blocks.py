"""A controlled Z between two nodes over a Bell pair, and graph states as network programs made of it."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import Statevector

from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.errors import LocalityError, ProgramError
from qnet_circuits.programs.blocks import measure_pauli, remote_cz
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from tests.support.enumerator import corrected

RING = [(k, (k + 1) % 5) for k in range(5)]


def ring(paulis, gathered, link=None):
    """Return the circuit that makes the graph state of a ring of five nodes, and measures these Paulis.

    ``link`` is that between the nodes 0 and 1; the others are ideal.
    """
    nodes = [QuantumRegister(3, f"node {k}") for k in range(5)]
    bits, out = ClassicalRegister(10, "m"), ClassicalRegister(5, "out")
    circuit = QuantumCircuit(*nodes, bits, out)
    for node in nodes:
        circuit.h(node[0])
    for k, (i, j) in enumerate(RING):
        told = bits[2 * k], bits[2 * k + 1]
        pair = nodes[i][1], nodes[j][2]
        remote_cz(circuit, nodes[i][0], nodes[j][0], pair, told, None if k else link, corrected=not gathered)
    for k in range(5) if gathered else ():
        correct(circuit, nodes[k][0], z=[bits[2 * k + 1], bits[2 * (k - 1) % 10]])
    for node, pauli, bit in zip(nodes, paulis, out, strict=True):
        measure_pauli(circuit, node[0], pauli, bit)
    return circuit


def graph_state(gathered, link=None):
    """Return the program whose figures are the five stabilizers of the ring, X on a node and Z on its neighbours."""
    items, figures = [], []
    for k in range(5):
        paulis = "".join("X" if j == k else "Z" for j in range(5))
        items.append(Item(f"k{k}", ring(paulis, gathered, link)))
        bits = [("out", (k + step) % 5) for step in (-1, 0, 1)]
        figures.append(Figure(f"stabilizer_{k}", parity(f"k{k}", bits), ideal=1.0))
    network = Network.from_edges([(f"node {i}", f"node {j}", link or Link()) for i, j in RING])
    return Program(items, figures, network)


@pytest.mark.parametrize("gathered", [False, True])
@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_a_ring_of_five_nodes_is_a_graph_state(mode, gathered):
    program = graph_state(gathered)
    compiled = compile_program(program, corrections=mode)
    assert compiled.verify() > 0
    values = ExactBackend("exact").evaluate(compiled, program.figures).values
    assert [values[f"stabilizer_{k}"].value for k in range(5)] == pytest.approx([1.0] * 5)


def test_the_ledger_of_a_graph_state():
    """Bits are sent once each way over every edge; gathered corrections wait for all of them at once."""
    for gathered, rounds in ((False, 5), (True, 1)):
        resources = graph_state(gathered).resources
        counted = [
            resources[key] for key in ("bell_pairs", "classical_bits", "rounds", "qubits", "two_qubit_gates")
        ]
        assert counted == [5, 10, rounds, 15, 15]
        assert resources["qubits_per_node"] == {f"node {k}": 3 for k in range(5)}


def test_an_error_of_a_link_is_z_on_either_side():
    """Z flips the stabilizer of the node where it happens."""
    flipped = {}
    for name, weights in (("X", (0, 1, 0, 0)), ("Z", (0, 0, 0, 1)), ("Y", (0, 0, 1, 0))):
        program = graph_state(True, Link(pauli=weights))
        values = ExactBackend("exact").evaluate(compile_program(program), program.figures).values
        flipped[name] = [k for k in range(5) if values[f"stabilizer_{k}"].value < 0]
    assert flipped == {"X": [1], "Z": [0], "Y": [0, 1]}


@pytest.mark.parametrize("mode", ["feedforward", "coherent"])
def test_a_remote_cz_is_one_on_any_states(mode, rng):
    before, after = rng.uniform(0, 2 * np.pi, (2, 2))
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(2, "bob")
    bits, out = ClassicalRegister(2, "m"), ClassicalRegister(2, "out")
    remote, local = QuantumCircuit(alice, bob, bits, out), QuantumCircuit(2)
    ends = [alice[0], bob[0]]
    for circuit, qubits in ((remote, ends), (local, local.qubits)):
        for qubit, angle in zip(qubits, before, strict=True):
            circuit.ry(angle, qubit)
        if circuit is local:
            circuit.cz(*qubits)
        else:
            remote_cz(circuit, *ends, (alice[1], bob[1]), (bits[0], bits[1]))
        for qubit, angle in zip(qubits, after, strict=True):
            circuit.rx(angle, qubit)
    remote.measure(ends, out)
    found = np.zeros((2, 2))
    for values, weight in corrected(lower(remote, mode))[0].items():
        found[values[3], values[2]] += weight
    assert found.ravel() == pytest.approx(Statevector(local).probabilities())


def test_bad_input():
    circuit = QuantumCircuit(QuantumRegister(2, "a"), QuantumRegister(2, "b"), ClassicalRegister(2, "m"))
    a, near, b, far = circuit.qubits
    m = tuple(circuit.clbits)
    for pair, bits, link in (
        ((near, far), (m[0], m[0]), None), ((near, far), m[:1], None), ((near, near), m, None), ((near, far), m, 0.9),
        (near, m, None), ((near, far), m[0], None), ((near, far), (*m, m[0]), None), ((a, far), m, None),
        (([near], far), m, None),
    ):  # fmt: skip
        with pytest.raises(ProgramError) as refused:
            remote_cz(circuit, a, b, pair, bits, link)
        assert "\n" not in str(refused.value)
    remote_cz(circuit, a, b, (far, near), m)
    with pytest.raises(LocalityError):
        Program([Item("one", circuit)])
