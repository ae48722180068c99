"""Stations that lie about the Bell measurement of two qubits that were sent to them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.errors import check_range
from qnet_circuits.programs.blocks import bell_measurement, measure_pauli
from qnet_circuits.qkd.settings import Bit
from qnet_circuits.qkd.tapping import HEARD, Eavesdropper


@dataclass(frozen=True)
class LyingStation(Eavesdropper):
    """A station that lies in some of the rounds, and measures in the Bell basis in the others.

    Args:
        fraction: Fraction of the rounds in which it lies, in [0, 1]. Default 1.

    Raises:
        ParameterError: If the fraction is out of range.
    """

    fraction: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "fraction", check_range("fraction", self.fraction, 0.0, 1.0))

    def choices(self, bases: Sequence[str]) -> dict[str, float]:
        """Return the lie, and ``none`` for an honest round."""
        likely = {"none": 1 - self.fraction, self.kind: self.fraction}
        return {choice: probability for choice, probability in likely.items() if probability > 0}

    @abstractmethod
    def join(self, circuit: QuantumCircuit, qubits: QuantumRegister, out: ClassicalRegister) -> None:
        """Append what it does to Alice's qubit and Bob's, and the result (z, x) that it announces."""


@dataclass(frozen=True)
class AnnouncingStation(LyingStation):
    """A station that announces one of the four Bell states at random, with a chosen probability.

    It measures both qubits along Y, which gives two coins for states of Z and X. Half of the bits are wrong in both bases, and
    the station learns nothing.

    Args:
        fraction: Fraction of the rounds in which it does so, in [0, 1]. Default 1.

    Raises:
        ParameterError: If the fraction is out of range.

    Example:
        >>> station = AnnouncingStation(0.25)
        >>> str(station), station.choices(("z", "x")), station.transmitted("z", ("z", "x"))
        ('announce:0.25', {'none': 0.75, 'announce': 0.25}, 0.75)
    """

    kind: ClassVar[str] = "announce"

    def heard(self, choice: str) -> Bit | None:
        """Return None: it has no bit."""
        return None

    def join(self, circuit: QuantumCircuit, qubits: QuantumRegister, out: ClassicalRegister) -> None:
        """Append the measurement of both qubits along Y."""
        for qubit, bit in zip(qubits, out, strict=True):
            measure_pauli(circuit, qubit, "Y", bit)

    def transmitted(self, basis: str, bases: Sequence[str]) -> float:
        """Return 1 - f."""
        return 1 - self.fraction

    def knowledge(self, basis: str, bases: Sequence[str]) -> tuple[tuple[float, float], ...]:
        """Return no case: it knows nothing."""
        return ()


@dataclass(frozen=True)
class MeasuringStation(LyingStation):
    """A station that measures both qubits in Z, with a chosen probability, and announces a Bell state that fits.

    It reads Alice's qubit and whether Bob's differs, and tosses a coin for the sign of the Bell state. No bit in Z is wrong and
    the station knows all of them, but half of the bits in X are wrong.

    Args:
        fraction: Fraction of the rounds in which it does so, in [0, 1]. Default 1.

    Raises:
        ParameterError: If the fraction is out of range.

    Example:
        >>> station = MeasuringStation()
        >>> str(station), [station.transmitted(basis, ("z", "x")) for basis in "zx"]
        ('measure', [1.0, 0.0])
    """

    kind: ClassVar[str] = "measure"

    def heard(self, choice: str) -> Bit | None:
        """Return its reading of Alice's qubit."""
        return None if choice == "none" else (HEARD, 0)

    def join(self, circuit: QuantumCircuit, qubits: QuantumRegister, out: ClassicalRegister) -> None:
        """Append the reading of Alice's qubit, after which a Bell measurement is one of Bob's qubit and a coin."""
        heard = ClassicalRegister(1, HEARD)
        circuit.add_register(heard)
        circuit.measure(qubits[0], heard[0])
        bell_measurement(circuit, *qubits, *out)

    def transmitted(self, basis: str, bases: Sequence[str]) -> float:
        """Return 1 in Z, and 1 - f in X."""
        return 1.0 if basis == "z" else 1 - self.fraction

    def knowledge(self, basis: str, bases: Sequence[str]) -> tuple[tuple[float, float], ...]:
        """Return full knowledge of Z, in the rounds in which it looks, and none of X."""
        return ((self.fraction, 1.0 if basis == "z" else 0.0),)


#: Stations that lie, for the field ``cheater``.
STATIONS: tuple[type[LyingStation], ...] = (AnnouncingStation, MeasuringStation)
