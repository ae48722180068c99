"""A run that an earlier process prepared is compiled again: the same, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import RecordError
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.compilation import compile_for, program_of
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.manifest import calibration_of, write_compiled
from qnet_circuits.runs.options import RunOptions


def prepare_again(
    manifest: Mapping[str, Any], record: Record | None, protocol: Protocol, backend: BaseBackend
) -> Compiled:
    """Return what a run executes, as its manifest says; the seed makes it the same.

    Args:
        manifest: The run's.
        record: Its directory, if it has one; what a process that died left out of it is written.
        protocol: The protocol that the run is of.
        backend: Where it runs.

    Raises:
        RecordError: If the protocol, the placement or a simulated device's calibration is another one now.
    """
    where = "the run" if record is None else record.path
    options = _options_again(manifest, protocol)
    program = program_of(protocol, manifest["seed"], options.controls)
    compiled = compile_for(program, backend, manifest["seed"], options)
    if compiled.program.id != manifest["program_id"]:
        raise RecordError(
            f"the protocol makes another program now than when {where} was prepared; run it anew"
        )
    if compiled.layout != manifest["layout"]:
        raise RecordError(f"{manifest['backend']} would place the circuits elsewhere now; run it anew")
    if record is None:
        return compiled
    remote = bool(manifest.get("remote"))
    if not remote:
        _check_calibration(manifest, record, compiled)
    if remote or not record.has("calibration.json"):
        # A process that died left some of it out, or a processor has another calibration than on the day it was prepared.
        write_compiled(record, compiled)
    return compiled


def _options_again(manifest: Mapping[str, Any], protocol: Protocol) -> RunOptions:
    """Return the options of compilation; a processor, whose calibration changes every day, is held to its layout."""
    options, layout = RunOptions.from_manifest(manifest["options"]), manifest["layout"]
    free = program_of(protocol, manifest["seed"]).items[0].layout is None
    if manifest.get("remote") and free and layout is not None and len(layout) == 1:
        return replace(options, layout=layout[0])
    return options


def _check_calibration(manifest: Mapping[str, Any], record: Record, compiled: Compiled) -> None:
    """Refuse a device that is no longer what it was: its layout and its noise would not be those in the manifest."""
    if record.has("calibration.json"):
        now = json.loads(json.dumps(calibration_of(compiled)))
        if record.read_json("calibration.json") != now:
            raise RecordError(
                f"{manifest['backend']} has another calibration now than when {record.path} was prepared; run it anew"
            )
