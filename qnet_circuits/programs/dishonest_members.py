"""Members of secret sharing who want the dealer's bit alone."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Qubit

from qnet_circuits.errors import check_count, check_name
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.cheater import Cheater
from qnet_circuits.theory import secret_sharing as theory


@dataclass(frozen=True)
class DishonestMember(Cheater):
    """A member who wants the dealer's bit alone, and has a node ``tap`` that the other member's qubit passes through.

    Args:
        member: The dishonest member, 1 or 2. Default 1.

    Raises:
        ParameterError: If there is no such member.
    """

    #: Qubits of the node besides the one that arrives, and results there.
    spare: ClassVar[int] = 0
    results: ClassVar[int] = 1
    #: The part of a Bloch component that the other member finds after corrections.
    transmitted: ClassVar[float]
    #: The best guess of the dealer's bit under the cheater's conditions.
    optimum: ClassVar[float]
    member: int = 1

    def __post_init__(self) -> None:
        check_count("member of the cheater", self.member, 1, 2)

    @property
    def axes(self) -> tuple[str, ...]:
        """The actions that the cheater chooses from at random."""
        return (self.kind,)

    @property
    @abstractmethod
    def overlap(self) -> float:
        """The mean overlap of the measured axis with the one that makes a round valid."""

    @abstractmethod
    def meet(
        self, circuit: QuantumCircuit, held: Sequence[Qubit], heard: ClassicalRegister, axis: str
    ) -> Qubit:
        """Append the operations on the qubit that arrives, the first one, and return the qubit that is sent on."""

    def ask(
        self, circuit: QuantumCircuit, held: Sequence[Qubit], heard: ClassicalRegister, basis: str
    ) -> None:
        """Append the operations after the other member's basis is announced. Default: none."""


@dataclass(frozen=True)
class InterceptShare(DishonestMember):
    """A member who measures the other's qubit before the bases are known, and sends on the state that was found.

    Args:
        member: The dishonest member, 1 or 2. Default 1.
        basis: ``breidbart``, halfway between X and Y, which gives the best guess. Default: X or Y at random.

    Raises:
        ParameterError: If there is no such member.
        UnknownNameError: If there is no such basis.

    Example:
        >>> import qnet_circuits as qn
        >>> str(qn.InterceptShare(2)), qn.InterceptShare(1, "breidbart").axes
        ('intercept:2', ('breidbart',))
    """

    kind: ClassVar[str] = "intercept"
    transmitted: ClassVar[float] = 0.5
    optimum: ClassVar[float] = theory.BEFORE_BASES
    basis: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.basis is not None:
            check_name("basis of the cheater", self.basis, ("breidbart",))

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of the measurement."""
        return (self.basis,) if self.basis else ("X", "Y")

    @property
    def overlap(self) -> float:
        """The mean overlap of the axis with the one that makes a round valid."""
        return math.sqrt(0.5) if self.basis else 0.5

    def meet(
        self, circuit: QuantumCircuit, held: Sequence[Qubit], heard: ClassicalRegister, axis: str
    ) -> Qubit:
        """Append the measurement of the first qubit, and return it in the state that was found."""
        before, after = {"X": ("id", "id"), "Y": ("sdg", "s"), "breidbart": ("tdg", "t")}[axis]
        getattr(circuit, before)(held[0])
        measure_pauli(circuit, held[0], "X", heard[0])
        circuit.h(held[0])
        getattr(circuit, after)(held[0])
        return held[0]


@dataclass(frozen=True)
class FakeSignal(DishonestMember):
    """A member who stores the other's qubit and sends one half of a Bell pair instead.

    When the bases are known, the cheater measures the stored qubit and the other half in the other member's basis. The stored
    qubit tells the dealer's bit, and the other half the other member's bit, so the announced bit can be corrected to fit.

    Args:
        member: The dishonest member, 1 or 2. Default 1.

    Raises:
        ParameterError: If there is no such member.

    Example:
        >>> import qnet_circuits as qn
        >>> qn.FakeSignal.form()
        'fake-signal[:member]'
    """

    kind: ClassVar[str] = "fake-signal"
    spare: ClassVar[int] = 2
    results: ClassVar[int] = 2
    transmitted: ClassVar[float] = 1.0
    optimum: ClassVar[float] = 1.0

    @property
    def overlap(self) -> float:
        """The stored qubit is measured along the right axis."""
        return 1.0

    def meet(
        self, circuit: QuantumCircuit, held: Sequence[Qubit], heard: ClassicalRegister, axis: str
    ) -> Qubit:
        """Append a Bell pair, and return one half."""
        circuit.h(held[1])
        circuit.cx(held[1], held[2])
        return held[2]

    def ask(
        self, circuit: QuantumCircuit, held: Sequence[Qubit], heard: ClassicalRegister, basis: str
    ) -> None:
        """Append the measurements of the stored qubit and of the other half."""
        measure_pauli(circuit, held[0], basis, heard[0])
        measure_pauli(circuit, held[1], basis, heard[1])


KINDS = (InterceptShare, FakeSignal)
