"""Qubits that stay at other nodes for a while, gates at third nodes, and copies of copies: fewer pairs, the same circuit."""

from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit

import qnet_circuits as qn
from qnet_circuits.distributed.building import built
from qnet_circuits.distributed.distribute import distributed
from qnet_circuits.distributed.nodes import Equipment, routes_of
from qnet_circuits.distributed.ordering import Open, ordered
from qnet_circuits.distributed.plan import Plan
from qnet_circuits.distributed.proof import proof_of
from qnet_circuits.distributed.referenced import with_references
from qnet_circuits.distributed.steps import steps_of
from tests.distributed.circuits import changed, mutants, random_circuit, with_swap


def visitor(blocks=3):
    """Return a circuit in which qubit 0 meets qubit 1 in blocks between which it is turned."""
    circuit = QuantumCircuit(2)
    for _ in range(blocks):
        circuit.ry(0.4, 0)
        circuit.rx(0.9, 1)
        circuit.cp(0.7, 0, 1)
    circuit.ry(0.4, 0)
    circuit.rx(0.9, 1)
    return circuit


@pytest.mark.parametrize(("free", "pairs"), [(False, 2), (True, 1)])
def test_a_qubit_with_much_to_do_elsewhere_goes_there(free, pairs):
    """Three blocks would take three packets; there and back again are two pairs, and one way is a single pair."""
    found = distributed(visitor(), 2, ["node1", "node2"], rename_swaps=free)
    ledger = found.resources
    assert ledger["bell_pairs"] == ledger["moves"] == pairs and ledger["remote_gates"] == 3
    assert found.verify().method == "unitary"
    registers = [found.circuit.find_bit(qubit).registers[0][0].name for qubit in found.outputs]
    assert (len({*registers}) == 1) == free
    assert qn.predict(found.fidelity_program(found.estimation(32, np.random.default_rng(0)))).figures[
        "fidelity"
    ].value == pytest.approx(1, abs=1e-9)


def test_a_qubit_stays_where_it_is_if_a_move_gains_nothing():
    found = distributed(visitor(2), 2, ["node1", "node2"])
    assert found.resources["bell_pairs"] == 2 and found.resources["moves"] == 0


def test_two_copies_meet_at_a_third_node():
    """Qubits 0 and 1 are needed at the node of qubit 2 anyway, so their own gate is carried out there."""
    circuit = QuantumCircuit(4)
    for a, b in ((0, 2), (0, 3), (1, 2), (1, 3), (0, 1)):
        circuit.cp(0.3 + a + b, a, b)
        if b > 1:
            circuit.ry(0.2, b)
    found = distributed(
        circuit, qn.Network(list("abc"), [(x, y, qn.Link()) for x, y in ("ab", "bc", "ac")]), list("abcc")
    )
    assert found.resources["bell_pairs"] == 2
    assert found.verify().method == "unitary"


@pytest.mark.parametrize("order", [(1, 2, 3, 4), (4, 3, 2, 1)])
def test_a_copy_on_the_way_is_copied_further(order):
    """A copy at the middle of a chain and one at its end take one pair of each link."""
    circuit = QuantumCircuit(5)
    for other in order:
        circuit.cp(0.3 * other, 0, other)
        circuit.ry(0.2, other)
    chain = qn.Network.chain(2)
    found = distributed(circuit, chain, ["alice", "station1", "station1", "bob", "bob"])
    assert found.resources["bell_pairs_by_link"] == {"alice-station1": 1, "station1-bob": 1}
    assert found.verify().method == "unitary"


def test_a_copy_that_was_made_on_the_way_is_not_made_again():
    """The CNOT flips the copy of qubit 0 at b as well, so qubit 1 is needed at c and at b, which is on the way to c."""
    circuit = QuantumCircuit(3)
    circuit.cp(0.3, 0, 2)
    circuit.ry(0.2, 2)
    circuit.cx(1, 0)
    circuit.cp(0.7, 0, 2)
    steps, home = steps_of(circuit), (2, 0, 1)
    stations = tuple((node,) * (count + 1) for node, count in zip(home, steps.segments, strict=True))
    spots = {k: 1 if 2 in joint.qubits else 2 for k, joint in steps.joints}
    plan = Plan(steps, stations, spots, {(0, 1): frozenset({1, 2})})
    network = qn.Network(list("abc"), [("a", "b", qn.Link()), ("b", "c", qn.Link())])
    equipment = Equipment(home, (None,) * 3, routes_of(network, "links")[0])
    actions = ordered(plan, equipment)
    assert sum(isinstance(action, Open) for action in actions) == 3
    assert proof_of(circuit, steps, built(network, equipment, actions)).branches


def test_a_swap_takes_two_qubits_of_a_node_on_the_way():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.swap(0, 1)
    nodes = [qn.Node(name, data=1, communication=2) for name in "abc"]
    chain = qn.Network(nodes, [("a", "b", qn.Link()), ("b", "c", qn.Link())])
    found = distributed(circuit, chain, ["a", "c"])
    assert found.resources["communication_qubits"] == dict.fromkeys("abc", 2)
    assert found.verify().branches


@pytest.mark.parametrize("limit", [1, 2])
def test_guests_leave_communication_qubits_for_pairs(limit):
    nodes = [qn.Node(name, data=3, communication=limit) for name in "ab"]
    network = qn.Network(nodes, [("a", "b", qn.Link())])
    for seed in range(3):
        found = distributed(random_circuit(seed, 6, 24, 6), network)
        assert max(found.resources["communication_qubits"].values()) <= limit
        found.verify()


def test_spoiled_moves_are_refused():
    found = distributed(visitor(), 2, ["node1", "node2"])
    spoiled = [built for _, built in mutants(found.built)]
    assert len(spoiled) > 10
    data = list(found.built.circuit.data)
    away = next(claim for claim in found.built.claims if claim.kind == "close")
    turn = next(k for k, each in enumerate(data) if k > away.end and each.name in ("u", "ry"))
    at_home = data[turn].replace(qubits=found.built.data[:1])
    spoiled += [
        changed(found.built, turn, [at_home]),
        replace(found.built, ends=found.built.ends[::-1]),
        replace(found.built, ends=(away.data[0], found.built.ends[1])),
    ]
    for each in spoiled:
        with pytest.raises(qn.VerificationError):
            proof_of(found.original, found.steps, each)


def test_a_large_circuit_with_moves_is_proven_gate_by_gate():
    found = distributed("adder:6", 3)
    assert found.resources["moves"] and found.verify().method == "gates"
    at = next(k for k, each in enumerate(found.built.circuit.data) if each.name == "cz")
    spoiled = changed(found.built, at, []), replace(found.built, ends=found.built.ends[::-1])
    for each in spoiled:
        with pytest.raises(qn.VerificationError):
            proof_of(found.original, found.steps, each)


@pytest.mark.parametrize(
    ("circuit", "nodes", "rename"),
    [
        (visitor(), 2, False),
        (visitor(), 2, True),
        (random_circuit(5), 3, False),
        (with_swap(1), 3, True),
        (with_swap(1), 2, False),
    ],
)
def test_the_process_has_the_plan_of_the_circuit(circuit, nodes, rename):
    """Reference qubits are entangled beforehand, and nothing is searched again."""
    found = distributed(circuit, nodes, ["node1", "node2"] if circuit.num_qubits == 2 else None, rename)
    both = with_references(found)
    wires = circuit.num_qubits
    for what in ("moves", "packets", "remote_gates"):
        assert both.resources[what] == found.resources[what]
    # Without limits, no copy closes early for want of a communication qubit.
    assert both.resources["bell_pairs"] <= found.resources["bell_pairs"]
    assert [each[1:] for each in both.plan.stations[:wires]] == list(found.plan.stations)
    assert {*both.plan.outlasting.values()} == {*found.plan.outlasting.values()}
    both.verify()


def test_the_same_seed_makes_the_same_program():
    one, other = (distributed("adder:2", 3, seed=3) for _ in range(2))
    assert one.plan == other.plan and one.assignment == other.assignment
