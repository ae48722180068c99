"""Teleportation of a qubit, over one link or a chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit

from qnet_circuits.programs.blocks import (
    CARDINAL,
    State,
    bell_measurement,
    bloch_vector,
    check_state,
    measure_pauli,
    prepare,
)
from qnet_circuits.programs.chains import ChainProtocol, carry, chain_registers, distribute
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import protocol_class, register
from qnet_circuits.theory import bounds, teleportation
from qnet_circuits.theory.noise_parameters import NoiseParameters

_OUT = [("out", 0)]


@dataclass(frozen=True)
class _Sent:
    """Keeps ``state`` the first field: a dataclass collects the fields of its bases from the last base to the first."""

    state: State | None = None


@register
@dataclass(frozen=True)
class Teleportation(ChainProtocol, _Sent):
    """The state of a qubit moves from Alice to Bob, by a shared Bell pair and two classical bits.

    Alice measures her qubit and her half of the pair in the Bell basis; Bob corrects X and Z by the parities of her two bits
    and the stations'. The fidelity with a state of Bloch vector r is F = (1 + r·s)/2, from up to three Pauli settings; over
    the six cardinal states, a 2-design, its mean is that over all states, (2F + 1)/3 for a pair of fidelity F (Horodecki,
    Horodecki, Horodecki, arXiv:quant-ph/9807091). The mean fidelity is at most 2/3 without entanglement, and 1/2 without
    messages.

    On hardware: 2N + 1 qubits in a line and 2N two-qubit gates for N hops, two real-time decisions in feed-forward mode.

    Args:
        state: 0, 1, +, -, +i, -i, or angles in radians: (theta, phi), or ``theta=1.2, phi=0.5`` as text, which is needed if the
            two numbers could be amplitudes. Default: all six cardinal states.
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.

    Example:
        >>> len(Teleportation().program(np.random.default_rng(0)).items)
        6
    """

    name: ClassVar[str] = "teleportation"
    stage: ClassVar[str] = "quantum memory"

    def __post_init__(self) -> None:
        if self.state is not None:
            object.__setattr__(self, "state", check_state(self.state))
        super().__post_init__()

    def program(self, rng: np.random.Generator) -> Program:
        """Return a circuit for each state and each Pauli that its fidelity needs."""
        return state_program(self.chain, self.state)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity of the state; for all six states, the mean fidelity and that of each axis."""
        if not noise.ideal:
            return {}
        weights = self.chain.weights
        if self.state is not None:
            return {"fidelity": teleportation.state_fidelity(weights, bloch_vector(self.state))}
        axes = teleportation.axis_fidelities(weights)
        each = {f"fidelity_{axis}": value for axis, value in axes.items()}
        return {"fidelity": teleportation.average_fidelity(weights), **each}

    def baseline(self) -> Protocol:
        """Return the transport of the qubit itself, by SWAPs."""
        return protocol_class("swap-transport").from_parameters(
            network=self.chain, task="state", state=self.state
        )

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Without entanglement, the mean fidelity is at most 2/3; one known state can be sent without."""
        return {"fidelity": {"classical": bounds.TELEPORTATION_CLASSICAL}} if self.state is None else {}


def state_program(network: Network, state: State | None, direct: bool = False) -> Program:
    """Return the program that measures the fidelity of a state, or of all six cardinal ones, sent along a chain.

    Args:
        network: The chain.
        state: The state; None for all six cardinal ones.
        direct: Whether the qubit itself is carried, by SWAPs, instead of teleported.
    """
    items, settings = [], []
    for sent in list(CARDINAL) if state is None else [state]:
        for axis, component in zip("XYZ", bloch_vector(sent), strict=True):
            if abs(component) > 1e-12:
                label = str(sent) if sent in CARDINAL else "state"
                name = f"{label}_{axis.lower()}"
                circuit = _circuit(network, sent, axis, direct)
                tags = {"state": str(sent), "setting": axis}
                items.append(Item(name, circuit, tags, carrier="swap" if direct else None))
                settings.append((axis, component * parity(name, _OUT)))
    return Program(items, _figures(settings, state is None, 1.0 if direct else 0.5), network)


def _figures(settings: list[tuple[str, Expression]], average: bool, without: float) -> list[Figure]:
    """Return the fidelity, and for all six states also that of each axis."""
    total = sum((part for _, part in settings), Expression())
    fidelity = (1 + total / (6 if average else 1)) / 2
    figures = [Figure("fidelity", fidelity, ideal=1.0, without_messages=without, physical=(0.0, 1.0))]
    for axis in "XYZ" if average else "":
        both = sum((part for name, part in settings if name == axis), Expression())
        figures.append(
            Figure(f"fidelity_{axis.lower()}", (1 + both / 2) / 2, 1.0, without, physical=(0.0, 1.0))
        )
    return figures


def _circuit(network: Network, state: State, axis: str, direct: bool) -> QuantumCircuit:
    """Return the circuit that sends one state and measures one Pauli of what arrives."""
    registers = chain_registers(network, first=2)
    (data, half), bob = registers[0], registers[-1][0]
    bits, out = ClassicalRegister(2, "bell"), ClassicalRegister(1, "out")
    circuit = QuantumCircuit(*registers, *([] if direct else [bits]), out)
    prepare(circuit, data, state)
    if direct:
        circuit.swap(data, half)
        carry(circuit, network, half, bob)
    else:
        x, z = distribute(circuit, network, (half, bob))
        bell_measurement(circuit, data, half, z_bit=bits[0], x_bit=bits[1])
        correct(circuit, bob, x=[*x, bits[1]], z=[*z, bits[0]])
    measure_pauli(circuit, bob, axis, out[0])
    return circuit
