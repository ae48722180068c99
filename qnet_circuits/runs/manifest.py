"""The manifest of a run: everything that its analysis or a later process needs. It is replaced, never changed in place."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

from qnet_circuits.backends.base import Shapes
from qnet_circuits.compiling.compiled import CompiledItem
from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.compiling.readout_circuits import READOUT, Chosen, final_qubits, preparation_errors
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ProgramError
from qnet_circuits.programs.controls import with_baseline
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.protocol import Protocol, ask, called
from qnet_circuits.runs.copies import described_copies
from qnet_circuits.runs.planning import overall
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.version import VERSION, source_revision, versions


@dataclass(frozen=True)
class StoredCircuit:
    """The data on one circuit that the analysis of a run needs.

    Args:
        name: The name of the program's item, or of the readout circuit.
        shots: Shots in each block.
        raw_registers: The width of each register of the lowered circuit.
        forms: The outcomes as functions of the raw bits.
        tags: The protocol's tags of the circuit.
        state: The state that a readout circuit prepares, 0 or 1; None for every other circuit.
        qubits: The qubit that each raw bit reads last, if readout errors are measured; otherwise None.
        gates: For a readout circuit, an upper bound, for each raw bit, on the probability that gates prepared a wrong state.
        rounds: Shots of all copies together in each block, if copies share the protocol's rounds; surplus shots are left out.
    """

    name: str
    shots: int
    raw_registers: Mapping[str, int]
    forms: OutcomeMap
    tags: Mapping[str, Any] = field(default_factory=dict)
    state: int | None = None
    qubits: tuple[int | None, ...] | None = None
    gates: tuple[float, ...] = ()
    rounds: int | None = None

    @classmethod
    def of(
        cls,
        item: CompiledItem,
        shots: int,
        tags: Mapping[str, Any],
        readout: Chosen,
        device: Device | None,
    ) -> StoredCircuit:
        """Return the stored data of a compiled circuit, with the qubits of bits that are corrected for readout errors."""
        raw = {register.name: register.size for register in item.circuit.cregs}
        qubits = tuple(final_qubits(item, readout)) if readout else None
        gates = () if item.readout is None or device is None else preparation_errors(item, device)
        return cls(item.source, shots, raw, item.lowered.forms, dict(tags), item.readout, qubits, gates)

    @property
    def measures_readout(self) -> bool:
        """Whether this is a readout circuit."""
        return self.state is not None

    def counted(self, copies: int) -> list[int]:
        """Return the number of shots of each copy that count in a block, given the number of copies."""
        if self.rounds is None:
            return [self.shots] * copies
        each, over = divmod(self.rounds, copies)
        return [each + (number < over) for number in range(copies)]

    @property
    def shapes(self) -> Shapes:
        """The shape (shots, width) of each raw register."""
        return {name: (self.shots, width) for name, width in self.raw_registers.items()}

    @property
    def widths(self) -> dict[str, int]:
        """The width of each register of the program."""
        return {name: len(bits) for name, bits in self.forms.registers.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        forms = self.forms
        plain: dict[str, Any] = {
            "name": self.name,
            "tags": dict(self.tags),
            "shots": self.shots,
            "raw_registers": dict(self.raw_registers),
            "forms": {
                "raw": [list(bit) for bit in forms.raw],
                "registers": {name: [list(form) for form in bits] for name, bits in forms.registers.items()},
                "accept": [list(form) for form in forms.accept],
                "emulated": [list(weights) for weights in forms.emulated],
            },
        }
        if self.rounds is not None:
            plain["rounds"] = self.rounds
        if self.qubits is None:
            return plain
        readout: dict[str, Any] = {"state": self.state, "qubits": list(self.qubits)}
        if self.gates:
            readout["gates"] = list(self.gates)
        return {**plain, READOUT: readout}


def stored_circuits(prepared: Prepared, shots: Sequence[int]) -> tuple[StoredCircuit, ...]:
    """Return the stored data of a run's circuits.

    Args:
        prepared: The run.
        shots: The shots of each circuit. Readout circuits, which are last, are included only if they are measured.
    """
    compiled = prepared.compiled
    sources = {item.name: item for item in compiled.program}
    readout = prepared.options.mitigate if len(shots) == len(compiled.items) else False
    made = []
    for item, count in zip([item for item in compiled if item.copy < 2], shots, strict=False):
        source = sources.get(item.source)
        one = StoredCircuit.of(item, count, source.tags if source else {}, readout, compiled.device)
        rounds = source.shots if source and compiled.copies else None
        made.append(replace(one, rounds=rounds))
    return tuple(made)


@dataclass(frozen=True)
class Manifest:
    """The description and status of a run: entries by name, and its circuits and figures as objects.

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
        circuits = stored_circuits(prepared, prepared.shots)
        return cls(_entries(prepared), circuits, prepared.figures)

    def __getitem__(self, key: str) -> Any:
        return self.entries[key]

    def get(self, key: str, default: Any = None) -> Any:
        """Return an entry, or its default if it is missing."""
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
    def copies(self) -> int:
        """Number of copies of the program; 0 if there are none."""
        return int(self.get("copies", {}).get("count", 0))

    @property
    def played(self) -> tuple[StoredCircuit, ...]:
        """The circuits whose outcomes each block keeps: those of the first copy, then those of the second, and so on."""
        return self.circuits * (self.copies or 1)

    @property
    def exact(self) -> bool:
        """Whether figures are computed without sampling. An exact run has no outcomes."""
        return bool(self.get("engine") == "exact")

    @property
    def controls(self) -> bool:
        """Whether control experiments were added."""
        return bool(self.entries["options"].get("controls"))

    def having(self, **changes: Any) -> Manifest:
        """Return the manifest with other entries."""
        return replace(self, entries={**self.entries, **changes})

    def noting(self, number: int, **changes: Any) -> Manifest:
        """Return the manifest with a changed entry of a job, and so a changed state of the run."""
        jobs = [{**job, **(changes if k == number else {})} for k, job in enumerate(self.jobs)]
        return self.having(jobs=jobs, status=overall([job["status"] for job in jobs]))

    def reread(self, plain: Mapping[str, Any]) -> Manifest:
        """Return the manifest with the entries of its file; circuits and figures never change."""
        return replace(self, entries={key: plain[key] for key in plain if key not in ("items", "figures")})

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        circuits = [circuit.to_dict() for circuit in self.circuits]
        return {**self.entries, "items": circuits, "figures": [figure.to_dict() for figure in self.figures]}


def _entries(prepared: Prepared) -> dict[str, Any]:
    """Return a manifest's entries on a run, without circuits and figures."""
    backend = prepared.backend
    # A formula knows of the links' errors alone.
    formula = backend.device is None and backend.capabilities.simulates_links
    made: dict[str, Any] = {
        **described(prepared, formula),
        "status": "PREPARED",
        "specification_id": prepared.specification_id,
        "backend": backend.name,
        "remote": backend.capabilities.remote,
        "simulated": backend.simulated,
        "engine": "sampling" if backend.capabilities.samples else "exact",
        "noise": {} if backend.noise is None or backend.device is None else backend.noise.to_dict(),
        "notes": list(prepared.notes),
        "seconds": dict(prepared.seconds),
        "jobs": list(prepared.jobs),
        "predicted": prepared.predicted,
    }
    if prepared.shifts:
        made["provenance"]["shifts"] = prepared.shifts
    if prepared.cost is not None:
        made["cost"] = prepared.cost.to_dict()
        made["resources"]["surplus_executions"] = prepared.cost.waste
    return made


def _uses_client(device: Device | None) -> bool:
    """Return whether IBM's client had a part: it was imported, or the device is a stand-in, which comes with it."""
    return bool(sys.modules.get("qiskit_ibm_runtime")) or (device is not None and device.load is not None)


def described(prepared: Prepared, formula: bool) -> dict[str, Any]:
    """Return a manifest's entries on the protocol and its circuits, for any backend; theory if a formula applies."""
    protocol, compiled, options = prepared.protocol, prepared.compiled, prepared.options
    copies = described_copies(compiled, options)
    theory, bounds = said_of(protocol, options.controls, formula)
    return {
        "run_id": prepared.run_id,
        "version": VERSION,
        "provenance": {
            "versions": dict(versions(client=_uses_client(compiled.device))),
            "source": source_revision(),
            "calibration_date": None if compiled.device is None else compiled.device.calibration.date,
        },
        "created": prepared.created,
        "protocol": called(protocol),
        "parameters": protocol.parameters,
        "program_id": compiled.program.id,
        "corrections": compiled.corrections,
        "seed": prepared.seed,
        "options": {
            "seeded": options.seed is not None,
            **options.to_manifest(),
            "own_shots": all(item.shots is not None for item in compiled.program),
        },
        "layout": compiled.layout,
        **({"copies": copies} if copies else {}),
        "theory": {name: float(value) for name, value in theory.items() if math.isfinite(value)},
        "bounds": bounds,
        "resources": {**compiled.resources, "carrier": prepared.carrier},
    }


def said_of(
    protocol: Protocol, controls: bool, formula: bool
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return theory and bounds of a protocol's figures, and with control experiments also those of its baseline.

    Theory is left out if no formula applies.

    Raises:
        ProgramError: If theory or bounds are not numbers by the names of figures.
    """

    def theory(each: Protocol) -> dict[str, float]:
        said: dict[str, float] = ask(each, "theory", NoiseParameters()) if formula else {}
        return said

    theories, bounds = theory(protocol), protocol.bounds
    if controls:
        theories, bounds = with_baseline(protocol, theory), with_baseline(protocol, lambda each: each.bounds)
    try:
        check_numbers("theory", list(theories.values()))
        check_bounds(bounds)
    except (AttributeError, TypeError) as error:
        raise ProgramError(
            f"{type(protocol).__name__} must return theory and bounds as numbers by the names of figures: {error}"
        ) from None
    return theories, {
        name: {bound: float(value) for bound, value in each.items()} for name, each in bounds.items()
    }


def check_numbers(name: str, values: Sequence[Any]) -> None:
    """Check that values are numbers that fit into a float, or raise TypeError."""
    if not all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        raise TypeError(name)
    try:
        _ = [float(value) for value in values]
    except OverflowError:
        raise TypeError(name) from None


def check_bounds(bounds: Mapping[str, Any]) -> None:
    """Check the bounds of figures, {figure: {bound: number}}, or raise TypeError."""
    for name, each in bounds.items():
        if not isinstance(each, dict):
            raise TypeError(f"bounds of {name}")
        check_numbers(f"bounds of {name}", list(each.values()))
