"""What lowering must know of a circuit before its pass: what comes later, and what is read or written again."""

from __future__ import annotations

from dataclasses import dataclass, field

from qiskit import QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.classical import read_bits
from qnet_circuits.programs.instructions import CORRECT, TRANSMIT


@dataclass
class Survey:
    """What a single pass over a circuit cannot know.

    Args:
        read: The bits that corrections read.
        decided: The bits that the program's own control flow reads.
        last_use: Position of the last instruction on each qubit.
        last_write: Position of the last measurement into each bit.
        rewrites: Number of measurements into a bit that was written before.
        received: The qubits that transmissions reach.
    """

    read: set[Clbit] = field(default_factory=set)
    decided: set[Clbit] = field(default_factory=set)
    last_use: dict[Qubit, int] = field(default_factory=dict)
    last_write: dict[Clbit, int] = field(default_factory=dict)
    rewrites: int = 0
    received: set[Qubit] = field(default_factory=set)

    def goes_on(self, qubit: Qubit, position: int) -> bool:
        """Tell whether a qubit is used after a position."""
        return self.last_use[qubit] > position


def survey(circuit: QuantumCircuit) -> Survey:
    """Look once through a program's circuit."""
    found = Survey()
    for position, instruction in enumerate(circuit.data):
        name = instruction.name
        if name != "barrier":
            found.last_use.update(dict.fromkeys(instruction.qubits, position))
        if name == CORRECT:
            found.read.update(instruction.clbits)
        elif name == TRANSMIT:
            found.received.add(instruction.qubits[1])
        elif name == "measure":
            bit = instruction.clbits[0]
            found.rewrites += bit in found.last_write
            found.last_write[bit] = position
        elif instruction.is_control_flow():
            found.decided.update(read_bits(instruction))
    return found
