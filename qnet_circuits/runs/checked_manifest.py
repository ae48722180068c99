"""Reading a manifest from its plain form. An edited or damaged manifest is refused before it is used."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qnet_circuits.backends.base import check_ticket
from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.compiling.readout_circuits import READOUT
from qnet_circuits.errors import RecordError, check_count, check_range
from qnet_circuits.programs.figures import Figure
from qnet_circuits.runs.directory import STATES
from qnet_circuits.runs.manifest import Manifest, StoredCircuit, check_bounds, check_numbers
from qnet_circuits.runs.planning import tag_of

#: What a run may be asked for, as far as analysis or a later process needs it.
_OPTIONS = ("shots", "corrections", "optimization_level", "layout", "carrier", "emulate_links")
_ENGINES = ("sampling", "exact")
_KINDS: dict[str, type | tuple[type, ...]] = {
    "run_id": str,
    "protocol": str,
    "parameters": dict,
    "backend": str,
    "remote": bool,
    "simulated": (bool, type(None)),  # None: nobody can tell.
    "corrections": str,
    "options": dict,
    "items": list,
    "figures": list,
    "theory": dict,
    "bounds": dict,
    "resources": dict,
    "noise": dict,
    "notes": list,
    "seconds": dict,
}


def checked_manifest(path: Path, plain: Mapping[str, Any]) -> Manifest:
    """Make a manifest from its plain form, and check everything that the analysis needs.

    Args:
        path: The run's directory.
        plain: The content of its file.

    Raises:
        RecordError: If an entry is missing or invalid.
    """
    if missing := sorted({*_KINDS, "seed", "version", "program_id", "layout", "jobs"} - plain.keys()):
        raise RecordError(f"{path}/manifest.json lacks {', '.join(missing)}")
    try:
        _check_entries(plain)
        circuits = tuple(map(_circuit, plain["items"]))
        _check_all_readout(circuits)
        _check_copies(plain.get("copies", {}))
        _check_jobs(plain, len(circuits) * plain.get("copies", {}).get("count", 1))
        widths = {circuit.name: circuit.widths for circuit in circuits}
        figures = tuple(_figure(each, widths) for each in plain["figures"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise RecordError(f"{path}/manifest.json is damaged: {type(error).__name__} at {error}") from None
    return Manifest({}, circuits, figures).reread(plain)


def _check_kinds(plain: Mapping[str, Any], kinds: Mapping[str, type | tuple[type, ...]]) -> None:
    """Check that entries exist and have the right types, or raise KeyError or TypeError."""
    for key, kind in kinds.items():
        if not isinstance(plain[key], kind):
            raise TypeError(key)


def _check_entries(plain: Mapping[str, Any]) -> None:
    _check_kinds(plain, _KINDS)
    later = {"predicted": {}, "origin": "", "provenance": {}}
    _check_kinds({**later, **plain}, {name: type(value) for name, value in later.items()})
    check_bounds(plain["bounds"])
    for table in ("theory", "predicted"):
        check_numbers(table, list(plain.get(table, {}).values()))
    if not all(isinstance(note, str) for note in plain["notes"]):
        raise TypeError("notes")
    check_count("seed", plain["seed"], 0)
    if plain["layout"] is not None and not all(isinstance(each, list) for each in plain["layout"]):
        raise TypeError("layout")
    _ = [plain["options"][key] for key in _OPTIONS]
    if plain.get("engine", "sampling") not in _ENGINES:
        raise ValueError("engine")


def _check_copies(copies: Mapping[str, Any]) -> None:
    """Check the entries on copies, if there are copies."""
    if not copies:
        return
    _check_kinds(copies, {"qubits": list, "touching": list, "couplings": list})
    if len(copies["qubits"]) != check_count("count", copies["count"]):
        raise ValueError("copies")


def _check_jobs(plain: Mapping[str, Any], circuits: int) -> None:
    jobs = plain["jobs"]
    if not isinstance(jobs, list) or not jobs:
        raise ValueError("jobs")
    for number, job in enumerate(jobs):
        check_count("block", job["block"], 0, len(jobs) - 1)
        if len(job["circuits"]) != len(job["kept"]) or not set(job["circuits"]) <= set(range(circuits)):
            raise ValueError("jobs")
        for shots in (*job["kept"], *([job["shots"]] if "shots" in job else [])):
            check_count("shots of a job", shots, 0)
        if plain["remote"]:
            _check_remote_job(job, tag_of(plain["run_id"], number, len(jobs)))


def _check_remote_job(job: Mapping[str, Any], tag: str) -> None:
    """Check the entry of a remote job: with a wrong tag the job would be submitted, and paid for, a second time."""
    if job["tag"] != tag:
        raise ValueError("a job's tag")
    if job["status"] not in STATES:
        raise ValueError("a job's status")
    if job.get("ticket") is not None:
        check_ticket(job["ticket"])
    check_count("attempts of a job", job.get("attempts", 0), 0)
    if job.get("listed_by") is not None:
        datetime.datetime.fromisoformat(job["listed_by"])
    if "max_qpu_seconds" in job:
        check_count("max_qpu_seconds of a job", job["max_qpu_seconds"])


def _figure(plain: dict[str, Any], widths: Mapping[str, Mapping[str, int]]) -> Figure:
    """Return a figure from its plain form, checked."""
    figure = Figure.from_dict(plain)
    figure.check(widths)
    about = (figure.ideal, figure.without_messages, figure.null, *figure.expression.numbers)
    check_numbers(figure.name, [each for each in (*about, *(figure.physical or ())) if each is not None])
    check_count(f"drawn_from of {figure.name}", figure.drawn_from, 0)
    return figure


def _circuit(plain: Mapping[str, Any]) -> StoredCircuit:
    """Return a circuit from its plain form, checked."""
    _check_kinds(plain, {"name": str, "tags": dict, "raw_registers": dict})
    forms = OutcomeMap(
        tuple((register, int(index)) for register, index in plain["forms"]["raw"]),
        {name: tuple(map(tuple, bits)) for name, bits in plain["forms"]["registers"].items()},
        tuple(map(tuple, plain["forms"]["accept"])),
        tuple(map(tuple, plain["forms"]["emulated"])),
    )
    shots = check_count("shots", plain["shots"])
    rounds = plain.get("rounds")
    made = StoredCircuit(
        plain["name"], shots, plain["raw_registers"], forms, plain["tags"],
        rounds=None if rounds is None else check_count("rounds", rounds),
    )  # fmt: skip
    if READOUT in plain:
        readout = plain[READOUT]
        gates = tuple(readout.get("gates", ()))  # Older manifests lack it.
        made = replace(made, state=readout["state"], qubits=tuple(readout["qubits"]), gates=gates)
    _check_forms(made)
    _check_readout(made)
    return made


def _check_forms(circuit: StoredCircuit) -> None:
    """Check that forms read bits and variables that exist; a negative variable would count from the end."""
    forms = circuit.forms
    if not all(0 <= index < circuit.raw_registers[register] for register, index in forms.raw):
        raise ValueError("forms")
    last = len(forms.raw) + 2 * len(forms.emulated) - 1
    for bits in (forms.accept, *forms.registers.values()):
        for variable in (each for form in bits for each in form):
            check_count("a variable of forms", variable, 0, last)
    for weights in forms.emulated:
        check_numbers("emulated", weights)
        if len(weights) != 4 or min(weights) < 0 or not math.isclose(sum(weights), 1.0, rel_tol=1e-5):
            raise ValueError("emulated")


def _check_readout(circuit: StoredCircuit) -> None:
    qubits, state = circuit.qubits, circuit.state
    if isinstance(state, bool) or state not in (None, 0, 1):
        raise ValueError(READOUT)
    if qubits is None:
        return
    known = all(qubit is None or (isinstance(qubit, int) and qubit >= 0) for qubit in qubits)
    if not known or len(qubits) != len(circuit.forms.raw) or len(circuit.gates) not in (0, len(qubits)):
        raise ValueError(READOUT)
    for error in circuit.gates:
        check_range("gates", error, 0.0, 1.0)


def _check_all_readout(circuits: Sequence[StoredCircuit]) -> None:
    """Check that readout is measured in both states for all qubits of a run's circuits, or for none, or raise ValueError."""
    if all(circuit.qubits is None for circuit in circuits):
        return
    used = {qubit for circuit in circuits for qubit in circuit.qubits or ()} - {None}
    measured = [[{*(c.qubits or ())} - {None} for c in circuits if c.state == state] for state in (0, 1)]
    if any(circuit.qubits is None for circuit in circuits) or measured != [[used], [used]]:
        raise ValueError(READOUT)
