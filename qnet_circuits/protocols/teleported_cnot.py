"""A CNOT between two nodes, teleported over one Bell pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.programs.blocks import measure_pauli, prepare
from qnet_circuits.programs.chains import chain_registers, distribute
from qnet_circuits.programs.cnot_protocol import CnotProtocol, ProcessSetting
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.registry import register


@register
@dataclass(frozen=True)
class TeleportedCnot(CnotProtocol):
    """A CNOT from Alice's qubit to Bob's, by one Bell pair and two messages.

    Alice's control is copied in the Z basis onto Bob's half of the pair (cat-entangler). The copy controls the gate there, and
    is then measured in the X basis (cat-disentangler; Yimsiriwattana and Lomonaco, arXiv:quant-ph/0402148). A Bell-diagonal
    pair gives the process fidelity F; the average gate fidelity is (4F + 1)/5.

    On hardware: 2N + 2 qubits in a line and 2N + 1 two-qubit gates for N hops.

    Args:
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.

    Example:
        >>> import numpy as np
        >>> len(TeleportedCnot().program(np.random.default_rng(0)).items)
        36
    """

    name: ClassVar[str] = "teleported-cnot"
    stage: ClassVar[str] = "few-qubit fault tolerant"

    @staticmethod
    def _circuit(network: Network, setting: ProcessSetting) -> QuantumCircuit:
        registers = chain_registers(network, first=2, last=2)
        (control, _), (_, target) = registers[0], registers[-1]
        cat, out = ClassicalRegister(2, "cat"), ClassicalRegister(2, "out")
        circuit = QuantumCircuit(*registers, cat, out)
        prepare(circuit, control, setting.states[0])
        prepare(circuit, target, setting.states[1])
        append_cnot(circuit, network, registers, cat)
        measure_pauli(circuit, control, setting.measured[0], out[0])
        measure_pauli(circuit, target, setting.measured[1], out[1])
        return circuit


def append_cnot(
    circuit: QuantumCircuit, network: Network, registers: Sequence[QuantumRegister], cat: ClassicalRegister
) -> None:
    """Append a CNOT from the first qubit of a chain's first node to the last qubit of its last node.

    Args:
        circuit: A circuit that holds the registers.
        network: The chain.
        registers: The registers of ``chain_registers`` with two qubits at each end.
        cat: Two bits that the corrections depend on.
    """
    (control, near), (far, target) = registers[0], registers[-1]
    x, z = distribute(circuit, network, (near, far))
    circuit.cx(control, near)
    circuit.measure(near, cat[0])
    correct(circuit, far, x=[*x, cat[0]], z=z)
    circuit.cx(far, target)
    circuit.h(far)
    circuit.measure(far, cat[1])
    correct(circuit, control, z=[cat[1]])
