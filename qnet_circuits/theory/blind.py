"""Blind computing: the server's graph, the state that a program makes, and what tests find, without Qiskit.

A computation by measurements runs on a graph of qubits. A qubit that is measured at the angle φ, in {|0⟩ ± e^(iφ)|1⟩}, applies
J(-φ) = H·diag(1, e^(-iφ)) to the state, which moves on to the next column. A line is one qubit in time. Two lines with two
edges between them are a brick of the brickwork state (Broadbent, Fitzsimons and Kashefi, arXiv:0807.4154).
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import ParameterError, check_range

Array = npt.NDArray[np.complex128]
#: Angles by which the measurement of a qubit may be wrong, each after its weight; the weights sum to 1.
Turns = tuple[tuple[float, float], ...]
#: The angle of all measurements is a multiple of this.
STEP = math.pi / 4
NO_TURN: Turns = ((1.0, 0.0),)
_SHAPES = {"line": (1, (2, 6)), "brick": (2, (3, 5))}
_TEXT = re.compile(r"line:(\d+)|brick:2x(\d+)")
#: Columns, counted from 0, in which the two lines of a brick have an edge.
_JOINED = (2, 4)


@dataclass(frozen=True)
class Graph:
    """The graph of a server's qubits: one or two lines of equal length, two lines with edges between them.

    Qubits are numbered from 0, column after column, which is the order in which they are measured. Those of the last column
    carry the result.

    Args:
        rows: Number of lines, 1 or 2.
        columns: Number of qubits of each line.

    Example:
        >>> Graph.from_text("line:3").edges, Graph.from_text("brick:2x3").edges
        (((0, 1), (1, 2)), ((0, 2), (1, 3), (2, 4), (3, 5), (4, 5)))
    """

    rows: int
    columns: int

    @classmethod
    def from_text(cls, text: str) -> Graph:
        """Make it of its text form, ``line:2`` to ``line:6`` or ``brick:2x3`` to ``brick:2x5``.

        Raises:
            ParameterError: If the text is something else.
        """
        found = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if found is not None:
            rows, (least, most) = _SHAPES["brick" if found[2] else "line"]
            columns = int(found[1] or found[2])
            if least <= columns <= most:
                return cls(rows, columns)
        raise ParameterError(f"graph must be line:2 to line:6, or brick:2x3 to brick:2x5, got {text!r}")

    @property
    def qubits(self) -> int:
        """Number of qubits."""
        return self.rows * self.columns

    @property
    def measured(self) -> range:
        """The qubits whose measurement computes: all but those of the last column."""
        return range(self.qubits - self.rows)

    @property
    def outputs(self) -> range:
        """The qubits of the last column."""
        return range(self.qubits - self.rows, self.qubits)

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """The pairs of qubits that a controlled Z joins."""
        along = [(k, k + self.rows) for k in self.measured]
        across = [(2 * c, 2 * c + 1) for c in _JOINED if self.rows == 2 and c < self.columns]
        return tuple(sorted([*along, *across]))

    def neighbours(self, qubit: int) -> tuple[int, ...]:
        """Return the qubits that have an edge to a qubit."""
        return tuple(a + b - qubit for a, b in self.edges if qubit in (a, b))

    def colour(self, qubit: int) -> int:
        """Return the colour of a qubit, 0 or 1; no edge joins two qubits of one colour."""
        return sum(divmod(qubit, self.rows)) % 2

    def before(self, qubit: int) -> int | None:
        """Return the qubit whose result decides on X of a qubit, the one before it on its line; None in the first column."""
        return qubit - self.rows if qubit >= self.rows else None

    def behind(self, qubit: int) -> tuple[int, ...]:
        """Return the qubits whose results decide on Z of a qubit: those before its other neighbours."""
        found = (self.before(each) for each in self.neighbours(qubit))
        return tuple(each for each in found if each is not None and each != qubit)


def output_state(graph: Graph, angles: Sequence[int], turns: Sequence[Turns] = ()) -> Array:
    """Return the density matrix of the last column, after the corrections that the results ask for.

    A measurement at φ + a in place of φ turns the state by -a about Z before J(-φ), and a wrong result is a = π. Behind the
    first column a random X lies before the turn, so that it has either direction with probability 1/2.

    Args:
        graph: The graph.
        angles: The angle of each measured qubit, in units of π/4.
        turns: For each qubit of the graph, by how much its angle is wrong, with weights. Default: not at all.

    Returns:
        Shape (2, 2) or (4, 4); the first line is the more significant qubit.

    Example:
        >>> [output_state(Graph(1, 2), [phi])[0, 0].real.round(3).item() for phi in (0, 1, 4)]
        [1.0, 0.854, 0.0]
    """
    size = 2**graph.rows
    rho = np.full((size, size), 1 / size, dtype=complex)
    turned = list(turns) or [NO_TURN] * graph.qubits
    for column in range(graph.columns):
        if (graph.rows * column, graph.rows * column + 1) in graph.edges and graph.rows == 2:
            rho = _conjugated(np.diag([1, 1, 1, -1]).astype(complex), rho)
        for row in range(graph.rows):
            qubit = graph.rows * column + row
            turn = turned[qubit] if column == 0 else _either_way(turned[qubit])
            parts = [weight * _conjugated(_on(row, graph, _phase(-angle)), rho) for weight, angle in turn]
            rho = np.sum(parts, axis=0)
            if qubit in graph.measured:
                rho = _conjugated(_on(row, graph, _J @ _phase(-STEP * angles[qubit])), rho)
    return rho


_J = np.array([[1, 1], [1, -1]], dtype=complex) / math.sqrt(2)


def _phase(angle: float) -> Array:
    return np.array([[1, 0], [0, cmath.exp(1j * angle)]])


def _on(row: int, graph: Graph, matrix: Array) -> Array:
    """Return a matrix of one line as one of all lines."""
    if graph.rows == 1:
        return matrix
    none = np.eye(2, dtype=complex)
    return np.asarray(np.kron(matrix, none) if row == 0 else np.kron(none, matrix), dtype=complex)


def _conjugated(matrix: Array, rho: Array) -> Array:
    turned: Array = matrix @ rho @ matrix.conj().T
    return turned


def _either_way(turns: Turns) -> Turns:
    return tuple((weight / 2, sign * angle) for weight, angle in turns for sign in (1, -1))


def correlators(rho: Array) -> dict[str, float]:
    """Return the mean of each Pauli string but the identity, in a state of one or two qubits.

    Example:
        >>> correlators(output_state(Graph(1, 2), [0]))["Z"]
        1.0
    """
    paulis = {
        "I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1]),
    }  # fmt: skip
    found = {}
    for letters in product("IXYZ", repeat=len(rho).bit_length() - 1):
        matrix = np.ones((1, 1))
        for letter in letters:
            matrix = np.kron(matrix, paulis[letter])
        found["".join(letters)] = round(float(np.trace(matrix @ rho).real), 12)
    found.pop("I" * len(letters))
    return found


def fidelity(graph: Graph, angles: Sequence[int], turns: Sequence[Turns]) -> float:
    """Return the fidelity of the last column with the state of the program, if qubits are turned.

    Example:
        >>> flipped = [((0.9, 0.0), (0.1, math.pi)), NO_TURN]
        >>> fidelity(Graph(1, 2), [0], flipped)
        0.9
    """
    ideal, made = output_state(graph, angles), output_state(graph, angles, turns)
    return round(float(np.trace(ideal @ made).real), 12) + 0.0  # no -0.0


def trap_failure(graph: Graph, turns: Sequence[Turns]) -> float:
    """Return the share of test rounds that fail, over both colours, if qubits are turned about Z.

    The traps of a round are the qubits of one colour. The others are |0⟩ or |1⟩, which no turn about Z changes. A trap
    returns the wrong result with probability sin²(angle/2).

    Example:
        >>> flip = ((1.0, math.pi),)
        >>> trap_failure(Graph(1, 4), [flip, NO_TURN, NO_TURN, NO_TURN])
        0.5
    """
    wrong = [sum(weight * math.sin(angle / 2) ** 2 for weight, angle in turn) for turn in turns]
    passed = [
        math.prod(1 - wrong[qubit] for qubit in range(graph.qubits) if graph.colour(qubit) == colour)
        for colour in (0, 1)
    ]
    return round(1 - sum(passed) / 2, 12) + 0.0


def threshold(colours: int = 2, error: float = 0.0) -> float:
    """Return the share of failed test rounds below which results are accepted, (1/k)(1 - 2p)/(2 - 2p).

    A server that spoils a majority of the computation rounds that were right is caught in one of k of as many test rounds, k
    the number of colours (Leichtle, Music, Kashefi and Ollivier, arXiv:2109.04042).

    Args:
        colours: Number k of colours of the graph, at least 1.
        error: Probability p that the program itself gives the wrong result, in [0, 1/2).

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> [round(threshold(error=p), 4) for p in (0, 0.1, 1 / 3)]
        [0.25, 0.2222, 0.125]
    """
    p = check_range("error", error, 0, 0.5)
    if p == 0.5 or colours < 1:
        raise ParameterError(f"error must be below 0.5 and colours at least 1, got {error!r} and {colours!r}")
    return (1 - 2 * p) / (2 - 2 * p) / colours
