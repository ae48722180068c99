"""Fences: one-qubit barriers with unique labels, at each end of every operation between two nodes.

They stop every pass of a compiler from cancelling, merging or moving gates across the boundary, at any optimisation level.
A joint barrier would do so too, but make the two nodes wait for one another.
"""

from __future__ import annotations

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, CircuitInstruction, Qubit

_PREFIX = "fence:"


def put_fence(circuit: QuantumCircuit, qubit: Qubit, label: str) -> None:
    """Append a fence with a label, unique in its circuit."""
    circuit.append(Barrier(1, label=_PREFIX + label), [qubit])


def fence(qubit: Qubit, label: str) -> CircuitInstruction:
    """Return a fence with a label, unique in its circuit, as an instruction."""
    return CircuitInstruction(Barrier(1, label=_PREFIX + label), (qubit,))


def fence_label(instruction: CircuitInstruction) -> str | None:
    """Return the label of a fence, or None for any other instruction."""
    if instruction.name != "barrier":
        return None
    label = instruction.label or ""
    return label.removeprefix(_PREFIX) if label.startswith(_PREFIX) else None


def fence_labels(circuit: QuantumCircuit) -> list[str]:
    """Return the labels of all fences of a circuit, in order."""
    labels = (fence_label(instruction) for instruction in circuit.data)
    return [label for label in labels if label is not None]
