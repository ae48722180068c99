"""Circuits made in one step of instructions that are known to be right, and the fences between their regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Real

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Barrier, CircuitInstruction, Clbit, Delay, Gate, IfElseOp, Qubit
from qiskit.circuit.classical import expr
from qiskit.circuit.library import CXGate

from qnet_circuits.classical import inside
from qnet_circuits.devices.repaired import UNITS

#: A delay that is a whole number of steps but for this is one.
_SAME = 1e-6
#: Number of wires, and the pairs of them that meet.
Pairs = tuple[int, frozenset[frozenset[int]]]


def free_name(name: str, circuit: QuantumCircuit) -> str:
    """Return a name for a register that a circuit gets: the one given, with underscores if it is taken."""
    taken = {register.name for register in (*circuit.qregs, *circuit.cregs)}
    while name in taken:
        name += "_"
    return name


def with_instructions(circuit: QuantumCircuit, instructions: Iterable[CircuitInstruction]) -> QuantumCircuit:
    """Return a circuit with the bits, name and phase of another, that does something else."""
    return filled(circuit.copy_empty_like(), instructions)


def with_delays(circuit: QuantumCircuit, change: Callable[[Delay], Delay]) -> QuantumCircuit:
    """Return a circuit with its delays changed, in branches too; itself if none changes."""
    data = list(circuit.data)
    changed = [_with_delays(each, change) for each in data]
    if all(new is old for new, old in zip(changed, data, strict=True)):
        return circuit
    return with_instructions(circuit, changed)


def _with_delays(instruction: CircuitInstruction, change: Callable[[Delay], Delay]) -> CircuitInstruction:
    if not (instruction.is_control_flow() or instruction.name == "delay"):
        return instruction
    operation = new = instruction.operation
    if instruction.name == "delay":
        new = change(operation)
    else:
        blocks = [with_delays(block, change) for block in operation.blocks]
        if any(new is not old for new, old in zip(blocks, operation.blocks, strict=True)):
            new = operation.replace_blocks(blocks)
    return instruction if new is operation else instruction.replace(operation=new)


def in_steps(circuit: QuantumCircuit, dt: float) -> tuple[QuantumCircuit, tuple[str, ...]]:
    """Return a circuit whose delays in seconds are whole steps of a clock, and what is to be said of those that change.

    Qiskit's compiler rounds them so, too, but warns of each.

    Args:
        circuit: The circuit.
        dt: The seconds of a step.

    Example:
        >>> circuit = QuantumCircuit(1)
        >>> _ = circuit.delay(1.2345, 0, unit="us")
        >>> rounded, said = in_steps(circuit, 4e-9)
        >>> rounded.data[0].operation.duration, said
        (309, ('a delay of 1.2345 us lasts 1236 ns here, whole steps of 4 ns',))
    """
    said: dict[str, None] = {}

    def rounded(delay: Delay) -> Delay:
        if delay.unit not in UNITS or not isinstance(delay.duration, Real):
            return delay
        exact = float(delay.duration) * UNITS[delay.unit] / dt
        steps = round(exact)
        if abs(exact - steps) > _SAME:
            lasts, step = (f"{1e9 * seconds:.6g} ns" for seconds in (steps * dt, dt))
            said[f"a delay of {delay.duration} {delay.unit} lasts {lasts} here, whole steps of {step}"] = None
        return Delay(steps, "dt")

    return with_delays(circuit, rounded), tuple(said)


def on_registers(
    circuit: QuantumCircuit,
    quantum: Sequence[QuantumRegister],
    classical: Sequence[ClassicalRegister],
    instructions: Iterable[CircuitInstruction],
) -> QuantumCircuit:
    """Return a circuit with the name and phase of another, on registers of its own."""
    empty = QuantumCircuit(*quantum, *classical, name=circuit.name, global_phase=circuit.global_phase)
    return filled(empty, instructions)


def filled(circuit: QuantumCircuit, instructions: Iterable[CircuitInstruction]) -> QuantumCircuit:
    """Append instructions to a circuit, and return it."""
    for instruction in instructions:
        # Qiskit's own way past the checks, for callers who alone have the circuit and know the instruction's bits.
        circuit._append(instruction)
    return circuit


def meeting_pairs(instruction: CircuitInstruction) -> Iterator[tuple[Qubit, ...]]:
    """Yield the pairs of qubits that an instruction joins; of wide control flow, those that its branches join."""
    if instruction.is_control_flow() and len(instruction.qubits) > 2:
        for each in inside(instruction):
            yield from meeting_pairs(each)
    elif len(instruction.qubits) == 2 and instruction.name != "barrier":
        yield instruction.qubits


def interactions(circuit: QuantumCircuit) -> Pairs:
    """Return the number of wires and the pairs that meet in a two-qubit gate, control-flow bodies included."""
    place = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    pairs = (pair for instruction in circuit.data for pair in meeting_pairs(instruction))
    return circuit.num_qubits, frozenset(frozenset(place[qubit] for qubit in pair) for pair in pairs)


def three_cx(a: Qubit, b: Qubit) -> list[CircuitInstruction]:
    """Return a SWAP as three CX: a SWAP itself a compiler replaces by new names for the wires, which may lie apart."""
    return [CircuitInstruction(CXGate(), pair) for pair in ((a, b), (b, a), (a, b))]


def parity_decision(bits: Sequence[Clbit], gates: Iterable[Gate], qubit: Qubit) -> CircuitInstruction:
    """Return the instruction that applies gates, one after the other, to a qubit if the parity of bits is odd."""
    done = (CircuitInstruction(gate, (qubit,)) for gate in gates)
    body = with_instructions(QuantumCircuit([qubit], list(bits)), done)
    condition = (bits[0], True) if len(bits) == 1 else _parity([expr.lift(bit) for bit in bits])
    return CircuitInstruction(IfElseOp(condition, body), [qubit], bits)


def _parity(terms: list[expr.Expr]) -> expr.Expr:
    """Return the parity of terms as a balanced tree, since readers of a condition recur to its depth."""
    while len(terms) > 1:
        pairs = [expr.bit_xor(a, b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
    return terms[0]


def undoes_itself(gates: Sequence[Gate]) -> bool:
    """Tell whether gates on a qubit, done twice, do nothing but a phase; of a controlled one that is a phase of the control."""
    matrix = np.linalg.multi_dot([np.eye(2), *(gate.to_matrix() for gate in reversed((*gates, *gates)))])
    return bool(abs(np.trace(matrix)) > 2 - 1e-9)


def count(circuit: QuantumCircuit) -> tuple[int, int]:
    """Return the number of two-qubit gates of a circuit, and its depth; a barrier on several wires only joins them."""
    reached: dict[Qubit | Clbit, int] = dict.fromkeys([*circuit.qubits, *circuit.clbits], 0)
    gates = 0
    for instruction in circuit.data:
        barrier, qubits = instruction.name == "barrier", instruction.qubits
        gates += len(qubits) == 2 and not barrier
        bits = qubits + instruction.clbits
        if len(bits) == 1:
            reached[bits[0]] += not barrier
            continue
        level = (not barrier) + max([reached[bit] for bit in bits], default=0)
        reached.update(dict.fromkeys(bits, level))
    return gates, max(reached.values(), default=0)


#: Fences are one-qubit barriers with unique labels, at each end of every operation between two nodes. They stop every pass of a
#: compiler from cancelling, merging or moving gates across the boundary, at any optimisation level. A joint barrier would do so
#: too, but make the two nodes wait for one another.
_PREFIX = "fence:"
_JOINT = "joint:"


def fence(qubit: Qubit, label: str) -> CircuitInstruction:
    """Return a fence with a label, unique in its circuit, as an instruction."""
    return CircuitInstruction(Barrier(1, label=_PREFIX + label), (qubit,))


def fence_label(instruction: CircuitInstruction) -> str | None:
    """Return the label of a fence, or None for any other instruction."""
    if instruction.name != "barrier":
        return None
    label = instruction.label or ""
    return label.removeprefix(_PREFIX) if label.startswith(_PREFIX) else None


def joint(qubits: tuple[Qubit, ...], label: str) -> CircuitInstruction:
    """Return the place where something happens to several wires together, which wait for one another there."""
    return CircuitInstruction(Barrier(len(qubits), label=_JOINT + label), qubits)


def place_label(instruction: CircuitInstruction) -> str | None:
    """Return the label of a fence or of a joint place, or None for any other instruction."""
    if instruction.name != "barrier":
        return None
    label = instruction.label or ""
    return label.removeprefix(_JOINT) if label.startswith(_JOINT) else fence_label(instruction)


def fence_labels(circuit: QuantumCircuit) -> list[str]:
    """Return the labels of all fences of a circuit, in order."""
    labels = (fence_label(instruction) for instruction in circuit.data)
    return [label for label in labels if label is not None]
