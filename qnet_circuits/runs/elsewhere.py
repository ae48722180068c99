"""Finished runs from outcomes that were measured elsewhere, analysed and kept like other runs."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qnet_circuits.compiling.merging import together
from qnet_circuits.runs.copies import copies_apart
from qnet_circuits.runs.handed_in import raws_of
from qnet_circuits.runs.manifest import Manifest, described, stored_circuits
from qnet_circuits.runs.prepared import Prepared, now
from qnet_circuits.runs.run import Run, kept_in

#: What stands in place of a backend.
ELSEWHERE = "elsewhere"


def run_of_outcomes(
    prepared: Prepared, data: Any, origin: str, path: str | os.PathLike[str] | None = None
) -> Run:
    """Return the finished run of outcomes that were measured elsewhere.

    Args:
        prepared: The prepared run with the compiled circuits.
        data: The outcomes.
        origin: A description of their origin.
        path: A directory, new or empty, that keeps them; by default they are kept in memory.

    Raises:
        ParameterError: If the outcomes do not fit the circuits.
        RecordError: If the directory is not empty, or cannot be written.
    """
    compiled = together(prepared.compiled)
    widths = {item.name: {each.name: each.size for each in item.circuit.cregs} for item in compiled}
    raws = raws_of(data, widths, [item.name for item in compiled if item.readout is not None])
    prepared = replace(prepared, run_id=uuid.uuid4().hex, created=now())
    found = stored_circuits(prepared, [len(next(iter(raw.values()))) for raw in raws.values()])
    circuits = tuple(replace(circuit, rounds=None) for circuit in found)  # All that were measured count.
    entries = _entries(prepared, [circuit.shots for circuit in circuits], origin)
    kept = kept_in(path, Manifest(entries, circuits, prepared.figures), prepared)
    manifest = kept.manifest
    blocks = [copies_apart(list(raws.values()), manifest.copies, len(manifest.played))]
    kept.keep(blocks)
    kept.set(status="COLLECTED")
    return Run(kept, prepared, blocks)


def _entries(prepared: Prepared, shots: Sequence[int], origin: str) -> dict[str, Any]:
    """Return the entries of the manifest without circuits and figures."""
    made = described(prepared, formula=False)
    return {
        **made,
        "status": "DONE",  # until the outcomes are kept
        "origin": origin,
        "backend": ELSEWHERE,
        "provenance": {**made["provenance"], "compiled_for": prepared.backend.name},
        "remote": False,
        "simulated": None,  # the caller says, in words
        "engine": "sampling",
        "noise": {},
        "notes": _notes(prepared, len(shots), origin),
        "options": {**made["options"], "shots": max(shots), "own_shots": len(set(shots)) > 1},
        "seconds": {},
        "jobs": [{"block": 0, "circuits": list(range(len(shots))), "kept": list(shots)}],
        "predicted": {},
    }


def _notes(prepared: Prepared, circuits: int, origin: str) -> list[str]:
    """Return the notes of a result, without those on the backend for which the circuits were compiled."""
    compiled = prepared.compiled
    notes = [
        "measured elsewhere, not by this library" + (f": {origin}" if origin else ""),
        f"compiled for {prepared.backend.name}",
        *prepared.own_notes,
    ]
    if any(item.lowered.link_noise for item in compiled):
        notes.append(
            "the errors of links and channels are not in the circuits; emulate_links=True samples them in software"
        )
    if circuits < len(compiled.items):
        notes.append("not mitigated: the outcomes of the readout circuits are missing")
    return notes
