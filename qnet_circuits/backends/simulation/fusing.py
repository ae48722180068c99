"""Fewer, larger steps.

Steps that change no outcome are left out. All steps on one or two wires between two measurements are multiplied into one
channel.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qnet_circuits.backends.simulation.pauli_transfer import sectors, transfer
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Measurement,
    NoisyCircuit,
    NoisyStep,
    Reset,
    Transfer,
)

Matrix = npt.NDArray[np.float64]


Fused = Transfer | Measurement | Reset | Decision
_APART = (Measurement, Reset, Decision)
#: Products by what is multiplied, with their factors; all are forgotten when there are too many.
_PRODUCTS: dict[tuple[Any, ...], tuple[Matrix, Matrix, Matrix]] = {}
_MOST_PRODUCTS = 16384


# -- what changes no outcome -----------------------------------------------------------------------------------------

#: How much of a wire's state later steps depend on: nothing, its populations, or all of it.
_NOTHING, _POPULATIONS, _ALL = range(3)
#: Decisions of which each branch is known to happen at most once.
_BRANCHES = ("if_else", "switch_case")


def thinned(circuit: NoisyCircuit) -> NoisyCircuit:
    """Return a circuit of the same outcomes, without steps that change none.

    That is what happens to wires which nobody reads any more, and a phase of wires of which only populations are left, as after
    a measurement, or only populations matter, as before one. So neighbours that rest after their last gates need not stay in
    the state for turning each other.
    """
    return replace(circuit, steps=tuple(_kept(circuit.steps, frozenset(range(circuit.num_wires)), {})))


def _kept(steps: Sequence[NoisyStep], dephased: frozenset[int], matters: dict[int, int]) -> list[NoisyStep]:
    """Return the steps that change something.

    Args:
        steps: Steps in order.
        dephased: The wires of which there are only populations at the begin.
        matters: What of each wire matters after the steps, nothing if it is not there; becomes what matters before them.
    """
    moments = list(itertools.accumulate(steps, _dephased_after, initial=dephased))
    kept = [_of_effect(step, moments[k], matters) for k, step in reversed(list(enumerate(steps)))]
    return [step for step in reversed(kept) if step is not None]


def populations_only(circuit: NoisyCircuit) -> list[frozenset[int]]:
    """Return for each step the wires on which only populations exist before it, or on which only populations matter."""
    moments = itertools.accumulate(
        circuit.steps, _dephased_after, initial=frozenset(range(circuit.num_wires))
    )
    matters: dict[int, int] = {}
    found = []
    for step, moment in reversed(list(zip(circuit.steps, moments, strict=False))):
        _of_effect(step, moment, matters)
        own = [wire for wire in step.wires if wire in moment or matters.get(wire, _NOTHING) < _ALL]
        found.append(frozenset(own))
    return found[::-1]


def _dephased_after(before: frozenset[int], step: NoisyStep) -> frozenset[int]:
    """Return the wires that have only populations after a step."""
    if isinstance(step, Measurement | Reset):
        return before | {step.wire}
    if before.isdisjoint(step.wires):
        return before
    if not isinstance(step, Decision):
        mixed = sectors(step)[1]
        return before.difference(itertools.compress(step.wires, mixed)) if any(mixed) else before
    if step.operation.name not in _BRANCHES:
        return before.difference(step.wires)
    ends = [functools.reduce(_dephased_after, block, before) for block in step.blocks]
    return before.intersection(*ends)


def _of_effect(step: NoisyStep, dephased: frozenset[int], matters: dict[int, int]) -> NoisyStep | None:
    """Return a step if it changes an outcome. Update ``matters`` from the time after the step to the time before it."""
    if isinstance(step, _APART):
        return _apart_of_effect(step, dephased, matters)
    wires = step.wires
    partly = [wire for wire in wires if matters.get(wire, _NOTHING) < _ALL or wire in dephased]
    if not partly:
        return step
    idle, mixed = sectors(step)
    if (idle and len(partly) == len(wires)) or not any(map(matters.get, wires)):
        return None
    for wire, mixes in zip(wires, mixed, strict=True):
        matters[wire] = _ALL if mixes else max(matters.get(wire, _NOTHING), _POPULATIONS)
    return step


def _apart_of_effect(
    step: Measurement | Reset | Decision, dephased: frozenset[int], matters: dict[int, int]
) -> NoisyStep | None:
    if isinstance(step, Measurement):
        matters[step.wire] = _POPULATIONS
        return step
    if isinstance(step, Reset):
        return step if matters.pop(step.wire, _NOTHING) else None
    if step.operation.name not in _BRANCHES:
        matters.update(dict.fromkeys(step.wires, _ALL))
        return step
    return _decision_of_effect(step, dephased, matters)


def _decision_of_effect(step: Decision, dephased: frozenset[int], matters: dict[int, int]) -> Decision | None:
    """Return a decision with the steps of its branches that change something, on the wires that are left."""
    blocks, starts = [], [dict(matters)]
    for block in step.blocks:
        starts.append(dict(matters))
        blocks.append(tuple(_kept(block, dephased, starts[-1])))
    for wire in step.wires:
        matters[wire] = max(start.get(wire, _NOTHING) for start in starts)
    touched = {wire for block in blocks for inside in block for wire in inside.wires}
    if not touched:
        return None
    return replace(step, wires=tuple(wire for wire in step.wires if wire in touched), blocks=tuple(blocks))


# -- channels --------------------------------------------------------------------------------------------------------


def fuse(steps: Iterable[NoisyStep], goes_on: bool = False) -> list[Fused]:
    """Return the same circuit with channels on single wires fused into their neighbours.

    Args:
        steps: Steps in order.
        goes_on: Whether the wires go on afterwards, as after a branch; otherwise what happens to a wire alone after its last
            measurement is left out.

    Returns:
        Channels, measurements, resets and decisions.
    """
    return _Fusing().run(steps, goes_on)


class _Fusing:
    def __init__(self) -> None:
        self._made: list[Fused] = []
        self._pending: dict[int, Matrix] = {}
        #: Place of the last channel of each wire, as long as nothing but pending matrices came after it.
        self._last: dict[int, int] = {}

    def run(self, steps: Iterable[NoisyStep], goes_on: bool) -> list[Fused]:
        for step in steps:
            if isinstance(step, _APART):
                for wire in step.wires:
                    self._flush(wire)
                self._made.append(step)
            elif len(step.wires) == 1:
                (wire,) = step.wires
                earlier, matrix = self._pending.get(wire), transfer(step)
                self._pending[wire] = matrix if earlier is None else _known(_after, matrix, earlier)
            else:
                self._join(step.wires, transfer(step))
        for wire in list(self._pending) if goes_on else ():
            self._flush(wire)
        return self._made

    def _flush(self, wire: int) -> None:
        """Multiply the pending matrix of a wire into its last channel, or make a new channel of it."""
        pending, last = self._pending.pop(wire, None), self._last.pop(wire, None)
        if pending is None:
            return
        if last is None:
            self._made.append(Transfer((wire,), pending))
        else:
            self._multiply(last, (wire,), pending)

    def _multiply(self, place: int, wires: tuple[int, ...], matrix: Matrix) -> None:
        """Multiply a channel into an earlier channel that acts on all of its wires."""
        made = self._made[place]
        assert isinstance(made, Transfer)
        whole = _known(followed, made.matrix, matrix, tuple(map(made.wires.index, wires)))
        self._made[place] = Transfer(made.wires, whole)

    def _join(self, wires: tuple[int, ...], matrix: Matrix) -> None:
        """Apply a channel to several wires: multiply it into their last channel if they share one, or add it as a new one."""
        for wire in wires:
            if wire in self._pending:
                matrix = _known(_preceded, matrix, self._pending.pop(wire), (wires.index(wire),))
        last = self._last.get(wires[0])
        shared = last is not None and all(self._last.get(wire) == last for wire in wires)
        if last is not None and shared and len(self._made[last].wires) == len(wires):
            self._multiply(last, wires, matrix)
            return
        self._last.update(dict.fromkeys(wires, len(self._made)))
        self._made.append(Transfer(wires, matrix))


def _known(product: Callable[..., Matrix], a: Matrix, b: Matrix, axes: tuple[int, ...] = ()) -> Matrix:
    """Return a product of two matrices, from the cache if possible: circuits of a program, and hops, share most products."""
    key = (product, id(a), id(b), axes)
    if key not in _PRODUCTS:
        if len(_PRODUCTS) >= _MOST_PRODUCTS:
            _PRODUCTS.clear()
        made = product(a, b, axes) if axes else product(a, b)
        made.setflags(write=False)
        # The factors are kept as well: as long as they are, no other matrix has their identity.
        _PRODUCTS[key] = made, a, b
    return _PRODUCTS[key][0]


def _after(second: Matrix, first: Matrix) -> Matrix:
    product: Matrix = second @ first
    return product


def followed(first: Matrix, second: Matrix, axes: tuple[int, ...]) -> Matrix:
    """Return the matrix of a channel on wires followed by one on some of them, or on all in any order.

    Args:
        first: The first channel.
        second: The second.
        axes: For each wire of the second, its place among those of the first.
    """
    n, k = _wires(first), len(axes)
    if axes == tuple(range(n)):
        return second @ first
    if k == 1:
        # The wire's axis stands between those of the wires before it and everything after it.
        stacked = first.reshape(4 ** axes[0], 4, -1)
        joined: Matrix = np.matmul(second, stacked).reshape(4**n, -1)
        return joined
    moved = np.tensordot(
        second.reshape((4,) * (2 * k)), first.reshape((4,) * n + (-1,)), (range(k, 2 * k), axes)
    )
    result: Matrix = np.moveaxis(moved, range(k), axes).reshape(4**n, -1)
    return result


def _preceded(second: Matrix, first: Matrix, axes: tuple[int, ...]) -> Matrix:
    """Return the matrix of a channel on wires after one on a single of them."""
    return followed(second.T, first.T, axes).T


def _wires(matrix: Matrix) -> int:
    """Return the number of wires of a channel."""
    return (len(matrix).bit_length() - 1) // 2
