"""The view of the server in a blind computation: its qubits, averaged over the secrets of the client."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory.blind import STEP, Array

#: A graph of qubits that are numbered from 0, as its edges.
Edges = Sequence[tuple[int, int]]
_MOST_QUBITS = 8


def server_state(
    edges: Edges,
    angles: Sequence[float],
    told: Sequence[int],
    results: Sequence[int],
    dummies: Sequence[int] = (),
) -> Array:
    """Return the state of the server's graph for somebody who knows all that the server was told, and what it answered.

    The client has measured its halves of the pairs: each qubit is |0⟩ + e^(i(τ + πm))|1⟩ with a secret angle τ, one of eight,
    and a secret result m. The server is told δ = τ ± φ, where the sign follows from earlier results b and m. So m remains
    open, and decides on τ by way of the sign. The state is the average over m, after the controlled Z gates. The server
    measures in the order of the numbers, and the sign of a qubit is the parity of b + m of its earlier neighbours.

    Args:
        edges: The edges of the graph, whose qubits are numbered from 0.
        angles: The program: the angle φ of each qubit, in units of π/4.
        told: The angle δ that the server was told of each qubit, a whole number of π/4.
        results: The result b of each qubit, 0 or 1, as the server gave it.
        dummies: Qubits that the client has prepared in |0⟩ or |1⟩ in place of an angle, as in a test round.

    Returns:
        Density matrix of shape (2^n, 2^n); qubit 0 is the most significant.

    Raises:
        ParameterError: If the numbers of angles, told and results differ, or there are more than 8 qubits.

    Example:
        >>> state = server_state([(0, 1)], [1, 3], told=[5, 2], results=[1, 0])
        >>> bool(np.allclose(state, np.eye(4) / 4))
        True
    """
    count = len(angles)
    if not len(told) == len(results) == count or not 1 <= count <= _MOST_QUBITS:
        raise ParameterError(f"an angle, told and a result are needed for each of 1 to {_MOST_QUBITS} qubits")
    earlier = [[a + b - qubit for a, b in edges if max(a, b) == qubit] for qubit in range(count)]
    secrets = np.array(list(product((0, 1), repeat=count)))
    states: Array = np.ones((len(secrets), 1), dtype=complex)
    for k in range(count):
        turned = sum((results[each] + secrets[:, each] for each in earlier[k]), np.zeros(len(secrets)))
        steps = told[k] - (1 - 2 * (turned % 2)) * angles[k]
        qubits = _prepared(secrets[:, k], steps, k in dummies)
        states = (states[:, :, None] * qubits[:, None, :]).reshape(len(secrets), -1)
    states *= _signs(edges, count)
    state: Array = states.T @ states.conj() / len(states)
    return state


def trace_distance(one: Array, other: Array) -> float:
    """Return the trace distance of two states, half the sum of the absolute eigenvalues of their difference.

    Example:
        >>> trace_distance(np.diag([1, 0]), np.eye(2) / 2)
        0.5
    """
    return float(np.abs(np.linalg.eigvalsh(np.asarray(one) - np.asarray(other))).sum()) / 2


def _prepared(secret: npt.NDArray[np.int64], steps: npt.NDArray[np.float64], dummy: bool) -> Array:
    """Return the qubits that the client prepared, (secrets, 2): at angles in units of π/4 and secret results, or dummies."""
    if dummy:
        return np.stack([1 - secret, secret], axis=1).astype(complex)
    phases = (1 - 2 * secret) * np.exp(1j * STEP * steps)
    return np.asarray(np.stack([np.ones_like(phases), phases], axis=1) / math.sqrt(2), dtype=complex)


def _signs(edges: Edges, count: int) -> Array:
    """Return what the controlled Z gates multiply each amplitude by."""
    bits = np.array(list(product((0, 1), repeat=count)))
    signs = np.ones(2**count, dtype=complex)
    for a, b in edges:
        signs *= 1 - 2 * bits[:, a] * bits[:, b]
    return signs
