"""A CNOT over any distance in constant depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit

from qnet_circuits.programs.blocks import measure_pauli, prepare
from qnet_circuits.programs.chains import chain_registers, entangle_links
from qnet_circuits.programs.cnot_protocol import CnotProtocol, ProcessSetting
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.registry import register


@register
@dataclass(frozen=True)
class LongRangeCnot(CnotProtocol):
    """A CNOT from Alice's qubit to Bob's over a chain of links, in a depth that does not grow with the length of the chain.

    Every link makes a Bell pair; every node then makes one CNOT, all at once, and measures its link qubits, one in Z and one
    in X. X on the target depends on the parity of the Z results, Z on the control on that of the X results (Bäumer et al.,
    arXiv:2308.13065). Pauli errors of the links multiply: Bell-diagonal links give their convolution's process fidelity.

    On hardware: 2N + 2 qubits in a line, 2N + 1 two-qubit gates in depth 2, 2N measurements and two real-time decisions for N
    hops.

    Args:
        hops: Number of links, at least 1; there are twice as many qubits between control and target. Default 2.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.

    Example:
        >>> import numpy as np
        >>> LongRangeCnot(hops=3).program(np.random.default_rng(0)).resources["rounds"]
        1
    """

    name: ClassVar[str] = "long-range-cnot"
    stage: ClassVar[str] = "few-qubit fault tolerant"
    default_hops: ClassVar[int] = 2

    @staticmethod
    def _circuit(network: Network, setting: ProcessSetting) -> QuantumCircuit:
        registers = chain_registers(network, first=2, last=2)
        (control, first), (last, target) = registers[0], registers[-1]
        ancillas = [first, *(qubit for station in registers[1:-1] for qubit in station), last]
        bits, out = ClassicalRegister(len(ancillas), "between"), ClassicalRegister(2, "out")
        circuit = QuantumCircuit(*registers, bits, out)
        prepare(circuit, control, setting.states[0])
        prepare(circuit, target, setting.states[1])
        entangle_links(circuit, network, ancillas)
        circuit.cx(control, first)
        for station in registers[1:-1]:
            circuit.cx(station[0], station[1])
        circuit.cx(last, target)
        for k, ancilla in enumerate(ancillas):
            measure_pauli(circuit, ancilla, "X" if k % 2 else "Z", bits[k])
        correct(circuit, target, x=bits[::2])
        correct(circuit, control, z=bits[1::2])
        measure_pauli(circuit, control, setting.measured[0], out[0])
        measure_pauli(circuit, target, setting.measured[1], out[1])
        return circuit
