"""What makes a circuit a network program, and the messages and costs that follow from it."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, Qubit
from qiskit.circuit.library import PauliEvolutionGate, UnitaryGate, XGate
from qiskit.quantum_info import SparsePauliOp

from qnet_circuits.errors import LocalityError, ParameterError, ProgramError
from qnet_circuits.programs.blocks import bell_measurement, move
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import correct, entangle, transmit
from qnet_circuits.programs.locality import check_circuit, count
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program


@pytest.fixture
def circuit():
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(2, "bob")
    return QuantumCircuit(alice, bob, ClassicalRegister(2, "m"))


def test_gate_across_nodes(circuit):
    circuit.cx(1, 2)
    with pytest.raises(LocalityError, match=r"'cx'.*alice, bob") as caught:
        check_circuit(circuit)
    assert caught.value.nodes == ("alice", "bob")
    assert caught.value.instruction == "cx"


def test_barrier_and_control_flow_across_nodes(circuit):
    across = circuit.copy()
    across.barrier()
    with pytest.raises(LocalityError, match="barrier"):
        check_circuit(across)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
        circuit.x(2)
    with pytest.raises(LocalityError, match="if_else"):
        check_circuit(circuit)


def test_correction_that_reads_a_bit_measured_later(circuit):
    correct(circuit, circuit.qubits[2], x=[circuit.clbits[0]])
    circuit.measure(0, 0)
    with pytest.raises(ProgramError, match=r"bob\[0\].*m\[0\]"):
        check_circuit(circuit)


def test_correction_without_bits_or_with_one_twice(circuit):
    with pytest.raises(ProgramError, match="classical bit"):
        correct(circuit, circuit.qubits[0])
    with pytest.raises(ProgramError, match="one parity"):
        correct(circuit, circuit.qubits[0], x=[circuit.clbits[0]] * 2)


def test_link_operations_need_fresh_qubits(circuit):
    circuit.x(0)
    used = circuit.copy()
    entangle(used, used.qubits[0], used.qubits[2])
    with pytest.raises(ProgramError, match=r"'entangle'.*alice\[0\] in \|0⟩"):
        check_circuit(used)
    circuit.reset(0)
    entangle(circuit, circuit.qubits[0], circuit.qubits[2])
    check_circuit(circuit)
    transmit(circuit, circuit.qubits[1], circuit.qubits[2])
    with pytest.raises(ProgramError, match=r"'transmit'.*\|0⟩"):
        check_circuit(circuit)


def test_a_qubit_whose_state_has_moved_is_fresh(circuit):
    """Not if anything comes between the two CNOTs, nor if the target was used."""
    a, memory, b, _ = circuit.qubits
    entangle(circuit, a, b)
    half_way, used = circuit.copy(), circuit.copy()
    move(circuit, a, memory)
    check_circuit(circuit)
    moved = circuit.copy()
    entangle(moved, a, moved.qubits[3])
    check_circuit(moved)
    back = circuit.copy()
    move(back, memory, a)
    entangle(back, memory, back.qubits[3])
    check_circuit(back)
    for touched in (a, memory):
        between = half_way.copy()
        between.cx(a, memory)
        between.z(touched)
        between.cx(memory, a)
        _refused(between, a)
    used.x(memory)
    move(used, a, memory)
    _refused(used, a)
    _refused(circuit, memory)
    half_way.cx(a, memory)
    _refused(half_way, a)


def _refused(circuit, qubit):
    once_more = circuit.copy()
    entangle(once_more, qubit, once_more.qubits[3])
    with pytest.raises(ProgramError, match=r"in \|0⟩"):
        check_circuit(once_more)


def test_a_qubit_that_left_is_gone(circuit):
    transmit(circuit, circuit.qubits[0], circuit.qubits[2])
    circuit.x(0)
    with pytest.raises(ProgramError, match=r"alice\[0\].*bob"):
        check_circuit(circuit)


def test_link_operation_within_a_node_or_off_the_network(circuit):
    inside = circuit.copy()
    entangle(inside, inside.qubits[0], inside.qubits[1])
    with pytest.raises(ProgramError, match="alice"):
        check_circuit(inside)
    entangle(circuit, circuit.qubits[0], circuit.qubits[2])
    network = Network.from_edges([("alice", "carol"), ("carol", "bob")])
    with pytest.raises(LocalityError) as caught:
        check_circuit(circuit, network)
    assert (caught.value.instruction, set(caught.value.nodes)) == ("entangle", {"alice", "bob"})


def test_registers():
    with pytest.raises(ProgramError, match="quantum register"):
        check_circuit(QuantumCircuit([Qubit()], ClassicalRegister(1, "m")))
    with pytest.raises(ParameterError, match="alice "):
        check_circuit(QuantumCircuit(QuantumRegister(1, "alice ")))


def test_unbound_parameter(circuit):
    circuit.rx(Parameter("theta"), 0)
    with pytest.raises(ProgramError, match="theta"):
        check_circuit(circuit)


def test_messages_and_ledger_of_a_teleportation():
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(1, "bob")
    bits = ClassicalRegister(2, "m")
    circuit = QuantumCircuit(alice, bob, bits)
    entangle(circuit, alice[1], bob[0])
    bell_measurement(circuit, alice[0], alice[1], bits[0], bits[1])
    correct(circuit, bob[0], x=[bits[1]], z=[bits[0]])
    messages = check_circuit(circuit)
    assert [(m.bit, m.source, m.target, m.round) for m in messages] == [
        ("m[1]", "alice", "bob", 1),
        ("m[0]", "alice", "bob", 1),
    ]
    ledger = count(circuit, messages)
    assert ledger["bell_pairs"] == 1
    assert ledger["classical_bits"] == 2
    assert ledger["rounds"] == 1
    assert ledger["two_qubit_gates"] == 2
    assert ledger["qubits_per_node"] == {"alice": 2, "bob": 1}


def test_rounds_add_up_where_one_message_waits_for_another():
    a, b, c = (QuantumRegister(1, name) for name in "abc")
    bits = ClassicalRegister(2, "m")
    circuit = QuantumCircuit(a, b, c, bits)
    circuit.measure(a[0], bits[0])
    correct(circuit, b[0], x=[bits[0]])
    circuit.measure(b[0], bits[1])
    correct(circuit, c[0], x=[bits[1]])
    assert max(message.round for message in check_circuit(circuit)) == 2


def test_program_checks_names_and_figures(circuit):
    circuit.measure(0, 0)
    item = Item("one", circuit)
    with pytest.raises(ProgramError, match="one"):
        Program([item, item])
    with pytest.raises(ProgramError, match="'two'"):
        Program([item], [Figure("zz", parity("two", [("m", 0)]))])
    with pytest.raises(ProgramError, match=r"reads m\[5\]"):
        Program([item], [Figure("zz", parity("one", [("m", 5)]))])
    with pytest.raises(ProgramError, match="circuit"):
        Program([])
    for unmeasured in (
        QuantumCircuit(QuantumRegister(1, "alice")),
        QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "m")),
    ):
        with pytest.raises(ProgramError, match="'empty'"):
            Item("empty", unmeasured)


def test_a_measurement_in_a_branch_is_one():
    circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(2, "m"))
    with circuit.if_test((0, 0)):
        circuit.measure(0, 1)
    assert Item("branch", circuit).widths == {"m": 2}


def test_program_id_depends_on_content_alone(circuit):
    circuit.measure(0, 0)
    same = Program([Item("one", circuit)]).id
    assert Program([Item("one", circuit.copy())]).id == same
    circuit.x(1)
    assert Program([Item("one", circuit)]).id != same


def test_decisions_inside_decisions_are_checked():
    alice, bob, bits = QuantumRegister(1, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(2, "m")
    circuit = QuantumCircuit(alice, bob, bits)
    circuit.measure(alice[0], bits[0])
    with circuit.if_test((bits[0], True)), circuit.if_test((bits[1], True)):
        circuit.x(bob[0])
    with pytest.raises(ProgramError, match=r"m\[1\]"):
        check_circuit(circuit)


def _switched(value):
    circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(2, "m"))
    circuit.measure(0, 0)
    circuit.measure(0, 1)
    with circuit.switch(circuit.cregs[0]) as case, case(value):
        circuit.x(0)
    return circuit


def _encoded(*gates):
    circuit, inner = (
        QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "m")),
        QuantumCircuit(1, name="e"),
    )
    for gate in gates:
        getattr(inner, gate)(0)
    circuit.append(inner.to_gate(), [0])
    circuit.measure(0, 0)
    return circuit


def _of(gate):
    circuit = QuantumCircuit(QuantumRegister(gate.num_qubits, "alice"), ClassicalRegister(1, "m"))
    circuit.append(gate, circuit.qubits)
    circuit.measure(0, 0)
    return circuit


def _evolved(operator):
    return _of(PauliEvolutionGate(SparsePauliOp(operator), 1.0))


def _unitary(phase):
    """Return a circuit of a matrix of which text would show the corners alone, or eight digits."""
    return _of(UnitaryGate(np.diag(np.exp(1j * phase * (np.arange(64) == 32)))))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_switched(1), _switched(2)), (_encoded("x"), _encoded("z")), (_evolved("XX"), _evolved("ZY")),
        (_unitary(1.0), _unitary(2.0)), (_unitary(1.0), _unitary(1.0 + 1e-10)),
        (_of(XGate().control(2, ctrl_state=1)), _of(XGate().control(2, ctrl_state=2))),
    ],
    ids=["switch", "gate", "evolution", "matrix", "digits", "open control"],
)  # fmt: skip
def test_the_id_tells_cases_and_appended_circuits_apart(one, other):
    assert Program([Item("one", one)]).id == Program([Item("one", one.copy())]).id
    assert Program([Item("one", one)]).id != Program([Item("one", other)]).id
