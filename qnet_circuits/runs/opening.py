"""Opening what was run: a directory of any day."""

from __future__ import annotations

import os
from typing import Any

from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.kept import Kept
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.run import Run
from qnet_circuits.runs.source import Source


def open_run(path: str | os.PathLike[str], protocol: Protocol | None = None, backend: Any = None) -> Run:
    """Open a run's directory: of any day, moved anywhere, offline. One that was analysed is left as it is.

    Args:
        path: The directory.
        protocol: A protocol whose figures are to be computed of the stored outcomes, instead of the stored ones.
        backend: The run's backend, if it is at hand, such as a connection that is open. Default: looked up by its name, if it
            is needed.

    Raises:
        RecordError: If the directory is missing, torn, foreign or too new.
        ProgramError: If the protocol's figures cannot be computed of the stored outcomes.
        ParameterError: If the backend is another one than the run's.
    """
    kept = Kept.read(path)
    return Run(kept, Source(kept, protocol, backend))


def replay(path: str | os.PathLike[str], level: float = 0.95) -> Result:
    """Analyse the stored outcomes of a run again, without running or writing anything.

    Raises:
        RecordError: If there are no outcomes, or the directory cannot be read.
    """
    kept = Kept.read(path, reads_only=True)
    kept.check_collected()
    return Run(kept, Source(kept)).result(level)
