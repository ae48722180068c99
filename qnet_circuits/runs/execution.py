"""The execution of runs: the common part of all runs, and runs in this process."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qnet_circuits.backends.base import Backend, CountingBackend, Evaluator, Progress, Raw, check_shapes
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import (
    AccountError,
    JobCancelledError,
    JobMissingError,
    NotFinishedError,
    QnetError,
    RecordError,
    RefusedError,
    UnreachableError,
)
from qnet_circuits.programs.counting import Seen, events_by_circuit
from qnet_circuits.runs.copies import accepted_copies, copies_apart, copy_name, evaluated_copies, played_on
from qnet_circuits.runs.kept import Blocks, FetchedElsewhereError, Kept
from qnet_circuits.runs.options import SIMULATOR, SURPLUS, Report, stream_seed
from qnet_circuits.runs.planning import counts_for, joined, shots_of
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.progress import reporting
from qnet_circuits.runs.source import Source
from qnet_circuits.theory.estimate import Estimate

#: Said of a run that was cancelled.
GIVEN_UP = "the run was cancelled; submit it again in another directory"
#: Seconds between two polls of a backend in this process.
_POLL = 0.05
_STATUS_OF: dict[type, str] = {JobCancelledError: "CANCELLED", JobMissingError: "LOST"}


class Execution(ABC):
    """Executes a run.

    Args:
        kept: The run.
        source: The protocol, program and backend.
        blocks: The raw outcomes of each block, if the run has them.
    """

    def __init__(self, kept: Kept, source: Prepared | Source, blocks: Blocks | None = None) -> None:
        self._kept, self._source = kept, source
        self._blocks = blocks
        #: What is said of blocks that are left out.
        self.left_out: tuple[str, ...] = ()

    def start(self) -> None:
        """Submit the remote jobs."""

    def adopt(self) -> None:
        """Take over the remote jobs of a run that was prepared on another machine."""

    @abstractmethod
    def cancel(self) -> None:
        """Cancel the run."""

    @abstractmethod
    def refresh(self) -> None:
        """Update the status of the run."""

    def take_whole_blocks(self, reason: str) -> bool:
        """Take the blocks whose jobs all have stored outcomes, and return whether there are any."""
        return False

    @abstractmethod
    def _given_up(self) -> bool:
        """Return whether the run was cancelled."""

    @abstractmethod
    def _made(self, progress: Report, timeout: float | None) -> list[list[Raw]]:
        """Return the raw outcomes of each job."""

    def _charged(self) -> Mapping[str, Any]:
        """Return the manifest's entries on the execution of the jobs."""
        return {}

    def _forget(self) -> None:
        """Forget a finished run."""

    def blocks(self, progress: Report = None, timeout: float | None = None) -> Blocks:
        """Return the raw outcomes of each block: from memory, from disk, or made now."""
        if self._blocks is None:
            self._blocks = self._kept.outcomes() or self._in_turn(progress, timeout)
        return self._blocks

    def values(self) -> dict[str, Estimate]:
        """Return the exact values of the figures."""
        raise RecordError(
            f"{self._kept.where}/manifest.json is damaged: a remote backend computes nothing exactly"
        )

    def _in_turn(self, progress: Report, timeout: float | None) -> Blocks:
        with self._kept.turn(timeout, progress):
            try:
                # Another process may have fetched them while this one waited for its turn.
                return self._kept.outcomes() or self._finished(progress, timeout)
            except FetchedElsewhereError:
                found = self._kept.outcomes()
                assert found is not None
                return found

    def _finished(self, progress: Report, timeout: float | None) -> Blocks:
        """Run to the end, keep the outcomes, and return them. The final status is in the manifest."""
        begin, given_up = time.perf_counter(), self._given_up()
        try:
            raws = self._made(progress, timeout)
            blocks = self._joined(self._kept.manifest.jobs, raws)
        except (UnreachableError, RefusedError, AccountError, NotFinishedError, RecordError):
            raise  # The jobs, if there are some, go on: the manifest says so already.
        except QnetError as error:
            self._kept.set(status=_STATUS_OF.get(type(error), "FAILED"), reason=str(error))
            if given_up and isinstance(error, JobCancelledError):
                raise RecordError(GIVEN_UP) from None
            raise
        self._kept.seconds["execute"] = round(time.perf_counter() - begin, 4)
        self._kept.keep(blocks)
        self._kept.set(status="COLLECTED", seconds=self._kept.seconds, **self._charged())
        self._forget()
        return blocks

    def _joined(self, jobs: Sequence[Mapping[str, Any]], raws: Sequence[list[Raw]]) -> Blocks:
        """Return the outcomes of each block from some jobs, checked against the circuits."""
        manifest = self._kept.manifest
        rng = np.random.default_rng(stream_seed(manifest["seed"], SURPLUS))
        blocks = [
            copies_apart(block, manifest.copies, len(manifest.played)) for block in joined(jobs, raws, rng)
        ]
        for block in blocks:
            check_shapes(block, [(circuit.name, circuit.shapes) for circuit in manifest.played])
        return blocks

    @property
    def _sampler(self) -> Backend:
        """The backend of a run that samples outcomes."""
        backend = self._source.backend
        if not isinstance(backend, Backend):
            where = f"{self._kept.where}/manifest.json"
            raise RecordError(f"{where} is damaged: {backend.name} samples no outcomes")
        return backend

    def _ready(self) -> Compiled:
        """Return the compiled program, or raise RecordError if the run was cancelled or the program cannot be made again."""
        if self._kept.status == "CANCELLED":
            raise RecordError("the run was cancelled; submit it again")
        return self._source.compiled

    def _submit(self, number: int) -> Any:
        """Submit one job, and return its ticket."""
        compiled, backend = self._ready(), self._sampler
        job = self._kept.manifest.jobs[number]
        if "max_qpu_seconds" in job:
            backend = backend.limited(job["max_qpu_seconds"])
        seed = stream_seed(self._kept.manifest["seed"], SIMULATOR, number)
        tag = job.get("tag", self._kept.manifest["run_id"])
        played = played_on(compiled, backend).subset(job["circuits"])
        return backend.submit(played, shots_of(job), seed, tag)


class Local(Execution):
    """Samples in this process, or computes figures exactly."""

    _values: dict[str, Estimate] | None = None

    def cancel(self) -> None:
        """Cancel a run that was not sampled yet.

        Raises:
            HeldError: If another process samples the run.
        """
        with self._kept.held(0):
            if self._kept.status != "COLLECTED":
                self._kept.set(status="CANCELLED")

    def refresh(self) -> None:
        """Read the status of the run. A process that samples holds the directory, but its manifest can be read."""
        self._kept.reload()

    def counts(self, progress: Report = None) -> list[dict[str, Seen]]:
        """Return the counts of the figures' events in each block without keeping outcomes; for runs in memory."""
        events = events_by_circuit(each for figure in self._source.figures for each in figure.events)
        begin, backend, jobs = time.perf_counter(), self._sampler, self._kept.manifest.jobs
        assert isinstance(backend, CountingBackend)
        total, done, counts = sum(sum(shots_of(job)) for job in jobs), 0, []
        with reporting(progress) as report:
            for number, job in self._kept.jobs():
                counts.append(backend.count(self._submit(number), events, _after(report, done, total)))
                done += sum(shots_of(job))
        self._kept.seconds["execute"] = round(time.perf_counter() - begin, 4)
        self._kept.set(status="COLLECTED", seconds=self._kept.seconds)
        return counts

    def _given_up(self) -> bool:
        return self._kept.status == "CANCELLED"

    def _made(self, progress: Report, timeout: float | None) -> list[list[Raw]]:
        """Sample all jobs."""
        if self._given_up():
            raise JobCancelledError(GIVEN_UP, "")
        self._ready()
        self._kept.set(status="SUBMITTING")
        total = sum(sum(shots_of(job)) for job in self._kept.manifest.jobs)
        done, raws = 0, []
        try:
            with reporting(progress) as report:
                for number, job in self._kept.jobs():
                    raws.append(self._sampled(number, _after(report, done, total)))
                    done += sum(shots_of(job))
        except KeyboardInterrupt:
            # What has been sampled is kept beside the manifest; whoever opens the run again goes on from there.
            self._kept.set(status="PREPARED")
            raise
        return raws

    def _sampled(self, number: int, report: Progress | None) -> list[Raw]:
        ticket, backend = self._submit(number), self._sampler
        self._kept.set(status="RUNNING")
        while backend.poll(ticket) in ("QUEUED", "RUNNING"):
            backend.clock.sleep(_POLL)
        return backend.fetch(ticket, report, self._kept.parts(number))

    def values(self) -> dict[str, Estimate]:
        """Return the exact values of the figures: from memory, from disk, or computed now."""
        if self._values is None:
            self._values = self._kept.values()
        if self._values is None:
            self._values = self._computed()
        return dict(self._values)

    def _computed(self) -> dict[str, Estimate]:
        compiled, backend = self._ready(), self._source.backend
        if not isinstance(backend, Evaluator):
            raise RecordError(
                f"{self._kept.where}/manifest.json is damaged: {backend.name} computes nothing exactly"
            )
        begin = time.perf_counter()
        figures = compiled.program.figures
        found = backend.evaluate(compiled, figures)
        self._kept.seconds["execute"] = round(time.perf_counter() - begin, 4)
        said = f"exact for the stated noise model; the largest tensor had 2^{found.width:.0f} entries"
        without = [f"{name} has no value: {why}" for name, why in found.empty.items()]
        kept = accepted_copies(compiled, found.accepted, counts_for(compiled.program, None))
        values = {name: Estimate(each, each, each, 1.0) for name, each in kept.items()}
        for number, known in evaluated_copies(backend, compiled, figures, found).items():
            values = {**{copy_name(name, number): each for name, each in known.items()}, **values}
        self._kept.keep_values(values, [said, *found.notes, *without])
        return values


def _after(report: Progress | None, before: int, total: int) -> Progress | None:
    """Return a progress report of one job's shots that adds those of earlier jobs."""
    if report is None:
        return None
    return lambda done, _: report(before + done, total)
