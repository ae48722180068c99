"""The fidelity of an output state from measurements of Paulis: direct fidelity estimation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.expressions import Expression, parity, population
from qnet_circuits.programs.settings import grouped, whole

Reals = NDArray[np.float64]
#: Wider states have too many Paulis to look at.
MOST_WIRES = 10
#: All settings are measured if there are at most this many; otherwise Paulis are drawn.
MOST_SETTINGS = 81
_NOTHING = 1e-9
#: A setting, X, Y or Z for each wire, with the value of each outcome, wire 0 as the first bit.
Valued = tuple[str, Reals]


@dataclass(frozen=True)
class Estimation:
    """What is measured, and the fidelity that follows.

    Args:
        settings: The settings, X, Y or Z for each wire.
        expression: The fidelity, from circuits that are called by their settings in small letters, with outcomes in ``out``.
        drawn_from: Number of Paulis of the same weight from which those here were drawn; 0 if all are here, or if they were
            drawn with unequal probabilities.
        drawn: Number of Paulis that were drawn with unequal probabilities; 0 if they were not.
    """

    settings: tuple[str, ...]
    expression: Expression
    drawn_from: int = 0
    drawn: int = 0


def estimation_of(state: NDArray[np.complex128], paulis: int, rng: np.random.Generator) -> Estimation:
    """Return settings and the fidelity with a pure state.

    F = Σ_P E_P ⟨P⟩/2^n over all Paulis with E_P = ⟨ψ|P|ψ⟩ ≠ 0. If a few settings measure all of them, all are measured.
    Otherwise Paulis are drawn: without repetition if all |E_P| are equal, as for stabilizer states, else with probability
    E_P²/2^n (Flammia and Liu, arXiv:1104.4695).

    Args:
        state: The amplitudes, wire 0 as the least significant.
        paulis: Number of Paulis to draw.
        rng: Random numbers for the draw.

    Raises:
        ParameterError: If the state has more than 10 wires.

    Example:
        >>> plus = np.full(4, 0.5, dtype=complex)
        >>> estimation_of(plus, 8, np.random.default_rng(0)).settings
        ('XX',)
    """
    wires = int(math.log2(len(state)))
    if wires > MOST_WIRES:
        raise ParameterError(
            f"a fidelity is estimated for at most {MOST_WIRES} wires, got {wires}; use a smaller circuit"
        )
    x, z, values = _means(state)
    letters = [_letters(int(a), int(b), wires) for a, b in zip(x, z, strict=True)]
    covered = grouped(letters, most=MOST_SETTINGS)
    if len(covered) <= MOST_SETTINGS:
        return _all(covered, dict(zip(letters, values, strict=True)), wires)
    weights = values**2
    equal = bool(np.ptp(np.abs(values[1:])) < 1e-6)
    count = min(paulis, len(values) - 1)
    if equal:
        chosen = rng.choice(np.arange(1, len(values)), count, replace=False)
        rest = (len(values) - 1) / len(values)
        terms = [(rest * math.copysign(1, values[k]) / count, letters[k]) for k in chosen]
        return _sum(terms, 1 / len(values), len(values) - 1)
    chosen = rng.choice(len(values), count, p=weights / weights.sum())
    return _sum([(1 / values[k] / count, letters[k]) for k in chosen], 0.0, 0, count)


def _means(state: NDArray[np.complex128]) -> tuple[NDArray[np.int64], NDArray[np.int64], Reals]:
    """Return the Paulis with a mean, by the wires with X or Y and those with Z or Y, and the means; the identity first."""
    many = len(state)
    index = np.arange(many)
    signs = hadamard(many)
    shifted = np.stack([state[index ^ a].conj() * state for a in index])
    phases = 1j ** np.bitwise_count(index[:, None] & index[None, :])
    means = (phases * (shifted @ signs)).real
    x, z = np.nonzero(np.abs(means) > _NOTHING)
    return x, z, means[x, z]


def _letters(x: int, z: int, wires: int) -> str:
    """Return a Pauli as letters, wire 0 first."""
    return "".join("IXZY"[(x >> wire & 1) + 2 * (z >> wire & 1)] for wire in range(wires))


def _all(covered: dict[str, list[str]], values: dict[str, float], wires: int) -> Estimation:
    """Return the sum over all Paulis, in each setting as probabilities of outcomes that have the same value."""
    total = Expression()
    for setting, paulis in covered.items():
        found = np.zeros(2**wires)
        for pauli in paulis:
            mask = sum(1 << wire for wire, letter in enumerate(pauli) if letter != "I")
            found[mask] += values[pauli] / 2**wires
        # The value of each outcome is the sum of the signs that its parities have.
        of_outcome = hadamard(2**wires) @ found
        rounded = np.round(of_outcome, 12)
        bits = [("out", wire) for wire in range(wires)]
        # One value can be left out of the events: probabilities sum to 1.
        common = max(set(rounded), key=list(rounded).count)
        total = total + float(common)
        for value in sorted(set(rounded) - {common}):
            patterns = [_bits(int(k), wires) for k in np.flatnonzero(rounded == value)]
            total = total + float(value - common) * population(setting.lower(), bits, patterns)
    return Estimation(tuple(covered), total)


def _bits(outcome: int, wires: int) -> str:
    return "".join(str(outcome >> wire & 1) for wire in range(wires))


def _sum(terms: Sequence[tuple[float, str]], constant: float, drawn_from: int, drawn: int = 0) -> Estimation:
    """Return a weighted sum of Paulis, each with a setting of its own; the same Pauli counts once."""
    weights: dict[str, float] = {}
    for weight, pauli in terms:
        weights[pauli] = weights.get(pauli, 0.0) + weight
    total = Expression(constant)
    settings: dict[str, None] = {}
    for pauli, weight in weights.items():
        wires = [("out", wire) for wire, letter in enumerate(pauli) if letter != "I"]
        if not wires:
            total = total + weight
            continue
        settings[whole(pauli)] = None
        total = total + weight * parity(whole(pauli).lower(), wires)
    return Estimation(tuple(settings), total, drawn_from, drawn)
