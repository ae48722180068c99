"""A figure against the feed-forward latency: exact points on a grid, and how far a straight line between them is off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from qnet_circuits.backends.registry import exact_of
from qnet_circuits.errors import NoShotsError, ParameterError, UnsupportedError
from qnet_circuits.runs.error_budget import figure_of
from qnet_circuits.runs.prepared import Prepared

#: The grid reaches to this latency, or to twice the story's own if that is longer, in seconds, with so many steps.
_UNTIL, _STEPS = 20e-6, 10
#: A page asks for a prediction at this share of the grid, to be right within so much.
_ASKED, _TOLERANCE = 0.5, 0.01
#: Interpolation is no better than the rounding of the points.
_ROUNDING = 1e-9
_US = 1e6


@dataclass(frozen=True)
class LatencyCurve:
    """A figure of one compiled program against the feed-forward latency of its device.

    Args:
        figure: Name of the figure.
        latencies_s: The latencies of the grid in seconds, in rising order.
        values: The exact value of the figure at each of them.
        error: The most by which a straight line between two neighbouring points is off.
        latency_s: The latency of the story, in seconds.
    """

    figure: str
    latencies_s: tuple[float, ...]
    values: tuple[float, ...]
    error: float
    latency_s: float

    def at(self, latency_s: float) -> float:
        """Return the value at a latency within the grid, by a straight line between its neighbours.

        Raises:
            ParameterError: If the latency is outside of the grid.
        """
        low, high = self.latencies_s[0], self.latencies_s[-1]
        if not low <= latency_s <= high:
            raise ParameterError(f"latency_s must be in [{low:g}, {high:g}], got {latency_s!r}")
        return float(np.interp(latency_s, self.latencies_s, self.values))

    def to_dict(self) -> dict[str, Any]:
        """Return the curve in plain values, in µs, as the page of a story draws it."""
        until = self.latencies_s[-1] * _US
        points = zip(self.latencies_s, self.values, strict=True)
        return {
            "title": "If the message took longer",
            "quantity": "feed-forward latency",
            "unit": "µs",
            "figure": self.figure,
            "points": [[round(latency * _US, 6), round(value, 9)] for latency, value in points],
            "error": self.error,
            "chosen": round(self.latency_s * _US, 6),
            "asked": round(_ASKED * until, 6),
            "tolerance": _TOLERANCE,
        }


def latency_curve(prepared: Prepared, figure: str | None = None) -> LatencyCurve | None:
    """Return a figure against the feed-forward latency, on the circuits and qubits of a prepared run.

    While a decision is on its way, the qubits that it concerns wait and decay with T1 and T2, so that the figure falls with
    the latency. Each point is what ``predict`` gives for this latency. The stated error is the largest difference that was
    found half-way between points twice as far apart; a straight line over half the distance is off by about a quarter.

    Args:
        prepared: The prepared run; nothing is compiled anew.
        figure: Name of the figure. Default ``fidelity``, or else the first one.

    Returns:
        The curve; None if nothing waits for a decision, or if the figure has no exact value.
    """
    compiled, exact = prepared.compiled, exact_of(prepared.backend)
    if compiled.device is None or compiled.corrections != "feedforward" or not compiled.program.figures:
        return None
    chosen, own = figure_of(compiled.program, figure), exact.noise.feedforward_latency
    grid = np.linspace(0.0, max(_UNTIL, 2 * own), 2 * (_STEPS // 2) + 1)
    values = []
    for latency in map(float, grid):
        noise = replace(exact.noise, feedforward_latency=latency)
        try:
            found = exact.with_noise(noise).evaluate(compiled, [chosen])
        except (UnsupportedError, NoShotsError):
            return None
        if chosen.name not in found.values:
            return None
        values.append(found.values[chosen.name].value)
    return LatencyCurve(chosen.name, tuple(map(float, grid)), tuple(values), _error(values), own)


def _error(values: list[float]) -> float:
    """Return how far points lie from the straight lines between their neighbours at most, those with odd numbers alone."""
    between = zip(pairwise(values[::2]), values[1::2], strict=True)
    return max(_ROUNDING, *(abs((first + last) / 2 - middle) for (first, last), middle in between))
