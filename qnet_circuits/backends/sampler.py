"""Any Qiskit sampler, and through Qiskit's own sampler any Qiskit backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qiskit.primitives import BaseSamplerV2, StatevectorSampler
from qiskit.providers import BackendV2

from qnet_circuits.backends.base import Backend, Keep, Progress, Raw
from qnet_circuits.compiling.compiled import Compiled, registers_of
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import BackendError, UnsupportedError


class SamplerBackend(Backend):
    """Runs on a ``BaseSamplerV2``; a sampler that names its backend is compiled for, others take any circuit.

    The sampler's own seed decides on its randomness, and its noise, if any, is its own: the links' noise cannot happen here.

    Args:
        sampler: The sampler.
        backend: The backend behind it, if it is known.
        name: A name for results; by default the backend's or the sampler's class.
    """

    def __init__(self, sampler: BaseSamplerV2, backend: BackendV2 | None = None, name: str = "") -> None:
        self._sampler = sampler
        behind = backend or getattr(sampler, "backend", None) or getattr(sampler, "_backend", None)
        if isinstance(behind, BackendV2):
            label = behind.name or type(behind).__name__
            # A simulator without couplings accepts any circuit, as a sampler without backend does.
            if behind.target is not None and behind.target.build_coupling_map() is not None:
                self.device = Device(label, behind)
        else:
            label = type(sampler).__name__
        self.name = name or f"sampler:{label}"

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return what a result from here must say."""
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
        if decides and isinstance(self._sampler, StatevectorSampler):
            raise UnsupportedError(
                f'{self.name} cannot decide in real time; use corrections="frame" or "postselect"'
            )

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Any:
        """Hand the circuits to the sampler and return its job."""
        pubs = [(circuit, None, count) for circuit, count in zip(compiled.circuits, shots, strict=True)]
        try:
            return self._sampler.run(pubs)
        except Exception as error:
            raise BackendError(f"{self.name} refused the circuits: {_one_line(error)}") from error

    def fetch(self, ticket: Any, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Wait for the job and return its registers."""
        try:
            return [registers_of(entry) for entry in ticket.result()]
        except Exception as error:
            raise BackendError(f"{self.name} failed: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
