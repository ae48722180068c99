"""The protocol, program and backend of an opened run, made again by a later process exactly, or not at all."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import ParameterError, ProgramError, QnetError, RecordError, UnknownNameError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Given
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol, called
from qnet_circuits.programs.registry import GIVEN, protocol_class
from qnet_circuits.runs.as_stored import (
    OTHER_CIRCUITS,
    OTHER_PROGRAM,
    backend_of_its_day,
    compiled_as_stored,
    options_as_stored,
    program_as_stored,
)
from qnet_circuits.runs.asked import asked_of, program_of
from qnet_circuits.runs.copies import played_on
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.kept import Kept
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.preparing import compile_for


class Source:
    """The protocol, the compiled program and the backend of an opened run, with the interface of ``Prepared``.

    Args:
        kept: The run.
        protocol: A protocol whose figures are computed in place of the stored figures.
        backend: The backend, if the caller has it.

    Raises:
        ProgramError: If the protocol's figures cannot be computed from the run's outcomes.
        ParameterError: If the backend is not the run's.
    """

    def __init__(self, kept: Kept, protocol: Protocol | None = None, backend: Any = None) -> None:
        #: The protocol that was given.
        self.given = protocol
        self._kept = kept
        if protocol is not None:
            self._check_protocol(protocol)
        self._at_hand = None if backend is None else self._checked(backend_of(backend))

    def _check_protocol(self, protocol: Protocol) -> None:
        program, manifest, where = self._program(protocol), self._kept.manifest, self._kept.where
        if not {item.name for item in program} <= {circuit.name for circuit in manifest.circuits}:
            raise ProgramError(f"the protocol's circuits are not those of the run at {where}")
        if manifest.exact and program.id != manifest["program_id"]:
            raise ProgramError(
                f"the run at {where} is exact and keeps no outcomes to analyse; call predict with the protocol"
            )

    def _checked(self, backend: BaseBackend) -> BaseBackend:
        name = self._kept.manifest["backend"]
        if backend.name != name:
            raise ParameterError(
                f"the run at {self._kept.where} is on {name}, and backend is {backend.name}; leave it out"
            )
        return backend

    @cached_property
    def protocol(self) -> Protocol | None:
        """The protocol of the run, or None if its class is unknown here."""
        if self.given is not None:
            return self.given
        with suppress(ParameterError):
            manifest = self._kept.manifest
            return protocol_class(manifest["protocol"]).from_parameters(**manifest["parameters"])
        return None

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures to compute."""
        return self._kept.manifest.figures if self.given is None else self._program(self.given).figures

    def _program(self, protocol: Protocol) -> Program:
        return program_of(protocol, self._kept.manifest["seed"], self._kept.manifest.controls)

    @cached_property
    def backend(self) -> BaseBackend:
        """The backend of the run. An existing job needs no compiled program."""
        manifest = self._kept.manifest
        if manifest.get("origin") is not None:
            raise RecordError(
                f"{self._kept.where} holds outcomes that were measured elsewhere, and they are missing"
            )
        noise = DeviceNoise.from_stored(manifest["noise"]) if manifest["noise"] else None
        options = replace(RunOptions.from_manifest(manifest["options"]), noise=noise)
        return asked_of(self._at_hand or backend_of(manifest["backend"]), options)

    @cached_property
    def compiled(self) -> Compiled:
        """The compiled program.

        Raises:
            RecordError: If the protocol is unknown here, or if the protocol, the placement or a simulated device's calibration
                has changed.
        """
        manifest, where, protocol = self._kept.manifest, self._kept.where, self.protocol or self._given_again
        if protocol is None:
            raise RecordError(
                f"the run at {where} has no outcomes, and its protocol {manifest['protocol']!r} is not known here; "
                "give it to open_run(path, protocol=...)"
            )
        options, seed = self._options(protocol), manifest["seed"]
        compiled = compile_for(self._program(protocol), self.backend, options)
        if compiled.program.id != manifest["program_id"]:
            raise RecordError(
                f"the protocol makes a different program now than when {where} was prepared; run it again"
            )
        if compiled.layout != manifest["layout"]:
            raise RecordError(
                f"{manifest['backend']} would place the circuits on other qubits now; run it again"
            )
        if self._kept.record is not None:
            self._write_again(self._kept.record, played_on(compiled, self.backend))
        self._kept.seconds.update(Prepared(protocol, self.backend, options, seed, compiled).proof)
        return compiled

    @cached_property
    def prepared(self) -> Prepared:
        """The prepared run, made again.

        Raises:
            RecordError: As for ``compiled``, or if the protocol is unknown here.
        """
        compiled, protocol = self.compiled, self.protocol or self._given_again
        assert protocol is not None
        return Prepared(
            protocol, self.backend, self._options(protocol), self._kept.manifest["seed"], compiled
        )

    @cached_property
    def stored(self) -> Prepared:
        """The run with the circuits and the calibration of its directory, even if other ones would be made now.

        Raises:
            RecordError: If the protocol is unknown here, the directory lacks files, or its circuits cannot be understood.
        """
        manifest, record, protocol = (
            self._kept.manifest,
            self._kept.record,
            self.protocol or self._given_again,
        )
        if record is None or protocol is None:
            return self.prepared
        now = None
        with suppress(QnetError):
            now = self._program(protocol)
        program, same = program_as_stored(record, manifest, now)
        backend = backend_of_its_day(self.backend, record)
        compiled, alike = compiled_as_stored(record, manifest, program, backend)
        if json.loads(json.dumps(calibration_of(compiled))) != record.read_json("calibration.json"):
            raise RecordError(
                f"{manifest['backend']} has another calibration now than when {record.path} was prepared; run it again"
            )
        said = () if same and alike else (OTHER_CIRCUITS if same else OTHER_PROGRAM,)
        return Prepared(
            protocol, backend, options_as_stored(manifest, program), manifest["seed"], compiled, said
        )

    @cached_property
    def shown(self) -> Compiled | None:
        """The protocol's compiled circuits as stored, for plots; None if compilation gives other circuits now.

        They are compiled again for the stored calibration, without any request to a backend.
        """
        record = self._kept.record
        if record is None:
            return None
        try:
            protocol = self.protocol or self._given_again
            if protocol is None:
                return None
            calibration = record.read_json("calibration.json")
            device = "exact" if "name" not in calibration else DeviceCalibration.from_dict(calibration)
            options = replace(self._options(protocol, held=True), mitigate=False)
            compiled = compile_for(self._program(protocol), backend_of(device), options)
            kept = record.read_circuits("compiled.qpy")[: len(compiled.items)]
        except QnetError:
            return None
        return compiled if list(compiled.circuits) == kept else None

    @property
    def _given_again(self) -> Protocol | None:
        """The program of a run without a protocol, from the stored circuits; None if a protocol made the run."""
        manifest, record = self._kept.manifest, self._kept.record
        if manifest["protocol"] != GIVEN or record is None:
            return None
        circuits = record.read_circuits("program.qpy")
        try:
            return Given.again(manifest["parameters"], circuits, manifest.figures)
        except (KeyError, TypeError, AttributeError, QnetError) as error:
            raise RecordError(f"{record.path}/program.qpy and its parameters do not fit: {error}") from None

    def _options(self, protocol: Protocol, held: bool = False) -> RunOptions:
        """Return the options of compilation. A processor is ``held`` to its layout, since its calibration changes every day."""
        manifest = self._kept.manifest
        options, layout = RunOptions.from_manifest(manifest["options"]), manifest["layout"]
        free = program_of(protocol, manifest["seed"]).items[0].layout is None
        if (
            (held or manifest["remote"])
            and free
            and layout is not None
            and len(layout) == (manifest.copies or 1)
        ):
            return replace(options, layout=layout if manifest.copies else layout[0])
        return options

    def _write_again(self, record: Record, compiled: Compiled) -> None:
        """Write missing files of the compiled program. Raise an error if a simulated device has changed."""
        there, remote = record.has("calibration.json"), self._kept.manifest["remote"]
        if there and not remote:
            now = json.loads(json.dumps(calibration_of(compiled)))
            if record.read_json("calibration.json") != now:
                raise RecordError(
                    f"{self._kept.manifest['backend']} has another calibration now than when {record.path} was prepared; "
                    "run it again"
                )
        else:
            # A process that died left some of it out, or a processor has another calibration than on the day it was prepared.
            write_compiled(record, compiled)


def calibration_of(compiled: Compiled) -> dict[str, Any]:
    """Return the device's calibration of the qubits that a compiled program uses, as a snapshot that can run it again."""
    if compiled.device is None:
        return {"device": None}
    return compiled.device.calibration.only({qubit for item in compiled for qubit in item.qubits}).to_dict()


def write_compiled(record: Record, compiled: Compiled) -> None:
    """Write the program beside the run's manifest. The calibration is last, so if it exists, no file is missing."""
    record.write_circuits("program.qpy", [item.circuit for item in compiled.program])
    record.write_circuits("compiled.qpy", compiled.circuits)
    record.write_json("calibration.json", calibration_of(compiled))


def made_with(kept: Kept, protocol: Protocol, given: bool) -> bool:
    """Return whether a stored run was made with exactly this protocol's class, parameters and program.

    These three determine the run's secrets. The stored name identifies the class of the run. A protocol that was given to open
    the run must be of the registered class, since a subclass may make a key by other rules.
    """
    manifest = kept.manifest
    if given:
        try:
            registered = protocol_class(manifest["protocol"])
        except UnknownNameError:
            return False
        if type(protocol) is not registered:
            return False
    parameters = json.loads(json.dumps(protocol.parameters))
    program = program_of(protocol, manifest["seed"], manifest.controls)
    made = tuple(manifest[key] for key in ("protocol", "parameters", "program_id"))
    return made == (called(protocol), parameters, program.id)
