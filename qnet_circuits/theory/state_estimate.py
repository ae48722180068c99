"""Functions of a state with intervals, from counts of Pauli measurements.

The value is that of the nearest state (``states.nearest_state``). It is biased where the state is near the boundary of all
states, as a pure or a product state is. The two limits are therefore made in two ways. A convex function lies above all its
tangents, so a tangent that is found in some of the shots is, in the other shots, an unbiased estimate of something that is
at most the function: its lower limit is one for the function (C. Schwemmer et al., Phys. Rev. Lett. 114, 080403 (2015)). A
parametric bootstrap gives the upper limit: the spread of the values of the state measured anew, and more than twice their
bias, where it is downwards. For a concave function, entropy, above and below change places.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

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
#: Fewest shots of each circuit: a tangent is found in some, and looked at in others.
LEAST_SHOTS = 2
#: States that are measured anew, and parts of the shots of which each is looked at with a tangent found in the others.
_RESAMPLES, _PARTS = 400, 10
#: The value's own bias is more than that of a state that was measured anew, which is less pure.
_BIASES = 2.5
#: Step of a state's Pauli means over which a function is differentiated.
_STEP = 1e-5


def state_estimate(
    counts: Counts, function: Function, convex: bool, level: float, rng: np.random.Generator
) -> Estimate:
    """Estimate a function of the state of a few qubits.

    Args:
        counts: Outcomes of each Pauli setting, (3^m, 2^m), in the order of ``states``.
        function: Gives the value of each of many states.
        convex: Whether it is convex; otherwise it is concave.
        level: Confidence level, in [0.5, 1).
        rng: What is drawn at random is drawn from it.

    Returns:
        The estimate; its standard error is the bootstrap's. The interval is approximate.

    Raises:
        NoShotsError: If a setting has fewer than two shots.

    Example:
        >>> from qnet_circuits.theory.states import negativity
        >>> counts = np.array([[25, 25, 25, 25]] * 9)
        >>> counts[[0, 8]], counts[4] = [50, 0, 0, 50], [0, 50, 50, 0]
        >>> print(state_estimate(counts, negativity, True, 0.95, np.random.default_rng(1)))
        0.50 [0.48, 0.59] (95 %)
    """
    shots = counts.sum(axis=-1)
    if shots.min() < LEAST_SHOTS:
        raise NoShotsError(
            f"a function of a state needs {LEAST_SHOTS} shots of each circuit that count, got {shots.min()}; raise the number "
            "of shots"
        )
    z = NormalDist().inv_cdf((1 + check_level(level)) / 2)
    state = nearest_state(matrix_of(_means(counts)))
    value = float(function(state))
    error, bias = _bootstrap(state, shots, function, value, rng)
    side = 1 if convex else -1
    free = value + side * (z * error + _BIASES * max(0.0, -side * bias))
    tangent, spread = _tangent(counts, function, rng)
    safe = tangent - side * z * spread
    low, high = (min(value, safe), max(value, free)) if convex else (min(value, free), max(value, safe))
    return Estimate(value, low, high, level, METHOD, int(shots.sum()), standard_error=error)


def _means(counts: Counts) -> Reals:
    return means_of(signs_of(counts / counts.sum(axis=-1, keepdims=True)))


def _bootstrap(
    state: Matrix, shots: Counts, function: Function, value: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the standard deviation and the bias of the values of a state that is measured anew many times."""
    shares = shares_in(state)
    drawn = rng.multinomial(shots, shares, size=(_RESAMPLES, len(shots)))
    values = function(nearest_state(matrix_of(_means(drawn))))
    return float(values.std(ddof=1)), float(values.mean()) - value


def _tangent(counts: Counts, function: Function, rng: np.random.Generator) -> tuple[float, float]:
    """Return the mean of tangents, each found in all shots but those that it is looked at in, and its standard deviation."""
    parts = _parted(counts, min(_PARTS, int(counts.sum(axis=-1).min())), rng)
    near = _inside(counts - parts)
    slopes = _slopes(function, near)
    values = function(near) + ((_means(parts) - means_in(near)) * slopes).sum(axis=-1)
    # Where noise decides which way tangents lean, what two parts have in common counts twice.
    halves = _slopes(function, _inside(np.stack([parts[::2].sum(axis=0), parts[1::2].sum(axis=0)])))
    variance = _variances(counts, slopes).mean() + _variances(counts, halves[:1] - halves[1:]).mean() / 2
    return float(values.mean()), math.sqrt(max(float(variance), 0.0))


def _inside(counts: Counts) -> Matrix:
    """Return nearest states, a little mixed: inside of all states a function has a slope everywhere."""
    states = nearest_state(matrix_of(_means(counts)))
    mixed = 1 / (1 + np.sqrt(counts.sum(axis=(-1, -2))))[..., None, None]
    return np.asarray((1 - mixed) * states + mixed * np.eye(states.shape[-1]) / states.shape[-1])


def _slopes(function: Function, states: Matrix) -> Reals:
    """Return the derivatives of a function by all Pauli means."""
    step = np.minimum(_STEP, np.linalg.eigvalsh(states)[..., :1] / 2)
    moves = matrix_of(np.eye(means_in(states).shape[-1]))
    apart = step[..., None, None] * moves
    up, down = (function(states[..., None, :, :] + way * apart) for way in (1, -1))
    return np.asarray((up - down) / (2 * step))


def _parted(counts: Counts, parts: int, rng: np.random.Generator) -> Counts:
    """Return the shots of each setting dealt to parts at random, (parts, 3^m, 2^m)."""
    dealt = np.zeros((parts, *counts.shape), dtype=np.int64)
    for setting, left in enumerate(counts):
        for part in range(parts):
            taken = rng.multivariate_hypergeometric(left, int(left.sum()) // (parts - part))
            dealt[part, setting], left = taken, left - taken
    return dealt


def _variances(counts: Counts, slopes: Reals) -> Reals:
    """Return the variances of linear functions of the means, given their slopes, (functions, 4^m)."""
    shots = counts.sum(axis=-1)
    each = np.eye(counts.size).reshape(counts.size, *counts.shape)
    weights = (slopes @ means_of(signs_of(each)).T).reshape(-1, *counts.shape)
    shares = counts / shots[:, None]
    variances = (shares * weights**2).sum(-1) - (shares * weights).sum(-1) ** 2
    return np.asarray((variances / shots).sum(-1))
