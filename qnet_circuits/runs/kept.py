"""The stored state of a run: its manifest, which is replaced and saved as a whole, and its directory."""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from qnet_circuits.backends.base import Raw
from qnet_circuits.errors import HeldError, NotFinishedError, ParameterError, RecordError
from qnet_circuits.runs.checked_manifest import checked_manifest
from qnet_circuits.runs.directory import SECRET_FILE, Record
from qnet_circuits.runs.holding import Holding
from qnet_circuits.runs.journal import holds_run
from qnet_circuits.runs.manifest import Manifest
from qnet_circuits.runs.options import SECRET, Report, stream_seed
from qnet_circuits.runs.parts import Parts
from qnet_circuits.runs.progress import waiter
from qnet_circuits.secrecy import Unpicklable
from qnet_circuits.theory.estimate import Estimate

#: The raw outcomes of each circuit in each block.
Blocks = list[list[Raw]]


class FetchedElsewhereError(Exception):
    """Another process fetched the outcomes while this one waited. The error never leaves a run."""


class Kept(Unpicklable):
    """The manifest of a run, and its directory if it has one.

    Args:
        manifest: The manifest.
        record: The directory, or None for a run in memory.
        reads_only: Whether nothing is written to the directory.
    """

    def __init__(self, manifest: Manifest, record: Record | None = None, reads_only: bool = False) -> None:
        self.manifest, self.record, self.reads_only = manifest, record, reads_only
        #: How long each step took so far.
        self.seconds: dict[str, float] = dict(manifest["seconds"])
        self._holding: Holding | None = None

    @classmethod
    def read(cls, path: str | os.PathLike[str], reads_only: bool = False) -> Kept:
        """Read a run's directory, or raise RecordError."""
        record = Record(Path(path))
        return cls(checked_manifest(record.path, record.manifest()), record, reads_only)

    # -- the manifest ----------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """PREPARED, SUBMITTING, QUEUED, RUNNING, DONE, COLLECTED, FAILED, CANCELLED or LOST."""
        return str(self.manifest["status"])

    @property
    def where(self) -> str:
        """The name of the run in messages."""
        return str(self.manifest["run_id"] if self.record is None else self.record.path)

    def advice(self, command: str) -> str:
        """Return the advice of messages on how to continue."""
        where = "open the run again" if self.record is None else f"qnet {command} {shlex.quote(self.where)}"
        return f"continue with: {where}"

    def jobs(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the number and the current entry of each job."""
        for number in range(len(self.manifest.jobs)):
            yield number, self.manifest.jobs[number]

    def set(self, **changes: Any) -> None:
        """Change entries of the manifest; they are on disk when this returns."""
        self._replace(self.manifest.having(**changes))

    def note(self, number: int, **changes: Any) -> None:
        """Change the entry of a job, and so the state of the run; both are on disk when this returns."""
        self._replace(self.manifest.noting(number, **changes))

    def _replace(self, manifest: Manifest) -> None:
        self.manifest = manifest
        if self.record is not None:
            self.record.write_json("manifest.json", manifest.to_dict())

    def reload(self) -> None:
        """Read the manifest again, as other processes may have changed it."""
        if self.record is not None:
            now = self.manifest.reread(self.record.manifest())
            if len(now.jobs) != len(self.manifest.jobs):
                raise RecordError(f"{self.record.path}/manifest.json is damaged: its jobs have changed")
            self.manifest = now

    # -- the directory ---------------------------------------------------------------------------------------------

    @property
    def writable(self) -> Record | None:
        """The directory if it may be written in, or None."""
        record = None if self.reads_only else self.record
        return record if record is not None and os.access(record.path, os.W_OK) else None

    @property
    def own(self) -> bool:
        """Whether this machine may submit the run's jobs. A directory from another machine, or a copy, is only read."""
        return self.record is None or holds_run(self.manifest["run_id"], self.record.path)

    @contextmanager
    def held(self, timeout: float | None = None, progress: Report = None) -> Iterator[None]:
        """Lock the directory, so that one process at a time works on it, and read the changes of other processes.

        Args:
            timeout: Seconds to wait for another process. Default: for ever.
            progress: Whether to print the wait to stderr.

        Raises:
            HeldError: If another process still holds the directory after this time.
        """
        record = self.writable
        if record is None:
            yield
            return
        with ExitStack() as stack:
            try:
                self._holding = stack.enter_context(record.held(0))
            except HeldError:
                with waiter(progress) as tell:
                    tell(f"another process is using {record.path}", False)
                    self._holding = stack.enter_context(record.held(timeout))
            self.reload()
            yield

    @contextmanager
    def turn(self, timeout: float | None, progress: Report) -> Iterator[None]:
        """Lock the directory to wait for the run, or raise NotFinishedError if another process holds it for the whole time."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self.held(timeout, progress))
            except HeldError as error:
                raise NotFinishedError(str(error), self.status) from None
            yield

    @contextmanager
    def left(self) -> Iterator[None]:
        """Release the directory for a while, and then read the changes of other processes.

        Raises:
            FetchedElsewhereError: If another process fetched the outcomes.
        """
        if self._holding is None or self.record is None:
            yield
            return
        with self._holding.free():
            yield
        self.reload()
        if self.record.has("outcomes.npz"):
            raise FetchedElsewhereError

    # -- what came of it -------------------------------------------------------------------------------------------

    def parts(self, number: int) -> Parts | None:
        """Return the store of parts of a job's outcomes, or None for a run in memory."""
        return None if self.record is None else Parts(self.record, number)

    def keep(self, blocks: Blocks) -> None:
        """Write raw outcomes, before they are analysed."""
        if self.record is not None:
            names = [circuit.name for circuit in self.manifest.played] * len(blocks)
            self.record.write_outcomes(names, [raw for block in blocks for raw in block])
            Parts(self.record).clear()

    def outcomes(self) -> Blocks | None:
        """Return the raw outcomes on disk, or None.

        If a process died right after writing them, its remaining steps are done.
        """
        if self.record is None or not self.record.has("outcomes.npz"):
            return None
        self.reload()
        shapes = [circuit.shapes for circuit in self.manifest.played]
        raws = self.record.read_outcomes(shapes * self.manifest.blocks)
        if self.status in ("RUNNING", "DONE") and (record := self.writable) is not None:
            self.set(status="COLLECTED")
            Parts(record).clear()
        return [raws[k : k + len(shapes)] for k in range(0, len(raws), len(shapes))]

    def keep_values(self, values: Mapping[str, Estimate], notes: Sequence[str]) -> None:
        """Write exact values and their notes."""
        if self.record is not None:
            self.record.write_json("exact.json", {name: value.to_dict() for name, value in values.items()})
        self.set(status="COLLECTED", seconds=self.seconds, notes=[*self.manifest["notes"], *notes])

    def values(self) -> dict[str, Estimate] | None:
        """Return the exact values on disk, or None."""
        if self.record is None or not self.record.has("exact.json"):
            return None
        plain = self.record.read_json("exact.json")
        try:
            return {name: Estimate(**value) for name, value in plain.items()}
        except (AttributeError, TypeError, ParameterError) as error:
            raise RecordError(f"{self.record.path}/exact.json is damaged: {error}") from None

    def check_collected(self) -> None:
        """Raise RecordError if neither outcomes nor exact values are on disk."""
        name = "exact.json" if self.manifest.exact else "outcomes.npz"
        if self.record is None or not self.record.has(name):
            how = "ask for its result" if self.record is None else f"qnet fetch {self.where} collects them"
            raise RecordError(f"{self.where} has no outcomes yet (status {self.status}); {how}")

    # -- the secret bytes, which the analysis of outcomes expands, such as to a key --------------------------------

    @property
    def seeded(self) -> bool:
        """Whether a seed was given. All random numbers follow from a given seed, including secrets."""
        return bool(self.manifest["options"].get("seeded", True))

    @cached_property
    def secret_lost(self) -> bool:
        """Whether the secret bytes were drawn before and are now missing from the directory."""
        return not self.seeded and bool(self.manifest.get("secret")) and not self._has_secret

    @property
    def _has_secret(self) -> bool:
        return self.record is not None and self.record.has(SECRET_FILE)

    @cached_property
    def secret(self) -> bytes:
        """The secret bytes: from the seed, or from the operating system and kept with the run.

        Raises:
            RecordError: If they must be drawn and written, but the run is only read.
        """
        if self.seeded:
            return hashlib.sha256(str(stream_seed(self.manifest["seed"], SECRET)).encode()).digest()
        there = self._has_secret
        if self.record is None or self.secret_lost:
            return secrets.token_bytes(32)
        if self.reads_only and not there:
            raise RecordError(
                f"{self.where} was never analysed, and its first analysis must draw and keep a secret; "
                "use qnet fetch instead of qnet replay"
            )
        secret = self.record.secret()
        if not there:
            self.set(secret=SECRET_FILE)
        return secret
