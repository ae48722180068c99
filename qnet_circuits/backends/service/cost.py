"""The estimated processor time of a run, before it is paid for."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qnet_circuits.backends.service.splitting import JobPlan
from qnet_circuits.backends.service.violations import JOB_OVERHEAD
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.files import finite
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import makespan
from qnet_circuits.errors import ParameterError, UnsupportedError, check_range

#: Seconds between two shots on most processors of IBM Quantum: their ``default_rep_delay``.
REP_DELAY = 250e-6
#: The longest that makes sense; a processor's own range is checked where it is known.
LONGEST_REP_DELAY = 0.1


@dataclass(frozen=True)
class RunCost:
    """The estimated processor time of a run.

    The formula is that of IBM Quantum's guide on workload usage (2026): each job takes about 2 s, and each execution takes the
    repetition delay, the initialisation and the duration of the circuit. The circuit's duration follows from its schedule,
    with the device's calibrated durations and the latencies of decisions. Two contributions are unknown and left out: the
    parts into which the service divides large jobs, each of which costs about 2 s more, and the extra time of twirling.

    Args:
        circuits: Number of circuits.
        jobs: Number of jobs.
        shots: Shots of each circuit; the largest number, if they differ.
        executions: Circuits times executed shots, surplus included.
        seconds: Estimated processor seconds.
        rep_delay: Seconds between two shots.
        remaining: Seconds that the instance has left, or None if unknown.
        waste: Surplus executions: a job runs all its circuits with the same number of shots.
        notes: Notes on the estimate.

    Example:
        >>> cost = RunCost(circuits=3, jobs=1, shots=4000, executions=12000, seconds=5.2, rep_delay=250e-6, remaining=520.0)
        >>> cost.share
        0.01
        >>> print(cost)
        circuits           3
        jobs               1
        shots          4,000  each
        executions    12,000
        processor        5.2  s (estimated)
        left             520  s (this takes 1.00%)
    """

    circuits: int
    jobs: int
    shots: int
    executions: int
    seconds: float
    rep_delay: float
    remaining: float | None = None
    waste: int = 0
    notes: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """The estimated seconds as a share of the seconds left, or None if unknown; infinite if nothing is left."""
        if self.remaining is None:
            return None
        return self.seconds / self.remaining if self.remaining > 0 else math.inf

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, ready for JSON; unknown values are None."""
        plain: dict[str, Any] = finite({**dataclasses.asdict(self), "share": self.share})
        return plain

    def __str__(self) -> str:
        rows = [
            ("circuits", f"{self.circuits:,}", ""),
            ("jobs", f"{self.jobs:,}", ""),
            ("shots", f"{self.shots:,}", "each" if self.waste == 0 else "each, at most"),
            (
                "executions",
                f"{self.executions:,}",
                f"of which {self.waste:,} are surplus" if self.waste else "",
            ),
            ("processor", f"{self.seconds:,.1f}", "s (estimated)"),
        ]
        if self.share is not None:
            rows.append(("left", f"{self.remaining:,.0f}", f"s (this takes {self.share:.2%})"))
        lines = [f"{name:<12}{value:>10}  {more}".rstrip() for name, value, more in rows]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


#: The name that users know from earlier versions.
Cost = RunCost


def shot_seconds(
    compiled: Compiled, rep_delay: float = REP_DELAY, noise: DeviceNoise | None = None
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return the processor time of one shot of each circuit.

    Args:
        compiled: A program compiled for a device.
        rep_delay: Seconds between two shots, in [0, 0.1].
        noise: Gives the latencies of decisions. Default: ``DeviceNoise()``.

    Returns:
        The seconds, and notes on gaps in the calibration.

    Raises:
        UnsupportedError: If the program was compiled without a device, so that durations are unknown, or a delay has no
            length.
    """
    check_range("rep_delay", rep_delay, 0.0, LONGEST_REP_DELAY)
    if compiled.device is None:
        raise UnsupportedError(
            "without a device circuits have no duration; compile for a device, such as aer:fake_kingston"
        )
    noise = noise or DeviceNoise()
    timing = DeviceNoise(
        feedforward_latency=noise.feedforward_latency, decision_latency=noise.decision_latency
    )
    usable = Usable(compiled.device.calibration)
    twin = Twin(usable, timing)
    seconds = []
    for item in compiled:
        initialised = max(usable.duration("reset", (qubit,)) for qubit in item.qubits)
        seconds.append(rep_delay + initialised + makespan(twin.timed(item.circuit, item.qubits)))
    return tuple(seconds), usable.notes()


def cost_of(
    jobs: Sequence[JobPlan],
    seconds: Sequence[float],
    rep_delay: float = REP_DELAY,
    remaining: float | None = None,
    notes: Sequence[str] = (),
) -> RunCost:
    """Return the cost of jobs.

    Args:
        jobs: The jobs of a run.
        seconds: Seconds for one shot of each circuit of the run, the repetition delay included.
        rep_delay: The repetition delay, for display.
        remaining: Seconds that the instance has left, if known.
        notes: Notes on the estimate.

    Example:
        >>> cost = cost_of([JobPlan((0, 1), 1000, (1000, 900))], [300e-6, 500e-6])
        >>> round(cost.seconds, 9), cost.executions, cost.waste
        (2.8, 2000, 100)
    """
    if remaining is not None:
        check_range("remaining", remaining, 0.0, math.inf)
    kept = [0] * len(seconds)
    for job in jobs:
        for k, shots in zip(job.circuits, job.kept, strict=True):
            kept[k] += shots
    runs = sum(job.shots * sum(seconds[k] for k in job.circuits) for job in jobs)
    return RunCost(
        circuits=len(seconds),
        jobs=len(jobs),
        shots=max(kept, default=0),
        executions=sum(job.executions for job in jobs),
        seconds=JOB_OVERHEAD * len(jobs) + runs,
        rep_delay=rep_delay,
        remaining=remaining,
        waste=sum(job.waste for job in jobs),
        notes=tuple(notes),
    )


def check_budget(cost: RunCost, max_qpu_seconds: float | None) -> float:
    """Return the budget of a run if it is enough.

    Args:
        cost: The estimated cost of the run.
        max_qpu_seconds: The most processor seconds that the run may take.

    Raises:
        ParameterError: If the budget is missing, not a positive number, or less than the estimate, or if the instance has too
            little time left.

    Example:
        >>> check_budget(RunCost(1, 1, 1000, 1000, 2.4, 250e-6), 60)
        60.0
        >>> check_budget(RunCost(1, 1, 1000, 1000, 2.4, 250e-6), 2)
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.ParameterError: the run is estimated to take 2.4 s of the processor, max_qpu_seconds allows 2; ...
    """
    needed = f"{math.ceil(cost.seconds):,}"
    estimate = f"the run is estimated to take {cost.seconds:,.1f} s of the processor"
    if max_qpu_seconds is None:
        raise ParameterError(
            f"a run on a processor needs max_qpu_seconds (--max-qpu-seconds); {estimate}, so give {needed} or more"
        )
    budget = check_range("max_qpu_seconds", max_qpu_seconds, 0.0, math.inf)
    if not 0 < budget < math.inf:
        raise ParameterError(f"max_qpu_seconds must be a number of seconds above 0, got {max_qpu_seconds!r}")
    if budget < cost.seconds:
        raise ParameterError(
            f"{estimate}, max_qpu_seconds allows {budget:g}; give {needed} or more, or take fewer shots"
        )
    if cost.remaining is not None and cost.remaining < cost.seconds:
        raise ParameterError(
            f"{estimate}, and the instance has {cost.remaining:,.0f} s left; take fewer shots, or wait for more"
        )
    return budget
