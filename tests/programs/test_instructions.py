"""Composite instructions hide no measurement, and what is no gate of a machine is taken apart or refused."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import AnnotatedOperation, Clbit, ControlModifier, IfElseOp, Instruction, Parameter, Qubit
from qiskit.circuit.classical import expr
from qiskit.circuit.library import GlobalPhaseGate, XGate
from qiskit.quantum_info import Clifford

from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.errors import ProgramError
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import correct, entangle
from qnet_circuits.programs.program import Item, Program
from tests.support.enumerator import corrected, distribution, registers_of, same


def two_nodes():
    """Return a circuit of two nodes with two qubits each, two bits to send, and one bit to read."""
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(2, "bob")
    circuit = QuantumCircuit(alice, bob, ClassicalRegister(2, "m"), ClassicalRegister(1, "out"))
    return circuit, list(circuit.qubits), list(circuit.clbits)


def program_of(circuit):
    return Program([Item("only", circuit)], [Figure("out", parity("only", [("out", 0)]))])


def out_of(circuit, mode="auto"):
    """Return the mean of (-1)^out: exactly, and as Aer samples it."""
    program = program_of(circuit)
    compiled = compile_program(program, corrections=mode)
    assert compiled.verify() > 0
    exact = ExactBackend("exact").evaluate(compiled, program.figures).values["out"].value
    backend = AerBackend("aer")
    (raw,) = backend.fetch(backend.submit(compiled, [400], 1))
    outcomes = {"only": compiled.items[0].lowered.forms.apply(raw, np.random.default_rng(0))}
    sampled = program.figures[0].estimate(outcomes)
    assert sampled.low - 0.1 <= exact <= sampled.high + 0.1
    return exact


def measuring(flip=True):
    """Return a circuit that flips a qubit, or not, and measures it."""
    inner = QuantumCircuit(1, 1, name="block")
    if flip:
        inner.x(0)
    inner.measure(0, 0)
    return inner


def test_a_measurement_inside_a_composite_instruction_is_seen():
    circuit, (a, *_), (*_, out) = two_nodes()
    circuit.append(measuring(), [a], [out])
    assert out_of(circuit) == pytest.approx(-1)
    nested, (a, *_), (*_, out) = two_nodes()
    outer = QuantumCircuit(2, 2)
    outer.append(measuring(), [1], [0])
    nested.append(outer, [nested.qubits[1], a], [out, nested.clbits[0]])
    assert out_of(nested) == pytest.approx(-1)


def test_a_block_in_a_branch_measures():
    circuit, (a, b, *_), (m, _, out) = two_nodes()
    circuit.h(a)
    circuit.measure(a, m)
    with circuit.if_test((m, True)):
        circuit.append(measuring(), [b], [out])
    (item,) = program_of(circuit)
    (branch,) = item.circuit.data[-1].operation.blocks
    assert [inside.name for inside in branch.data] == ["x", "measure"]


@pytest.mark.parametrize("mode", ["frame", "feedforward", "coherent"])
def test_a_block_that_overwrites_a_bit_of_a_correction_keeps_what_was_corrected(mode):
    circuit, (a, _, b, _), (m, _, out) = two_nodes()
    circuit.h(a)
    circuit.measure(a, m)
    correct(circuit, b, x=[m])
    circuit.reset(a)
    circuit.append(measuring(flip=False), [a], [m])
    circuit.measure(b, out)
    assert out_of(circuit, mode) == pytest.approx(0)


def test_a_whole_protocol_in_a_block_is_local_and_sends_its_messages():
    alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
    inner = QuantumCircuit(2, 1, name="send")
    entangle(inner, inner.qubits[0], inner.qubits[1])
    inner.measure(0, 0)
    correct(inner, inner.qubits[1], x=inner.clbits)
    circuit = QuantumCircuit(alice, bob, ClassicalRegister(1, "m"), ClassicalRegister(1, "out"))
    circuit.append(inner, [alice[0], bob[0]], [circuit.clbits[0]])
    circuit.measure(bob[0], circuit.clbits[1])
    assert (program_of(circuit).resources["bell_pairs"], program_of(circuit).resources["classical_bits"]) == (
        1,
        1,
    )
    assert out_of(circuit) == pytest.approx(1)


def test_an_appended_clifford_is_its_gates():
    """So is one inside a composite instruction, and a gate with control modifiers."""
    flip = Clifford(QuantumCircuit(1).compose(XGate(), [0]))
    spread = QuantumCircuit(2)
    spread.cx(0, 1)
    inner = QuantumCircuit(2)
    inner.append(Clifford(spread), [0, 1])
    circuit, (a, b, *_), (*_, out) = two_nodes()
    circuit.append(flip, [a])
    circuit.append(inner, [a, b])
    circuit.append(AnnotatedOperation(XGate(), ControlModifier(1)), [b, a])
    circuit.append(AnnotatedOperation(XGate(), ControlModifier(1)), [b, a])
    circuit.measure(b, out)
    assert out_of(circuit) == pytest.approx(-1)


def test_what_happens_to_no_qubit_is_left_out():
    circuit, (a, *_), (m, _, out) = two_nodes()
    circuit.append(GlobalPhaseGate(0.3), [])
    circuit.x(a)
    circuit.measure(a, m)
    with circuit.if_test((m, True)):
        pass
    with circuit.if_test((m, True)):
        circuit.append(GlobalPhaseGate(0.3), [])
    circuit.measure(a, out)
    assert out_of(circuit) == pytest.approx(-1)


def _variable(circuit):
    circuit.add_var("seen", True)


def _branch_variable(circuit):
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.add_var("seen", expr.lift(circuit.clbits[0]))


def _store(circuit):
    circuit.store(circuit.clbits[1], expr.lift(circuit.clbits[0]))


def _opaque(circuit):
    circuit.append(Instruction("readout", 1, 1, []), [0], [1])


def _hand_made(circuit):
    inner = QuantumCircuit(1, 1)
    with inner.if_test((inner.clbits[0], True)):
        inner.x(0)
    made = Instruction("made", 1, 1, [])
    made.definition = inner
    circuit.append(made, [0], [0])


@pytest.mark.parametrize("change", [_variable, _branch_variable, _store, _opaque, _hand_made])
def test_what_nothing_here_can_follow_is_refused_when_the_program_is_built(change):
    circuit, (a, *_), (m, _, out) = two_nodes()
    circuit.measure(a, m)
    change(circuit)
    circuit.measure(a, out)
    with pytest.raises(ProgramError) as refused:
        program_of(circuit)
    assert "\n" not in str(refused.value)


def test_a_circuit_with_nothing_to_take_apart_is_left_alone():
    circuit, (a, *_), (m, _, out) = two_nodes()
    circuit.measure(a, m)
    with circuit.if_test((m, True)):
        circuit.x(a)
    circuit.measure(a, out)
    assert program_of(circuit).items[0].circuit == circuit


def test_the_flattened_circuit_means_what_the_composite_one_did():
    circuit, (a, _, b, _), (m, _, out) = two_nodes()
    circuit.h(a)
    circuit.append(measuring(), [a], [m])
    correct(circuit, b, x=[m])
    circuit.measure(b, out)
    written_out = circuit.decompose(gates_to_decompose="block")
    meant, _ = registers_of(distribution(written_out))
    (item,) = compile_program(program_of(circuit), corrections="frame")
    assert same(meant, corrected(item.lowered)[0])


def decided_on_a_branchs_own_bit():
    inner, middle = QuantumCircuit(1), QuantumCircuit([Qubit()], [Clbit(), Clbit()])
    inner.x(0)
    middle.append(IfElseOp((middle.clbits[1], 1), inner), [0], [])
    return middle


def appended(circuit, m):
    circuit.append(IfElseOp((m[0], 1), decided_on_a_branchs_own_bit()), [0], list(m))


def appended_deeper(circuit, m):
    """Two branches around the decision: the bit is the middle one's, and neither the inner nor the outer one's."""
    with circuit.if_test((m[0], 1)):
        circuit.append(IfElseOp((m[0], 1), decided_on_a_branchs_own_bit()), [0], list(m))


def composed(circuit, m):
    other = QuantumCircuit(1, 2)
    with other.if_test((other.clbits[0], 1)), other.if_test((other.clbits[1], 1)):
        other.x(0)
    circuit.compose(other, [0], list(m), inplace=True)


def built(circuit, m):
    with circuit.if_test((m[0], 1)), circuit.if_test((m[1], 1)):
        circuit.x(0)


def program_with(nested):
    m = ClassicalRegister(2, "m")
    circuit = QuantumCircuit(QuantumRegister(1, "a"), m)
    circuit.measure(0, m[0])
    circuit.measure(0, m[1])
    nested(circuit, m)
    circuit.measure(0, m[0])
    return Program([Item("one", circuit)])


@pytest.mark.parametrize("nested", [appended, appended_deeper, composed])
def test_a_decision_inside_a_branch_on_other_bits_than_the_circuits_is_refused(nested):
    with pytest.raises(ProgramError, match="inside a branch"):
        program_with(nested)


def test_a_decision_inside_a_branch_on_the_circuits_bits_is_taken():
    assert program_with(built).resources


def content(circuit):
    """Return what a circuit does, in branches too, as values."""
    return Program([Item("one", circuit)]).id


def started():
    circuit = two_nodes()[0]
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit


def test_a_loop_over_numbers_is_its_turns_in_branches_too():
    looped, written = started(), started()
    with looped.for_loop(range(1, 6, 2)) as k:
        looped.rx(0.1 * k, 0)
        with looped.for_loop([3, -1]) as n:
            looped.rz(k * n, 1)
            with looped.if_test((looped.clbits[0], True)):
                looped.ry(k + n, 0)
    with looped.if_test((looped.clbits[0], True)), looped.for_loop(range(2)):
        looped.append(measuring(), [0], [1])
    for k in (1, 3, 5):
        written.rx(0.1 * k, 0)
        for n in (3, -1):
            written.rz(float(k * n), 1)
            with written.if_test((written.clbits[0], True)):
                written.ry(float(k + n), 0)
    with written.if_test((written.clbits[0], True)):
        for _ in range(2):
            written.x(0)
            written.measure(0, 1)
    assert content(looped) == content(written)
    assert content(looped) != content(started())


def test_loops_that_share_their_parameter_count_by_the_inner_one():
    k, looped, written = Parameter("k"), started(), started()
    with looped.for_loop(range(2), k), looped.for_loop((5, 6), k):
        looped.rx(k, 0)
    for angle in (5.0, 6.0, 5.0, 6.0):
        written.rx(angle, 0)
    assert content(looped) == content(written)


def test_link_operations_and_corrections_stand_in_loops():
    circuit, (a, _, b, _), (m, _, out) = two_nodes()
    with circuit.for_loop(range(3)):
        circuit.reset([a, b])
        entangle(circuit, a, b)
        circuit.measure(a, m)
        correct(circuit, b, x=[m])
    circuit.measure(b, out)
    resources = program_of(circuit).resources
    assert (resources["bell_pairs"], resources["classical_bits"]) == (3, 3)
    for mode in ("frame", "feedforward"):
        assert out_of(circuit, mode) == pytest.approx(1)


def test_a_loop_without_turns_is_left_out():
    circuit = started()
    with circuit.for_loop(range(0)):
        circuit.x(0)
    assert content(circuit) == content(started())


def _broken(circuit):
    with circuit.for_loop(range(2)), circuit.if_test((circuit.clbits[0], True)):
        circuit.break_loop()


def _continued(circuit):
    with circuit.for_loop(range(2)):
        circuit.x(0)
        circuit.continue_loop()


def _endless(circuit):
    with circuit.for_loop(range(10**9)):
        circuit.x(0)


def _nested(circuit):
    with circuit.for_loop(range(1000)), circuit.for_loop(range(1000)):
        circuit.x(0)


def _counted(circuit):
    with circuit.for_loop(range(2)) as k, circuit.if_test((circuit.clbits[0], True)):
        circuit.rx(k * Parameter("other"), 0)


@pytest.mark.parametrize("loop", [_broken, _continued, _endless, _nested, _counted])
def test_a_loop_whose_turns_are_not_fixed_or_too_many_is_refused(loop):
    circuit = started()
    loop(circuit)
    with pytest.raises(ProgramError) as refused:
        Program([Item("one", circuit)])
    assert "\n" not in str(refused.value)
