"""Random circuits, the exact optimum of small ones, and programs that are spoiled on purpose."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from qnet_circuits.distributed.building import Built


def random_circuit(seed, most_qubits=10, most_gates=40, fewest=5):
    """Return a circuit of CX, CZ, CP, RZZ and SWAP gates, with H, X, T and rotations between them."""
    rng = np.random.default_rng(seed)
    qubits = int(rng.integers(min(fewest, most_qubits), most_qubits + 1))
    circuit = QuantumCircuit(qubits)
    for _ in range(int(rng.integers(most_gates // 2, most_gates + 1))):
        a, b = (int(qubit) for qubit in rng.choice(qubits, 2, replace=False))
        angle = float(rng.uniform(0.1, 3))
        kind = rng.integers(5)
        if kind == 0:
            circuit.cx(a, b)
        elif kind == 1:
            circuit.cz(a, b)
        elif kind == 2:
            circuit.cp(angle, a, b)
        elif kind == 3:
            circuit.rzz(angle, a, b)
        else:
            circuit.cx(b, a)
        one, turn = int(rng.integers(qubits)), rng.integers(6)
        if turn == 3:
            circuit.ry(angle, one)
        elif turn < 3:
            [circuit.h, circuit.x, circuit.t][turn](one)
    return circuit


def with_swap(seed, **sizes):
    """Return such a circuit with a SWAP in the middle."""
    circuit = random_circuit(seed, **sizes)
    swapped = QuantumCircuit(circuit.num_qubits)
    swapped.compose(circuit, inplace=True)
    swapped.swap(0, circuit.num_qubits - 1)
    return swapped.compose(circuit.inverse() if seed % 2 else circuit)


def optimum(demand, room):
    """Return the fewest pairs over all assignments on a complete network, by integer programming: no moves, no swaps."""
    a, _, b, _ = demand._edges
    left, right = demand._segments
    qubits, nodes = demand.steps.qubits, len(room)
    segments = {int(each): k for k, each in enumerate(dict.fromkeys([*map(int, left), *map(int, right)]))}
    base = qubits * nodes
    rows = lil_array((qubits + nodes + len(left) * nodes * (nodes - 1), base + len(segments) * nodes))
    low, high, row = [], [], 0
    for qubit in range(qubits):
        rows[row, qubit * nodes : (qubit + 1) * nodes] = 1
        low, high, row = [*low, 1], [*high, 1], row + 1
    for node in range(nodes):
        rows[row, node:base:nodes] = 1
        low, high, row = [*low, 0], [*high, room[node]], row + 1
    for k in range(len(left)):
        for one in range(nodes):
            for other in range(nodes):
                if one != other:
                    rows[row, a[k] * nodes + one] = rows[row, b[k] * nodes + other] = 1
                    rows[row, base + segments[int(left[k])] * nodes + other] = -1
                    rows[row, base + segments[int(right[k])] * nodes + one] = -1
                    low, high, row = [*low, -np.inf], [*high, 1], row + 1
    cost = np.r_[np.zeros(base), np.ones(len(segments) * nodes)]
    found = milp(
        cost,
        constraints=LinearConstraint(rows.tocsr(), low, high),
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
    )
    assert found.success
    return round(found.fun)


def changed(built, at, new):
    """Return a program with one instruction replaced by others, and claims that still name the same operations."""
    data = list(built.circuit.data)
    circuit = built.circuit.copy_empty_like()
    circuit.data = [*data[:at], *new, *data[at + 1 :]]
    shift = len(new) - 1
    claims = tuple(
        replace(
            claim,
            start=claim.start + shift * (claim.start > at),
            end=claim.end + shift * (claim.end > at),
        )
        for claim in built.claims
    )
    return replace(built, circuit=circuit, claims=claims)


def moved(built, at, to):
    """Return a program in which an instruction outside of remote operations has moved to a later place outside of them."""
    instruction = built.circuit.data[at]
    without = changed(built, at, [])
    data = list(without.circuit.data)
    circuit = without.circuit.copy_empty_like()
    circuit.data = [*data[:to], instruction, *data[to:]]
    claims = tuple(
        replace(claim, start=claim.start + (claim.start >= to), end=claim.end + (claim.end > to))
        for claim in without.claims
    )
    return replace(built, circuit=circuit, claims=claims)


def mutants(built) -> Iterator[tuple[str, Built]]:
    """Yield spoiled programs, each with what was done to it."""
    data = list(built.circuit.data)
    for at, each in enumerate(data):
        operation = each.operation
        if each.name == "correct":
            yield "a correction is dropped", changed(built, at, [])
            others = [bit for bit in built.circuit.clbits if bit not in each.clbits]
            if others:
                wrong = CircuitInstruction(
                    operation, each.qubits, [others[at % len(others)], *each.clbits[1:]]
                )
                yield "a correction reads another bit", changed(built, at, [wrong])
        elif each.name in ("cp", "rzz"):
            wrong = CircuitInstruction(type(operation)(operation.params[0] + 0.3), each.qubits)
            yield "an angle is wrong", changed(built, at, [wrong])
            yield "a gate is missing", changed(built, at, [])
        elif each.name == "cz":
            yield "a gate is missing", changed(built, at, [])
        elif each.name == "entangle":
            yield "a pair is used twice", changed(built, at, [])
    for claim in built.claims:
        if claim.kind == "close":
            inside = [
                k
                for k, each in enumerate(data[: claim.start])
                if claim.copy in each.qubits and len(each.qubits) == 2
            ]
            inside = [k for k in inside if data[k].name in ("cz", "cp", "rzz")]
            if inside:
                yield "a gate leaves its packet", moved(built, inside[-1], claim.end - 1)
