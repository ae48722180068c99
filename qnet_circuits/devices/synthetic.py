"""Synthetic devices of any size, with chosen medians and, optionally, a spread around them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.entries import OperationCalibration, QubitCalibration
from qnet_circuits.errors import ParameterError, check_count, check_range

_UP_TO_ONE = (
    "one_qubit_error", "two_qubit_error", "one_qubit_duration", "two_qubit_duration", "measurement_duration"
)  # fmt: skip
_GATES = ("cz", "delay", "id", "measure", "reset", "rz", "sx", "x")
Coupling = tuple[int, int]


@dataclass(frozen=True)
class Medians:
    """The medians of a synthetic device's qubits and gates. The defaults are close to a Heron processor of 2026.

    With a spread s, times and errors are drawn as median · exp(s · g), g standard normal: per qubit T1, T2, the error that id,
    sx and x share, and readout in each direction; per coupling the error of cz. An error stops at 1, T2 at 2 T1. Durations
    are the same everywhere, as on a processor. rz is a change of reference frame: no time, no error.

    Args:
        t1: Relaxation time in seconds, in [1e-9, 1000].
        t2: Dephasing time in seconds, at most 2 t1.
        one_qubit_error: Average infidelity of id, sx and x, in [0, 1].
        two_qubit_error: Average infidelity of cz, in [0, 1].
        readout_error: In [0, 1], in both directions; or the pair (reading 1 from |0⟩, reading 0 from |1⟩).
        one_qubit_duration: Duration of id, sx and x in seconds, in [0, 1], like the following durations.
        two_qubit_duration: Duration of cz.
        measurement_duration: Duration of measure.
        reset_duration: Duration of reset. Default: a measurement and one gate.
        dt: The device's unit of time in seconds, in [1e-15, 1e-3], or None.
        dynamic: Whether the device can decide in real time (has ``if_else``).
        spread: Spread of the logarithm, in [0, 3]; 0 makes all qubits alike.
        seed: A whole number of at least 0 that decides on the spread.

    Raises:
        ParameterError: If one is out of range.

    Example:
        >>> Medians(two_qubit_error=1e-3).readout
        (0.01, 0.01)
    """

    t1: float = 250e-6
    t2: float = 150e-6
    one_qubit_error: float = 2.5e-4
    two_qubit_error: float = 2e-3
    readout_error: float | tuple[float, float] = 0.01
    one_qubit_duration: float = 32e-9
    two_qubit_duration: float = 68e-9
    measurement_duration: float = 1.6e-6
    reset_duration: float | None = None
    dt: float | None = 4e-9
    dynamic: bool = True
    spread: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_range("t1", self.t1, 1e-9, 1000)
        check_range("t2", self.t2, 1e-9, 2 * self.t1)
        for name in _UP_TO_ONE:
            check_range(name, getattr(self, name), 0, 1)
        _ = self.readout
        if self.reset_duration is not None:
            check_range("reset_duration", self.reset_duration, 0, 1)
        if self.dt is not None:
            check_range("dt", self.dt, 1e-15, 1e-3)
        if not isinstance(self.dynamic, bool):
            raise ParameterError(f"dynamic must be True or False, got {self.dynamic!r}")
        check_range("spread", self.spread, 0, 3)
        check_count("seed", self.seed, 0)

    @property
    def readout(self) -> tuple[float, float]:
        """Probabilities to read 1 from |0⟩ and 0 from |1⟩."""
        given = self.readout_error
        both = given if isinstance(given, (tuple, list)) else (given, given)
        if len(both) != 2:
            raise ParameterError(f"readout_error must be one number or two, got {given!r}")
        return check_range("readout_error", both[0], 0, 1), check_range("readout_error", both[1], 0, 1)

    def draw(self, median: float, count: int, stream: int, most: float = math.inf) -> list[float]:
        """Return values around a median, at most ``most``; each stream has random numbers of its own."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(stream,)))
        factors = np.exp(self.spread * rng.standard_normal(count))
        return [float(value) for value in np.minimum(median * factors, most)]


def line_device(num_qubits: int, **medians: Any) -> DeviceCalibration:
    """Return a line of qubits: k is coupled to k + 1.

    Args:
        num_qubits: Number of qubits, at least 1.
        **medians: Values that differ from the defaults of ``Medians``: t1, t2, one_qubit_error, two_qubit_error, readout_error,
            one_qubit_duration, two_qubit_duration, measurement_duration, reset_duration, dt, dynamic, spread, seed.

    Returns:
        The calibration, with all gates, times and readouts.

    Raises:
        ParameterError: If a value is out of range.
        TypeError: If there is no such median.

    Example:
        >>> device = line_device(20, two_qubit_error=1e-3)
        >>> device.name, device.error("cz", (4, 5)), len(device.couplings)
        ('synthetic line of 20', 0.001, 19)
    """
    check_count("num_qubits", num_qubits)
    couplings = [(k, k + 1) for k in range(num_qubits - 1)]
    return _device("line", f"{num_qubits}", num_qubits, couplings, Medians(**medians))


def grid_device(rows: int, columns: int, **medians: Any) -> DeviceCalibration:
    """Return a square lattice, as on Nighthawk processors: the qubit in row r and column c is r · columns + c.

    Args:
        rows: At least 1.
        columns: At least 1.
        **medians: As for ``line_device``.

    Returns:
        The calibration.

    Raises:
        ParameterError: If a value is out of range.
        TypeError: If there is no such median.

    Example:
        >>> device = grid_device(2, 3)
        >>> device.num_qubits, len(device.couplings), frozenset((1, 4)) in device.couplings
        (6, 7, True)
    """
    check_count("rows", rows)
    check_count("columns", columns)
    couplings = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
    couplings += [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]
    return _device("grid", f"{rows} by {columns}", rows * columns, couplings, Medians(**medians))


def heavy_hex_device(rows: int, columns: int, **medians: Any) -> DeviceCalibration:
    """Return a heavy-hex lattice, as on Heron processors: lines of qubits, and bridges of one qubit between them.

    Each row is a line of ``columns`` qubits. Below it, a bridge leads to the next row in every fourth column: columns 3, 7,
    11, ... below rows 0, 2, ..., columns 1, 5, 9, ... below rows 1, 3, .... Qubits are numbered row by row, the bridges
    below a row after it. 8 rows of 16 columns are the 156 qubits of a Heron r2, with the same numbers.

    Args:
        rows: At least 1.
        columns: At least 4, so that every two rows are joined.
        **medians: As for ``line_device``.

    Returns:
        The calibration.

    Raises:
        ParameterError: If a value is out of range.
        TypeError: If there is no such median.

    Example:
        >>> heavy_hex_device(8, 16).num_qubits
        156
    """
    check_count("rows", rows)
    check_count("columns", columns, 4)
    bridges = [range(3 if row % 2 == 0 else 1, columns, 4) for row in range(rows - 1)]
    starts = [row * columns + sum(map(len, bridges[:row])) for row in range(rows)]
    couplings = [(start + c, start + c + 1) for start in starts for c in range(columns - 1)]
    for above, below, places in zip(starts, starts[1:], bridges, strict=False):
        for k, column in enumerate(places):
            bridge = above + columns + k
            couplings += [(above + column, bridge), (bridge, below + column)]
    return _device("heavy hex", f"{rows} by {columns}", starts[-1] + columns, couplings, Medians(**medians))


def _device(
    kind: str, size: str, num_qubits: int, couplings: list[Coupling], medians: Medians
) -> DeviceCalibration:
    t1, drawn = (medians.draw(median, num_qubits, k) for k, median in enumerate((medians.t1, medians.t2)))
    t2 = [min(time, 2 * limit) for time, limit in zip(drawn, t1, strict=True)]
    readout = [medians.draw(median, num_qubits, 2 + k, 1.0) for k, median in enumerate(medians.readout)]
    return DeviceCalibration(
        name=f"synthetic {kind} of {size}",
        qubits=tuple(map(QubitCalibration, t1, t2, *readout)),
        operations=tuple(sorted((*_GATES, "if_else") if medians.dynamic else _GATES)),
        entries=tuple(_entries(readout, couplings, medians)),
        dt=medians.dt,
        source=f"synthetic {kind}",
    )


def _entries(
    readout: Sequence[Sequence[float]], couplings: Sequence[Coupling], medians: Medians
) -> Iterator[OperationCalibration]:
    count = len(readout[0])
    gate_errors = medians.draw(medians.one_qubit_error, count, 4, 1.0)
    pair_errors = medians.draw(medians.two_qubit_error, len(couplings), 5, 1.0)
    reset = medians.reset_duration
    if reset is None:
        reset = medians.measurement_duration + medians.one_qubit_duration
    for (a, b), error in zip(couplings, pair_errors, strict=True):
        for pair in ((a, b), (b, a)):
            yield OperationCalibration("cz", pair, error, medians.two_qubit_duration)
    for k in range(count):
        for name in ("id", "sx", "x"):
            yield OperationCalibration(name, (k,), gate_errors[k], medians.one_qubit_duration)
        yield OperationCalibration("rz", (k,), 0.0, 0.0)
        yield OperationCalibration("delay", (k,))
        mean = (readout[0][k] + readout[1][k]) / 2
        yield OperationCalibration("measure", (k,), mean, medians.measurement_duration)
        yield OperationCalibration("reset", (k,), None, reset)
