"""Exact distributions of noisy circuits, by following every branch with explicit density matrices.

Nothing here is shared with the package's own mathematics: channels are written as Kraus operators or as what they do to a
state, decisions are evaluated bit by bit from Qiskit's expressions.
"""

from collections import defaultdict
from itertools import product

import numpy as np
from qiskit.circuit import CASE_DEFAULT, ClassicalRegister, Clbit
from qiskit.circuit.classical import expr, types
from qiskit.quantum_info import Operator

from qnet_circuits.backends.simulation.steps import (
    Decision,
    Depolarise,
    Measurement,
    Misread,
    PauliError,
    Relax,
    Reset,
    Transfer,
    Unitary,
)
from tests.support.conditions import meets

ONE = np.eye(2, dtype=complex)
X = np.array([[0, 1], [1, 0]], dtype=complex)
Z = np.diag([1, -1]).astype(complex)
Y = 1j * X @ Z
NOTHING = 1e-14


class State:
    """A density matrix that is not normalised, as a tensor: the ket's axes, then the bra's, of the wires still there."""

    def __init__(self, tensor, wires):
        self.tensor, self.wires = tensor, tuple(wires)

    @classmethod
    def nothing(cls):
        """Return the state of no wires."""
        return cls(np.array(1, dtype=complex), ())

    def opened(self, wire):
        """Return the state with one more wire, in |0⟩."""
        n = len(self.wires)
        tensor = np.multiply.outer(self.tensor, np.diag([1, 0]).astype(complex))
        return State(np.moveaxis(tensor, 2 * n, n), (*self.wires, wire))

    def __add__(self, other):
        assert self.wires == other.wires
        return State(self.tensor + other.tensor, self.wires)

    def scaled(self, factor):
        return State(self.tensor * factor, self.wires)

    @property
    def weight(self):
        size = 2 ** len(self.wires)
        return float(np.trace(self.tensor.reshape(size, size)).real)

    def _axes(self, wires):
        """Axes of the ket and of the bra; a matrix's last factor is its first wire."""
        ket = [self.wires.index(wire) for wire in reversed(wires)]
        return ket, [axis + len(self.wires) for axis in ket]

    def sandwich(self, matrix, wires):
        """Return M ρ M†."""
        k = len(wires)
        shaped = np.asarray(matrix).reshape((2,) * (2 * k))
        ket, bra = self._axes(wires)
        tensor = np.moveaxis(np.tensordot(shaped, self.tensor, (range(k, 2 * k), ket)), range(k), ket)
        tensor = np.moveaxis(np.tensordot(shaped.conj(), tensor, (range(k, 2 * k), bra)), range(k), bra)
        return State(tensor, self.wires)

    def channel(self, operators, wires):
        """Return the sum over Kraus operators."""
        first, *rest = operators
        total = self.sandwich(first, wires)
        for operator in rest:
            total = total + self.sandwich(operator, wires)
        return total

    def linear(self, entries, wires):
        """Return any linear map; its entries are over the ket's and the bra's indices out, then in."""
        k = len(wires)
        shaped = np.asarray(entries).reshape((2,) * (4 * k))
        ket, bra = self._axes(wires)
        tensor = np.tensordot(shaped, self.tensor, (range(2 * k, 4 * k), [*ket, *bra]))
        return State(np.moveaxis(tensor, range(2 * k), [*ket, *bra]), self.wires)

    def forget(self, wire):
        """Trace a wire out."""
        axis = self.wires.index(wire)
        tensor = np.trace(self.tensor, axis1=axis, axis2=axis + len(self.wires))
        return State(tensor, self.wires[:axis] + self.wires[axis + 1 :])

    def mixed(self, wires):
        """Return the state with wires replaced by the maximally mixed one."""
        rest = self
        for wire in wires:
            rest = rest.forget(wire)
        tensor, order = rest.tensor, list(rest.wires)
        n = len(order)
        for k in range(len(wires)):
            # Axes of the bra stay last: the new ket goes before them.
            tensor = np.moveaxis(np.multiply.outer(tensor, ONE / 2), -2, n + k)
        order += wires
        n = len(order)
        back = [order.index(wire) for wire in self.wires]
        return State(tensor.transpose([*back, *(n + axis for axis in back)]), self.wires)


def relaxation_kraus(step):
    """Amplitude damping by 1 - exp(-t/T1), then phase flips that leave exp(-t/T2) of the coherence."""
    decayed = 1 - np.exp(-step.seconds / step.t1)
    damping = [np.diag([1, np.sqrt(1 - decayed)]), np.sqrt(decayed) * np.array([[0, 1], [0, 0]])]
    # Damping alone leaves exp(-t / 2 T1) of the coherence.
    flip = (1 - np.exp(step.seconds / (2 * step.t1) - step.seconds / step.t2)) / 2
    assert -1e-12 <= flip <= 0.5
    flips = [np.sqrt(1 - flip) * ONE, np.sqrt(max(0.0, flip)) * Z]
    return [b @ a for a in damping for b in flips]


def transfer_entries(matrix):
    """Return what the sum of R_ij P_i Tr[P_j ρ] / 2^n does to a density matrix; the last factor is the first wire."""
    wires = (len(matrix).bit_length() - 1) // 2
    strings = []
    for letters in product((ONE, X, Y, Z), repeat=wires):
        string = np.ones((1, 1))
        for letter in letters:
            string = np.kron(letter, string)
        strings.append(string)
    paulis = np.array(strings)
    return np.einsum("ij,iab,jdc->abcd", matrix, paulis, paulis) / 2**wires


def unchanged(step, state):
    """Apply a step that touches no bit."""
    if isinstance(step, Unitary):
        return state.sandwich(Operator(step.operation).data, step.wires)
    if isinstance(step, Relax):
        return state.channel(relaxation_kraus(step), step.wires)
    if isinstance(step, Depolarise):
        return state.scaled(1 - step.probability) + state.mixed(step.wires).scaled(step.probability)
    if isinstance(step, PauliError):
        return state.channel(
            [np.sqrt(p) * pauli for p, pauli in zip(step.weights, (ONE, X, Y, Z), strict=True)], step.wires
        )
    if isinstance(step, Misread):
        ways = [(0, 0, 1 - step.p10), (1, 0, step.p10), (0, 1, step.p01), (1, 1, 1 - step.p01)]
        matrices = [np.sqrt(p) * np.outer(ONE[read], ONE[found]) for read, found, p in ways]
        return state.channel(matrices, step.wires)
    if isinstance(step, Transfer):
        return state.linear(transfer_entries(step.matrix), step.wires)
    if isinstance(step, Reset):
        return state.channel([np.array([[1, 0], [0, 0]]), np.array([[0, 1], [0, 0]])], step.wires)
    raise AssertionError(step)


def expression_value(node, bits):
    """Evaluate a classical expression; ``bits`` gives the value of each clbit."""
    if isinstance(node, Clbit):
        return bits(node)
    if isinstance(node, ClassicalRegister):
        return sum(bits(bit) * 2**k for k, bit in enumerate(node))
    if isinstance(node, expr.Var):
        return expression_value(node.var, bits)
    if isinstance(node, expr.Value):
        return int(node.value)
    if isinstance(node, expr.Cast):
        inner = expression_value(node.operand, bits)
        return int(inner != 0) if node.type == types.Bool() else inner
    if isinstance(node, expr.Index):
        return expression_value(node.target, bits) // 2 ** expression_value(node.index, bits) % 2
    if isinstance(node, expr.Unary):
        inner = expression_value(node.operand, bits)
        if node.op is expr.Unary.Op.LOGIC_NOT or node.type == types.Bool():
            return int(inner == 0)
        return 2**node.type.width - 1 - inner
    assert isinstance(node, expr.Binary)
    a, b = expression_value(node.left, bits), expression_value(node.right, bits)
    return int({
        "BIT_AND": a & b, "BIT_OR": a | b, "BIT_XOR": a ^ b, "LOGIC_AND": a != 0 and b != 0, "LOGIC_OR": a != 0 or b != 0,
        "EQUAL": a == b, "NOT_EQUAL": a != b, "LESS": a < b, "LESS_EQUAL": a <= b, "GREATER": a > b, "GREATER_EQUAL": a >= b,
    }[node.op.name])  # fmt: skip


def block_of(step, bits):
    """Return the steps of the branch that bits decide for."""
    operation = step.operation
    if operation.name == "if_else":
        condition = operation.condition
        if isinstance(condition, tuple):
            taken = expression_value(condition[0], bits) == int(condition[1])
        else:
            taken = bool(expression_value(condition, bits))
        return step.blocks[0 if taken else 1]
    assert operation.name == "switch_case"
    value = expression_value(operation.target, bits)
    for (cases, _), block in zip(operation.cases_specifier(), step.blocks, strict=True):
        if any(case is CASE_DEFAULT or int(case) == value for case in cases):
            return block
    return ()


def distribution(noisy):
    """Return {read bits of all registers: probability} of a noisy circuit, every branch followed."""
    number = {bit: k for k, bit in enumerate(noisy.source.clbits)}
    last = {wire: k for k, step in enumerate(noisy) for wire in step.wires}
    first = {}
    for k, step in enumerate(noisy):
        for wire in step.wires:
            first.setdefault(wire, k)
    branches = {(0,) * len(number): State.nothing()}
    for k, step in enumerate(noisy):
        for wire in step.wires:
            if first[wire] == k:
                branches = {bits: state.opened(wire) for bits, state in branches.items()}
        new = _all_branches(step, branches, number)
        for wire in step.wires:
            if last[wire] == k:
                new = {bits: state.forget(wire) for bits, state in new.items()}
        branches = new
    return {bits: state.weight for bits, state in branches.items()}


def _all_branches(step, branches, number):
    """Return what becomes of {bits: state} in a step."""
    new = {}
    for bits, state in branches.items():
        for read, after in _follow(step, bits, state, number):
            if after.weight > NOTHING:
                new[read] = new[read] + after if read in new else after
    return new


def _follow(step, bits, state, number):
    if isinstance(step, Measurement):
        for found, read in product((0, 1), repeat=2):
            wrong = step.p01 if found else step.p10
            seen = state.sandwich(np.diag([1 - found, found]), step.wires)
            written = (*bits[: step.bit], read, *bits[step.bit + 1 :])
            yield written, seen.scaled(wrong if read != found else 1 - wrong)
    elif isinstance(step, Decision):
        inside_branches = {bits: state}
        for inside in block_of(step, lambda bit: bits[number[bit]]):
            inside_branches = _all_branches(inside, inside_branches, number)
        yield from inside_branches.items()
    else:
        yield bits, unchanged(step, state)


def outcomes(noisy, forms):
    """Return {bits of the program's registers by (register, index): probability} after frames and post-selection, and the
    accepted share."""
    place, number = {}, 0
    for name, width in noisy.registers:
        place.update({(name, k): number + k for k in range(width)})
        number += width
    total = defaultdict(float)
    for bits, weight in distribution(noisy).items():
        raw = [bits[place[where]] for where in forms.raw]
        for errors in product(range(4), repeat=len(forms.emulated)):
            chance = weight
            variables = list(raw)
            for weights, error in zip(forms.emulated, errors, strict=True):
                chance *= weights[error]
                variables += [int(error in (1, 2)), int(error in (2, 3))]
            if chance and not any(sum(variables[k] for k in form) % 2 for form in forms.accept):
                total[
                    tuple(
                        ((name, k), sum(variables[v] for v in form) % 2)
                        for name, listed in forms.registers.items()
                        for k, form in enumerate(listed)
                    )
                ] += chance
    accepted = sum(total.values())
    return {key: weight / accepted for key, weight in total.items()} if accepted > NOTHING else {}, accepted


def chance_of(event, found):
    """Return the probability of a figure's event and that of its condition, over outcomes."""
    happened = counted = 0.0
    for key, weight in found.items():
        bits = dict(key)
        if not all(meets(condition, bits) for condition in event.given):
            continue
        counted += weight
        values = [bits[name, k] for name, k in event.bits]
        if event.patterns:
            happened += weight * ("".join(map(str, values)) in event.patterns)
        else:
            happened += weight * (sum(values) % 2 == 0)
    return happened, counted


def figure_value(figure, found):
    """Return a figure of {item: outcomes}, or None if a condition has no chance."""
    value = figure.expression.constant
    for weight, event in figure.expression.terms:
        happened, counted = chance_of(event, found[event.item])
        if counted < NOTHING:
            return None
        value += weight * happened / counted
    return value
