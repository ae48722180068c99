"""Fewer, larger steps: everything between two measurements of a wire that touches one or two wires becomes one channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qnet_circuits.noise.steps import Decision, Measurement, Reset, Step
from qnet_circuits.noise.transfer import transfer

Matrix = npt.NDArray[np.float64]


@dataclass
class Transfer:
    """A channel by its Pauli transfer matrix.

    Args:
        wires: Its wires.
        matrix: The matrix, the first wire slowest.
    """

    wires: tuple[int, ...]
    matrix: Matrix


Fused = Transfer | Measurement | Reset | Decision


def fuse(steps: Iterable[Step | Transfer]) -> list[Fused]:
    """Return the same circuit with channels on single wires fused into their neighbours.

    Args:
        steps: Steps in order.

    Returns:
        Channels, measurements, resets and decisions; what happens to a wire after its last measurement is left out.
    """
    return _Fusing().run(steps)


class _Fusing:
    def __init__(self) -> None:
        self._made: list[Fused] = []
        self._pending: dict[int, Matrix] = {}
        #: The last channel of each wire, as long as nothing but pending matrices came after it.
        self._last: dict[int, Transfer] = {}

    def run(self, steps: Iterable[Step | Transfer]) -> list[Fused]:
        for step in steps:
            if isinstance(step, Measurement | Reset | Decision):
                for wire in step.wires:
                    self._flush(wire)
                self._made.append(step)
            else:
                matrix = step.matrix if isinstance(step, Transfer) else transfer(step)
                if len(step.wires) == 1:
                    self._pending[step.wires[0]] = matrix @ self._pending.get(step.wires[0], np.eye(4))
                else:
                    self._join(step.wires, matrix)
        return self._made

    def _flush(self, wire: int) -> None:
        """Put what is pending on a wire into its last channel, or into one of its own."""
        pending, last = self._pending.pop(wire, None), self._last.pop(wire, None)
        if pending is None:
            return
        if last is None:
            self._made.append(Transfer((wire,), pending))
        else:
            last.matrix = on_wires(pending, (wire,), last.wires) @ last.matrix

    def _join(self, wires: tuple[int, ...], matrix: Matrix) -> None:
        """Apply a channel to several wires: into their last one, if they share it, or as a new one."""
        for wire in wires:
            if wire in self._pending:
                matrix = matrix @ on_wires(self._pending.pop(wire), (wire,), wires)
        last = self._last.get(wires[0])
        if last is not None and set(last.wires) == set(wires) and all(self._last.get(w) is last for w in wires):
            last.matrix = on_wires(matrix, wires, last.wires) @ last.matrix
            return
        made = Transfer(wires, matrix)
        self._made.append(made)
        self._last.update(dict.fromkeys(wires, made))


def on_wires(matrix: Matrix, wires: tuple[int, ...], all_wires: tuple[int, ...]) -> Matrix:
    """Return a channel's matrix on more wires, or on the same in another order."""
    if wires == all_wires:
        return matrix
    n, k = len(all_wires), len(wires)
    axes = [all_wires.index(wire) for wire in wires]
    whole = np.eye(4**n).reshape((4,) * n + (4**n,))
    moved = np.tensordot(matrix.reshape((4,) * (2 * k)), whole, (range(k, 2 * k), axes))
    return np.moveaxis(moved, range(k), axes).reshape(4**n, 4**n)
