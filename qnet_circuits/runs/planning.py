"""The jobs of a run: their circuits, blocks, shots and time limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qnet_circuits.backends.base import BaseBackend, Raw
from qnet_circuits.backends.service.cost import RunCost, check_budget
from qnet_circuits.backends.service.pricing import priced
from qnet_circuits.backends.service.splitting import JobPlan, gather
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import BackendError, ParameterError, UnsupportedError, check_count
from qnet_circuits.programs.program import Program
from qnet_circuits.runs.options import DEFAULT_SHOTS, RunOptions

#: The states of a job in the order in which a run of several jobs is only as far as the first of them.
_FAR = ("SUBMITTING", "QUEUED", "RUNNING", "DONE")
_ENDED_BADLY = ("FAILED", "LOST", "CANCELLED")


@dataclass(frozen=True)
class Plan:
    """How a run is divided into jobs.

    Args:
        jobs: The jobs in plain values, as a manifest lists them.
        cost: The cost of the jobs, if a service runs them; otherwise None.
    """

    jobs: tuple[dict[str, Any], ...]
    cost: RunCost | None = None


def counts_for(program: Program, shots: int | None) -> list[int]:
    """Return the shots of each circuit: those set by the protocol, or else those of the option.

    Raises:
        ParameterError: If the protocol counts its own rounds, or a figure needs more shots.
    """
    if shots is not None and any(item.shots is not None for item in program):
        raise ParameterError("this protocol counts its own rounds; leave shots out")
    counts = {item.name: item.shots or shots or DEFAULT_SHOTS for item in program}
    for figure in program.figures:
        fewest = min((counts[event.item] for event in figure.events), default=figure.least_shots)
        if fewest < figure.least_shots:
            raise ParameterError(
                f"{figure.name} is a function of a state, which needs {figure.least_shots} shots of each circuit or more, got "
                f"{fewest}"
            )
    return list(counts.values())


def shared(counts: Sequence[int], program: Program, copies: int) -> list[int]:
    """Return the shots of each circuit. If there are copies, they share the rounds that the protocol counts."""
    rounds = zip(counts, program, strict=True)
    return [-(-count // max(1, copies)) if item.shots is not None else count for count, item in rounds]


def with_readout(shots: Sequence[int], compiled: Compiled) -> list[int]:
    """Return the shots of all circuits, given those of the program's circuits. Readout circuits take the largest number."""
    return [*shots, *[max(shots)] * (len(compiled.items) - len(compiled.program_items))]


def plan_jobs(
    compiled: Compiled, backend: BaseBackend, shots: Sequence[int], options: RunOptions, run_id: str
) -> Plan:
    """Return the jobs of a run, and their cost if a service runs them.

    Every block has the same jobs. If a job must run all its circuits with the same number of shots, a program with different
    numbers of shots is split in the cheapest way, and surplus shots are discarded afterwards. On a processor each job has a
    tag, by which it is found, and its share of the budget.

    Raises:
        UnsupportedError: If circuits that must share a job do not fit into one job.
        ParameterError: If the budget does not suffice.
    """
    if not backend.capabilities.equal_shots or compiled.device is None:
        whole = {"circuits": list(range(len(shots))), "kept": list(shots)}
        plan = Plan(tuple({"block": block, **whole} for block in range(options.repeats)))
    else:
        plan = _jobs_of_a_service(compiled, backend, shots, options.repeats)
    if backend.capabilities.remote:
        if plan.cost is not None:
            check_budget(replace(plan.cost, remaining=left_on(backend)), options.max_qpu_seconds)
        share_budget(plan.jobs, options.max_qpu_seconds)
        tag_jobs(plan.jobs, run_id)
    return plan


def _jobs_of_a_service(compiled: Compiled, backend: BaseBackend, shots: Sequence[int], repeats: int) -> Plan:
    jobs, seconds, cost = priced(backend, compiled, shots, repeats=repeats)
    if len(jobs) > 1 and len(compiled.protocol_items()) < len(compiled.items):
        raise UnsupportedError(
            "readout circuits and control experiments must be in the same job as the circuits they belong to, but this run "
            f"needs {len(jobs)} jobs on {backend.name}; take fewer shots, or fewer circuits"
        )
    plain = [
        {"circuits": list(job.circuits), "shots": job.shots, "kept": list(job.kept), "seconds": each}
        for job, each in zip(jobs, seconds, strict=True)
    ]
    return Plan(tuple({"block": block, **job} for block in range(repeats) for job in plain), cost)


def remaining_seconds(backend: BaseBackend) -> float | None:
    """Return the processor seconds that the backend's instance has left, or None if unknown."""
    usage = getattr(backend, "usage", None)
    return None if usage is None else usage().remaining


def left_on(backend: BaseBackend) -> float | None:
    """Return the processor seconds that are left before a submission; None if unknown, or if the platform gives no answer.

    If the number is unknown, the platform decides when the job is submitted.
    """
    try:
        return remaining_seconds(backend)
    except BackendError:
        return None


def share_budget(jobs: Sequence[dict[str, Any]], max_qpu_seconds: int | None) -> None:
    """Give each job its limit of processor seconds: its estimated time, and its share of the remaining budget.

    Raises:
        ParameterError: If there are not enough whole seconds.
    """
    if max_qpu_seconds is None:
        return
    needed = [math.ceil(job.get("seconds", 0)) or 1 for job in jobs]
    left = max_qpu_seconds - sum(needed)
    if left < 0:
        raise ParameterError(
            f"{len(jobs)} jobs need {sum(needed)} s of the processor in whole seconds, "
            f"max_qpu_seconds allows {max_qpu_seconds}; give {sum(needed)} or more, or take fewer shots"
        )
    for job, least in zip(jobs, needed, strict=True):
        job["max_qpu_seconds"] = least + left * least // sum(needed)


def check_shares(jobs: Sequence[Mapping[str, Any]], max_qpu_seconds: Any) -> None:
    """Check that each job has a share, and that the shares do not exceed the run's budget, or raise ParameterError."""
    shares = [check_count("max_qpu_seconds of a job", job.get("max_qpu_seconds", 0)) for job in jobs]
    allowed = check_count("max_qpu_seconds of the run", max_qpu_seconds)
    if sum(shares) > allowed:
        raise ParameterError(
            f"the jobs of the run may take {sum(shares)} s of the processor, but its options allow {allowed}"
        )


def tag_jobs(jobs: Sequence[dict[str, Any]], run_id: str) -> None:
    """Give each job its tag and its state."""
    for number, job in enumerate(jobs):
        job["tag"], job["status"] = tag_of(run_id, number, len(jobs)), "PREPARED"


def tag_of(run_id: str, number: int, jobs: int) -> str:
    """Return the tag of one of a run's jobs."""
    return run_id if jobs == 1 else f"{run_id}-{number}"


def overall(states: Sequence[str]) -> str:
    """Return the status of a run with jobs in these states.

    Example:
        >>> overall(["DONE", "QUEUED"]), overall(["DONE", "DONE"]), overall(["QUEUED", "PREPARED"]), overall(["PREPARED"])
        ('RUNNING', 'DONE', 'SUBMITTING', 'PREPARED')
    """
    for state in _ENDED_BADLY:
        if state in states:
            return state
    if set(states) == {"PREPARED"}:
        return "PREPARED"
    if "PREPARED" in states or "SUBMITTING" in states:
        return "SUBMITTING"
    first, last = (pick(_FAR.index(state) for state in states) for pick in (min, max))
    return _FAR[first] if first == last else "RUNNING"


def joined(
    jobs: Sequence[Mapping[str, Any]], raws: Sequence[list[Raw]], rng: np.random.Generator
) -> list[list[Raw]]:
    """Return the outcomes of each block, in the order of its circuits and without surplus."""
    blocks = []
    for block in range(1 + max(job["block"] for job in jobs)):
        own = [(job, raw) for job, raw in zip(jobs, raws, strict=True) if job["block"] == block]
        if all("shots" in job for job, _ in own):
            made = [JobPlan(tuple(job["circuits"]), job["shots"], tuple(job["kept"])) for job, _ in own]
            blocks.append(gather(made, [raw for _, raw in own], rng))
        else:
            blocks += [raw for _, raw in own]
    return blocks


def shots_of(job: Mapping[str, Any]) -> list[int]:
    """Return the shots that each circuit of a job runs with."""
    return [job["shots"]] * len(job["circuits"]) if "shots" in job else list(job["kept"])
