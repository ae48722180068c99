"""A CNOT between two nodes, teleported over one Bell pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit

from qnet_circuits.circuits.blocks import chain_registers, distribute, measure_pauli, prepare
from qnet_circuits.circuits.corrections import correct
from qnet_circuits.circuits.process import ProcessSetting, process_fidelity, settings, truth_table
from qnet_circuits.figures import Figure
from qnet_circuits.network import Network
from qnet_circuits.program import Item, Program
from qnet_circuits.protocol import Protocol, register, set_network
from qnet_circuits.theory import bounds, swapping, teleportation
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.noise_parameters import NoiseParameters


def cnot_figures() -> list[Figure]:
    """Return the figures of a CNOT between nodes: process fidelity and truth table."""
    return [
        Figure("fidelity", process_fidelity(), ideal=1.0, without_messages=0.25, physical=(0.0, 1.0)),
        Figure("truth_table", truth_table(), ideal=1.0, without_messages=0.5),
    ]


def cnot_theory(weights: Weights) -> dict[str, float]:
    """Return the figures of a CNOT that is teleported over a Bell-diagonal pair.

    The pair's X becomes X on the target, its Z becomes Z on the control, which the truth table does not see.
    """
    return {
        "fidelity": teleportation.gate_process_fidelity(weights),
        "truth_table": weights[0] + weights[3],
    }


@register
@dataclass(frozen=True)
class TeleportedCnot(Protocol):
    """A CNOT from Alice's qubit to Bob's, by one Bell pair and two messages.

    Alice's control is copied, in the Z basis, onto Bob's half of the pair (cat-entangler), acts there, and the copy is measured
    away in the X basis (cat-disentangler; Yimsiriwattana and Lomonaco, arXiv:quant-ph/0402148). A Bell-diagonal pair gives the
    process fidelity F; the average gate fidelity is (4F + 1)/5.

    On hardware: 2N + 2 qubits in a line and 2N + 1 two-qubit gates for N hops.

    Args:
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of the two.

    Raises:
        ParameterError: If a value is out of range, or both ways are given.

    Example:
        >>> len(TeleportedCnot().program(np.random.default_rng(0)).items)
        36
    """

    name: ClassVar[str] = "teleported-cnot"
    hops: int | None = None
    link_fidelity: float | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        self._network().path()

    def _network(self) -> Network:
        return set_network(self, "a chain", "hops", 1)

    def program(self, rng: np.random.Generator) -> Program:
        """Return 36 circuits: products of eigenstates in, products of Paulis out."""
        network = self._network()
        items = [
            Item(
                s.name, _circuit(network, s), {"states": ",".join(map(str, s.states)), "measured": s.measured}
            )
            for s in settings()
        ]
        return Program(items, cnot_figures(), network)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return process fidelity and truth table of the links' convolution."""
        if not noise.ideal:
            return {}
        return cnot_theory(swapping.chain_weights([link.weights for _, _, link in self._network().links]))

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Without entanglement a process fidelity of 1/2 cannot be exceeded."""
        return {"fidelity": {"local": bounds.CNOT_LOCAL}}


def _circuit(network: Network, setting: ProcessSetting) -> QuantumCircuit:
    registers = chain_registers(network, first=2, last=2)
    (control, near), (far, target) = registers[0], registers[-1]
    cat, out = ClassicalRegister(2, "cat"), ClassicalRegister(2, "out")
    circuit = QuantumCircuit(*registers, cat, out)
    prepare(circuit, control, setting.states[0])
    prepare(circuit, target, setting.states[1])
    x, z = distribute(circuit, network, (near, far))
    circuit.cx(control, near)
    circuit.measure(near, cat[0])
    correct(circuit, far, x=[*x, cat[0]], z=z)
    circuit.cx(far, target)
    circuit.h(far)
    circuit.measure(far, cat[1])
    correct(circuit, control, z=[cat[1]])
    measure_pauli(circuit, control, setting.measured[0], out[0])
    measure_pauli(circuit, target, setting.measured[1], out[1])
    return circuit
