"""The public handle of a run. Its state and its execution are kept in other modules."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from qnet_circuits.errors import JobError, RecordError, UnsupportedError
from qnet_circuits.programs.figures import Outcomes
from qnet_circuits.programs.packed import unpacked
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.analysis import Stored, analyse
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.execution import Local
from qnet_circuits.runs.journal import note_run
from qnet_circuits.runs.kept import Blocks, Kept
from qnet_circuits.runs.manifest import Manifest
from qnet_circuits.runs.options import Report
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.remote import Remote
from qnet_circuits.runs.remote_job import doubt_of
from qnet_circuits.runs.results.outcomes import pooled
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.results.sampled import Sampled
from qnet_circuits.runs.source import Source, made_with, write_compiled
from qnet_circuits.secrecy import Unpicklable
from qnet_circuits.theory.estimate import check_level

if TYPE_CHECKING:
    from qnet_circuits.qkd.hosts.detector_files import DetectorFile


class Run(Unpicklable):
    """A run of a protocol. Made by ``submit`` and ``open_run``.

    Args:
        kept: The stored state of the run.
        source: The protocol, program and backend.
        blocks: The raw outcomes of each block, if the run has them.
    """

    def __init__(self, kept: Kept, source: Prepared | Source, blocks: Blocks | None = None) -> None:
        self._kept, self._source = kept, source
        self._execution = (Remote if kept.manifest["remote"] else Local)(kept, source, blocks)

    @classmethod
    def of(cls, prepared: Prepared, path: str | os.PathLike[str] | None = None) -> Run:
        """Record a prepared run, and return it. Nothing is submitted.

        Args:
            prepared: The run.
            path: A directory, new or empty, that keeps it; by default it is kept in memory.
        """
        remote = prepared.backend.capabilities.remote
        note = functools.partial(note_run, prepared.run_id) if remote else None
        return cls(kept_in(path, Manifest.of(prepared), prepared, note), prepared)

    @property
    def path(self) -> Path | None:
        """The run's directory, or None."""
        return None if self._kept.record is None else self._kept.record.path

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest of the run in plain values, as in its directory. Do not change it."""
        return MappingProxyType(self._kept.manifest.to_dict())

    @property
    def prepared(self) -> Prepared:
        """The protocol, program and backend of the run. They are made again for an opened run.

        Raises:
            RecordError: If they cannot be made again as they were.
        """
        return self._source if isinstance(self._source, Prepared) else self._source.prepared

    @property
    def stored(self) -> Prepared:
        """The same with the circuits and the calibration that the directory of an opened run holds, whatever is made now.

        Raises:
            RecordError: If the circuits cannot be understood.
        """
        return self._source if isinstance(self._source, Prepared) else self._source.stored

    @property
    def status(self) -> str:
        """PREPARED, SUBMITTING, QUEUED, RUNNING, DONE, COLLECTED, FAILED, CANCELLED or LOST."""
        return self._kept.status

    @property
    def seconds(self) -> dict[str, float]:
        """The duration of each step so far, in seconds."""
        return dict(self._kept.seconds)

    @property
    def exact(self) -> bool:
        """Whether figures are computed without sampling. An exact run has no outcomes."""
        return self._kept.manifest.exact

    @property
    def seeded(self) -> bool:
        """Whether a seed was given. All random numbers follow from a given seed, including secrets."""
        return self._kept.seeded

    def summary(self) -> dict[str, Any]:
        """Return a summary of the run and its status in plain values."""
        manifest, jobs = self._kept.manifest, self._kept.manifest.jobs
        keys = ("run_id", "protocol", "parameters", "backend", "status", "created")
        tickets = [job["ticket"] for job in jobs if job.get("ticket") is not None]
        return {
            **{key: manifest.get(key) for key in keys},
            "job": tickets[0] if tickets else None, "jobs": tickets, "planned_jobs": len(jobs),
            "reason": manifest.get("reason") or doubt_of(jobs),
        }  # fmt: skip

    def __repr__(self) -> str:
        manifest = self._kept.manifest
        return f"<Run {manifest['protocol']} on {manifest['backend']}: {self.status}>"

    # -- to its end ------------------------------------------------------------------------------------------------

    def start(self) -> Run:
        """Submit the remaining jobs of a run on a processor, and return self. Other backends have nothing to submit.

        If the platform's limit on pending jobs is reached, ``wait`` submits the other jobs when the first have ended.

        Raises:
            RecordError: If this machine's journal does not know the directory; see ``adopt``.
            NotFinishedError: If a job may exist that the platform does not list yet; ``wait`` waits for it.
        """
        self._execution.start()
        return self

    def adopt(self) -> Run:
        """Take over an unfinished run that was prepared on another machine, or a copy of one, and return self.

        This machine may then submit the jobs of the run. It first looks for jobs that the other machine may have submitted,
        for as long as the platform may take to list them.

        Raises:
            RecordError: If another directory of this machine holds the run.
        """
        self._execution.adopt()
        return self

    def cancel(self) -> None:
        """Cancel a run without outcomes, and its jobs if it has any.

        Raises:
            RecordError: If the run has jobs and this machine's journal does not know the directory; see ``adopt``.
            HeldError: If another process samples the run on this machine, or holds its directory for too long.
        """
        self._execution.cancel()

    def refresh(self) -> str:
        """Ask the platform for the state of the run's jobs, and return the run's status.

        Raises:
            HeldError: If another process holds the run's directory for too long.
        """
        self._execution.refresh()
        return self.status

    def wait(self, progress: Report = None, timeout: float | None = None, partial: bool = False) -> Run:
        """Run to the end, or continue an interrupted run, and return self.

        Args:
            progress: A function that is called with the finished shots and all shots. True prints progress to stderr, False
                prints nothing. Default: print if stderr is a terminal and the run takes more than two seconds. For a job on a
                processor, its state is printed, and the time since the platform last answered.
            timeout: Longest time to wait for a run on a processor, in seconds. Default: no limit.
            partial: If jobs failed, take the blocks whose jobs all succeeded; the result says what it leaves out. Default
                False.

        Raises:
            NotFinishedError: If the time is up.
            JobError: If a job failed; the outcomes of the other jobs are kept in the directory.
        """
        try:
            _ = self._execution.values() if self.exact else self._execution.blocks(progress, timeout)
        except (JobError, RecordError) as error:
            if not (partial and self._execution.take_whole_blocks(str(error))):
                raise
        return self

    # -- what came of it -------------------------------------------------------------------------------------------

    def raw(self, progress: Report = None) -> Blocks:
        """Return the raw bits of each circuit in each block, by register. The run is finished first.

        Raises:
            RecordError: If the run is exact, and so has no outcomes.
        """
        if self.exact:
            raise RecordError("an exact run samples no outcomes; ask for its result")
        return [[unpacked(raw) for raw in block] for block in self._execution.blocks(progress)]

    def outcomes(self, progress: Report = None) -> Outcomes:
        """Return the corrected outcomes of all blocks together. The run is finished first.

        Raises:
            RecordError: If the run is exact, and so has no outcomes.
        """
        return pooled(self.blocks(progress))

    def blocks(self, progress: Report = None) -> list[Outcomes]:
        """Return the corrected outcomes of each block; there is one block unless the run repeats its circuits.

        Raises:
            RecordError: If the run is exact, and so has no outcomes.
        """
        return Stored(self._kept.manifest, (), self.raw(progress)).outcomes()

    def detectors(self, party: str) -> DetectorFile:
        """Return what one party of a key distribution measured, for a session of two processes. The run is finished first.

        Args:
            party: ``alice`` or ``bob``.

        Raises:
            UnsupportedError: If the run is no key distribution, or may not give a key.
        """
        if self.exact:
            raise UnsupportedError("the figures were computed without sampling, so there are no records")
        # Most runs distribute no key, and start sooner without the modules that do.
        from qnet_circuits.runs.detectors import detectors_of

        return detectors_of(self._stored(None, True), party)

    def result(self, level: float = 0.95, progress: Report = None, outcomes: bool = True) -> Result:
        """Return the figures. The run is finished first.

        Args:
            level: Confidence level of the intervals, in [0.5, 1).
            progress: As for ``wait``.
            outcomes: Whether a run in memory keeps its outcomes. If not, a backend that counts while it samples, such as
                ``stim``, keeps no outcomes if the figures need none.

        Raises:
            NoShotsError: If post-selection left a figure without shots.
        """
        return self._analysed(self._stored(progress, outcomes), check_level(level))

    def _analysed(self, stored: Stored, level: float) -> Result:
        result = analyse(stored, level)
        # The analysis of a protocol was given arrays; what is kept is packed.
        blocks = None if stored.blocks is None else self._execution.blocks()
        result = replace(
            result, sampled=Sampled.of(replace(stored, blocks=blocks), level, self._source, self.path)
        )
        self._kept.seconds.update(result.seconds)
        record = self._kept.writable
        if record is not None and not self._execution.left_out and not record.has("result.json"):
            record.write_json("result.json", result.to_dict())
        return result

    def _stored(self, progress: Report, outcomes: bool) -> Stored:
        """Return the data for the analysis. The run is finished first."""
        if not outcomes and self._only_counted:
            assert isinstance(self._execution, Local)
            counts = self._execution.counts(progress)
            return Stored(self._kept.manifest, self._source.figures, counts=counts, seconds=self.seconds)
        values = self._execution.values() if self.exact else None
        protocol = self._source.protocol
        analyzing = protocol if protocol is not None and protocol.analyzes else None
        # A protocol of its own is given arrays.
        read = self._execution.blocks if analyzing is None else self.raw
        blocks = None if self.exact else read(progress)
        stored = Stored(
            self._kept.manifest, self._source.figures, blocks, values, analyzing,
            left_out=self._execution.left_out, seconds=self.seconds,
        )  # fmt: skip
        if analyzing is None or self.exact:
            return stored
        # Only a protocol that makes more of outcomes than figures has a secret drawn.
        return replace(
            stored, root=self._kept.secret, lost=self._kept.secret_lost, other=self._is_other(analyzing)
        )

    @property
    def _only_counted(self) -> bool:
        """Whether counts suffice for the figures, so that no outcome needs to be kept."""
        prepared = self._source
        if not isinstance(prepared, Prepared) or self._kept.record is not None:
            return False
        return not prepared.needs_outcomes

    def _is_other(self, protocol: Protocol) -> bool:
        """Tell whether a protocol makes a secret of a kept run that was made with another one."""
        if not protocol.secret_outcomes or self._kept.record is None:
            return False
        given = isinstance(self._source, Source) and self._source.given is not None
        return not made_with(self._kept, protocol, given)


def kept_in(
    path: str | os.PathLike[str] | None,
    manifest: Manifest,
    prepared: Prepared,
    note: Callable[[Path], None] | None = None,
) -> Kept:
    """Return what is kept of a new run, in a new directory if there is a path."""
    if path is None:
        return Kept(manifest)
    record = Record.create(path, manifest.to_dict(), note, prepared.protocol.secret_outcomes)
    write_compiled(record, prepared.played)
    return Kept(manifest.reread(record.manifest()), record)
