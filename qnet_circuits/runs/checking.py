"""Whether a manifest holds what analysis reads of it; what was edited or torn is told before anything is made of it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from qnet_circuits.backends.base import check_ticket
from qnet_circuits.compiling.outcome_map import Forms
from qnet_circuits.errors import check_count
from qnet_circuits.programs.figures import Figure
from qnet_circuits.runs.directory import STATES
from qnet_circuits.runs.planning import tag_of


def check_kinds(plain: Mapping[str, Any], kinds: Mapping[str, type | tuple[type, ...]]) -> None:
    """Check that entries are there and of their kinds, or raise KeyError or TypeError."""
    for key, kind in kinds.items():
        if not isinstance(plain[key], kind):
            raise TypeError(key)


def check_numbers(name: str, values: Sequence[Any]) -> None:
    """Check that values are numbers, of which none is too large for a float, or raise TypeError."""
    if not all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        raise TypeError(name)
    try:
        _ = [float(value) for value in values]
    except OverflowError:
        raise TypeError(name) from None


def check_bounds(bounds: Mapping[str, Any]) -> None:
    """Check the bounds of figures, {figure: {bound: number}}, or raise TypeError."""
    for name, each in bounds.items():
        if not isinstance(each, dict):
            raise TypeError(f"bounds of {name}")
        check_numbers(f"bounds of {name}", list(each.values()))


def check_forms(forms: Forms, raw_registers: Mapping[str, int]) -> None:
    """Check that forms read bits and variables that exist, or raise KeyError, TypeError or ValueError.

    A variable that does not exist would not always be missed: a negative one counts from the end.
    """
    if not all(0 <= index < raw_registers[register] for register, index in forms.raw):
        raise ValueError("forms")
    variables = len(forms.raw) + 2 * len(forms.emulated)
    read = [*forms.accept, *(form for bits in forms.registers.values() for form in bits)]
    for variable in (each for form in read for each in form):
        check_count("a variable of forms", variable, 0, variables - 1)
    for weights in forms.emulated:
        check_numbers("emulated", weights)
        if len(weights) != 4 or min(weights) < 0 or not np.isclose(sum(weights), 1.0):
            raise ValueError("emulated")


def check_figure(figure: Figure) -> None:
    """Check the numbers of a figure, or raise TypeError or ValueError."""
    about = (figure.ideal, figure.without_messages, figure.null)
    check_numbers(figure.name, [each for each in about if each is not None])
    check_numbers(figure.name, [figure.expression.constant, *(figure.physical or ())])
    if figure.physical is not None and len(figure.physical) != 2:
        raise ValueError(f"physical of {figure.name}")
    check_count(f"drawn_from of {figure.name}", figure.drawn_from, 0)


def check_jobs(jobs: Any, circuits: int) -> None:
    """Check the jobs of a run of some circuits, or raise KeyError, TypeError or ValueError."""
    if not isinstance(jobs, list) or not jobs:
        raise ValueError("jobs")
    for job in jobs:
        check_count("block", job["block"], 0, len(jobs) - 1)
        if len(job["circuits"]) != len(job["kept"]) or not set(job["circuits"]) <= set(range(circuits)):
            raise ValueError("jobs")
        for shots in (*job["kept"], *([job["shots"]] if "shots" in job else [])):
            check_count("shots of a job", shots, 0)


def check_remote_jobs(run_id: Any, jobs: Sequence[Mapping[str, Any]]) -> None:
    """Check what tells of jobs elsewhere, or raise KeyError or ValueError.

    By its tag, which is the run's id, a job is found; under another one it would be made, and paid for, a second time.
    """
    for number, job in enumerate(jobs):
        if not isinstance(run_id, str) or job["tag"] != tag_of(run_id, number, len(jobs)):
            raise ValueError("a job's tag")
        if job["status"] not in STATES:
            raise ValueError("a job's status")
        if job.get("ticket") is not None:
            check_ticket(job["ticket"])
        check_count("attempts of a job", job.get("attempts", 0), 0)
        if job.get("listed_by") is not None:
            datetime.datetime.fromisoformat(job["listed_by"])
        if "max_qpu_seconds" in job:
            check_count("max_qpu_seconds of a job", job["max_qpu_seconds"])
