"""A circuit as steps: operations on one qubit, diagonal gates on two, and swaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Gate
from qiskit.circuit.library import CPhaseGate, CZGate, RZZGate

from qnet_circuits.errors import ParameterError, ProgramError
from qnet_circuits.programs.stages import own_stages

Matrix = NDArray[np.complex128]
#: Gates on two qubits that remain; all others become these.
_KEPT = ("cx", "cz", "cp", "rzz", "swap")
_ONE: Matrix = np.eye(2, dtype=complex)
_H: Matrix = np.array([[1, 1], [1, -1]], dtype=complex) * complex(math.sqrt(0.5))
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Turn:
    """An operation on one qubit, as a 2 × 2 matrix."""

    qubit: int
    matrix: Matrix = field(repr=False, compare=False)

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubit that it acts on."""
        return (self.qubit,)

    @property
    def diagonal(self) -> bool:
        """Whether it commutes with diagonal gates on its qubit."""
        return bool(abs(self.matrix[0, 1]) < _ROUNDING)

    @property
    def flips(self) -> bool:
        """Whether it is X after a diagonal operation, so that a copy of its qubit is flipped too."""
        return bool(abs(self.matrix[0, 0]) < _ROUNDING)


@dataclass(frozen=True)
class Joint:
    """A diagonal gate on two qubits: ``cz``, ``cp`` or ``rzz`` with an angle in radians."""

    a: int
    b: int
    name: str
    angle: float = math.pi

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits that it acts on."""
        return (self.a, self.b)

    @property
    def gate(self) -> Gate:
        """The gate of Qiskit."""
        if self.name == "cz":
            return CZGate()
        return CPhaseGate(self.angle) if self.name == "cp" else RZZGate(self.angle)


@dataclass(frozen=True)
class Swap:
    """The exchange of two qubits."""

    a: int
    b: int

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits that it acts on."""
        return (self.a, self.b)


Step = Turn | Joint | Swap


@dataclass(frozen=True)
class Steps:
    """A circuit of ``qubits`` qubits as steps in order.

    A *block* of a qubit is a part of its time in which only diagonal operations act on it, so these commute. A *segment* is a
    part in which diagonal operations and flips act on it, so a copy in the Z basis stays a copy.

    Args:
        qubits: Number of qubits.
        steps: The steps.
        places: The wire of the original circuit at whose end each qubit's state is expected, if swaps were renamed.
    """

    qubits: int
    steps: tuple[Step, ...]
    places: tuple[int, ...]
    block: tuple[tuple[int, ...], ...] = field(init=False, repr=False)
    segment: tuple[tuple[int, ...], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        block, segment = [0] * self.qubits, [0] * self.qubits
        blocks, segments = [], []
        for step in self.steps:
            ends = isinstance(step, Swap) or (isinstance(step, Turn) and not step.diagonal)
            cuts = isinstance(step, Swap) or (isinstance(step, Turn) and not (step.diagonal or step.flips))
            for qubit in step.qubits:
                block[qubit] += ends
                segment[qubit] += cuts
            blocks.append(tuple(block[qubit] for qubit in step.qubits))
            segments.append(tuple(segment[qubit] for qubit in step.qubits))
            for qubit in step.qubits:
                block[qubit] += ends
        object.__setattr__(self, "block", tuple(blocks))
        object.__setattr__(self, "segment", tuple(segments))

    @property
    def segments(self) -> tuple[int, ...]:
        """The number of segments of each qubit."""
        found = [1] * self.qubits
        for step, at in zip(self.steps, self.segment, strict=True):
            for qubit, number in zip(step.qubits, at, strict=True):
                found[qubit] = number + 1
        return tuple(found)

    @property
    def joints(self) -> Iterator[tuple[int, Joint]]:
        """The gates on two qubits, with their places among the steps."""
        return ((k, step) for k, step in enumerate(self.steps) if isinstance(step, Joint))


def alike(one: Matrix, other: Matrix, within: float = 1e-12) -> bool:
    """Tell whether two operations on one qubit are equal up to a phase.

    Entries are compared, which differ as much as an angle does. A fidelity would differ by its square, so that H would count as
    H after a small rotation, which a Fourier transform of many qubits has.

    Args:
        one: A unitary matrix.
        other: Another one.
        within: How much the entries may differ.

    Example:
        >>> alike(np.diag([1, 1j]), np.diag([1j, -1])), alike(np.eye(2), np.diag([1, np.exp(1e-6j)]))
        (True, False)
    """
    left = one.conj().T @ other
    return bool(abs(left[0, 1]) < within and abs(left[0, 0] - left[1, 1]) < within)


def steps_of(circuit: QuantumCircuit, rename_swaps: bool = False) -> Steps:
    """Return a circuit's steps.

    A CNOT becomes a CZ between two H on its target, and neighbouring operations on one qubit become one, so the H of
    neighbouring CNOTs with the same target cancel.

    Args:
        circuit: Gates alone, without parameters.
        rename_swaps: Whether a SWAP renames its qubits instead of being carried out.

    Raises:
        ProgramError: If the circuit has something else.

    Example:
        >>> circuit = QuantumCircuit(3)
        >>> _ = circuit.cx(0, 2), circuit.cx(1, 2)
        >>> [type(step).__name__ for step in steps_of(circuit).steps]
        ['Turn', 'Joint', 'Joint', 'Turn']
    """
    _check(circuit)
    if not circuit.qubits:
        raise ProgramError("the circuit has no qubits; give it some")
    with own_stages():
        simple = transpile(circuit, basis_gates=["u", *_KEPT], optimization_level=0)
    made: list[Step] = []
    waiting = [_ONE] * len(circuit.qubits)
    at = list(range(len(circuit.qubits)))

    def flush(qubit: int) -> None:
        if not alike(_ONE, waiting[qubit]):
            made.append(Turn(qubit, waiting[qubit]))
        waiting[qubit] = _ONE

    for instruction in simple.data:
        name = instruction.operation.name
        on = [at[simple.find_bit(qubit).index] for qubit in instruction.qubits]
        if name == "u":
            waiting[on[0]] = instruction.operation.to_matrix() @ waiting[on[0]]
        elif name == "swap" and rename_swaps:
            wires = [simple.find_bit(qubit).index for qubit in instruction.qubits]
            at[wires[0]], at[wires[1]] = at[wires[1]], at[wires[0]]
        elif name in _KEPT:
            if name == "cx":
                waiting[on[1]] = _H @ waiting[on[1]]
            for qubit in on:
                flush(qubit)
            if name == "swap":
                made.append(Swap(on[0], on[1]))
            else:
                angle = float(instruction.operation.params[0]) if name in ("cp", "rzz") else math.pi
                made.append(Joint(on[0], on[1], "cz" if name == "cx" else name, angle))
            if name == "cx":
                waiting[on[1]] = _H @ waiting[on[1]]
        elif name != "barrier":
            raise ProgramError(f"the circuit contains {name!r}, which is no gate; it takes gates only")
    for qubit in range(len(at)):
        flush(qubit)
    places = [0] * len(at)
    for wire, qubit in enumerate(at):
        places[qubit] = wire
    return Steps(len(at), tuple(made), tuple(places))


def _check(circuit: QuantumCircuit) -> None:
    """Refuse what cannot be distributed, with the way out."""
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise ProgramError(f"the circuit has unbound parameters, {names}; assign them first")
    for instruction in circuit.data:
        name = instruction.operation.name
        if instruction.is_control_flow():
            raise ProgramError(
                f"the circuit has control flow, {name!r}; distribute the parts without it one by one"
            )
        if instruction.clbits:
            raise ProgramError(
                f"the circuit has a {name!r} before its end or into a bit; leave measurements to the program that uses it"
            )
        if name in ("reset", "initialize", "delay"):
            raise ProgramError(f"the circuit has {name!r}, which is no gate; it takes gates only")


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit without barriers and without the measurements at its end."""
    if not isinstance(circuit, QuantumCircuit):
        raise ParameterError(
            f"circuit must be a QuantumCircuit, or a name or a file as text, got {circuit!r}"
        )
    bare = circuit.copy()
    bare.remove_final_measurements(inplace=True)
    gates = [each for each in bare.data if each.operation.name != "barrier"]
    bare.data = gates
    return bare


def matrix_circuit(steps: Sequence[Step], qubits: int) -> QuantumCircuit:
    """Return the circuit of steps, for comparisons."""
    circuit = QuantumCircuit(qubits)
    for step in steps:
        if isinstance(step, Turn):
            circuit.unitary(step.matrix, [step.qubit])
        elif isinstance(step, Joint):
            circuit.append(step.gate, step.qubits)
        else:
            circuit.swap(step.a, step.b)
    return circuit
