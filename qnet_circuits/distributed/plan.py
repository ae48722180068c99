"""Where each gate of a distributed circuit is carried out, and where each qubit is between its segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from qnet_circuits.distributed.packets import Packet
from qnet_circuits.distributed.steps import Joint, Steps, Swap, Turn


@dataclass(frozen=True)
class Plan:
    """Where gates are carried out, and where qubits are.

    In a segment a qubit may be held by several nodes at once, as copies in the Z basis. Between two segments one node holds it,
    its *station*. A qubit whose stations differ moves: a copy is made at the new station, and the old one is taken back.

    Args:
        steps: The steps.
        stations: For each qubit the node at which each of its segments begins, and at last the node at which it ends.
        spots: The node of each gate on two qubits, by its place among the steps.
    """

    steps: Steps
    stations: tuple[tuple[int, ...], ...]
    spots: Mapping[int, int]

    @cached_property
    def gates(self) -> dict[tuple[int, int], dict[int, list[int]]]:
        """The gates of each segment of each qubit, by the node at which they are carried out."""
        found: dict[tuple[int, int], dict[int, list[int]]] = {}
        for k, step in self.steps.joints:
            for end in zip(step.qubits, self.steps.segment[k], strict=True):
                found.setdefault(end, {}).setdefault(self.spots[k], []).append(k)
        return found

    @property
    def remote(self) -> tuple[Joint | Swap, ...]:
        """The gates and swaps whose qubits begin at different nodes."""
        pairs = (step for step in self.steps.steps if not isinstance(step, Turn))
        return tuple(step for step in pairs if self.stations[step.a][0] != self.stations[step.b][0])

    @property
    def moves(self) -> int:
        """How often a qubit changes its station."""
        return sum(one != other for each in self.stations for one, other in pairwise(each))

    @property
    def packets(self) -> tuple[Packet, ...]:
        """The copies that are made, each with the gates that use it; a qubit that only moves has none there."""
        return tuple(sorted(self._packets(), key=lambda each: (each.gates, each.qubit, each.node)))

    def _packets(self) -> Iterator[Packet]:
        for qubit, stations in enumerate(self.stations):
            for segment, (begins, ends) in enumerate(pairwise(stations)):
                gates = self.gates.get((qubit, segment), {})
                for node in {*gates, ends} - {begins}:
                    yield Packet(qubit, node, tuple(gates.get(node, ())))


def still(steps: Steps, nodes: Sequence[int], packets: Sequence[Packet]) -> Plan:
    """Return the plan in which all qubits stay where they are assigned, and gates are carried out where their packet is used.

    Args:
        steps: The steps.
        nodes: The node of each qubit.
        packets: The packets of the gates between nodes.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qnet_circuits.distributed.steps import steps_of
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.cz(0, 1)
        >>> still(steps_of(circuit), (0, 1), (Packet(0, 1, (0,)),)).stations
        ((0, 0), (1, 1))
    """
    used = {gate: packet.node for packet in packets for gate in packet.gates}
    spots = {k: used.get(k, nodes[step.a]) for k, step in steps.joints}
    return Plan(
        steps, tuple((node,) * (count + 1) for node, count in zip(nodes, steps.segments, strict=True)), spots
    )
