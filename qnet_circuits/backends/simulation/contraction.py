"""From tensors and a question about bits to a number, by cotengra."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from qnet_circuits.backends.simulation.tensors import Element, Skeleton
from qnet_circuits.errors import UnsupportedError

Array = npt.NDArray[np.float64]
Weights = tuple[float, float, float, float]
DEFAULT_MEMORY = 2 * 2**30
#: Bytes for each entry of the largest tensor: a contraction holds that tensor and what it is made of.
BYTES = 3 * 8
_XOR = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
#: Random searches for a wide contraction, and the width up to which the greedy one is taken as it is.
_SEARCHES, NARROW = 32, 12
_SEED = 7
#: A set of variables whose parity must have a value.
Condition = tuple[frozenset[int], int]


@dataclass(frozen=True)
class Question:
    """The mean of (-1) to a parity over the outcomes that meet conditions, not divided by their probability.

    Args:
        parity: The variables of the parity; empty for the probability of the conditions alone.
        conditions: The conditions.
    """

    parity: frozenset[int]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Signs:
    """For each variable, the sign's exponent: a constant, and the summed indices whose parity is added to it."""

    constant: frozenset[int]
    summed: Mapping[int, frozenset[int]]


def signs_of(question: Question, sources: Sequence[frozenset[int]]) -> Signs:
    """Return which indices meet in each variable's sign: first the decisions', then the conditions'."""
    summed: dict[int, set[int]] = {}
    for index, variables in enumerate([*sources, *(variables for variables, _ in question.conditions)]):
        for variable in variables:
            summed.setdefault(variable, set()).add(index)
    return Signs(question.parity, {variable: frozenset(indices) for variable, indices in summed.items()})


@dataclass
class TensorNetwork:
    """Tensors by index, ready to be contracted to a number."""

    arrays: list[Array] = field(default_factory=list)
    inputs: list[tuple[int, ...]] = field(default_factory=list)
    factor: float = 1.0

    def add(self, array: Array, indices: Sequence[int]) -> None:
        """Add a tensor; one without indices is a factor."""
        if indices:
            self.arrays.append(array)
            self.inputs.append(tuple(indices))
        else:
            self.factor *= float(array)


class Contractor:
    """Contracts networks, and remembers the path for each shape.

    Args:
        memory: The most bytes that a contraction may take.
        trees: Paths that are known, by shape; new ones are added.
        searches: How many random searches a wide contraction is worth; without one, the greedy one is taken.
        narrow: Log2 of the entries of the largest tensor up to which the greedy one is taken as it is.
    """

    def __init__(
        self,
        memory: float = DEFAULT_MEMORY,
        trees: dict[Any, Any] | None = None,
        searches: int = _SEARCHES,
        narrow: float = NARROW,
    ) -> None:
        self._memory, self._searches, self._narrow = memory, searches, narrow
        self._trees = {} if trees is None else trees
        #: Log2 of the most entries that a tensor had.
        self.width = 0.0

    def value(self, skeleton: Skeleton, emulated: Sequence[Weights], question: Question) -> float:
        """Return the answer to a question.

        Raises:
            UnsupportedError: If a tensor would be larger than the memory given.
        """
        if not question.parity and not question.conditions:
            return 1.0
        network = network_of(skeleton, emulated, question)
        if not network.arrays or network.factor == 0.0:
            return network.factor
        tree = self._tree(network)
        return network.factor * float(tree.contract(network.arrays))

    def most(self, skeleton: Skeleton, emulated: Sequence[Weights], question: Question) -> float:
        """Return what the answer would be if nothing cancelled: against this, rounding is as small as that of one number."""
        network = network_of(skeleton, emulated, question)
        if not network.arrays:
            return abs(network.factor)
        tree = self._tree(network)
        return abs(network.factor) * float(tree.contract([np.abs(array) for array in network.arrays]))

    def _tree(self, network: TensorNetwork) -> Any:
        key = tuple(network.inputs), tuple(array.shape for array in network.arrays)
        if key not in self._trees:
            self._trees[key] = self._found(network)
        tree = self._trees[key]
        width = float(tree.contraction_width())
        self._check(width)
        self.width = max(self.width, width)
        return tree

    def _check(self, width: float) -> None:
        needed = BYTES * 2.0**width
        if needed > self._memory:
            raise UnsupportedError(
                f"exact computation needs tensors of 2^{math.ceil(width)} entries, {needed / 2**30:.3g} GiB, and may take "
                f"{self._memory / 2**30:.3g} GiB; allow more with memory=... (--memory-gib), use fewer qubits "
                "that are entangled at once, or sample on aer"
            )

    def _found(self, network: TensorNetwork) -> Any:
        """Return a contraction tree: greedy for a chain, the best of several greedy searches for what is wider.

        Python's searches in one process give the same trees on every machine, with any number of cores.
        """
        import cotengra

        sizes = {
            index: size
            for array, indices in zip(network.arrays, network.inputs, strict=True)
            for index, size in zip(indices, array.shape, strict=True)
        }

        def tree(search: Any) -> Any:
            return cotengra.array_contract_tree(network.inputs, (), sizes, optimize=search)

        greedy = tree(cotengra.GreedyOptimizer(accel=False))
        if not self._searches or greedy.contraction_width() <= self._narrow:
            return greedy
        search = cotengra.RandomGreedyOptimizer(self._searches, seed=_SEED, accel=False, parallel=False)
        return min(greedy, tree(search), key=lambda each: each.contraction_width())


def network_of(skeleton: Skeleton, emulated: Sequence[Weights], question: Question) -> TensorNetwork:
    """Return the network whose value is the answer to a question."""
    return _Asked(skeleton, emulated, question).network


class _Asked:
    """A network in the making."""

    def __init__(self, skeleton: Skeleton, emulated: Sequence[Weights], question: Question) -> None:
        self._signs = signs_of(question, skeleton.sources)
        self._first = skeleton.indices
        self._next = self._first + len(skeleton.sources) + len(question.conditions)
        #: Index of the parity of each set of summed indices that exists already, in order of making.
        self._made: dict[frozenset[int], int] = {}
        self.network = TensorNetwork()
        for element in skeleton.elements:
            self._element(element)
        for k, weights in enumerate(emulated):
            self._emulated(weights, skeleton.variables + 2 * k)
        for k, (variables, value) in enumerate(question.conditions):
            self._condition(len(skeleton.sources) + k, value, bool(variables))

    def _element(self, element: Element) -> None:
        array, indices = self._signed(element.array, element.sign)
        self.network.add(array, [*indices, *element.outs, *element.ins])

    def _signed(self, array: Array, signs: Iterable[int]) -> tuple[Array, list[int]]:
        """Return a tensor with the axes of its signs resolved, and the indices of those that are still there."""
        indices: list[int] = []
        for sign in signs:
            array, index = self._sign(array, len(indices), sign)
            indices += [] if index is None else [index]
        return array, indices

    def _sign(self, array: Array, axis: int, sign: int) -> tuple[Array, int | None]:
        """Return the tensor with one sign's axis resolved, and the axis' index if it is still there."""
        if sign < 0:
            return array, self._first + (-1 - sign)
        constant = int(sign in self._signs.constant)
        summed = self._signs.summed.get(sign)
        if not summed:
            return np.take(array, constant, axis), None
        if constant:
            array = np.flip(array, axis)
        return array, self._parity(summed)

    def _emulated(self, weights: Weights, variable: int) -> None:
        """Add an emulated link error: its sign for X and for Z."""
        identity, x, y, z = weights
        array = np.array([[1.0, identity + x - y - z], [identity - x - y + z, identity - x + y - z]])
        self.network.add(*self._signed(array, (variable, variable + 1)))

    def _condition(self, number: int, value: int, used: bool) -> None:
        """Add the sum that enforces a condition: half the sum over s of (-1)^(s · value) times the variables' signs."""
        array = np.array([0.5, -0.5 if value else 0.5])
        if used:
            self.network.add(array, [self._first + number])
        else:
            self.network.factor *= float(array.sum())

    def _parity(self, summed: frozenset[int]) -> int:
        """Return the index that is the parity of summed ones, made of what is there already where that is shorter."""
        if len(summed) == 1:
            (single,) = summed
            return self._first + single
        if summed in self._made:
            return self._made[summed]
        recent = list(self._made)[-8:]
        base = min(recent, key=lambda known: len(known ^ summed), default=frozenset())
        if len(base ^ summed) >= len(summed) - 1:
            base = frozenset((min(summed),))
        index = self._made.get(base) if base in self._made else self._first + min(base)
        assert index is not None
        done = base
        for single in sorted(base ^ summed):
            done = done ^ {single}
            index = self._xor(index, self._first + single)
            if len(done) > 1:
                self._made.setdefault(done, index)
        return index

    def _xor(self, a: int, b: int) -> int:
        index = self._next
        self._next += 1
        self.network.add(_XOR, [a, b, index])
        return index
