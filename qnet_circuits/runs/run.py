"""A run: protocol, program, backend and, if wanted, a directory on disk. The only object with state."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import secrets
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qnet_circuits.backends.base import Backend, BaseBackend, Evaluator, Progress, Raw, Shapes, check_shapes
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import (
    AccountError,
    BackendError,
    BusyError,
    HeldError,
    JobCancelledError,
    JobError,
    JobMissingError,
    NotFinishedError,
    ParameterError,
    QnetError,
    RecordError,
    RefusedError,
    UnknownNameError,
    UnreachableError,
)
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Analysis, Analyzed, Protocol, ask, protocol_class
from qnet_circuits.runs.assembling import assemble
from qnet_circuits.runs.compilation import backend_again, program_of, proved
from qnet_circuits.runs.directory import SECRET_FILE, SETTLED, Holding, Parts, Record
from qnet_circuits.runs.journal import forget_run, holds_run, note_run
from qnet_circuits.runs.manifest import make_manifest, write_compiled
from qnet_circuits.runs.mitigation.stored import mitigate_blocks
from qnet_circuits.runs.planning import check_shares, joined, overall, shots_of
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.progress import Report, Tell, reporter, waiter
from qnet_circuits.runs.remote_job import ENDED, PATIENCE, Job, Resting, in_doubt
from qnet_circuits.runs.reopening import prepare_again
from qnet_circuits.runs.results.outcomes import Outcomes, acceptance, corrected, estimate_blocks, pooled
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.seeds import ANALYSIS, SECRET, SIMULATOR, SURPLUS, stream_seed
from qnet_circuits.secrecy import Unpicklable
from qnet_circuits.theory.estimate import Estimate, check_level

#: Said of a run that was cancelled.
GIVEN_UP = "the run was cancelled; submit it again, in another directory"
#: Said where a run's secret bytes are gone, or were not handed on with its directory.
ANOTHER_SECRET = f"{SECRET_FILE} is not there: what follows from it, such as a key, is another than before"
#: Said where a run's secrets would be made otherwise than it was said when it was submitted.
OTHER_PARAMETERS = "the run was made with others, which decide on its key; other ones give figures and no key"
_STATUS_OF: dict[type, str] = {JobCancelledError: "CANCELLED", JobMissingError: "LOST"}
#: Seconds for which a directory that another process is at work on is waited for, where an answer is wanted soon.
_TURN = 10.0


def _untold(known: str, asking: bool) -> None:
    """Tell nobody."""


class _FetchedElsewhere(Exception):
    """Another process fetched the outcomes while this one waited."""


class Run(Unpicklable):
    """A run of a protocol. Made by ``submit`` and ``open_run``.

    Args:
        manifest: What the run is, in plain values.
        record: Its directory, or None for a run in memory.
        compiled: The compiled program, if it is at hand.
        backend: The backend, if it is at hand.
        protocol: A protocol that is to be analysed instead of the stored figures.
        source: The protocol that the run is of, if it is at hand.
        reads_only: Whether nothing is written in its directory.
    """

    def __init__(
        self,
        manifest: dict[str, Any],
        record: Record | None = None,
        compiled: Compiled | None = None,
        backend: BaseBackend | None = None,
        protocol: Protocol | None = None,
        source: Protocol | None = None,
        reads_only: bool = False,
    ) -> None:
        self._manifest, self._record, self._compiled, self._backend = manifest, record, compiled, backend
        self._raws: list[list[Raw]] | None = None
        self._exact: dict[str, Estimate] | None = None
        self._protocol, self._source = protocol, protocol or source
        self._reads_only = reads_only
        self._secret: bytes | None = None
        self._lost = False
        self._holding: Holding | None = None
        self._tell: Tell = _untold
        self._left_out: tuple[str, ...] = ()
        self._seconds: dict[str, float] = dict(manifest.get("seconds", {}))

    @property
    def path(self) -> Path | None:
        """The run's directory, or None."""
        return None if self._record is None else self._record.path

    @property
    def _writable(self) -> Record | None:
        """The directory if it may be written in, or None."""
        record = None if self._reads_only else self._record
        return record if record is not None and os.access(record.path, os.W_OK) else None

    @property
    def status(self) -> str:
        """PREPARED, SUBMITTING, QUEUED, RUNNING, DONE, COLLECTED, FAILED, CANCELLED or LOST."""
        return str(self._manifest["status"])

    @property
    def seconds(self) -> dict[str, float]:
        """How long each step took so far."""
        return dict(self._seconds)

    @property
    def exact(self) -> bool:
        """Whether figures are computed without sampling; such a run has no outcomes."""
        return self._manifest.get("engine") == "exact"

    @property
    def seeded(self) -> bool:
        """Whether a seed was given, from which everything that is drawn at random follows: what is secret, too."""
        return bool(self._manifest["options"].get("seeded", True))

    def summary(self) -> dict[str, Any]:
        """Return in plain values what the run is and how far it has come."""
        keys = ("run_id", "protocol", "parameters", "backend", "status", "created")
        said = {key: self._manifest.get(key) for key in keys}
        tickets = [job["ticket"] for job in self._jobs if job.get("ticket") is not None]
        return {
            **said, "job": tickets[0] if tickets else None, "jobs": tickets, "planned_jobs": len(self._jobs),
            "reason": self._manifest.get("reason") or self._doubt,
        }  # fmt: skip

    @property
    def _doubt(self) -> str | None:
        """What is said of a job that may exist and was not found yet."""
        return next(filter(None, map(in_doubt, self._jobs)), None)

    def __repr__(self) -> str:
        return f"<Run {self._manifest['protocol']} on {self._manifest['backend']}: {self.status}>"

    def _set(self, **changes: Any) -> None:
        self._manifest.update(changes)
        if self._record is not None:
            self._record.write_manifest(self._manifest)

    @property
    def _jobs(self) -> list[dict[str, Any]]:
        """The jobs of the run, in the manifest."""
        jobs: list[dict[str, Any]] = self._manifest["jobs"]
        return jobs

    def _note(self, number: int, **changes: Any) -> None:
        """Change the entry of a job, and with it the state of the run."""
        self._jobs[number].update(changes)
        self._set(status=overall([job["status"] for job in self._jobs]))

    def cancel(self) -> None:
        """Give up a run whose outcomes are not there yet, and its jobs if it has some.

        Raises:
            HeldError: If another process samples it on this machine, or is at work on it for longer than a moment.
        """
        with (
            self._held(_TURN if self._manifest.get("remote") else 0),
            self._telling(),
            suppress(_FetchedElsewhere),
        ):
            if self.status == "COLLECTED":
                return
            if not self._manifest.get("remote"):
                self._set(status="CANCELLED")
                return
            for job in self._jobs:
                job["unwanted"] = True
            self._set()  # From now on nobody submits any of them.
            for number, job in enumerate(self._jobs):
                if job["status"] == "SUBMITTING" or job.get("ticket") is not None or job.get("attempts"):
                    self._job(number).cancel(resting=self._resting)
                else:
                    self._note(number, status="CANCELLED")  # It was not submitted yet, and never will be.

    def adopt(self) -> Run:
        """Take over an unfinished run that was prepared on another machine, or a copy of one, and return self.

        From then on its jobs may be submitted from here; those that may have been submitted from elsewhere are looked for
        first, for as long as the platform may take to list them.

        Raises:
            RecordError: If another directory of this machine's holds the run.
        """
        with self._held():
            if self._record is not None and self._manifest.get("remote") and not self._own:
                note_run(self._manifest["run_id"], self._record.path)
                for number, job in enumerate(self._jobs):
                    if job.get("ticket") is None and job["status"] in ("PREPARED", "SUBMITTING"):
                        self._job(number).announce()
        return self

    @classmethod
    def of(cls, prepared: Prepared, path: str | os.PathLike[str] | None = None) -> Run:
        """Write a prepared run down, and return it; nothing is submitted.

        Args:
            prepared: The run.
            path: A directory, new or empty, that keeps it; by default it is kept in memory.
        """
        manifest, record = make_manifest(prepared), None
        if path is not None:
            note = functools.partial(note_run, prepared.run_id) if prepared.backend.remote else None
            record = Record.create(path, manifest, note)
            write_compiled(record, prepared.compiled)
            manifest = record.manifest()
        return cls(manifest, record, prepared.compiled, prepared.backend, source=prepared.protocol)

    def start(self) -> Run:
        """Submit the jobs of a run on a processor that are not there yet, and return self; nothing for other backends.

        Where the platform takes no more jobs for now, the others are submitted when the first have ended, by ``wait``.

        Raises:
            RecordError: If this machine's journal does not know the directory; see ``adopt``.
            NotFinishedError: If a job may exist that is not listed yet; ``wait`` waits for it.
        """
        with self._held():
            if self._manifest.get("remote") and self.status not in SETTLED:
                self._submit_jobs()
        return self

    def refresh(self) -> str:
        """Ask the platform for the state of the run's jobs, and return the run's status.

        Raises:
            HeldError: If another process is at work on it for longer than a moment.
        """
        if not self._manifest.get("remote"):
            # Whoever samples holds the directory to the end; what it wrote can be read all the same.
            if self._record is not None:
                self._reload(self._record)
            return self.status
        with self._held(_TURN), self._telling():
            if self.status != "COLLECTED":
                for number, job in enumerate(self._jobs):
                    if job["status"] in ("SUBMITTING", "QUEUED", "RUNNING") or job.get("unwanted"):
                        self._job(number).ask()
        return self.status

    def wait(self, progress: Report = None, timeout: float | None = None, partial: bool = False) -> Run:
        """Run to the end, or go on with a run that was interrupted, and return self.

        Args:
            progress: Called with the shots done and the shots in all; True prints to stderr, False nothing; by default stderr
                is told if it is a terminal and it takes more than two seconds. What stderr is told of a job on a processor is
                its state, and for how long nobody has answered.
            timeout: Seconds after which a run on a processor is not waited for any longer.
            partial: Where jobs ended badly, take the blocks whose jobs all ended well; a result says what it leaves out.

        Raises:
            NotFinishedError: If the time is up.
            JobError: If a job ended badly; what the others made is kept in the directory.
        """
        if self.exact:
            self._values()
            return self
        try:
            self._raw(progress, timeout)
        except (JobError, RecordError) as error:
            if not (partial and self._take_whole_blocks(str(error))):
                raise
        return self

    # -- outcomes --------------------------------------------------------------------------------------------------

    def _raw(self, progress: Report = None, timeout: float | None = None) -> list[list[Raw]]:
        """Return the raw outcomes of each block: from memory, from disk, or from the backend."""
        if self._raws is None:
            self._raws = self._kept()
        if self._raws is None:
            with self._turn(timeout, progress):
                # Another process may have fetched them while this one waited for its turn.
                kept = self._kept()
                try:
                    self._raws = self._execute(progress, timeout) if kept is None else kept
                except _FetchedElsewhere:
                    self._raws = self._kept()
        assert self._raws is not None
        return self._raws

    def _kept(self) -> list[list[Raw]] | None:
        """Return the outcomes on disk, or None."""
        if self._record is None or not self._record.has("outcomes.npz"):
            return None
        self._manifest.update(self._record.manifest())
        items = self._manifest["items"]
        raws = self._record.read_outcomes(items * self._blocks)
        self._settle()
        return [raws[k : k + len(items)] for k in range(0, len(raws), len(items))]

    @property
    def _blocks(self) -> int:
        return int(1 + max(job["block"] for job in self._jobs))

    def _settle(self) -> None:
        """Finish what a process that died right after it wrote the outcomes left undone."""
        if self.status in ("RUNNING", "DONE") and (record := self._writable) is not None:
            self._set(status="COLLECTED")
            Parts(record).clear()

    @contextmanager
    def _held(self, timeout: float | None = None, progress: Report = None) -> Iterator[None]:
        """Hold the run's directory, so that of several processes one works on it at a time; see what the others did."""
        record = self._writable
        if record is None:
            yield
            return
        with ExitStack() as stack:
            try:
                self._holding = stack.enter_context(record.held(0))
            except HeldError:
                with waiter(progress) as tell:
                    tell(f"another process is at work on {record.path}", False)
                    self._holding = stack.enter_context(record.held(timeout))
            self._reload(record)
            yield

    @contextmanager
    def _turn(self, timeout: float | None, progress: Report) -> Iterator[None]:
        """Hold the directory to wait for the run, or raise NotFinishedError if it is another process's until the time is up."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self._held(timeout, progress))
            except HeldError as error:
                raise NotFinishedError(str(error), self.status) from None
            yield

    @contextmanager
    def _telling(self, progress: Report = None) -> Iterator[None]:
        """Tell stderr, if that is wanted, how far the run is while the platform is asked, and waited for."""
        with waiter(progress) as self._tell:
            try:
                self._say(asking=True)
                yield
            finally:
                self._tell = _untold

    def _say(self, asking: bool) -> None:
        doubt = f"; {self._doubt}" if self._doubt else ""
        self._tell(f"{self.path or self._manifest['run_id']} is {self.status}{doubt}", asking)

    def _reload(self, record: Record) -> None:
        """Take over what other processes wrote; an entry of a job that is at hand stays the same object."""
        now = record.manifest()
        entries = self._jobs
        if len(entries) == len(now["jobs"]):
            for entry, read in zip(entries, now["jobs"], strict=True):
                entry.clear()
                entry.update(read)
            now["jobs"] = entries
        self._manifest.update(now)

    @contextmanager
    def _resting(self, job: Job | None = None) -> Iterator[None]:
        """Leave the directory while nothing is done, so that others may ask how far the run is, cancel it, or fetch it.

        Args:
            job: What is waited for; while nobody answers about it, that is told.

        Raises:
            _FetchedElsewhere: If another process fetched the outcomes meanwhile.
        """
        self._say(asking=job is not None and job.failures > 0)
        if self._holding is None or self._record is None:
            yield
            return
        with self._holding.free():
            yield
        self._reload(self._record)
        if self._record.has("outcomes.npz"):
            raise _FetchedElsewhere
        self._say(asking=True)

    def _execute(self, progress: Report, timeout: float | None) -> list[list[Raw]]:
        remote = bool(self._manifest.get("remote"))
        given_up = any(job.get("unwanted") for job in self._jobs) or (
            self.status == "CANCELLED" and not remote
        )
        begin = time.perf_counter()
        try:
            self._cancel_late()
            if given_up and not any(job.get("ticket") is not None for job in self._jobs):
                raise JobCancelledError(GIVEN_UP, "")
            if remote:
                with self._telling(progress):
                    raws = self._fetch_jobs(timeout)
            else:
                raws = self._sample(progress)
            blocks = self._joined(self._jobs, raws)
        except (UnreachableError, RefusedError, AccountError, NotFinishedError, RecordError):
            raise  # The jobs, if there are some, go on: the manifest says so already.
        except QnetError as error:
            self._set(status=_STATUS_OF.get(type(error), "FAILED"), reason=str(error))
            if given_up and isinstance(error, JobCancelledError):
                raise RecordError(GIVEN_UP) from None
            raise
        self._seconds["execute"] = round(time.perf_counter() - begin, 4)
        if self._record is not None:
            # Raw bits are safe on disk before anything is made of them.
            names = [item["name"] for item in self._manifest["items"]] * len(blocks)
            self._record.write_outcomes(names, [raw for block in blocks for raw in block])
            Parts(self._record).clear()
        if self._manifest.get("remote"):
            self._note_times()
        self._set(status="COLLECTED", seconds=self._seconds)
        if remote:
            forget_run(self._manifest["run_id"])
        return blocks

    def _joined(self, jobs: Sequence[Mapping[str, Any]], raws: Sequence[list[Raw]]) -> list[list[Raw]]:
        """Return the outcomes of each block of some jobs, which must fit the circuits."""
        blocks = joined(jobs, raws, np.random.default_rng(stream_seed(self._manifest["seed"], SURPLUS)))
        for block in blocks:
            check_shapes(block, _shapes(self._manifest["items"]))
        return blocks

    def _take_whole_blocks(self, reason: str) -> bool:
        """Take the blocks whose jobs' outcomes are all kept, and tell whether there are any."""
        if self._record is None or not self._manifest.get("remote"):
            return False
        kept = [Parts(self._record, number).get(0) for number in range(len(self._jobs))]
        torn = {job["block"] for job, raws in zip(self._jobs, kept, strict=True) if raws is None}
        whole = [block for block in range(self._blocks) if block not in torn]
        if not whole:
            return False
        there = [
            ({**job, "block": whole.index(job["block"])}, raws)
            for job, raws in zip(self._jobs, kept, strict=True)
            if raws is not None and job["block"] in whole
        ]
        self._raws = self._joined([job for job, _ in there], [raws for _, raws in there])
        self._left_out = (
            f"{len(whole)} of {self._blocks} blocks, for the others have no outcomes: {reason}",
        )
        return True

    def _note_times(self) -> None:
        """Note when each job ran and what it was charged; what nobody answers to is left out, for the outcomes are there."""
        for job in self._jobs:
            try:
                job["ran"] = self._sampler.ran(job["ticket"])
            except BackendError:
                return
        charged = [job["ran"].get("qpu_seconds") for job in self._jobs]
        if all(charged):
            self._manifest["resources"]["processor_seconds"] = sum(charged)

    @property
    def _shots(self) -> list[int]:
        return [item["shots"] for item in self._manifest["items"]]

    def _sample(self, progress: Report) -> list[list[Raw]]:
        """Run on a backend that works in this process, as long as it takes."""
        self._ready()
        self._set(status="SUBMITTING")
        total = sum(sum(shots_of(job)) for job in self._jobs)
        done, raws = 0, []
        try:
            with reporter(progress) as report:
                for number, job in enumerate(self._jobs):
                    raws.append(self._sample_job(number, _after(report, done, total)))
                    done += sum(shots_of(job))
        except KeyboardInterrupt:
            # What has been sampled is kept beside the manifest; whoever opens the run again goes on from there.
            self._set(status="PREPARED")
            raise
        return raws

    def _sample_job(self, number: int, report: Progress | None) -> list[Raw]:
        ticket, backend = self._submit(number), self._sampler
        self._set(status="RUNNING")
        while backend.poll(ticket) in ("QUEUED", "RUNNING"):
            time.sleep(0.05)
        return backend.fetch(ticket, report, None if self._record is None else Parts(self._record, number))

    def _submit(self, number: int) -> Any:
        """Submit one job."""
        compiled, backend, job = self._ready()[0], self._sampler, self._jobs[number]
        if "max_qpu_seconds" in job:
            backend = backend.limited(job["max_qpu_seconds"])
        seed = stream_seed(self._manifest["seed"], SIMULATOR, number)
        tag = job.get("tag", self._manifest["run_id"])
        return backend.submit(compiled.only(job["circuits"]), shots_of(job), seed, tag)

    def _job(self, number: int) -> Job:
        def save(**changes: Any) -> None:
            self._note(number, **changes)

        advice = "" if self.path is None else f"qnet fetch {shlex.quote(str(self.path))}"
        return Job(self._sampler, self._jobs[number], save, advice, self._own)

    @property
    def _own(self) -> bool:
        """Whether this machine may submit the run's jobs: a directory from elsewhere, or a copy, is only read."""
        return self._record is None or holds_run(self._manifest["run_id"], self._record.path)

    def _permit(self) -> None:
        """Check once more all that nothing may be submitted without, or raise RecordError."""
        if not self._own:
            where = shlex.quote(str(self.path))
            raise RecordError(
                f"{self.path} has a job that was not submitted yet, and was prepared on another machine or is a copy, so it "
                f"submits nothing; go on where it was prepared, or say qnet fetch --submit {where} (adopt) to submit it here"
            )
        try:
            check_shares(self._jobs, self._manifest["options"]["max_qpu_seconds"])
        except (KeyError, ParameterError) as error:
            raise RecordError(f"{self.path}/manifest.json is damaged: {error}") from None
        self._ready()

    @property
    def _sampler(self) -> Backend:
        """The backend, which samples outcomes."""
        backend = self._connected()
        if not isinstance(backend, Backend):
            raise RecordError(f"{self.path}/manifest.json is damaged: {backend.name} samples no outcomes")
        return backend

    def _connected(self) -> BaseBackend:
        """Return the backend; a job that exists needs no compiled program."""
        if self._backend is None:
            self._backend = backend_again(self._manifest)
        return self._backend

    def _submit_jobs(self, patience: float | None = PATIENCE, resting: Resting = nullcontext) -> bool:
        """Submit what has not been submitted, and tell whether all of it is; some is not while the platform is full of ours."""
        for number in range(len(self._jobs)):
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

    def _cancel_late(self) -> None:
        """Look once more for jobs that were given up and may exist, or raise NotFinishedError if they still may."""
        for number, job in enumerate(self._jobs):
            if job.get("unwanted") and job["status"] == "SUBMITTING":
                self._job(number).ask()
                if (doubt := in_doubt(job)) is not None:
                    where = shlex.quote(str(self.path))
                    raise NotFinishedError(f"{doubt}; go on with: qnet cancel {where}", "SUBMITTING")

    @property
    def _wanted(self) -> bool:
        """Whether more jobs are worth submitting: none was given up, and none has ended badly."""
        return not any(
            job.get("unwanted") or job["status"] in ("FAILED", "CANCELLED", "LOST") for job in self._jobs
        )

    def _unended(self) -> int | None:
        """Return the first job that was submitted and has not ended."""
        for number, job in enumerate(self._jobs):
            if job.get("ticket") is not None and job["status"] not in ENDED:
                return number
        return None

    def _fetch_jobs(self, timeout: float | None) -> list[list[Raw]]:
        """Submit what has not been submitted, wait for the jobs, and return their outcomes.

        Whatever is not to be had, the outcomes of the jobs that ended well are fetched, and kept, before it is told.
        """
        until = None if timeout is None else time.monotonic() + timeout
        failed: list[QnetError] = []
        missing: list[QnetError] = []
        try:
            self._submit_all(until)
        except (RefusedError, NotFinishedError, RecordError) as error:
            failed.append(error)
        for number, job in enumerate(self._jobs):
            try:
                if job.get("ticket") is not None:
                    self._watch(number, until)
            except NotFinishedError as error:
                failed.append(error)
            except JobMissingError as error:
                missing.append(error)
        raws, others = self._fetch_ended()
        for first in (*failed, *missing, *others):
            raise first
        return raws

    def _submit_all(self, until: float | None) -> None:
        """Submit all jobs, the later ones when the first have ended, or raise NotFinishedError when the time is up."""
        while self._wanted:
            left = None if until is None else max(0.0, until - time.monotonic())
            if self._submit_jobs(left, self._resting):
                return
            first = self._unended()
            assert first is not None
            self._watch(first, until)

    def _fetch_ended(self) -> tuple[list[list[Raw]], list[JobError]]:
        """Return the outcomes of the jobs that ended well, and why the others have none."""
        raws: list[list[Raw]] = []
        errors: list[JobError] = []
        for number, job in enumerate(self._jobs):
            try:
                if job.get("ticket") is None:
                    raise JobCancelledError(f"{self.path} has a job that was never submitted; {GIVEN_UP}", "")
                if job["status"] in ENDED:
                    raws.append(self._fetch_job(number))
            except JobError as error:
                errors.append(error)  # What the other jobs made is paid for, and is kept.
        return raws, errors

    def _watch(self, number: int, until: float | None) -> None:
        """Wait for a job to end, or raise NotFinishedError when the time is up."""
        left = None if until is None else max(0.0, until - time.monotonic())
        job = self._job(number)
        state = job.watch(left, functools.partial(self._resting, job))
        if state not in ENDED:
            what = "the job" if len(self._jobs) == 1 else f"job {number + 1} of {len(self._jobs)}"
            raise NotFinishedError(f"{what} of {self.path} is {state}; fetch it later", state)

    def _fetch_job(self, number: int) -> list[Raw]:
        """Return the outcomes of a job that has ended; one of several is kept beside the manifest until all are there."""
        parts = Parts(self._record, number) if self._record is not None and len(self._jobs) > 1 else None
        kept = None if parts is None else parts.get(0)
        if kept is None:
            kept = self._sampler.fetch(self._jobs[number]["ticket"])
            if parts is not None:
                parts.put(0, kept)
        return kept

    def _ready(self) -> tuple[Compiled, BaseBackend]:
        """Return the compiled program and the backend, made again if they are not at hand."""
        if self.status == "CANCELLED":
            raise RecordError("the run was cancelled; submit it again")
        if self._compiled is None or self._backend is None:
            self._compiled, self._backend = self._prepare_again()
        return self._compiled, self._backend

    def _prepare_again(self) -> tuple[Compiled, BaseBackend]:
        """Compile again what an earlier process prepared; the seed makes it the same."""
        protocol = self._known_protocol()
        if protocol is None:
            raise RecordError(
                f"the run at {self.path} has no outcomes, and its protocol {self._manifest['protocol']!r} is not known here; "
                "give it to open_run(path, protocol=...)"
            )
        backend = self._connected()
        compiled = prepare_again(self._manifest, self._record, protocol, backend)
        verify = bool(self._manifest["options"].get("verify", True))
        self._seconds.update(proved(compiled, backend, verify))
        return compiled, backend

    def _program_of(self, protocol: Protocol) -> Program:
        """Return the program that a protocol makes for this run."""
        return program_of(protocol, self._manifest["seed"], bool(self._manifest["options"].get("controls")))

    def _known_protocol(self) -> Protocol | None:
        """Return the protocol that the run is of, or None if its class is not known here."""
        if self._source is None:
            try:
                cls = protocol_class(self._manifest["protocol"])
                self._source = cls.from_parameters(**self._manifest["parameters"])
            except (UnknownNameError, ParameterError):
                return None
        return self._source

    def outcomes(self, progress: Report = None) -> Outcomes:
        """Return the corrected outcomes, of all blocks together, running what has not run yet.

        Raises:
            RecordError: If the run is exact, which has none.
        """
        return pooled(self.blocks(progress))

    def blocks(self, progress: Report = None) -> list[Outcomes]:
        """Return the corrected outcomes of each block, one block unless the run repeats its circuits.

        Raises:
            RecordError: If the run is exact, which has none.
        """
        if self.exact:
            raise RecordError("an exact run samples no outcomes; ask for its result")
        rng = self._analysis_stream()
        items = self._manifest["items"]
        return [corrected(items, raws, rng) for raws in self._raw(progress)]

    def _analysis_stream(self) -> np.random.Generator:
        return np.random.default_rng(stream_seed(self._manifest["seed"], ANALYSIS))

    # -- figures ---------------------------------------------------------------------------------------------------

    def result(self, level: float = 0.95, progress: Report = None) -> Result:
        """Return the figures, running what has not run yet.

        Args:
            level: Confidence level of the intervals, in [0.5, 1).
            progress: As for ``wait``.

        Raises:
            NoShotsError: If post-selection left a figure without shots.
        """
        level = check_level(level)
        figures = [Figure.from_dict(plain) for plain in self._manifest["figures"]]
        if self._protocol is not None:
            figures = list(self._program_of(self._protocol).figures)
        if self.exact:
            result = assemble(self._manifest, figures, self._values(), seconds=self._seconds)
            protocol = self._known_protocol()
            if protocol is not None and protocol.analyzes:
                left_out = (
                    "nothing was sampled: what the protocol makes of outcomes, such as a key, is left out"
                )
                result = replace(result, notes=(*result.notes, left_out))
        else:
            blocks = self.blocks(progress)
            begin = time.perf_counter()
            whole = pooled(blocks)
            estimates, empty, spreads = estimate_blocks(figures, whole, blocks, level)
            estimates.update(acceptance(self._manifest["items"], whole, level))
            found = self._analyzed(whole, level)
            beside = [figure for figure in figures if figure.name in estimates]
            mitigated, said = mitigate_blocks(
                self._manifest["items"], self._raw(), beside, level, self._analysis_stream()
            )
            self._seconds["analyze"] = round(time.perf_counter() - begin, 4)
            result = assemble(self._manifest, figures, estimates, empty, spreads, found, self._seconds)
            result = replace(result, mitigated=mitigated, notes=(*result.notes, *said, *self._left_out))
        record = self._writable
        if record is not None and not self._left_out and not record.has("result.json"):
            record.write_json("result.json", result.to_dict())
        return result

    def _analyzed(self, outcomes: Outcomes, level: float) -> Analyzed | None:
        """Return what the protocol itself finds in the outcomes; nothing where its class is not known."""
        protocol = self._known_protocol()
        if protocol is None or not protocol.analyzes:
            return None
        veto = OTHER_PARAMETERS if protocol.secret_outcomes and not self._is_of(protocol) else None
        analysis = Analysis(level, self._root(self.seeded), self.seeded, veto)
        found: Analyzed | None = ask(protocol, "analyze", dict(outcomes), analysis)
        if found and veto:
            found = found.without_secrets(f"parameters: {veto}")
        return replace(found, notes=(*found.notes, ANOTHER_SECRET)) if found and self._lost else found

    def _is_of(self, protocol: Protocol) -> bool:
        """Tell whether the run was made with this protocol's very parameters and program: they decide on its secrets."""
        if self._record is None:
            return True
        parameters = json.loads(json.dumps(protocol.parameters))
        made = self._manifest["protocol"], self._manifest["parameters"], self._manifest["program_id"]
        return made == (protocol.name or type(protocol).__name__, parameters, self._program_of(protocol).id)

    def _root(self, seeded: bool) -> bytes:
        """Return the secret bytes that the analysis expands: of the seed, or of the operating system and kept with the run."""
        if seeded:
            seed = stream_seed(self._manifest["seed"], SECRET)
            return hashlib.sha256(str(seed).encode()).digest()
        if self._secret is None:
            there = self._record is not None and self._record.has(SECRET_FILE)
            self._lost = not there and bool(self._manifest.get("secret"))
            if self._reads_only and not there and not self._lost:
                raise RecordError(
                    f"{self.path} was never analysed, and a secret is drawn and kept when it is; "
                    "fetch it (qnet fetch) instead of replaying it"
                )
            if self._record is None or self._lost:
                self._secret = secrets.token_bytes(32)
            else:
                self._secret = self._record.secret()
                if not there:
                    self._set(secret=SECRET_FILE)
        return self._secret

    def _values(self) -> dict[str, Estimate]:
        """Return the exact values: from memory, from disk, or computed."""
        if self._exact is None and self._record is not None and self._record.has("exact.json"):
            self._exact = self._stored_values(self._record)
        if self._exact is None:
            compiled, backend = self._ready()
            if not isinstance(backend, Evaluator):
                raise RecordError(
                    f"{self.path}/manifest.json is damaged: {backend.name} computes nothing exactly"
                )
            begin = time.perf_counter()
            found = backend.evaluate(compiled, compiled.program.figures)
            self._exact = dict(found.values)
            self._seconds["execute"] = round(time.perf_counter() - begin, 4)
            if self._record is not None:
                self._record.write_json("exact.json", {n: e.to_dict() for n, e in self._exact.items()})
            said = f"exact for the stated model of noise; the largest tensor had 2^{found.width:.0f} entries"
            self._set(
                status="COLLECTED",
                seconds=self._seconds,
                notes=[
                    *self._manifest["notes"],
                    said,
                    *found.notes,
                    *(f"{name} has no value: its condition has no chance" for name in found.empty),
                ],
            )
        return dict(self._exact)

    @staticmethod
    def _stored_values(record: Record) -> dict[str, Estimate]:
        plain = record.read_json("exact.json")
        try:
            return {name: Estimate(**value) for name, value in plain.items()}
        except (AttributeError, TypeError, ParameterError) as error:
            raise RecordError(f"{record.path}/exact.json is damaged: {error}") from None


def _shapes(items: Sequence[Mapping[str, Any]]) -> list[tuple[str, Shapes]]:
    """Return what the raw outcomes of a manifest's items look like."""
    return [
        (item["name"], {name: (item["shots"], width) for name, width in item["raw_registers"].items()})
        for item in items
    ]


def _after(report: Progress | None, before: int, total: int) -> Progress | None:
    """Return a report of one job's shots that counts those of the jobs before it."""
    if report is None:
        return None
    return lambda done, _: report(before + done, total)
