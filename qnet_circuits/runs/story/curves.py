"""A figure against latency, coherence, links and hops: exact points on a grid, with the error of interpolation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.registry import exact_of
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import NoShotsError, ParameterError, UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.error_budget import figure_of
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.preparing import prepare

#: The grid of latencies reaches to this one, or to twice the story's own if that is longer, in µs.
_LATENCY_US = 20.0
#: Factors of all T1 and T2, and fidelities of links.
_COHERENCE = tuple(2.0 ** (k / 2) for k in range(-4, 5))
_LINKS = tuple(0.5 + k / 20 for k in range(11))
_MOST_HOPS = 8
#: Programs that are compiled anew for each point have at most so many qubits, so that a page takes seconds.
_FEW_QUBITS = 12
#: What says that a figure has no exact value, or that a protocol does not take a parameter.
_REFUSED = (UnsupportedError, NoShotsError, ParameterError)
#: A prediction is right within so much; a line is no better than the rounding of its points.
_TOLERANCE, _ROUNDING = 0.01, 1e-9
_US = 1e6


@dataclass(frozen=True)
class Curve:
    """A figure against one quantity.

    Args:
        title: The question that the curve answers.
        quantity: The quantity on the horizontal axis, such as ``feed-forward latency``.
        unit: The unit of the quantity, or an empty text.
        figure: Name of the figure.
        grid: The values of the quantity, in rising order.
        values: The exact value of the figure at each of them.
        error: The largest error of a straight line between two neighbouring points; 0 if the quantity is a whole number.
        chosen: The value of the quantity in the story.
        asked: The value of the quantity at which a page asks the reader for a prediction.

    Example:
        >>> Curve("", "feed-forward latency", "µs", "fidelity", (0.0, 1.0), (0.98, 0.96), 1e-3, 1.0, 1.0).at(0.5)
        0.97
    """

    title: str
    quantity: str
    unit: str
    figure: str
    grid: tuple[float, ...]
    values: tuple[float, ...]
    error: float
    chosen: float
    asked: float

    def at(self, quantity: float) -> float:
        """Return the value at a point within the grid, by linear interpolation.

        Raises:
            ParameterError: If the point is outside the grid, or is not a whole number although the quantity is.
        """
        low, high = self.grid[0], self.grid[-1]
        if not low <= quantity <= high or (not self.error and quantity not in self.grid):
            kind = "in" if self.error else "a whole number in"
            raise ParameterError(f"{self.quantity} must be {kind} [{low:g}, {high:g}], got {quantity!r}")
        return float(np.interp(quantity, self.grid, self.values))

    def to_dict(self) -> dict[str, Any]:
        """Return the curve in plain values."""
        points = [[round(x, 6), round(y, 9)] for x, y in zip(self.grid, self.values, strict=True)]
        kept = ("title", "quantity", "unit", "figure", "error", "chosen", "asked")
        return {name: getattr(self, name) for name in kept} | {"points": points, "tolerance": _TOLERANCE}


def curves_of(prepared: Prepared, figure: str | None = None) -> tuple[Curve, ...]:
    """Return a figure of a prepared run against each quantity that a reader may change.

    While a decision is under way, its qubits wait and decay with T1 and T2, so the figure falls with the latency. Each point
    is exact for the noise model, without sampling. Latency and coherence vary on the story's own circuits and qubits. For
    other links and numbers of hops the protocol is compiled again, as by ``predict``. The stated error is the largest
    difference between the odd-numbered points and straight lines through the even-numbered points. The error of lines through
    all points is about a quarter of it.

    Args:
        prepared: The prepared run.
        figure: Name of the figure. Default: ``fidelity`` if the program declares it, otherwise the first figure.

    Returns:
        The curves. A quantity that changes nothing has none, and there are none if the figure has no exact value.
    """
    if not prepared.compiled.program.figures:
        return ()
    found = []
    for makes in (_latency, _coherence, _links, _hops):
        try:
            found += list(makes(_Asked(prepared, figure_of(prepared.compiled.program, figure))))
        except _REFUSED:
            continue
    return tuple([curve for curve in found if max(curve.values) - min(curve.values) > _ROUNDING])


@dataclass(frozen=True)
class _Asked:
    """A prepared run and the chosen figure."""

    prepared: Prepared
    figure: Figure

    @property
    def exact(self) -> ExactBackend:
        return exact_of(self.prepared.backend)

    def value(self, exact: ExactBackend, compiled: Compiled | None = None) -> float:
        """Return the exact value of the figure, of the story's own circuits by default."""
        compiled = compiled or self.prepared.compiled
        figure = figure_of(compiled.program, self.figure.name)
        found = exact.evaluate(compiled, [figure])
        if figure.name not in found.values:
            raise NoShotsError(f"{figure.name} has no value: {found.empty[figure.name]}")
        return found.values[figure.name].value

    def with_parameter(self, name: str, parameter: float) -> float:
        """Return the value for another parameter of the protocol."""
        changed: Any = {name: parameter}
        protocol = replace(self.prepared.protocol, **changed)  # type: ignore[type-var]
        other = prepare(protocol, self.exact, replace(self.prepared.options, layout=None), shared=True)
        return self.value(self.exact, other.compiled)

    def curve(
        self,
        title: str,
        quantity: str,
        unit: str,
        grid: Sequence[float],
        value: Callable[[float], float],
        chosen: float,
    ) -> Curve:
        whole = all(isinstance(each, int) for each in grid)
        values = [value(each) for each in grid]
        error = 0.0 if whole else _error(grid, values)
        asked = next(each for each in (grid[len(grid) // 2], grid[len(grid) // 4]) if each != chosen)
        return Curve(
            title, quantity, unit, self.figure.name, tuple(grid), tuple(values), error, chosen, asked
        )


def _latency(asked: _Asked) -> Iterator[Curve]:
    exact = asked.exact
    if exact.device is None or asked.prepared.compiled.corrections != "feedforward":
        return

    def value(latency: float) -> float:
        return asked.value(exact.with_noise(replace(exact.noise, feedforward_latency=latency / _US)))

    own = round(exact.noise.feedforward_latency * _US, 6)
    grid = [float(each) for each in np.linspace(0.0, max(_LATENCY_US, 2 * own), 11)]
    yield asked.curve("If the message took longer", "feed-forward latency", "µs", grid, value, own)


def _coherence(asked: _Asked) -> Iterator[Curve]:
    exact = asked.exact
    if exact.device is None or not exact.noise.idle:
        return

    def value(factor: float) -> float:
        return asked.value(ExactBackend(exact.name, _scaled(asked, factor), exact.noise))

    yield asked.curve(
        "If qubits kept their states longer", "factor of all T1 and T2", "", _COHERENCE, value, 1.0
    )


def _scaled(asked: _Asked, factor: float) -> Device:
    """Return the device with other T1 and T2."""
    device = asked.exact.device
    assert device is not None
    qubits = tuple([
        replace(each, t1=each.t1 and factor * each.t1, t2=each.t2 and factor * each.t2) for each in device.calibration.qubits
    ])  # fmt: skip
    return Device.from_calibration(replace(device.calibration, qubits=qubits), device.notes)


def _links(asked: _Asked) -> Iterator[Curve]:
    own = _parameter(asked.prepared, "link_fidelity")
    if own is not None:
        value = partial(asked.with_parameter, "link_fidelity")
        yield asked.curve("If links were worse", "fidelity of each link", "", _LINKS, value, float(own))


def _hops(asked: _Asked) -> Iterator[Curve]:
    own = _parameter(asked.prepared, "hops")
    known: dict[float, float] = {}
    if own is not None:
        # A protocol may refuse long chains, and a device may have no place for them.
        with suppress(*_REFUSED):
            for hops in range(1, _MOST_HOPS + 1):
                known[hops] = asked.with_parameter("hops", hops)
    if len(known) > 2:
        title, quantity = "If there were more hops", "number of hops"
        yield asked.curve(title, quantity, "", [*known], known.__getitem__, own)


def _parameter(prepared: Prepared, name: str) -> Any:
    """Return a parameter of a small program, or None if the protocol lacks it or has its own network."""
    protocol: Protocol = prepared.protocol
    known = {field.name for field in fields(protocol)}  # type: ignore[arg-type]
    small = all(len(item.qubits) <= _FEW_QUBITS for item in prepared.compiled)
    has = small and name in known and getattr(protocol, "network", None) is None
    return getattr(protocol, name) if has else None


def _error(grid: Sequence[float], values: Sequence[float]) -> float:
    """Return the largest distance of odd-numbered points from straight lines through the others."""
    between = np.interp(grid[1::2], grid[::2], values[::2])
    return max(_ROUNDING, float(np.abs(between - np.array(values[1::2])).max()))
