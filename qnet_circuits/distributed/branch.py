"""One branch of a circuit with measurements: the operator from inputs to qubits, given all outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.programs.instructions import CORRECT, ENTANGLE

Tensor = NDArray[np.complex128]
#: The bits of an instruction: written, or read with the Paulis that their parity decides on.
Read = tuple[tuple[str, tuple[int, ...]], ...]
_GATES: dict[str, Tensor] = {
    "h": np.array([[1, 1], [1, -1]], dtype=complex) / np.sqrt(2),
    "x": np.array([[0, 1], [1, 0]], dtype=complex),
    "z": np.array([[1, 0], [0, -1]], dtype=complex),
}
_CX: Tensor = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], dtype=complex)
_BELL: Tensor = np.eye(2, dtype=complex) / np.sqrt(2)
ROUNDING = 1e-9


@dataclass
class Branch:
    """An operator with an axis for each qubit that is in no known state, and one for each input at the end.

    Args:
        tensor: The operator.
        axes: The qubits of the first axes.
        known: The value of qubits that are in a state of the Z basis; a qubit without an axis or a value is in |0⟩.
    """

    tensor: Tensor
    axes: list[int]
    known: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of_inputs(cls, inputs: int) -> Branch:
        """Return the identity on the qubits 0 to ``inputs`` - 1."""
        both = np.eye(2**inputs, dtype=complex).reshape((2,) * (2 * inputs))
        return cls(both, list(range(inputs)))

    def step(self, name: str, on: Sequence[int], read: Read, outcomes: Sequence[int]) -> str:
        """Apply an instruction of a remote operation; return what is wrong with it.

        Args:
            name: Name of the instruction.
            on: Its qubits.
            read: Its bits.
            outcomes: The outcome of each bit.
        """
        if name == ENTANGLE:
            return self._pair(on)
        if name == "measure":
            self._measure(on[0], outcomes[read[0][1][0]])
        elif name == CORRECT:
            for gates, bits in read:
                if -1 in bits:
                    return "reads a bit that it did not measure before"
                if sum(outcomes[bit] for bit in bits) % 2:
                    for gate in gates:
                        self.gate(on, _GATES[gate])
        elif name == "h":
            self.gate(on, _GATES["h"])
        elif name == "cx":
            self.gate(on, _CX)
            self._tidy(on)
        elif name == "reset":
            if on[0] in self.axes and not self.settled(on[0]):
                return "resets a qubit that holds a state"
            self.known[on[0]] = 0
        else:
            return f"has the instruction {name!r}"
        return ""

    def _pair(self, on: Sequence[int]) -> str:
        if any(qubit in self.axes or self.known.get(qubit, 0) for qubit in on):
            return "makes a pair on a qubit that is in use"
        self.tensor = np.multiply.outer(_BELL, self.tensor)
        self.axes = [*on, *self.axes]
        for qubit in on:
            self.known.pop(qubit, None)
        return ""

    def axis(self, qubit: int) -> int:
        """Return a qubit's axis; a qubit in a known state receives one."""
        if qubit not in self.axes:
            state = np.zeros(2, dtype=complex)
            state[self.known.pop(qubit, 0)] = 1
            self.tensor = np.multiply.outer(state, self.tensor)
            self.axes.insert(0, qubit)
        return self.axes.index(qubit)

    def gate(self, on: Sequence[int], matrix: Tensor) -> None:
        """Apply a matrix whose first qubit is the most significant."""
        for qubit in on:
            self.axis(qubit)
        axes, count = [self.axes.index(qubit) for qubit in on], len(on)
        operator = matrix.reshape((2,) * (2 * count))
        made = np.tensordot(operator, self.tensor, (range(count, 2 * count), axes))
        self.tensor = np.moveaxis(made, range(count), axes)

    def _tidy(self, qubits: Sequence[int]) -> None:
        """Take away axes of qubits that are in a known state, as after a move."""
        for qubit in qubits:
            if len(self.axes) > 1:
                self.settled(qubit)

    def _measure(self, qubit: int, value: int) -> None:
        axis = self.axis(qubit)
        self.tensor = np.take(self.tensor, value, axis=axis)
        self.axes.pop(axis)
        self.known[qubit] = value

    def settled(self, qubit: int) -> bool:
        """Take the axis of a qubit away if it is in the same state of the Z basis for all inputs; tell whether it is."""
        axis = self.axis(qubit)
        halves = [np.take(self.tensor, value, axis=axis) for value in (0, 1)]
        empty = [bool(np.linalg.norm(half) < ROUNDING) for half in halves]
        if not any(empty):
            return False
        self.tensor, self.known[qubit] = halves[int(empty[0])], int(empty[0])
        self.axes.pop(axis)
        return True

    def differs(self, kept: Sequence[int], wanted: Tensor, bits: int) -> str:
        """Return what differs from an operator with the outputs ``kept``, if each of 2^bits branches is equally likely."""
        for qubit in [qubit for qubit in self.axes if qubit not in kept]:
            if not self.settled(qubit):
                return "leaves a qubit entangled that it should free"
        for qubit in kept:
            self.axis(qubit)
        order = [self.axes.index(qubit) for qubit in kept]
        made = np.transpose(self.tensor, [*order, *range(len(self.axes), self.tensor.ndim)])
        norm, expected = np.vdot(made, made).real, np.vdot(wanted, wanted).real * 2.0**-bits
        if abs(norm - expected) > ROUNDING * expected:
            return "has outcomes that are not equally likely"
        overlap = abs(np.vdot(wanted, made)) ** 2 * 2.0**-bits
        return "does something else than it should" if overlap < expected**2 * (1 - ROUNDING) else ""
