"""The tensors of a noisy circuit.

States are real vectors of Pauli expectations. Classical bits appear by the sign (-1)^(b t) that they contribute to: t is 0
where nobody asks for the bit, 1 where a parity that is wanted contains it, and an index that is summed over where a decision
depends on it. A parity of any number of bits then costs nothing, and a decision couples to all its bits by one index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Clbit

from qnet_circuits.backends.simulation.fusing import Fused, followed, fuse
from qnet_circuits.backends.simulation.pauli_transfer import transfer
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Measurement,
    NoisyCircuit,
    NoisyStep,
    Reset,
    Transfer,
)
from qnet_circuits.classical import check_width, choice_of, taken
from qnet_circuits.errors import UnsupportedError

Array = npt.NDArray[np.float64]
_ZERO = np.array([1.0, 0.0, 0.0, 1.0])
_TRACE = np.array([1.0, 0.0, 0.0, 0.0])
_RESET = np.outer(_ZERO, _TRACE)
#: A branch on more wires, those that turn with its own included, has a matrix of more than a million entries.
_WIDEST_BRANCH = 5


@dataclass
class Element:
    """A tensor: its signs' axes first, then its outgoing legs, then its incoming ones.

    Args:
        array: The tensor.
        outs: Index of each outgoing leg.
        ins: Index of each incoming leg.
        sign: For each sign's axis, the variable that it belongs to, for a measurement, or -1 - k for the kth source.
    """

    array: Array
    outs: tuple[int, ...]
    ins: tuple[int, ...]
    sign: tuple[int, ...] = ()


@dataclass
class Skeleton:
    """A noisy circuit's tensors, before anything is asked of its bits.

    Args:
        elements: The tensors.
        sources: The variables of each decision's index: sets whose parity the index is the conjugate of.
        variables: Number of measurements.
        last: The variable that each bit holds at the end.
        indices: Number of legs.
    """

    elements: list[Element] = field(default_factory=list)
    sources: list[frozenset[int]] = field(default_factory=list)
    variables: int = 0
    last: dict[int, int] = field(default_factory=dict)
    indices: int = 0


def skeleton_of(circuit: NoisyCircuit) -> Skeleton:
    """Make the tensors of a noisy circuit.

    Raises:
        UnsupportedError: If a step cannot be computed exactly; the message names the way out.
    """
    builder = _Builder(circuit)
    steps = fuse(circuit.steps)
    last_use = {wire: k for k, step in enumerate(steps) for wire in step.wires}
    for k, step in enumerate(steps):
        builder.add(step, ends=last_use[step.wires[0]] == k)
    return builder.finish()


class _Builder:
    def __init__(self, circuit: NoisyCircuit) -> None:
        self._bits = {bit: k for k, bit in enumerate(circuit.source.clbits)}
        self._made = Skeleton()
        #: The leg that each wire goes on from; a wire without one is in |0⟩.
        self._leg: dict[int, int] = {}

    def add(self, step: Fused, ends: bool) -> None:
        """Add a step; ``ends`` tells whether its first wire is not used again."""
        if isinstance(step, Transfer):
            self._put(step.wires, step.matrix[np.newaxis], ())
        elif isinstance(step, Measurement):
            self._measure(step, ends)
        elif isinstance(step, Decision):
            self._decide(step)
        else:
            self._close(step.wire)

    def finish(self) -> Skeleton:
        """Forget what is left of all wires, and return the tensors."""
        for wire in list(self._leg):
            self._close(wire)
        return self._made

    def _put(self, wires: tuple[int, ...], table: Array, sign: tuple[int, ...]) -> None:
        """Add a tensor that wires pass; ``table`` has a matrix for each value of the signs."""
        k = len(wires)
        array = table.reshape((2,) * len(sign) + (4,) * (2 * k))
        array, ins = self._enter(array, wires, len(sign) + k)
        outs = tuple(range(self._made.indices, self._made.indices + k))
        self._made.indices += k
        self._leg.update(zip(wires, outs, strict=True))
        self._made.elements.append(Element(array, outs, ins, sign))

    def _enter(self, array: Array, wires: tuple[int, ...], axis: int) -> tuple[Array, tuple[int, ...]]:
        """Join a tensor's incoming axes, from ``axis`` on, to the wires' legs; those in |0⟩ are filled in."""
        ins = []
        for wire in wires:
            leg = self._leg.pop(wire, None)
            if leg is None:
                array = np.tensordot(array, _ZERO, (axis, 0))
            else:
                ins.append(leg)
                axis += 1
        return array, tuple(ins)

    def _end(self, wire: int, array: Array, sign: tuple[int, ...]) -> None:
        """Add a tensor that ends a wire; its last axis takes the wire's state."""
        array, ins = self._enter(array, (wire,), array.ndim - 1)
        self._made.elements.append(Element(array, (), ins, sign))

    def _close(self, wire: int) -> None:
        """Forget a wire's state; it is in |0⟩ then."""
        if wire in self._leg:
            self._end(wire, _TRACE, ())

    # -- bits ------------------------------------------------------------------------------------------------------

    def _measure(self, step: Measurement, ends: bool) -> None:
        """Add a measurement: the read bit with its sign, and the state that is left if the wire goes on."""
        variable = self._made.variables
        self._made.variables += 1
        self._made.last[step.bit] = variable
        # Σ over the read bit r of (-1)^(t r) P(r | b), for t = 0, 1 and b = 0, 1.
        weight = np.array([[1.0, 1.0], [1 - 2 * step.p10, 2 * step.p01 - 1]])
        # The probability of outcome b, and the state that is left after it.
        found = np.array([[0.5, 0, 0, 0.5], [0.5, 0, 0, -0.5]])
        left = np.array([[1.0, 0, 0, 1.0], [1.0, 0, 0, -1.0]])
        if ends:
            self._end(step.wire, weight @ found, (variable,))
        else:
            self._put((step.wire,), np.einsum("tb,bi,bo->toi", weight, found, left), (variable,))

    def _decide(self, step: Decision) -> None:
        """Add a decision: its branches, transformed to the conjugate of what decides."""
        bits, table, parity = _table(step)
        # A bit that was never written is 0: it drops out of a parity, and out of a table.
        variables = [self._made.last.get(self._bits[bit]) for bit in bits]
        written = [variable for variable in variables if variable is not None]
        if parity:
            sets = [frozenset(written)] if written else []
            table = table if written else table[:1]
        else:
            sets = [frozenset((variable,)) for variable in written]
            table = table.reshape((2,) * len(variables) + table.shape[1:])
            for axis in reversed(range(len(variables))):
                table = np.asarray(table.take(0, axis)) if variables[axis] is None else table
        for axis in range(len(sets)):
            even, odd = table.take(0, axis), table.take(1, axis)
            table = np.stack([(even + odd) / 2, (even - odd) / 2], axis)
        sign = tuple(-1 - len(self._made.sources) - k for k in range(len(sets)))
        self._made.sources += sets
        self._put(step.wires, table, sign)


def _table(decision: Decision) -> tuple[tuple[Clbit, ...], Array, bool]:
    """Return the bits that decide, the matrix on the decision's wires for each of their values, and whether a parity decides.

    The bits of decisions inside a branch decide, too: no branch measures, so all of them are known from the begin.
    """
    if not any(isinstance(step, Decision) for block in decision.blocks for step in block):
        choice = choice_of(decision.operation)
        matrices = [_branch(decision, block, {}) for block in decision.blocks]
        matrices.append(np.eye(4 ** len(decision.wires)))
        return choice.bits, np.array([matrices[block] for block in choice.table]), choice.parity
    bits = tuple(dict.fromkeys(_deciding(decision)))
    check_width(bits)
    rows = [dict(zip(bits, values, strict=True)) for values in product((0, 1), repeat=len(bits))]
    return bits, np.array([_decided(decision, ones) for ones in rows]), False


def _deciding(decision: Decision) -> Iterator[Clbit]:
    """Yield the bits that decide on a decision and on those inside its branches."""
    yield from choice_of(decision.operation).bits
    for block in decision.blocks:
        for step in block:
            if isinstance(step, Decision):
                yield from _deciding(step)


def _decided(decision: Decision, ones: Mapping[Clbit, int]) -> Array:
    """Return the matrix of a decision on its wires, given the values of all bits that decide."""
    chosen = taken(decision.operation, ones)
    return _branch(decision, decision.blocks[chosen] if chosen < len(decision.blocks) else (), ones)


def _branch(decision: Decision, block: tuple[NoisyStep, ...], ones: Mapping[Clbit, int]) -> Array:
    """Return the matrix of a branch on the decision's wires, given the values of the bits that its own decisions read."""
    if len(decision.wires) > _WIDEST_BRANCH:
        raise UnsupportedError(
            f"a branch on {len(decision.wires)} qubits, neighbours at rest that turn with its own included, cannot be computed "
            f"exactly, at most {_WIDEST_BRANCH} can; split the decision, take ZZ away (zz=0), or sample on aer"
        )
    matrix = np.eye(4 ** len(decision.wires))
    for step in block:
        matrix = followed(matrix, _matrix(step, ones), tuple(map(decision.wires.index, step.wires)))
    return matrix


def _matrix(step: NoisyStep, ones: Mapping[Clbit, int]) -> Array:
    """Return the matrix of a step inside a branch on its wires."""
    if isinstance(step, Measurement):
        raise UnsupportedError(
            "a measurement inside a branch cannot be computed exactly; move it out, or sample on aer"
        )
    if isinstance(step, Decision):
        return _decided(step, ones)
    return _RESET if isinstance(step, Reset) else transfer(step)
