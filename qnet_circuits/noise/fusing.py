"""Fewer, larger steps: everything between two measurements of a wire that touches one or two wires becomes one channel."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from qnet_circuits.noise.steps import Decision, Measurement, Reset, Step, Transfer
from qnet_circuits.noise.transfer import transfer

Matrix = npt.NDArray[np.float64]


Fused = Transfer | Measurement | Reset | Decision


def fuse(steps: Iterable[Step], goes_on: bool = False) -> list[Fused]:
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

    def run(self, steps: Iterable[Step], goes_on: bool) -> list[Fused]:
        for step in steps:
            if isinstance(step, Measurement | Reset | Decision):
                for wire in step.wires:
                    self._flush(wire)
                self._made.append(step)
            elif len(step.wires) == 1:
                (wire,) = step.wires
                earlier = self._pending.get(wire)
                self._pending[wire] = transfer(step) if earlier is None else transfer(step) @ earlier
            else:
                self._join(step.wires, transfer(step))
        for wire in list(self._pending) if goes_on else ():
            self._flush(wire)
        return self._made

    def _flush(self, wire: int) -> None:
        """Put what is pending on a wire into its last channel, or into one of its own."""
        pending, last = self._pending.pop(wire, None), self._last.pop(wire, None)
        if pending is None:
            return
        if last is None:
            self._made.append(Transfer((wire,), pending))
        else:
            self._multiply(last, (wire,), pending)

    def _multiply(self, place: int, wires: tuple[int, ...], matrix: Matrix) -> None:
        """Let a channel follow on one that was made already and has its wires."""
        made = self._made[place]
        assert isinstance(made, Transfer)
        self._made[place] = Transfer(made.wires, followed(made.matrix, made.wires, matrix, wires))

    def _join(self, wires: tuple[int, ...], matrix: Matrix) -> None:
        """Apply a channel to several wires: into their last one, if they share it, or as a new one."""
        for wire in wires:
            if wire in self._pending:
                matrix = _preceded(matrix, wires, self._pending.pop(wire), wire)
        last = self._last.get(wires[0])
        shared = last is not None and all(self._last.get(wire) == last for wire in wires)
        if last is not None and shared and len(self._made[last].wires) == len(wires):
            self._multiply(last, wires, matrix)
            return
        self._last.update(dict.fromkeys(wires, len(self._made)))
        self._made.append(Transfer(wires, matrix))


def followed(first: Matrix, all_wires: tuple[int, ...], second: Matrix, wires: tuple[int, ...]) -> Matrix:
    """Return the matrix of a channel on all wires followed by one on some of them, or on all in any order."""
    if wires == all_wires:
        return second @ first
    n, k = len(all_wires), len(wires)
    if k == 1:
        # The wire's axis stands between those of the wires before it and everything after it.
        place = all_wires.index(wires[0])
        stacked = first.reshape(4**place, 4, -1)
        joined: Matrix = np.matmul(second, stacked).reshape(4**n, -1)
        return joined
    axes = [all_wires.index(wire) for wire in wires]
    moved = np.tensordot(
        second.reshape((4,) * (2 * k)), first.reshape((4,) * n + (-1,)), (range(k, 2 * k), axes)
    )
    result: Matrix = np.moveaxis(moved, range(k), axes).reshape(4**n, -1)
    return result


def _preceded(second: Matrix, all_wires: tuple[int, ...], first: Matrix, wire: int) -> Matrix:
    """Return the matrix of a channel on all wires after one on a single wire."""
    return followed(second.T, all_wires, first.T, (wire,)).T
