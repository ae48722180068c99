"""The tensors of a noisy circuit, with everything on single wires fused into its neighbours.

States are real vectors of Pauli expectations. Classical bits appear by the sign (-1)^(b t) that they contribute to: t is 0
where nobody asks for the bit, 1 where a parity that is wanted contains it, and an index that is summed over where a decision
depends on it. A parity of any number of bits then costs nothing, and a decision couples to all its bits by one index.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.exact.conditions import choice_of
from qnet_circuits.noise.steps import Decision, Measurement, NoisyCircuit, Reset, Step
from qnet_circuits.noise.transfer import WIDEST_GATE, transfer

Array = npt.NDArray[np.float64]
_ZERO = np.array([1.0, 0.0, 0.0, 1.0])
_RESET = np.zeros((4, 4))
_RESET[[0, 3], 0] = 1.0


@dataclass
class Element:
    """A tensor: its signs' axes first, then its outgoing legs, then its incoming ones.

    Args:
        array: The tensor.
        wires: The wire of each outgoing leg.
        outs: Index of each outgoing leg.
        ins: Index of each incoming leg.
        sign: For each sign's axis, the variable that it belongs to, for a measurement, or -1 - k for the kth source.
    """

    array: Array
    wires: tuple[int, ...]
    outs: list[int]
    ins: list[int]
    sign: tuple[int, ...] = ()


@dataclass
class Skeleton:
    """A noisy circuit's tensors, before anything is asked of its bits.

    Args:
        elements: The tensors.
        sources: The variables of each decision's index: sets whose parity the index is the conjugate of.
        variables: Number of measurements.
        last: The variable that each bit holds at the end.
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
    return _Builder(circuit).build()


class _Builder:
    def __init__(self, circuit: NoisyCircuit) -> None:
        self._circuit = circuit
        self._bits = {bit: k for k, bit in enumerate(circuit.source.clbits)}
        self._made = Skeleton()
        #: What has happened to each wire since its last tensor: a matrix, or a vector if there is none.
        self._pending: dict[int, Array] = dict.fromkeys(range(circuit.num_wires), _ZERO)
        self._leg: dict[int, tuple[Element, int]] = {}

    def build(self) -> Skeleton:
        last_use = {wire: k for k, step in enumerate(self._circuit) for wire in step.wires}
        for k, step in enumerate(self._circuit):
            self._step(step, ends=k == last_use[step.wires[0]])
        for wire in list(self._leg):
            self._close(wire)
        return self._made

    def _step(self, step: Step, ends: bool) -> None:
        if isinstance(step, Measurement):
            self._measure(step, ends)
        elif isinstance(step, Decision):
            self._decide(step)
        elif isinstance(step, Reset):
            self._close(step.wire)
            self._pending[step.wire] = _ZERO
        elif len(step.wires) == 1:
            self._pending[step.wires[0]] = transfer(step) @ self._pending[step.wires[0]]
        else:
            self._join(step.wires, transfer(step))

    # -- gates -----------------------------------------------------------------------------------------------------

    def _join(self, wires: tuple[int, ...], matrix: Array) -> None:
        """Apply a channel to several wires: into their last tensor, if they share it, or as a new one."""
        k = len(wires)
        last = {id(self._leg[wire][0]) if wire in self._leg else None for wire in wires}
        element = self._leg[wires[0]][0] if wires[0] in self._leg else None
        if element is not None and last == {id(element)} and set(element.wires) == set(wires):
            self._absorb(element, wires, matrix)
            return
        array = matrix.reshape((4,) * (2 * k))
        ins, axis = [], k
        for wire in wires:
            pending = self._pending.pop(wire)
            array = np.tensordot(array, pending, (axis, 0))
            if pending.ndim == 2:
                array = np.moveaxis(array, -1, axis)
                ins.append(self._take(wire))
                axis += 1
        self._add(Element(array, wires, [], ins))

    def _absorb(self, element: Element, wires: tuple[int, ...], matrix: Array) -> None:
        """Multiply a channel into a tensor that has the same outgoing wires."""
        k, signs = len(wires), len(element.sign)
        for leg, wire in enumerate(element.wires):
            self._multiply(element, signs + leg, self._pending[wire])
            self._pending[wire] = np.eye(4)
        axes = [signs + element.wires.index(wire) for wire in wires]
        array = np.tensordot(matrix.reshape((4,) * (2 * k)), element.array, (range(k, 2 * k), axes))
        element.array = np.moveaxis(array, range(k), axes)

    @staticmethod
    def _multiply(element: Element, axis: int, matrix: Array) -> None:
        element.array = np.moveaxis(np.tensordot(matrix, element.array, (1, axis)), 0, axis)

    def _take(self, wire: int) -> int:
        """Return the index of a wire's outgoing leg, which is used up."""
        element, leg = self._leg.pop(wire)
        return element.outs[leg]

    def _add(self, element: Element) -> None:
        """Add a tensor, and let its wires go on from it."""
        for leg, wire in enumerate(element.wires):
            element.outs.append(self._made.indices)
            self._made.indices += 1
            self._leg[wire] = (element, leg)
            self._pending[wire] = np.eye(4)
        self._made.elements.append(element)

    def _end(self, wire: int, array: Array, sign: tuple[int, ...], axis: int) -> None:
        """Add a tensor that ends a wire; ``axis`` of ``array`` takes the wire's state."""
        pending = self._pending.pop(wire)
        array = np.tensordot(array, pending, (axis, 0))
        ins = [self._take(wire)] if pending.ndim == 2 else []
        self._made.elements.append(Element(array, (), [], ins, sign))

    def _close(self, wire: int) -> None:
        """Forget a wire's state: what has happened to it alone kept the trace."""
        if wire not in self._leg:
            self._pending.pop(wire, None)
            return
        self._end(wire, np.array([1.0, 0.0, 0.0, 0.0]), (), 0)

    # -- bits ------------------------------------------------------------------------------------------------------

    def _measure(self, step: Measurement, ends: bool) -> None:
        """Add a measurement: the read bit with its sign, and the state that is left if the wire goes on."""
        variable = self._made.variables
        self._made.variables += 1
        self._made.last[step.bit] = variable
        read = np.array([1 - 2 * step.p10, 2 * step.p01 - 1])
        # Σ over the read bit of (-1)^(t r) P(r | b), for t = 0, 1 and b = 0, 1.
        weight = np.array([[1.0, 1.0], read])
        # ⟨I⟩ and ⟨Z⟩ of the part with outcome b.
        found = np.array([[0.5, 0, 0, 0.5], [0.5, 0, 0, -0.5]])
        if ends:
            self._end(step.wire, weight @ found, (variable,), 1)
            return
        left = np.array([[1.0, 0, 0, 1.0], [1.0, 0, 0, -1.0]])
        array = np.einsum("tb,bi,bo->toi", weight, found, left)
        self._through(step.wire, array, (variable,))

    def _through(self, wire: int, array: Array, sign: tuple[int, ...]) -> None:
        """Add a tensor with signs that a wire passes; ``array`` ends with the outgoing and the incoming axis."""
        pending = self._pending.pop(wire)
        ins = [self._take(wire)] if pending.ndim == 2 else []
        self._add(Element(array @ pending, (wire,), [], ins, sign))

    def _decide(self, step: Decision) -> None:
        """Add a decision: its branches, transformed to the conjugate of what decides."""
        choice = choice_of(step.operation, len(step.blocks))
        matrices = [self._branch(step, block) for block in step.blocks]
        matrices.append(np.eye(4 ** len(step.wires)))
        table = np.array([matrices[block] for block in choice.table])
        variables = [self._made.last.get(self._bits[bit]) for bit in choice.bits]
        if choice.parity:
            # A bit that was never written is 0 and drops out of the parity.
            sets = [frozenset(variable for variable in variables if variable is not None)]
        else:
            table = table.reshape((2,) * len(variables) + table.shape[1:])
            for axis in reversed([k for k, variable in enumerate(variables) if variable is None]):
                table = table.take(0, axis)
            sets = [frozenset((variable,)) for variable in variables if variable is not None]
        if not any(sets):
            table, sets = (table[0] if choice.parity else table), []
        for axis in range(len(sets)):
            even, odd = table.take(0, axis), table.take(1, axis)
            table = np.stack([(even + odd) / 2, (even - odd) / 2], axis)
        sign = tuple(-1 - len(self._made.sources) - k for k in range(len(sets)))
        self._made.sources += sets
        self._signed(step.wires, table, sign)

    def _signed(self, wires: tuple[int, ...], table: Array, sign: tuple[int, ...]) -> None:
        k, signs = len(wires), len(sign)
        array = table.reshape((2,) * signs + (4,) * (2 * k))
        ins, axis = [], signs + k
        for wire in wires:
            pending = self._pending.pop(wire)
            array = np.tensordot(array, pending, (axis, 0))
            if pending.ndim == 2:
                array = np.moveaxis(array, -1, axis)
                ins.append(self._take(wire))
                axis += 1
        self._add(Element(array, wires, [], ins, sign))

    def _branch(self, decision: Decision, block: tuple[Step, ...]) -> Array:
        """Return the matrix of a branch on the decision's wires."""
        k = len(decision.wires)
        if k > WIDEST_GATE:
            raise UnsupportedError(
                f"a branch on {k} qubits cannot be computed exactly, at most {WIDEST_GATE} can; split the decision, "
                "or sample on aer"
            )
        place = {wire: axis for axis, wire in enumerate(decision.wires)}
        array = np.eye(4**k).reshape((4,) * k + (4**k,))
        for step in block:
            if isinstance(step, Measurement | Decision):
                raise UnsupportedError(
                    "a measurement or a decision inside a branch cannot be computed exactly; move it out, or sample on aer"
                )
            matrix = _RESET if isinstance(step, Reset) else transfer(step)
            axes = [place[wire] for wire in step.wires]
            n = len(axes)
            array = np.tensordot(matrix.reshape((4,) * (2 * n)), array, (range(n, 2 * n), axes))
            array = np.moveaxis(array, range(n), axes)
        return array.reshape(4**k, 4**k)
