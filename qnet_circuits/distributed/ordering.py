"""The order of the steps: packets open late and close early, so that few communication qubits are in use at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from qnet_circuits.distributed.packets import Packet
from qnet_circuits.distributed.steps import Joint, Step, Steps, Swap
from qnet_circuits.errors import ParameterError


@dataclass(frozen=True)
class Open:
    """A copy of a qubit is made at another node."""

    qubit: int
    node: int


@dataclass(frozen=True)
class Close:
    """A copy of a qubit is taken back."""

    qubit: int
    node: int


@dataclass(frozen=True)
class Do:
    """A step. ``copy`` is the qubit whose copy takes part, at the node of the other qubit; None if the step is local."""

    step: Step
    copy: int | None = None


Action = Open | Close | Do


@dataclass(frozen=True)
class Equipment:
    """The nodes as numbers: where each qubit is, how many communication qubits there are, and the routes between nodes.

    Args:
        nodes: The node of each qubit.
        communication: The communication qubits of each node; None without a limit.
        routes: For two nodes, the nodes of the route, both ends included.
    """

    nodes: tuple[int, ...]
    communication: tuple[int | None, ...]
    routes: Mapping[tuple[int, int], tuple[int, ...]]

    def between(self, a: int, b: int) -> Counter[int]:
        """Return the communication qubits that one pair between two nodes takes while it is made."""
        first, *inner, last = self.routes[a, b]
        return Counter([first, last, *inner, *inner])

    def lacking(self, used: Mapping[int, int], needed: Mapping[int, int]) -> list[int]:
        """Return the nodes that have too few communication qubits for what is needed besides what is used."""
        limits = self.communication
        return [
            node
            for node, count in needed.items()
            if (limit := limits[node]) is not None and used.get(node, 0) + count > limit
        ]


@dataclass
class _Walk:
    """What is done, what is open, and what remains."""

    steps: Steps
    equipment: Equipment
    packet_of: dict[int, int]
    left: list[set[int]]
    packets: list[Packet]
    level: list[int] = field(default_factory=list)
    waiting: list[Counter[int]] = field(default_factory=list)
    open: dict[tuple[int, int], int] = field(default_factory=dict)
    todo: dict[int, None] = field(default_factory=dict)

    def ready(self, k: int) -> bool:
        step = self.steps.steps[k]
        return all(self.level[q] == at for q, at in zip(step.qubits, self.steps.block[k], strict=True))

    def done(self, k: int) -> None:
        del self.todo[k]
        for qubit, at in zip(self.steps.steps[k].qubits, self.steps.block[k], strict=True):
            self.waiting[qubit][at] -= 1
            while self.waiting[qubit] and not self.waiting[qubit][self.level[qubit]]:
                del self.waiting[qubit][self.level[qubit]]
                self.level[qubit] += 1

    def used(self) -> Counter[int]:
        return Counter(node for _, node in self.open)


def ordered(steps: Steps, packets: Sequence[Packet], equipment: Equipment) -> tuple[Action, ...]:
    """Return the actions that carry out all steps.

    Local steps come as soon as possible. A packet opens if nothing else can be done, and closes after its last gate. If a node
    has no communication qubit left, the packet there that is used last closes and opens again later, which costs one more pair.

    Args:
        steps: The steps.
        packets: The packets of the steps between nodes.
        equipment: The nodes.

    Raises:
        ParameterError: If a node has too few communication qubits for a single pair.
    """
    packet_of = {gate: number for number, packet in enumerate(packets) for gate in packet.gates}
    walk = _Walk(steps, equipment, packet_of, [set(packet.gates) for packet in packets], list(packets))
    walk.level = [0] * steps.qubits
    walk.waiting = [Counter() for _ in range(steps.qubits)]
    for k, step in enumerate(steps.steps):
        walk.todo[k] = None
        for qubit, at in zip(step.qubits, steps.block[k], strict=True):
            walk.waiting[qubit][at] += 1
    for qubit in range(steps.qubits):
        while walk.waiting[qubit] and not walk.waiting[qubit][walk.level[qubit]]:
            walk.level[qubit] += 1
    return tuple(_actions(walk))


def _actions(walk: _Walk) -> Iterator[Action]:
    while walk.todo:
        before = len(walk.todo)
        for k in [k for k in walk.todo if walk.ready(k)]:
            yield from _at_once(walk, k)
        if len(walk.todo) == before:
            yield from _opened(walk)


def _at_once(walk: _Walk, k: int) -> Iterator[Action]:
    """Yield a step if it needs no new pair."""
    step, nodes = walk.steps.steps[k], walk.equipment.nodes
    if not walk.ready(k):
        return
    if isinstance(step, Joint) and nodes[step.a] != nodes[step.b]:
        packet = walk.packets[walk.packet_of[k]]
        if (packet.qubit, packet.node) not in walk.open:
            return
        yield Do(step, packet.qubit)
        walk.done(k)
        walk.left[walk.packet_of[k]].discard(k)
        if not walk.left[walk.packet_of[k]]:
            yield from _closed(walk, packet.qubit, packet.node)
        return
    if isinstance(step, Swap) and nodes[step.a] != nodes[step.b]:
        return
    yield Do(step)
    walk.done(k)


def _closed(walk: _Walk, qubit: int, node: int) -> Iterator[Action]:
    del walk.open[qubit, node]
    yield Close(qubit, node)


def _opened(walk: _Walk) -> Iterator[Action]:
    """Yield what makes the next step between nodes possible: a packet opens, or a swap is carried out."""
    nodes = walk.equipment.nodes
    ready = [k for k in walk.todo if walk.ready(k)]
    gates = Counter(walk.packet_of[k] for k in ready if k in walk.packet_of)
    if not gates:
        k = ready[0]
        step = walk.steps.steps[k]
        a, b = nodes[step.qubits[0]], nodes[step.qubits[1]]
        yield from _made_room(walk, walk.equipment.between(a, b) + walk.equipment.between(a, b), (a, b))
        yield Do(step)
        walk.done(k)
        return
    # The packet with the fewest gates that are not ready yet stays open for the shortest time.
    number = min(gates, key=lambda each: (len(walk.left[each]) - gates[each], min(walk.left[each])))
    packet = walk.packets[number]
    root = nodes[packet.qubit]
    yield from _made_room(walk, walk.equipment.between(root, packet.node), (root, packet.node))
    walk.open[packet.qubit, packet.node] = number
    yield Open(packet.qubit, packet.node)


def _made_room(walk: _Walk, needed: Counter[int], ends: tuple[int, int]) -> Iterator[Action]:
    """Close packets until a pair between two nodes can be made."""
    while lacking := walk.equipment.lacking(walk.used(), needed):
        here = [place for place in walk.open if place[1] == lacking[0]]
        if not here:
            has, wants = walk.equipment.communication[lacking[0]], needed[lacking[0]]
            raise ParameterError(
                f"node number {lacking[0] + 1} has {has} communication qubits, and a pair between the nodes {ends[0] + 1} and "
                f"{ends[1] + 1} needs {wants} there; give it more, or link the nodes directly"
            )
        place = max(here, key=lambda each: min(walk.left[walk.open[each]]))
        yield from _closed(walk, *place)
