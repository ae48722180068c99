"""The contract of a backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import BackendError
from qnet_circuits.noise.device import Device

Raw = dict[str, npt.NDArray[np.bool_]]


class Backend(ABC):
    """Somewhere that compiled circuits run.

    A run calls ``check`` before anything starts, then ``submit`` once, ``poll`` until it says DONE, and ``fetch``. Simulators
    do the work in ``fetch``.
    """

    #: Name, as in ``aer:fake_kingston``.
    name: str = ""
    #: The device whose couplings, gates and calibration hold, or None.
    device: Device | None = None
    #: Whether the links' own errors can happen in this backend; otherwise they are refused, or emulated in software.
    simulates_links: bool = False

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if the circuits cannot run here."""

    @abstractmethod
    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Any:
        """Start, or prepare, the circuits with a number of shots each, and return a ticket."""

    def poll(self, ticket: Any) -> str:
        """Return the state of a ticket: QUEUED, RUNNING, DONE, FAILED or CANCELLED."""
        return "DONE"

    @abstractmethod
    def fetch(self, ticket: Any) -> list[Raw]:
        """Return, for each circuit, its registers as bool arrays (shots, width), bit 0 first."""

    def find(self, tag: str) -> Any | None:
        """Return the ticket that carries a tag, or None if there is none or the backend keeps no tags."""
        return None

    def notes(self) -> tuple[str, ...]:
        """Return what a result from here must say."""
        return ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def check_raw(raws: Sequence[Raw], compiled: Compiled, shots: Sequence[int]) -> None:
    """Check that raw outcomes fit the circuits they came from, or raise BackendError."""
    if len(raws) != len(compiled.items):
        raise BackendError(f"the backend returned {len(raws)} results for {len(compiled.items)} circuits")
    for item, raw, count in zip(compiled.items, raws, shots, strict=True):
        expected: Mapping[str, tuple[int, int]] = {
            register.name: (count, register.size) for register in item.circuit.cregs
        }
        found = {name: array.shape for name, array in raw.items()}
        if found != expected:
            raise BackendError(
                f"the backend returned registers {found} for circuit {item.name!r}, expected {expected}"
            )
