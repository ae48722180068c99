"""Every branch of a noisy circuit at once: the state of its wires together with all bits that were measured.

The state is a real array: an axis I, X, Y, Z for each wire (I, Z for one that was just measured), and an axis 0, 1 for each
result of a measurement. An entry is the expectation value of the Paulis times the probability of the results. So what is known
of a wire by somebody who knows some of the results is a sum over the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from math import prod

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Clbit

from qnet_circuits.backends.simulation.pauli_transfer import transfer
from qnet_circuits.backends.simulation.steps import Decision, Measurement, NoisyStep, Reset
from qnet_circuits.classical import Choice, choice_of
from qnet_circuits.errors import UnsupportedError

Array = npt.NDArray[np.float64]
#: A result of a measurement: the bit that it was written into, and which time the bit was written, from 1.
Written = tuple[int, int]
#: The most entries of a state: ten qubits of which each is measured once.
MOST_ENTRIES = 2**20
#: A share of shots below this is rounding.
NOTHING = 1e-13
#: Places of I and Z, and of X and Y, on the axis of a wire; and what is rounding.
_POPULATIONS, _COHERENCE, _ZERO = (0, 3), (1, 2), 1e-13
_RESET = np.array([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]], dtype=float)


class Branches:
    """The state of a circuit's wires and results, evolved step by step. Wires begin in |0⟩.

    Args:
        bits: The circuit's classical bits, which conditions of decisions refer to.

    Example:
        >>> from qiskit.circuit.library import HGate
        >>> from qnet_circuits.backends.simulation.steps import Measurement, Unitary
        >>> state = Branches(())
        >>> state.apply([Unitary(HGate(), (0,)), Measurement(0, bit=0)])
        >>> state.bloch(0, {}).round(9).tolist(), state.bloch(0, {(0, 1): 1}).round(9).tolist()
        ([0.0, 0.0, 0.0], [0.0, 0.0, -1.0])
    """

    def __init__(self, bits: Sequence[Clbit]) -> None:
        self._number = {bit: k for k, bit in enumerate(bits)}
        self._array: Array = np.ones(())
        #: What each axis is: a wire by its number, or a result.
        self._axes: list[int | Written] = []
        #: How often each bit was written.
        self.writes: dict[int, int] = {}

    @property
    def results(self) -> list[Written]:
        """The results so far."""
        return [axis for axis in self._axes if isinstance(axis, tuple)]

    def apply(self, steps: Iterable[NoisyStep]) -> None:
        """Let steps happen, one after another."""
        for step in steps:
            self._apply(step)

    def chance(self, known: Mapping[Written, int]) -> float:
        """Return the probability of some results, whatever the others are."""
        return float(self._given(known, None))

    def bloch(
        self, wire: int, known: Mapping[Written, int], parities: Iterable[tuple[Sequence[Written], int]] = ()
    ) -> Array | None:
        """Return the Bloch vector of a wire for somebody who knows some results; None if these cannot be.

        Args:
            wire: The wire.
            known: The value of each result that is known. Results that are not there yet tell nothing.
            parities: Results of which only the parity is known, with its value.
        """
        if wire not in self._axes:
            return np.array([0.0, 0.0, 1.0])
        found = self._given(known, wire, parities)
        if found[0] < NOTHING:
            return None
        return found[1:] / found[0] if len(found) == 4 else np.array([0.0, 0.0, found[1] / found[0]])

    def _given(
        self,
        known: Mapping[Written, int],
        wire: int | None,
        parities: Iterable[tuple[Sequence[Written], int]] = (),
    ) -> Array:
        """Return I, X, Y and Z of a wire, or I alone of no wire, times the probability of what is known."""
        state = self._array
        for results, value in parities:
            if {*results} <= {*self._axes}:
                parity = reduce(np.bitwise_xor, map(self._along, results), np.zeros((), dtype=int))
                state = np.where(parity == value, state, 0.0)
        index: list[int | slice] = []
        for axis in self._axes:
            other = 0 if not isinstance(axis, tuple) else known.get(axis, slice(None))
            index.append(slice(None) if axis == wire else other)
        left = [axis for axis, each in zip(self._axes, index, strict=True) if isinstance(each, slice)]
        found = state[tuple(index)]
        summed = tuple(k for k, axis in enumerate(left) if axis != wire)
        whole: Array = found.sum(axis=summed) if summed else found
        return whole

    # -- one step --------------------------------------------------------------------------------------------------

    def _apply(self, step: NoisyStep, inside: bool = False) -> None:
        """Let a step happen; inside of a branch measurements write over the results that were made for them."""
        for wire in step.wires:
            self._begin(wire)
        if isinstance(step, Measurement):
            if not inside:
                self.writes[step.bit] = self.writes.get(step.bit, 0) + 1
            self._measure(step, (step.bit, self.writes[step.bit]))
        elif isinstance(step, Decision):
            self._decide(step, inside)
        else:
            self._act(_RESET if isinstance(step, Reset) else transfer(step), step.wires)

    def _begin(self, wire: int) -> None:
        if wire not in self._axes:
            self._array = np.multiply.outer(self._array, np.array([1.0, 0.0, 0.0, 1.0]))
            self._axes.append(wire)
            self._check_size()

    def _check_size(self) -> None:
        if self._array.size > MOST_ENTRIES:
            raise UnsupportedError(
                f"states take more than {MOST_ENTRIES} numbers, as those of ten qubits do; use a smaller network"
            )

    def _act(self, matrix: Array, wires: Sequence[int]) -> None:
        """Let a channel act on wires, the first of which is the slowest of its matrix.

        A wire that was measured has I and Z alone, until something gives it X and Y.
        """
        count, places = len(wires), [self._axes.index(wire) for wire in wires]
        tensor = matrix.reshape((4,) * (2 * count))
        for k, place in enumerate(places):
            if self._array.shape[place] == 2:
                tensor = tensor.take(_POPULATIONS, axis=count + k)
                if not np.abs(tensor.take(_COHERENCE, axis=k)).max() > _ZERO:
                    tensor = tensor.take(_POPULATIONS, axis=k)
        acted = np.tensordot(tensor, self._array, axes=(range(count, 2 * count), places))
        self._array = np.moveaxis(acted, range(count), places)
        self._check_size()

    def _measure(self, step: Measurement, result: Written) -> None:
        """Measure a wire into a result, a new one or one that was there and is forgotten."""
        if result in self._axes:
            place = self._axes.index(result)
            self._array, self._axes[place : place + 1] = self._array.sum(axis=place), ()
        place = self._axes.index(step.wire)
        if self._array.shape[place] == 4:
            self._array = self._array.take(_POPULATIONS, axis=place)
        seen = np.tensordot(_instrument(step.p10, step.p01), self._array, axes=((2,), (place,)))
        self._array, self._axes = np.moveaxis(seen, 1, place + 1), [result, *self._axes]
        self._check_size()

    # -- decisions -------------------------------------------------------------------------------------------------

    def _decide(self, step: Decision, inside: bool) -> None:
        """Let each branch of a decision act on the share of the state in which it is taken."""
        choice = choice_of(step.operation)
        for bit in () if inside else dict.fromkeys(_measured(step)):
            self._copy(bit)
        taken = self._taken(choice)
        axes, whole = list(self._axes), self._array
        shares: list[Array] = []
        for k in range(max(len(step.blocks), *choice.table) + 1):
            self._array, self._axes = np.where(taken == k, whole, 0.0), list(axes)
            for each in step.blocks[k] if k < len(step.blocks) else ():
                self._apply(each, inside=True)
            shares.append(np.transpose(self._array, [self._axes.index(axis) for axis in axes]))
        shape = np.max([share.shape for share in shares], axis=0)
        self._array, self._axes = np.sum([_widened(share, shape) for share in shares], axis=0), axes

    def _taken(self, choice: Choice) -> npt.NDArray[np.int_]:
        """Return which branch is taken for each value of the results that decide, on the axes of the state."""
        value = np.zeros((1,) * len(self._axes), dtype=int)
        for bit in choice.bits:
            own = self._value(self._number[bit])
            value = value ^ own if choice.parity else 2 * value + own
        return np.array(choice.table)[value]

    def _value(self, bit: int) -> npt.NDArray[np.int_]:
        """Return the value of a bit on the axes of the state; one that was never written is 0."""
        return self._along((bit, self.writes.get(bit, 0)))

    def _along(self, result: Written) -> npt.NDArray[np.int_]:
        """Return the value of a result on the axes of the state; 0 if it is not one of them."""
        shape = [2 if axis == result else 1 for axis in self._axes]
        return np.arange(prod(shape)).reshape(shape)

    def _copy(self, bit: int) -> None:
        """Make a new result of a bit that has the value of the last one, since a branch may leave it as it was."""
        old = self._value(bit)
        self.writes[bit] = self.writes.get(bit, 0) + 1
        self._array = np.stack([np.where(old == value, self._array, 0.0) for value in (0, 1)])
        self._axes.insert(0, (bit, self.writes[bit]))
        self._check_size()


def _widened(array: Array, shape: Sequence[int]) -> Array:
    """Return a state with X and Y of wires that have I and Z alone, up to a shape."""
    for place, size in enumerate(shape):
        if array.shape[place] < size:
            array = np.insert(array, (1, 1), 0.0, axis=place)
    return array


def _instrument(p10: float, p01: float) -> Array:
    """Return what is read, and what is left of I and Z, as an array (result, after, before)."""
    zero, one = np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([[0.5, -0.5], [-0.5, 0.5]])
    return np.stack([(1 - p10) * zero + p01 * one, p10 * zero + (1 - p01) * one])


def _measured(step: NoisyStep) -> Iterator[int]:
    """Yield the bits that are measured in the branches of a decision."""
    if isinstance(step, Measurement):
        yield step.bit
    for block in step.blocks if isinstance(step, Decision) else ():
        for each in block:
            yield from _measured(each)
