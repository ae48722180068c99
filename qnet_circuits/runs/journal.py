"""This machine's own record of the runs that it may submit: which directory holds each.

It lies outside of the runs' directories, so that a directory that came from elsewhere, or is a copy, is known for one: what it
says is read, and nothing is submitted, and paid for, because of it.
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
    """Note that a directory holds a run of this machine's.

    Raises:
        RecordError: If another directory does, or nothing can be written.
    """
    noted = _noted(run_id)
    if noted is not None and not _is(noted, path) and _is(noted, Path(noted["path"])):
        raise RecordError(
            f"{path} is a copy of the run at {noted['path']}, which can be submitted from there alone: qnet fetch goes on there"
        )
    file = _file(run_id)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Record(file.parent, private=True).write_json(file.name, _identity(path))
    except (OSError, RecordError) as error:
        raise RecordError(
            f"the journal of runs cannot be written: {error}; XDG_STATE_HOME may name another directory for it"
        ) from None


def forget_run(run_id: str) -> None:
    """Forget a run of which nothing will be submitted any more."""
    with suppress(OSError, RecordError):
        _file(run_id).unlink()


def holds_run(run_id: str, path: Path) -> bool:
    """Tell whether a directory is noted to hold a run; moved it is still the same, copied it is not."""
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
    """Tell whether a path is the directory that was noted; one that is gone, or cannot be looked at, is not."""
    try:
        found = _identity(path)
    except OSError:
        return False
    # The number of a device may change when a machine starts; then the path must be the same.
    where = noted["device"] == found["device"] or noted["path"] == found["path"]
    return where and bool(noted["inode"] == found["inode"])


def _file(run_id: str) -> Path:
    """Return where a run is noted; its id, which may come from elsewhere, becomes a part of a path."""
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise RecordError(f"a run's id is 32 hexadecimal digits, got {run_id!r}; the manifest is damaged")
    return state_home("the journal of runs") / "runs" / f"{run_id}.json"


def state_home(what: str) -> Path:
    """Return this machine's directory for what is kept beside the runs themselves.

    Args:
        what: What is to be kept in it, for the message.

    Raises:
        RecordError: If there is no home directory, and XDG_STATE_HOME is not set.
    """
    home = os.environ.get("XDG_STATE_HOME")
    try:
        state = Path(home) if home else Path.home() / ".local" / "state"
    except RuntimeError:
        raise RecordError(
            f"there is no home directory for {what}; let XDG_STATE_HOME name a directory that can be written"
        ) from None
    return state / "qnet-circuits"
