"""Qubits that cross a chain of links, one after the other, and states of two qubits that are made to be sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Qubit

from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.instructions import transmit
from qnet_circuits.programs.network import Network

#: Amplitudes whose squares miss 1 by more than this are no state.
_ROUNDING = 1e-9


def crossing_registers(network: Network, ends: tuple[int, int], crossings: int) -> list[QuantumRegister]:
    """Return a quantum register for each node of a chain: at stations a qubit for each crossing, at the ends as given.

    Args:
        network: The chain.
        ends: The number of qubits of the first and of the last node.
        crossings: How many qubits cross the chain, in either direction.

    Example:
        >>> [register.size for register in crossing_registers(Network.chain(3), (1, 4), 2)]
        [1, 2, 2, 4]
    """
    path = network.path()
    sizes = [ends[0], *[crossings] * (len(path) - 2), ends[1]]
    return [QuantumRegister(size, node) for size, node in zip(sizes, path, strict=True)]


def cross(circuit: QuantumCircuit, network: Network, qubit: Qubit, target: Qubit, crossing: int = 0) -> None:
    """Append the way of a qubit from one end of a chain to the other, link after link.

    It arrives at each station on a qubit of its own and leaves from there. Nothing is measured, so no message is needed.

    Args:
        circuit: A circuit with the registers of ``crossing_registers``.
        network: The chain.
        qubit: A qubit of the first node, or of the last one.
        target: An unused qubit of the other end.
        crossing: The number of the crossing, from 0.

    Example:
        >>> registers = crossing_registers(Network.chain(2), (1, 1), 1)
        >>> circuit = QuantumCircuit(*registers)
        >>> cross(circuit, Network.chain(2), registers[2][0], registers[0][0])
        >>> circuit.count_ops()["transmit"]
        2
    """
    registers: Mapping[str, QuantumRegister] = {register.name: register for register in circuit.qregs}
    path = network.path()
    if qubit in registers[path[-1]]:
        path = path[::-1]
    for here, there in pairwise(path):
        arrival = target if there == path[-1] else registers[there][crossing]
        transmit(circuit, qubit, arrival, network.link(here, there))
        qubit = arrival


def prepare_pair(circuit: QuantumCircuit, first: Qubit, second: Qubit, amplitudes: Sequence[float]) -> None:
    """Append gates that take |00⟩ of two qubits of a node to a state with real amplitudes: one CNOT and three rotations.

    The amplitudes are a matrix R(φ) diag(s, t) R(θ) with two rotations. One rotation and the CNOT make s|00⟩ + t|11⟩, and each
    qubit is then turned by itself.

    Args:
        circuit: The protocol's circuit.
        first: A qubit in |0⟩.
        second: Another one of the same node.
        amplitudes: Those of 00, 01, 10 and 11, the bit of ``first`` first.

    Raises:
        ParameterError: If there are not four amplitudes, or their squares do not sum to 1.

    Example:
        >>> circuit = QuantumCircuit(QuantumRegister(2, "alice"))
        >>> prepare_pair(circuit, *circuit.qubits, [0.5, 0.5, 0.5, -0.5])
        >>> dict(circuit.count_ops())
        {'ry': 3, 'cx': 1}
    """
    if len(amplitudes) != 4 or not abs(sum(a * a for a in amplitudes) - 1) < _ROUNDING:
        raise ParameterError(
            f"two qubits need four real amplitudes whose squares sum to 1, got {amplitudes!r}"
        )
    a, b, c, d = amplitudes
    difference, total = math.atan2(c + b, a - d), math.atan2(c - b, a + d)
    plus, minus = math.hypot(a + d, c - b), math.hypot(a - d, c + b)
    circuit.ry(2 * math.atan2(plus - minus, plus + minus), first)
    circuit.cx(first, second)
    circuit.ry(total + difference, first)
    circuit.ry(difference - total, second)
