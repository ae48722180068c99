"""The two link operations: the only instructions that may touch two nodes.

They are placeholders in an ordinary ``QuantumCircuit``; compilation replaces them by gates, fences and noise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from qiskit import QuantumCircuit
from qiskit.circuit import Instruction, Qubit

from qnet_circuits.programs.network import Link

ENTANGLE = "entangle"
TRANSMIT = "transmit"
LINK_OPERATIONS = (ENTANGLE, TRANSMIT)
#: What a transmission is on a machine.
CARRIERS = ("relabel", "swap", "teleport")
_LINK_FIGURE = re.compile(r"fidelity((?:_\d+){2}|(?:_\d+){4})")
_T = TypeVar("_T")


def entangle(circuit: QuantumCircuit, a: Qubit, b: Qubit, link: Link | None = None) -> None:
    """Append a Bell pair across a link.

    The two qubits, which must be in |0⟩ (unused, or just reset), become the pair Φ+ = (|00⟩ + |11⟩)/√2, to which the link's
    Pauli errors happen. This is RFC 9340's heralded entanglement generation, seen after the herald.

    Args:
        circuit: The protocol's circuit, with one quantum register for each node.
        a: A qubit of one node.
        b: A qubit of the other node.
        link: The link, whose errors the pair suffers; none by default.

    Example:
        >>> from qiskit import QuantumCircuit, QuantumRegister
        >>> alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
        >>> circuit = QuantumCircuit(alice, bob)
        >>> entangle(circuit, alice[0], bob[0], Link(fidelity=0.97))
        >>> circuit.data[0].operation.name
        'entangle'
    """
    weights = (link or Link()).weights
    circuit.append(Instruction(ENTANGLE, 2, 0, list(weights)), [a, b])


def transmit(circuit: QuantumCircuit, source: Qubit, target: Qubit, link: Link | None = None) -> None:
    """Append the crossing of a qubit over a link.

    The state of ``source`` becomes that of ``target``, at another node, and the link's Pauli errors happen to it. What this
    is on a machine is the run's ``carrier``: the same physical qubit, a SWAP, or a teleportation.

    Args:
        circuit: The protocol's circuit, with one quantum register for each node.
        source: The qubit that leaves; it may not be used afterwards.
        target: An unused qubit of the receiving node, in |0⟩.
        link: The link, whose errors the qubit suffers; none by default.

    Example:
        >>> from qiskit import QuantumCircuit, QuantumRegister
        >>> alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
        >>> circuit = QuantumCircuit(alice, bob)
        >>> circuit.h(alice[0])
        <qiskit.circuit.instructionset.InstructionSet object at ...>
        >>> transmit(circuit, alice[0], bob[0])
    """
    weights = (link or Link()).weights
    circuit.append(Instruction(TRANSMIT, 2, 0, list(weights)), [source, target])


def link_figure(place: Iterable[int]) -> str:
    """Return the name of the figure of a link between physical qubits, or of a line of them: ``fidelity_0_1``."""
    return "_".join(["fidelity", *map(str, place)])


def links_of(figures: Mapping[str, _T]) -> dict[tuple[int, ...], _T]:
    """Return the figures of links, or of lines of four qubits, by their physical qubits.

    Example:
        >>> links_of({"mean_fidelity": 0.94, "fidelity_0_1": 0.94})
        {(0, 1): 0.94}
    """
    found = {name: _LINK_FIGURE.fullmatch(name) for name in figures}
    return {tuple(map(int, match[1].split("_")[1:])): figures[name] for name, match in found.items() if match}
