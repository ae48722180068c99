"""Checks before submission find circuits that a processor would refuse, or that would fail after hours in the queue.

The total of several circuits is not checked: ``splitting.split`` makes only jobs within the limits.
"""

from __future__ import annotations

from collections.abc import Sequence

from qiskit import QuantumCircuit
from qiskit.transpiler import Target

from qnet_circuits.backends.service.circuit_rules import circuit_violations
from qnet_circuits.backends.service.loads import Load
from qnet_circuits.backends.service.violations import JOB_OVERHEAD, Limits, Violation

_FRAME = 'use corrections="frame" (--corrections frame)'
_SMALLER = "use fewer hops or nodes"
#: What helps against a circuit that is too much for a job by itself.
_ALONE = {
    "broadcasts": f"{_FRAME}, which broadcasts nothing",
    "control_instructions": _SMALLER,
    "two_qubit_gates": f"{_SMALLER}, or a layout without SWAPs",
    "input_bytes": _SMALLER,
}


def check_each(
    circuits: Sequence[QuantumCircuit],
    target: Target,
    loads: Sequence[Load],
    counts: Sequence[int],
    seconds: Sequence[float],
    limits: Limits,
) -> list[Violation]:
    """Return the violations of each single circuit, which cannot be avoided by more jobs.

    Args:
        circuits: The circuits.
        target: The device's target.
        loads: The load of each.
        counts: Shots of each.
        seconds: Seconds of the processor for one shot of each.
        limits: The limits.
    """
    found = []
    for circuit, load, count, time in zip(circuits, loads, counts, seconds, strict=True):
        found += circuit_violations(circuit, target, limits)
        broken = [
            (
                rule,
                f"{there}, at most {allowed} fit into one job",
                f"one circuit cannot be split: {_ALONE[rule]}",
            )
            for rule, there, allowed in load.excess(limits)
        ]
        if not _is_count(count):
            message = f"shots must be a whole number of at least 1, got {count!r}"
            broken.append(("shots", message, "give 1 or more"))
        if time > limits.seconds - JOB_OVERHEAD:
            message = f"one shot takes {time:,.0f} s, a job lasts at most {limits.seconds:,} s"
            broken.append(("seconds", message, "one circuit cannot be split: use shorter delays"))
        name = circuit.name
        found += [Violation(rule, name, None, f"circuit {name!r}: {what}", way) for rule, what, way in broken]
    return found


def _is_count(value: object) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and value.__index__() >= 1
