"""A run's manifest: everything that analysis needs later, in plain values."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from qnet_circuits.backends.base import Evaluator
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import ProgramError, RecordError, check_count
from qnet_circuits.programs.controls import with_baseline
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.protocol import Protocol, ask
from qnet_circuits.runs.checking import (
    check_bounds,
    check_figure,
    check_forms,
    check_jobs,
    check_kinds,
    check_numbers,
    check_remote_jobs,
)
from qnet_circuits.runs.directory import Record, forms_from_dict, forms_to_dict
from qnet_circuits.runs.mitigation.stored import check_entry, check_readout, readout_entry
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.version import VERSION

#: What a run may be asked for, as far as analysis or a later process needs it.
OPTIONS = ("shots", "corrections", "optimization_level", "layout", "carrier", "emulate_links")
ENGINES = ("sampling", "exact")
_KINDS: dict[str, type | tuple[type, ...]] = {
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


def make_manifest(prepared: Prepared) -> dict[str, Any]:
    """Return everything that analysis, or a later process, needs of a run, in plain values."""
    import qiskit
    import qiskit_aer

    protocol, backend, compiled = prepared.protocol, prepared.backend, prepared.compiled
    options, program = prepared.options, compiled.program
    theory, bounds = said_of(protocol, options.controls)
    theory = theory if backend.device is None and backend.simulates_links else {}
    made: dict[str, Any] = {
        "run_id": prepared.run_id,
        "version": VERSION,
        "versions": {"qiskit": qiskit.__version__, "qiskit-aer": qiskit_aer.__version__},
        "created": prepared.created,
        "status": "PREPARED",
        "protocol": protocol.name or type(protocol).__name__,
        "parameters": protocol.parameters,
        "program_id": program.id,
        "backend": backend.name,
        "remote": backend.remote,
        "simulated": backend.simulated,
        "engine": "exact" if isinstance(backend, Evaluator) else "sampling",
        "corrections": compiled.corrections,
        "noise": {} if backend.noise is None or backend.device is None else backend.noise.to_dict(),
        "seed": prepared.seed,
        "options": {
            "seeded": options.seed is not None,
            **options.to_manifest(),
            "own_shots": all(item.shots is not None for item in program),
        },
        "layout": compiled.layout,
        "items": _items(prepared),
        "figures": [figure.to_dict() for figure in program.figures],
        "theory": {name: float(value) for name, value in theory.items() if math.isfinite(value)},
        "bounds": bounds,
        "resources": {**compiled.resources, "carrier": prepared.carrier},
        "notes": list(prepared.notes),
        "seconds": dict(prepared.seconds),
        "jobs": list(prepared.jobs),
        "predicted": prepared.predicted,
    }
    if prepared.cost is not None:
        made["cost"] = prepared.cost.to_dict()
        made["resources"]["surplus_executions"] = prepared.cost.waste
    return made


def _items(prepared: Prepared) -> list[dict[str, Any]]:
    """Return what is to be known of each circuit."""
    tags = {item.name: dict(item.tags) for item in prepared.compiled.program}
    return [
        {
            "name": item.name,
            "tags": tags.get(item.name, {}),
            "shots": count,
            "raw_registers": {register.name: register.size for register in item.circuit.cregs},
            "forms": forms_to_dict(item.lowered.forms),
            **(readout_entry(item) if prepared.options.mitigate else {}),
        }
        for item, count in zip(prepared.compiled, prepared.shots, strict=True)
    ]


def said_of(protocol: Protocol, controls: bool) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return theory and bounds of a protocol's figures, and with control experiments of its baseline's.

    Raises:
        ProgramError: If they are no numbers by the names of figures.
    """

    def theory(each: Protocol) -> dict[str, float]:
        said: dict[str, float] = ask(each, "theory", NoiseParameters())
        return said

    theories, bounds = theory(protocol), protocol.bounds
    if controls:
        theories, bounds = with_baseline(protocol, theory), with_baseline(protocol, lambda each: each.bounds)
    try:
        check_numbers("theory", list(theories.values()))
        check_bounds(bounds)
    except (AttributeError, TypeError) as error:
        raise ProgramError(
            f"{type(protocol).__name__} must give theory and bounds as numbers by the names of figures, and does not: {error}"
        ) from None
    return theories, {
        name: {bound: float(value) for bound, value in each.items()} for name, each in bounds.items()
    }


def calibration_of(compiled: Compiled) -> dict[str, Any]:
    """Return what the device says of the qubits that a compiled program uses, as a snapshot that can be run on again."""
    if compiled.device is None:
        return {"device": None}
    return compiled.device.calibration.only({qubit for item in compiled for qubit in item.qubits}).to_dict()


def write_compiled(record: Record, compiled: Compiled) -> None:
    """Write what is run beside a run's manifest; the calibration last, so that none is missing where it is there."""
    record.write_circuits("program.qpy", [item.circuit for item in compiled.program])
    record.write_circuits("compiled.qpy", compiled.circuits)
    record.write_json("calibration.json", calibration_of(compiled))


def check_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Read once everything that analysis needs, or raise RecordError."""
    try:
        check_kinds(manifest, _KINDS)
        check_bounds(manifest["bounds"])
        check_numbers("theory", list(manifest["theory"].values()))
        if not all(isinstance(note, str) for note in manifest["notes"]):
            raise TypeError("notes")
        check_count("seed", manifest["seed"], 0)
        _ = [manifest[key] for key in ("version", "program_id")]
        if manifest["layout"] is not None and not all(isinstance(each, list) for each in manifest["layout"]):
            raise TypeError("layout")
        _ = [manifest["options"][key] for key in OPTIONS]
        if not isinstance(manifest.get("predicted", {}), dict):
            raise TypeError("predicted")
        check_numbers("predicted", list(manifest.get("predicted", {}).values()))
        if manifest.get("engine", "sampling") not in ENGINES:
            raise ValueError("engine")
        widths = {}
        for item in manifest["items"]:
            check_kinds(item, {"name": str, "tags": dict, "raw_registers": dict})
            check_count("shots", item["shots"])
            forms = forms_from_dict(item["forms"])
            widths[item["name"]] = {name: len(bits) for name, bits in forms.registers.items()}
            check_forms(forms, item["raw_registers"])
            check_entry(item)
        check_readout(manifest["items"])
        check_jobs(manifest["jobs"], len(manifest["items"]))
        if manifest["remote"]:
            check_remote_jobs(manifest["run_id"], manifest["jobs"])
        for plain in manifest["figures"]:
            figure = Figure.from_dict(plain)
            figure.check(widths)
            check_figure(figure)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise RecordError(f"{path}/manifest.json is damaged: {type(error).__name__} at {error}") from None
