"""The circuits that measure readout, and which bits they are good for."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.backends.registry import device_of
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.readout_circuits import calibrated, final_qubits
from qnet_circuits.devices.synthetic import line_device
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.instructions import entangle
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.runs.planning import with_readout

CHAIN = qn.RepeaterChain(hops=3)
TORINO = "aer:fake_torino"


def prepared(item):
    """What a readout circuit does to each physical qubit: the gates before its measurement."""
    gates: dict[int, list[str]] = {qubit: [] for qubit in item.qubits}
    for instruction in item.circuit.data:
        if instruction.name not in ("barrier", "measure"):
            gates[item.qubits[item.circuit.find_bit(instruction.qubits[0]).index]].append(instruction.name)
    return gates


@pytest.mark.parametrize("corrections", ["frame", "postselect", "none"])
def test_every_measured_qubit_is_prepared_in_both_states(corrections):
    plain = qn.compile(CHAIN, TORINO, corrections=corrections)
    compiled = qn.compile(CHAIN, TORINO, corrections=corrections, mitigate=True)
    assert compiled.program_items == plain.items and compiled.layout == plain.layout
    assert compiled.resources == plain.resources and compiled.corrections == plain.corrections
    zeros, ones = compiled.items[3:]
    assert (zeros.readout, ones.readout) == (0, 1) and zeros.qubits == ones.qubits == tuple(
        sorted(plain.layout[0])
    )
    assert not any(prepared(zeros).values()) and set(map(tuple, prepared(ones).values())) == {("x",)}
    for item in (zeros, ones):
        last = dict(zip(item.lowered.forms.raw, final_qubits(item), strict=True))
        assert [last["readout", k] for k in range(len(item.qubits))] == list(item.qubits)
        assert {last["before", k] for k in range(len(item.qubits))} == {None}
    for item in compiled.program_items:
        assert sorted(final_qubits(item)) == sorted(plain.layout[0])
    assert compiled.verify() == plain.verify() + 2 * len(zeros.qubits)
    assert len(compiled.circuits) == 5 and compiled.circuits[4].num_qubits == 133


def test_bits_that_decide_are_left_out():
    compiled = qn.compile(CHAIN, TORINO, corrections="feedforward", mitigate=True)
    ends = {compiled.layout[0][0], compiled.layout[0][-1]}
    for item in compiled.program_items:
        assert {qubit for qubit in final_qubits(item) if qubit is not None} == ends
        assert sum(qubit is None for qubit in final_qubits(item)) == 4
    assert set(compiled.items[-1].qubits) == ends


def one(name, width):
    """A circuit over a chain of qubits, measured at the ends, the first of which is used again afterwards."""
    nodes = [QuantumRegister(1, f"n{k}") for k in range(width)]
    circuit = QuantumCircuit(*nodes, ClassicalRegister(2, "out"), name=name)
    for a, b in zip(nodes[::2], nodes[1::2], strict=True):
        entangle(circuit, a[0], b[0])
    circuit.measure(nodes[0][0], 0)
    circuit.measure(nodes[-1][0], 1)
    return circuit


def test_different_placements_share_two_circuits_and_a_qubit_used_again_is_left_out():
    device = device_of(line_device(8))
    again = one("again", 2)
    again.reset(0)
    again.h(0)
    circuits = [one("two", 2), one("six", 6), again]
    program = Program([Item(circuit.name, circuit) for circuit in circuits])
    compiled = calibrated(compile_program(program, device))
    found = [final_qubits(item) for item in compiled.program_items]
    assert len({item.layout for item in compiled.program_items}) > 1
    assert found[2][0] is None and found[2][1] is not None
    assert set(compiled.items[-1].qubits) == {qubit for each in found for qubit in each} - {None}


def test_where_there_is_nothing_to_measure_it_is_refused():
    with pytest.raises(UnsupportedError, match="aer:fake_kingston"):
        calibrated(qn.compile(CHAIN))
    again = QuantumCircuit(QuantumRegister(1, "a"), ClassicalRegister(1, "out"), name="again")
    again.measure(0, 0)
    again.x(0)
    with pytest.raises(UnsupportedError, match="bit "):
        calibrated(compile_program(Program([Item("again", again)]), device_of(line_device(2))))


def test_readout_takes_the_most_shots():
    assert with_readout([10, 30, 20], qn.compile(CHAIN, TORINO, mitigate=True)) == [10, 30, 20, 30, 30]
    assert with_readout([10, 30, 20], qn.compile(CHAIN, TORINO)) == [10, 30, 20]


def test_readout_circuits_are_paid_for():
    plain, more = (
        qn.estimate_cost(CHAIN, TORINO, shots=1000, mitigate=mitigate) for mitigate in (False, True)
    )
    assert (plain.circuits, more.circuits, more.jobs) == (3, 5, 1)
    assert more.executions == 5000 and more.seconds > plain.seconds
    assert np.isclose(more.seconds - plain.seconds, 2000 * 250e-6, rtol=0.1)
