"""The same outcomes from narrower circuits.

What is measured early makes room for what begins late.

Steps on different wires that share no bit commute, so a circuit may be played in any order that keeps what depends on what.
A repeater chain of any length then needs no more than four wires at a time, and a simulation shot by shot no more either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from qnet_circuits.backends.simulation.ordering import Use, searched
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Depolarise,
    Measurement,
    NoisyCircuit,
    NoisyStep,
    Reset,
    Transfer,
    Unitary,
)

#: So few wires cost next to nothing: no search is made for fewer.
_FEW = 4
#: Orders of circuits of more steps are not searched.
_MOST_SEARCHED = 600


def recycled(circuit: NoisyCircuit) -> NoisyCircuit:
    """Return a circuit of the same outcomes, with its steps in another order and each wire used again once it is done.

    Steps that no measurement depends on are left out.

    Args:
        circuit: A noisy circuit.

    Returns:
        The circuit on as few wires as a search among orders finds.
    """
    order = _order(tuple([Use(step.wires, bits_of(step), written_by(step)) for step in circuit.steps]))
    return _renamed(circuit, [circuit.steps[number] for number in order])


def measures(step: NoisyStep) -> bool:
    """Tell whether a step measures, in a branch or outside."""
    return bool(written_by(step))


def written_by(step: NoisyStep) -> tuple[int, ...]:
    """Return the classical bits that a step measures into, in a branch or outside."""
    if isinstance(step, Measurement):
        return (step.bit,)
    if not isinstance(step, Decision):
        return ()
    return tuple([bit for block in step.blocks for inside in block for bit in written_by(inside)])


def bits_of(step: NoisyStep) -> tuple[int, ...]:
    """Return the classical bits that a step touches."""
    if isinstance(step, Measurement):
        return (step.bit,)
    return step.bits if isinstance(step, Decision) else ()


# -- in which order --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _order(uses: tuple[Use, ...]) -> tuple[int, ...]:
    """Return the numbers of the steps in an order that needs few wires; circuits of one program share most of theirs."""
    before = _dependencies(uses)
    greedy = _greedy(uses, before)
    if _width(uses, greedy) <= _FEW or len(greedy) > _MOST_SEARCHED:
        return tuple(greedy)
    kept = sorted(greedy)
    narrowest = min([greedy, kept, searched(uses, before, kept)], key=partial(_width, uses))
    return tuple(narrowest)


def _dependencies(uses: Sequence[Use]) -> list[list[int]]:
    """Return for each step those right before it on its wires and bits; steps that only read a bit may change places."""
    last: dict[tuple[str, int], int] = {}
    readers: dict[int, list[int]] = {}
    before: list[list[int]] = []
    for number, use in enumerate(uses):
        places = [*(("wire", wire) for wire in use.wires), *(("bit", bit) for bit in use.bits)]
        found = {last[place] for place in places if place in last}
        for bit in use.written:
            found.update(readers.pop(bit, ()))
        for bit in set(use.bits).difference(use.written):
            readers.setdefault(bit, []).append(number)
        before.append(sorted(found))
        last.update({("wire", wire): number for wire in use.wires})
        last.update({("bit", bit): number for bit in use.written})
    return before


def _width(uses: Sequence[Use], order: Sequence[int]) -> int:
    """Return how many wires are in use at the same time at most."""
    last = {wire: number for number in order for wire in uses[number].wires}
    opened: set[int] = set()
    most = 0
    for number in order:
        opened.update(uses[number].wires)
        most = max(most, len(opened))
        opened.difference_update([wire for wire in uses[number].wires if last[wire] == number])
    return most


def _greedy(uses: Sequence[Use], before: Sequence[Sequence[int]]) -> list[int]:
    """Return the steps, so that each measurement in turn is the one that opens the fewest new wires."""
    reached = _ancestors(uses, before)
    ends = [number for number, use in enumerate(uses) if use.written]
    opened = 0
    done: set[int] = set()
    order: list[int] = []
    while ends:
        chosen = min(ends, key=lambda number: (reached[number] & ~opened).bit_count())
        order += _unmet(chosen, before, done)
        opened |= reached[chosen]
        ends = [number for number in ends if number not in done]
    return order


def _ancestors(uses: Sequence[Use], before: Sequence[Sequence[int]]) -> list[int]:
    """Return for each step the wires of everything that it depends on, as a bit mask."""
    reached: list[int] = []
    for use, earlier in zip(uses, before, strict=True):
        wires = 0
        for wire in use.wires:
            wires |= 1 << wire
        for number in earlier:
            wires |= reached[number]
        reached.append(wires)
    return reached


def _unmet(number: int, before: Sequence[Sequence[int]], done: set[int]) -> list[int]:
    """Return what must still happen up to a step, in order, and mark it as done."""
    waiting, found = [number], set()
    while waiting:
        each = waiting.pop()
        if each not in done and each not in found:
            found.add(each)
            waiting += before[each]
    done |= found
    return sorted(found)


@dataclass
class _Wires:
    """Which wire of the new circuit each wire is at present."""

    free: list[int] = field(default_factory=list)
    place: dict[int, int] = field(default_factory=dict)
    made: int = 0

    def open(self, wire: int) -> list[NoisyStep]:
        """Give a wire its place; one that was used before is reset."""
        if wire in self.place:
            return []
        if self.free:
            self.place[wire] = self.free.pop()
            return [Reset(self.place[wire])]
        self.place[wire] = self.made
        self.made += 1
        return []


def _renamed(circuit: NoisyCircuit, steps: list[NoisyStep]) -> NoisyCircuit:
    last_use = {wire: k for k, step in enumerate(steps) for wire in step.wires}
    wires, renamed = _Wires(), []
    for k, step in enumerate(steps):
        for wire in step.wires:
            renamed += wires.open(wire)
        renamed.append(on_wires(step, wires.place))
        wires.free += [wires.place.pop(wire) for wire in step.wires if last_use[wire] == k]
    return replace(circuit, steps=tuple(renamed), num_wires=wires.made)


def on_wires(step: NoisyStep, place: Mapping[int, int], number: Mapping[int, int] | None = None) -> NoisyStep:
    """Return a step on other wires, and on other bits if they are given."""
    if isinstance(step, Measurement):
        bit = step.bit if number is None else number[step.bit]
        return Measurement(place[step.wire], bit, step.p10, step.p01)
    wires = tuple(place[wire] for wire in step.wires)
    if isinstance(step, Transfer):
        return Transfer(wires, step.matrix)
    if isinstance(step, Unitary):
        return Unitary(step.operation, wires)
    if isinstance(step, Decision):
        bits = step.bits if number is None else tuple(number[bit] for bit in step.bits)
        blocks = tuple(tuple(on_wires(inside, place, number) for inside in block) for block in step.blocks)
        return replace(step, wires=wires, bits=bits, blocks=blocks)
    if isinstance(step, Depolarise):
        return Depolarise(wires, step.probability)
    return replace(step, wire=wires[0])
