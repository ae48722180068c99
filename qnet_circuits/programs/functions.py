"""What a figure may be beside a linear combination of probabilities or a ratio of two: any function of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.events import Event
from qnet_circuits.theory.estimate import Estimate


class Function(ABC):
    """A function of the probabilities of events, which knows its own interval. A subclass is a frozen dataclass."""

    #: Fewest shots of each of its circuits.
    least_shots: ClassVar[int] = 1

    @property
    @abstractmethod
    def events(self) -> tuple[Event, ...]:
        """The events whose probabilities it needs."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers that it is made of."""
        return ()

    @abstractmethod
    def value(self, probability: Callable[[Event], float]) -> float:
        """Return its value for probabilities of its events."""

    @abstractmethod
    def estimate(self, outcomes: Mapping[str, Registers], level: float, rng: np.random.Generator) -> Estimate:
        """Estimate it from outcomes, {item: {register: bool array (shots, width)}}.

        Raises:
            NoShotsError: If too few shots of a circuit count.
        """

    @abstractmethod
    def mapped(self, change: Callable[[Event], Event]) -> Function:
        """Return it with other events in the place of its own."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the plain form; its key ``function`` names it."""
