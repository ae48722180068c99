"""The same outcomes from narrower circuits.

What is measured early makes room for what begins late.

Steps on different wires that share no bit commute, so a circuit may be played in any order that keeps what depends on what.
A repeater chain of any length then needs no more than four wires at a time, and a simulation shot by shot no more either.

Parts of a circuit that know nothing of each other share no step and no bit. Their outcomes are independent, so each part can be
simulated alone, on its few wires: exactly what happens to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from qiskit import ClassicalRegister, QuantumCircuit
from rustworkx import PyGraph, connected_components

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


def recycled(circuit: NoisyCircuit) -> NoisyCircuit:
    """Return a circuit of the same outcomes, with its steps in another order and each wire used again once it is done.

    Steps that no measurement depends on are left out.

    Args:
        circuit: A noisy circuit.

    Returns:
        The circuit on as few wires as a greedy choice finds.
    """
    return _renamed(circuit, [circuit.steps[number] for number in _order(circuit)])


def _order(circuit: NoisyCircuit) -> list[int]:
    """Return the numbers of the steps, so that each measurement in turn is the one that opens the fewest new wires."""
    before = _dependencies(circuit)
    reached = _ancestors(circuit, before)
    ends = [k for k, step in enumerate(circuit.steps) if measures(step)]
    opened = 0
    done: set[int] = set()
    order: list[int] = []
    while ends:
        chosen = min(ends, key=lambda k: (reached[k] & ~opened).bit_count())
        order += _unmet(chosen, before, done)
        opened |= reached[chosen]
        ends = [k for k in ends if k not in done]
    return order


def measures(step: NoisyStep) -> bool:
    """Tell whether a step measures, in a branch or outside."""
    return isinstance(step, Measurement) or (
        isinstance(step, Decision) and any(measures(inside) for block in step.blocks for inside in block)
    )


def bits_of(step: NoisyStep) -> tuple[int, ...]:
    """Return the classical bits that a step touches."""
    if isinstance(step, Measurement):
        return (step.bit,)
    return step.bits if isinstance(step, Decision) else ()


def _dependencies(circuit: NoisyCircuit) -> list[list[int]]:
    """Return for each step the steps right before it on its wires and bits."""
    last: dict[tuple[str, int], int] = {}
    before: list[list[int]] = []
    for number, step in enumerate(circuit.steps):
        places = [*(("wire", wire) for wire in step.wires), *(("bit", bit) for bit in bits_of(step))]
        before.append(sorted({last[place] for place in places if place in last}))
        last.update(dict.fromkeys(places, number))
    return before


def _ancestors(circuit: NoisyCircuit, before: list[list[int]]) -> list[int]:
    """Return for each step the wires of everything that it depends on, as a bit mask."""
    reached: list[int] = []
    for step, earlier in zip(circuit.steps, before, strict=True):
        wires = 0
        for wire in step.wires:
            wires |= 1 << wire
        for number in earlier:
            wires |= reached[number]
        reached.append(wires)
    return reached


def _unmet(number: int, before: list[list[int]], done: set[int]) -> list[int]:
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


#: The register that holds a part's bits.
PART = "part"


@dataclass(frozen=True)
class Part:
    """A part of a circuit, as a circuit of its own.

    Args:
        circuit: The part on its own wires and bits; the whole circuit, unchanged, if it is one part.
        bits: The number in the whole circuit of each bit of the register ``part``; None for a whole circuit.
    """

    circuit: NoisyCircuit
    bits: tuple[int, ...] | None = None


def components(circuit: NoisyCircuit) -> list[Part]:
    """Return the parts of a circuit in which something is measured.

    Args:
        circuit: A noisy circuit, with all steps that couple wires, those of noise too.
    """
    graph = PyGraph(multigraph=False)
    graph.add_nodes_from(range(circuit.num_wires + circuit.num_bits))
    for step in circuit.steps:
        places = [*step.wires, *(circuit.num_wires + bit for bit in bits_of(step))]
        graph.add_edges_from_no_data([(places[0], other) for other in places[1:]])
    part = {place: k for k, found in enumerate(connected_components(graph)) for place in found}
    steps: dict[int, list[NoisyStep]] = {}
    for step in circuit.steps:
        steps.setdefault(part[step.wires[0]], []).append(step)
    measured = [inside for inside in steps.values() if any(map(measures, inside))]
    return [Part(circuit)] if len(measured) < 2 else [_alone(circuit, inside) for inside in measured]


def _alone(circuit: NoisyCircuit, steps: list[NoisyStep]) -> Part:
    """Return the circuit of some steps on their wires and bits alone."""
    wires = sorted({wire for step in steps for wire in step.wires})
    bits = sorted({bit for step in steps for bit in bits_of(step)})
    place, number = ({old: new for new, old in enumerate(kept)} for kept in (wires, bits))
    moved = tuple(on_wires(step, place, number) for step in steps)
    clbits = [circuit.source.clbits[bit] for bit in bits]
    # Conditions on the circuit's registers hold here too: simulators look at their bits.
    source = QuantumCircuit(clbits, ClassicalRegister(name=PART, bits=clbits))
    registers = ((PART, len(bits)),)
    alone = replace(circuit, num_wires=len(wires), steps=moved, source=source, registers=registers)
    return Part(alone, tuple(bits))
