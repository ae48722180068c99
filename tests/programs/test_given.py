"""Plain circuits as programs of one node: wires, bits and decisions are what they were, and what does not fit is refused."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter, Qubit
from qiskit.circuit.classical import expr
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import Clifford, random_unitary
from qiskit.transpiler import CouplingMap, PassManager
from qiskit.transpiler.passes import ApplyLayout, EnlargeWithAncilla, FullAncillaAllocation, SetLayout

import qnet_circuits as qn
from qnet_circuits.compiling.qpy_files import as_qpy, of_qpy
from qnet_circuits.errors import LayoutError, ParameterError, ProgramError, UnknownNameError
from qnet_circuits.programs.given import plain_item, protocol_for
from tests.support import tutorials
from tests.support.enumerator import distribution

ZERO = qn.Figure("zero", qn.population("circuit", [("c", 0)], ["0"]), ideal=1.0)


def one_bit():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    return circuit


def test_wires_of_any_registers_are_one_node_s_and_idle_ones_are_left_out():
    circuit = tutorials.teleportation()
    circuit.add_register(QuantumRegister(3, "idle"), ClassicalRegister(1, "node"))
    circuit.barrier()
    circuit.reset([0, 1])
    item = plain_item("circuit", circuit)
    (node,) = item.circuit.qregs
    assert (item.circuit.num_qubits, item.layout, item.widths) == (3, None, {"c": 3, "node": 1})
    assert node.name != "node"
    assert item.circuit.data[-3].name == "barrier" and len(item.circuit.data[-3].qubits) == 3
    got, want = distribution(item.circuit), distribution(circuit)
    assert got.keys() == want.keys() and all(np.isclose(got[key], want[key]) for key in want)


def test_the_owner_s_circuit_stays_as_it_was():
    circuit = tutorials.superdense_coding()
    before = circuit.copy()
    plain_item("circuit", circuit)
    assert circuit == before


def test_a_transpiled_circuit_lies_on_the_qubits_of_its_wires():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [1, 0])
    line = CouplingMap.from_line(6)
    passes = [SetLayout([4, 3]), FullAncillaAllocation(line), EnlargeWithAncilla(), ApplyLayout()]
    placed = PassManager(passes).run(circuit)
    compiled = qn.compile(placed, qn.line_device(6))
    (played,) = compiled.circuits
    measured = {
        played.find_bit(each.clbits[0]).index: played.find_bit(each.qubits[0]).index
        for each in played.data
        if each.name == "measure"
    }
    assert (measured, compiled.layout) == ({1: 4, 0: 3}, [[3, 4]])
    with pytest.raises(ParameterError, match="layout"):
        qn.compile(placed, qn.line_device(6), layout=[0, 1])
    with pytest.raises(LayoutError):
        qn.compile(placed, qn.line_device(3))


def _everything():
    """A circuit with parameters of all kinds and decisions of all kinds."""
    circuit = QuantumCircuit(3, 2)
    bits = circuit.cregs[0]
    circuit.append(UnitaryGate(random_unitary(4, seed=1)), [0, 1])
    circuit.initialize([0.6, 0.8], 2)
    circuit.append(Clifford(_bell()), [1, 2])
    circuit.append(_bell().to_gate(), [0, 1])
    circuit.cp(np.float64(0.3), 0, 1)
    circuit.rx(1, 0)
    circuit.delay(100, 1, unit="ns")
    circuit.measure([0, 1], [0, 1])
    qn.correct(circuit, circuit.qubits[2], x=bits, z=[bits[1]])
    with circuit.switch(bits) as case:
        with case(0):
            circuit.x(2)
        with case(1, 2):
            circuit.z(2)
    with circuit.if_test(expr.less(bits, 2)):
        circuit.rx(np.pi / 7, 2)
    with circuit.if_test((bits, 2)) as else_:
        circuit.x(1)
    with else_:
        circuit.y(0)
    circuit.measure(2, 0)
    return circuit


def _bell():
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


@pytest.mark.parametrize("circuit", [_everything(), tutorials.long_range_cnot(3, "XX")])
def test_a_circuit_that_was_stored_has_the_same_id(circuit):
    item = plain_item("circuit", circuit)
    (read,) = of_qpy(as_qpy([item.circuit]))
    assert qn.Program([qn.Item("circuit", read)]).id == qn.Program([item]).id


def test_a_program_takes_the_place_of_its_protocol():
    chain = qn.RepeaterChain(hops=2, link_fidelity=0.9)
    program = chain.program(np.random.default_rng(0))
    assert qn.predict(program).figures == qn.predict(chain).figures
    assert qn.compile(program).program.id == program.id


def _with(change):
    circuit = one_bit()
    change(circuit)
    return circuit


@pytest.mark.parametrize(
    ("given", "figures", "error", "said"),
    [
        (one_bit(), None, ParameterError, r'figures=\[.*"circuit".*"c", 0'),
        ({"zz": one_bit()}, None, ParameterError, r'figures=\[.*"zz"'),
        (one_bit(), ZERO, ParameterError, "list of Figures"),
        (one_bit(), ["zero"], ParameterError, "list of Figures"),
        (one_bit(), 7, ParameterError, "list of Figures"),
        (qn.RepeaterChain(hops=1), [ZERO], ParameterError, "RepeaterChain has its own"),
        (qn.Program([qn.Item("a", one_bit())]), [ZERO], ParameterError, "program has its own"),
        ("repeater-chain", None, ParameterError, "protocol .*'repeater-chain'"),
        (qn.RepeaterChain, None, ParameterError, "protocol "),
        ([one_bit()], [ZERO], ParameterError, "by name"),
        ({}, [ZERO], ParameterError, "by name"),
        ({0: one_bit()}, [ZERO], ParameterError, "by name"),
        ({"other": one_bit()}, [ZERO], ProgramError, "'circuit'"),
        (QuantumCircuit(2, 1), [ZERO], ProgramError, "measures nothing"),
        (QuantumCircuit(), [ZERO], ProgramError, "measures nothing"),
        (
            one_bit(), [qn.Figure("x", qn.parity("circuit", [("d", 0)]))], ProgramError, r"d\[0\].*c\[1\]"
        ),
        (_with(lambda c: c.rx(Parameter("angle"), 0)), [ZERO], ProgramError, "angle"),
        (_with(lambda c: c.add_var("v", False)), [ZERO], ProgramError, "variables"),
        (_with(lambda c: c.add_bits([Clbit()])), [ZERO], ProgramError, "register"),
        (
            _with(lambda c: (c.add_bits([Qubit()]), qn.entangle(c, *c.qubits))), [ZERO], ProgramError, "two nodes"
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line(given, figures, error, said):
    with pytest.raises(error, match=said) as caught:
        protocol_for(given, figures)
    assert "\n" not in str(caught.value)


def test_no_protocol_may_be_called_as_programs_are():
    with pytest.raises(UnknownNameError):
        qn.protocol_class("program")
    with pytest.raises(ParameterError, match="'program'"):
        qn.register(type("Own", (qn.RepeaterChain,), {"name": "program"}))
