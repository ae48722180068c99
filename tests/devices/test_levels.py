"""Levels against the pass by which IBM's client schedules dynamic circuits."""

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.converters import circuit_to_dag
from qiskit_ibm_runtime.fake_provider import FakeKingston
from qiskit_ibm_runtime.transpiler.passes.scheduling import ALAPScheduleAnalysis

from qnet_circuits.devices.levels import blocks_of
from qnet_circuits.devices.schedule import schedule

LATENCY = 1.5e-6


@pytest.fixture(scope="module")
def target():
    return FakeKingston().target


def random_circuit(rng, kinds, qubits=5, length=18):
    """Return a circuit on which each qubit is measured once, and decisions are made on what was measured."""
    bits = ClassicalRegister(qubits, "m")
    circuit = QuantumCircuit(QuantumRegister(qubits, "q"), bits)
    measured = set()
    for _ in range(length):
        free = sorted(set(range(qubits)) - measured)
        if not free:
            break
        wire, kind = int(rng.choice(free)), str(rng.choice(kinds))
        if kind == "sx":
            circuit.sx(wire)
        elif kind == "cz" and wire + 1 in free:
            circuit.cz(wire, wire + 1)
        elif kind == "barrier" and len(free) > 1:
            circuit.barrier(*(int(k) for k in rng.permutation(free)[:2]))
        elif kind == "measure":
            circuit.measure(wire, wire)
            measured.add(wire)
        elif kind == "if" and measured:
            with circuit.if_test((bits[int(rng.choice(sorted(measured)))], 1)):
                circuit.x(wire)
    for wire in sorted(set(range(qubits)) - measured):
        circuit.measure(wire, wire)
    return circuit


def key(circuit, node, qubits):
    return node.name, tuple(circuit.find_bit(qubit).index for qubit in qubits)


def begins(circuit, target):
    """Return the block of each operation by IBM's pass and its begin there in steps of the clock, by position."""
    scheduling, dag = ALAPScheduleAnalysis(target=target), circuit_to_dag(circuit)
    scheduling.run(dag)
    places = {}
    for position, instruction in enumerate(circuit.data):
        places.setdefault(key(circuit, instruction, instruction.qubits), []).append(position)
    found = {}
    for node in dag.topological_op_nodes():
        position = places[key(circuit, node, node.qargs)].pop(0)
        found[position] = scheduling.property_set["node_start_time"][node]
    return found


def test_what_is_measured_together_is_what_ibm_measures_together(rng, target):
    sizes = set()
    for _ in range(60):
        circuit = random_circuit(rng, ["sx", "sx", "cz", "cz", "measure", "if", "barrier"])
        theirs = {}
        for position, begin in begins(circuit, target).items():
            if circuit.data[position].name == "measure":
                theirs.setdefault(begin, set()).add(position)
        ours = [{each.position for each in block.tied} for block in blocks_of(circuit) if block.tied]
        assert sorted(map(sorted, ours)) == sorted(map(sorted, theirs.values()))
        sizes.add(len(ours))
    assert sizes >= {1, 2, 3}


def test_what_comes_before_the_first_decision_is_played_when_ibm_plays_it(rng, target):
    """Their first block ends where ours does: a latency before the first decision."""
    compared = 0
    for _ in range(60):
        circuit = random_circuit(rng, ["sx", "sx", "cz", "cz", "measure", "if"])
        theirs = begins(circuit, target)
        ours = {
            each.position: each
            for each in schedule(circuit, lambda _, i, wires: target[i.name][wires].duration, LATENCY, 0.7e-6)
        }
        decisions = [position for position in theirs if circuit.data[position].is_control_flow()]
        if not decisions:
            continue
        first = min(block for block, _ in theirs.values())
        inside = [p for p in theirs if theirs[p][0] == first and p not in decisions]
        end = max(theirs[p][1] * target.dt + ours[p].end - ours[p].start for p in inside)
        over = min(ours[p].start for p in decisions) - LATENCY
        for p in inside:
            assert over - ours[p].start == pytest.approx(end - theirs[p][1] * target.dt, abs=1e-11)
        compared += len(inside)
    assert compared > 200
