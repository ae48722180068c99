"""Finished parts of a long run, kept until its outcomes are complete, so that an interrupted run continues from there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from qnet_circuits.backends.base import Raw
from qnet_circuits.errors import RecordError
from qnet_circuits.runs.directory import Record


@dataclass(frozen=True)
class Parts:
    """Finished parts of a long run beside its manifest, until its outcomes are complete.

    Args:
        record: The run's directory.
        job: Number of the job to which the parts belong.
    """

    record: Record
    job: int = 0

    @property
    def _folder(self) -> Record:
        return self.record.folder("parts")

    def _name(self, number: int) -> str:
        return f"{self.job}-{number}.npz" if self.job else f"{number}.npz"

    def get(self, number: int) -> list[Raw] | None:
        """Return a part that was finished earlier, or None if it is missing or damaged and must be made again."""
        try:
            with self._folder.read_arrays(self._name(number)) as stored:
                raws: list[Raw] = [{} for _ in range(int(stored["circuits"]))]
                for name in stored.files:
                    circuit, _, register = name.partition("/")
                    if register:
                        raws[int(circuit)][register] = stored[name]
                return raws
        except Exception:
            return None

    def put(self, number: int, raws: Sequence[Raw]) -> None:
        """Keep a finished part. If the disk cannot be written, the part is lost but the run continues."""
        arrays = {f"{k}/{name}": bits for k, raw in enumerate(raws) for name, bits in raw.items()}
        with suppress(OSError, RecordError):
            self._folder.path.mkdir(exist_ok=True)
            self._folder.write_arrays(self._name(number), {"circuits": np.array(len(raws)), **arrays})

    def clear(self) -> None:
        """Remove all parts, of all jobs."""
        shutil.rmtree(self._folder.path, ignore_errors=True)
