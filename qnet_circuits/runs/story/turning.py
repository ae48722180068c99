"""Neighbours that turn each other: what the twin lets coupled qubits do while one waits and the other is at rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qnet_circuits.backends.simulation.steps import Decision, NoisyStep, Turn
from qnet_circuits.devices.schedule import INSTANT
from qnet_circuits.runs.story.acts import Act, Acts, at


def turns_of(steps: Sequence[tuple[float, NoisyStep]], found: Acts) -> list[Act]:
    """Return the turns of neighbours in time, each of which is complete at its end.

    Args:
        steps: The steps of the twin, each with the time at which it is complete.
        found: The operations of the circuit.
    """
    return [
        Act("turn", start, end, wires, tuple(at(found, wire, start + INSTANT) for wire in wires))
        for start, end, wires in _turns(steps, found.acts)
        if end > start + INSTANT and all(at(found, wire, start + INSTANT) for wire in wires)
    ]


def _turns(
    steps: Sequence[tuple[float, NoisyStep]], acts: Sequence[Act]
) -> Iterator[tuple[float, float, tuple[int, ...]]]:
    """Yield the begin, the end and the wires of each turn, also of those with wires of a decision while it lasts."""
    for end, step in steps:
        if isinstance(step, Turn):
            yield end - step.seconds, end, step.wires
        elif isinstance(step, Decision):
            pairs = {each.wires for block in step.blocks for each in block if isinstance(each, Turn)}
            for act in acts if pairs else ():
                if act.kind == "decision" and abs(act.end - end) < INSTANT and {*act.wires} <= {*step.wires}:
                    yield from ((act.start, act.end, pair) for pair in sorted(pairs))
