"""The calibration of one qubit, and of one operation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from qnet_circuits.errors import ParameterError, check_count

#: From this error on, a calibration counts as failed: the operation does no better than chance.
FAILED = 0.5
#: Operations that are no gates.
_NO_GATES = ("measure", "measure_2", "reset", "reset_2", "delay")


@dataclass(frozen=True)
class QubitCalibration:
    """The calibration of one qubit.

    Args:
        t1: Relaxation time in seconds, or None if it is missing.
        t2: Dephasing time in seconds, or None. More than 2 t1, which no physical channel has, stays as it was measured.
        one_from_zero: Probability to read 1 from |0⟩, or None.
        zero_from_one: Probability to read 0 from |1⟩, or None.

    Raises:
        ParameterError: If a time is negative or a probability outside [0, 1].

    Example:
        >>> QubitCalibration(t1=250e-6, one_from_zero=0.01)
        QubitCalibration(t1=0.00025, t2=None, one_from_zero=0.01, zero_from_one=None)
    """

    t1: float | None = None
    t2: float | None = None
    one_from_zero: float | None = None
    zero_from_one: float | None = None

    def __post_init__(self) -> None:
        for field in ("t1", "t2"):
            object.__setattr__(self, field, check_seconds(field, getattr(self, field)))
        for field in ("one_from_zero", "zero_from_one"):
            object.__setattr__(self, field, check_probability(field, getattr(self, field)))


@dataclass(frozen=True)
class OperationCalibration:
    """What a calibration says of one operation on certain qubits.

    Args:
        name: Name of the operation, as in Qiskit: ``cz``, ``sx``, ``measure``, ``reset``, ``measure_2``.
        qubits: The physical qubits, in the operation's order.
        error: Average infidelity of a gate, mean of the two readout errors of a measurement, in [0, 1], or None. An error of
            0.5 or more is a failed calibration, and stays as it is.
        duration: In seconds, or None.

    Raises:
        ParameterError: If a value is out of range, or a qubit occurs twice.

    Example:
        >>> OperationCalibration("cz", (0, 1), error=0.002, duration=68e-9)
        OperationCalibration(name='cz', qubits=(0, 1), error=0.002, duration=6.8e-08)
    """

    name: str
    qubits: tuple[int, ...]
    error: float | None = None
    duration: float | None = None

    def __post_init__(self) -> None:
        check_text("name of an operation", self.name)
        if not isinstance(self.qubits, Iterable):
            raise ParameterError(
                f"qubits of {self.name} must be a sequence of whole numbers, got {self.qubits!r}"
            )
        qubits = tuple(check_count(f"{self.name}: qubit", qubit, 0) for qubit in self.qubits)
        if not qubits or len(set(qubits)) < len(qubits):
            raise ParameterError(f"{self.name}: qubits must be one or more, each once, got {qubits}")
        object.__setattr__(self, "qubits", qubits)
        where = f"{self.name} on {', '.join(map(str, qubits))}:"
        object.__setattr__(self, "error", check_probability(f"{where} error", self.error))
        object.__setattr__(self, "duration", check_seconds(f"{where} duration", self.duration))


def is_gate(entry: OperationCalibration) -> bool:
    """Tell whether an operation is a gate that takes time or errs; one that does neither is a change of reference frame."""
    return entry.name not in _NO_GATES and bool(entry.error or entry.duration)


def check_text(name: str, value: Any, empty: bool = False) -> str:
    """Return a text that is not empty, or raise ParameterError."""
    if not isinstance(value, str) or not (value or empty):
        raise ParameterError(f"{name} must be a text, got {value!r}")
    return value


def _number(name: str, value: Any, kind: str, most: float) -> float | None:
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and 0 <= number <= most):
        raise ParameterError(f"{name} must be {kind}, or None, got {short(value)}")
    return number


def check_seconds(name: str, value: Any) -> float | None:
    """Return a time in seconds as a float, or None, or raise ParameterError."""
    return _number(name, value, "a time in seconds of at least 0", math.inf)


def check_probability(name: str, value: Any) -> float | None:
    """Return a probability as a float, or None, or raise ParameterError."""
    return _number(name, value, "in [0, 1]", 1.0)


def short(value: Any) -> str:
    """Return a value as a message shows it: never longer than a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
