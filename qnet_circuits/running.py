"""Runs: protocol, program, backend and, if wanted, a directory on disk. The only object with state."""

from __future__ import annotations

import datetime
import json
import math
import os
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qnet_circuits.backends.base import Backend, Raw, check_raw
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.compiled import Compiled, compile_program
from qnet_circuits.errors import (
    NoShotsError,
    ParameterError,
    ProgramError,
    QnetError,
    RecordError,
    UnknownNameError,
    UnsupportedError,
    check_count,
)
from qnet_circuits.estimate import Estimate, check_level, proportion
from qnet_circuits.figures import Figure, Registers
from qnet_circuits.program import Program
from qnet_circuits.protocol import Protocol, protocol_class
from qnet_circuits.records import Record, forms_from_dict, forms_to_dict
from qnet_circuits.result import Result
from qnet_circuits.theory.noise_parameters import NoiseParameters

VERSION = "0.1.0"
DEFAULT_SHOTS = 4096
MOST_SHOTS = 100_000_000
#: Streams of random numbers of one run, each on its own.
_PROGRAM, _TRANSPILER, _SIMULATOR, _ANALYSIS = range(4)


def _stream(seed: int, stream: int) -> int:
    """Return the seed of a named stream; neighbouring seeds give unrelated streams."""
    words = np.random.SeedSequence(seed, spawn_key=(stream,)).generate_state(2, np.uint32)
    return (int(words[0]) << 30) ^ int(words[1])


class Outcomes:
    """The corrected outcomes of a run: iterates (item name, {register: bool array (shots, width)})."""

    def __init__(self, registers: Mapping[str, Registers]) -> None:
        self._registers = dict(registers)

    def __iter__(self) -> Iterator[tuple[str, Registers]]:
        return iter(self._registers.items())

    def __getitem__(self, item: str) -> Registers:
        return self._registers[item]

    def __len__(self) -> int:
        return len(self._registers)


class Run:
    """A run of a protocol. Made by ``submit`` and ``open_run``.

    Args:
        manifest: What the run is, in plain values.
        record: Its directory, or None for a run in memory.
        compiled: The compiled program, if it is at hand.
        backend: The backend, if it is at hand.
    """

    def __init__(
        self,
        manifest: dict[str, Any],
        record: Record | None = None,
        compiled: Compiled | None = None,
        backend: Backend | None = None,
    ) -> None:
        self._manifest, self._record, self._compiled, self._backend = manifest, record, compiled, backend
        self._raws: list[Raw] | None = None
        self._protocol: Protocol | None = None
        self._seconds: dict[str, float] = dict(manifest.get("seconds", {}))

    @property
    def path(self) -> Path | None:
        """The run's directory, or None."""
        return None if self._record is None else self._record.path

    @property
    def status(self) -> str:
        """PREPARED, SUBMITTING, QUEUED, RUNNING, DONE, COLLECTED, FAILED, CANCELLED or LOST."""
        return str(self._manifest["status"])

    def __repr__(self) -> str:
        return f"<Run {self._manifest['protocol']} on {self._manifest['backend']}: {self.status}>"

    def _set(self, **changes: Any) -> None:
        self._manifest.update(changes)
        if self._record is not None:
            self._record.write_manifest(self._manifest)

    def cancel(self) -> None:
        """Give up a run whose outcomes are not there yet."""
        if self.status != "COLLECTED":
            self._set(status="CANCELLED")

    def wait(self) -> Run:
        """Run to the end, or go on with a run that was interrupted, and return self."""
        self._raw()
        return self

    def _raw(self) -> list[Raw]:
        """Return the raw outcomes: from memory, from disk, or from the backend."""
        if self._raws is None and self._record is not None and self._record.has("outcomes.npz"):
            self._raws = self._record.read_outcomes(self._manifest["items"])
        if self._raws is None:
            self._raws = self._execute()
        return self._raws

    def _execute(self) -> list[Raw]:
        if self.status == "CANCELLED":
            raise RecordError("the run was cancelled; submit it again")
        compiled, backend = self._compiled, self._backend
        if compiled is None or backend is None:
            compiled, backend = self._prepare_again()
        shots = [item["shots"] for item in self._manifest["items"]]
        begin = time.perf_counter()
        self._set(status="SUBMITTING")
        try:
            ticket = backend.submit(
                compiled, shots, _stream(self._manifest["seed"], _SIMULATOR), self._manifest["run_id"]
            )
            self._set(status="RUNNING")
            while backend.poll(ticket) in ("QUEUED", "RUNNING"):
                time.sleep(0.05)
            raws = backend.fetch(ticket)
            check_raw(raws, compiled, shots)
        except QnetError:
            self._set(status="FAILED")
            raise
        self._seconds["execute"] = round(time.perf_counter() - begin, 4)
        if self._record is not None:
            # Raw bits are safe on disk before anything is made of them.
            self._record.write_outcomes([item.name for item in compiled], raws)
        self._set(status="COLLECTED", seconds=self._seconds)
        return raws

    def _prepare_again(self) -> tuple[Compiled, Backend]:
        """Compile again what an earlier process prepared; the seed makes it the same."""
        protocol = self._known_protocol()
        if protocol is None:
            raise RecordError(
                f"the run at {self.path} has no outcomes, and its protocol {self._manifest['protocol']!r} is not known here; "
                "give it to open_run(path, protocol=...)"
            )
        backend = backend_of(self._manifest["backend"])
        program = _program(protocol, self._manifest["seed"])
        if program.id != self._manifest["program_id"]:
            raise RecordError(
                f"the protocol makes another program now than when {self.path} was prepared; run it anew"
            )
        compiled = _compile(program, backend, self._manifest["seed"], self._manifest["options"])
        self._check_calibration(compiled)
        return compiled, backend

    def _check_calibration(self, compiled: Compiled) -> None:
        """Refuse a device that is no longer what it was: its layout and its noise would not be those in the manifest."""
        if self._record is not None and self._record.has("calibration.json"):
            now = json.loads(json.dumps(_calibration(compiled)))
            if self._record.read_json("calibration.json") != now:
                raise RecordError(
                    f"{self._manifest['backend']} has another calibration now than when {self.path} was prepared; "
                    "run it anew"
                )

    def _known_protocol(self) -> Protocol | None:
        if self._protocol is None:
            try:
                cls = protocol_class(self._manifest["protocol"])
                self._protocol = cls.from_parameters(**self._manifest["parameters"])
            except (UnknownNameError, ParameterError):
                return None
        return self._protocol

    def outcomes(self) -> Outcomes:
        """Return the corrected outcomes, running what has not run yet."""
        rng = np.random.default_rng(_stream(self._manifest["seed"], _ANALYSIS))
        raws = self._raw()
        return Outcomes(
            {
                item["name"]: forms_from_dict(item["forms"]).apply(raw, rng)
                for item, raw in zip(self._manifest["items"], raws, strict=True)
            }
        )

    def result(self, level: float = 0.95) -> Result:
        """Return the figures, running what has not run yet.

        Args:
            level: Confidence level of the intervals, in [0.5, 1).

        Raises:
            NoShotsError: If post-selection left a figure without shots.
        """
        check_level(level)
        outcomes = self.outcomes()
        begin = time.perf_counter()
        figures = [Figure.from_dict(plain) for plain in self._manifest["figures"]]
        if self._protocol is not None:
            figures = list(_program(self._protocol, self._manifest["seed"]).figures)
        estimates, empty = self._estimate(figures, outcomes, level)
        estimates.update(self._acceptance(outcomes, level))
        self._seconds["analyze"] = round(time.perf_counter() - begin, 4)
        result = self._assemble(figures, estimates, empty)
        if self._record is not None and os.access(self._record.path, os.W_OK):
            self._record.write_json("result.json", result.to_dict())
        return result

    @staticmethod
    def _estimate(
        figures: Sequence[Figure], outcomes: Outcomes, level: float
    ) -> tuple[dict[str, Estimate], list[str]]:
        """Return the estimates, and the conditioned figures whose condition no shot met."""
        estimates, empty = {}, []
        for figure in figures:
            try:
                estimates[figure.name] = figure.estimate(dict(outcomes), level)
            except NoShotsError:
                if not any(event.given for _, event in figure.expression.terms):
                    raise
                empty.append(figure.name)
        return estimates, empty

    def _acceptance(self, outcomes: Outcomes, level: float) -> dict[str, Estimate]:
        """Return the accepted share of shots, if any were dropped by post-selection."""
        if not any(item["forms"]["accept"] for item in self._manifest["items"]):
            return {}
        accepted = sum(len(next(iter(registers.values()))) for _, registers in outcomes)
        asked = sum(item["shots"] for item in self._manifest["items"])
        return {"acceptance": proportion(accepted, asked, level)}

    def _assemble(
        self, figures: Sequence[Figure], estimates: dict[str, Estimate], empty: Sequence[str]
    ) -> Result:
        manifest = self._manifest
        silent = manifest["corrections"] == "none"
        ideal = {f.name: f.without_messages if silent else f.ideal for f in figures}
        known = {name: value for name, value in ideal.items() if value is not None}
        theory = dict(manifest["theory"])
        notes = list(manifest["notes"])
        notes += [f"{name} has no value: no shot met its condition" for name in empty]
        if silent:
            theory = {}
            notes.append("messages withheld (corrections=none): ideal is the value without them")
        keys = ("version", "protocol", "parameters", "backend", "corrections", "seed", "noise", "layout")
        provenance = {key: manifest[key] for key in keys}
        provenance["shots"] = manifest["options"]["shots"]
        provenance["run_id"] = manifest["run_id"]
        return Result(
            estimates, known, theory, {}, manifest["bounds"], manifest["resources"], provenance,
            tuple(notes), dict(self._seconds),
        )  # fmt: skip


def _program(protocol: Protocol, seed: int) -> Program:
    return protocol.program(np.random.default_rng(_stream(seed, _PROGRAM)))


def _compile(program: Program, backend: Backend, seed: int, options: Mapping[str, Any]) -> Compiled:
    names = ("corrections", "optimization_level", "layout", "carrier", "emulate_links")
    chosen = {name: options[name] for name in names}
    return compile_program(program, backend.device, seed=_stream(seed, _TRANSPILER) % 2**31, **chosen)


def submit(
    protocol: Protocol,
    backend: Any = "ideal",
    *,
    shots: int | None = None,
    seed: int | None = None,
    corrections: str = "auto",
    optimization_level: int = 2,
    layout: Sequence[int] | str | None = None,
    carrier: str = "relabel",
    emulate_links: bool = False,
    path: str | os.PathLike[str] | None = None,
) -> Run:
    """Prepare a run: make the program, compile it, check it, write it down; ``wait`` or ``result`` runs it.

    Args:
        protocol: What to run.
        backend: Where: ``ideal``, ``aer``, ``aer:<device>``, ``aer:<snapshot.json>``, a ``DeviceCalibration``, a Backend, a
            Qiskit ``BackendV2`` or ``BaseSamplerV2``.
        shots: Shots for each circuit, 1 to 100,000,000. Default 4096.
        seed: A whole number of at least 0 that decides on everything drawn at random; drawn itself by default, and reported.
        corrections: ``auto``, ``frame``, ``feedforward``, ``postselect``, ``coherent`` or ``none``.
        optimization_level: Qiskit's, 0 to 3.
        layout: One physical qubit for each wire, or ``auto``.
        carrier: What a transmission is on a machine: ``relabel``, ``swap`` or ``teleport``.
        emulate_links: Sample the links' own errors in software, where the backend cannot make them happen.
        path: A directory, new or empty, that keeps the run.

    Returns:
        The run, in state PREPARED.

    Raises:
        ParameterError, UnsupportedError, LayoutError, RecordError: See each option; nothing has run then.
    """
    if not isinstance(protocol, Protocol):
        raise ParameterError(f"protocol must be a Protocol, such as RepeaterChain(hops=3), got {protocol!r}")
    where = backend_of(backend)
    seed = secrets.randbits(53) if seed is None else check_count("seed", seed, 0)
    if not isinstance(emulate_links, bool):
        raise ParameterError(f"emulate_links must be True or False, got {emulate_links!r}")
    program = _program(protocol, seed)
    counts = _shots(program, shots)
    options = {
        "shots": DEFAULT_SHOTS if shots is None else shots,
        "corrections": corrections,
        "optimization_level": optimization_level,
        "layout": list(layout) if layout is not None and not isinstance(layout, str) else layout,
        "carrier": carrier,
        "emulate_links": emulate_links,
    }
    compiled = _compile(program, where, seed, options)
    _check_links(compiled, where)
    where.check(compiled)
    manifest = _manifest(protocol, program, compiled, where, seed, counts, options)
    record = None
    if path is not None:
        record = Record.create(path, manifest)
        record.write_circuits("program.qpy", [item.circuit for item in program])
        record.write_circuits("compiled.qpy", compiled.circuits)
        record.write_json("calibration.json", _calibration(compiled))
        manifest = record.manifest()
    return Run(manifest, record, compiled, where)


def _shots(program: Program, shots: int | None) -> list[int]:
    if shots is not None:
        check_count("shots", shots, 1, MOST_SHOTS)
        if any(item.shots is not None for item in program):
            raise ParameterError("this protocol counts its own rounds; leave shots out")
    return [item.shots or shots or DEFAULT_SHOTS for item in program]


def _check_links(compiled: Compiled, backend: Backend) -> None:
    """Refuse link noise that a machine cannot make, unless it is emulated."""
    if backend.simulates_links or not any(item.lowered.link_noise for item in compiled):
        return
    raise UnsupportedError(
        f"the links' own noise cannot happen on {backend.name}, where Bell pairs are made by gates; "
        "say emulate_links=True (--emulate-links) to sample it in software, or use ideal links"
    )


def _calibration(compiled: Compiled) -> dict[str, Any]:
    if compiled.device is None:
        return {"device": None}
    first = compiled.items[0]
    same = [item.circuit for item in compiled if item.qubits == first.qubits]
    return compiled.device.calibration_of(same, first.qubits)


def _manifest(
    protocol: Protocol,
    program: Program,
    compiled: Compiled,
    backend: Backend,
    seed: int,
    counts: Sequence[int],
    options: dict[str, Any],
) -> dict[str, Any]:
    """Return everything that analysis needs later, in plain values."""
    import qiskit
    import qiskit_aer

    notes = [*compiled.notes, *backend.notes(compiled)]
    if options["emulate_links"] and any(item.lowered.forms.emulated for item in compiled):
        notes.append("link noise is emulated: sampled in software, not made by the machine")
    if any(item.lowered.mode == "frame" and _corrects(program) for item in compiled):
        notes.append("corrected in software (Pauli frame)")
    if options["carrier"] != "relabel" or program.resources["transmissions"]:
        notes.append(f"a transmitted qubit is carried by {options['carrier']}")
    theory = protocol.theory(NoiseParameters()) if backend.device is None and backend.simulates_links else {}
    finite = {name: float(value) for name, value in theory.items() if math.isfinite(value)}
    return {
        "run_id": uuid.uuid4().hex,
        "version": VERSION,
        "versions": {"qiskit": qiskit.__version__, "qiskit-aer": qiskit_aer.__version__},
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "status": "PREPARED",
        "protocol": protocol.name or type(protocol).__name__,
        "parameters": protocol.parameters,
        "program_id": program.id,
        "backend": backend.name,
        "simulated": True if backend.simulates_links else None,
        "corrections": compiled.corrections,
        "noise": {},
        "seed": seed,
        "options": options,
        "layout": compiled.layout,
        "items": [
            {
                "name": item.name,
                "tags": dict(source.tags),
                "shots": count,
                "raw_registers": {register.name: register.size for register in item.circuit.cregs},
                "forms": forms_to_dict(item.lowered.forms),
            }
            for source, item, count in zip(program, compiled, counts, strict=True)
        ],
        "figures": [figure.to_dict() for figure in program.figures],
        "theory": finite,
        "bounds": protocol.bounds,
        "resources": {**compiled.resources, "carrier": options["carrier"]},
        "notes": list(dict.fromkeys(notes)),
        "seconds": {"compile": round(compiled.seconds, 4)},
    }


def _corrects(program: Program) -> bool:
    return bool(program.resources["classical_bits"])


def run(protocol: Protocol, backend: Any = "ideal", *, level: float = 0.95, **options: Any) -> Result:
    """Run a protocol and return its figures.

    Args:
        protocol: What to run.
        backend: Where to run it.
        level: Confidence level of the intervals, in [0.5, 1).
        **options: Those of ``submit``: shots, seed, corrections, optimization_level, layout, carrier, emulate_links, path.

    Returns:
        The result.

    Raises:
        QnetError: What ``submit`` raises, before anything runs; BackendError if the backend fails.
        TypeError: If there is no such option.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> result = run(RepeaterChain(hops=2, link_fidelity=0.95), shots=2000, seed=7)
        >>> result.theory["fidelity"] in result.fidelity
        True
    """
    check_level(level)
    return submit(protocol, backend, **options).result(level)


def open_run(path: str | os.PathLike[str], protocol: Protocol | None = None) -> Run:
    """Open a run's directory: of any day, moved anywhere, offline.

    Args:
        path: The directory.
        protocol: A protocol whose figures are to be computed of the stored outcomes, instead of the stored ones.

    Raises:
        RecordError: If the directory is missing, torn, foreign or too new.
    """
    record = Record(Path(path))
    manifest = record.manifest()
    missing = {"items", "figures", "seed", "options", "protocol", "parameters", "backend"} - set(manifest)
    if missing:
        raise RecordError(f"{record.path}/manifest.json lacks {', '.join(sorted(missing))}")
    _check_manifest(record.path, manifest)
    opened = Run(manifest, record)
    if protocol is not None:
        names = {item["name"] for item in manifest["items"]}
        if not {item.name for item in _program(protocol, manifest["seed"])} <= names:
            raise ProgramError(f"the protocol's circuits are not those of the run at {record.path}")
        opened._protocol = protocol
    return opened


def _check_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Read once everything that analysis needs, or raise RecordError."""
    kinds = {
        "theory": dict,
        "bounds": dict,
        "resources": dict,
        "parameters": dict,
        "notes": list,
        "seconds": dict,
    }
    try:
        for key, kind in kinds.items():
            if not isinstance(manifest[key], kind):
                raise TypeError(key)
        check_count("seed", manifest["seed"], 0)
        _ = manifest["options"]["shots"], manifest["layout"], manifest["noise"], manifest["version"]
        widths = {}
        for item in manifest["items"]:
            check_count("shots", item["shots"])
            forms = forms_from_dict(item["forms"])
            widths[item["name"]] = {name: len(bits) for name, bits in forms.registers.items()}
            if not all(index < item["raw_registers"][register] for register, index in forms.raw):
                raise ValueError("forms")
        for plain in manifest["figures"]:
            Figure.from_dict(plain).check(widths)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise RecordError(f"{path}/manifest.json is damaged: {type(error).__name__} at {error}") from None


def replay(path: str | os.PathLike[str], level: float = 0.95) -> Result:
    """Analyse the stored outcomes of a run again, without running anything.

    Raises:
        RecordError: If there are no outcomes, or the directory cannot be read.
    """
    opened = open_run(path)
    if opened._record is None or not opened._record.has("outcomes.npz"):
        raise RecordError(
            f"{path} has no outcomes yet (status {opened.status}); open the run and ask for its result"
        )
    return opened.result(level)


def compile(
    protocol: Protocol | Program,
    backend: Any = "ideal",
    *,
    seed: int = 0,
    corrections: str = "auto",
    optimization_level: int = 2,
    layout: Sequence[int] | str | None = None,
    carrier: str = "relabel",
    emulate_links: bool = False,
) -> Compiled:
    """Compile a protocol, or a program, for a backend, without running it.

    Args:
        protocol: A protocol or a program.
        backend: A backend, or the name of a stand-in device.
        seed: Seed of what is drawn at random.
        corrections: The correction mode.
        optimization_level: Qiskit's, 0 to 3.
        layout: One physical qubit for each wire, or ``auto``.
        carrier: What a transmission is on a machine.
        emulate_links: Sample the links' own errors in software.

    Returns:
        The circuits, with ``verify`` and ``analyze``.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> compiled = compile(RepeaterChain(hops=2), "aer:fake_manila")
        >>> compiled.verify() > 0
        True
    """
    where = backend_of(backend)
    program = protocol if isinstance(protocol, Program) else _program(protocol, seed)
    options = {
        "corrections": corrections, "optimization_level": optimization_level, "layout": layout,
        "carrier": carrier, "emulate_links": emulate_links,
    }  # fmt: skip
    return _compile(program, where, seed, options)
