"""Ways: where each wire of a circuit lies if it may move once, and the SWAPs that this takes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from qnet_circuits.compiling.routing import Meeting, Routing

#: A SWAP: its qubits.
_Pair = tuple[int, int]


class Way(NamedTuple):
    """Where a wire lies: on one qubit, then on another; on the same if it does not move.

    Args:
        first: The qubit that it begins on.
        last: The qubit that it ends on.
        begins: The meeting, by number, before which it must be there; before that it is in |0⟩, wherever that is.
        leaves: The meeting after which it may move; infinite if it does not.
        enters: The meeting before which it must have moved.
    """

    first: int
    last: int
    begins: float
    leaves: float
    enters: float

    @property
    def moves(self) -> bool:
        """Whether it moves."""
        return self.first != self.last

    @property
    def stays(self) -> Iterator[tuple[int, float, float]]:
        """Yield each qubit with the meetings from which on, and after which it need no longer, the wire lies there."""
        yield self.first, self.begins, self.leaves
        if self.moves:
            yield self.last, self.enters, math.inf

    def at(self, meeting: float) -> int:
        """Return the qubit of one of its meetings."""
        return self.first if meeting <= self.leaves else self.last


def pattern_of(ways: Sequence[Way]) -> Hashable:
    """Return what ways have in common wherever they are: the qubits in the order in which they come up, and the moves."""
    number: dict[int, int] = {}
    return tuple(
        (number.setdefault(way.first, len(number)), number.setdefault(way.last, len(number)), way.leaves)
        for way in ways
    )


def routing_of(met: Sequence[Meeting], ways: Sequence[Way]) -> Routing | None:
    """Return the meetings in order, with the moves as soon as they can be; None if they wait for one another."""
    when = _moments(ways)
    if when is None:
        return None
    swaps: dict[int, list[_Pair]] = {}
    for wire in sorted(when, key=lambda wire: (when[wire], wire)):
        pair = ways[wire].first, ways[wire].last
        at = swaps.setdefault(int(when[wire][0]), [])
        if pair[::-1] not in at:  # Wires that change places do so in one SWAP.
            at.append(pair)
    order: list[int | _Pair] = []
    for number in range(len(met)):
        order += [number, *swaps.get(number, ())]
    layout = [_begin(way, order) for way in ways]
    used = sorted({*layout, *(qubit for way in ways for qubit in way[:2])})
    return Routing(tuple(layout), tuple(used), tuple(order))


def _moments(ways: Sequence[Way]) -> dict[int, tuple[float, int]] | None:
    """Return after which meeting each wire that moves does so, and which of those after the same meeting come first."""
    when = {wire: (way.leaves, 0) for wire, way in enumerate(ways) if way.moves}
    for _ in range(len(when) + 1):
        changed = False
        for wire, other in ((wire, other) for wire in when for other in when if wire != other):
            if ways[wire].last != ways[other].first:
                continue
            together = ways[wire].first == ways[other].last
            least = when[other] if together else (when[other][0], when[other][1] + 1)
            if when[wire] < least:
                when[wire], changed = least, True
        if not changed:
            late = any(when[wire][0] >= ways[wire].enters for wire in when)
            return None if late or _follow_wrongly(ways, when) else when
    return None


def _follow_wrongly(ways: Sequence[Way], when: Mapping[int, tuple[float, int]]) -> bool:
    """Tell whether a wire must be on a qubit that another leaves too late."""
    return any(
        ways[wire].first == way.first and when[wire][0] >= way.begins > ways[wire].leaves
        for wire in when
        for k, way in enumerate(ways)
        if k != wire
    )


def _begin(way: Way, order: Sequence[int | _Pair]) -> int:
    """Return the qubit on which a wire is at first: SWAPs bring it to where it begins."""
    qubit = way.first
    before = order[: order.index(int(way.begins))] if way.begins >= 0 else ()
    for step in reversed(before):
        if not isinstance(step, int) and qubit in step:
            qubit = step[0] if qubit == step[1] else step[1]
    return qubit
