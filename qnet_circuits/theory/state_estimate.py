"""Functions of a state with intervals, from counts of Pauli measurements.

The value is that of the nearest state (``states.nearest_state``). It is biased where the state is near the boundary of all
states, as a pure or a product state is. The two limits are therefore made in two ways. A convex function lies above all its
tangents, so a tangent that is found in some of the shots is, in the other shots, an unbiased estimate of something that is
at most the function: its lower limit is one for the function (C. Schwemmer et al., arXiv:1310.8465). A
parametric bootstrap gives the upper limit: the spread of the values of the state measured anew, and more than twice their
bias, where it is downwards. For a concave function, entropy, above and below change places.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import NoShotsError
from qnet_circuits.theory.estimate import Estimate, check_level
from qnet_circuits.theory.states import (
    Matrix,
    Reals,
    matrix_of,
    means_in,
    means_of,
    nearest_state,
    shares_in,
    signs_of,
)

Counts = npt.NDArray[np.int64]
Function = Callable[[Matrix], Reals]
METHOD = "parametric bootstrap, and tangents of other shots (approximate)"
NO_STATE = "parametric bootstrap, of means that no state has (approximate)"
#: Fewest shots of each circuit: a tangent is found in some, and looked at in others.
LEAST_SHOTS = 2
#: States that are measured anew, and parts of the shots of which each is looked at with a tangent found in the others.
_RESAMPLES, _PARTS = 400, 10
#: The value's own bias is more than that of a state that was measured anew, which is less pure.
_BIASES = 2.5
#: A distance below this is rounding.
_ROUNDING = 1e-9
#: Step of a state's Pauli means over which a function is differentiated.
_STEP = 1e-5


class Measured(Protocol):
    """What was measured of a state: means of Paulis, (4^m,) in the order of ``states``, and what their errors are."""

    @property
    def shots(self) -> Counts:
        """Of each setting how many shots count."""

    @property
    def means(self) -> Reals:
        """The means."""

    @property
    def covariance(self) -> Reals:
        """The covariance of the means, (4^m, 4^m)."""

    def dealt(self, parts: int, rng: np.random.Generator) -> tuple[Reals, Reals, Reals]:
        """Return the means in parts of the shots that are dealt at random, in all but each part, and in two halves."""

    def anew(self, state: Matrix, size: int, rng: np.random.Generator) -> Reals:
        """Return the means of a state that is measured anew many times, (size, 4^m)."""

    def shifts(self, slopes: Reals) -> tuple[float, float]:
        """Return how far errors that no shot shows may put a linear function of the means below and above its value."""


@dataclass(frozen=True)
class PauliCounts:
    """Outcomes of each Pauli setting, (3^m, 2^m), in the order of ``states``.

    Raises:
        NoShotsError: If a setting has fewer than two shots.
    """

    counts: Counts

    def __post_init__(self) -> None:
        if self.shots.min() < LEAST_SHOTS:
            raise NoShotsError(
                f"a function of a state needs {LEAST_SHOTS} shots of each circuit that count, got {self.shots.min()}; raise "
                "the number of shots"
            )

    @property
    def shots(self) -> Counts:
        """Of each setting how many shots count."""
        return np.asarray(self.counts.sum(axis=-1))

    @property
    def means(self) -> Reals:
        """The means."""
        return _means(self.counts)

    @property
    def covariance(self) -> Reals:
        """The covariance of the means: settings are independent, the outcomes of one are not."""
        shares, each = self.counts / self.shots[:, None], np.eye(self.counts.size)
        weights = means_of(signs_of(each.reshape(-1, *self.counts.shape))).reshape(*self.counts.shape, -1)
        beyond = weights - np.einsum("so,sok->sk", shares, weights)[:, None]
        scaled = beyond * (shares / self.shots[:, None])[..., None]
        return np.asarray(np.tensordot(scaled, beyond, axes=((0, 1), (0, 1))))

    def dealt(self, parts: int, rng: np.random.Generator) -> tuple[Reals, Reals, Reals]:
        """Return the means in parts of the shots that are dealt at random, in all but each part, and in two halves."""
        dealt = np.zeros((parts, *self.counts.shape), dtype=np.int64)
        for setting, left in enumerate(self.counts):
            for part in range(parts):
                taken = rng.multivariate_hypergeometric(left, int(left.sum()) // (parts - part))
                dealt[part, setting], left = taken, left - taken
        halves = np.stack([dealt[::2].sum(axis=0), dealt[1::2].sum(axis=0)])
        return _means(dealt), _means(self.counts - dealt), _means(halves)

    def anew(self, state: Matrix, size: int, rng: np.random.Generator) -> Reals:
        """Return the means of a state that is measured anew many times, (size, 4^m)."""
        return _means(rng.multinomial(self.shots, shares_in(state), size=(size, len(self.counts))))

    def shifts(self, slopes: Reals) -> tuple[float, float]:
        """Return how far errors that no shot shows may put a linear function below and above its value: not at all."""
        return 0.0, 0.0


def _means(counts: Counts) -> Reals:
    return means_of(signs_of(counts / counts.sum(axis=-1, keepdims=True)))


def state_estimate(
    measured: Measured, function: Function, convex: bool, level: float, rng: np.random.Generator
) -> Estimate:
    """Estimate a function of the state of a few qubits.

    Args:
        measured: What was measured of it.
        function: Gives the value of each of many states.
        convex: Whether it is convex; otherwise it is concave.
        level: Confidence level, in [0.5, 1).
        rng: What is drawn at random is drawn from it.

    Returns:
        The estimate; its standard error is the bootstrap's. The interval is approximate.

    Example:
        >>> from qnet_circuits.theory.states import negativity
        >>> counts = np.array([[25, 25, 25, 25]] * 9)
        >>> counts[[0, 8]], counts[4] = [50, 0, 0, 50], [0, 50, 50, 0]
        >>> print(state_estimate(PauliCounts(counts), negativity, True, 0.95, np.random.default_rng(1)))
        0.50 [0.47, 0.59] (95 %)
    """
    z = NormalDist().inv_cdf((1 + check_level(level)) / 2)
    inverted = matrix_of(measured.means)
    state = nearest_state(inverted)
    anew = matrix_of(measured.anew(state, _RESAMPLES, rng))
    states = nearest_state(anew)
    value, values = float(function(state)), function(states)
    error, bias = float(values.std(ddof=1)), float(values.mean()) - value
    tangent, spread, slopes = _tangent(measured, function, rng)
    side = 1 if convex else -1
    free = value + side * (z * error + _BIASES * max(0.0, -side * bias))
    safe, method = tangent - side * z * spread, METHOD
    if _far(inverted - state, anew - states):
        # A tangent says nothing of means that no state has.
        safe, method = 2 * value - free, NO_STATE
    below, above = measured.shifts(slopes)
    low, high = min(value, free, safe) - below, max(value, free, safe) + above
    return Estimate(value, low, high, level, method, int(measured.shots.sum()), standard_error=error)


def _far(apart: Matrix, anew: Matrix) -> bool:
    """Tell whether means are further from the nearest state than those of this state that is measured anew ever are.

    If each setting measures another state, as where what happens in a wait depends on the setting, no state has the means.
    """
    return bool(np.linalg.norm(apart) > np.linalg.norm(anew, axis=(-2, -1)).max() + _ROUNDING)


def _tangent(measured: Measured, function: Function, rng: np.random.Generator) -> tuple[float, float, Reals]:
    """Return the mean of tangents, each found in all shots but those that it is looked at in, its error, and its slopes."""
    parts, rest, halves = measured.dealt(min(_PARTS, int(measured.shots.min())), rng)
    near = _inside(rest, measured.shots)
    slopes = _slopes(function, near)
    values = function(near) + ((parts - means_in(near)) * slopes).sum(axis=-1)
    # Where noise decides which way tangents lean, what two parts have in common counts twice.
    apart = np.subtract(*_slopes(function, _inside(halves, measured.shots)))
    covariance = measured.covariance
    variance = np.einsum("ki,ij,kj->k", slopes, covariance, slopes).mean() + apart @ covariance @ apart / 2
    return float(values.mean()), math.sqrt(max(float(variance), 0.0)), slopes.mean(axis=0)


def _inside(means: Reals, shots: Counts) -> Matrix:
    """Return nearest states, a little mixed: inside of all states a function has a slope everywhere."""
    states, mixed = nearest_state(matrix_of(means)), 1 / (1 + math.sqrt(shots.sum()))
    return np.asarray((1 - mixed) * states + mixed * np.eye(states.shape[-1]) / states.shape[-1])


def _slopes(function: Function, states: Matrix) -> Reals:
    """Return the derivatives of a function by all Pauli means."""
    step = np.minimum(_STEP, np.linalg.eigvalsh(states)[..., :1] / 2)
    moves = matrix_of(np.eye(means_in(states).shape[-1]))
    apart = step[..., None, None] * moves
    up, down = (function(states[..., None, :, :] + way * apart) for way in (1, -1))
    return np.asarray((up - down) / (2 * step))
