"""The state of each qubit for each observer at some moments, computed from all branches of a noisy circuit at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qiskit.circuit import Clbit

from qnet_circuits.backends.simulation.branches import Branches, Written
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Depolarise,
    Measurement,
    NoisyStep,
    PauliError,
    Relax,
    Turn,
    Unitary,
)
from qnet_circuits.devices.schedule import INSTANT

#: When the effect of a step is complete, and the step.
Complete = tuple[float, NoisyStep]
#: The time from which a parity of some results is known, the results, and the value of their parity.
Told = tuple[float, tuple[Written, ...], int]
_DIAGONAL = frozenset(("rz", "z", "s", "sdg", "t", "tdg", "p", "u1", "id", "cz", "cp", "rzz"))


def _is_diagonal(step: NoisyStep) -> bool:
    return isinstance(step, Unitary) and step.operation.name in _DIAGONAL


def _lets_pass(step: NoisyStep) -> bool:
    """Return whether a step commutes with rotations about Z."""
    if isinstance(step, PauliError):
        return step.weights[1] == step.weights[2]
    return (
        isinstance(step, Relax | Turn)
        or _is_diagonal(step)
        or (isinstance(step, Depolarise) and len(step.wires) == 1)
    )


def _firm(step: NoisyStep) -> frozenset[int]:
    """Return the wires of a step on which it may do more than turn about Z."""
    if isinstance(step, Turn):
        return frozenset()
    if isinstance(step, Decision):
        return frozenset().union(*(_firm(inside) for block in step.blocks for inside in block))
    return frozenset(step.wires)


class Replay:
    """Replays the steps of a circuit up to one time after another.

    Args:
        steps: The steps, in order.
        bits: The circuit's classical bits.
    """

    def __init__(self, steps: Sequence[Complete], bits: Sequence[Clbit]) -> None:
        self._left = list(steps)
        self._index = list(range(len(steps)))
        self.state = Branches(bits)

    def until(self, time: float) -> Branches:
        """Apply all steps that are complete at a time, and return the state.

        A step waits for the earlier steps on its wires, except for those that it commutes with: turns of neighbours pass one
        another, also inside a decision beside which a neighbour rests. An instantaneous rotation about Z passes more, so the
        phase of a gate that a device applies by its clock is applied together with the gate.
        """
        taken: set[int] = set()
        busy: set[int] = set()
        held: set[int] = set()
        stopped: set[int] = set()
        bits: set[int] = set()
        for k, (complete, step) in zip(self._index, self._left, strict=True):
            own = set(_bits(step))
            firm = _firm(step)
            free = busy.isdisjoint(firm) and held.isdisjoint(step.wires)
            if complete == 0.0 and _is_diagonal(step):
                free = stopped.isdisjoint(step.wires)
            if complete <= time + INSTANT and free and bits.isdisjoint(own):
                self.state.apply([step])
                taken.add(k)
            else:
                busy.update(step.wires)
                held |= firm
                bits |= own
                stopped.update(() if _lets_pass(step) else step.wires)
        pairs = [pair for pair in zip(self._index, self._left, strict=True) if pair[0] not in taken]
        self._index, self._left = [k for k, _ in pairs], [step for _, step in pairs]
        return self.state


def _bits(step: NoisyStep) -> Iterator[int]:
    if isinstance(step, Measurement):
        yield step.bit
    yield from getattr(step, "bits", ())


@dataclass(frozen=True)
class Known:
    """The results that an observer knows, and the times from which it knows them.

    Args:
        since: The time from which each result is known.
        values: The value of each result.
        told: The parities that are known from announcements.
    """

    since: Mapping[Written, float]
    values: Mapping[Written, int]
    told: Sequence[Told] = ()

    def by(self, time: float) -> dict[Written, int]:
        """Return the results that are known at a time."""
        return {each: self.values[each] for each, since in self.since.items() if since <= time + INSTANT}

    def parities(self, time: float) -> list[tuple[tuple[Written, ...], int]]:
        """Return the parities of results that are known at a time."""
        return [(results, value) for since, results, value in self.told if since <= time + INSTANT]
