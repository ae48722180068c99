"""Circuits as QPY with the delays that they have: Qiskit leaves out units of time, so that 100 ns would be read as 100 dt.

A length of time in seconds is written as a constant expression instead, which keeps its unit. Qiskit and Aer read that too.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from numbers import Real

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Delay, Duration
from qiskit.circuit.classical import expr

from qnet_circuits.compiling.building import with_delays

_UNITS: dict[str, Callable[[float], Duration]] = {
    "s": Duration.s, "ms": Duration.ms, "us": Duration.us, "ns": Duration.ns, "ps": Duration.ps,
}  # fmt: skip


def as_qpy(circuits: Sequence[QuantumCircuit]) -> bytes:
    """Return circuits as the content of a QPY file.

    Example:
        >>> circuit = QuantumCircuit(1)
        >>> _ = circuit.delay(1.5, 0, unit="us")
        >>> (again,) = of_qpy(as_qpy([circuit]))
        >>> again == circuit
        True
    """
    written = io.BytesIO()
    qpy.dump([with_delays(circuit, _as_expression) for circuit in circuits], written)
    return written.getvalue()


def of_qpy(content: bytes) -> list[QuantumCircuit]:
    """Return the circuits of the content of a QPY file."""
    return [with_delays(circuit, _as_number) for circuit in qpy.load(io.BytesIO(content))]


def _as_expression(delay: Delay) -> Delay:
    if delay.unit not in _UNITS or not isinstance(delay.duration, Real):
        return delay
    return Delay(expr.lift(_UNITS[delay.unit](float(delay.duration))))


def _as_number(delay: Delay) -> Delay:
    value = delay.duration
    if not isinstance(value, expr.Value) or value.value.unit() not in _UNITS:
        return delay
    return Delay(value.value.value(), value.value.unit())
