"""The proof that a distributed circuit is the original one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np
from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Clifford, Operator

from qnet_circuits.distributed.branch import Branch, Tensor
from qnet_circuits.distributed.building import Built
from qnet_circuits.distributed.readback import read_back, refusal
from qnet_circuits.distributed.steps import Matrix, Steps, Swap, Turn, alike, matrix_circuit
from qnet_circuits.distributed.windows import read_of
from qnet_circuits.errors import ProgramError
from qnet_circuits.programs.instructions import CORRECT, ENTANGLE
from qnet_circuits.programs.locality import check_circuit

#: Up to this many qubits circuits are compared as unitaries; up to the next number on random inputs.
_UNITARY, _STATES = 12, 20
#: Up to this many qubits, and in at most this many branches, the whole program is played.
_WHOLE, _BRANCHES = 6, 8
#: Random inputs.
_INPUTS = 3
_ROUNDING = 1e-9
_COLUMNS = 256


def counted(count: int, one: str, more: str = "") -> str:
    """Return a number with its noun, whose plural is by default the noun with an s."""
    return f"{count} {one if count == 1 else more or one + 's'}"


@dataclass(frozen=True)
class Proof:
    """What was proven, and how.

    Args:
        remote: Number of remote operations that were proven on all branches.
        method: How the circuit that was read back was compared with the original: ``unitary`` (all inputs), ``tableau``
            (Clifford circuits, all inputs), ``gates`` (the same gates in an order that differs by commuting gates alone), or
            ``inputs`` (some random inputs).
        branches: Number of branches in which the whole program was played on all inputs; 0 if it was not.
        escapes: Probability that a process infidelity of 0.01 stays unnoticed; 0 for a proof on all inputs.
    """

    remote: int
    method: str
    branches: int
    escapes: float = 0.0

    def __str__(self) -> str:
        how = {
            "unitary": "equal as a unitary",
            "tableau": "equal as a Clifford tableau",
            "gates": "equal gate by gate, up to the order of commuting gates",
            "inputs": f"equal on {_INPUTS} random inputs; an infidelity of 0.01 escapes with probability {self.escapes:.3g}",
        }[self.method]
        played = counted(self.branches, "branch", "branches")
        whole = f", and the whole program in {played}" if self.branches else ""
        return (
            f"{counted(self.remote, 'remote operation')} proven on all branches; the circuit is {how}{whole}"
        )


def proof_of(original: QuantumCircuit, expected: Steps, built: Built) -> Proof:
    """Prove that a network program carries out a circuit.

    Args:
        original: The circuit.
        expected: Its steps.
        built: The network program.

    Raises:
        VerificationError: If it does not.
    """
    try:
        check_circuit(built.circuit)
    except ProgramError as error:
        raise refusal(str(error)) from None
    steps = read_back(built.circuit, built.data, built.ends, built.claims, expected.places)
    method, escapes = _compared(original, expected, steps)
    branches = _played(original, built, steps.places) if steps.qubits <= _WHOLE else 0
    return Proof(len(built.claims), method, branches, escapes)


def _compared(original: QuantumCircuit, expected: Steps, steps: Steps) -> tuple[str, float]:
    """Compare the circuit that was read back with the original; return how."""
    if steps.qubits <= _UNITARY:
        if not _same_unitary(original, steps):
            raise refusal("its gates make another unitary")
        return "unitary", 0.0
    if (equal := _same_tableau(original, steps)) is not None:
        if not equal:
            raise refusal("its Clifford tableau is another one")
        return "tableau", 0.0
    if _same_gates(expected, steps):
        return "gates", 0.0
    if steps.qubits > _STATES:
        raise refusal("its gates are others, beyond the order of commuting gates")
    wanted, made = _outputs(original, steps, _random_inputs(steps.qubits))
    if np.any(np.abs(made - wanted * _overlaps(wanted, made)) > _ROUNDING):
        raise refusal("it takes a random input to another state")
    # On products of random eigenstates of Paulis, an error that is a Pauli on w qubits has the mean fidelity 3^-w, so an
    # infidelity of the process shows with 2/3 of its size at least.
    return "inputs", float((1 - 0.01 * 2 / 3) ** _INPUTS)


def _same_unitary(original: QuantumCircuit, steps: Steps) -> bool:
    """Tell whether all inputs become the same outputs, up to one phase that all inputs share."""
    phase: Tensor | None = None
    for first in range(0, 2**steps.qubits, _COLUMNS):
        inputs = np.eye(2**steps.qubits, dtype=complex)[:, first : first + _COLUMNS]
        wanted, made = _outputs(original, steps, inputs)
        phase = _overlaps(wanted, made)[0] if phase is None else phase
        if np.any(np.abs(made - wanted * phase) > _ROUNDING):
            return False
    return True


def _outputs(original: QuantumCircuit, steps: Steps, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the original circuit and the steps make of inputs, all given as columns."""
    return _through(original, inputs), _through_steps(steps, inputs)


def _overlaps(wanted: Tensor, made: Tensor) -> Tensor:
    """Return the overlaps of states, which are their phases if the states are equal. A small error changes its square alone."""
    overlaps: Tensor = np.einsum("ij,ij->j", wanted.conj(), made)
    return overlaps


def _through(circuit: QuantumCircuit, inputs: Tensor) -> Tensor:
    """Return the states into which a circuit takes inputs, given as columns with wire 0 as the least significant."""
    states = _axes(inputs.copy(), circuit.num_qubits)
    for instruction in circuit.data:
        if instruction.name != "barrier":
            on = [circuit.find_bit(qubit).index for qubit in instruction.qubits]
            states = _applied(states, _matrix(instruction.operation), on)
    return states.reshape(inputs.shape)


def _matrix(operation: object) -> Tensor:
    """Return the matrix of a gate, its first qubit the most significant."""
    return np.asarray(Operator(operation).reverse_qargs().data, dtype=complex)


def _through_steps(steps: Steps, inputs: Tensor) -> Tensor:
    """Return the same for steps, with the renamed swaps carried out at the end."""
    states = _axes(inputs.copy(), steps.qubits)
    for step in steps.steps:
        if isinstance(step, Swap):
            states = np.swapaxes(states, _axis(states, step.a), _axis(states, step.b))
        else:
            matrix = step.matrix if isinstance(step, Turn) else _matrix(step.gate)
            states = _applied(states, matrix, list(step.qubits))
    order = [_axis(states, steps.places.index(steps.qubits - 1 - k)) for k in range(steps.qubits)]
    return np.transpose(states, [*order, states.ndim - 1]).reshape(inputs.shape)


def _axes(inputs: Tensor, qubits: int) -> Tensor:
    return inputs.reshape((*(2,) * qubits, inputs.shape[1]))


def _axis(states: Tensor, qubit: int) -> int:
    return states.ndim - 2 - qubit


def _applied(states: Tensor, matrix: Tensor, on: list[int]) -> Tensor:
    """Apply a matrix; a diagonal one in place, to the parts that it changes."""
    axes, count = [_axis(states, qubit) for qubit in on], len(on)
    if np.count_nonzero(np.abs(matrix - np.diag(np.diag(matrix))) > _ROUNDING) == 0:
        for values, phase in zip(product((0, 1), repeat=count), np.diag(matrix), strict=True):
            if phase != 1:
                part = [slice(None)] * states.ndim
                for axis, value in zip(axes, values, strict=True):
                    part[axis] = slice(value, value + 1)
                states[tuple(part)] *= phase
        return states
    made = np.tensordot(matrix.reshape((2,) * (2 * count)), states, (range(count, 2 * count), axes))
    return np.moveaxis(made, range(count), axes)


def _random_inputs(qubits: int) -> Tensor:
    """Return products of random eigenstates of Paulis, as columns."""
    rng = np.random.default_rng(20)
    roots = np.array([[1, 0], [0, 1], [1, 1], [1, -1], [1, 1j], [1, -1j]], dtype=complex)
    roots /= np.linalg.norm(roots, axis=1, keepdims=True)
    columns = []
    for _ in range(_INPUTS):
        state = np.ones(1, dtype=complex)
        for root in roots[rng.integers(6, size=qubits)]:
            state = np.kron(state, root)
        columns.append(state)
    return np.stack(columns, axis=1)


def _same_tableau(original: QuantumCircuit, steps: Steps) -> bool | None:
    """Tell whether Clifford circuits are equal; None if one is none."""
    again = matrix_circuit(steps.steps, steps.qubits)
    try:
        # The gate at a place of the permutation says which wire's state goes there.
        made, wanted = Clifford(_relabelled(again, steps.places)), Clifford(original)
    except (QiskitError, ValueError):
        return None
    return bool(made == wanted)


def _relabelled(circuit: QuantumCircuit, places: tuple[int, ...]) -> QuantumCircuit:
    """Return a circuit followed by swaps that bring each qubit to its place."""
    at = list(range(len(places)))
    for wire in range(len(places)):
        holder = at.index(places.index(wire))
        if holder != wire:
            circuit.swap(wire, holder)
            at[wire], at[holder] = at[holder], at[wire]
    return circuit


def _same_gates(expected: Steps, steps: Steps) -> bool:
    """Tell whether steps differ by the order of commuting gates alone."""
    (wanted, made), none = (_turned(expected), _turned(steps)), np.eye(2, dtype=complex)
    return (
        expected.places == steps.places
        and _joined(expected) == _joined(steps)
        and all(alike(wanted.get(key, none), made.get(key, none), _ROUNDING) for key in {**wanted, **made})
    )


def _turned(steps: Steps) -> dict[tuple[int, int], Matrix]:
    """Return what all operations on one qubit of a block are together, by qubit and block."""
    turned: dict[tuple[int, int], Matrix] = {}
    for step, blocks in zip(steps.steps, steps.block, strict=True):
        if isinstance(step, Turn):
            key = (step.qubit, blocks[0])
            turned[key] = step.matrix @ turned[key] if key in turned else step.matrix
    return turned


def _joined(steps: Steps) -> Counter[tuple[object, ...]]:
    """Return how often each gate and each swap joins the blocks that it joins."""
    joined: Counter[tuple[object, ...]] = Counter()
    for step, blocks in zip(steps.steps, steps.block, strict=True):
        if not isinstance(step, Turn):
            ends = tuple(sorted(zip(step.qubits, blocks, strict=True)))
            joined[("swap",) if isinstance(step, Swap) else (step.name, round(step.angle, 9)), ends] += 1
    return joined


def _played(original: QuantumCircuit, built: Built, places: tuple[int, ...]) -> int:
    """Play the whole program in random branches of its measurements, on all inputs; return the number of branches."""
    wires, count = len(built.data), len(built.circuit.clbits)
    number = {qubit: k for k, qubit in enumerate(dict.fromkeys([*built.data, *built.circuit.qubits]))}
    unitary = _through(original, np.eye(2**wires, dtype=complex)).reshape((2,) * (2 * wires))
    # Wire 0 is the least significant; the qubits of a branch come in order.
    wanted = unitary.transpose([*reversed(range(wires)), *reversed(range(wires, 2 * wires))])
    kept = [number[built.ends[places.index(wire)]] for wire in range(wires)]
    rng = np.random.default_rng(7)
    branches = {tuple(int(b) for b in rng.integers(2, size=count)) for _ in range(_BRANCHES)}
    for outcomes in branches:
        branch, bits = Branch.of_inputs(wires), {bit: k for k, bit in enumerate(built.circuit.clbits)}
        for each in built.circuit.data:
            on = [number[qubit] for qubit in each.qubits]
            if each.name in (ENTANGLE, CORRECT, "measure", "reset"):
                if problem := branch.step(each.name, on, read_of(each, bits), outcomes):
                    raise refusal(f"a branch {problem}")
            elif each.name != "barrier":
                branch.gate(on, _matrix(each.operation))
        if problem := branch.differs(kept, wanted, count):
            raise refusal(f"a branch {problem}")
    return len(branches)
