"""What a run executes and where: at hand, or made again by a later process, the same or not at all."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from qnet_circuits.backends.base import Backend, BaseBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import DeviceNoise
from qnet_circuits.errors import ParameterError, RecordError, UnknownNameError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol, called, protocol_class
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.kept import Kept
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.prepared import proved
from qnet_circuits.runs.preparing import asked_of, compile_for, program_of


class Source:
    """The protocol of a run, its compiled program and its backend.

    Args:
        kept: The run.
        protocol: A protocol whose figures are computed instead of the stored ones.
        prepared: The protocol and the compiled program, if this process made the run.
        backend: The backend, if it is at hand.
    """

    def __init__(
        self,
        kept: Kept,
        protocol: Protocol | None = None,
        prepared: tuple[Protocol, Compiled] | None = None,
        backend: BaseBackend | None = None,
    ) -> None:
        self._kept, self._given, self._backend = kept, protocol, backend
        self._compiled = prepared[1] if prepared else None
        self._made = protocol or (prepared[0] if prepared else None)

    @cached_property
    def protocol(self) -> Protocol | None:
        """The protocol that the run is of, or None if its class is not known here."""
        if self._made is not None:
            return self._made
        cls = self._registered
        with suppress(ParameterError):
            return None if cls is None else cls.from_parameters(**self._kept.manifest["parameters"])
        return None

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures to compute."""
        return self._kept.manifest.figures if self._given is None else self._program(self._given).figures

    def made_with(self, protocol: Protocol) -> bool:
        """Tell whether the run was made with this protocol's very class, parameters and program: they decide on its secrets.

        Which class a run was made with its name tells: of a protocol that was given it must be the registered class, for a
        subclass may make a key by other rules.
        """
        if self._kept.record is None:
            return True
        if self._given is not None and type(self._given) is not self._registered:
            return False
        parameters = json.loads(json.dumps(protocol.parameters))
        made = tuple(self._kept.manifest[key] for key in ("protocol", "parameters", "program_id"))
        return made == (called(protocol), parameters, self._program(protocol).id)

    @property
    def _registered(self) -> type[Protocol] | None:
        with suppress(UnknownNameError):
            return protocol_class(self._kept.manifest["protocol"])
        return None

    def _program(self, protocol: Protocol) -> Program:
        return program_of(protocol, self._kept.manifest["seed"], self._kept.manifest.controls)

    @property
    def backend(self) -> BaseBackend:
        """The backend; a job that exists needs no compiled program."""
        if self._backend is None:
            self._backend = self._as_asked(backend_of(self._kept.manifest["backend"]))
        return self._backend

    @property
    def sampler(self) -> Backend:
        """The backend of a run that samples outcomes."""
        if not isinstance(self.backend, Backend):
            where = f"{self._kept.where}/manifest.json"
            raise RecordError(f"{where} is damaged: {self.backend.name} samples no outcomes")
        return self.backend

    def use(self, backend: Any) -> None:
        """Take a backend that the caller has at hand.

        Raises:
            ParameterError: If it is another one than the run's.
        """
        found, name = backend_of(backend), self._kept.manifest["backend"]
        if found.name != name:
            raise ParameterError(
                f"the run at {self._kept.where} is on {name}, and backend is {found.name}; leave it out"
            )
        self._backend = self._as_asked(found)

    def _as_asked(self, backend: BaseBackend) -> BaseBackend:
        manifest = self._kept.manifest
        noise = DeviceNoise.from_parameters(**manifest["noise"]) if manifest["noise"] else None
        return asked_of(backend, replace(RunOptions.from_manifest(manifest["options"]), noise=noise))

    def ready(self) -> Compiled:
        """Return the compiled program.

        Raises:
            RecordError: If the run was cancelled; if its protocol is not known here; if the protocol, the placement or a
                simulated device's calibration is another one now.
        """
        if self._kept.status == "CANCELLED":
            raise RecordError("the run was cancelled; submit it again")
        if self._compiled is None:
            if self.protocol is None:
                raise RecordError(
                    f"the run at {self._kept.where} has no outcomes, and its protocol "
                    f"{self._kept.manifest['protocol']!r} is not known here; give it to open_run(path, protocol=...)"
                )
            self._compiled = self._compiled_again(self.protocol)
        return self._compiled

    def _compiled_again(self, protocol: Protocol) -> Compiled:
        manifest, where, backend = self._kept.manifest, self._kept.where, self.backend
        options = self._options_again(protocol)
        compiled = compile_for(self._program(protocol), backend, manifest["seed"], options)
        if compiled.program.id != manifest["program_id"]:
            raise RecordError(
                f"the protocol makes another program now than when {where} was prepared; run it anew"
            )
        if compiled.layout != manifest["layout"]:
            raise RecordError(f"{manifest['backend']} would place the circuits elsewhere now; run it anew")
        if self._kept.record is not None:
            self._write_again(self._kept.record, compiled)
        self._kept.seconds.update(proved(compiled, backend, options.verify))
        return compiled

    def _options_again(self, protocol: Protocol) -> RunOptions:
        """Return the options of compilation; a processor, whose calibration changes every day, is held to its layout."""
        manifest = self._kept.manifest
        options, layout = RunOptions.from_manifest(manifest["options"]), manifest["layout"]
        free = program_of(protocol, manifest["seed"]).items[0].layout is None
        if manifest["remote"] and free and layout is not None and len(layout) == 1:
            return replace(options, layout=layout[0])
        return options

    def _write_again(self, record: Record, compiled: Compiled) -> None:
        """Write what is missing of the compiled program; refuse a simulated device that is no longer what it was."""
        there, remote = record.has("calibration.json"), self._kept.manifest["remote"]
        if there and not remote:
            now = json.loads(json.dumps(calibration_of(compiled)))
            if record.read_json("calibration.json") != now:
                raise RecordError(
                    f"{self._kept.manifest['backend']} has another calibration now than when {record.path} was prepared; "
                    "run it anew"
                )
        else:
            # A process that died left some of it out, or a processor has another calibration than on the day it was prepared.
            write_compiled(record, compiled)


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
