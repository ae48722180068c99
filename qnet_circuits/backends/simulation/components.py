"""A circuit in parts that know nothing of each other: no step on two of them, and no bit that both touch.

The outcomes of such parts are independent, so each can be simulated alone, on its few wires: exactly what happens to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from qiskit import ClassicalRegister, QuantumCircuit
from rustworkx import PyGraph, connected_components

from qnet_circuits.backends.simulation.recycling import bits_of, measures, on_wires
from qnet_circuits.backends.simulation.steps import Decision, Measurement, NoisyCircuit, Step

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
    steps: dict[int, list[Step]] = {}
    for step in circuit.steps:
        steps.setdefault(part[step.wires[0]], []).append(step)
    measured = [inside for inside in steps.values() if any(map(measures, inside))]
    return [Part(circuit)] if len(measured) < 2 else [_alone(circuit, inside) for inside in measured]


def _alone(circuit: NoisyCircuit, steps: list[Step]) -> Part:
    """Return the circuit of some steps on their wires and bits alone."""
    wires = sorted({wire for step in steps for wire in step.wires})
    bits = sorted({bit for step in steps for bit in bits_of(step)})
    place, number = ({old: new for new, old in enumerate(kept)} for kept in (wires, bits))
    moved = tuple(_on_bits(on_wires(step, place), number) for step in steps)
    clbits = [circuit.source.clbits[bit] for bit in bits]
    # Conditions on the circuit's registers hold here too: simulators look at their bits.
    source = QuantumCircuit(clbits, ClassicalRegister(name=PART, bits=clbits))
    registers = ((PART, len(bits)),)
    alone = replace(circuit, num_wires=len(wires), steps=moved, source=source, registers=registers)
    return Part(alone, tuple(bits))


def _on_bits(step: Step, number: Mapping[int, int]) -> Step:
    """Return a step on other bits."""
    if isinstance(step, Measurement):
        return replace(step, bit=number[step.bit])
    if isinstance(step, Decision):
        blocks = tuple(tuple(_on_bits(inside, number) for inside in block) for block in step.blocks)
        return replace(step, bits=tuple(number[bit] for bit in step.bits), blocks=blocks)
    return step
