"""Opening what was run: a directory of any day."""

from __future__ import annotations

import os
from pathlib import Path

from qnet_circuits.errors import ProgramError, RecordError
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.compilation import program_of
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.manifest import check_manifest
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.run import Run


def open_run(path: str | os.PathLike[str], protocol: Protocol | None = None) -> Run:
    """Open a run's directory: of any day, moved anywhere, offline. One that was analysed is left as it is.

    Args:
        path: The directory.
        protocol: A protocol whose figures are to be computed of the stored outcomes, instead of the stored ones.

    Raises:
        RecordError: If the directory is missing, torn, foreign or too new.
    """
    return _opened(path, protocol)


def _opened(path: str | os.PathLike[str], protocol: Protocol | None = None, reads_only: bool = False) -> Run:
    record = Record(Path(path))
    manifest = record.manifest()
    missing = {"items", "figures", "seed", "options", "protocol", "parameters", "backend"} - set(manifest)
    if missing:
        raise RecordError(f"{record.path}/manifest.json lacks {', '.join(sorted(missing))}")
    check_manifest(record.path, manifest)
    if protocol is not None:
        names = {item["name"] for item in manifest["items"]}
        program = program_of(protocol, manifest["seed"], bool(manifest["options"].get("controls")))
        if not {item.name for item in program} <= names:
            raise ProgramError(f"the protocol's circuits are not those of the run at {record.path}")
        if manifest.get("engine") == "exact" and program.id != manifest["program_id"]:
            raise ProgramError(
                f"the run at {record.path} is exact and keeps no outcomes to analyse otherwise; predict the protocol anew"
            )
    return Run(manifest, record, protocol=protocol, reads_only=reads_only)


def replay(path: str | os.PathLike[str], level: float = 0.95) -> Result:
    """Analyse the stored outcomes of a run again, without running or writing anything.

    Raises:
        RecordError: If there are no outcomes, or the directory cannot be read.
    """
    opened = _opened(path, reads_only=True)
    kept = "exact.json" if opened.exact else "outcomes.npz"
    if opened.path is None or not (opened.path / kept).is_file():
        raise RecordError(
            f"{path} has no outcomes yet (status {opened.status}); open the run and ask for its result"
        )
    return opened.result(level)
