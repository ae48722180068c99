"""A distributed circuit whose qubits are entangled with reference qubits, which shows the whole process."""

from __future__ import annotations

from dataclasses import replace

from qiskit import QuantumCircuit

from qnet_circuits.distributed.building import built
from qnet_circuits.distributed.distribute import DistributedCircuit
from qnet_circuits.distributed.nodes import Equipment, routes_of
from qnet_circuits.distributed.ordering import ordered
from qnet_circuits.distributed.plan import Plan
from qnet_circuits.distributed.steps import steps_of
from qnet_circuits.programs.network import Network


def with_references(found: DistributedCircuit) -> DistributedCircuit:
    """Return a circuit in which each qubit is first entangled with a reference qubit at its node.

    The plan is that of the circuit without references: nothing is searched again, so the same qubits move and the same gates
    share pairs. The wires of the references come after those of the circuit. A node without a stated number of communication
    qubits uses as many as it needs, so a copy that closed early for want of one may stay open.

    Args:
        found: The circuit.

    Example:
        >>> from qnet_circuits.distributed.distribute import distributed
        >>> with_references(distributed("ghz:4", 2)).resources["bell_pairs"]
        1
    """
    wires = found.steps.qubits
    both = QuantumCircuit(2 * wires)
    both.h(range(wires))
    for wire in range(wires):
        both.cx(wire, wires + wire)
    both.compose(found.original, range(wires), inplace=True)
    steps = steps_of(both, found.rename_swaps)
    # The first H of a qubit begins a segment, so that all segments of the circuit come one later.
    home = [each[0] for each in found.plan.stations]
    stations = [(node, *each) for node, each in zip(home, found.plan.stations, strict=True)]
    stations += [(home[k],) * (steps.segments[wires + k] + 1) for k in range(wires)]
    spots = iter(sorted(found.plan.spots.items()))
    plan = Plan(
        steps,
        tuple(stations),
        {k: home[joint.a] if joint.b >= wires else next(spots)[1] for k, joint in steps.joints},
        {(qubit, segment + 1): nodes for (qubit, segment), nodes in found.plan.outlasting.items()},
    )
    nodes = [found.network.node(name) for name in found.network.nodes]
    network = Network([replace(node, data=None) for node in nodes], found.network.links)
    routes, _ = routes_of(network, "links")
    equipment = Equipment((*home, *home), tuple(node.communication for node in nodes), routes)
    made = built(network, equipment, ordered(plan, equipment))
    return DistributedCircuit(both, network, found.assignment * 2, found.rename_swaps, plan, made)
