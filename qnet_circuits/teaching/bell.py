"""Bell measurements as matrices: what they do to a state that a pair carries on, outcome by outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, np.dtype[np.complexfloating[Any, Any]]]
PAULIS: dict[str, Matrix] = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}
#: The Pauli that takes Φ+ to a Bell state if it happens to the second qubit.
PAIRS = {"Φ+": "I", "Φ-": "Z", "Ψ+": "X", "Ψ-": "Y"}


def carried(outcomes: Sequence[tuple[int, int]], pairs: Sequence[str]) -> Matrix:
    """Return the operator, up to a factor, that a state suffers on its way over some pairs.

    At the beginning of each pair the state and the near half are measured: CNOT from the state to the half, H on the state, and
    both are read in Z. The amplitude of a state d and a half h in the outcome (z, x) is (-1)^(z d) δ(x, d + h)/√2.

    Args:
        outcomes: Of each measurement, the bit of the state and that of the half.
        pairs: The Bell state of each pair, a name in ``PAIRS``.

    Example:
        >>> undoes("X", carried([(0, 1)], ["Φ+"]))
        True
    """
    steps = []
    for (z, x), pair in zip(outcomes, pairs, strict=True):
        measured = np.array([[(-1) ** (z * d) * (x == d ^ h) for d in (0, 1)] for h in (0, 1)]) / math.sqrt(2)
        # Rows of the pair's amplitudes are the far half, columns the near one.
        steps.append(PAULIS[PAIRS[pair]] / math.sqrt(2) @ measured)
    return reduce(lambda before, after: after @ before, steps)


def undoes(pauli: str, operator: Matrix) -> bool:
    """Tell whether a Pauli after an operator leaves the identity, up to a factor: its process fidelity is 1."""
    overlap = abs(np.trace(PAULIS[pauli] @ operator)) ** 2
    return bool(abs(overlap - 2 * np.linalg.norm(operator) ** 2) < 1e-9)


def pauli_after(operator: Matrix) -> str:
    """Return the Pauli that undoes an operator."""
    return next(pauli for pauli in PAULIS if undoes(pauli, operator))
