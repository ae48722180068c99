"""States of two qubits are what their amplitudes say, and qubits cross a chain in both directions."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import Statevector

import qnet_circuits as qn
from qnet_circuits.programs.sending import cross, crossing_registers, prepare_pair


def test_any_real_state_of_two_qubits_is_prepared():
    rng = np.random.default_rng(1)
    for drawn in [*rng.normal(size=(20, 4)), *np.eye(4), np.ones(4)]:
        amplitudes = drawn / np.linalg.norm(drawn)
        circuit = QuantumCircuit(QuantumRegister(2, "alice"))
        prepare_pair(circuit, *circuit.qubits, list(amplitudes))
        made = Statevector(circuit).data.reshape(2, 2).T.ravel()
        assert made == pytest.approx(amplitudes, abs=1e-12)
        assert circuit.count_ops()["cx"] == 1


@pytest.mark.parametrize("amplitudes", [[1.0, 0.0], [0.5, 0.5, 0.5, 0.6], [np.nan, 0, 0, 0]])
def test_what_is_no_state_is_refused(amplitudes):
    circuit = QuantumCircuit(QuantumRegister(2, "alice"))
    with pytest.raises(qn.errors.ParameterError, match="amplitudes"):
        prepare_pair(circuit, *circuit.qubits, amplitudes)


def test_a_qubit_crosses_a_chain_and_comes_back():
    network = qn.Network.chain(3, qn.Link(pauli=(0.9, 0.1, 0.0, 0.0)))
    out = ClassicalRegister(1, "out")
    circuit = QuantumCircuit(*crossing_registers(network, (2, 1), 2), out)
    alice, bob = circuit.qregs[0], circuit.qregs[3]
    cross(circuit, network, alice[0], bob[0])
    cross(circuit, network, bob[0], alice[1], crossing=1)
    circuit.measure(alice[1], out[0])
    flipped = qn.Figure("flipped", qn.population("there and back", [("out", 0)], ["1"]))
    program = qn.Program([qn.Item("there and back", circuit)], [flipped], network)
    assert program.items[0].circuit.count_ops()["transmit"] == 6
    assert qn.predict(program, "exact")["flipped"].value == pytest.approx((1 - 0.8**6) / 2, abs=1e-12)
