"""The search for an assignment of qubits to nodes that needs few pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.distributed.packets import Demand, Ints, Tally
from qnet_circuits.errors import ParameterError

#: Evaluations of a search: for each qubit and in all, and the least number.
_PER_QUBIT, _MOST, _LEAST = 160, 9_000, 1_200
#: Up to this many qubits a search starts several times.
_SMALL, _STARTS = 16, 6
#: Temperatures in pairs, from the first step to the last.
_HOT, _COLD = 1.5, 0.08


@dataclass(frozen=True)
class Problem:
    """What is to be assigned, and to what.

    Args:
        demand: The gates between qubits.
        distance: The number of links between two nodes, (nodes, nodes).
        room: The number of data qubits of each node.
    """

    demand: Demand
    distance: NDArray[np.int64]
    room: tuple[int, ...]

    def __post_init__(self) -> None:
        needed = self.demand.steps.qubits
        if sum(self.room) < needed:
            raise ParameterError(
                f"the circuit has {needed} qubits, and the nodes have {sum(self.room)} data qubits "
                f"({', '.join(map(str, self.room))}); give the nodes more data qubits, or take more nodes"
            )

    def cost(self, nodes: Ints) -> int:
        """Return the pairs that an assignment needs."""
        return self.demand.pairs(nodes, self.distance)


def assigned(problem: Problem, seed: int = 0) -> tuple[int, ...]:
    """Return the node of each qubit: the best assignment that simulated annealing finds.

    Costs are exact: the fewest packets for each assignment that is tried. The search begins with the best of some orders of
    the qubits, cut into blocks. It takes a number of steps and no time, so the same seed finds the same assignment everywhere.

    Args:
        problem: The problem.
        seed: Seed of the search.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qnet_circuits.distributed.steps import steps_of
        >>> circuit = QuantumCircuit(4)
        >>> _ = circuit.cz(0, 2), circuit.cz(1, 3), circuit.cz(0, 2)
        >>> two = np.array([[0, 1], [1, 0]])
        >>> nodes = assigned(Problem(Demand(steps_of(circuit)), two, (2, 2)))
        >>> nodes[0] == nodes[2], nodes[1] == nodes[3]
        (True, True)
    """
    rng = np.random.default_rng(seed)
    qubits = problem.demand.steps.qubits
    if len(problem.room) == 1:
        return (0,) * qubits
    starts = sorted(_starts(problem, rng), key=problem.cost)
    many = _STARTS if qubits <= _SMALL else 1
    budget = min(max(_PER_QUBIT * qubits, _LEAST), _MOST)
    found = [_annealed(problem, starts[k % len(starts)], budget // many, rng) for k in range(many)]
    best = min(found, key=problem.cost)
    return tuple(int(node) for node in best)


def _starts(problem: Problem, rng: np.random.Generator) -> Iterator[Ints]:
    """Yield assignments: orders of the qubits, cut into blocks as large as the nodes."""
    qubits = problem.demand.steps.qubits
    weights = np.zeros((qubits, qubits))
    for _, step in problem.demand.steps.joints:
        weights[step.a, step.b] += 1
        weights[step.b, step.a] += 1
    orders = [np.arange(qubits)]
    if weights.any():
        # Neighbours in the second eigenvector of the graph's Laplacian have many gates in common.
        _, vectors = np.linalg.eigh(np.diag(weights.sum(axis=1)) - weights)
        orders.append(np.argsort(vectors[:, 1], kind="stable"))
    orders += [rng.permutation(qubits) for _ in range(4)]
    for order in orders:
        # The ends of an order with the least gates between them may go together, so a block may go around the end.
        for shift in (0, problem.room[0] // 2):
            yield _blocks(np.roll(order, shift), problem.room)


def _blocks(order: Ints, room: Sequence[int]) -> Ints:
    """Fill the nodes one after the other, all with the same share of their room."""
    qubits, left = len(order), sum(room)
    at = np.empty(qubits, dtype=np.int64)
    start = 0
    for node, places in enumerate(room):
        take = min(places, math.ceil((qubits - start) * places / left)) if left else 0
        at[order[start : start + take]] = node
        start, left = start + take, left - places
    return at


def _annealed(problem: Problem, start: Ints, budget: int, rng: np.random.Generator) -> Ints:
    """Move and exchange qubits at random, uphill ever more rarely; return the best assignment on the way."""
    at, tally = start.copy(), Tally(problem.demand, start, problem.distance)
    cost = tally.pairs()
    best, least = at.copy(), cost
    nodes = len(problem.room)
    free = np.array(problem.room) - np.bincount(at, minlength=nodes)
    for step in range(budget):
        if least == 0:
            break
        temperature = _HOT * (_COLD / _HOT) ** (step / budget)
        qubit = int(rng.integers(len(at)))
        old = int(at[qubit])
        node = int((old + 1 + rng.integers(nodes - 1)) % nodes)
        there = np.flatnonzero(at == node)
        alone = free[node] > 0 and (len(there) == 0 or rng.random() < 0.5)
        if not alone and len(there) == 0:
            continue
        moves = {qubit: node} if alone else {qubit: node, int(there[rng.integers(len(there))]): old}
        for each, to in moves.items():
            tally.put(each, to)
        change = tally.pairs() - cost
        if change <= 0 or rng.random() < math.exp(-change / temperature):
            if alone:
                free[old] += 1
                free[node] -= 1
            for each, to in moves.items():
                at[each] = to
            cost += change
            if cost < least:
                best, least = at.copy(), cost
        else:
            for each in moves:
                tally.put(each, int(at[each]))
    return best
