"""Superdense coding: two bits in one qubit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.programs.blocks import bell_measurement
from qnet_circuits.programs.expressions import Expression, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import entangle, transmit
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol, set_network
from qnet_circuits.programs.registry import register
from qnet_circuits.theory import bounds, teleportation
from qnet_circuits.theory.noise_parameters import NoiseParameters


@register
@dataclass(frozen=True)
class SuperdenseCoding(Protocol):
    """Two classical bits travel in one qubit, over a Bell pair that was shared before.

    Alice applies one of I, X, Z and ZX to her half and sends it; Bob's Bell measurement reads both bits (Bennett and Wiesner,
    Phys. Rev. Lett. 69, 2881 (1992)). With a Bell-diagonal pair of fidelity F both bits are right with probability F. The pair
    has the errors of the link; the qubit that carries the message is sent without further errors.

    On hardware: 2 qubits, 2 two-qubit gates; the run's ``carrier`` makes the transmission.

    Args:
        link_fidelity: Fidelity of the pair, in [0.25, 1]. Default 1.
        network: Two nodes with a link of their own, instead of ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, both are given, or the network has more than one link.

    Example:
        >>> SuperdenseCoding(link_fidelity=0.9).theory(NoiseParameters())
        {'success': 0.9}
    """

    name: ClassVar[str] = "superdense-coding"
    stage: ClassVar[str] = "quantum memory"
    link_fidelity: float | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        self._network()

    def _network(self) -> Network:
        return set_network(self, "a network of one link", None, 1)

    def program(self, rng: np.random.Generator) -> Program:
        """Return four circuits, one for each message."""
        network, items, success = self._network(), [], Expression()
        for message in ("00", "01", "10", "11"):
            items.append(Item(message, _circuit(network, message), {"message": message}))
            success = success + population(message, [("out", 0), ("out", 1)], [message]) / 4
        return Program(
            items, [Figure("success", success, ideal=1.0, without_messages=1.0, physical=(0.0, 1.0))], network
        )

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the probability that both bits are right."""
        (_, _, link) = self._network().links[0]
        return {"success": teleportation.dense_coding_success(link.weights)} if noise.ideal else {}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """One qubit without entanglement carries one bit: two bits are guessed with probability 1/2."""
        return {"success": {"classical": bounds.DENSE_CODING_CLASSICAL}}


def _circuit(network: Network, message: str) -> QuantumCircuit:
    """Return the circuit that sends a message: its first bit by Z, its second by X."""
    a, b, link = network.links[0]
    alice, bob, out = QuantumRegister(1, a), QuantumRegister(2, b), ClassicalRegister(2, "out")
    circuit = QuantumCircuit(alice, bob, out)
    entangle(circuit, alice[0], bob[0], link)
    if message[1] == "1":
        circuit.x(alice[0])
    if message[0] == "1":
        circuit.z(alice[0])
    transmit(circuit, alice[0], bob[1])
    bell_measurement(circuit, bob[1], bob[0], z_bit=out[0], x_bit=out[1])
    return circuit
