"""A noisy circuit as a list of steps: what every simulating backend is given, whatever its way to compute."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Operation

from qnet_circuits.errors import ParameterError

Weights = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Unitary:
    """A perfect gate."""

    operation: Operation
    wires: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Turn(Unitary):
    """A gate that nobody asked for: neighbours that turn each other while they are at rest, for some seconds.

    All of it happens at the begin of these seconds. In them nothing happens to the neighbours that does not commute with it.
    """

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _OnOne:
    wire: int

    @property
    def wires(self) -> tuple[int, ...]:
        """The one wire, as a tuple."""
        return (self.wire,)


@dataclass(frozen=True, slots=True)
class Relax(_OnOne):
    """Amplitude damping towards |0⟩ with T1, and dephasing so that coherence falls with T2 (at most 2 T1), for a time."""

    seconds: float
    t1: float
    t2: float

    def __post_init__(self) -> None:
        if not (self.seconds >= 0 and self.t1 > 0 and 0 < self.t2 <= 2 * self.t1):
            raise ParameterError(
                f"relaxation needs a time of at least 0, T1 > 0 and 0 < T2 <= 2 T1, got {self.seconds}, {self.t1}, {self.t2}"
            )

    @property
    def acts(self) -> bool:
        """Whether anything happens."""
        return self.seconds > 0 and (math.isfinite(self.t1) or math.isfinite(self.t2))


@dataclass(frozen=True, slots=True)
class Depolarise:
    """With a probability, the wires' state is replaced by the maximally mixed one."""

    wires: tuple[int, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class PauliError(_OnOne):
    """I, X, Y or Z happens to a wire, with these probabilities."""

    weights: Weights


@dataclass(frozen=True, slots=True)
class Misread(_OnOne):
    """A confusion of a wire's Z, as 1 from |0⟩ with ``p10`` and as 0 from |1⟩ with ``p01``; nothing is left of X and Y."""

    p10: float
    p01: float


@dataclass(frozen=True, slots=True)
class Measurement(_OnOne):
    """A measurement of Z into a bit, read as 1 from |0⟩ with ``p10`` and as 0 from |1⟩ with ``p01``."""

    bit: int
    p10: float = 0.0
    p01: float = 0.0


@dataclass(frozen=True, slots=True)
class Reset(_OnOne):
    """A return to |0⟩."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A real-time decision on classical bits.

    Args:
        operation: Qiskit's control-flow operation, whose condition or target reads the circuit's bits.
        bits: Index of each bit that its blocks touch, in their order.
        wires: The wires, in the order of the blocks' qubits.
        blocks: The steps of each block on the same wires, as long as one another; for ``if_else`` always two.
    """

    operation: Operation
    bits: tuple[int, ...]
    wires: tuple[int, ...]
    blocks: tuple[tuple[NoisyStep, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Transfer:
    """Any channel, by its Pauli transfer matrix, the first wire slowest."""

    wires: tuple[int, ...]
    matrix: npt.NDArray[np.float64]


Channel = Transfer | Unitary | Relax | Depolarise | PauliError | Misread
NoisyStep = Channel | Measurement | Reset | Decision

#: What happens at one moment, in this order: what ends with a wait, pulses, operations, what begins with a wait.
RELAX, PULSE, OPERATION, TURN = range(4)
#: A step with its time, its kind, and its place among operations of one moment.
TimedStep = tuple[float, int, float, NoisyStep]


def in_order(events: list[TimedStep]) -> list[TimedStep]:
    """Return events in order of time, kind and place; those that share all three stay as they are."""
    return sorted(events, key=lambda event: event[:3])


@dataclass(frozen=True)
class NoisyCircuit:
    """A circuit with all its noise made explicit.

    Args:
        name: Name of the item it comes from.
        num_wires: Number of wires.
        registers: The classical registers in order: name and width; bit k of a step counts through them.
        steps: What happens, in order of time.
        source: The compiled circuit, whose conditions the decisions refer to.
        seconds: How long it lasts; 0 without a device.
    """

    name: str
    num_wires: int
    registers: tuple[tuple[str, int], ...]
    steps: tuple[NoisyStep, ...]
    source: Any
    seconds: float = 0.0

    def __iter__(self) -> Iterator[NoisyStep]:
        return iter(self.steps)

    @property
    def num_bits(self) -> int:
        """Number of classical bits."""
        return sum(width for _, width in self.registers)
