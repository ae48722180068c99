"""Any Qiskit sampler, and any Qiskit backend through Qiskit's own sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from qiskit.primitives import BaseSamplerV2, StatevectorSampler
from qiskit.providers import BackendV2

from qnet_circuits.backends.base import Backend, Keep, Progress, Raw, Work
from qnet_circuits.backends.simulation.sampling import Call, sampled
from qnet_circuits.backends.simulators import (
    Simulator,
    as_aer_takes,
    backend_behind,
    hands_on_seed,
    is_processor,
    with_seed,
)
from qnet_circuits.compiling.compiled import Compiled, registers_of
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import BackendError, UnsupportedError


@dataclass(frozen=True)
class _Alone:
    """A circuit that is sampled alone, since several circuits in one call of a simulator would share random streams."""

    method: str
    registers: Sequence[tuple[str, int]]
    at_once: bool = True
    cost: float = 1.0


class SamplerBackend(Backend):
    """Runs on a ``BaseSamplerV2``. Circuits are compiled for its backend, if the sampler names one.

    The only noise, if any, is that of the sampler; it cannot apply the declared noise of links. Results of a known simulator
    say that they are simulated. A known simulator takes the run's seed, and its figures are predicted if it has no noise or
    that of its calibration. Figures of any other sampler are not predicted. It gets all circuits in one job, unless it passes
    a seed to its backend.

    Args:
        sampler: The sampler.
        backend: The backend of the sampler, if known.
        name: A name for results. Default: that of the backend, or the sampler's class.

    Raises:
        UnsupportedError: If the backend is a processor of the platform. Give its name instead.
    """

    def __init__(self, sampler: BaseSamplerV2, backend: BackendV2 | None = None, name: str = "") -> None:
        self._sampler = sampler
        behind = self._behind = backend or backend_behind(sampler)
        if behind is not None and is_processor(behind):
            raise UnsupportedError(
                f"{behind.name} costs processor time, so a run on it needs a budget and a directory; give its name: "
                f"'ibm:{behind.name}'"
            )
        self._simulator = Simulator.of(sampler, behind)
        self._takes_seed = self._simulator is not None or hands_on_seed(sampler, behind)
        if behind is not None:
            label = behind.name or type(behind).__name__
            # A simulator without couplings accepts any circuit, as a sampler without backend does.
            if behind.target is not None and behind.target.build_coupling_map() is not None:
                self.device = Device(label, behind)
        else:
            label = type(sampler).__name__
        self.name = name or f"sampler:{label}"

    @property
    def simulated(self) -> bool | None:
        """Whether outcomes are simulated; None if unknown."""
        return None if self._simulator is None else True

    @cached_property
    def expected_device(self) -> Device | None:
        """The device as Aer simulates it, if Aer does."""
        if self.device is None or self._simulator is None:
            return self.device
        return as_aer_takes(self.device, self._simulator.both_directions)

    def expected(self, compiled: Compiled) -> DeviceNoise | None:
        """Return the description of noise for predictions of a program's figures, or None if it is unknown."""
        return None if self._simulator is None else self._simulator.noise_in(compiled)

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return the notes of a result from this backend."""
        if self._simulator is not None:
            return (self._simulator.said(compiled),)
        if self._takes_seed:
            return ("noise is the backend's own; nobody here knows whether it simulates",)
        return ("randomness and noise are the sampler's own; seed does not reach them",)

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if the sampler is known to refuse real-time decisions, or decoupling is requested."""
        if compiled.decoupling:
            raise UnsupportedError(
                f"{self.name} schedules its circuits itself, so decoupling pulses cannot be added; leave decoupling out"
            )
        decides = any(
            instruction.operation.name == "if_else" for item in compiled for instruction in item.circuit.data
        )
        if decides and not self._decides:
            raise UnsupportedError(
                f'{self.name} cannot decide in real time; use corrections="frame" or "postselect"'
            )

    @property
    def _decides(self) -> bool:
        if self._behind is None or self._behind.target is None:
            return not isinstance(self._sampler, StatevectorSampler)
        return "if_else" in self._behind.target.operation_names

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Any:
        """Submit the circuits to the sampler and return its job. A sampler that takes a seed does its work in ``fetch``."""
        if self._takes_seed:
            return Work(compiled, tuple(shots), seed)
        pubs = [(circuit, None, count) for circuit, count in zip(compiled.circuits, shots, strict=True)]
        try:
            return self._sampler.run(pubs)
        except Exception as error:
            raise BackendError(f"{self.name} refused the circuits: {_one_line(error)}") from error

    def fetch(self, ticket: Any, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Wait for the job and return its registers, or sample now, with a separate seed for each circuit."""
        try:
            if not isinstance(ticket, Work):
                return [registers_of(entry) for entry in ticket.result()]
            compiled, rng = ticket.compiled, np.random.default_rng(np.random.SeedSequence(ticket.seed))
            alone = [
                _Alone(item.name, [(each.name, each.size) for each in item.circuit.cregs])
                for item in compiled
            ]
            return sampled(
                alone, ticket.shots, rng, lambda call: self._sample(compiled, call), progress, keep
            )
        except Exception as error:
            raise BackendError(f"{self.name} failed: {_one_line(error)}") from error

    def _sample(self, compiled: Compiled, call: Call) -> list[Raw]:
        (k,), seed = call.members, call.seed % (2**31 - 1) + 1
        if self._simulator is not None:
            sampler, circuit = self._simulator.sampler_for(compiled, k, seed)
        else:
            sampler, circuit = with_seed(self._sampler, self._behind, seed), compiled.circuits[k]
        return [registers_of(entry) for entry in sampler.run([(circuit, None, call.shots)]).result()]


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
