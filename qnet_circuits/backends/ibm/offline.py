"""IBM's offline mode: the client's own Sampler on a stand-in device, without a platform."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.transpiler import Target

from qnet_circuits.backends.base import Keep, Progress, Raw, Work
from qnet_circuits.backends.ibm.client import client_sampler, twirled_shots
from qnet_circuits.backends.ibm.sampler_options import (
    TWIRLING,
    check_twirling,
    for_twirling,
    options_notes,
    twirls,
)
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.ibm.submission import JobBackend, asked_shots
from qnet_circuits.backends.simulators import CALIBRATED, Described, as_aer_takes
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device, restrict
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import BackendError, UnsupportedError

#: Aer numbers the random streams of one call by circuit and shot, 2113 apart.
_STREAM = 2113


class LocalBackend(JobBackend):
    """Runs on IBM's offline mode, by the rules of IBM's jobs: a rehearsal for ``ibm:``.

    The client simulates the circuits on Aer with the gate and readout errors of the device's calibration. Qubits relax in
    explicit delays of the circuit, but not in other waits. The client receives only the used qubits: their errors are the
    same, and the simulation takes a hundredth of the time.

    Args:
        device_name: The name of a stand-in device in snake case.
    """

    device: Device
    honoured = TWIRLING

    def __init__(self, device_name: str) -> None:
        self.name, self.device = f"local:{device_name}", fake_device(device_name)

    def executed(self, shots: int) -> int:
        """Return the number of shots that run for a requested number.

        Raises:
            UnsupportedError: If randomisations would share random numbers, which Aer numbers by circuit and shot.
        """
        if twirls(self.options) and (each := twirled_shots(shots, self.options)[1]) > _STREAM:
            raise UnsupportedError(
                f"{self.name} has independent random numbers for {_STREAM:,} shots of a randomisation, {each:,} are asked for; "
                f"give twirling.num_randomizations={-(-shots // _STREAM)} or more"
            )
        return super().executed(shots)

    @property
    def simulated(self) -> bool:
        """Whether outcomes are simulated: always True."""
        return True

    @property
    def expected_noise(self) -> DeviceNoise:
        """Only gate and readout errors: waiting has no errors in the offline mode."""
        return CALIBRATED

    @cached_property
    def expected_device(self) -> Device:
        """The device as Aer simulates it from a target."""
        return as_aer_takes(self.device, both_directions=False)

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return the notes of a result from this backend."""
        model = f"gate and readout errors of {self.device.name}'s calibration, nothing while qubits wait"
        said = [f"simulated by IBM's offline mode, not made by a processor: {model}"]
        if compiled.decoupling:
            said.append(
                "waiting qubits are decoupled by pairs of X pulses, which cost their gate error here, and relaxation in the "
                "delays between them, and bring nothing: nothing is slow enough to be echoed"
            )
        return (*said, *options_notes(self.options), *self.device.notes)

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if the circuits cannot be a job of IBM's Sampler."""
        check_twirling(compiled, compiled.circuits, self.options, self.name)

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Work:
        """Keep the circuits; the work is done by ``fetch``."""
        return Work(compiled, (self.shots_of_a_job(compiled, shots),), seed)

    def fetch(self, ticket: Work, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Run the circuits one by one, since the client would give all circuits of one call the same random numbers."""
        (shots,) = ticket.shots
        items = list(zip(ticket.compiled.scheduled_circuits, ticket.compiled, strict=True))
        seeds = np.random.SeedSequence(ticket.seed).generate_state(len(items), np.uint32)
        raws: list[Raw] = []
        for (circuit, item), seed in zip(items, seeds, strict=True):
            raws.append(self._sample(circuit, item.qubits, shots, int(seed) >> 1))
            if progress is not None:
                progress(len(raws) * shots, len(items) * shots)
        return raws

    def _sample(self, circuit: QuantumCircuit, qubits: Sequence[int], shots: int, seed: int) -> Raw:
        simulator = _simulator(self.device.own_target, tuple(qubits))
        sampler = client_sampler(simulator, self.options)
        sampler.options.simulator.seed_simulator = seed
        sent = for_twirling(circuit, shots) if twirls(self.options) else circuit
        try:
            return asked_shots(sampler.run([sent], shots=shots).result()[0])
        except Exception as error:
            raise BackendError(f"{self.name}: IBM's offline mode failed: {error}") from error


@lru_cache(maxsize=64)
def _simulator(target: Target, qubits: tuple[int, ...]) -> Any:
    """Return the simulator of some qubits of a target, as the client would make it for each circuit.

    Making its noise takes longer than running a circuit. Copying the noise, as the client does with a simulator, also does.
    """
    from qiskit_aer import AerSimulator

    simulator = AerSimulator.from_backend(Described(restrict(target, qubits)))
    noise = simulator.options.noise_model
    noise.__deepcopy__ = lambda memo: noise
    return simulator
