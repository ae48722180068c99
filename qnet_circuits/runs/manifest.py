"""A run's manifest: everything that analysis, or a later process, needs. It is replaced, never changed."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qnet_circuits.backends.base import check_ticket
from qnet_circuits.errors import ProgramError, RecordError, check_count
from qnet_circuits.programs.controls import with_baseline
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.protocol import Protocol, ask, called
from qnet_circuits.runs.directory import STATES
from qnet_circuits.runs.planning import overall, tag_of
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.stored_circuit import StoredCircuit, check_kinds, check_numbers, check_readout
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.version import VERSION

#: What a run may be asked for, as far as analysis or a later process needs it.
OPTIONS = ("shots", "corrections", "optimization_level", "layout", "carrier", "emulate_links")
ENGINES = ("sampling", "exact")
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


@dataclass(frozen=True)
class Manifest:
    """What a run is and how far it has come: entries by name, and its circuits and figures as objects.

    Args:
        entries: All other entries, in plain values.
        circuits: The circuits.
        figures: The declared figures.
    """

    entries: Mapping[str, Any]
    circuits: tuple[StoredCircuit, ...]
    figures: tuple[Figure, ...]

    @classmethod
    def of(cls, prepared: Prepared) -> Manifest:
        """Return the manifest of a prepared run."""
        program, shots = prepared.compiled.program, prepared.shots
        tags = {item.name: item.tags for item in program}
        circuits = tuple(
            StoredCircuit.of(item, count, tags.get(item.name, {}), prepared.options.mitigate)
            for item, count in zip(prepared.compiled, shots, strict=True)
        )
        return cls(_entries(prepared), circuits, tuple(program.figures))

    @classmethod
    def read(cls, path: Path, plain: Mapping[str, Any]) -> Manifest:
        """Make a manifest of its plain form, and check everything that analysis needs.

        Args:
            path: The run's directory.
            plain: What its file holds.

        Raises:
            RecordError: If something is missing or cannot be.
        """
        if missing := sorted({*_KINDS, "seed", "version", "program_id", "layout", "jobs"} - plain.keys()):
            raise RecordError(f"{path}/manifest.json lacks {', '.join(missing)}")
        try:
            _check_entries(plain)
            circuits = tuple(map(StoredCircuit.from_dict, plain["items"]))
            check_readout(circuits)
            _check_jobs(plain, len(circuits))
            widths = {circuit.name: circuit.widths for circuit in circuits}
            figures = tuple(_figure(each, widths) for each in plain["figures"])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise RecordError(f"{path}/manifest.json is damaged: {type(error).__name__} at {error}") from None
        return cls(_without_objects(plain), circuits, figures)

    def __getitem__(self, key: str) -> Any:
        return self.entries[key]

    def get(self, key: str, default: Any = None) -> Any:
        """Return an entry, or what stands for it where there is none."""
        return self.entries.get(key, default)

    @property
    def jobs(self) -> Sequence[Mapping[str, Any]]:
        """The entries of the jobs."""
        jobs: Sequence[Mapping[str, Any]] = self.entries["jobs"]
        return jobs

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return int(1 + max(job["block"] for job in self.jobs))

    @property
    def exact(self) -> bool:
        """Whether figures are computed without sampling; such a run has no outcomes."""
        return bool(self.get("engine") == "exact")

    @property
    def controls(self) -> bool:
        """Whether control experiments were added."""
        return bool(self.entries["options"].get("controls"))

    def having(self, **changes: Any) -> Manifest:
        """Return the manifest with other entries."""
        return replace(self, entries={**self.entries, **changes})

    def noting(self, number: int, **changes: Any) -> Manifest:
        """Return the manifest with a job's entry changed, and with it the state of the run."""
        jobs = [{**job, **(changes if k == number else {})} for k, job in enumerate(self.jobs)]
        return self.having(jobs=jobs, status=overall([job["status"] for job in jobs]))

    def reread(self, plain: Mapping[str, Any]) -> Manifest:
        """Return the manifest with the entries of its file; circuits and figures never change."""
        return replace(self, entries=_without_objects(plain))

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        circuits = [circuit.to_dict() for circuit in self.circuits]
        return {**self.entries, "items": circuits, "figures": [figure.to_dict() for figure in self.figures]}


def _without_objects(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in plain.items() if key not in ("items", "figures")}


def _entries(prepared: Prepared) -> dict[str, Any]:
    """Return what a manifest says of a run, but for its circuits and figures."""
    import qiskit
    import qiskit_aer

    protocol, backend, compiled = prepared.protocol, prepared.backend, prepared.compiled
    options, program = prepared.options, compiled.program
    # A formula knows of the links' errors alone.
    formula = backend.device is None and backend.capabilities.simulates_links
    theory, bounds = said_of(protocol, options.controls, formula)
    made: dict[str, Any] = {
        "run_id": prepared.run_id,
        "version": VERSION,
        "versions": {"qiskit": qiskit.__version__, "qiskit-aer": qiskit_aer.__version__},
        "created": prepared.created,
        "status": "PREPARED",
        "protocol": called(protocol),
        "parameters": protocol.parameters,
        "program_id": program.id,
        "specification_id": prepared.specification_id,
        "backend": backend.name,
        "remote": backend.capabilities.remote,
        "simulated": backend.simulated,
        "engine": "sampling" if backend.capabilities.samples else "exact",
        "corrections": compiled.corrections,
        "noise": {} if backend.noise is None or backend.device is None else backend.noise.to_dict(),
        "seed": prepared.seed,
        "options": {
            "seeded": options.seed is not None,
            **options.to_manifest(),
            "own_shots": all(item.shots is not None for item in program),
        },
        "layout": compiled.layout,
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


def said_of(
    protocol: Protocol, controls: bool, formula: bool
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return theory, where a formula holds, and bounds of a protocol's figures, and with control experiments of its baseline's.

    Raises:
        ProgramError: If they are no numbers by the names of figures.
    """

    def theory(each: Protocol) -> dict[str, float]:
        said: dict[str, float] = ask(each, "theory", NoiseParameters()) if formula else {}
        return said

    theories, bounds = theory(protocol), protocol.bounds
    if controls:
        theories, bounds = with_baseline(protocol, theory), with_baseline(protocol, lambda each: each.bounds)
    try:
        check_numbers("theory", list(theories.values()))
        _check_bounds(bounds)
    except (AttributeError, TypeError) as error:
        raise ProgramError(
            f"{type(protocol).__name__} must give theory and bounds as numbers by the names of figures, and does not: {error}"
        ) from None
    return theories, {
        name: {bound: float(value) for bound, value in each.items()} for name, each in bounds.items()
    }


# -- what was edited or torn is told before anything is made of it ------------------------------------------------------


def _check_bounds(bounds: Mapping[str, Any]) -> None:
    """Check the bounds of figures, {figure: {bound: number}}, or raise TypeError."""
    for name, each in bounds.items():
        if not isinstance(each, dict):
            raise TypeError(f"bounds of {name}")
        check_numbers(f"bounds of {name}", list(each.values()))


def _check_entries(plain: Mapping[str, Any]) -> None:
    check_kinds(plain, _KINDS)
    check_kinds({"predicted": {}, **plain}, {"predicted": dict})
    _check_bounds(plain["bounds"])
    for table in ("theory", "predicted"):
        check_numbers(table, list(plain.get(table, {}).values()))
    if not all(isinstance(note, str) for note in plain["notes"]):
        raise TypeError("notes")
    check_count("seed", plain["seed"], 0)
    if plain["layout"] is not None and not all(isinstance(each, list) for each in plain["layout"]):
        raise TypeError("layout")
    _ = [plain["options"][key] for key in OPTIONS]
    if plain.get("engine", "sampling") not in ENGINES:
        raise ValueError("engine")


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
    """Check what tells of a job elsewhere: under another tag it would be made, and paid for, a second time."""
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
    """Return a figure of its plain form, checked."""
    figure = Figure.from_dict(plain)
    figure.check(widths)
    about = (figure.ideal, figure.without_messages, figure.null, figure.expression.constant)
    check_numbers(figure.name, [each for each in (*about, *(figure.physical or ())) if each is not None])
    check_count(f"drawn_from of {figure.name}", figure.drawn_from, 0)
    return figure
