"""What expressions of Pauli settings are on a given state, in plain NumPy."""

import functools

import numpy as np

from .conditions import meets

#: Rotations that turn the measurement of a Pauli into that of Z.
_TURNS = {
    "x": np.array([[1, 1], [1, -1]]) / 2**0.5,
    "y": np.array([[1, -1j], [1, 1j]]) / 2**0.5,
    "z": np.eye(2),
}


def power(at, n):
    """Return the product of matrices at some of n qubits, the first in front."""
    return functools.reduce(np.kron, (at.get(k, np.eye(2)) for k in range(n)))


def value_on(expression, rho):
    """Return what an expression is on a state, if each circuit is named after the Paulis that are measured into ``out``."""
    n = len(rho).bit_length() - 1

    def probability(event):
        turn = power({k: _TURNS[pauli] for k, pauli in enumerate(event.item)}, n)
        shares = np.diag(turn @ rho @ turn.conj().T).real
        total = 0.0
        for k, share in enumerate(shares):
            bits = {("out", place): int(bit) for place, bit in enumerate(f"{k:0{n}b}")}
            total += share * meets(event, bits)
        return total

    return expression.value(probability)
