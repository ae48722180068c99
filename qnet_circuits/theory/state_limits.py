"""Two kinds of limits for a function of a state.

One kind takes tangents from other shots. The other moves a state uphill, and simulates its measurement again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np
import numpy.typing as npt

from qnet_circuits.theory.states import Matrix, Reals, matrix_of, means_in, nearest_state

Counts = npt.NDArray[np.int64]
Function = Callable[[Matrix], Reals]
#: States that are measured anew, and parts of the shots of which each is looked at with a tangent found in the others.
RESAMPLES, PARTS = 400, 10
#: Steps of a state uphill, in standard errors; how many at most; and how often the last one is halved before it is divided.
PACE, _MOST_STEPS, _HALVINGS = 1.2, 30, 1
#: Which part of the tail the test has: 400 states, and a state that is not the true one, make it say no too often.
CARE = 0.6
#: The rarest quantile that is read off the states that are measured anew; beyond it they are taken as Gaussian.
_RAREST = 0.025 * CARE
#: A distance below this is rounding.
ROUNDING = 1e-9
#: Step of a state's Pauli means over which a function is differentiated.
_STEP = 1e-5


class Measured(Protocol):
    """The measurement of a state: the means of Paulis, (4^m,) in the order of ``states``, and their errors."""

    @property
    def shots(self) -> Counts:
        """The number of shots of each setting that count."""

    @property
    def means(self) -> Reals:
        """The means."""

    @property
    def covariance(self) -> Reals:
        """The covariance of the means, (4^m, 4^m)."""

    def dealt(self, parts: int, rng: np.random.Generator) -> tuple[Reals, Reals, Reals]:
        """Divide the shots at random, and return the means of each part, of all shots but each part, and of two halves."""

    def anew(self, state: Matrix, size: int, rng: np.random.Generator) -> Reals:
        """Return the means of many simulated measurements of a state, (size, 4^m)."""

    def shifts(self, slopes: Reals) -> tuple[float, float]:
        """Return the largest errors of a linear function of the means, below and above, that no shot shows."""


@dataclass(frozen=True)
class Climb:
    """A state that moves uphill along a function until a measurement of the state would rarely give the measured value.

    Args:
        measured: The measurement.
        function: The function.
        side: The direction: 1 for uphill, -1 for downhill.
        value: The measured value of the function.
        tail: The probability below which a value is rare.
        seed: The seed of the simulated measurements, the same for all states, so that they have the same noise.
    """

    measured: Measured
    function: Function
    side: int
    value: float
    tail: float
    seed: int

    def limit(self, state: Matrix, pace: float, end: float) -> float:
        """Return the value of the function at which the measured value becomes rare; ``end`` if it never does.

        Args:
            state: The first state.
            pace: The desired change of the function in one step.
            end: The last possible value of the function.
        """
        here, step, excess = state, pace, self._excess(state)
        for _ in range(_MOST_STEPS if pace > 0 and excess <= 0 else 0):
            slopes = self._uphill(here)
            if not slopes.any():
                break
            there = self._moved(here, slopes, step)
            beyond = self._excess(there)
            if beyond > 0:
                return self._between(here, slopes, (0.0, excess), (step, beyond))
            gain = self._height(there) - self._height(here)
            # Near the top each step gains less, and steps that reach far beyond it lead there.
            step *= 3 if gain < 0.3 * pace else 0.5 if gain > 2 * pace else 1
            here, excess = there, beyond
            if abs(float(self.function(here)) - end) <= ROUNDING or step > pace / ROUNDING:
                return end
        return float(self.function(here))

    def _height(self, state: Matrix) -> float:
        return self.side * float(self.function(state))

    def _excess(self, state: Matrix) -> float:
        """Return the distance of the value from the values that a state gives often enough; positive if the value is rare."""
        anew = self.measured.anew(state, RESAMPLES, np.random.default_rng(self.seed))
        heights = self.side * self.function(nearest_state(matrix_of(anew)))
        rarest, mean = max(self.tail, _RAREST), float(heights.mean())
        further = NormalDist().inv_cdf(self.tail) / NormalDist().inv_cdf(rarest)
        least = mean + further * (float(np.quantile(heights, rarest)) - mean)
        return least - self.side * self.value

    def _uphill(self, state: Matrix) -> Reals:
        """Return the steepest direction of the function, scaled so that one unit changes the function by 1."""
        slopes = self.side * _slopes(self.function, _mixed(state, self.measured.shots))
        slopes[0] = 0.0
        size = float(slopes @ slopes)
        return slopes / size if size > ROUNDING**2 else 0 * slopes

    def _moved(self, state: Matrix, slopes: Reals, step: float) -> Matrix:
        return nearest_state(matrix_of(means_in(state) + step * slopes))

    def _between(
        self, here: Matrix, slopes: Reals, good: tuple[float, float], bad: tuple[float, float]
    ) -> float:
        """Return the function's value at which the measured one becomes rare, between two parts of a step with their excess."""
        for _ in range(_HALVINGS):
            middle = (good[0] + bad[0]) / 2
            tried = middle, self._excess(self._moved(here, slopes, middle))
            good, bad = (good, tried) if tried[1] > 0 else (tried, bad)
        low, high = (self._height(self._moved(here, slopes, each)) for each, _ in (good, bad))
        return self.side * (low - good[1] / (bad[1] - good[1]) * (high - low))


def mean_of_tangents(
    measured: Measured, function: Function, rng: np.random.Generator
) -> tuple[float, float, Reals]:
    """Return the mean of tangents, its error and its slopes. Each tangent is made from other shots than its value."""
    parts, rest, halves = measured.dealt(min(PARTS, int(measured.shots.min())), rng)
    covariance = measured.covariance
    # Eigenvalues of noise alone reach as far as this (Wigner's semicircle).
    noise = 2 * math.sqrt(np.trace(covariance)) / math.sqrt(rest.shape[-1])
    near = _inside(rest, measured.shots, noise)
    slopes = _slopes(function, near)
    values = function(near) + ((parts - means_in(near)) * slopes).sum(axis=-1)
    # Where noise decides which way tangents lean, what two parts have in common counts twice.
    apart = np.subtract(*_slopes(function, _inside(halves, measured.shots, math.sqrt(2) * noise)))
    variance = np.einsum("ki,ij,kj->k", slopes, covariance, slopes).mean() + apart @ covariance @ apart / 2
    return float(values.mean()), math.sqrt(max(float(variance), 0.0)), slopes.mean(axis=0)


def _inside(means: Reals, shots: Counts, noise: float) -> Matrix:
    """Return the nearest states, slightly mixed. Eigenvalues that may be noise are set equal, so that slopes vary little."""
    values, vectors = np.linalg.eigh(matrix_of(means))
    small = values < noise
    mean = (values * small).sum(axis=-1, keepdims=True) / np.maximum(small.sum(axis=-1, keepdims=True), 1)
    calm = (vectors * np.where(small, mean, values)[..., None, :]) @ vectors.conj().swapaxes(-1, -2)
    return _mixed(nearest_state(calm), shots)


def _mixed(states: Matrix, shots: Counts) -> Matrix:
    """Return slightly mixed states: in the interior of all states a function has a slope everywhere."""
    mixed = 1 / (1 + math.sqrt(shots.sum()))
    return np.asarray((1 - mixed) * states + mixed * np.eye(states.shape[-1]) / states.shape[-1])


def _slopes(function: Function, states: Matrix) -> Reals:
    """Return the derivatives of a function by all Pauli means."""
    step = np.minimum(_STEP, np.linalg.eigvalsh(states)[..., :1] / 2)
    moves = matrix_of(np.eye(means_in(states).shape[-1]))
    apart = step[..., None, None] * moves
    up, down = (function(states[..., None, :, :] + way * apart) for way in (1, -1))
    return np.asarray((up - down) / (2 * step))
