"""The cheaters of games and Bell tests: parties who share no entanglement, but agreed on all answers before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.programs.cheater import Cheater


@dataclass(frozen=True)
class ClassicalPlayers(Cheater):
    """Parties who use no pair: each looks its answer up in a list on which all agreed before the game.

    The lists are those of a best classical strategy, which is found by trying all strategies. Shared random numbers would only
    mix such lists, so no parties without entanglement win more often.

    Example:
        >>> import qnet_circuits as qn
        >>> qn.predict(qn.GhzGame(cheater="classical")).win_probability.value
        0.75
    """

    kind: ClassVar[str] = "classical"


def answered(nodes: Sequence[str], answers: Sequence[Sequence[int]]) -> QuantumCircuit:
    """Return the circuit in which each node prepares its answer and measures it, into ``out``; the nodes share nothing.

    Args:
        nodes: Names of the nodes.
        answers: The bits of each node's answer.

    Example:
        >>> circuit = answered(["alice", "bob"], [[0], [1]])
        >>> dict(circuit.count_ops())
        {'measure': 2, 'x': 1}
    """
    registers = [QuantumRegister(len(bits), node) for node, bits in zip(nodes, answers, strict=True)]
    circuit = QuantumCircuit(*registers, ClassicalRegister(sum(map(len, answers)), "out"))
    values = [bit for bits in answers for bit in bits]
    for qubit, value, bit in zip(circuit.qubits, values, circuit.clbits, strict=True):
        if value:
            circuit.x(qubit)
        circuit.measure(qubit, bit)
    return circuit
