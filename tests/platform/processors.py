"""Processors: the snapshots of stand-in devices, served as the platform serves a processor's data, and their noise."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from qnet_circuits.backends.simulators import Described
from qnet_circuits.devices.device import restrict


class Processor:
    """A processor under the name ``ibm_<device>``.

    Args:
        fake: Class name of the stand-in device, such as ``FakeTorino``.
        noisy: Whether jobs have the gate and readout errors of its calibration.
    """

    def __init__(self, fake: str, noisy: bool = True) -> None:
        import qiskit_ibm_runtime.fake_provider as provider

        self.fake = getattr(provider, fake)()
        self.name = "ibm_" + fake.removeprefix("Fake").removesuffix("V2").lower()
        self.noisy = noisy
        self.configuration = self._read(self.fake.conf_filename)
        self.properties = self._read(self.fake.props_filename)
        features = self.configuration.setdefault("supported_features", [])
        if "if_else" in self.configuration.get("supported_instructions", []):
            features.append("dynamic_circuits")

    def _read(self, file: str) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(Path(self.fake.dirname, file).read_text())
        return {**plain, "backend_name": self.name}

    @property
    def status(self) -> dict[str, Any]:
        """What the platform says of the queue."""
        version = self.configuration.get("backend_version", "1.0.0")
        return {
            "state": True, "status": "active", "message": "", "length_queue": 0, "backend_version": version,
        }  # fmt: skip

    @property
    def entry(self) -> dict[str, Any]:
        """The processor's line in the list of processors."""
        qubits = self.configuration["n_qubits"]
        return {
            "name": self.name,
            "status": {"name": "online", "reason": "available"},
            "is_simulator": False,
            "qubits": qubits,
            "physical_qubits": qubits,
            "processor_type": self.configuration.get("processor_type") or {},
            "queue_length": 0,
            "class": "qpu",
        }

    def noise(self, qubits: tuple[int, ...]) -> Any:
        """Return Aer's noise for some physical qubits, numbered in their order; None without noise."""
        return _noise(type(self.fake), qubits) if self.noisy else None


@functools.cache  # Of each device there is one snapshot, and many a processor that has it.
def _noise(fake: type, qubits: tuple[int, ...]) -> Any:
    from qiskit_aer.noise import NoiseModel

    return NoiseModel.from_backend(Described(restrict(fake().target, qubits)))
