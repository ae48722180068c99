"""Which qubits lie at rest without waiting for anything: what turns a neighbour that waits beside them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from qnet_circuits.devices.schedule import INSTANT, Timed, Wait, makespan


def resting(timed: Sequence[Timed], until: float | None = None, busy: Iterable[int] = ()) -> list[Wait]:
    """Return when wires are at rest that do not wait.

    A measured wire is at rest from the begin of its measurement, when its bit is taken; one that is not used again, after its
    last operation; one that is reset, until then. A wire in |0⟩ turns nobody and is left out.

    Args:
        timed: Operations in order of time.
        until: If given, every wire is in use up to then, as in a branch; then it waits after its last operation.
        busy: Wires that are in use from the begin, as in a branch.
    """
    #: Since when a wire is at rest, and when its last operation ends.
    since: dict[int, tuple[float, float]] = dict.fromkeys(busy, (0.0, 0.0))
    found = []
    for each in timed:
        if each.transparent:
            continue
        for wire in each.wires:
            if wire in since:
                start, end = since.pop(wire)
                found.append(Wait(wire, start, each.start if each.name == "reset" else end))
            if each.name != "reset":
                since[wire] = each.start if each.name == "measure" else each.end, each.end
    whole = makespan(timed)
    return found + [
        Wait(wire, start, whole if until is None else end) for wire, (start, end) in since.items()
    ]


class Idleness:
    """Which wires do nothing from one moment to another.

    Args:
        timed: Operations in order of time.
    """

    def __init__(self, timed: Iterable[Timed]) -> None:
        self._done: dict[int, list[Timed]] = {}
        for each in timed:
            for wire in () if each.transparent else each.wires:
                self._done.setdefault(wire, []).append(each)

    def lasts(self, wire: int, start: float, end: float) -> bool:
        """Tell whether a wire that is not in |0⟩ is at rest all the time; one that is measured is at rest already."""
        done = self._done.get(wire, [])
        place = bisect_left(done, start, key=lambda each: each.start)
        if place == 0 or (place < len(done) and done[place].start < end):
            return False
        last = done[place - 1]
        return last.name == "measure" or (last.name != "reset" and last.end <= start + INSTANT)


def overlaps(first: Sequence[Wait], second: Sequence[Wait]) -> Iterator[tuple[Wait, Wait]]:
    """Yield the times of one wire and of another that overlap; each wire's are in order and apart.

    Example:
        >>> [(a.start, b.start) for a, b in overlaps([Wait(0, 0, 2), Wait(0, 3, 5)], [Wait(1, 1, 4)])]
        [(0, 1), (3, 1)]
    """
    i = j = 0
    while i < len(first) and j < len(second):
        a, b = first[i], second[j]
        if min(a.end, b.end) > max(a.start, b.start) + INSTANT:
            yield a, b
        if a.end < b.end:
            i += 1
        else:
            j += 1
