"""What circuits share while they are compiled changes nothing of what each of them does."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import IfElseOp
from qiskit.circuit.library import ZGate

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.compiling.building import count, fence_labels, parity_decision
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.finishing import optimiser
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.compiling.optimisation import STAND_IN, Optimiser, set_aside
from qnet_circuits.compiling.routing import Router, follow, meetings
from qnet_circuits.compiling.swaps import undo_routing
from qnet_circuits.errors import VerificationError
from qnet_circuits.programs.instructions import correct, transmit
from qnet_circuits.programs.locality import check_circuit
from qnet_circuits.programs.program import Item, Program
from tests.support.enumerator import distribution
from tests.support.programs import random_program


@pytest.fixture(scope="module")
def torino():
    return fake_device("fake_torino")


def compiled_ghz(mode):
    program = qn.Ghz(parties=4).program(np.random.default_rng(0))
    return compile_program(program, fake_device("fake_hanoi"), corrections=mode)


@pytest.fixture(scope="module")
def ghz():
    """Give the compiled state of a mode to every test that only looks at it."""
    return cache(compiled_ghz)


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_circuits_with_the_same_meetings_share_their_swaps_and_each_verifies(ghz, mode):
    compiled = ghz(mode)
    assert compiled.items[0].swaps > 0 and compiled.verify() > 0
    assert len({(item.qubits, item.layout, item.swaps) for item in compiled}) == 1
    swaps = [[label for label in fence_labels(item.routed) if label.startswith("swap")] for item in compiled]
    assert all(sorted(labels) == sorted(swaps[0]) for labels in swaps)


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_the_same_program_gives_the_same_circuits(ghz, mode):
    first, second = ghz(mode), compiled_ghz(mode)
    assert [item.circuit for item in first] == [item.circuit for item in second]


def test_an_optimiser_serves_one_place_of_one_target_in_one_thread(torino):
    target, other = torino.target, fake_device("fake_kingston").target
    kept = optimiser((0, 1), target, 2)
    assert optimiser([0, 1], target, 2) is kept
    for asked in [((1, 0), target, 2), ((0, 1), other, 2), ((0, 1), None, 2), ((0, 1), target, 1)]:
        assert optimiser(*asked) is not kept
    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(optimiser, (0, 1), target, 2).result() is not kept


def test_a_circuit_of_another_kind_gets_swaps_of_its_own(torino):
    router = Router(torino.calibration.couplings)
    circuits = [QuantumCircuit(4, 1) for _ in range(2)]
    for circuit, pairs in zip(
        circuits, ([(0, 1), (1, 2), (2, 3), (3, 0)], [(3, 0), (0, 1), (2, 3), (1, 2)]), strict=True
    ):
        for a, b in pairs:
            circuit.h(a)
            circuit.cx(a, b)
        circuit.measure(3, 0)
    assert meetings(circuits[0]) != meetings(circuits[1])
    coupled = {frozenset(edge) for edge in torino.target.build_coupling_map().get_edges()}
    for circuit in circuits:
        routed = router.route(circuit, [0, 1, 2, 3])
        wire = {physical: k for k, physical in enumerate(routed.layout)}
        meant, found = (
            undo_routing(circuit, range(4)),
            undo_routing(routed.circuit, [wire.get(q) for q in routed.qubits]),
        )
        assert meant == found
        for instruction in routed.circuit.data:
            if len(instruction.qubits) == 2:
                places = [routed.qubits[routed.circuit.find_bit(q).index] for q in instruction.qubits]
                assert frozenset(places) in coupled


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_a_swap_need_not_wait_for_measurements_and_decisions(torino, mode):
    """SABRE measures at once what may be measured, and sends SWAPs through qubits that were measured and corrected."""
    star = qn.Ghz(parties=5).program(np.random.default_rng(0)).items[0].circuit
    circuit, router = lower(star, mode).circuit, Router(torino.calibration.couplings)
    met = meetings(circuit)
    found = next(
        each for each in map(partial(router.find, circuit, None), range(9)) if each.late(met) != each
    )
    early, late = (follow(circuit, routing) for routing in (found, found.late(met)))
    assert early.swaps == late.swaps > 0 and early.qubits == late.qubits
    wire = {physical: k for k, physical in enumerate(late.layout)}
    begins = [wire.get(qubit) for qubit in late.qubits]
    assert undo_routing(late.circuit, begins) == undo_routing(circuit, range(circuit.num_qubits))
    assert passed(early.circuit) and not passed(late.circuit)


def passed(circuit):
    """Return the wires on which a SWAP follows a measurement or a decision."""
    told, found = set(), set()
    for each in circuit.data:
        if each.clbits:
            told.update(each.qubits)
        elif each.name == "cx":
            found.update(told.intersection(each.qubits))
    return found


def test_what_a_gate_needs_to_be_measured_and_decided_on_comes_before_it(torino):
    """Alice's bit decides on Bob's qubit, which then meets Charlie's: neither the measurement nor the decision may be late."""
    names = ("alice", "bob", "charlie", "dave")
    circuit = QuantumCircuit(*(QuantumRegister(1, name) for name in names), ClassicalRegister(3, "m"))
    circuit.h(0)
    circuit.cx(0, 3)
    circuit.measure(0, 0)
    correct(circuit, circuit.qubits[1], x=[circuit.clbits[0]])
    circuit.measure(3, 2)
    circuit.cx(1, 2)
    circuit.measure(2, 1)
    lowered = lower(circuit, "feedforward").circuit
    routing = Router(torino.calibration.couplings).find(lowered, [0, 1, 30, 2])
    assert routing.swaps
    late = follow(lowered, routing.late(meetings(lowered)))
    assert distribution(late.circuit) == pytest.approx(distribution(lowered))


@pytest.mark.parametrize("case", range(6))
def test_routing_keeps_every_outcome_of_random_programs(case, rng, torino):
    circuit = lower(random_program(rng, length=10), "feedforward").circuit
    routed = Router(torino.calibration.couplings).route(circuit, None)
    assert distribution(routed.circuit) == pytest.approx(distribution(circuit))


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_decisions_are_compiled_as_before_they_were_set_aside(torino, level):
    program = qn.Teleportation(hops=2).program(np.random.default_rng(0))
    compiled = compile_program(program, torino, corrections="feedforward", optimization_level=level)
    for item in compiled:
        names = item.circuit.count_ops()
        assert STAND_IN not in names and names["if_else"] == 2
        for instruction in item.circuit.data:
            for block in getattr(instruction.operation, "blocks", ()):
                assert {inside.name for inside in block.data} <= set(torino.target.operation_names)
    assert compiled.verify() > 0


def test_two_decisions_with_the_same_gate_keep_their_own_bits():
    bits = ClassicalRegister(2, "m")
    circuit = QuantumCircuit(QuantumRegister(3), bits, ClassicalRegister(1, "out"))
    circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    for one in bits:
        circuit.append(parity_decision([one], [ZGate()], circuit.qubits[2]))
        circuit.h(2)
    circuit.measure(2, 2)
    optimised = Optimiser((0, 1, 2), None, 2).run(circuit)
    assert distribution(optimised) == pytest.approx(distribution(circuit))


def test_control_flow_on_more_than_gates_of_one_qubit_is_not_set_aside():
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.cx(0, 1)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.measure(1, 1)
    same, decisions = set_aside(circuit)
    assert same is circuit and not decisions


def test_a_changed_decision_is_still_caught(torino):
    compiled = compile_program(
        qn.Teleportation().program(np.random.default_rng(0)), torino, corrections="feedforward"
    )
    first = compiled.items[0]
    wrong = first.circuit.copy_empty_like()
    for instruction in first.circuit.data:
        if instruction.name == "if_else":
            body = instruction.operation.blocks[0].copy_empty_like()
            body.y(0)
            instruction = instruction.replace(operation=IfElseOp(instruction.operation.condition, body))
        wrong.append(instruction)
    broken = dataclasses.replace(compiled, items=(dataclasses.replace(first, circuit=wrong),))
    with pytest.raises(VerificationError, match=r"region \["):
        broken.verify()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_swap_at_a_node_does_not_move_the_wires_apart(torino, level):
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(1, "bob")
    circuit = QuantumCircuit(alice, bob, ClassicalRegister(2, "out"))
    circuit.h(alice[0])
    circuit.swap(alice[0], alice[1])
    transmit(circuit, alice[1], bob[0])
    circuit.measure([0, 2], [0, 1])
    check_circuit(circuit)
    program = Program([Item("sent", circuit)])
    compiled = compile_program(program, torino, optimization_level=level, carrier="swap")
    assert compiled.verify() > 0 and compiled.resources["routing_swaps"] == 0
    assert compiled.resources["compiled"]["two_qubit_gates"] == 6


def test_compiled_counts_are_those_of_qiskit(ghz):
    circuit = ghz("feedforward").items[0].circuit
    gates, depth = count(circuit)
    assert depth == circuit.depth(lambda instruction: instruction.operation.name != "barrier")
    assert gates == circuit.num_nonlocal_gates()


def test_a_gate_on_three_qubits_may_be_routed():
    circuit = QuantumCircuit(QuantumRegister(3, "alice"), ClassicalRegister(3, "out"))
    circuit.h([0, 1])
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.ccx(0, 1, 2)
    circuit.measure(range(3), range(3))
    compiled = compile_program(Program([Item("toffoli", circuit)]), fake_device("fake_torino"))
    assert distribution(compiled.items[0].circuit) == pytest.approx(distribution(circuit))
