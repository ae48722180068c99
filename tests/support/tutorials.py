"""Circuits of public tutorials, rebuilt with the same registers and instructions; docs/any-circuit.md says what was changed."""

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.circuit.classical import expr


def teleportation():
    """IBM Quantum Learning, "Quantum teleportation", experiment 1: circuit, as it is there."""
    secret, alice, bob = (QuantumRegister(1, name) for name in "QAB")
    bits = ClassicalRegister(3, "c")
    circuit = QuantumCircuit(secret, alice, bob, bits)
    theta, phi = 1.1766, 5.9735
    circuit.h(alice)
    circuit.cx(alice, bob)
    circuit.barrier()
    circuit.u(theta, phi, 0.0, secret)
    circuit.barrier()
    circuit.cx(secret, alice)
    circuit.h(secret)
    circuit.barrier()
    circuit.measure(alice, bits[1])
    circuit.measure(secret, bits[0])
    with circuit.if_test((bits[1], 1)):
        circuit.x(bob)
    with circuit.if_test((bits[0], 1)):
        circuit.z(bob)
    circuit.barrier()
    circuit.u(theta, phi, 0.0, bob).inverse()
    circuit.measure(bob, bits[2])
    return circuit


def superdense_coding():
    """IBM Quantum Learning, "Entanglement in action", with a coin that is tossed twice: as it is there."""
    coin, alice, bob = (QuantumRegister(1, name) for name in ("coin", "A", "B"))
    sent_c, sent_d, read_c, read_d = (
        ClassicalRegister(1, name) for name in ("Alice c", "Alice d", "Bob c", "Bob d")
    )
    circuit = QuantumCircuit(coin, alice, bob, sent_d, sent_c)
    circuit.h(alice)
    circuit.cx(alice, bob)
    circuit.barrier()
    for bit in (sent_c, sent_d):
        circuit.h(coin)
        circuit.measure(coin, bit)
    circuit.barrier()
    with circuit.if_test((sent_d, 1), label="Z"):
        circuit.z(alice)
    with circuit.if_test((sent_c, 1), label="X"):
        circuit.x(alice)
    circuit.barrier()
    circuit.cx(alice, bob)
    circuit.h(alice)
    circuit.barrier()
    circuit.add_register(read_d, read_c)
    circuit.measure(alice, read_d)
    circuit.measure(bob, read_c)
    return circuit


def long_range_cnot(distance, basis):
    """IBM's tutorial "Long-range CNOT with parallel Bell pairs", measured in one of three bases: as it is there."""
    pairs, odd = divmod(distance, 2)
    registers = (
        ClassicalRegister(n, name) for n, name in ((2, "cr"), (pairs, "c1"), (distance - pairs, "c2"))
    )
    out, zz, xx = registers
    circuit = QuantumCircuit(QuantumRegister(distance + 2, "q"), out, zz, xx, name="CNOT")
    last, first = distance + 1, 1 + odd
    circuit.h(0)
    circuit.barrier()
    if odd:
        circuit.cx(0, 1)
    for k in range(pairs):
        circuit.h(first + 2 * k)
        circuit.cx(first + 2 * k, first + 2 * k + 1)
    for k in range(pairs + 1):
        circuit.cx(first - 1 + 2 * k, first + 2 * k)
    measured = [2 * k + 1 - first for k in range(1, pairs + first)]
    circuit.h(measured)
    circuit.barrier()
    circuit.measure([first + 2 * k for k in range(pairs)], zz)
    circuit.measure(measured, xx)
    with circuit.if_test(_parity(xx)):
        circuit.z(0)
    with circuit.if_test(_parity(zz)):
        circuit.x(last)
    circuit.barrier()
    if basis == "YY":
        circuit.sdg([0, last])
    if basis != "ZZ":
        circuit.h([0, last])
    circuit.measure([0, last], out)
    return circuit


def chsh():
    """IBM's tutorial "CHSH inequality": a circuit with an angle, that measures nothing, as it is there."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.ry(Parameter("$\\theta$"), 0)
    return circuit


def ghz(qubits):
    """IBM's guide "Classical feedforward and control flow": glued pairs, measured nowhere at last, as it is there."""
    wires, bits = QuantumRegister(qubits, "qr"), ClassicalRegister(qubits // 2 - 1, "m")
    circuit = QuantumCircuit(wires, bits)
    circuit.reset(wires)
    circuit.h(wires[::2])
    circuit.cx(wires[::2], wires[1::2])
    glued = np.arange(1, qubits - 1, 2)
    circuit.cx(glued, glued + 1)
    for k, wire in enumerate(glued + 1):
        circuit.measure(wire, bits[k])
        circuit.reset(wire)
    for wire in range(3, qubits, 2):
        before = list(bits)[: (wire - 1) // 2]
        with circuit.if_test(_parity(before)):
            circuit.x(wire)
    circuit.cx(glued, glued + 1)
    return circuit


def _parity(bits):
    condition = expr.lift(bits[0])
    for bit in bits[1:]:
        condition = expr.bit_xor(bit, condition)
    return condition
