"""Random local programs: two or three nodes, Clifford gates, links, measurements, resets and corrections."""

from itertools import pairwise

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import random_clifford

import qnet_circuits as qn
from qnet_circuits.compiling.building import fence
from qnet_circuits.programs.instructions import correct, entangle, transmit

ONE = ("x", "y", "z", "h", "s", "sdg", "sx")
TWO = ("cx", "cz", "swap", "cy")


def put_fence(circuit, qubit, label):
    """Append a fence with a label, unique in its circuit."""
    circuit.append(fence(qubit, label))


def random_program(rng, length=14, non_clifford=False, reuse=True, most_nodes=3, link=None):
    """Return a random network program's circuit of up to six qubits that ends with measurements of all its qubits.

    ``link``, if given, makes the link of each link operation.
    """
    nodes = ["alice", "bob", "carol"][: rng.integers(2, most_nodes + 1)]
    registers = [QuantumRegister(2, node) for node in nodes]
    bits = ClassicalRegister(4, "m")
    out = ClassicalRegister(2 * len(nodes), "out")
    circuit = QuantumCircuit(*registers, bits, out)
    used, gone, written = set(), set(), []
    spare = registers[-1][1] if rng.random() < 0.5 else None
    for _ in range(length):
        kind = rng.choice(["one", "one", "two", "measure", "correct", "correct", "reset", "entangle"])
        node = registers[rng.integers(len(nodes))]
        alive = [q for q in node if q not in gone and q != spare]
        if not alive:
            continue
        qubit = alive[rng.integers(len(alive))]
        if kind == "one":
            getattr(circuit, str(rng.choice(ONE)))(qubit)
            used.add(qubit)
        elif kind == "two" and len(alive) == 2:
            getattr(circuit, str(rng.choice(TWO)))(*alive)
            used.update(alive)
        elif kind == "measure" and len(written) < 4:
            bit = bits[int(rng.integers(4))] if reuse else bits[len(written)]
            circuit.measure(qubit, bit)
            written.append(bit)
            used.add(qubit)
        elif kind == "correct" and written:
            known = list(dict.fromkeys(written))
            x = [bit for bit in known if rng.random() < 0.6]
            z = [bit for bit in known if rng.random() < 0.6]
            if x or z:
                correct(circuit, qubit, x=x, z=z)
                used.add(qubit)
        elif kind == "reset":
            circuit.reset(qubit)
            used.discard(qubit)
        elif kind == "entangle":
            other = registers[(registers.index(node) + 1) % len(nodes)]
            fresh = [q for q in other if q not in used and q not in gone and q != spare]
            if qubit not in used and fresh:
                entangle(circuit, qubit, fresh[0], link and link())
                used.update((qubit, fresh[0]))
    if spare is not None:
        senders = [q for reg in registers[:-1] for q in reg if q not in gone]
        sender = senders[rng.integers(len(senders))]
        transmit(circuit, sender, spare, link and link())
        gone.add(sender)
        if written and rng.random() < 0.7:
            correct(circuit, spare, x=[written[-1]], z=[written[0]])
    if non_clifford:
        circuit.rx(0.3, registers[0][0]) if registers[0][0] not in gone else None
    alive = [q for reg in registers for q in reg if q not in gone]
    for k, qubit in enumerate(alive):
        if rng.random() < 0.5:
            circuit.h(qubit)
        circuit.measure(qubit, out[k])
    return circuit


def encoder(rng, width):
    """Return a composite gate of Clifford gates: a repetition code's encoder, a code's of cat states, or one at random."""
    circuit = QuantumCircuit(width, name="encoder")
    kind = rng.integers(3)
    if kind == 2:
        circuit.append(random_clifford(width, seed=int(rng.integers(2**31))), range(width))
        return circuit.decompose().to_gate(label="encoder")
    if kind == 1:
        circuit.h(0)
    for k in range(1, width):
        circuit.cx(0 if kind == 0 else k - 1, k)
    return circuit.to_gate()


def wide_program(rng, length=10, most_nodes=3, decide=True):
    """Return a random network program's circuit with ``ccx``, ``cswap`` and encoders at nodes of three or four qubits."""
    nodes = ["alice", "bob", "carol"][: rng.integers(2, most_nodes + 1)]
    registers = [QuantumRegister(int(rng.integers(3, 5 if len(nodes) < 3 else 4)), node) for node in nodes]
    bits, out = ClassicalRegister(3, "m"), ClassicalRegister(sum(map(len, registers)), "out")
    circuit = QuantumCircuit(*registers, bits, out)
    for left, right in pairwise(registers):
        entangle(circuit, left[-1], right[0])
    written = []
    for k in range(length):
        node = registers[rng.integers(len(nodes))]
        qubits = [node[int(k)] for k in rng.permutation(len(node))]
        every = ["ccx", "cswap", "encoder", "one", "one", "measure", "correct", "decide"]
        kind = rng.choice(every if k else every[:3])
        if kind == "one":
            getattr(circuit, str(rng.choice([*ONE, "t"])))(qubits[0])
        elif kind in ("ccx", "cswap"):
            getattr(circuit, str(kind))(*qubits[:3])
        elif kind == "encoder":
            width = int(rng.integers(3, len(node) + 1))
            circuit.append(encoder(rng, width), qubits[:width])
        elif kind == "measure" and len(written) < 3:
            written.append(bits[len(written)])
            circuit.measure(qubits[0], written[-1])
        elif kind == "correct" and written:
            correct(circuit, qubits[0], x=[written[-1]], z=[written[0]])
        elif kind == "decide" and written and decide:
            with circuit.if_test((written[0], True)):
                circuit.ccx(*qubits[:3])
                circuit.x(qubits[0])
    circuit.measure(circuit.qubits, out)
    return circuit


def own_protocols():
    """Return the names of the package's own protocols, without those that tests have registered."""
    return {
        name
        for name in qn.protocol_names()
        if qn.protocol_class(name).__module__.startswith("qnet_circuits.")
    }
