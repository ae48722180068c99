"""Wiesner's quantum money: how often a counterfeiter turns one note into two that both pass the bank's test.

The bank prepares each qubit in one of the four states of BB84 and later measures it in the same basis. Four probabilities in
each basis describe a counterfeit of one qubit: both notes pass, the second alone fails, the first alone fails, both fail.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.theory.bell_diagonal import Weights, check_weights

#: Both pass, the second alone fails, the first alone fails, both fail.
Passes = tuple[float, float, float, float]
#: The states of the bank, as real amplitudes.
_STATES = {
    "0": (1.0, 0.0),
    "1": (0.0, 1.0),
    "+": (math.sqrt(0.5),) * 2,
    "-": (math.sqrt(0.5), -math.sqrt(0.5)),
}

#: The amplitudes of 00, 01, 10 and 11 of two qubits that make a cloning network optimal against the bank, and universal.
OPTIMAL_CLONER: tuple[float, ...] = tuple(math.sqrt(k / 12) for k in (9, 1, 1, 1))
UNIVERSAL_CLONER: tuple[float, ...] = tuple(math.sqrt(k / 6) for k in (4, 1, 0, 1))


@cache
def best_both() -> float:
    """Return the largest probability that two notes made of one qubit both pass, 3/4.

    A counterfeit is a channel from one qubit to two, whose Choi matrix J has trace 2. Both notes pass with probability tr(Q J),
    where Q is the mean of the projectors on three copies of a state of the bank. No channel exceeds twice the largest
    eigenvalue of Q. The cloner of Molina, Vidick and Watrous (arXiv:1202.4010) reaches it; n qubits give the n-th power.

    Example:
        >>> round(best_both(), 12)
        0.75
    """
    return _largest(lambda state: np.kron(_projector(state), _projector(state)))


@cache
def best_each() -> float:
    """Return the largest probability that a note passes, averaged over two that were made of one qubit, cos²(π/8).

    It is the same bound for another mean: of the tests of either note. A bank must therefore ask for a larger share of right
    qubits than this, or a note can be copied.

    Example:
        >>> round(best_each(), 6)
        0.853553
    """
    one = np.eye(2)
    return _largest(lambda state: (np.kron(_projector(state), one) + np.kron(one, _projector(state))) / 2)


def _projector(state: Sequence[float]) -> NDArray[Any]:
    return np.outer(state, state)


def _largest(test: Callable[[Sequence[float]], NDArray[Any]]) -> float:
    """Return twice the largest eigenvalue of the mean over the bank's states of a test of two notes beside the state."""
    mean = sum(np.kron(test(state), _projector(state)) for state in _STATES.values()) / len(_STATES)
    return float(2 * np.linalg.eigvalsh(mean)[-1])


def cloned(amplitudes: Sequence[float]) -> dict[str, Passes]:
    """Return how notes pass that a network of four CNOTs makes of a qubit and two others in a real state.

    CNOTs lead from the qubit to each of the others and then back. The notes are the qubit itself and the first of the others.
    Both pass with probability (a² + s²)/2 on average, where a is the amplitude of 00, and s half the sum of all four. These are
    overlaps with two states whose own overlap is 1/2, so the mean is 3/4 at most, for the state halfway between both.

    Args:
        amplitudes: Those of 00, 01, 10 and 11 of the two others, the bit of the second note first.

    Raises:
        ParameterError: If there are not four.

    Example:
        >>> [round(12 * p) for p in cloned(OPTIMAL_CLONER)["x"]], [round(6 * p) for p in cloned(UNIVERSAL_CLONER)["x"]]
        ([9, 1, 1, 1], [4, 1, 1, 0])
    """
    if len(amplitudes) != 4:
        raise ParameterError(f"a cloner has four amplitudes, got {amplitudes!r}")
    a, b, c, d = amplitudes
    turned = [(a + b + c + d) / 2, (a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2]
    z = (a * a, d * d, b * b, c * c)
    x = (turned[0] ** 2, turned[3] ** 2, turned[2] ** 2, turned[1] ** 2)
    return {"z": z, "x": x}


def measured(basis: str) -> dict[str, Passes]:
    """Return how notes pass that are two copies of a measured qubit.

    Args:
        basis: ``z``, ``x`` or ``breidbart``, halfway between both. Each lets both notes pass with probability 5/8.

    Raises:
        UnknownNameError: If there is no such basis.

    Example:
        >>> [round(8 * p) for p in measured("breidbart")["z"]], measured("z")["x"]
        ([5, 1, 1, 1], (0.25, 0.25, 0.25, 0.25))
    """
    angles = {"z": {"z": 0.0, "x": math.pi / 4}, "x": {"z": math.pi / 4, "x": 0.0}}
    chosen = angles.get(basis, dict.fromkeys("zx", math.pi / 8))
    check_name("basis", basis, (*angles, "breidbart"))
    found = {}
    for each, angle in chosen.items():
        c, s = math.cos(angle) ** 2, math.sin(angle) ** 2
        one = c * s
        found[each] = (c**3 + s**3, one, one, one)
    return found


def kept() -> dict[str, Passes]:
    """Return how notes pass of which the first is the bank's own qubit, and the second a fixed state of either basis.

    Example:
        >>> kept()["x"]
        (0.5, 0.5, 0.0, 0.0)
    """
    return dict.fromkeys("zx", (0.5, 0.5, 0.0, 0.0))


def honest(weights: Weights) -> float:
    """Return how often a qubit passes that the holder hands in as it came.

    Args:
        weights: The probabilities of I, X, Y and Z on the way to the holder and back again.

    Raises:
        ParameterError: If the weights are no probabilities.

    Example:
        >>> round(honest((0.9, 0.1, 0.0, 0.0)), 6)
        0.95
    """
    _, x, y, z = check_weights(weights)
    return 1 - (x + z) / 2 - y


def returned(passes: Mapping[str, Passes], weights: Weights) -> Passes:
    """Return how notes pass if Pauli errors happen on the way to the counterfeiter, and to each note on the way back.

    In the basis of Z, X and Y flip a qubit, and in that of X, Y and Z do. An error on the way to the counterfeiter exchanges
    passing and failing of both notes.

    Args:
        passes: How notes pass without errors, in the bases ``z`` and ``x``.
        weights: The probabilities of I, X, Y and Z on each of the ways.

    Returns:
        The mean over both bases.

    Raises:
        ParameterError: If the weights are no probabilities.

    Example:
        >>> [round(p, 4) for p in returned(cloned(OPTIMAL_CLONER), (0.9, 0.1, 0.0, 0.0))]
        [0.66, 0.1133, 0.1133, 0.1133]
    """
    _, x, y, z = check_weights(weights)
    mean = np.zeros((2, 2))
    for basis, flipped in (("z", x + y), ("x", y + z)):
        back = np.array([[1 - flipped, flipped], [flipped, 1 - flipped]])
        table = back @ np.reshape(passes[basis], (2, 2)) @ back
        mean += ((1 - flipped) * table + flipped * table[::-1, ::-1]) / 2
    both, second, first, neither = mean.ravel()
    return float(both), float(second), float(first), float(neither)
