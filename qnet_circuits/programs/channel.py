"""Channels: noise that no gate of the program makes, such as time in a memory, as a placeholder in a circuit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Instruction, Qubit
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import PTM, Choi, Kraus

from qnet_circuits.errors import ParameterError, ProgramError, check_range
from qnet_circuits.theory.bell_diagonal import Weights, check_weights
from qnet_circuits.theory.waiting import check_memory

CHANNEL = "channel"
Row = tuple[float, ...]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Channel:
    """A quantum channel on one qubit, or on two together: a completely positive map that keeps the trace.

    Rows i and columns j of its Pauli transfer matrix stand for I, X, Y, Z, with the entries Tr[P_i E(P_j)]/2, so the last three
    rows give the new Bloch vector. For two qubits they stand for II, IX, ..., ZZ, with the entries Tr[P_i E(P_j)]/4; the first
    letter belongs to the first qubit. Make a channel by ``Channel.pauli``, ``damping``, ``memory`` or ``kraus``.

    Args:
        matrix: Four rows of four numbers, or sixteen of sixteen.

    Raises:
        ParameterError: If the matrix does not describe a channel.

    Example:
        >>> Channel.pauli((0.9, 0, 0, 0.1)).matrix[1]
        (0.0, 0.8, 0.0, 0.0)
        >>> Channel.damping(0.36).matrix[3]
        (0.36, 0.0, 0.0, 0.64)
    """

    matrix: tuple[Row, ...]

    def __post_init__(self) -> None:
        try:
            matrix = np.array(self.matrix, dtype=float)
            known = matrix.shape in ((4, 4), (16, 16))
            weights = np.linalg.eigvalsh(Choi(PTM(matrix)).data) if known else [-1.0]
        except (TypeError, ValueError, QiskitError, np.linalg.LinAlgError):
            weights = [-1.0]
        # A matrix that holds NaN has weights that are not at least anything.
        if not min(weights) >= -_ROUNDING or abs(matrix[0] - np.eye(len(matrix))[0]).max() > _ROUNDING:
            raise ParameterError(
                "a channel has a Pauli transfer matrix of 4 rows of 4 numbers, or 16 of 16, completely positive, with the "
                f"first row (1, 0, 0, ...), got {self.matrix!r:.200}"
            )
        rows = tuple(tuple(0.0 + round(float(each), 15) for each in row) for row in matrix)
        object.__setattr__(self, "matrix", rows)

    @classmethod
    def pauli(cls, weights: Weights) -> Channel:
        """Return the channel in which I, X, Y, Z happen with these probabilities, nonnegative with sum 1."""
        _, x, y, z = check_weights(weights)
        return cls._of(np.diag([1.0, 1 - 2 * (y + z), 1 - 2 * (x + z), 1 - 2 * (x + y)]))

    @classmethod
    def damping(cls, probability: float) -> Channel:
        """Return amplitude damping, in which |1⟩ becomes |0⟩ with a probability in [0, 1]."""
        lost = check_range("probability of damping", probability, 0, 1)
        coherence = math.sqrt(1 - lost)
        matrix = np.diag([1.0, coherence, coherence, 1 - lost])
        matrix[3, 0] = lost
        return cls._of(matrix)

    @classmethod
    def memory(cls, seconds: float, t1: float | None = None, t2: float | None = None) -> Channel:
        """Return a stay in a memory: populations keep e^(-t/T1) of their distance to |0⟩, coherence keeps e^(-t/T2).

        Args:
            seconds: The time t, at least 0.
            t1: T1 in seconds; default infinite.
            t2: T2 in seconds, at most 2 T1; default 2 T1.

        Raises:
            ParameterError: If a value is out of range.

        Example:
            >>> [round(weight, 6) for weight in Channel.memory(1.0, t2=2.0).weights]
            [0.803265, 0.0, 0.0, 0.196735]
        """
        seconds = check_range("seconds", seconds, 0, math.inf)
        t1, t2 = check_memory(t1, t2)
        kept, coherence = (math.exp(-seconds / each) for each in (t1, t2))
        matrix = np.diag([1.0, coherence, coherence, kept])
        matrix[3, 0] = 1 - kept
        return cls._of(matrix)

    @classmethod
    def kraus(cls, operators: Iterable[Any]) -> Channel:
        """Return the channel of Kraus operators, 2×2 or 4×4 matrices K with Σ K†K = 1.

        Matrices for two qubits follow Qiskit's order: the first qubit is the least significant.

        Raises:
            ParameterError: If the operators do not make a channel of one or two qubits.

        Example:
            >>> flip = Channel.kraus([[[0.8**0.5, 0], [0, 0.8**0.5]], [[0, 0.2**0.5], [0.2**0.5, 0]]])
            >>> flip == Channel.pauli((0.8, 0.2, 0, 0))
            True
        """
        try:
            found = PTM(Kraus([np.array(each, dtype=complex) for each in operators]))
        except (TypeError, ValueError, IndexError, QiskitError) as error:
            raise ParameterError(
                f"Kraus operators are 2×2 or 4×4 matrices, got {operators!r:.200} ({error})"
            ) from None
        matrix = np.real(found.data)
        if matrix.shape == (16, 16):  # Qiskit counts the Paulis of its last qubit slowest
            matrix = matrix.reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16)
        return cls._of(matrix)

    @classmethod
    def _of(cls, matrix: Any) -> Channel:
        return cls(tuple(map(tuple, matrix)))

    @property
    def qubits(self) -> int:
        """Number of qubits on which the channel acts together."""
        return 1 if len(self.matrix) == 4 else 2

    @property
    def twirled(self) -> Channel:
        """The Pauli twirl: the Pauli channel with the diagonal of the matrix. A random Pauli before and after gives it."""
        return self._of(np.diag(np.diag(self.matrix)))

    @property
    def weights(self) -> Weights | None:
        """Probabilities of I, X, Y, Z of a Pauli channel of one qubit; None of any other."""
        if self.qubits > 1:
            return None
        x, y, z = (self.matrix[k][k] for k in (1, 2, 3))
        if np.abs(np.array(self.matrix) - np.diag([1, x, y, z])).max() > _ROUNDING:
            return None
        shares = (1 + x + y + z, 1 + x - y - z, 1 - x + y - z, 1 - x - y + z)
        x, y, z = (0.0 + round(max(share, 0.0) / 4, 15) for share in shares[1:])
        return round(1 - x - y - z, 15), x, y, z

    def passes(self, pauli: str, qubit: int = 0) -> bool:
        """Tell whether X or Z of a qubit before the channel does the same as after it, so that a Pauli frame passes."""
        signs = np.array({"X": (1, 1, -1, -1), "Z": (1, -1, -1, 1)}[pauli])
        if self.qubits > 1:
            signs = np.repeat(signs, 4) if qubit == 0 else np.tile(signs, 4)
        matrix = np.array(self.matrix)
        return bool(np.abs(matrix - signs[:, None] * matrix * signs).max() < _ROUNDING)


def channel(
    circuit: QuantumCircuit, qubits: Qubit | Sequence[Qubit], happens: Channel, *, emulated: bool = False
) -> None:
    """Append a channel that acts on each of some qubits, or on two together.

    A channel is a placeholder, as the errors of links are: simulators apply it, and processors refuse it. A Pauli channel can
    be emulated instead: software samples its errors shot by shot, on any backend.

    Args:
        circuit: The protocol's circuit, with one quantum register for each node.
        qubits: One or several qubits of any nodes; a channel of one qubit acts on each by itself. A channel of two qubits takes
            two qubits of one node, or the halves of a pair right after ``entangle``, as noise of the link.
        happens: The channel.
        emulated: Whether errors are sampled in software, on simulators too. Default: the run's ``emulate_links`` decides.

    Raises:
        ProgramError: If ``happens`` is not a Channel, does not fit the number of qubits, or is emulated but not a Pauli channel
            of one qubit.

    Example:
        >>> from qiskit import QuantumRegister
        >>> alice = QuantumRegister(2, "alice")
        >>> circuit = QuantumCircuit(alice)
        >>> channel(circuit, alice, Channel.memory(0.1, t1=1.0, t2=0.5))
        >>> circuit.count_ops()["channel"]
        2
    """
    if not isinstance(happens, Channel):
        raise ProgramError(f"a channel is a Channel, such as Channel.damping(0.1), got {happens!r:.200}")
    if emulated and happens.weights is None:
        raise ProgramError(
            "software samples Pauli errors of single qubits alone, and this channel has others; "
            "take the .twirled of one of a single qubit"
        )
    numbers = [*(each for row in happens.matrix[1:] for each in row), float(emulated)]
    touched = [qubits] if isinstance(qubits, Qubit) else list(qubits)
    if happens.qubits == 1:
        for qubit in touched:
            circuit.append(Instruction(CHANNEL, 1, 0, numbers), [qubit])
    elif len(touched) == 2:
        circuit.append(Instruction(CHANNEL, 2, 0, numbers), touched)
    else:
        raise ProgramError(f"a channel of two qubits happens to two together, got {len(touched)}")


def channel_of(instruction: CircuitInstruction) -> tuple[Channel, bool]:
    """Return the channel of a placeholder, and whether it is emulated on every backend."""
    numbers = [float(each) for each in instruction.operation.params]
    size = 4**instruction.operation.num_qubits
    rows = np.vstack([np.eye(size)[0], np.reshape(numbers[:-1], (size - 1, size))])
    return Channel._of(rows), bool(numbers[-1])
