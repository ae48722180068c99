"""Checks before submission: circuits that a processor would refuse, or fail at after hours of waiting, are found here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qiskit import QuantumCircuit
from qiskit.transpiler import Target

from qnet_circuits.backends.service.circuit_rules import circuit_violations
from qnet_circuits.backends.service.loads import Load, load_of
from qnet_circuits.backends.service.violations import JOB_OVERHEAD, RULES, Limits, Violation, refuse
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
_SPLIT = "run them as several jobs (qnet_circuits.backends.service.splitting.split)"


def check(
    circuits: Sequence[QuantumCircuit],
    target: Target,
    shots: int | Sequence[int] | None = None,
    limits: Limits | None = None,
    seconds: Sequence[float] | None = None,
) -> list[Violation]:
    """Check circuits that are to be submitted as one job against every documented rule of the service.

    The client checks next to nothing of this, so that a circuit that breaks a rule fails after its wait in the queue.
    ``RULES`` lists the rules; their source is IBM Quantum's guides on executing dynamic circuits and on job limits (2026).

    Args:
        circuits: The circuits, on the device's qubits.
        target: The device's own target.
        shots: Shots of all circuits, or of each. Not checked by default.
        limits: The limits of a job. Default: ``Limits()``.
        seconds: Seconds of the processor for one shot of each circuit. The job's time is not checked by default.

    Returns:
        The violations, in the order of circuits and instructions; those of the circuits together come last, with ``circuit``
        None: against them ``split`` helps.

    Raises:
        ParameterError: If there are not as many numbers of shots as circuits.

    Example:
        >>> from qiskit.providers.fake_provider import GenericBackendV2
        >>> circuit = QuantumCircuit(2, 1, name="broken")
        >>> _ = circuit.cx(0, 1)
        >>> [found] = check([circuit], GenericBackendV2(2, ["cz"], seed=1).target, shots=100)
        >>> print(found)
        circuit 'broken': cx on qubits 0, 1 (instruction 0): the device has no cx; compile for this device (qn.compile)
    """
    limits = limits or Limits()
    counts = None if shots is None else counts_of(circuits, shots)
    loads = [load_of(circuit) for circuit in circuits]
    alone = check_each(circuits, target, loads, counts, limits)
    known = {violation.rule for violation in alone}
    together = _together(loads, None if "shots" in known else counts, limits, seconds)
    return alone + [violation for violation in together if violation.rule not in known]


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


def _together(
    loads: Sequence[Load], counts: Sequence[int] | None, limits: Limits, seconds: Sequence[float] | None
) -> list[Violation]:
    """Return what circuits break as one job."""
    excess = sum(loads, Load()).excess(limits)
    found = []
    if counts:
        if len(set(counts)) > 1:
            message = f"circuits with {min(counts):,} to {max(counts):,} shots, a job has the same for all"
            found.append(Violation("shots", None, None, message, _SPLIT))
        excess += _running(max(counts), len(counts), seconds, limits)
    circuits = f"{len(loads)} circuit" + ("s" if len(loads) != 1 else "")
    for rule, there, allowed in excess:
        message = f"{circuits} with {there} in all, at most {allowed} fit into one job"
        found.append(Violation(rule, None, None, message, _SPLIT))
    return found


def _running(
    shots: int, circuits: int, seconds: Sequence[float] | None, limits: Limits
) -> list[tuple[str, str, str]]:
    """Return the limits that a job exceeds when it runs."""
    found = []
    if shots * circuits > limits.executions:
        found.append(("executions", f"{shots * circuits:,} executions", f"{limits.executions:,}"))
    lasts = JOB_OVERHEAD + shots * sum(seconds) if seconds is not None else 0.0
    if lasts > limits.seconds:
        found.append(("seconds", f"{lasts:,.0f} s of the processor", f"{limits.seconds:,} s"))
    return found


__all__ = ["RULES", "Limits", "Violation", "check", "check_each", "counts_of", "refuse"]
