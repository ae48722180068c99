"""The limits of a job, and their violations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from qnet_circuits.errors import UnsupportedError, check_count

#: Seconds of the processor that a job takes besides its shots, by IBM Quantum's guide on workload usage (2026).
JOB_OVERHEAD = 2.0


@dataclass(frozen=True)
class Limits:
    """The limits of one job, from IBM Quantum's guides on job limits and dynamic circuits in 2026.

    The limits have changed before (executions were 10 million, instructions 26.8 million), so other limits can be given.

    Args:
        condition_bits: Bits of an operand of a decision. The guide limits each operand. It does not mention expressions over
            many single bits, such as the parity of a correction. So the same number is, cautiously, taken for all bits that
            one decision reads.
        broadcast_memory: Memory of the control electronics for broadcasts. The guide states two points: about 300 broadcasts
            of 60 bits, or 2400 of one bit. The straight line through both gives 52 for a broadcast and 7 for each of its bits,
            out of 141,600.
        control_instructions: Instructions of the control system for each qubit.
        executions: Circuits times shots.
        two_qubit_gates: Fewer than 10,000 are sure to pass; the service may take more, depending on options.
        input_bytes: Size of the circuits in QPY.
        seconds: The longest that a job may run, 3 hours.
        shots: Shots of one circuit; processors state their own.

    Raises:
        ParameterError: If a limit is not a whole number of at least 1.

    Example:
        >>> Limits().condition_bits
        32
        >>> Limits(executions=10_000_000).executions
        10000000
    """

    condition_bits: int = 32
    broadcast_memory: int = 141_600
    control_instructions: int = 32_000_000
    executions: int = 5_000_000
    two_qubit_gates: int = 9_999
    input_bytes: int = 50_000_000
    seconds: int = 10_800
    shots: int = 5_000_000

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            check_count(field.name, getattr(self, field.name))


@dataclass(frozen=True)
class Violation:
    """A property of a circuit that a processor would refuse, or at which it would fail after the queue.

    Args:
        rule: The violated rule, by a short name such as ``condition``.
        circuit: Name of the circuit, or None if all circuits together exceed a limit of one job.
        instruction: The instruction, with its qubits and its place, or None if it is not a single instruction.
        message: The violation, with the given number and the allowed number.
        way_out: The advice.

    Example:
        >>> str(Violation("shots", "zz", None, "circuit 'zz' has 0 shots, at least 1 is needed", "give shots=1 or more"))
        "circuit 'zz' has 0 shots, at least 1 is needed; give shots=1 or more"
    """

    rule: str
    circuit: str | None
    instruction: str | None
    message: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.message}; {self.way_out}"


def refuse(violations: Sequence[Violation]) -> None:
    """Raise an error for the first violation, in one line, with the number of further violations.

    Args:
        violations: The violations, in order. If there are none, nothing happens.

    Raises:
        UnsupportedError: If there is a violation.

    Example:
        >>> wrong = Violation("shots", "zz", None, "circuit 'zz' has 0 shots, at least 1 is needed", "give shots=1 or more")
        >>> refuse([wrong, wrong])
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.UnsupportedError: circuit 'zz' has 0 shots, at least 1 is needed; give shots=1 or more (and 1 more)
    """
    if violations:
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        raise UnsupportedError(" ".join(f"{violations[0]}{more}".split()))
