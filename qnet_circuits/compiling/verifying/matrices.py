"""Instruments compared as matrices: their Kraus operators for each value of the bits they read and each outcome."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qnet_circuits.compiling.verifying.instrument import Instrument, InstrumentStep, Matrix, MeasurementEvent

#: Values of events, in their order.
Bits = tuple[tuple[MeasurementEvent, bool], ...]
_ENTRIES = 2**20
_BRANCHES = 4096
_TOLERANCE = 1e-6
_ZERO = 1e-12


def apply(matrix: Matrix, tensor: Matrix, places: Sequence[int]) -> Matrix:
    """Apply a gate to axes of a tensor, the first one being the least significant of the gate."""
    count, axes = len(places), list(reversed(places))
    gate = matrix.reshape((2,) * (2 * count))
    return np.moveaxis(np.tensordot(gate, tensor, axes=(range(count, 2 * count), axes)), range(count), axes)


@dataclass
class _Operator:
    """A Kraus operator while it grows: a tensor with an axis for each live segment and for each input, by its label."""

    tensor: Matrix
    axes: list[int | str]
    bits: dict[MeasurementEvent, bool]

    def open(self, wire: int, label: str | None) -> None:
        """Let a segment begin: in |0⟩, or as an input."""
        self.tensor = np.multiply.outer(self.tensor, np.array([1, 0]) if label is None else np.eye(2))
        self.axes += [wire] if label is None else [wire, label]

    def apply(self, step: InstrumentStep) -> None:
        """Multiply by a gate, its first wire the least significant, if its condition holds."""
        if (
            step.matrix is None
            or not sum(all(self.bits[e] for e in term) for term in step.condition.terms) % 2
        ):
            return
        self.tensor = apply(step.matrix, self.tensor, [self.axes.index(wire) for wire in step.wires])

    def project(self, wire: int, event: MeasurementEvent | None = None) -> Iterator[_Operator]:
        """Yield what is left for each possible result of a segment, which ends."""
        place = self.axes.index(wire)
        for result in (False, True):
            half: Matrix = np.take(self.tensor, int(result), axis=place)
            if np.abs(half).max() > _ZERO:
                bits = self.bits if event is None else {**self.bits, event: result}
                yield _Operator(half, self.axes[:place] + self.axes[place + 1 :], dict(bits))


class TooWide(Exception):
    """An instrument too large to be written as matrices."""


def kraus_operators(instrument: Instrument, read: Sequence[MeasurementEvent]) -> dict[Bits, Matrix]:
    """Return an instrument's Kraus operators.

    Args:
        instrument: The instrument.
        read: The bits that come from elsewhere.

    Returns:
        For each value of the bits, measured and read, an array (2^(outputs + inputs), operators); the axes of both are in
        the order of their labels.

    Raises:
        TooWide: If there are too many wires or branches.
    """
    if 2 ** len(read) > _BRANCHES:
        raise TooWide
    touched = {wire for step in instrument.steps for wire in step.wires}
    idle = {*instrument.inputs.values(), *instrument.outputs.values()} - touched
    steps = [*(InstrumentStep((wire,), np.eye(2, dtype=complex)) for wire in idle), *instrument.steps]
    last = {wire: k for k, step in enumerate(steps) for wire in step.wires}
    for wire in instrument.outputs.values():
        last[wire] = len(steps)
    label = {wire: name for name, wire in instrument.inputs.items()}
    values = itertools.product((False, True), repeat=len(read))
    unit: Matrix = np.array(1, dtype=complex)
    done = [_Operator(unit, [], dict(zip(read, value, strict=True))) for value in values]
    for k, step in enumerate(steps):
        ended = [wire for wire in step.wires if last[wire] == k]
        done = [new for old in done for new in _advance(old, step, label, ended)]
        if len(done) > _BRANCHES or sum(one.tensor.size for one in done) > _ENTRIES:
            raise TooWide
    return _collect(done, instrument)


def _advance(
    one: _Operator, step: InstrumentStep, label: Mapping[int, str], ended: Sequence[int]
) -> list[_Operator]:
    """Take a step: the branches it leads to, with the segments that end discarded."""
    for wire in step.wires:
        if wire not in one.axes:
            one.open(wire, label.get(wire))
    one.apply(step)
    branches = [one]
    if step.matrix is None:
        branches = list(one.project(step.wires[0], step.event))
        for branch in branches:
            branch.open(step.wires[0], None)
            if step.event is not None and branch.bits[step.event]:
                branch.tensor = branch.tensor[..., ::-1]
    for wire in ended:
        branches = [new for branch in branches for new in branch.project(wire)]
    return branches


def _collect(done: Iterable[_Operator], instrument: Instrument) -> dict[Bits, Matrix]:
    order = [wire for _, wire in sorted(instrument.outputs.items())] + sorted(instrument.inputs)
    found: dict[Bits, list[Matrix]] = {}
    for one in done:
        vector = one.tensor.transpose([one.axes.index(axis) for axis in order]).ravel()
        found.setdefault(tuple(sorted(one.bits.items())), []).append(vector)
    return {bits: _compressed(np.stack(vectors, axis=1)) for bits, vectors in found.items()}


def _compressed(v: Matrix) -> Matrix:
    """Return V, or a square matrix with the same V V† where V is wider than high."""
    if v.shape[1] <= v.shape[0]:
        return v
    _, r = np.linalg.qr(v.conj().T)
    return np.asarray(r.conj().T)


def differing_branch(a: Instrument, b: Instrument) -> Bits | None:
    """Return the bits for which two instruments with the same labels and events differ most, or None if they agree.

    The Choi matrices C = V V† of both are compared through tr(C D) = ‖V† W‖² alone, so that they are never written out, and
    neither phases nor the choice of Kraus operators matter.

    Raises:
        TooWide: If they are too large.
    """
    read = sorted(a.read | b.read)
    first, second = kraus_operators(a, read), kraus_operators(b, read)
    none = np.zeros((2 ** (len(a.inputs) + len(a.outputs)), 0))
    total = 0.0
    worst: tuple[float, Bits] = (0.0, ())
    for bits in sorted({*first, *second}):
        v, w = first.get(bits, none), second.get(bits, none)
        vv, ww, vw = (float(np.linalg.norm(x.conj().T @ y) ** 2) for x, y in ((v, v), (w, w), (v, w)))
        total += vv
        worst = max(worst, (vv + ww - 2 * vw, bits), key=lambda pair: pair[0])
    return worst[1] if worst[0] > _TOLERANCE**2 * total else None
