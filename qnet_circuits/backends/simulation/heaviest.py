"""From tensors and a question about bits to an estimate of the answer, by the heaviest Pauli paths.

A parity is followed backwards through a circuit. A Clifford gate takes a Pauli string to one other. Noise mostly shrinks a
string, and what rotations and relaxation branch off mostly weighs little. If the heaviest strings alone go on, the answer takes
no more memory in circuits that are entangled all over than in chains. If no string was dropped, the answer is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np

from qnet_circuits.backends.simulation.contraction import BYTES, NARROW, Contractor, Question, Weights
from qnet_circuits.backends.simulation.tensors import Element, Skeleton
from qnet_circuits.errors import UnsupportedError

#: A Pauli string, two bits for each leg that is open, and the variables whose parity is asked for, one bit each.
Path = tuple[int, int]
Paths = dict[Path, float]
#: What an element makes of what a string has there: the bits of its incoming legs, variables that change, and what is left.
Move = tuple[int, int, float]
#: Entries of tensors below this are rounding.
_NOTHING = 1e-12
#: Random searches for a contraction: with none, codes with conditions are mostly estimated, and lie worse.
_SEARCHES = 4


class Estimator(Contractor):
    """Answers questions exactly if a short search finds a contraction of little memory, and otherwise by the heaviest paths.

    Args:
        memory: The most bytes that a contraction may take.
        trees: Paths of contractions that are known, by shape; new ones are added.
        paths: How many Pauli paths go on after each element.
    """

    def __init__(self, memory: float, trees: dict[Any, Any], paths: int) -> None:
        # What there is memory for need not be searched for.
        super().__init__(memory, trees, _SEARCHES, narrow=math.log2(max(memory / BYTES, 2**NARROW)))
        self._paths = HeaviestPaths(paths)

    def value(self, skeleton: Skeleton, emulated: Sequence[Weights], question: Question) -> float:
        """Return the answer to a question, or an estimate of it."""
        try:
            return super().value(skeleton, emulated, question)
        except UnsupportedError:
            return self._paths.value(skeleton, emulated, question)

    def most(self, skeleton: Skeleton, emulated: Sequence[Weights], question: Question) -> float:
        """Return what an answer that is nothing but rounding is small against; 1 if it is estimated."""
        try:
            return super().most(skeleton, emulated, question)
        except UnsupportedError:
            return 1.0


class HeaviestPaths:
    """Estimates answers to questions, as a Contractor computes them.

    Args:
        most: How many paths go on after each element.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        #: The elements of the circuit that was asked of last, from the end: its questions come one after another.
        self._last: tuple[Skeleton | None, list[_Backwards]] = None, []

    def value(self, skeleton: Skeleton, emulated: Sequence[Weights], question: Question) -> float:
        """Return an estimate of the answer to a question."""
        paths = _begun(question)
        for element in self._elements(skeleton):
            paths = element.before(paths)
            if len(paths) > self._most:
                paths = dict(sorted(paths.items(), key=_weight, reverse=True)[: self._most])
        for k, weights in enumerate(emulated):
            paths = _suffered(paths, weights, skeleton.variables + 2 * k)
        return sum(paths.values())

    def _elements(self, skeleton: Skeleton) -> list[_Backwards]:
        if self._last[0] is not skeleton:
            places = _Places()
            self._last = (
                skeleton,
                [_Backwards(element, skeleton, places) for element in reversed(skeleton.elements)],
            )
        return self._last[1]


def _weight(path: tuple[Path, float]) -> float:
    return abs(path[1])


def _mask(variables: Iterable[int]) -> int:
    return sum([1 << variable for variable in variables])


def _begun(question: Question) -> Paths:
    """Return the parity that is asked for, and its products with conditions: each halves the weight and gives its sign."""
    begun: Paths = {(0, _mask(question.parity)): 1.0}
    for variables, value in question.conditions:
        joined: Paths = {}
        for (_, asked), weight in begun.items():
            for toggled, sign in ((0, 1.0), (_mask(variables), -1.0 if value else 1.0)):
                key = 0, asked ^ toggled
                joined[key] = joined.get(key, 0.0) + sign * weight / 2
        begun = joined
    return begun


def _suffered(paths: Paths, weights: Weights, variable: int) -> Paths:
    """Return what an emulated link error leaves of paths."""
    identity, x, y, z = weights
    left = (1.0, identity - x - y + z, identity + x - y - z, identity - x + y - z)
    return {key: weight * left[key[1] >> variable & 3] for key, weight in paths.items()}


class _Places:
    """The place in a string of each open leg; that of one that is closed is used again."""

    def __init__(self) -> None:
        self._of: dict[int, int] = {}
        self._free: list[int] = []

    def open(self, leg: int) -> int:
        """Return a free place for a leg."""
        self._of[leg] = self._free.pop() if self._free else 2 * len(self._of)
        return self._of[leg]

    def close(self, leg: int) -> int:
        """Return the place of a leg, which is free from now on."""
        self._free.append(self._of.pop(leg))
        return self._free[-1]


class _Backwards:
    """One element, from what its outgoing legs and its signs hold to its incoming legs."""

    def __init__(self, element: Element, skeleton: Skeleton, places: _Places) -> None:
        self._element, self._sources = element, skeleton.sources
        self._outs = [places.close(leg) for leg in element.outs]
        self._ins = [places.open(leg) for leg in element.ins]
        self._held = sum([3 << place for place in self._outs])
        self._read = _mask(sign for sign in element.sign if sign >= 0)
        self._known: dict[Path, list[Move]] = {}

    def before(self, paths: Paths) -> Paths:
        """Return paths as they are before the element."""
        found: Paths = {}
        for (paulis, asked), weight in paths.items():
            here = paulis & self._held, asked & self._read
            if here not in self._known:
                self._known[here] = list(self._moves(*here))
            for bits, toggled, left in self._known[here]:
                key = paulis ^ here[0] | bits, asked ^ here[1] ^ toggled
                found[key] = found.get(key, 0.0) + weight * left
        return found

    def _moves(self, paulis: int, asked: int) -> Iterable[Move]:
        """Yield what becomes of a string: for each value of what is summed over, each string that has a part in it."""
        array, signs = self._element.array, self._element.sign
        held = tuple(paulis >> place & 3 for place in self._outs)
        for values in product(*((0, 1) if sign < 0 else (asked >> sign & 1,) for sign in signs)):
            toggled = 0
            for sign, value in zip(signs, values, strict=True):
                toggled ^= _mask(self._sources[-1 - sign]) if sign < 0 and value else 0
            row = array[values + held]
            for place in map(tuple, np.argwhere(np.abs(row) > _NOTHING).tolist()):
                bits = sum([pauli << at for pauli, at in zip(place, self._ins, strict=True)])
                yield bits, toggled, float(row[place])
