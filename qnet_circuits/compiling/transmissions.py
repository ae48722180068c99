"""The carriers of ``transmit`` that are more than a new name for the same qubit."""

from __future__ import annotations

from collections import Counter

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Qubit

from qnet_circuits.compiling.building import free_name
from qnet_circuits.programs.blocks import bell_measurement
from qnet_circuits.programs.instructions import TRANSMIT, correct, entangle
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.locality import node_of


def teleport_transmissions(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with each ``transmit`` replaced by a teleportation over a Bell pair of the same link.

    The sender gets one more qubit for each transmission, in its own register, and two classical bits.
    """
    crossings = [instruction for instruction in circuit.data if instruction.operation.name == TRANSMIT]
    if not crossings:
        return circuit
    nodes = node_of(circuit)
    extra = Counter(nodes[crossing.qubits[0]] for crossing in crossings)
    registers = [QuantumRegister(reg.size + extra[reg.name], reg.name) for reg in circuit.qregs]
    bits = ClassicalRegister(2 * len(crossings), free_name("carrier", circuit))
    wider = QuantumCircuit(*registers, *circuit.cregs, bits, name=circuit.name)
    place: dict[Qubit, Qubit] = {
        qubit: new[k]
        for old, new in zip(circuit.qregs, registers, strict=True)
        for k, qubit in enumerate(old)
    }
    spare = {new.name: list(new[old.size :]) for old, new in zip(circuit.qregs, registers, strict=True)}
    crossed = 0
    for instruction in circuit.data:
        qubits = [place[qubit] for qubit in instruction.qubits]
        if instruction.operation.name != TRANSMIT:
            wider.append(instruction.operation, qubits, instruction.clbits)
            continue
        half = spare[nodes[instruction.qubits[0]]].pop(0)
        identity, x, y, z = (float(weight) for weight in instruction.operation.params)
        link = Link(pauli=(identity, x, y, z))
        z_bit, x_bit = bits[2 * crossed], bits[2 * crossed + 1]
        entangle(wider, half, qubits[1], link)
        bell_measurement(wider, qubits[0], half, z_bit, x_bit)
        correct(wider, qubits[1], x=[x_bit], z=[z_bit])
        crossed += 1
    return wider
