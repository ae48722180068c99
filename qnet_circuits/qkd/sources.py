"""A source of GHZ states that keeps a qubit for itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Qubit

from qnet_circuits.errors import check_range
from qnet_circuits.programs.cheater import Cheater
from qnet_circuits.qkd.tapping import HEARD


@dataclass(frozen=True)
class DishonestSource(Cheater):
    """A source that keeps a qubit which tells the parties' Z bits, more or less.

    The state becomes (|0…0⟩|e₀⟩ + |1…1⟩|e₁⟩)/√2, and the source measures its qubit. The parity of the X bits is odd with the
    rate D, where 1 - 2D is the overlap of e₀ and e₁, and the guess of a bit is right with probability 1/2 + √(D(1 - D)), which
    no source beats. With D = 1/2 the source deals classical bits, 0…0 or 1…1, and knows all of them.

    Args:
        disturbance: D, in [0, 0.5]. Default 0.5.

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> str(DishonestSource()), str(DishonestSource(0.1))
        ('source', 'source:0.1')
    """

    kind: ClassVar[str] = "source"
    disturbance: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "disturbance", check_range("disturbance", self.disturbance, 0.0, 0.5))

    def meet(self, circuit: QuantumCircuit, half: Qubit, probe: Qubit) -> None:
        """Append the probe's operations: a qubit of the source whose Z value is the parties' is copied, more or less."""
        heard = ClassicalRegister(1, HEARD)
        circuit.add_register(heard)
        if self.disturbance < 0.5:
            circuit.ry(math.asin(1 - 2 * self.disturbance), probe)
        circuit.cx(half, probe)
        circuit.measure(probe, heard[0])
