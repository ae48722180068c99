"""Runs with remote jobs: submitted once, watched, fetched, cancelled, and taken over from other machines."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from qnet_circuits.backends.base import Raw
from qnet_circuits.errors import (
    BackendError,
    BusyError,
    JobCancelledError,
    JobError,
    JobMissingError,
    NotFinishedError,
    ParameterError,
    QnetError,
    RecordError,
    RefusedError,
)
from qnet_circuits.runs.directory import SETTLED
from qnet_circuits.runs.execution import GIVEN_UP, Execution
from qnet_circuits.runs.journal import forget_run, note_run
from qnet_circuits.runs.kept import FetchedElsewhereError
from qnet_circuits.runs.options import Report
from qnet_circuits.runs.planning import check_shares
from qnet_circuits.runs.progress import Tell, waiter
from qnet_circuits.runs.remote_job import ENDED, PATIENCE, Job, Resting, doubt_of, in_doubt

#: Seconds for which a directory that another process is at work on is waited for, if an answer is wanted soon.
TURN = 10.0


class Remote(Execution):
    """Executes a run by remote jobs."""

    #: Whom to tell what is waited for, while something is.
    _tell: Tell | None = None

    # -- what a run is asked to do ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Submit the remaining jobs; see ``Run.start``."""
        with self._kept.held():
            if self._kept.status not in SETTLED:
                self._submit_jobs()

    def adopt(self) -> None:
        """Take over the jobs of a run that was prepared on another machine; see ``Run.adopt``."""
        record = self._kept.record
        with self._kept.held():
            if record is None or self._kept.own:
                return
            note_run(self._kept.manifest["run_id"], record.path)
            for number, job in self._kept.jobs():
                if job.get("ticket") is None and job["status"] in ("PREPARED", "SUBMITTING"):
                    self._job(number).announce()

    def refresh(self) -> None:
        """Ask the platform for the state of the jobs."""
        with self._kept.held(TURN), self._telling():
            if self._kept.status != "COLLECTED":
                for number, job in self._kept.jobs():
                    if job["status"] in ("SUBMITTING", "QUEUED", "RUNNING") or job.get("unwanted"):
                        self._job(number).ask()

    def cancel(self) -> None:
        """Cancel the jobs, including those that may exist and are not listed yet, but no job of another machine's run."""
        with self._kept.held(TURN), self._telling(), suppress(FetchedElsewhereError):
            own = self._kept.own
            if self._kept.status in (("COLLECTED",) if own else SETTLED):
                return
            if not own:
                raise RecordError(self._not_own("it cancels nothing", "cancel --adopt", "cancel it here"))
            # From now on nobody submits any of them.
            self._kept.set(jobs=[{**job, "unwanted": True} for job in self._kept.manifest.jobs])
            for number, job in self._kept.jobs():
                if job["status"] == "SUBMITTING" or job.get("ticket") is not None or job.get("attempts"):
                    self._job(number).cancel(resting=self._resting)
                else:
                    self._kept.note(number, status="CANCELLED")  # It was not submitted, and never will be.

    def take_whole_blocks(self, reason: str) -> bool:
        """Take the blocks whose jobs all have stored outcomes, and return whether there are any."""
        kept = [(job, self._part(number)) for number, job in self._kept.jobs()]
        torn = {job["block"] for job, raws in kept if raws is None}
        blocks = self._kept.manifest.blocks
        whole = [block for block in range(blocks) if block not in torn]
        there = [(job, raws) for job, raws in kept if raws is not None and job["block"] in whole]
        if not there:
            return False
        jobs = [{**job, "block": whole.index(job["block"])} for job, _ in there]
        self._blocks = self._joined(jobs, [raws for _, raws in there])
        self.left_out = (f"{len(whole)} of {blocks} blocks, since the others have no outcomes: {reason}",)
        return True

    # -- said while it waits ---------------------------------------------------------------------------------------

    @contextmanager
    def _telling(self, progress: Report = None) -> Iterator[None]:
        """Print the status of the run to stderr, if requested, during requests and waits."""
        with waiter(progress) as self._tell:
            try:
                self._say(asking=True)
                yield
            finally:
                self._tell = None

    def _say(self, asking: bool) -> None:
        doubt = doubt_of(self._kept.manifest.jobs)
        if self._tell is not None:
            said = f"; {doubt}" if doubt else ""
            self._tell(f"{self._kept.where} is {self._kept.status}{said}", asking)

    @contextmanager
    def _resting(self, job: Job | None = None) -> Iterator[None]:
        """Release the directory while waiting, so that other processes can read the run's status, cancel it, or fetch it.

        Args:
            job: The job that is waited for; progress says if the platform does not answer about it.

        Raises:
            FetchedElsewhereError: If another process fetched the outcomes meanwhile.
        """
        self._say(asking=job is not None and job.failures > 0)
        with self._kept.left():
            yield
        self._say(asking=True)

    # -- one job ---------------------------------------------------------------------------------------------------

    def _job(self, number: int) -> Job:
        return Job(self._sampler, self._kept, number)

    def _permit(self) -> None:
        """Check all conditions of a submission again, or raise RecordError."""
        if not self._kept.own:
            raise RecordError(self._not_own("it submits nothing", "fetch --submit", "submit its job here"))
        try:
            check_shares(self._kept.manifest.jobs, self._kept.manifest["options"]["max_qpu_seconds"])
        except (KeyError, ParameterError) as error:
            raise RecordError(f"{self._kept.where}/manifest.json is damaged: {error}") from None
        self._ready()

    def _not_own(self, so: str, command: str, aim: str) -> str:
        """Return the reason why a directory that is not in this machine's journal does nothing, and the way out."""
        where = self._kept.where
        return (
            f"{where} was prepared on another machine or by an earlier version, or is a copy, so {so}; continue where it was "
            f"prepared, or use qnet {command} {shlex.quote(where)} (adopt) to {aim}"
        )

    def _watch(self, number: int, until: float | None) -> None:
        """Wait for a job to end, or raise NotFinishedError when the time is up."""
        job, jobs = self._job(number), len(self._kept.manifest.jobs)
        state = job.watch(self._left(until), functools.partial(self._resting, job))
        if state not in ENDED:
            what = "the job" if jobs == 1 else f"job {number + 1} of {jobs}"
            raise NotFinishedError(f"{what} of {self._kept.where} is {state}; fetch it later", state)

    def _left(self, until: float | None) -> float | None:
        return None if until is None else max(0.0, until - self._sampler.clock.monotonic())

    def _part(self, number: int) -> list[Raw] | None:
        """Return the outcomes of a job that are kept beside the manifest, if there are any."""
        parts = self._kept.parts(number)
        return None if parts is None else parts.get(0)

    def _fetch(self, number: int) -> list[Raw]:
        """Return the outcomes of a finished job. If there are several jobs, keep them until all jobs have finished."""
        if (kept := self._part(number)) is not None:
            return kept
        jobs, parts = self._kept.manifest.jobs, self._kept.parts(number)
        raws = self._sampler.fetch(jobs[number]["ticket"])
        if parts is not None and len(jobs) > 1:
            parts.put(0, raws)
        return raws

    # -- all jobs --------------------------------------------------------------------------------------------------

    def _submit_jobs(self, patience: float | None = PATIENCE, resting: Resting = nullcontext) -> bool:
        """Submit the remaining jobs. Return False if the platform's limit on pending jobs was reached first."""
        for number, _ in self._kept.jobs():
            if not self._wanted:
                return True
            try:
                submit = functools.partial(self._submit, number)
                self._job(number).ensure(submit, self._permit, patience, resting)
            except BusyError:
                if self._unended() is None:
                    raise
                return False
        return True

    @property
    def _wanted(self) -> bool:
        """Whether to submit more jobs: no job was cancelled, and none has failed."""
        ended = ("FAILED", "CANCELLED", "LOST")
        return not (self._given_up() or any(job["status"] in ended for _, job in self._kept.jobs()))

    def _given_up(self) -> bool:
        return any(job.get("unwanted") for _, job in self._kept.jobs())

    def _unended(self) -> int | None:
        """Return the first job that was submitted and has not ended."""
        for number, job in self._kept.jobs():
            if job.get("ticket") is not None and job["status"] not in ENDED:
                return number
        return None

    def _cancel_late(self) -> None:
        """Look again for cancelled jobs that may exist, or raise NotFinishedError if they still may exist."""
        for number, job in self._kept.jobs():
            if job.get("unwanted") and job["status"] == "SUBMITTING":
                self._job(number).ask()
                if (doubt := in_doubt(self._kept.manifest.jobs[number])) is not None:
                    raise NotFinishedError(f"{doubt}; {self._kept.advice('cancel')}", "SUBMITTING")

    def _made(self, progress: Report, timeout: float | None) -> list[list[Raw]]:
        given_up = self._given_up()
        self._cancel_late()
        if given_up and not any(job.get("ticket") is not None for _, job in self._kept.jobs()):
            raise JobCancelledError(GIVEN_UP, "")
        with self._telling(progress):
            return self._fetch_jobs(timeout)

    def _fetch_jobs(self, timeout: float | None) -> list[list[Raw]]:
        """Submit the remaining jobs, wait for all jobs, and return their outcomes.

        The outcomes of successful jobs are fetched and kept before any error is raised.
        """
        until = None if timeout is None else self._sampler.clock.monotonic() + timeout
        errors: list[QnetError] = []
        try:
            self._submit_all(until)
        except (RefusedError, NotFinishedError, RecordError) as error:
            errors.append(error)
        for number, job in self._kept.jobs():
            try:
                if job.get("ticket") is not None:
                    self._watch(number, until)
            except (NotFinishedError, JobMissingError) as error:
                errors.append(error)
        raws, others = self._fetch_ended()
        # What another attempt may mend is told before a job that ended badly.
        for first in sorted([*errors, *others], key=lambda error: isinstance(error, JobError)):
            raise first
        return raws

    def _submit_all(self, until: float | None) -> None:
        """Submit all jobs, later ones when the first have finished, or raise NotFinishedError when the time is up."""
        while self._wanted:
            if self._submit_jobs(self._left(until), self._resting):
                return
            first = self._unended()
            assert first is not None
            self._watch(first, until)

    def _fetch_ended(self) -> tuple[list[list[Raw]], list[JobError]]:
        """Return the outcomes of successful jobs, and the reasons why the others have none."""
        raws: list[list[Raw]] = []
        errors: list[JobError] = []
        for number, job in self._kept.jobs():
            try:
                if job.get("ticket") is None:
                    where = self._kept.where
                    raise JobCancelledError(f"{where} has a job that was never submitted; {GIVEN_UP}", "")
                if job["status"] in ENDED:
                    raws.append(self._fetch(number))
            except JobError as error:
                errors.append(error)  # What the other jobs made is paid for, and is kept.
        return raws, errors

    def _charged(self) -> Mapping[str, Any]:
        """Return the times of each job and the charged seconds of all. Data that the platform does not return are left out."""
        jobs = [dict(job) for job in self._kept.manifest.jobs]
        with suppress(BackendError):
            for job in jobs:
                job["ran"] = self._sampler.ran(job["ticket"])
        resources = dict(self._kept.manifest["resources"])
        charged = [job.get("ran", {}).get("qpu_seconds") for job in jobs]
        if all(charged):
            resources["processor_seconds"] = sum(charged)
        return {"jobs": jobs, "resources": resources}

    def _forget(self) -> None:
        forget_run(self._kept.manifest["run_id"])
