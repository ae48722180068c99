"""Stretches of a qubit that copies of it may outlast, so that its packet goes on."""

from __future__ import annotations

import cmath
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qnet_circuits.distributed.steps import Joint, Matrix, Steps, Turn

_ROUNDING = 1e-9
_Z: Matrix = np.diag([1, -1]).astype(complex)


@dataclass(frozen=True)
class Stretch:
    """A segment between two turns, in which a qubit meets gates CZ alone and after which it is as before, up to flips.

    Before the first turn and after the second one, each CZ with another qubit w is a flip that depends on w: so H, CZ, H is a
    CNOT with w as its control. A copy in the Z basis stays a copy if CNOTs from w flip it as well, which takes w at its node.

    Args:
        gates: The gates CZ, by their places among the steps, each with the other qubit and its segment.
        flips: Whether the two turns alone are a flip, so that copies are flipped once more.
    """

    gates: tuple[tuple[int, tuple[int, int]], ...]
    flips: bool


def is_cz(gate: Joint) -> bool:
    """Tell whether a gate is CZ, also as a controlled phase of π."""
    return gate.name == "cz" or (gate.name == "cp" and abs(cmath.exp(1j * gate.angle) + 1) < _ROUNDING)


def is_flip(turned: Matrix) -> bool:
    """Tell whether CZ on a qubit that was turned is a flip of the qubit before the turn, controlled by the other qubit."""
    return bool(abs((turned.conj().T @ _Z @ turned)[0, 0]) < _ROUNDING)


def stretches_of(steps: Steps) -> dict[tuple[int, int], Stretch]:
    """Return the stretches, by qubit and segment (Wu and others, arXiv:2212.12688, call them embeddable).

    Args:
        steps: The steps.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qnet_circuits.distributed.steps import steps_of
        >>> circuit = QuantumCircuit(3)
        >>> _ = circuit.cz(0, 1), circuit.cx(2, 0), circuit.cz(0, 1)
        >>> stretches_of(steps_of(circuit))
        {(0, 1): Stretch(gates=((2, (2, 0)),), flips=False)}
    """
    return {place: stretch for qubit in range(steps.qubits) for place, stretch in _of_qubit(steps, qubit)}


def _of_qubit(steps: Steps, qubit: int) -> Iterator[tuple[tuple[int, int], Stretch]]:
    segment, fits = 0, False
    turned: Matrix = np.eye(2, dtype=complex)
    gates: list[tuple[int, tuple[int, int]]] = []
    for k, step in enumerate(steps.steps):
        if qubit not in step.qubits:
            continue
        ends = dict(zip(step.qubits, steps.segment[k], strict=True))
        at = ends.pop(qubit)
        matrix = step.matrix if isinstance(step, Turn) else np.eye(2, dtype=complex)
        turned = matrix @ turned
        if at > segment:
            whole = Turn(qubit, turned)
            if fits and gates and isinstance(step, Turn) and (whole.diagonal or whole.flips):
                yield (qubit, segment), Stretch(tuple(gates), whole.flips)
            segment, fits, turned, gates = at, isinstance(step, Turn), matrix, []
        if isinstance(step, Joint):
            fits = fits and is_cz(step) and is_flip(turned)
            gates += [(k, end) for end in ends.items()]
