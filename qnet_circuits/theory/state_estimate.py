"""Functions of a state with intervals, from counts of Pauli measurements.

The value is that of the nearest state (``states.nearest_state``). It is biased where the state is near the boundary of all
states, as a pure or a product state is. The two limits are therefore made in two ways. A convex function lies above all its
tangents, so a tangent that is found in some of the shots is, in the other shots, an unbiased estimate of something that is
at most the function: its lower limit is one for the function (C. Schwemmer et al., arXiv:1310.8465). The
upper limit is where a test says no: the state is moved uphill, and measured anew, until values as low as the one that was found
come too rarely; these values have the same bias. For a concave function, entropy, above and below change places.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from qnet_circuits.errors import NoShotsError
from qnet_circuits.theory.estimate import Estimate, check_level
from qnet_circuits.theory.state_limits import (
    CARE,
    PACE,
    RESAMPLES,
    ROUNDING,
    Climb,
    Counts,
    Function,
    Measured,
    mean_of_tangents,
)
from qnet_circuits.theory.states import (
    Matrix,
    Reals,
    matrix_of,
    means_of,
    nearest_state,
    shares_in,
    signs_of,
)

METHOD = "parametric bootstrap of moved states, and tangents of other shots (approximate)"
NO_STATE = "parametric bootstrap, of means that no state has (approximate)"
#: Fewest shots of each circuit: a tangent is found in some, and looked at in others.
LEAST_SHOTS = 2


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
    measured: Measured,
    function: Function,
    convex: bool,
    physical: tuple[float, float],
    level: float,
    rng: np.random.Generator,
) -> Estimate:
    """Estimate a function of the state of a few qubits.

    Args:
        measured: What was measured of it.
        function: Gives the value of each of many states.
        convex: Whether it is convex; otherwise it is concave.
        physical: Its least and its greatest value.
        level: Confidence level, in [0.5, 1).
        rng: What is drawn at random is drawn from it.

    Returns:
        The estimate; its standard error is the bootstrap's. The interval is approximate.

    Example:
        >>> from qnet_circuits.theory.states import negativity
        >>> counts = np.array([[25, 25, 25, 25]] * 9)
        >>> counts[[0, 8]], counts[4] = [50, 0, 0, 50], [0, 50, 50, 0]
        >>> print(state_estimate(PauliCounts(counts), negativity, True, (0, 0.5), 0.95, np.random.default_rng(1)))
        0.50 [0.47, 0.52] (95 %)
    """
    z = NormalDist().inv_cdf((1 + check_level(level)) / 2)
    inverted = matrix_of(measured.means)
    state = nearest_state(inverted)
    anew = matrix_of(measured.anew(state, RESAMPLES, rng))
    states = nearest_state(anew)
    value, error = float(function(state)), float(function(states).std(ddof=1))
    tangent, spread, slopes = mean_of_tangents(measured, function, rng)
    side = 1 if convex else -1
    climb = Climb(measured, function, side, value, CARE * (1 - level) / 2, int(rng.integers(2**63)))
    moved = climb.limit(state, PACE * error, physical[convex])
    # Where the function is flat, as negativity is among separable states, nothing tells which way is up.
    free = side * max(side * moved, side * value + z * error)
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
    return bool(np.linalg.norm(apart) > np.linalg.norm(anew, axis=(-2, -1)).max() + ROUNDING)
