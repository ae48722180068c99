"""Decisions on words: a comparison or a switch is verified to be the table that it is, and no other."""

import itertools
from contextlib import contextmanager
from functools import reduce

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import CASE_DEFAULT
from qiskit.circuit.classical import expr

import qnet_circuits as qn
from qnet_circuits.compiling.verifying.boundaries import verify_boundaries
from qnet_circuits.errors import UnsupportedError, VerificationError
from tests.support.programs import put_fence

WIDTH = 2
A, B = ClassicalRegister(WIDTH, "a"), ClassicalRegister(WIDTH, "b")
SIX, SEVEN = ClassicalRegister(6, "six"), ClassicalRegister(7, "seven")


@contextmanager
def measured(*registers):
    """Give a circuit that measures registers of random bits, and at last one qubit more, on which it may decide."""
    bits, out = sum(map(len, registers)), ClassicalRegister(1, "out")
    circuit = QuantumCircuit(QuantumRegister(bits + 1, "q"), *registers, out)
    circuit.h(range(bits))
    for k, bit in enumerate(bit for register in registers for bit in register):
        circuit.measure(k, bit)
    yield circuit
    circuit.measure(bits, out)


def deciding(condition):
    with measured(A, B) as circuit, circuit.if_test(condition):
        circuit.ry(0.3, -1)
    return circuit


def tabulated(holds):
    """Return the circuit that decides on each value of both words by itself, with nothing but bits."""
    with measured(A, B) as circuit:
        for a, b in itertools.product(range(2**WIDTH), repeat=2):
            bits = [(A[k], a >> k & 1) for k in range(WIDTH)] + [(B[k], b >> k & 1) for k in range(WIDTH)]
            terms = [expr.lift(bit) if value else expr.logic_not(bit) for bit, value in bits]
            if holds(a, b):
                with circuit.if_test(reduce(expr.logic_and, terms)):
                    circuit.ry(0.3, -1)
    return circuit


CONDITIONS = {
    "equal": (lambda: expr.equal(A, B), lambda a, b: a == b),
    "not equal": (lambda: expr.not_equal(A, 2), lambda a, b: a != 2),
    "less": (lambda: expr.less(A, B), lambda a, b: a < b),
    "less or equal": (lambda: expr.less_equal(A, 1), lambda a, b: a <= 1),
    "greater": (lambda: expr.greater(A, B), lambda a, b: a > b),
    "greater or equal": (lambda: expr.greater_equal(A, B), lambda a, b: a >= b),
    "of what is computed": (lambda: expr.less(expr.bit_xor(A, B), expr.bit_not(A)), lambda a, b: (a ^ b) < (~a & 3)),
    "as a truth value": (lambda: expr.cast(A, expr.equal(A, 0).type), lambda a, b: a != 0),
    "a bit of a word": (lambda: expr.index(B, 1), lambda a, b: b >> 1 & 1),
    "with others": (lambda: expr.logic_or(expr.less(A, B), expr.equal(B, 0)), lambda a, b: a < b or b == 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_comparison_of_registers_is_its_table_and_no_other(name):
    condition, holds = CONDITIONS[name]
    circuit, known = deciding(condition()), set()
    assert verify_boundaries(circuit, tabulated(holds), known) > 0
    for a, b in ((0, 0), (1, 2), (3, 1)):
        with pytest.raises(VerificationError):
            verify_boundaries(
                circuit, tabulated(lambda x, y, at=(a, b): bool(holds(x, y)) != ((x, y) == at)), known
            )


def switching(angles, otherwise, target=A):
    """Return a circuit that rotates by an angle for each value of a target, and by another one for the rest."""
    with measured(A, B) as circuit, circuit.switch(target) as case:
        for values, angle in angles.items():
            with case(*values):
                circuit.ry(angle, -1)
        if otherwise is not None:
            with case(CASE_DEFAULT):
                circuit.ry(otherwise, -1)
    return circuit


def by_value(angles):
    with measured(A, B) as circuit:
        for value, angle in enumerate(angles):
            with circuit.if_test((A, value)):
                circuit.ry(angle, -1)
    return circuit


def test_a_switch_is_a_decision_for_each_value():
    meant = switching({(0, 3): 0.1, (2,): 0.2}, 0.3)
    assert verify_boundaries(meant, by_value([0.1, 0.3, 0.2, 0.1])) > 0
    for other in ([0.1, 0.3, 0.2, 0.3], [0.1, 0.2, 0.3, 0.1], [0.1, 0.0, 0.2, 0.1]):
        with pytest.raises(VerificationError):
            verify_boundaries(meant, by_value(other))
    assert verify_boundaries(switching({(1,): 0.2}, None), by_value([0, 0.2, 0, 0])) > 0
    of_bit = switching({(True,): 0.2}, None, A[0])
    assert verify_boundaries(of_bit, by_value([0, 0.2, 0, 0.2])) > 0
    of_expression = switching({(1,): 0.2}, 0.1, expr.bit_not(A))
    assert verify_boundaries(of_expression, by_value([0.1, 0.1, 0.2, 0.1])) > 0


def test_too_many_bits_to_compare_are_refused():
    with measured(SIX, SEVEN) as circuit, circuit.if_test(expr.less(SIX, expr.lift(SEVEN))):
        circuit.x(-1)
    with pytest.raises(UnsupportedError, match="13 bits"):
        verify_boundaries(circuit, circuit)


@pytest.mark.parametrize("level", [0, 2])
def test_a_compiled_switch_and_a_compiled_comparison_are_verified(level):
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(2, "bob")
    word, out = ClassicalRegister(2, "word"), ClassicalRegister(1, "out")
    circuit = QuantumCircuit(alice, bob, word, out)
    qn.entangle(circuit, alice[1], bob[0])
    circuit.h(alice[0])
    circuit.measure(alice, word)
    with circuit.switch(word) as case:
        with case(1, 2):
            circuit.ry(0.3, bob[1])
        with case(CASE_DEFAULT):
            circuit.h(bob[1])
    with circuit.if_test(expr.less(word, 2)):
        circuit.x(bob[0])
    circuit.cx(bob[0], bob[1])
    circuit.measure(bob[1], out)
    figure = qn.Figure("one", qn.parity("only", [("out", 0)]))
    compiled = qn.compile(
        qn.Program([qn.Item("only", circuit)], [figure]), "aer:fake_torino", optimization_level=level
    )
    assert compiled.verify() > 0


def test_what_circuits_share_is_compared_once(monkeypatch, any_place):
    from qnet_circuits.compiling.verifying import boundaries

    compared, real = [], boundaries.differing_flow
    monkeypatch.setattr(boundaries, "differing_flow", lambda *pair: compared.append(pair) or real(*pair))
    assert qn.compile(qn.Ghz(parties=4), "aer:fake_torino").verify() > 5 * len(compared) > 0


def crossing(joined=(0, 1), fences="abcd", bits=(0, 1), angle=0.3, value=1):
    """Return a circuit of two wires with fences before two gates, and after them unless they are left out, and a decision."""
    circuit = QuantumCircuit(2, 3)
    circuit.h([0, 1])
    for qubit, label in zip(circuit.qubits, fences[:2], strict=True):
        put_fence(circuit, qubit, label)
    circuit.ry(angle, 1)
    circuit.cx(*joined)
    for qubit, label in zip(circuit.qubits, fences[2:], strict=False):
        put_fence(circuit, qubit, label)
    circuit.measure([0, 1], bits)
    with circuit.if_test((circuit.clbits[0], value)):
        circuit.x(1)
    circuit.measure(1, 2)
    return circuit


@pytest.mark.parametrize(
    ("usual", "change"),
    [
        ({}, {"joined": (1, 0)}), ({}, {"fences": "bacd"}), ({}, {"fences": "abdc", "bits": (1, 0)}),
        ({"fences": "ab"}, {"fences": "ab", "bits": (1, 0)}), ({}, {"angle": 0.31}), ({}, {"value": 0}),
    ],
    ids=str,
)  # fmt: skip
def test_what_was_compared_before_hides_no_difference(usual, change):
    known = set()
    for same in (crossing(**usual), crossing(**change)):
        assert verify_boundaries(same, same, known) > 0
    assert known
    with pytest.raises(VerificationError):
        verify_boundaries(crossing(**usual), crossing(**change), known)
