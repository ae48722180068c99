"""A prepared run: compiled, checked and planned. It cannot start anything."""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from qnet_circuits.backends.base import BaseBackend, CountingBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.service.cost import RunCost
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import NoShotsError, UnsupportedError
from qnet_circuits.programs.channel import CHANNEL
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.functions import Function
from qnet_circuits.programs.protocol import Analyzed, Protocol, called, deduced
from qnet_circuits.runs.copies import accepted_copies, copy_name, evaluated_copies, of_all, played_on
from qnet_circuits.runs.options import ANALYSIS, RunOptions, stream_seed
from qnet_circuits.runs.planning import Plan, counts_for, plan_jobs, shared, with_readout
from qnet_circuits.runs.specification import specification_id
from qnet_circuits.theory.estimate import Estimate

#: Sampled results are predicted unasked up to this many circuits times qubits: that takes a fraction of a second. Where a job
#: is submitted, which takes longer anyway and whose figures a prediction should stand beside, it may take a second.
_PREDICTED_UNASKED, _PREDICTED_WITH_JOBS = 200, 5000
#: Said where nothing was proved before a submission, since the caller did not want it.
UNPROVED = "not verified (verify=False): it was not proved that compilation kept the parties apart"


def now() -> str:
    """Return the time, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Prepared:
    """A prepared run, neither written nor submitted. ``submit(..., dry_run=True)`` returns one.

    Args:
        protocol: The protocol, adapted to the backend's device.
        backend: The backend that would run it.
        options: The options, with the layout resolved.
        seed: The seed of all random numbers.
        compiled: The compiled program.
        said: Notes from the preparation, which a result repeats.
        took: Seconds spent on compiling the program, or on finding it compiled.
        run_id: The id of the run.
        created: The time of preparation, ISO 8601.

    Example:
        >>> import qnet_circuits as qn
        >>> found = qn.submit(qn.RepeaterChain(hops=2), "local:fake_manila", shots=1000, seed=1, dry_run=True)
        >>> len(found.jobs), found.cost.executions
        (1, 3000)
    """

    protocol: Protocol
    backend: BaseBackend
    options: RunOptions
    seed: int
    compiled: Compiled
    said: tuple[str, ...] = ()
    took: float = 0.0
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: str = field(default_factory=now)

    @cached_property
    def shots(self) -> tuple[int, ...]:
        """The shots of each circuit. Readout circuits have the largest number of shots of any circuit."""
        if self.options.shots is not None and not self.backend.capabilities.samples:
            raise UnsupportedError(f"{self.backend.name} computes figures without shots; leave shots out")
        counts = counts_for(self.compiled.program, self.options.shots)
        return tuple(with_readout(shared(counts, self.compiled.program, self.compiled.copies), self.compiled))

    @property
    def shown(self) -> Compiled:
        """The circuits, for plots."""
        return self.compiled

    @cached_property
    def played(self) -> Compiled:
        """The circuits as the backend runs them: on a machine each holds all copies, in a simulation each holds one copy."""
        return played_on(self.compiled, self.backend)

    @property
    def played_shots(self) -> tuple[int, ...]:
        """The shots of each circuit that the backend runs. If each copy has its own circuits, each of them has these shots."""
        return self.shots * (self.played.copies or 1)

    @cached_property
    def plan(self) -> Plan:
        """The jobs, checked against the backend's capabilities and the budget.

        Raises:
            UnsupportedError: If the backend cannot run the circuits.
            ParameterError: If the budget does not suffice.
        """
        _ = self.shots
        _check_links(self.compiled, self.backend)
        self.backend.check(self.played)
        _ = self.proof
        return plan_jobs(self.played, self.backend, self.played_shots, self.options, self.run_id)

    @cached_property
    def proof(self) -> Mapping[str, float]:
        """Seconds for the proof, before submission to a processor, that compilation kept the parties apart.

        None without a proof: for a simulator, for a program with one node, or with ``verify=False``.

        Raises:
            VerificationError: If an operation moved across a party's boundary.
            UnsupportedError: If the proof cannot be decided.
        """
        if not (self.options.verify and self._to_be_proved):
            return {}
        begin = time.perf_counter()
        try:
            self.compiled.verify()
        except UnsupportedError as error:
            raise UnsupportedError(
                f"it cannot be proved that compilation kept the parties apart: {error}; or give verify=False (--no-verify), "
                "which the result notes"
            ) from None
        return {"verify": round(time.perf_counter() - begin, 4)}

    @property
    def _to_be_proved(self) -> bool:
        """Whether the backend may be a processor, and the program has several parties."""
        parties = {register.name for item in self.compiled.program for register in item.circuit.qregs}
        return len(parties) > 1 and (self.backend.capabilities.remote or self.backend.simulated is None)

    @property
    def needs_outcomes(self) -> bool:
        """Whether the analysis needs stored outcomes, rather than counts that the backend makes while it samples."""
        forms = [item.lowered.forms for item in self.compiled]
        return (
            not isinstance(self.backend, CountingBackend)
            or self.protocol.analyzes
            or bool(self.options.mitigate or self.compiled.copies)
            or any(form.accept or form.emulated for form in forms)
            or any(isinstance(figure.expression, Function) for figure in self.figures)
        )

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures to compute."""
        return self.compiled.program.figures

    @property
    def jobs(self) -> tuple[dict[str, Any], ...]:
        """The jobs that the run would have, in plain values."""
        return self.plan.jobs

    @property
    def cost(self) -> RunCost | None:
        """The cost of the jobs, if a service runs them; otherwise None."""
        return self.plan.cost

    @cached_property
    def predicted(self) -> dict[str, float]:
        """The exact figures for a sampling backend's description of noise. By default only small programs have them.

        Raises:
            UnsupportedError: If they were requested and cannot be computed.
        """
        backend, compiled, asked = self.backend, self.compiled, self.options.predict
        if asked is False or not backend.capabilities.samples:
            return {}
        size = sum(len(item.qubits) for item in compiled if item.copy < 2)
        most = _PREDICTED_WITH_JOBS if backend.capabilities.equal_shots else _PREDICTED_UNASKED
        if asked is None and (backend.device is None or size > most):
            return {}
        noise = backend.expected(compiled)
        if noise is None and asked is None:
            return {}
        if noise is None and backend.simulated and not backend.capabilities.simulates_links:
            raise UnsupportedError(
                f"{backend.name} has its own noise model, which cannot be predicted; leave predict (--predict) out"
            )
        key = backend.expected_device, noise, asked
        evaluated, accepted = compiled.once("predicted", key, lambda: self._evaluated(noise))
        found = dict(evaluated)
        if len(of_all(found)) == len(compiled.program.figures):
            rng = np.random.default_rng(stream_seed(self.seed, ANALYSIS))
            own: Analyzed | None = deduced(self.protocol, of_all(found), rng)
            found |= {name: value for name, value in (own.figures if own else {}).items() if value.level == 1}
        counts = counts_for(compiled.program, self.options.shots)
        values = {name: value.value for name, value in found.items()}
        return {**values, **accepted_copies(compiled, accepted, counts)}

    def _evaluated(self, noise: DeviceNoise | None) -> tuple[dict[str, Estimate], Mapping[str, float]]:
        """Return the exact figures for a description of noise, and the accepted share of each circuit's shots.

        A figure that cannot be computed is left out, unless figures were requested.
        """
        compiled, accepted, found = self.compiled, dict[str, float](), dict[str, Estimate]()
        engine = ExactBackend("exact", self.backend.expected_device, noise)
        for figure in compiled.program.figures:
            with nullcontext() if self.options.predict else suppress(UnsupportedError, NoShotsError):
                known = engine.evaluate(compiled, [figure])
                accepted.update(known.accepted)
                for number, each in evaluated_copies(engine, compiled, [figure], known).items():
                    found.update({copy_name(name, number): value for name, value in each.items()})
        return found, accepted

    @cached_property
    def shifts(self) -> dict[str, float]:
        """The expected differences between sampled and predicted figures, if the backend simplifies the noise."""
        return dict(self.backend.shifts(self.compiled, self.predicted))

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of a result of the run."""
        compiled = self.compiled
        told = [*compiled.notes, *self.backend.notes(self.played), *self.own_notes]
        if self.shifts:
            listed = ", ".join(f"{name} {shift:+.2g}" for name, shift in self.shifts.items())
            told.append(f"change of figures by the simplified noise, computed exactly: {listed}")
        return tuple(dict.fromkeys(told))

    @cached_property
    def own_notes(self) -> tuple[str, ...]:
        """The notes of a result, whichever backend ran the circuits."""
        compiled, program, options = self.compiled, self.compiled.program, self.options
        notes = [*compiled.notes, *program.notes]
        if any(item.lowered.forms.emulated for item in compiled):
            what = "link noise is" if options.emulate_links else "errors of the program are"
            notes.append(f"{what} emulated: sampled in software, not made by the machine")
        framed = {item.name for item in compiled if item.lowered.mode == "frame"}
        if any(item.name in framed and item.corrects for item in program):
            notes.append("corrected in software (Pauli frame)")
        if self.carrier != "relabel" or program.resources["transmissions"]:
            notes.append(f"a transmitted qubit is carried by {self.carrier}")
        if options.controls and self.protocol.baseline() is None:
            notes.append("no comparison with direct transport: the protocol has no baseline")
        if self._to_be_proved and not options.verify:
            notes.append(UNPROVED)
        return tuple(dict.fromkeys([*notes, *self.said]))

    @cached_property
    def specification_id(self) -> str:
        """The SHA-256, in hexadecimal digits, of everything that determines the outcomes.

        Runs with the same value repeat each other. It covers the protocol with its parameters and program, the backend with
        its calibration and noise, every option that changes outcomes, the seed, and the schema of stored runs. It does not
        cover ``run_id``, the path and the budget.
        """
        program = self.compiled.program.id
        return specification_id(self.protocol, program, self.backend, self.options, self.seed)

    @property
    def carrier(self) -> str:
        """The carrier of transmissions in the protocol's own circuits."""
        own = [item for item in self.compiled.program if not item.control]
        return "+".join(dict.fromkeys(item.carrier or self.options.carrier for item in own))

    @property
    def seconds(self) -> Mapping[str, float]:
        """How long each step took so far."""
        return {"compile": round(self.took, 4), **self.proof}

    def summary(self) -> dict[str, Any]:
        """Return a summary of the run in plain values, as ``Run.summary`` does."""
        return {
            "run_id": self.run_id, "protocol": called(self.protocol),
            "parameters": self.protocol.parameters, "backend": self.backend.name, "status": "PREPARED",
            "created": self.created, "job": None, "jobs": [], "planned_jobs": len(self.jobs), "reason": None,
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"<Prepared {called(self.protocol)} on {self.backend.name}: a dry run>"


def _check_links(compiled: Compiled, backend: BaseBackend) -> None:
    """Refuse link noise that a machine cannot make, unless it is emulated."""
    if backend.capabilities.simulates_links or not any(item.lowered.link_noise for item in compiled):
        return
    if any(label.startswith(CHANNEL) for item in compiled for label in item.lowered.link_noise):
        raise UnsupportedError(
            f"channels of the program cannot be applied on {backend.name}, a machine with its own noise; "
            "give emulate_links=True (--emulate-links) to sample Pauli errors in software, or run on a simulator"
        )
    raise UnsupportedError(
        f"the declared noise of links cannot be applied on {backend.name}, where gates make the Bell pairs; "
        "give emulate_links=True (--emulate-links) to sample it in software, or use ideal links"
    )
