"""Gates on three or more qubits of a node are taken apart before placement, so that no SWAP of theirs crosses a fence."""

from dataclasses import replace

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Gate
from qiskit.circuit.library import PermutationGate, UnitaryGate
from qiskit.quantum_info import Operator, random_clifford

from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.compiling.building import fence_labels
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.compiling.wide_decisions import with_narrow_decisions
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import LayoutError, ProgramError
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.program import Item, Program
from tests.devices.calibrations import perfect
from tests.support.enumerator import corrected, distribution, registers_of, same
from tests.support.programs import encoder, wide_program

SMALL = ("fake_hanoi", "fake_peekskill")
DEVICES = ("fake_torino", "fake_brisbane", "fake_boston", "fake_kingston", "fake_nighthawk")
MODES = ("auto", "feedforward", "postselect")


def widest(circuit):
    """Return the most qubits that any gate of a circuit has, in branches too."""
    inside = [block for each in circuit.data if each.is_control_flow() for block in each.operation.blocks]
    own = [len(i.qubits) for i in circuit.data if i.name != "barrier" and not i.is_control_flow()]
    return max([*own, *map(widest, inside)], default=0)


def check(number, devices):
    """Compile a random program for one of some devices, in some mode at some level, and verify it."""
    circuit = wide_program(np.random.default_rng(number))
    compiled = compile_program(
        Program([Item("wide", circuit)]),
        fake_device(devices[number % len(devices)]),
        corrections=MODES[number % 3],
        optimization_level=number // 5 % 4,
    )
    (item,) = compiled.items
    assert compiled.verify() > 0
    assert widest(circuit) >= 3 > widest(item.lowered.circuit)
    swaps = sum(label.startswith("swap") and label.endswith(":a:in") for label in fence_labels(item.circuit))
    assert compiled.resources["routing_swaps"] == swaps
    assert any(f"{swaps} SWAPs were put in" in note for note in compiled.notes) == (swaps > 0)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("number", [0, 6, 10, 17, 22])
def test_random_programs_with_wide_gates_keep_the_parties_apart(number):
    check(number, SMALL)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 500, 50))
def test_five_hundred_random_programs_with_wide_gates_keep_the_parties_apart(first):
    for number in range(first, first + 50):
        check(number, DEVICES)


@pytest.mark.parametrize("case", range(10))
def test_modes_agree_on_programs_with_wide_gates(case, rng):
    circuit = wide_program(rng, length=8, most_nodes=2, decide=case % 2 == 0)
    meant, _ = registers_of(distribution(circuit))
    # Coherent mode puts off what decisions read.
    for mode in ("auto", "feedforward") if case % 2 == 0 else ("auto", "feedforward", "coherent"):
        lowered = lower(circuit, mode)
        assert widest(lowered.circuit) <= 2
        assert same(meant, corrected(lowered)[0]), mode


def one_node(width):
    """Return a circuit of a node and its neighbour, with a frame that a measurement puts on the node's first qubit."""
    node, other = QuantumRegister(width, "alice"), QuantumRegister(1, "bob")
    circuit = QuantumCircuit(node, other, ClassicalRegister(1, "m"), ClassicalRegister(width, "out"))
    circuit.h(other[0])
    circuit.measure(other[0], 0)
    return circuit, node


@pytest.mark.parametrize("kind", ["z on a control", "clifford matrix", "encoder", "permutation"])
def test_a_frame_passes_a_wide_gate_as_a_whole(kind, rng):
    """The parts of a matrix are rotations, which no frame passes."""
    circuit, node = one_node(3)
    bits = {"z": circuit.clbits[:1]} if kind == "z on a control" else {"x": circuit.clbits[:1]}
    circuit.h(node[0])
    correct(circuit, node[0], **bits)
    if kind == "z on a control":
        circuit.ccx(*node)
        circuit.h(node[0])
    elif kind == "clifford matrix":
        circuit.append(UnitaryGate(Operator(random_clifford(3, seed=5))), node)
    else:
        circuit.append(encoder(rng, 3) if kind == "encoder" else PermutationGate([1, 2, 0]), node)
    circuit.measure(node, circuit.clbits[1:])
    lowered = lower(circuit, "frame")
    assert widest(lowered.circuit) <= 2
    meant, _ = registers_of(distribution(circuit))
    assert same(meant, corrected(lowered)[0])


def test_the_ledger_counts_the_parts_of_a_wide_gate():
    circuit, node = one_node(4)
    narrow = circuit.copy()
    circuit.append(encoder(_Fixed(0), 4), node)
    for target in node[1:]:
        narrow.cx(node[0], target)
    for each in (circuit, narrow):
        each.measure(node, each.clbits[1:])
    found, counted = (Program([Item("only", each)]).resources for each in (circuit, narrow))
    assert found == counted
    assert found["two_qubit_gates"] == 3


class _Fixed:
    """A random stream that gives one number."""

    def __init__(self, number):
        self.number = number

    def integers(self, _):
        return self.number


def deciding(loop=False):
    """Return a program that decides on gates which join three qubits with one another."""
    circuit, node = one_node(3)
    with circuit.while_loop((circuit.clbits[0], 1)) if loop else circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(node[0])
        circuit.ccx(*node)
    circuit.measure(node, circuit.clbits[1:])
    return Program([Item("only", circuit)])


def test_a_wide_decision_that_needs_swaps_is_made_in_parts_between_their_fences():
    compiled = compile_program(deciding(), fake_device("fake_hanoi"), corrections="feedforward")
    (item,) = compiled.items
    assert item.swaps > 0 and compiled.verify() > 0
    meant, _ = registers_of(distribution(compiled.program.items[0].circuit))
    assert same(meant, corrected(item.lowered)[0])
    decisions = [i for i in item.routed.data if i.is_control_flow()]
    assert len(decisions) > 1 and all(len(decision.qubits) <= 2 for decision in decisions)


@pytest.mark.parametrize("case", range(6))
def test_a_decision_in_parts_does_what_the_whole_did(case, rng):
    circuit, node = one_node(4)
    circuit.h(node)
    blocks = [QuantumCircuit(node, circuit.clbits) for _ in range(2)]
    for block in blocks:
        for _ in range(12):
            first, second = (node[int(k)] for k in rng.permutation(4)[:2])
            block.cx(first, second) if rng.random() < 0.5 else block.ry(float(rng.uniform(0, 3)), first)
        block.barrier()
        block.h(node)
    if case % 2:
        circuit.if_else((circuit.clbits[0], True), *blocks, circuit.qubits[:4], circuit.clbits)
    else:
        circuit.if_test((circuit.clbits[0], True), blocks[0], circuit.qubits[:4], circuit.clbits)
    circuit.measure(node, circuit.clbits[1:])
    parts = with_narrow_decisions(circuit)
    assert all(len(each.qubits) <= 2 for each in parts.data)
    assert same(registers_of(distribution(circuit))[0], registers_of(distribution(parts))[0])


def test_of_two_measurements_into_a_bit_the_later_one_counts_in_a_decision_in_parts():
    circuit, node = one_node(3)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(node[0])
        circuit.cx(node[0], node[1])
        circuit.measure(node[2], circuit.clbits[1])
        circuit.measure(node[0], circuit.clbits[1])
    parts = with_narrow_decisions(circuit)
    assert all(len(each.qubits) <= 2 for each in parts.data)
    assert same(registers_of(distribution(circuit))[0], registers_of(distribution(parts))[0])


def test_a_wide_decision_stays_whole_where_its_qubits_are_coupled():
    circuit, node = one_node(3)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.cx(node[0], node[1])
        circuit.cx(node[1], node[2])
    circuit.measure(node, circuit.clbits[1:])
    program = Program([Item("only", circuit)])
    coupled = compile_program(program, fake_device("fake_manila"), corrections="feedforward")
    assert coupled.items[0].swaps == 0 and coupled.verify() > 0
    assert [len(i.qubits) for i in coupled.items[0].circuit.data if i.is_control_flow()] == [3]
    apart = compile_program(
        program, fake_device("fake_manila"), corrections="feedforward", layout=[0, 2, 4, 1]
    )
    assert apart.items[0].swaps > 0 and apart.verify() > 0


def test_a_loop_that_needs_swaps_inside_is_refused():
    with pytest.raises(LayoutError, match="layout"):
        compile_program(deciding(loop=True), fake_device("fake_manila"), corrections="feedforward")


def held_together(more=0):
    """Return a program that decides, within a decision, on gates which join three qubits with one another."""
    circuit, node = one_node(3 + more)
    with circuit.if_test((circuit.clbits[0], 1)):
        for a, b in ((0, 1), (1, 2), (0, 2)):
            circuit.cx(node[a], node[b])
        with circuit.if_test((circuit.clbits[1], 1)):
            circuit.x(node[0])
    if more:
        circuit.cx(node[2], node[3])
    circuit.measure(node, circuit.clbits[1:])
    return Program([Item("only", circuit)])


@pytest.mark.parametrize(("more", "layout"), [(0, None), (1, [0, 1, 2, 4, 5])], ids=["found", "by hand"])
def test_where_trusted_couplings_need_swaps_inside_others_are_taken(more, layout):
    """Without the coupling that failed three qubits form no ring, and no SWAP may enter the decision."""
    sound = perfect(
        6, pairs=[(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 5)], errors={"cz": 0.01, "cx": 0.01}
    )
    entries = [replace(e, error=1.0) if e.qubits == (0, 2) else e for e in sound.entries]
    device = Device.from_calibration(replace(sound, entries=tuple(entries)))
    compiled = compile_program(held_together(more), device, corrections="feedforward", layout=layout)
    assert set(compiled.layout[0][:3]) == {0, 1, 2} and compiled.resources["routing_swaps"] == more
    assert any("0-2" in note for note in compiled.notes)


def test_a_gate_without_a_definition_is_refused():
    circuit, node = one_node(3)
    circuit.append(Gate("opaque", 3, []), node)
    with pytest.raises(ProgramError, match="'opaque'"):
        lower(circuit, "frame")
