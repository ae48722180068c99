"""Splitting of a run into jobs within the limits, each with the same number of shots for all its circuits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.transpiler import Target

from qnet_circuits.backends.service.limits import check_each
from qnet_circuits.backends.service.loads import Load, load_of
from qnet_circuits.backends.service.violations import JOB_OVERHEAD, Limits, refuse
from qnet_circuits.errors import BackendError

Registers = Mapping[str, npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class JobPlan:
    """Circuits that run together, with the same number of shots each.

    Args:
        circuits: Their numbers in the run.
        shots: Shots of each.
        kept: The requested shots of each circuit; the rest is surplus, discarded at random.

    Example:
        >>> JobPlan((0, 2), 100, (100, 60)).waste
        40
    """

    circuits: tuple[int, ...]
    shots: int
    kept: tuple[int, ...]

    @property
    def executions(self) -> int:
        """Circuits times shots."""
        return len(self.circuits) * self.shots

    @property
    def waste(self) -> int:
        """Surplus executions."""
        return self.executions - sum(self.kept)


def split(
    circuits: Sequence[QuantumCircuit],
    shots: Sequence[int],
    target: Target,
    seconds: Sequence[float],
    limits: Limits,
) -> tuple[JobPlan, ...]:
    """Split a run into jobs within the limits.

    A job runs all its circuits with the same number of shots. Circuits with different numbers run together with the largest
    number, or in separate jobs, whichever takes less processor time. A job costs about two seconds, and a surplus shot costs
    as much as any shot. A circuit with more shots than a job may have is in several jobs.

    Args:
        circuits: The circuits, on the device's qubits.
        shots: Shots of each.
        target: The device's own target.
        seconds: Seconds of the processor for one shot of each.
        limits: The limits of a job.

    Returns:
        The jobs; a single job if possible. Every circuit is in at least one job, and its kept shots add up to its requested
        shots.

    Raises:
        UnsupportedError: If a single circuit violates a rule, since one circuit cannot be split.

    Example:
        >>> from qiskit.providers.fake_provider import GenericBackendV2
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.measure(0, 0)
        >>> target = GenericBackendV2(2, seed=1).target
        >>> split([circuit, circuit], [1000, 990], target, [350e-6, 350e-6], Limits())
        (JobPlan(circuits=(0, 1), shots=1000, kept=(1000, 990)),)
        >>> [job.shots for job in split([circuit] * 2, [1_000_000, 10], target, [350e-6] * 2, Limits())]
        [1000000, 10]
    """
    loads = [load_of(circuit) for circuit in circuits]
    refuse(check_each(circuits, target, loads, shots, seconds, limits))
    jobs: list[JobPlan] = []
    for members in _groups(shots, seconds):
        most = max(shots[k] for k in members)
        for size, kept in _rounds(members, shots, _most_shots(members, seconds, limits, most)):
            jobs += _packed(kept, size, loads, seconds, limits)
    return tuple(jobs)


def _groups(counts: Sequence[int], times: Sequence[float]) -> list[list[int]]:
    """Return the cheapest grouping of circuits that run with the same number of shots.

    Some cheapest grouping takes neighbours in the order of counts. ``least[j]`` is the least cost of the j largest counts:
    the overhead of a job for each group, and the surplus shots of its members.
    """
    levels = sorted(set(counts), reverse=True)
    members = {level: [k for k, count in enumerate(counts) if count == level] for level in levels}
    weight = [sum(times[k] for k in members[level]) for level in levels]
    least, begin = [0.0], [0]
    for end in range(1, len(levels) + 1):
        surplus, below, options = 0.0, 0.0, []
        for first in reversed(range(end)):
            # One more level at the top: all below it gain that many surplus shots more.
            surplus += below * (levels[first] - levels[min(first + 1, end - 1)])
            below += weight[first]
            options.append((least[first] + JOB_OVERHEAD + surplus, first))
        cost, first = min(options)
        least.append(cost)
        begin.append(first)
    groups, end = [], len(levels)
    while end:
        groups.append(sorted(k for level in levels[begin[end] : end] for k in members[level]))
        end = begin[end]
    return groups[::-1]


def _most_shots(members: Sequence[int], times: Sequence[float], limits: Limits, asked: int) -> int:
    """Return the largest number of shots of a job with any one of some circuits."""
    longest = max(times[k] for k in members)
    in_time = int((limits.seconds - JOB_OVERHEAD) / longest) if longest > 0 else asked
    return min(asked, limits.executions, limits.shots, in_time)


def _rounds(members: Sequence[int], counts: Sequence[int], most: int) -> list[tuple[int, dict[int, int]]]:
    """Return rounds of equal shots, at most ``most``: each with its shots and the kept shots of its circuits."""
    asked = max(counts[k] for k in members)
    number = math.ceil(asked / most)
    rounds = []
    done = 0
    for left in range(number, 0, -1):
        size = math.ceil((asked - done) / left)
        kept = {k: min(size, counts[k] - done) for k in members if counts[k] > done}
        rounds.append((size, kept))
        done += size
    return rounds


def _packed(
    kept: Mapping[int, int], shots: int, loads: Sequence[Load], times: Sequence[float], limits: Limits
) -> list[JobPlan]:
    """Return jobs of some circuits with the same shots. Each circuit goes into the first job with room for it."""
    members: list[list[int]] = []
    totals: list[Load] = []
    for k in kept:
        for place, total in enumerate(totals):
            together = [*members[place], k]
            lasts = JOB_OVERHEAD + shots * sum(times[each] for each in together)
            fits = len(together) * shots <= limits.executions and lasts <= limits.seconds
            if fits and not (total + loads[k]).excess(limits):
                members[place].append(k)
                totals[place] = total + loads[k]
                break
        else:
            members.append([k])
            totals.append(loads[k])
    return [JobPlan(tuple(group), shots, tuple(kept[k] for k in group)) for group in members]


def gather(
    jobs: Sequence[JobPlan], results: Sequence[Sequence[Registers]], rng: np.random.Generator
) -> list[dict[str, npt.NDArray[np.bool_]]]:
    """Join the outcomes of jobs, without surplus shots.

    Args:
        jobs: The jobs of a run.
        results: For each job, the registers of each of its circuits as bool arrays (shots, width).
        rng: The random generator that selects surplus shots.

    Returns:
        The registers of each circuit of the run, in its order, with the requested shots.

    Raises:
        BackendError: If the number of results or shots differs from that of the jobs.

    Example:
        >>> bits = np.zeros((3, 1), dtype=bool)
        >>> [raw] = gather([JobPlan((0,), 3, (2,))], [[{"out": bits}]], np.random.default_rng(1))
        >>> raw["out"].shape
        (2, 1)
    """
    pieces: dict[int, list[Registers]] = {}
    for job, raws in zip(jobs, results, strict=True):
        if len(raws) != len(job.circuits):
            raise BackendError(f"a job of {len(job.circuits)} circuits returned {len(raws)} results")
        for k, kept, raw in zip(job.circuits, job.kept, raws, strict=True):
            _check_shots(raw, job.shots)
            chosen = np.sort(rng.permutation(job.shots)[:kept]) if kept < job.shots else slice(None)
            pieces.setdefault(k, []).append({name: bits[chosen] for name, bits in raw.items()})
    return [
        {name: np.concatenate([piece[name] for piece in pieces[k]]) for name in pieces[k][0]}
        for k in sorted(pieces)
    ]


def _check_shots(raw: Registers, shots: int) -> None:
    for name, bits in raw.items():
        if len(bits) != shots:
            raise BackendError(f"register {name!r} came with {len(bits)} shots from a job of {shots}")
