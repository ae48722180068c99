"""All rules of the service for circuits that are to be one job: what jobs of the package are held against."""

from collections.abc import Sequence

from qiskit import QuantumCircuit
from qiskit.transpiler import Target

from qnet_circuits.backends.service.limits import check_each
from qnet_circuits.backends.service.loads import Load, load_of
from qnet_circuits.backends.service.violations import JOB_OVERHEAD, Limits, Violation

_SPLIT = "run them as several jobs (qnet_circuits.backends.service.splitting.split)"

#: What a job on a processor may not do, by the name of the rule.
RULES = {
    "dynamic": "real-time decisions need a device with if_else",
    "control_flow": "if_else is the only control flow",
    "nesting": "no decision inside a decision",
    "branch": "no measurement or reset inside a branch",
    "operand": "a decision compares values of at most 32 bits",
    "condition": "one decision reads at most 32 bits in all",
    "arithmetic": "no arithmetic and no shifts",
    "store": "a value that is stored into a classical register is not returned",
    "input": "nobody can give a value to an input variable",
    "parameter": "all parameters have values",
    "delay": "delays are multiples of the device's alignment",
    "gate": "only operations of the device, on qubits that have them",
    "angle": "rzz takes angles from 0 to π/2",
    "qubits": "no more qubits than the device has",
    "register": "outcomes are in classical registers whose names are usable",
    "shots": "all circuits of a job take the same number of shots, at least 1",
    "broadcasts": "the control electronics hold so many broadcasts for a job",
    "control_instructions": "the control electronics hold so many instructions for each qubit",
    "two_qubit_gates": "so many two-qubit gates in a job are sure to pass",
    "executions": "so many executions in a job",
    "input_bytes": "so large may a job's input be",
    "seconds": "so long may a job run",
}


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
        ValueError: If there are not as many numbers of shots as circuits.

    Example:
        >>> from qiskit.providers.fake_provider import GenericBackendV2
        >>> circuit = QuantumCircuit(2, 1, name="broken")
        >>> _ = circuit.cx(0, 1)
        >>> [found] = check([circuit], GenericBackendV2(2, ["cz"], seed=1).target, shots=100)
        >>> print(found)
        circuit 'broken': cx on qubits 0, 1 (instruction 0): the device has no cx; compile for this device (qn.compile)
    """
    limits = limits or Limits()
    counts = shots if shots is None or isinstance(shots, Sequence) else [shots] * len(circuits)
    loads = [load_of(circuit) for circuit in circuits]
    nothing = [0.0] * len(circuits)
    alone = check_each(
        circuits, target, loads, [1] * len(circuits) if counts is None else counts, nothing, limits
    )
    known = {violation.rule for violation in alone}
    together = _together(loads, None if "shots" in known else counts, limits, seconds)
    return alone + [violation for violation in together if violation.rule not in known]


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
