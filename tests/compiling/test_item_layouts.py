"""Circuits lie where their program wants them: SWAPs go in where they must, unless the program forbids them."""

import json

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.errors import LayoutError, ProgramError
from qnet_circuits.programs.given import Given
from tests.devices.calibrations import perfect


def ghz(basis):
    """Return the circuit of a GHZ state of one node, whose first wire meets both others."""
    circuit = QuantumCircuit(QuantumRegister(3, "alice"), ClassicalRegister(3, "out"))
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(0, 2)
    for qubit, bit in zip(circuit.qubits, circuit.clbits, strict=True):
        qn.measure_pauli(circuit, qubit, basis, bit)
    return circuit


def program(layout, **given):
    items = [qn.Item(basis, ghz(basis), layout=layout, **given) for basis in "XZ"]
    bits = [("out", 0), ("out", 1), ("out", 2)]
    figures = [
        qn.Figure("xxx", qn.parity("X", bits), ideal=1.0),
        qn.Figure("same", qn.population("Z", bits, ["000", "111"]), ideal=1.0),
    ]
    return qn.Program(items, figures)


@pytest.mark.parametrize(("layout", "swaps"), [((1, 0, 2), 0), ((0, 1, 2), 1), ((0, 3, 4), 3)])
def test_swaps_go_in_where_wires_that_meet_are_not_coupled(layout, swaps):
    device = perfect(5, pairs=[(0, 1), (1, 2), (2, 3), (3, 4)])
    compiled = qn.compile(program(layout), device)
    assert compiled.layout == [list(layout)]
    assert (compiled.resources["routing_swaps"] > 0) == (swaps > 0)
    assert any("SWAPs" in note for note in compiled.notes) == (swaps > 0)
    assert compiled.verify() > 0
    values = qn.predict(program(layout), device, noise={"idle": False, "zz": 0})
    assert (values.xxx.value, values.same.value) == pytest.approx((1.0, 1.0))


def test_a_fixed_circuit_is_moved_by_no_swap():
    device = perfect(5, pairs=[(0, 1), (1, 2), (2, 3), (3, 4)])
    assert qn.compile(program((1, 0, 2), fixed=True), device).resources["routing_swaps"] == 0
    with pytest.raises(LayoutError, match="0 and 2"):
        qn.compile(program((0, 1, 2), fixed=True), device)
    with pytest.raises(LayoutError, match="0 and 2"):
        qn.compile(qn.LinkBenchmark(edges=[(0, 2)]), device)


def test_no_swap_joins_parts_of_a_device():
    with pytest.raises(LayoutError):
        qn.compile(program((0, 1, 2)), perfect(4, pairs=[(0, 1), (2, 3)]))


def test_a_program_that_is_kept_stays_fixed():
    made = program((1, 0, 2), fixed=True)
    kept = json.loads(json.dumps(Given(made).parameters))
    again = Given.again(kept, [item.circuit for item in made], made.figures).made
    assert [(item.layout, item.fixed) for item in again] == [((1, 0, 2), True)] * 2
    assert again.id == made.id != program((1, 0, 2)).id


def test_what_is_fixed_has_a_layout():
    with pytest.raises(ProgramError, match="layout"):
        program(None, fixed=True)
