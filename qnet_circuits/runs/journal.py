"""This machine's record of the runs that it may submit, and of their directories.

The record lies outside the runs' directories. So a directory from another machine, or a copy, is recognized: it can be read,
but nothing is submitted, and paid for, because of it.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from qnet_circuits.errors import RecordError
from qnet_circuits.runs.directory import Record

_RUN_ID = re.compile(r"[0-9a-f]{32}")


def note_run(run_id: str, path: Path) -> None:
    """Record that a directory holds a run of this machine.

    Raises:
        RecordError: If another directory holds the run, or the record cannot be written.
    """
    noted = _noted(run_id)
    if noted is not None and not _is(noted, path) and _is(noted, Path(noted["path"])):
        raise RecordError(
            f"{path} is a copy of the run at {noted['path']}, which can be submitted only from there; use qnet fetch there"
        )
    file = _file(run_id)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Record(file.parent, private=True).write_json(file.name, _identity(path))
    except (OSError, RecordError) as error:
        raise RecordError(
            f"the journal of runs cannot be written: {error}; set XDG_STATE_HOME to another directory"
        ) from None


def forget_run(run_id: str) -> None:
    """Remove a run of which nothing more will be submitted."""
    with suppress(OSError, RecordError):
        _file(run_id).unlink()


def holds_run(run_id: str, path: Path) -> bool:
    """Return whether a directory is recorded as that of a run. A moved directory still is; a copy is not."""
    noted = _noted(run_id)
    return noted is not None and _is(noted, path)


def _noted(run_id: str) -> dict[str, Any] | None:
    try:
        plain = json.loads(_file(run_id).read_text())
        return {"path": str(plain["path"]), "device": plain["device"], "inode": plain["inode"]}
    except (OSError, ValueError, KeyError, TypeError, RecordError):
        return None


def _identity(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"path": str(path.resolve()), "device": found.st_dev, "inode": found.st_ino}


def _is(noted: dict[str, Any], path: Path) -> bool:
    """Return whether a path is the recorded directory; False if it does not exist or cannot be read."""
    try:
        found = _identity(path)
    except OSError:
        return False
    # The number of a device may change when a machine starts; then the path must be the same.
    where = noted["device"] == found["device"] or noted["path"] == found["path"]
    return where and bool(noted["inode"] == found["inode"])


def _file(run_id: str) -> Path:
    """Return the file that records a run. The id, which may come from another machine, becomes part of a path."""
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise RecordError(
            f"a run's id must be 32 hexadecimal digits, got {run_id!r}; the manifest is damaged"
        )
    return state_home("the journal of runs") / "runs" / f"{run_id}.json"


def state_home(what: str) -> Path:
    """Return this machine's directory for state outside the runs' directories.

    Args:
        what: The content of the directory, for the message.

    Raises:
        RecordError: If there is no home directory, and XDG_STATE_HOME is not set.
    """
    home = os.environ.get("XDG_STATE_HOME")
    try:
        state = Path(home) if home else Path.home() / ".local" / "state"
    except RuntimeError:
        raise RecordError(
            f"there is no home directory for {what}; set XDG_STATE_HOME to a writable directory"
        ) from None
    return state / "qnet-circuits"
