"""IBM's offline mode: the client's own Sampler on a stand-in device, without a platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import Target

from qnet_circuits.backends.base import Backend, Keep, Progress, Raw
from qnet_circuits.backends.runtime import client_sampler, fake_device
from qnet_circuits.backends.submission import check_submittable, equal_shots
from qnet_circuits.compiling.compiled import Compiled, CompiledItem, registers_of
from qnet_circuits.errors import BackendError
from qnet_circuits.noise.description import DeviceNoise
from qnet_circuits.noise.device import Device, restrict


@dataclass(frozen=True)
class _Ticket:
    compiled: Compiled
    shots: int
    seed: int


class LocalBackend(Backend):
    """Runs on IBM's offline mode, by the rules of IBM's jobs: a rehearsal for ``ibm:``.

    The client hands the circuits to Aer with the gate and readout errors of the device's calibration; waiting costs nothing
    there. It is given the used qubits alone, whose errors are the same and which take a hundredth of the time.

    Args:
        device_name: A stand-in device's name in snake case.
    """

    device: Device
    equal_shots = True

    def __init__(self, device_name: str) -> None:
        self.name, self.device = f"local:{device_name}", fake_device(device_name)

    @property
    def simulated(self) -> bool:
        """Whether outcomes are simulated: they are."""
        return True

    @property
    def expected_noise(self) -> DeviceNoise:
        """Gate and readout errors: waiting costs nothing in the offline mode."""
        return DeviceNoise(idle=False)

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return what a result from here must say."""
        model = f"gate and readout errors of {self.device.name}'s calibration, nothing while qubits wait"
        return (f"simulated by IBM's offline mode, not made by a processor: {model}", *self.device.notes)

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError where a job of IBM's Sampler could not be made of the circuits."""
        check_submittable(compiled, self.name)

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> _Ticket:
        """Keep the circuits; the work is done by ``fetch``."""
        self.check(compiled)
        return _Ticket(compiled, equal_shots(shots, self.name), seed)

    def fetch(self, ticket: _Ticket, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Run the circuits one by one: within one call the client would give all of them the same random numbers."""
        items = list(ticket.compiled)
        seeds = np.random.SeedSequence(ticket.seed).generate_state(len(items), np.uint32)
        raws: list[Raw] = []
        for item, seed in zip(items, seeds, strict=True):
            raws.append(self._sample(item, ticket.shots, int(seed) >> 1))
            if progress is not None:
                progress(len(raws) * ticket.shots, len(items) * ticket.shots)
        return raws

    def _sample(self, item: CompiledItem, shots: int, seed: int) -> Raw:
        assert self.device.backend is not None
        sampler = client_sampler(_Described(restrict(self.device.backend.target, item.qubits)))
        sampler.options.simulator.seed_simulator = seed
        try:
            return registers_of(sampler.run([item.circuit], shots=shots).result()[0])
        except Exception as error:
            raise BackendError(f"{self.name}: IBM's offline mode failed: {error}") from error


class _Described(BackendV2):  # type: ignore[misc]  # Qiskit ships no types.
    """A target in the shape that the client takes a device in."""

    def __init__(self, target: Target) -> None:
        super().__init__(name="described")
        self._target = target

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, run_input: Any, **options: Any) -> Any:
        raise NotImplementedError("only a description")
