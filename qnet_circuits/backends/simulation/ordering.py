"""In which order to play steps that depend on each other, so that few wires are in use at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

#: So many ways to begin are followed at a time.
_FOLLOWED = 32


class Use(NamedTuple):
    """What an order of steps depends on: the wires of a step, its bits, and those that it writes."""

    wires: tuple[int, ...]
    bits: tuple[int, ...]
    written: tuple[int, ...]


def searched(uses: Sequence[Use], before: Sequence[Sequence[int]], needed: Sequence[int]) -> list[int]:
    """Return the needed steps in an order that needs few wires at a time.

    Of all ways to begin with one step more, and what follows without a new wire, the best few are followed: those whose widest
    moment and wires in use together are fewest, and of these those that are furthest.

    Args:
        uses: What each step depends on.
        before: The steps right before each one.
        needed: The steps that are wanted.
    """
    search = _Search(uses, before, needed)
    partial, best = [search.start], None
    while partial:
        found = search.further(partial)
        whole = [each for each in found if not each.ready]
        best = min(whole if best is None else [best, *whole], key=lambda each: each.most, default=None)
        going = [each for each in found if each.ready and (best is None or each.most < best.most)]
        going.sort(key=lambda each: (each.most + each.opened.bit_count(), -each.done.bit_count()))
        partial = going[:_FOLLOWED]
    return [] if best is None else _listed(best.order)


class _Partial(NamedTuple):
    """A way to begin.

    Args:
        most: How many wires were in use at the same time at most.
        opened: The wires in use, as a bit mask.
        done: The steps so far, as a bit mask.
        ready: The steps that may come next.
        order: The steps in order, the last one beside those before it.
    """

    most: int
    opened: int
    done: int
    ready: frozenset[int]
    order: tuple[Any, int] | None


class _Search:
    """What may come next, for the arguments of :func:`searched`."""

    def __init__(self, uses: Sequence[Use], before: Sequence[Sequence[int]], needed: Sequence[int]) -> None:
        self._own = {number: uses[number].wires for number in needed}
        self._wires = {number: sum(1 << wire for wire in wires) for number, wires in self._own.items()}
        self._before = {number: sum(1 << other for other in before[number]) for number in needed}
        self._following: dict[int, list[int]] = {number: [] for number in needed}
        self._users: dict[int, int] = {}
        for number in needed:
            for other in before[number]:
                self._following[other].append(number)
            for wire in self._own[number]:
                self._users[wire] = self._users.get(wire, 0) | 1 << number

    @property
    def start(self) -> _Partial:
        """Nothing so far."""
        first = frozenset([number for number, earlier in self._before.items() if not earlier])
        return _Partial(0, 0, 0, first, None)

    def further(self, partial: Iterable[_Partial]) -> list[_Partial]:
        """Return what each may become by one more step; of those that have done the same, the narrowest."""
        found: dict[int, _Partial] = {}
        for each in partial:
            for number in each.ready:
                after = self._after(each, number)
                if after.done not in found or after.most < found[after.done].most:
                    found[after.done] = after
        return list(found.values())

    def _after(self, partial: _Partial, number: int) -> _Partial:
        """Return what it becomes by a step, and by all that follow without a new wire."""
        most, opened, done, ready, order = partial
        waiting, chosen = set(ready), number
        while chosen >= 0:
            waiting.remove(chosen)
            done, order = done | 1 << chosen, (order, chosen)
            opened |= self._wires[chosen]
            most = max(most, opened.bit_count())
            for wire in self._own[chosen]:
                if not self._users[wire] & ~done:
                    opened &= ~(1 << wire)
            waiting.update(next_ for next_ in self._following[chosen] if not self._before[next_] & ~done)
            chosen = next((ready_ for ready_ in waiting if not self._wires[ready_] & ~opened), -1)
        return _Partial(most, opened, done, frozenset(waiting), order)


def _listed(order: tuple[Any, int] | None) -> list[int]:
    """Return the steps of a partial order, first to last."""
    listed = []
    while order is not None:
        order, number = order
        listed.append(number)
    return listed[::-1]
