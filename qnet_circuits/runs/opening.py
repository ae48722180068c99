"""Opening what was run: a directory of any day."""

from __future__ import annotations

import os
from typing import Any

from qnet_circuits.errors import ProgramError
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.kept import Kept
from qnet_circuits.runs.manifest import Manifest
from qnet_circuits.runs.preparing import program_of
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
        ParameterError: If the backend is another one than the run's.
    """
    return _opened(Kept.read(path), protocol, backend)


def _opened(kept: Kept, protocol: Protocol | None = None, backend: Any = None) -> Run:
    if protocol is not None:
        _check_protocol(kept.manifest, protocol, kept.where)
    source = Source(kept, protocol)
    if backend is not None:
        source.use(backend)
    return Run(kept, source)


def _check_protocol(manifest: Manifest, protocol: Protocol, where: str) -> None:
    """Check that a protocol's figures can be computed of a run's outcomes, or raise ProgramError."""
    program = program_of(protocol, manifest["seed"], manifest.controls)
    if not {item.name for item in program} <= {circuit.name for circuit in manifest.circuits}:
        raise ProgramError(f"the protocol's circuits are not those of the run at {where}")
    if manifest.exact and program.id != manifest["program_id"]:
        raise ProgramError(
            f"the run at {where} is exact and keeps no outcomes to analyse otherwise; predict the protocol anew"
        )


def replay(path: str | os.PathLike[str], level: float = 0.95) -> Result:
    """Analyse the stored outcomes of a run again, without running or writing anything.

    Raises:
        RecordError: If there are no outcomes, or the directory cannot be read.
    """
    kept = Kept.read(path, reads_only=True)
    kept.check_collected()
    return _opened(kept).result(level)
