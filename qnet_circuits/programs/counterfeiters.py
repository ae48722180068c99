"""Counterfeiters of quantum money: holders who make two notes of one."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Qubit

from qnet_circuits.errors import check_name
from qnet_circuits.programs.cheater import Cheater
from qnet_circuits.programs.sending import prepare_pair
from qnet_circuits.theory import quantum_money as theory

#: The classical register of what a counterfeiter reads.
HEARD = "heard"


class Counterfeiter(Cheater):
    """A holder who makes two notes of one and hands in both."""

    #: Qubits of the holder; the first one comes from the bank, and the first two become the notes.
    qubits: ClassVar[int] = 2

    @abstractmethod
    def forge(self, circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
        """Append the operations that turn the first qubit into two notes."""

    @property
    @abstractmethod
    def passes(self) -> Mapping[str, theory.Passes]:
        """How the notes pass without noise, in each basis."""


class _Cloner(Counterfeiter):
    """A cloning network, with one ancilla."""

    qubits: ClassVar[int] = 3
    amplitudes: ClassVar[Sequence[float]]

    def forge(self, circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
        """Append the state of the second note and the ancilla, and the network of four CNOTs."""
        note, copy, ancilla = qubits
        prepare_pair(circuit, copy, ancilla, self.amplitudes)
        circuit.cx(note, [copy, ancilla])
        circuit.cx([copy, ancilla], note)

    @property
    def passes(self) -> Mapping[str, theory.Passes]:
        """How the notes pass without noise, in each basis."""
        return theory.cloned(self.amplitudes)


@dataclass(frozen=True)
class OptimalCloner(_Cloner):
    """The best counterfeiter: both notes pass with probability 3/4 for each qubit (Molina, Vidick, Watrous, arXiv:1202.4010).

    The second note and an ancilla are prepared in (3|00⟩ + |01⟩ + |10⟩ + |11⟩)/√12, and five CNOTs suffice for all.

    Example:
        >>> round(OptimalCloner().passes["z"][0], 12)
        0.75
    """

    kind: ClassVar[str] = "cloner"
    amplitudes: ClassVar[Sequence[float]] = theory.OPTIMAL_CLONER


@dataclass(frozen=True)
class UniversalCloner(_Cloner):
    """The universal cloner of Bužek and Hillery: each note passes with probability 5/6 for any state, both with 2/3.

    The second note and an ancilla are prepared in (2|00⟩ + |01⟩ + |11⟩)/√6.
    """

    kind: ClassVar[str] = "universal"
    amplitudes: ClassVar[Sequence[float]] = theory.UNIVERSAL_CLONER


@dataclass(frozen=True)
class MeasureAndCopy(Counterfeiter):
    """A counterfeiter who measures the qubit and makes two qubits in the state that was read: both pass with probability 5/8.

    Args:
        basis: ``z``, ``x`` or ``breidbart``, halfway between both. Default ``z``.

    Raises:
        UnknownNameError: If there is no such basis.
    """

    kind: ClassVar[str] = "measure"
    basis: str = "z"

    def __post_init__(self) -> None:
        check_name("basis of a counterfeiter", self.basis, ("z", "x", "breidbart"))

    def forge(self, circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
        """Append the measurement, and a CNOT that copies what was read; both qubits are turned back to the basis."""
        heard = ClassicalRegister(1, HEARD)
        circuit.add_register(heard)
        turn = {"z": 0.0, "x": math.pi / 2, "breidbart": math.pi / 4}[self.basis]
        if turn:
            circuit.ry(-turn, qubits[0])
        circuit.measure(qubits[0], heard[0])
        circuit.cx(qubits[0], qubits[1])
        if turn:
            circuit.ry(turn, qubits)

    @property
    def passes(self) -> Mapping[str, theory.Passes]:
        """How the notes pass without noise, in each basis."""
        return theory.measured(self.basis)


@dataclass(frozen=True)
class KeepAndGuess(Counterfeiter):
    """A counterfeiter who hands in the qubit as it came, and a qubit in 0 as the other note: both pass with probability 1/2."""

    kind: ClassVar[str] = "keep"

    def forge(self, circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
        """Append nothing: the second qubit is in 0 already."""

    @property
    def passes(self) -> Mapping[str, theory.Passes]:
        """How the notes pass without noise, in each basis."""
        return theory.kept()


KINDS: tuple[type[Counterfeiter], ...] = (OptimalCloner, MeasureAndCopy, UniversalCloner, KeepAndGuess)
