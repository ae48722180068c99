"""The contracts of backends: a ``Backend`` samples outcomes and may count events, an ``Evaluator`` computes figures."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.declared import Declared, check_declared
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import BackendError, ParameterError, UnsupportedError
from qnet_circuits.programs.counting import Seen
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.figures import Figure
from qnet_circuits.theory.estimate import Estimate

#: Registers by name; one may be ``PackedBits``, which are read as such an array.
Raw = dict[str, npt.NDArray[np.bool_]]
#: Called with how many shots are done, and of how many.
Progress = Callable[[int, int], None]


class Keep(Protocol):
    """The store of finished parts of a long simulation, by number, from which the simulation can be continued."""

    def get(self, number: int) -> list[Raw] | None:
        """Return a part that was finished earlier, or None."""

    def put(self, number: int, raws: list[Raw]) -> None:
        """Keep a finished part."""


class Clock(Protocol):
    """A clock with a pause; Python's module ``time`` is one."""

    def time(self) -> float:
        """Return the seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


@dataclass(frozen=True)
class Capabilities:
    """The capabilities of a backend, which determine the preparation of a run on it.

    Args:
        samples: Whether outcomes are sampled; otherwise figures are computed at once.
        simulates_links: Whether the backend can apply the declared errors of links; otherwise they are refused, or emulated in
            software.
        remote: Whether jobs run outside this process. A ticket is then a string, with which any later process can poll, fetch
            and cancel the job.
        equal_shots: Whether one submission runs all its circuits with the same number of shots, like a job of IBM's Sampler.

    Example:
        >>> from qnet_circuits.backends.registry import backend_of
        >>> backend_of("exact").capabilities
        Capabilities(samples=False, simulates_links=True, remote=False, equal_shots=False)
    """

    samples: bool
    simulates_links: bool
    remote: bool
    equal_shots: bool


class BaseBackend:
    """The common part of backends: a ``Backend`` samples outcomes, an ``Evaluator`` computes figures."""

    #: Name, as in ``aer:fake_kingston``.
    name: str = ""
    #: The device whose couplings, gates and calibration hold, or None.
    device: Device | None = None
    #: Which noise of the device is simulated, or None where noise is not this backend's to choose.
    noise: DeviceNoise | None = None
    #: The options of the Sampler's that its jobs have, by dotted name.
    options: Mapping[str, Any] = MappingProxyType({})
    #: What a class says of its capabilities.
    simulates_links: bool = False
    remote: bool = False
    equal_shots: bool = False

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the backend."""
        return Capabilities(isinstance(self, Backend), self.simulates_links, self.remote, self.equal_shots)

    @property
    def simulated(self) -> bool | None:
        """Whether outcomes are simulated; None if unknown."""
        return True if self.simulates_links else None

    @property
    def expected_noise(self) -> DeviceNoise | None:
        """The description of noise for predictions of figures on this backend, or None if it is unknown."""
        return self.noise if self.simulates_links else None

    @property
    def expected_device(self) -> Device | None:
        """The device for predictions of figures on this backend."""
        return self.device

    def expected(self, compiled: Compiled) -> DeviceNoise | None:
        """Return the description of noise for predictions of a compiled program's figures, or None if it is unknown."""
        return self.expected_noise

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if the circuits cannot run on this backend."""

    def with_noise(self, noise: DeviceNoise) -> Self:
        """Return the same backend with another description of its device's noise, or raise UnsupportedError."""
        raise UnsupportedError(
            f"{self.name} does not simulate a device's noise, so noise= (--noise) has no effect; "
            "use aer:<device> or exact:<device>"
        )

    def limited(self, max_qpu_seconds: int) -> Self:
        """Return the same backend with a limit of processor seconds for each job, or raise UnsupportedError."""
        raise UnsupportedError(
            f"{self.name} uses no processor seconds, so max_qpu_seconds (--max-qpu-seconds) has no effect; leave it out"
        )

    def with_options(self, options: Mapping[str, Any] | None) -> Self:
        """Return the same backend with options of its jobs, by dotted name, or raise UnsupportedError."""
        if not options:
            return self
        raise UnsupportedError(
            f"{self.name} submits no job of IBM's Sampler, so options (--option) have no effect; leave them out"
        )

    @property
    def rep_delay(self) -> float | None:
        """Seconds between two shots in its jobs, or None if not stated."""
        return None

    def executed(self, shots: int) -> int:
        """Return the number of shots that run for a requested number."""
        return shots

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return the notes of a compiled program's result from this backend."""
        return ()

    def shifts(self, compiled: Compiled, predicted: Mapping[str, float]) -> Mapping[str, float]:
        """Return the expected differences of this backend's figures from predictions, if it simplifies the noise."""
        return {}

    def _needs_device(self) -> None:
        if self.device is None:
            raise UnsupportedError(
                f"{self.name} has no device, so there is no device noise to describe; name a device, for example "
                "aer:fake_kingston"
            )

    def _device_notes(self) -> tuple[str, ...]:
        """Return the notes of a result on a simulated device."""
        if self.device is None or self.noise is None:
            return ()
        on = ", ".join(self.noise.sources) or "no source of noise"
        latency = f", {self.noise.latencies}" if self.noise.idle else ""
        declared = Declared.of(self.noise, Usable(self.device.calibration))
        extra = [f"beyond the calibration: {term}" for term in declared.notes()]
        missing = (
            ("not modelled: leakage, thermal population, crosstalk of readout",) if self.noise.sources else ()
        )
        said = f"simulated on {self.device.name}'s calibration: {on}{latency}"
        return (said, *extra, *missing, *self.device.notes)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


class DeviceSimulator(BaseBackend):
    """A simulator of the noise of links, and of the noise of its device if it has one.

    Args:
        name: Name of the backend. Default: the name of its kind.
        device: The simulated device. Default: none.
        noise: The description of the device's noise.
    """

    simulates_links = True

    def __init__(
        self, name: str | None = None, device: Device | None = None, noise: DeviceNoise | None = None
    ) -> None:
        self.name, self.device = type(self).name if name is None else name, device
        self.noise = (noise or DeviceNoise()) if device is not None else None
        check_declared(self.noise, device)

    def with_noise(self, noise: DeviceNoise) -> Self:
        """Return the same backend with another description of its device's noise."""
        self._needs_device()
        return type(self)(self.name, self.device, noise)


class Backend(BaseBackend, ABC):
    """A backend that runs compiled circuits and samples outcomes.

    A run calls ``check`` before anything starts, then ``submit`` once, then ``poll`` until it returns DONE, and then
    ``fetch``. Simulators do their work in ``fetch``.
    """

    #: Seconds after which a job that was made is surely listed by ``find``, where the work goes on elsewhere.
    listing_seconds: float = 300.0
    #: The clock by which such jobs are waited for.
    clock: Clock = time

    @abstractmethod
    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Any:
        """Start or prepare the circuits with a number of shots each, and return a ticket."""

    def poll(self, ticket: Any) -> str:
        """Return the state of a ticket: QUEUED, RUNNING, DONE, FAILED or CANCELLED."""
        return "DONE"

    @abstractmethod
    def fetch(self, ticket: Any, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Return, for each circuit, its registers as bool arrays (shots, width), bit 0 first.

        Args:
            ticket: The ticket from ``submit``.
            progress: Called with the finished shots, if the backend knows them.
            keep: The store of finished parts.
        """

    def find_all(self, tag: str) -> Sequence[Any]:
        """Return all tickets with a tag, the oldest first."""
        found = self.find(tag)
        return () if found is None else (found,)

    def cancel(self, ticket: Any) -> str:
        """Cancel a ticket and return its state. A ticket that has already ended keeps its state."""
        return "CANCELLED"

    def find(self, tag: str) -> Any | None:
        """Return the ticket with a tag, or None if there is none or the backend keeps no tags."""
        return None

    def carries(self, ticket: Any, tag: str) -> bool:
        """Return whether a ticket has a tag; True if the backend keeps no tags."""
        return True

    def ran(self, ticket: Any) -> dict[str, Any]:
        """Return the times and the charged seconds of a finished ticket, as far as the backend knows them."""
        return {}


class CountingBackend(Backend):
    """A backend that can count events while it samples, so that no outcome is kept if only figures are needed."""

    @abstractmethod
    def count(
        self, ticket: Any, events: Mapping[str, Sequence[Event]], progress: Progress | None = None
    ) -> dict[str, Seen]:
        """Return the counts of events, by the name of the circuit, in the shots that ``fetch`` would return.

        Args:
            ticket: The ticket from ``submit``.
            events: The events to count, by the name of their circuit.
            progress: Called with the finished shots.
        """


@dataclass(frozen=True)
class Work:
    """The ticket of a backend that does its work in ``fetch``: the submitted circuits, shots and seed."""

    compiled: Compiled
    shots: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Evaluation:
    """The figures of a compiled program, computed without sampling.

    Args:
        values: The exact values, by figure.
        empty: The figures without a value, with the reasons.
        accepted: For each circuit the share of shots that post-selection in place of corrections keeps; empty without
            post-selection.
        notes: Notes on the treatment of gaps in the calibration.
        width: Log2 of the entries of the largest tensor.
    """

    values: Mapping[str, Estimate]
    empty: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    width: float = 0.0


class Evaluator(BaseBackend, ABC):
    """A backend that computes figures directly, without shots."""

    @abstractmethod
    def evaluate(self, compiled: Compiled, figures: Sequence[Figure]) -> Evaluation:
        """Return the exact values of figures.

        Args:
            compiled: The compiled program.
            figures: Its figures, or others of its circuits.

        Raises:
            UnsupportedError: If a figure cannot be computed.
            NoShotsError: If post-selection has probability 0.
            FigureError: If a figure is outside its physical range.
        """


#: What ids of jobs are made of: nothing that leads an address elsewhere.
_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def check_ticket(ticket: Any) -> None:
    """Raise ParameterError if a ticket cannot be the id of a remote job."""
    if not isinstance(ticket, str) or not _TICKET.fullmatch(ticket):
        raise ParameterError(f"the id of a job must consist of letters, digits, - and _, got {ticket!r}")


Shapes = Mapping[str, tuple[int, int]]


def check_raw(raws: Sequence[Raw], compiled: Compiled, shots: Sequence[int]) -> None:
    """Check that raw outcomes fit their circuits, or raise BackendError."""
    check_shapes(
        raws,
        [
            (item.name, {register.name: (count, register.size) for register in item.circuit.cregs})
            for item, count in zip(compiled.items, shots, strict=True)
        ],
    )


def check_shapes(raws: Sequence[Raw], expected: Sequence[tuple[str, Shapes]]) -> None:
    """Check raw outcomes against the name of each circuit and the (shots, width) of its registers, or raise BackendError."""
    if len(raws) != len(expected):
        raise BackendError(f"the backend returned {len(raws)} results for {len(expected)} circuits")
    for (name, shapes), raw in zip(expected, raws, strict=True):
        found = {register: array.shape for register, array in raw.items()}
        if found != shapes:
            raise BackendError(
                f"the backend returned registers {found} for circuit {name!r}, expected {dict(shapes)}"
            )
