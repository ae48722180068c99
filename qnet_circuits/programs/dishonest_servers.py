"""Servers of blind computing that measure in another way than they were told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from qnet_circuits.errors import check_range
from qnet_circuits.programs.cheater import Cheater
from qnet_circuits.theory.blind import STEP


@dataclass(frozen=True)
class DishonestServer(Cheater):
    """A server that measures one qubit in another way.

    Args:
        qubit: Number of the qubit, from 1, in the order in which they are measured. Default 1.
    """

    qubit: int = 1

    @property
    def angle(self) -> float:
        """The error of the angle of its measurement, in radians."""
        return 0.0


@dataclass(frozen=True)
class TurningServer(DishonestServer):
    """A server that measures one qubit at a wrong angle.

    A trap notices with probability sin²(angle/2), and each qubit is a trap in one of two test rounds.

    Args:
        qubit: Number of the qubit, from 1, in the order in which they are measured. Default 1.
        steps: The error of the angle, in units of π/4, in [-8, 8]. Default 1.

    Raises:
        ParameterError: If ``steps`` is out of range.

    Example:
        >>> import qnet_circuits as qn
        >>> qn.BlindComputing(cheater="rotate:2:2").theory(qn.NoiseParameters())["trap_failure"]
        0.25
    """

    kind: ClassVar[str] = "rotate"
    steps: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", check_range("steps of the cheater", self.steps, -8.0, 8.0))

    @property
    def angle(self) -> float:
        """The error of the angle, in radians."""
        return self.steps * STEP


@dataclass(frozen=True)
class FlippingServer(DishonestServer):
    """A server that gives the opposite of one result, which is an angle that is wrong by π.

    Args:
        qubit: Number of the qubit, from 1, in the order in which they are measured. Default 1.

    Example:
        >>> import qnet_circuits as qn
        >>> qn.BlindComputing(cheater="flip:2").theory(qn.NoiseParameters())["trap_failure"]
        0.5
    """

    kind: ClassVar[str] = "flip"

    @property
    def angle(self) -> float:
        """The error of the angle, in radians."""
        return math.pi


@dataclass(frozen=True)
class CuriousServer(DishonestServer):
    """A server that does all as it was told, reads one qubit twice, and guesses the result that its own bit stands for.

    Args:
        qubit: Number of the qubit, from 1, in the order in which they are measured. Default 1.

    Example:
        >>> import qnet_circuits as qn
        >>> qn.BlindComputing(cheater="curious").theory(qn.NoiseParameters())["server_guess"]
        0.5
    """

    kind: ClassVar[str] = "curious"


KINDS = (FlippingServer, TurningServer, CuriousServer)
