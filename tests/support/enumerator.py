"""Exact distributions of circuits, by following every branch of every measurement."""

from collections import defaultdict

import numpy as np
from qiskit.circuit import IfElseOp
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Operator

from qnet_circuits.programs.instructions import conditioned

PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
_BELL = np.zeros((4, 4), dtype=complex)
_BELL[[0, 3], 0] = 2**-0.5
_BELL[:, 1:] = np.linalg.svd(_BELL[:, :1])[0][:, 1:]


def _apply(state, matrix, places):
    """Apply a matrix to qubits of a state tensor, the first place the least significant."""
    k = len(places)
    axes = list(reversed(places))
    moved = np.moveaxis(state, axes, range(k)).reshape(2**k, -1)
    shape = (2,) * state.ndim
    return np.moveaxis((matrix @ moved).reshape(shape), range(k), axes)


def _value(condition, bits):
    if isinstance(condition, tuple):
        return bits.get(condition[0], 0) == int(condition[1])
    if isinstance(condition, expr.Var):
        return bool(bits.get(condition.var, 0))
    if isinstance(condition, expr.Binary):
        assert condition.op is expr.Binary.Op.BIT_XOR
        return _value(condition.left, bits) ^ _value(condition.right, bits)
    raise AssertionError(condition)


class Branch:
    def __init__(self, state, bits, place, parities_):
        self.state, self.bits, self.place, self.parities = state, bits, place, parities_


def distribution(circuit, mode="feedforward"):
    """Return {(bits of all registers, correction parities): probability} of a program's or a lowered circuit."""
    n = circuit.num_qubits
    state = np.zeros((2,) * n, dtype=complex)
    state[(0,) * n] = 1
    place = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    branches = [Branch(state, {}, place, ())]
    for instruction in circuit.data:
        branches = [new for branch in branches for new in _step(branch, instruction, mode)]
    total = defaultdict(float)
    for branch in branches:
        bits = tuple(branch.bits.get(bit, 0) for bit in circuit.clbits)
        total[bits, branch.parities] += float(np.sum(np.abs(branch.state) ** 2))
    return {key: weight for key, weight in total.items() if weight > 1e-12}


def _split(branch, place):
    for value in (0, 1):
        projector = np.diag([1 - value, value])
        state = _apply(branch.state, projector, [place])
        if np.sum(np.abs(state) ** 2) > 1e-12:
            yield value, Branch(state, dict(branch.bits), branch.place, branch.parities)


def _step(branch, instruction, mode):
    operation = instruction.operation
    places = [branch.place[qubit] for qubit in instruction.qubits]
    name = operation.name
    if name == "barrier":
        return [branch]
    if name == "measure":
        new = []
        for value, split in _split(branch, places[0]):
            split.bits[instruction.clbits[0]] = value
            new.append(split)
        return new
    if name == "reset":
        new = []
        for value, split in _split(branch, places[0]):
            if value:
                split.state = _apply(split.state, PAULIS["X"], places)
            new.append(split)
        return new
    if name == "correct":
        for bits, gates in conditioned(instruction):
            value = sum(branch.bits.get(bit, 0) for bit in bits) % 2
            for gate in gates if value and mode != "none" else ():
                branch.state = _apply(branch.state, gate.to_matrix(), places)
            branch.parities += (value,)
        return [branch]
    if name == "transmit":
        source, target = instruction.qubits
        branch.place = {**branch.place, target: branch.place[source], source: branch.place[target]}
        return [branch]
    if isinstance(operation, IfElseOp):
        block = operation.blocks[0] if _value(operation.condition, branch.bits) else None
        if block is None and len(operation.blocks) > 1:
            block = operation.blocks[1]
        branches = [branch]
        if block is not None:
            inner = dict(zip(block.qubits, instruction.qubits, strict=True))
            bits = dict(zip(block.clbits, instruction.clbits, strict=True))
            for inside in block.data:
                outer = inside.replace(
                    qubits=[inner[q] for q in inside.qubits], clbits=[bits[c] for c in inside.clbits]
                )
                branches = [new for b in branches for new in _step(b, outer, mode)]
        return branches
    matrix = _BELL if name == "entangle" else Operator(operation).data
    branch.state = _apply(branch.state, matrix, places)
    return [branch]


def corrected(lowered):
    """Return the distribution over the program's registers of a lowered circuit, and the share that was accepted."""
    raw = distribution(lowered.circuit)
    place = {bit: k for k, bit in enumerate(lowered.circuit.clbits)}
    columns = {
        (register.name, k): place[bit] for register in lowered.circuit.cregs for k, bit in enumerate(register)
    }
    total, accepted = defaultdict(float), 0.0
    for (bits, _), weight in raw.items():
        values = [bits[columns[where]] for where in lowered.forms.raw]

        def parity(form, values=values):
            return sum(values[k] for k in form) % 2

        if any(parity(form) for form in lowered.forms.accept):
            continue
        accepted += weight
        outcome = tuple(parity(form) for forms in lowered.forms.registers.values() for form in forms)
        total[outcome] += weight
    return {key: weight / accepted for key, weight in total.items()}, accepted


def registers_of(dist, keep=lambda parities_: True):
    """Return a program's distribution over bits alone, conditioned on its correction parities."""
    total = defaultdict(float)
    for (bits, parities_), weight in dist.items():
        if keep(parities_):
            total[bits] += weight
    whole = sum(total.values())
    return {key: weight / whole for key, weight in total.items()}, whole


def same(first, second, tolerance=1e-9):
    keys = set(first) | set(second)
    return all(abs(first.get(key, 0) - second.get(key, 0)) < tolerance for key in keys)
