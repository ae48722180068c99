"""The order of the steps: copies open late and close early, so that few communication qubits are in use at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from qnet_circuits.distributed.nodes import Equipment
from qnet_circuits.distributed.plan import Plan
from qnet_circuits.distributed.steps import Joint, Step, Swap
from qnet_circuits.errors import ParameterError


@dataclass(frozen=True)
class Open:
    """A copy of a qubit is made at another node, from the one at ``source``."""

    qubit: int
    source: int
    node: int


@dataclass(frozen=True)
class Close:
    """A copy of a qubit is taken back, which corrects the one at ``keeper``."""

    qubit: int
    node: int
    keeper: int


@dataclass(frozen=True)
class Do:
    """A step.

    Args:
        step: The step.
        node: The node of a gate on two qubits, or of a turn that not all copies can follow; None for other steps.
        flipped: The qubit whose copies at other nodes are flipped: by X, or for a gate on two qubits by CNOTs from the other
            one. None if there is none.
    """

    step: Step
    node: int | None = None
    flipped: int | None = None


Action = Open | Close | Do


class _Walk:
    """What is done, which nodes hold each qubit, and what remains."""

    def __init__(self, plan: Plan, equipment: Equipment) -> None:
        self.plan, self.steps, self.equipment = plan, plan.steps, equipment
        self.held = [[node] for node in equipment.nodes]
        self.segment = [0] * self.steps.qubits
        self.left = {
            end: {node: set(gates) for node, gates in each.items()} for end, each in plan.gates.items()
        }
        #: For each qubit the steps of its blocks that remain, of which the first block may be done.
        self.blocks: list[dict[int, set[int]]] = [{} for _ in self.held]
        for k, (step, blocks) in enumerate(zip(self.steps.steps, self.steps.block, strict=True)):
            for qubit, at in zip(step.qubits, blocks, strict=True):
                self.blocks[qubit].setdefault(at, set()).add(k)
        #: How many of its qubits each step waits for, and the steps that wait for none.
        self.waits = [len(step.qubits) for step in self.steps.steps]
        self.ready: set[int] = set()
        for qubit in range(self.steps.qubits):
            self.rise(qubit)

    def rise(self, qubit: int) -> list[int]:
        """Begin the first block of a qubit that remains; return the steps that are ready now."""
        begun = next(iter(self.blocks[qubit].values()), set())
        for k in begun:
            self.waits[k] -= 1
        now = [k for k in begun if not self.waits[k]]
        self.ready.update(now)
        return now

    def done(self, k: int) -> list[int]:
        """Note that a step is done; return the steps that are ready now."""
        self.ready.remove(k)
        now = []
        for qubit, at in zip(self.steps.steps[k].qubits, self.steps.block[k], strict=True):
            self.blocks[qubit][at].remove(k)
            if not self.blocks[qubit][at]:
                del self.blocks[qubit][at]
                now += self.rise(qubit)
            for gates in self.remaining(qubit).values():
                gates.discard(k)
        return now

    def remaining(self, qubit: int) -> dict[int, set[int]]:
        """Return the gates that remain in a qubit's segment, by node."""
        return self.left.get((qubit, self.segment[qubit]), {})

    def needed(self, qubit: int) -> set[int]:
        """Return the nodes at which a qubit is still needed in its segment: for gates, or because the next one begins there."""
        at, outlasting = self.segment[qubit], self.plan.outlasting
        kept = outlasting.get((qubit, at), outlasting.get((qubit, at + 1), frozenset()))
        gates = {node for node, gates in self.remaining(qubit).items() if gates}
        return gates | kept | {self.plan.stations[qubit][at + 1]}

    def used(self) -> Counter[int]:
        """Return the communication qubits in use: all that hold a qubit away from its own place."""
        homes = zip(self.held, self.equipment.nodes, strict=True)
        return Counter(node for held, home in homes for node in held if node != home)

    def away(self, qubit: int) -> bool:
        """Tell whether a qubit is in a stretch that copies outlast."""
        return (qubit, self.segment[qubit]) in self.plan.outlasting

    def action(self, k: int) -> Do:
        """Return a step with the qubit whose copies it flips."""
        step = self.steps.steps[k]
        if isinstance(step, Joint):
            return Do(step, self.plan.spots[k], next(filter(self.away, step.qubits), None))
        if isinstance(step, Swap):
            return Do(step)
        qubit, (at,) = step.qubit, self.steps.segment[k]
        stretch = self.plan.stretches.get((qubit, at - 1)) if at > self.segment[qubit] else None
        if stretch or (qubit, at) in self.plan.outlasting:
            node = self.plan.stations[qubit][at]
            return Do(step, node, qubit if stretch and stretch.flips else None)
        return Do(step, None, qubit if step.flips else None)

    def wanted(self, k: int) -> list[tuple[int, int]]:
        """Return the nodes that must hold qubits at a step: where a gate is carried out, or where a new segment begins."""
        step = self.steps.steps[k]
        if k in self.plan.spots:
            nodes = {self.plan.spots[k]: None}
            for qubit in filter(self.away, step.qubits):
                nodes |= dict.fromkeys(self.held[qubit])
            return [(qubit, node) for node in nodes for qubit in step.qubits]
        ends = zip(step.qubits, self.steps.segment[k], strict=True)
        return [(qubit, self.plan.stations[qubit][at]) for qubit, at in ends if at > self.segment[qubit]]

    def missing(self, k: int) -> list[tuple[int, int]]:
        """Return those of these nodes that do not hold their qubit yet."""
        return [(qubit, node) for qubit, node in self.wanted(k) if node not in self.held[qubit]]


def ordered(plan: Plan, equipment: Equipment) -> tuple[Action, ...]:
    """Return the actions that carry out all steps.

    Local steps come as soon as possible. A copy opens if nothing else can be done, from the nearest node that holds the qubit,
    and closes after its last gate. If a node has no communication qubit left, the copy there that is used last closes and opens
    again later, which costs one more pair.

    Args:
        plan: Where gates are carried out, and where qubits are.
        equipment: The nodes.

    Raises:
        ParameterError: If a node has too few communication qubits.
    """
    return tuple(_actions(_Walk(plan, equipment)))


def _actions(walk: _Walk) -> Iterator[Action]:
    while walk.ready:
        idle, heap = True, sorted(walk.ready)
        while heap:
            if not _opens(walk, k := heappop(heap)):
                idle = False
                for later in (yield from _done(walk, k)):
                    heappush(heap, later)
        if idle:
            k = _next(walk)
            for place in walk.missing(k):
                yield from _opened(walk, *place, protected=walk.wanted(k))
            yield from _done(walk, k)
    for qubit, stations in enumerate(walk.plan.stations):
        if stations[-1] not in walk.held[qubit]:
            yield from _opened(walk, qubit, stations[-1], protected=[])


def _opens(walk: _Walk, k: int) -> bool:
    """Tell whether a step needs a new pair."""
    step, nodes = walk.steps.steps[k], walk.equipment.nodes
    return bool(walk.missing(k)) or (isinstance(step, Swap) and nodes[step.a] != nodes[step.b])


def _next(walk: _Walk) -> int:
    """Return the step for which a pair is made next."""

    def urgency(k: int) -> tuple[bool, int, bool, int]:
        # The copy with the fewest gates that are not ready yet stays open for the shortest time. A move waits for all gates. Of
        # equals, a qubit that has copies already comes first: they may be open only to be copied further.
        missing = walk.missing(k)
        waits = [walk.remaining(qubit).get(node, set()) - walk.ready for qubit, node in missing]
        begun = any(len(walk.held[qubit]) > 1 for qubit, _ in missing)
        return k not in walk.plan.spots, sum(map(len, waits)), not begun, k

    return min(walk.ready, key=urgency)


def _done(walk: _Walk, k: int) -> Generator[Action, None, list[int]]:
    """Yield a step whose qubits are where they must be; return the steps that are ready then."""
    step, nodes = walk.steps.steps[k], walk.equipment.nodes
    if isinstance(step, Swap) and (a := nodes[step.a]) != (b := nodes[step.b]):
        # The first pair has its two ends alone when the second one is made.
        yield from _made_room(walk, lambda: walk.equipment.between(a, b) + Counter((a, b)), [])
    yield walk.action(k)
    now = walk.done(k)
    for qubit, at in zip(step.qubits, walk.steps.segment[k], strict=True):
        walk.segment[qubit] = at
        yield from _tidied(walk, qubit)
    return now


def _opened(walk: _Walk, qubit: int, node: int, protected: Sequence[tuple[int, int]]) -> Iterator[Action]:
    """Yield a copy of a qubit at a node, made from the nearest one; a copy on the way that is needed as well comes first."""
    held, hops = walk.held[qubit], walk.equipment.hops

    def source() -> int:
        return min(held, key=lambda each: hops(each, node))

    for stop in sorted(walk.needed(qubit) - {*held, node}, key=lambda each: hops(source(), each)):
        if hops(source(), stop) + hops(stop, node) == hops(source(), node):
            yield from _opened(walk, qubit, stop, protected)
    if node in held:  # It was on the way to another one.
        return
    yield from _made_room(walk, lambda: walk.equipment.between(source(), node), protected)
    yield Open(qubit, source(), node)
    held.append(node)
    yield from _tidied(walk, qubit)


def _tidied(walk: _Walk, qubit: int) -> Iterator[Action]:
    """Close the copies of a qubit that nothing needs in its segment any more, also the one from which it moves away."""
    held, needed = walk.held[qubit], walk.needed(qubit)
    kept = [node for node in held if node in needed]
    for node in needed - {*held}:
        # The copies that are still to come are made from the nearest one.
        nearest = min(held, key=lambda each: (walk.equipment.hops(each, node), each not in needed))
        kept += [] if nearest in kept else [nearest]
    for node in [node for node in held if node not in kept]:
        yield from _closed(walk, qubit, node, kept[0])


def _closed(walk: _Walk, qubit: int, node: int, keeper: int) -> Iterator[Action]:
    walk.held[qubit].remove(node)
    yield Close(qubit, node, keeper)


def _made_room(
    walk: _Walk, needed: Callable[[], Counter[int]], protected: Sequence[tuple[int, int]]
) -> Iterator[Action]:
    """Close copies until pairs can be made."""
    while lacking := walk.equipment.lacking(walk.used(), needed()):
        node = lacking[0]
        here = [
            qubit
            for qubit, held in enumerate(walk.held)
            if node in held
            and len(held) > 1
            and walk.equipment.nodes[qubit] != node
            and (qubit, node) not in protected
            and not walk.away(qubit)
        ]
        if not here:
            raise ParameterError(
                f"node number {node + 1} has {walk.equipment.communication[node]} communication qubits, and a step needs "
                f"{needed()[node]} there besides those in use; give it more, link the nodes directly, or rename swaps"
            )
        qubit = max(here, key=lambda each: min(walk.remaining(each).get(node) or {len(walk.steps.steps)}))
        keeper = next(other for other in walk.held[qubit] if other != node)
        yield from _closed(walk, qubit, node, keeper)
