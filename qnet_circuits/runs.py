"""A run: protocol, program, backend and, if wanted, a directory on disk. The only object with state."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from qnet_circuits.backends.base import Backend, Raw, Shapes, check_shapes
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.controls import compile_with_controls, with_controls
from qnet_circuits.errors import (
    AccountError,
    JobCancelledError,
    JobMissingError,
    NoShotsError,
    NotFinishedError,
    ParameterError,
    QnetError,
    RecordError,
    RefusedError,
    UnknownNameError,
    UnreachableError,
)
from qnet_circuits.estimate import Estimate, check_level, proportion
from qnet_circuits.figures import Figure, Registers
from qnet_circuits.jobs import ENDED, Job
from qnet_circuits.manifest import (
    ANALYSIS,
    PROGRAM,
    SIMULATOR,
    TRANSPILER,
    calibration_of,
    stream_seed,
    write_compiled,
)
from qnet_circuits.noise.description import DeviceNoise
from qnet_circuits.program import CONTROL, Program
from qnet_circuits.progress import Report, reporter
from qnet_circuits.protocol import Protocol, protocol_class
from qnet_circuits.records import Parts, Record, forms_from_dict
from qnet_circuits.result import Result

#: Where a run has come to its end, for good or ill.
_SETTLED = ("COLLECTED", "CANCELLED", "FAILED", "LOST")
_STATUS_OF: dict[type, str] = {JobCancelledError: "CANCELLED", JobMissingError: "LOST"}
#: Sampled results are predicted unasked up to this many circuits times qubits: that takes a fraction of a second.
_PREDICTED_UNASKED = 200


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
        protocol: A protocol that is to be analysed instead of the stored figures.
    """

    def __init__(
        self,
        manifest: dict[str, Any],
        record: Record | None = None,
        compiled: Compiled | None = None,
        backend: Backend | None = None,
        protocol: Protocol | None = None,
    ) -> None:
        self._manifest, self._record, self._compiled, self._backend = manifest, record, compiled, backend
        self._raws: list[Raw] | None = None
        self._exact: dict[str, Estimate] | None = None
        self._protocol = protocol
        self._seconds: dict[str, float] = dict(manifest.get("seconds", {}))

    @property
    def path(self) -> Path | None:
        """The run's directory, or None."""
        return None if self._record is None else self._record.path

    @property
    def status(self) -> str:
        """PREPARED, SUBMITTING, QUEUED, RUNNING, DONE, COLLECTED, FAILED, CANCELLED or LOST."""
        return str(self._manifest["status"])

    @property
    def exact(self) -> bool:
        """Whether figures are computed without sampling; such a run has no outcomes."""
        return self._manifest.get("engine") == "exact"

    def summary(self) -> dict[str, Any]:
        """Return in plain values what the run is and how far it has come."""
        keys = ("run_id", "protocol", "parameters", "backend", "status", "created")
        said = {key: self._manifest.get(key) for key in keys}
        return {**said, "job": self._manifest.get("ticket"), "reason": self._manifest.get("reason")}

    def __repr__(self) -> str:
        return f"<Run {self._manifest['protocol']} on {self._manifest['backend']}: {self.status}>"

    def _set(self, **changes: Any) -> None:
        self._manifest.update(changes)
        if self._record is not None:
            self._record.write_manifest(self._manifest)

    def cancel(self) -> None:
        """Give up a run whose outcomes are not there yet, and its job if it has one."""
        with self._held():
            if self.status == "COLLECTED":
                return
            announced = self._manifest.get("remote") and self.status == "SUBMITTING"
            if announced or self._manifest.get("ticket") is not None:
                self._job().cancel()
            else:
                self._set(status="CANCELLED")

    def start(self) -> Run:
        """Submit the job of a run on a processor, unless it has one already, and return self; nothing for other backends."""
        with self._held():
            if not self._manifest.get("remote") or self.status in _SETTLED:
                return self
            self._job().ensure(self._submit)
        return self

    def refresh(self) -> str:
        """Ask the platform for the state of the run's job, and return the run's status."""
        with self._held():
            if self._manifest.get("ticket") is not None and self.status not in _SETTLED:
                self._job().refresh()
        return self.status

    def wait(self, progress: Report = None, timeout: float | None = None) -> Run:
        """Run to the end, or go on with a run that was interrupted, and return self.

        Args:
            progress: Called with the shots done and the shots in all; True prints to stderr, False nothing; by default stderr
                is told if it is a terminal and it takes more than two seconds.
            timeout: Seconds after which a run on a processor is not waited for any longer.

        Raises:
            NotFinishedError: If the time is up.
        """
        if self.exact:
            self._values()
        else:
            self._raw(progress, timeout)
        return self

    # -- outcomes --------------------------------------------------------------------------------------------------

    def _raw(self, progress: Report = None, timeout: float | None = None) -> list[Raw]:
        """Return the raw outcomes: from memory, from disk, or from the backend."""
        if self._raws is None:
            self._raws = self._kept()
        if self._raws is None:
            with self._held(timeout):
                # Another process may have fetched them while this one waited for its turn.
                kept = self._kept()
                self._raws = self._execute(progress, timeout) if kept is None else kept
        return self._raws

    def _kept(self) -> list[Raw] | None:
        """Return the outcomes on disk, or None."""
        if self._record is None or not self._record.has("outcomes.npz"):
            return None
        self._manifest.update(self._record.manifest())
        raws = self._record.read_outcomes(self._manifest["items"])
        self._settle(self._record)
        return raws

    def _settle(self, record: Record) -> None:
        """Finish what a process that died right after it wrote the outcomes left undone."""
        if self.status in ("RUNNING", "DONE") and os.access(record.path, os.W_OK):
            self._set(status="COLLECTED")
            Parts(record).clear()

    @contextmanager
    def _held(self, timeout: float | None = None) -> Iterator[None]:
        """Hold the run's directory, so that of several processes one works on it at a time; see what the others did."""
        if self._record is None or not os.access(self._record.path, os.W_OK):
            yield
            return
        with self._record.held(timeout):
            self._manifest.update(self._record.manifest())
            yield

    def _execute(self, progress: Report, timeout: float | None) -> list[Raw]:
        begin = time.perf_counter()
        try:
            raws = self._fetch_job(timeout) if self._manifest.get("remote") else self._sample(progress)
            check_shapes(raws, _shapes(self._manifest["items"]))
        except (UnreachableError, RefusedError, AccountError, NotFinishedError):
            raise  # The job, if there is one, goes on: the manifest says so already.
        except QnetError as error:
            self._set(status=_STATUS_OF.get(type(error), "FAILED"), reason=str(error))
            raise
        self._seconds["execute"] = round(time.perf_counter() - begin, 4)
        if self._record is not None:
            # Raw bits are safe on disk before anything is made of them.
            self._record.write_outcomes([item["name"] for item in self._manifest["items"]], raws)
            Parts(self._record).clear()
        self._set(status="COLLECTED", seconds=self._seconds)
        return raws

    @property
    def _shots(self) -> list[int]:
        return [item["shots"] for item in self._manifest["items"]]

    def _sample(self, progress: Report) -> list[Raw]:
        """Run on a backend that works in this process, as long as it takes."""
        _, backend = self._ready()
        self._set(status="SUBMITTING")
        try:
            ticket = self._submit()
            self._set(status="RUNNING")
            while backend.poll(ticket) in ("QUEUED", "RUNNING"):
                time.sleep(0.05)
            keep = None if self._record is None else Parts(self._record)
            with reporter(progress) as report:
                return backend.fetch(ticket, report, keep)
        except KeyboardInterrupt:
            # What has been sampled is kept beside the manifest; whoever opens the run again goes on from there.
            self._set(status="PREPARED")
            raise

    def _submit(self) -> Any:
        compiled, backend = self._ready()
        seed = stream_seed(self._manifest["seed"], SIMULATOR)
        return backend.submit(compiled, self._shots, seed, self._manifest["run_id"])

    def _job(self) -> Job:
        return Job(self._connected(), self._manifest, self._set)

    def _connected(self) -> Backend:
        """Return the backend; a job that exists needs no compiled program."""
        if self._backend is None:
            self._backend = _backend_again(self._manifest)
        return self._backend

    def _fetch_job(self, timeout: float | None) -> list[Raw]:
        """Submit what has not been submitted, wait for the job, and return its outcomes."""
        if self.status == "CANCELLED":
            raise RecordError("the run was cancelled; submit it again, in another directory")
        job = self._job()
        ticket = job.ensure(self._submit)
        state = job.watch(timeout)
        if state not in ENDED:
            raise NotFinishedError(f"the job of {self.path} is {state}; fetch it later", state)
        return self._connected().fetch(ticket)

    def _ready(self) -> tuple[Compiled, Backend]:
        """Return the compiled program and the backend, made again if they are not at hand."""
        if self.status == "CANCELLED":
            raise RecordError("the run was cancelled; submit it again")
        if self._compiled is None or self._backend is None:
            self._compiled, self._backend = self._prepare_again()
        return self._compiled, self._backend

    def _prepare_again(self) -> tuple[Compiled, Backend]:
        """Compile again what an earlier process prepared; the seed makes it the same."""
        protocol = self._known_protocol()
        if protocol is None:
            raise RecordError(
                f"the run at {self.path} has no outcomes, and its protocol {self._manifest['protocol']!r} is not known here; "
                "give it to open_run(path, protocol=...)"
            )
        backend = self._connected()
        program = self._program_of(protocol)
        if program.id != self._manifest["program_id"]:
            raise RecordError(
                f"the protocol makes another program now than when {self.path} was prepared; run it anew"
            )
        compiled = compile_for(program, backend, self._manifest["seed"], self._options_again())
        if compiled.layout != self._manifest["layout"]:
            raise RecordError(
                f"{self._manifest['backend']} would place the circuits elsewhere now; run it anew"
            )
        remote = bool(self._manifest.get("remote"))
        if not remote:
            self._check_calibration(compiled)
        if self._record is not None and (remote or not self._record.has("calibration.json")):
            # A process that died left some of it out, or a processor has another calibration than on the day it was prepared.
            write_compiled(self._record, compiled)
        return compiled, backend

    def _program_of(self, protocol: Protocol) -> Program:
        """Return the program that a protocol makes for this run."""
        return program_of(protocol, self._manifest["seed"], has_controls(self._manifest))

    def _options_again(self) -> dict[str, Any]:
        """Return the options of compilation; a processor, whose calibration changes every day, is held to its layout."""
        layout = self._manifest["layout"]
        if self._manifest.get("remote") and layout is not None and len(layout) == 1:
            return {**self._manifest["options"], "layout": layout[0]}
        return dict(self._manifest["options"])

    def _check_calibration(self, compiled: Compiled) -> None:
        """Refuse a device that is no longer what it was: its layout and its noise would not be those in the manifest."""
        if self._record is not None and self._record.has("calibration.json"):
            now = json.loads(json.dumps(calibration_of(compiled)))
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

    def outcomes(self, progress: Report = None) -> Outcomes:
        """Return the corrected outcomes, running what has not run yet.

        Raises:
            RecordError: If the run is exact, which has none.
        """
        if self.exact:
            raise RecordError("an exact run samples no outcomes; ask for its result")
        rng = np.random.default_rng(stream_seed(self._manifest["seed"], ANALYSIS))
        raws = self._raw(progress)
        return Outcomes(
            {
                item["name"]: forms_from_dict(item["forms"]).apply(raw, rng)
                for item, raw in zip(self._manifest["items"], raws, strict=True)
            }
        )

    # -- figures ---------------------------------------------------------------------------------------------------

    def result(self, level: float = 0.95, progress: Report = None) -> Result:
        """Return the figures, running what has not run yet.

        Args:
            level: Confidence level of the intervals, in [0.5, 1).
            progress: As for ``wait``.

        Raises:
            NoShotsError: If post-selection left a figure without shots.
        """
        level = check_level(level)
        figures = [Figure.from_dict(plain) for plain in self._manifest["figures"]]
        if self._protocol is not None:
            figures = list(self._program_of(self._protocol).figures)
        empty: list[str] = []
        if self.exact:
            estimates = self._values()
        else:
            outcomes = self.outcomes(progress)
            begin = time.perf_counter()
            estimates, empty = self._estimate(figures, outcomes, level)
            estimates.update(self._acceptance(outcomes, level))
            self._seconds["analyze"] = round(time.perf_counter() - begin, 4)
        result = self._assemble(figures, estimates, empty)
        if self._record is not None and os.access(self._record.path, os.W_OK):
            self._record.write_json("result.json", result.to_dict())
        return result

    def _values(self) -> dict[str, Estimate]:
        """Return the exact values: from memory, from disk, or computed."""
        if self._exact is None and self._record is not None and self._record.has("exact.json"):
            self._exact = self._stored_values(self._record)
        if self._exact is None:
            compiled, backend = self._ready()
            if not isinstance(backend, ExactBackend):
                raise RecordError(
                    f"{self.path}/manifest.json is damaged: {backend.name} computes nothing exactly"
                )
            begin = time.perf_counter()
            empty: list[str] = []
            self._exact = backend.evaluate(compiled, compiled.program.figures, empty)
            self._seconds["execute"] = round(time.perf_counter() - begin, 4)
            if self._record is not None:
                self._record.write_json("exact.json", {n: e.to_dict() for n, e in self._exact.items()})
            said = (
                f"exact for the stated model of noise; the largest tensor had 2^{backend.width:.0f} entries"
            )
            self._set(
                status="COLLECTED",
                seconds=self._seconds,
                notes=[
                    *self._manifest["notes"],
                    said,
                    *backend.said,
                    *(f"{name} has no value: its condition has no chance" for name in empty),
                ],
            )
        return dict(self._exact)

    @staticmethod
    def _stored_values(record: Record) -> dict[str, Estimate]:
        plain = record.read_json("exact.json")
        try:
            return {name: Estimate(**value) for name, value in plain.items()}
        except (AttributeError, TypeError, ParameterError) as error:
            raise RecordError(f"{record.path}/exact.json is damaged: {error}") from None

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
                if not figure.conditioned:
                    raise
                empty.append(figure.name)
        return estimates, empty

    def _acceptance(self, outcomes: Outcomes, level: float) -> dict[str, Estimate]:
        """Return the accepted share of shots, if any were dropped by post-selection."""
        own = [item for item in self._manifest["items"] if CONTROL not in item["tags"]]
        if not any(item["forms"]["accept"] for item in own):
            return {}
        accepted = sum(len(next(iter(outcomes[item["name"]].values()))) for item in own)
        asked = sum(item["shots"] for item in own)
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
        if manifest.get("simulated") and not any(note.startswith("simulated") for note in notes):
            notes.insert(0, "simulated: no processor made these figures")
        notes += [f"{name} has no value: no shot met its condition" for name in empty]
        if silent:
            theory = {}
            notes.append("messages withheld (corrections=none): ideal is the value without them")
        keys = ("version", "protocol", "parameters", "backend", "corrections", "seed", "noise", "layout")
        provenance = {key: manifest[key] for key in keys}
        provenance["shots"] = manifest["options"]["shots"]
        provenance["run_id"] = manifest["run_id"]
        if has_controls(manifest):
            provenance["controls"] = True
        if self.exact:
            provenance.update(engine="exact", shots=None, seed=None)
        return Result(
            estimates, known, theory, dict(manifest.get("predicted", {})), manifest["bounds"], manifest["resources"],
            provenance, tuple(notes), dict(self._seconds),
        )  # fmt: skip


def _backend_again(manifest: Mapping[str, Any]) -> Backend:
    """Return the backend that a manifest names, as it was."""
    backend = backend_of(manifest["backend"])
    if manifest["noise"]:
        backend = backend.with_noise(DeviceNoise.from_parameters(**manifest["noise"]))
    seconds = manifest["options"].get("max_qpu_seconds")
    return backend if seconds is None else backend.limited(seconds)


def _shapes(items: Sequence[Mapping[str, Any]]) -> list[tuple[str, Shapes]]:
    """Return what the raw outcomes of a manifest's items look like."""
    return [
        (item["name"], {name: (item["shots"], width) for name, width in item["raw_registers"].items()})
        for item in items
    ]


def has_controls(manifest: Mapping[str, Any]) -> bool:
    """Tell whether a run has control experiments."""
    return bool(manifest["options"].get("controls", False))


def program_of(protocol: Protocol, seed: int, controls: bool = False) -> Program:
    """Return the program that a protocol makes for a run's seed, with its control experiments if they are wanted."""
    program = protocol.program(np.random.default_rng(stream_seed(seed, PROGRAM)))
    return with_controls(protocol, program, lambda other: program_of(other, seed)) if controls else program


def compile_for(program: Program, backend: Backend, seed: int, options: Mapping[str, Any]) -> Compiled:
    """Compile a program as a run with these options does."""
    names = ("corrections", "optimization_level", "layout", "carrier", "emulate_links")
    chosen = {name: options[name] for name in names}
    decoupling = bool(options.get("decoupling", False))
    return compile_with_controls(
        program, backend.device, seed=stream_seed(seed, TRANSPILER) % 2**31, decoupling=decoupling, **chosen
    )


def predicted(compiled: Compiled, backend: Backend, asked: bool | None) -> dict[str, float]:
    """Return the exact figures for a sampling backend's own description of noise.

    Args:
        compiled: The compiled program.
        backend: The backend.
        asked: True computes them, False does not; None does on a simulated device if the program is small.

    Raises:
        UnsupportedError: If they were asked for and cannot be computed.
    """
    known = backend.remote or (backend.simulates_links and backend.noise is not None)
    size = sum(len(item.qubits) for item in compiled)
    if asked is False or not backend.samples:
        return {}
    if asked is None and not (known and backend.device is not None and size <= _PREDICTED_UNASKED):
        return {}
    engine = ExactBackend("exact", backend.device, backend.noise)
    figures = compiled.program.figures
    if asked:
        return {name: estimate.value for name, estimate in engine.evaluate(compiled, figures, []).items()}
    return engine.predict(compiled, figures)
