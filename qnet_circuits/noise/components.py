"""A circuit in parts that know nothing of each other: no step on two of them, and no bit that both touch.

The outcomes of such parts are independent, so each can be simulated alone, on its few wires: exactly what happens to the whole.
"""

from __future__ import annotations

from dataclasses import replace

from rustworkx import PyGraph, connected_components

from qnet_circuits.noise.recycling import bits_of, measures, on_wires
from qnet_circuits.noise.steps import NoisyCircuit, Step


def components(circuit: NoisyCircuit) -> list[NoisyCircuit]:
    """Return the parts of a circuit in which something is measured; the circuit itself if it is one part.

    Every part keeps the circuit's bits, and writes its own alone; its wires are numbered anew, in their order.

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
    measured = {k: inside for k, inside in steps.items() if any(map(measures, inside))}
    if len(measured) < 2:
        return [circuit]
    return [_alone(circuit, inside) for inside in measured.values()]


def _alone(circuit: NoisyCircuit, steps: list[Step]) -> NoisyCircuit:
    """Return the circuit of some steps on their wires alone."""
    wires = sorted({wire for step in steps for wire in step.wires})
    place = {wire: k for k, wire in enumerate(wires)}
    moved = tuple(on_wires(step, place) for step in steps)
    return replace(circuit, num_wires=len(wires), steps=moved)
