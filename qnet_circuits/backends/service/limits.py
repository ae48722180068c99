"""Checks before submission: circuits that a processor would refuse, or fail at after hours of waiting, are found here.

What circuits take together is not checked: ``splitting.split`` makes only jobs that keep to the limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qiskit import QuantumCircuit
from qiskit.transpiler import Target

from qnet_circuits.backends.service.circuit_rules import circuit_violations
from qnet_circuits.backends.service.loads import Load
from qnet_circuits.backends.service.violations import Limits, Violation
from qnet_circuits.errors import ParameterError

_FRAME = 'use corrections="frame" (--corrections frame)'
_SMALLER = "use fewer hops or nodes"
#: What helps against a circuit that is too much for a job by itself.
_ALONE = {
    "broadcasts": f"{_FRAME}, which broadcasts nothing",
    "control_instructions": _SMALLER,
    "two_qubit_gates": f"{_SMALLER}, or a layout without SWAPs",
    "input_bytes": _SMALLER,
}


def counts_of(circuits: Sequence[QuantumCircuit], shots: int | Sequence[int]) -> list[int]:
    """Return the shots of each circuit."""
    counts = list(shots) if isinstance(shots, Iterable) else [shots] * len(circuits)
    if len(counts) != len(circuits):
        raise ParameterError(
            f"shots must hold {len(circuits)} numbers, one for each circuit, got {len(counts)}"
        )
    return counts


def check_each(
    circuits: Sequence[QuantumCircuit],
    target: Target,
    loads: Sequence[Load],
    counts: Sequence[int] | None,
    limits: Limits,
) -> list[Violation]:
    """Return what each circuit breaks by itself, which no splitting into jobs helps against.

    Args:
        circuits: The circuits.
        target: The device's target.
        loads: What each takes.
        counts: Shots of each, or None.
        limits: The limits.
    """
    found = []
    for k, (circuit, load) in enumerate(zip(circuits, loads, strict=True)):
        found += circuit_violations(circuit, target, limits)
        for rule, there, allowed in load.excess(limits):
            message = f"circuit {circuit.name!r}: {there}, at most {allowed} fit into one job"
            found.append(
                Violation(rule, circuit.name, None, message, f"one circuit cannot be split: {_ALONE[rule]}")
            )
        if counts is not None and not _is_count(counts[k]):
            message = (
                f"circuit {circuit.name!r}: shots must be a whole number of at least 1, got {counts[k]!r}"
            )
            found.append(Violation("shots", circuit.name, None, message, "give 1 or more"))
    return found


def _is_count(value: object) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and value.__index__() >= 1
