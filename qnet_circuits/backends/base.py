"""The contracts of backends: one samples outcomes, and may count events meanwhile; the other computes figures."""

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
    """Where a backend leaves finished parts of a long simulation, by number, so that it can be taken up again."""

    def get(self, number: int) -> list[Raw] | None:
        """Return a part that was finished earlier, or None."""

    def put(self, number: int, raws: list[Raw]) -> None:
        """Keep a finished part."""


class Clock(Protocol):
    """Tells the time, and lets it pass; Python's module ``time`` does both."""

    def time(self) -> float:
        """Return the seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do; how a run on it is prepared depends on that.

    Args:
        samples: Whether outcomes are sampled; otherwise figures are computed at once.
        simulates_links: Whether the links' own errors can happen in the backend; otherwise they are refused, or emulated in
            software.
        remote: Whether the work goes on elsewhere: a ticket is a string then, by which any later process polls, fetches and
            cancels.
        equal_shots: Whether one submission runs all of its circuits with the same number of shots, as a job of IBM's Sampler
            does.

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
    """What every backend says of itself: a ``Backend``, which samples outcomes, or an ``Evaluator``, which computes figures."""

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
        """What the backend can do."""
        return Capabilities(isinstance(self, Backend), self.simulates_links, self.remote, self.equal_shots)

    @property
    def simulated(self) -> bool | None:
        """Whether outcomes are known to be simulated; None where a backend does not know."""
        return True if self.simulates_links else None

    @property
    def expected_noise(self) -> DeviceNoise | None:
        """The description of noise with which figures from here are predicted, or None where nothing is known of it."""
        return self.noise if self.simulates_links else None

    @property
    def expected_device(self) -> Device | None:
        """The device with which figures from here are predicted."""
        return self.device

    def expected(self, compiled: Compiled) -> DeviceNoise | None:
        """Return the noise with which the figures of a compiled program are predicted, or None where nothing is known of it."""
        return self.expected_noise

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if the circuits cannot run here."""

    def with_noise(self, noise: DeviceNoise) -> Self:
        """Return the same backend with another description of its device's noise, or raise UnsupportedError."""
        raise UnsupportedError(
            f"{self.name} does not simulate a device's noise, so noise= (--noise) cannot be honoured; "
            "use aer:<device> or exact:<device>"
        )

    def limited(self, max_qpu_seconds: int) -> Self:
        """Return the same backend with a limit of processor seconds for each job, or raise UnsupportedError."""
        raise UnsupportedError(
            f"{self.name} uses no processor seconds, so max_qpu_seconds (--max-qpu-seconds) cannot be honoured; leave it out"
        )

    def with_options(self, options: Mapping[str, Any] | None) -> Self:
        """Return the same backend whose jobs have options of their own, by dotted name, or raise UnsupportedError."""
        if not options:
            return self
        raise UnsupportedError(
            f"{self.name} submits no job of IBM's Sampler, so options (--option) cannot be honoured; leave them out"
        )

    @property
    def rep_delay(self) -> float | None:
        """Seconds between two shots that its jobs are given, or None where nobody says."""
        return None

    def executed(self, shots: int) -> int:
        """Return how many shots run where a number is asked for."""
        return shots

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return what a result of a compiled program from here must say."""
        return ()

    def shifts(self, compiled: Compiled, predicted: Mapping[str, float]) -> Mapping[str, float]:
        """Return how far figures from here are expected off the predicted ones, if the backend simplifies the noise."""
        return {}

    def _needs_device(self) -> None:
        if self.device is None:
            raise UnsupportedError(
                f"{self.name} has no device whose noise could be described; name one, for example aer:fake_kingston"
            )

    def _device_notes(self) -> tuple[str, ...]:
        """Return what a result on a simulated device must say."""
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
    """What simulates the links' noise, and that of a device if it has one.

    Args:
        name: Name of the backend; by default that of its kind.
        device: A device whose couplings and calibration hold; none by default.
        noise: Which of the device's noise is on.
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
    """Somewhere that compiled circuits run.

    A run calls ``check`` before anything starts, then ``submit`` once, ``poll`` until it says DONE, and ``fetch``. Simulators
    do the work in ``fetch``.
    """

    #: Seconds after which a job that was made is surely listed by ``find``, where the work goes on elsewhere.
    listing_seconds: float = 300.0
    #: The clock by which such jobs are waited for.
    clock: Clock = time

    @abstractmethod
    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Any:
        """Start, or prepare, the circuits with a number of shots each, and return a ticket."""

    def poll(self, ticket: Any) -> str:
        """Return the state of a ticket: QUEUED, RUNNING, DONE, FAILED or CANCELLED."""
        return "DONE"

    @abstractmethod
    def fetch(self, ticket: Any, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Return, for each circuit, its registers as bool arrays (shots, width), bit 0 first.

        Args:
            ticket: What ``submit`` returned.
            progress: Told of finished shots, by backends that know.
            keep: Where finished parts may be left, and found again.
        """

    def find_all(self, tag: str) -> Sequence[Any]:
        """Return all tickets that carry a tag, the oldest first."""
        found = self.find(tag)
        return () if found is None else (found,)

    def cancel(self, ticket: Any) -> str:
        """Give up a ticket and return its state: one that had ended before stays as it was."""
        return "CANCELLED"

    def find(self, tag: str) -> Any | None:
        """Return the ticket that carries a tag, or None if there is none or the backend keeps no tags."""
        return None

    def carries(self, ticket: Any, tag: str) -> bool:
        """Tell whether a ticket carries a tag; True where the backend keeps no tags."""
        return True

    def ran(self, ticket: Any) -> dict[str, Any]:
        """Return when a ticket that has ended ran, and what it was charged, as far as the backend knows."""
        return {}


class CountingBackend(Backend):
    """A backend that can count events while it samples, so that no outcome has to be kept where figures alone are wanted."""

    @abstractmethod
    def count(
        self, ticket: Any, events: Mapping[str, Sequence[Event]], progress: Progress | None = None
    ) -> dict[str, Seen]:
        """Return what was seen of events, by the name of the circuit, in the shots that ``fetch`` returns.

        Args:
            ticket: What ``submit`` returned.
            events: The events that are asked for, by the name of their circuit.
            progress: Told of finished shots.
        """


@dataclass(frozen=True)
class Work:
    """The ticket of a backend that does its work in ``fetch``: what was submitted."""

    compiled: Compiled
    shots: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Evaluation:
    """The figures of a compiled program, computed without sampling.

    Args:
        values: The exact values, by figure.
        empty: The figures that have none, and why.
        accepted: For each circuit the share of shots that post-selection in place of corrections keeps; empty without it.
        notes: How gaps of the calibration were treated.
        width: Log2 of the entries of the largest tensor.
    """

    values: Mapping[str, Estimate]
    empty: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    width: float = 0.0


class Evaluator(BaseBackend, ABC):
    """Somewhere that figures are computed at once, without shots."""

    @abstractmethod
    def evaluate(self, compiled: Compiled, figures: Sequence[Figure]) -> Evaluation:
        """Return the exact values of figures.

        Args:
            compiled: The compiled program.
            figures: Its figures, or others of its circuits.

        Raises:
            UnsupportedError: If a figure cannot be computed.
            NoShotsError: If post-selection has no chance.
            FigureError: If a figure is outside of its physical range.
        """


#: What ids of jobs are made of: nothing that leads an address elsewhere.
_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def check_ticket(ticket: Any) -> None:
    """Raise ParameterError if a ticket cannot be the id of a job elsewhere."""
    if not isinstance(ticket, str) or not _TICKET.fullmatch(ticket):
        raise ParameterError(f"the id of a job is letters, digits, - and _, got {ticket!r}")


Shapes = Mapping[str, tuple[int, int]]


def check_raw(raws: Sequence[Raw], compiled: Compiled, shots: Sequence[int]) -> None:
    """Check that raw outcomes fit the circuits they came from, or raise BackendError."""
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
