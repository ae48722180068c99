"""Any Qiskit sampler, and through Qiskit's own sampler any Qiskit backend."""

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
    """A circuit that is sampled by itself: in one call of a simulator the random streams of several circuits meet."""

    method: str
    registers: Sequence[tuple[str, int]]
    at_once: bool = True
    cost: float = 1.0


class SamplerBackend(Backend):
    """Runs on a ``BaseSamplerV2``; a sampler that names its backend is compiled for, others take any circuit.

    The noise, if any, is the sampler's own: the links' noise cannot happen here. A known simulator is said to be one, takes the
    run's seed, and is predicted where it has no noise or that of its calibration. Any other may be anything: nothing is
    predicted of it, and it gets all circuits in one job, unless it hands a seed on to its backend.

    Args:
        sampler: The sampler.
        backend: The backend behind it, if it is known.
        name: A name for results; by default the backend's or the sampler's class.

    Raises:
        UnsupportedError: If the backend is a processor of the platform, which is to be named.
    """

    def __init__(self, sampler: BaseSamplerV2, backend: BackendV2 | None = None, name: str = "") -> None:
        self._sampler = sampler
        behind = self._behind = backend or backend_behind(sampler)
        if behind is not None and is_processor(behind):
            raise UnsupportedError(
                f"{behind.name} costs processor time, for which a run has a budget and a directory; name it: "
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
        """Whether outcomes are known to be simulated; None where nobody knows."""
        return None if self._simulator is None else True

    @cached_property
    def expected_device(self) -> Device | None:
        """The device as Aer takes it, where that simulates it."""
        if self.device is None or self._simulator is None:
            return self.device
        return as_aer_takes(self.device, self._simulator.both_directions)

    def expected(self, compiled: Compiled) -> DeviceNoise | None:
        """Return the noise with which a program's figures are predicted, or None where nothing is known of it."""
        return None if self._simulator is None else self._simulator.noise_in(compiled)

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return what a result from here must say."""
        if self._simulator is not None:
            return (self._simulator.said(compiled),)
        if self._takes_seed:
            return ("noise is the backend's own; nobody here knows whether it simulates",)
        return ("randomness and noise are the sampler's own; seed does not reach them",)

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError where the sampler is known to refuse real-time decisions, or waits are to be decoupled."""
        if compiled.decoupling:
            raise UnsupportedError(
                f"{self.name} schedules its circuits itself, so decoupling cannot be put into them; leave it out"
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
        """Hand the circuits to the sampler and return its job; one that takes a seed does the work in ``fetch``."""
        if self._takes_seed:
            return Work(compiled, tuple(shots), seed)
        pubs = [(circuit, None, count) for circuit, count in zip(compiled.circuits, shots, strict=True)]
        try:
            return self._sampler.run(pubs)
        except Exception as error:
            raise BackendError(f"{self.name} refused the circuits: {_one_line(error)}") from error

    def fetch(self, ticket: Any, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Wait for the job and return its registers, or sample now, each circuit with a seed of its own."""
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
