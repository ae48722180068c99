"""Where each gate of a distributed circuit is carried out, and where each qubit is between its segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from qnet_circuits.distributed.embedding import Stretch, stretches_of
from qnet_circuits.distributed.packets import Packet
from qnet_circuits.distributed.steps import Joint, Steps, Swap, Turn


@dataclass(frozen=True)
class Plan:
    """Where gates are carried out, and where qubits are.

    In a segment a qubit may be held by several nodes at once, as copies in the Z basis. Between two segments one node holds it,
    its *station*. A qubit whose stations differ moves: a copy is made at the new station, and the old one is taken back.
    Copies may also outlast a stretch of the qubit (``Stretch``): the gates of the stretch are carried out at the station, and
    flip the copies at the other nodes, where their other qubits must be held, too.

    Args:
        steps: The steps.
        stations: For each qubit the node at which each of its segments begins, and at last the node at which it ends.
        spots: The node of each gate on two qubits, by its place among the steps.
        outlasting: For qubits and segments that are stretches, the nodes whose copies outlast it, the station included.
    """

    steps: Steps
    stations: tuple[tuple[int, ...], ...]
    spots: Mapping[int, int]
    outlasting: Mapping[tuple[int, int], frozenset[int]] = field(default_factory=dict)

    @cached_property
    def stretches(self) -> dict[tuple[int, int], Stretch]:
        """The stretches that copies outlast."""
        found = stretches_of(self.steps) if self.outlasting else {}
        return {place: found[place] for place in self.outlasting}

    @cached_property
    def gates(self) -> dict[tuple[int, int], dict[int, list[int]]]:
        """The gates of each segment of each qubit, by the nodes at which they are carried out or flip copies."""
        found: dict[tuple[int, int], dict[int, list[int]]] = {}
        for k, step in self.steps.joints:
            for end in zip(step.qubits, self.steps.segment[k], strict=True):
                found.setdefault(end, {}).setdefault(self.spots[k], []).append(k)
        for place, stretch in self.stretches.items():
            for k, end in stretch.gates:
                for node in self.outlasting[place] - {self.spots[k]}:
                    found[end].setdefault(node, []).append(k)
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
                old = {begins, *self._kept(qubit, segment - 1), *self._kept(qubit, segment)}
                for node in {*self.gates.get((qubit, segment), ()), ends} - old:
                    yield Packet(qubit, node, tuple(sorted(self._served(qubit, segment, node))))

    def _kept(self, qubit: int, segment: int) -> frozenset[int]:
        return self.outlasting.get((qubit, segment), frozenset())

    def _served(self, qubit: int, segment: int, node: int) -> Iterator[int]:
        """Yield the gates of a copy that is made in a segment, also those after a stretch that it outlasts."""
        yield from self.gates.get((qubit, segment), {}).get(node, ())
        if node in self._kept(qubit, segment) | self._kept(qubit, segment + 1):
            yield from self._served(qubit, segment + 1, node)


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
