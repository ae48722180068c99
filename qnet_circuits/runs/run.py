"""A run, as its user holds it. What it is and how far it has come is kept apart, and so is how it is brought to its end."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qnet_circuits.errors import JobError, RecordError
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


class Run(Unpicklable):
    """A run of a protocol. Made by ``submit`` and ``open_run``.

    Args:
        kept: What it is and how far it has come.
        source: What it executes.
        blocks: The raw outcomes of each block, if they are there.
    """

    def __init__(self, kept: Kept, source: Prepared | Source, blocks: Blocks | None = None) -> None:
        self._kept, self._source = kept, source
        self._execution = (Remote if kept.manifest["remote"] else Local)(kept, source, blocks)

    @classmethod
    def of(cls, prepared: Prepared, path: str | os.PathLike[str] | None = None) -> Run:
        """Write a prepared run down, and return it; nothing is submitted.

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
        """What the run is and how far it has come, in plain values, as its directory keeps it; to be read only."""
        return MappingProxyType(self._kept.manifest.to_dict())

    @property
    def prepared(self) -> Prepared:
        """What the run executes; of a run that was opened, made again.

        Raises:
            RecordError: If it cannot be made again as it was.
        """
        return self._source if isinstance(self._source, Prepared) else self._source.prepared

    @property
    def status(self) -> str:
        """PREPARED, SUBMITTING, QUEUED, RUNNING, DONE, COLLECTED, FAILED, CANCELLED or LOST."""
        return self._kept.status

    @property
    def seconds(self) -> dict[str, float]:
        """How long each step took so far."""
        return dict(self._kept.seconds)

    @property
    def exact(self) -> bool:
        """Whether figures are computed without sampling; such a run has no outcomes."""
        return self._kept.manifest.exact

    @property
    def seeded(self) -> bool:
        """Whether a seed was given, from which everything that is drawn at random follows: what is secret, too."""
        return self._kept.seeded

    def summary(self) -> dict[str, Any]:
        """Return in plain values what the run is and how far it has come."""
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
        """Submit the jobs of a run on a processor that are not there yet, and return self; nothing for other backends.

        Where the platform takes no more jobs for now, the others are submitted when the first have ended, by ``wait``.

        Raises:
            RecordError: If this machine's journal does not know the directory; see ``adopt``.
            NotFinishedError: If a job may exist that is not listed yet; ``wait`` waits for it.
        """
        self._execution.start()
        return self

    def adopt(self) -> Run:
        """Take over an unfinished run that was prepared on another machine, or a copy of one, and return self.

        From then on its jobs may be submitted from here; those that may have been submitted from elsewhere are looked for
        first, for as long as the platform may take to list them.

        Raises:
            RecordError: If another directory of this machine's holds the run.
        """
        self._execution.adopt()
        return self

    def cancel(self) -> None:
        """Give up a run whose outcomes are not there yet, and its jobs if it has some.

        Raises:
            RecordError: If it has jobs, and this machine's journal does not know the directory; see ``adopt``.
            HeldError: If another process samples it on this machine, or is at work on it for longer than a moment.
        """
        self._execution.cancel()

    def refresh(self) -> str:
        """Ask the platform for the state of the run's jobs, and return the run's status.

        Raises:
            HeldError: If another process is at work on it for longer than a moment.
        """
        self._execution.refresh()
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
        try:
            _ = self._execution.values() if self.exact else self._execution.blocks(progress, timeout)
        except (JobError, RecordError) as error:
            if not (partial and self._execution.take_whole_blocks(str(error))):
                raise
        return self

    # -- what came of it -------------------------------------------------------------------------------------------

    def raw(self, progress: Report = None) -> Blocks:
        """Return the raw bits of each circuit in each block, by register, running what has not run yet.

        Raises:
            RecordError: If the run is exact, which has none.
        """
        if self.exact:
            raise RecordError("an exact run samples no outcomes; ask for its result")
        return [[unpacked(raw) for raw in block] for block in self._execution.blocks(progress)]

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
        return Stored(self._kept.manifest, (), self.raw(progress)).outcomes()

    def result(self, level: float = 0.95, progress: Report = None, outcomes: bool = True) -> Result:
        """Return the figures, running what has not run yet.

        Args:
            level: Confidence level of the intervals, in [0.5, 1).
            progress: As for ``wait``.
            outcomes: Whether a run in memory keeps its outcomes for later questions. If not, a backend that counts while it
                samples, as ``stim`` does, keeps none of them where figures need none.

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
        """Return all that the analysis needs; what has not run yet is run."""
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
        """Whether counts are enough, which can be made without keeping an outcome."""
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
