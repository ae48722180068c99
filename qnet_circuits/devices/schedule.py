"""The schedule of a circuit: its operations as late as possible, and the waiting times of its qubits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction

from qnet_circuits.classical import read_bits
from qnet_circuits.devices.levels import TRANSPARENT, Operation, Past, blocks_of, operations_of
from qnet_circuits.errors import UnsupportedError

#: Seconds that an operation takes, given its position in the circuit (-1 inside a branch) and its wires.
DurationOf = Callable[[int, CircuitInstruction, tuple[int, ...]], float]
_BRANCHES = ("if_else", "switch_case")
#: Shorter times are rounding, not waiting.
INSTANT = 1e-13


class Timed(NamedTuple):
    """An operation in time.

    Args:
        instruction: The instruction.
        name: Name of the operation.
        wires: Its wires.
        bits: The classical bits that it writes or decides on.
        start: When it begins, in seconds from the circuit's begin.
        end: When it ends.
        position: Its place in the circuit.
    """

    instruction: CircuitInstruction
    name: str
    wires: tuple[int, ...]
    bits: tuple[int, ...]
    start: float
    end: float
    position: int

    @property
    def transparent(self) -> bool:
        """Whether the wires wait while it lasts: barriers take no time, delays nothing but time."""
        return self.name in TRANSPARENT


class Rest(NamedTuple):
    """A time during which nothing is done to a wire that is not in |0⟩.

    Args:
        wire: The wire.
        since: When it comes to rest: with the end of an operation, or with the begin of a measurement, when its bit is taken.
        start: When it begins to wait: the operation is over, and the wire is used again. Without that it is ``end``.
        end: When the next operation begins, or all is over.
    """

    wire: int
    since: float
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it waits."""
        return self.end - self.start


def schedule(
    circuit: QuantumCircuit,
    duration_of: DurationOf | None,
    latency: float = 0.0,
    decision_latency: float = 0.0,
    hold: bool = True,
) -> list[Timed]:
    """Let every operation of a circuit happen as late as possible within its block.

    An operation ends when the first of its wires is needed next. A decision begins ``latency`` or more after the end of every
    measurement that it reads. The rest comes of the controller, for which measurements, resets and decisions end blocks:

    - Measurements and resets of one level (``levels``) begin together.
    - Decisions are made one after another, in the order of their levels: from begin to begin ``decision_latency`` passes.
      Those that read the same bits of the same measurements are made as one.
    - A gate belongs to the block of its level. If a wire of it is needed in a later one, it ends before the decisions in
      between are on their way: ``latency`` before the first of them, or ``decision_latency`` where no measurement led to it.
      Barriers and delays are free.

    Fences, barriers on one qubit, make nobody wait; a barrier on several joins its qubits.

    Args:
        circuit: A compiled circuit.
        duration_of: Gives each operation's duration in seconds; not asked for barriers and control flow. None where nothing
            takes time: then operations keep the circuit's order, and loops are no trouble.
        latency: Seconds from a measurement's end to a decision on it.
        decision_latency: Seconds from one decision's begin to the next one's.
        hold: Whether gates end before decisions are on their way. Without it they may be played meanwhile, as decoupling
            pulses are.

    Returns:
        The operations in order of time.

    Raises:
        UnsupportedError: If the circuit has a loop, whose duration is unknown.
    """
    if duration_of is None:
        return [_timed(each, 0.0, 0.0, 0.0) for each in operations_of(circuit)]

    def seconds(each: Operation) -> float:
        return _duration(each, duration_of)

    past = Past(seconds, latency, decision_latency, hold)
    for block in reversed(blocks_of(circuit)):
        past.put(block)
    whole = max((start for _, start, _ in past.placed), default=0.0)
    forward = [_timed(each, whole, start, end) for each, start, end in reversed(past.placed)]
    return sorted(forward, key=lambda each: each.start)


def _timed(each: Operation, whole: float, start: float, end: float) -> Timed:
    bits = each.written + each.read
    return Timed(each.instruction, each.name, each.wires, bits, whole - start, whole - end, each.position)


def _duration(each: Operation, duration_of: DurationOf) -> float:
    if each.name == "barrier":
        return 0.0
    if not each.decides:
        return duration_of(each.position, each.instruction, each.wires)
    if each.name not in _BRANCHES:
        raise UnsupportedError(
            f"the duration of {each.name!r} is unknown, so waiting cannot be simulated; use if_else, or "
            "DeviceNoise(idle=False) (--noise idle=false)"
        )
    blocks = each.instruction.operation.blocks
    return max(makespan(block_times(block, each.wires, duration_of)) for block in blocks)


def block_times(block: QuantumCircuit, wires: tuple[int, ...], duration_of: DurationOf | None) -> list[Timed]:
    """Return the operations of a branch in time, on the wires of the decision; decisions inside of it cost no time."""
    if duration_of is None:
        return schedule(block, None)
    outer = dict(enumerate(wires))

    def inside(_: int, instruction: CircuitInstruction, places: tuple[int, ...]) -> float:
        return duration_of(-1, instruction, tuple(outer[place] for place in places))

    return schedule(block, inside, hold=False)


def makespan(timed: Iterable[Timed]) -> float:
    """Return when the last operation ends."""
    return max((each.end for each in timed), default=0.0)


def rests(timed: Sequence[Timed], until: float | None = None, busy: Iterable[int] = ()) -> list[Rest]:
    """Return when wires are at rest, those of each wire in order.

    A wire in |0⟩, before its first operation and after a reset, is left out. One that is reset next, or not used again, does
    not wait.

    Args:
        timed: Operations in order of time.
        until: If given, every wire is in use up to then, as in a branch.
        busy: Wires that are in use from the begin, as in a branch.
    """
    #: Since when a wire is at rest, and when its last operation ends.
    free: dict[int, tuple[float, float]] = dict.fromkeys(busy, (0.0, 0.0))
    found = []
    for each in timed:
        for wire in () if each.transparent else each.wires:
            if wire in free:
                since, start = free[wire]
                found.append(Rest(wire, since, each.start if each.name == "reset" else start, each.start))
            if each.name == "reset":
                free.pop(wire, None)
            else:
                free[wire] = each.start if each.name == "measure" else each.end, each.end
    if until is not None:
        return found + [Rest(wire, *begin, until) for wire, begin in free.items()]
    whole = makespan(timed)
    return found + [Rest(wire, since, whole, whole) for wire, (since, _) in free.items()]


def waits(resting: Iterable[Rest]) -> list[Rest]:
    """Return those times at rest in which a wire waits."""
    return [rest for rest in resting if rest.seconds > INSTANT]


def turns(first: Sequence[Rest], second: Sequence[Rest]) -> Iterator[tuple[float, float, Rest, Rest]]:
    """Yield when two wires turn each other: one waits, and the other is at rest.

    Args:
        first: The times at rest of one wire, in order.
        second: Those of the other.

    Yields:
        The begin and the end of the turn, and the time at rest of either wire.
    """
    i = j = 0
    while i < len(first) and j < len(second):
        a, b = first[i], second[j]
        start, end = max(a.since, b.since, min(a.start, b.start)), min(a.end, b.end)
        if end > start + INSTANT:
            yield start, end, a, b
        if a.end < b.end:
            i += 1
        else:
            j += 1


def mid_circuit_measurements(circuit: QuantumCircuit) -> set[int]:
    """Return the positions of the measurements after which the circuit goes on: their qubit is used again, or decided on.

    Example:
        >>> circuit = QuantumCircuit(2, 2)
        >>> _ = circuit.measure([0, 1], [0, 1])
        >>> _ = circuit.x(0)
        >>> mid_circuit_measurements(circuit)
        {0}
    """
    read: set[object] = set()
    used: set[object] = set()
    found = set()
    for position, instruction in reversed(list(enumerate(circuit.data))):
        name = instruction.name
        if name == "measure":
            if instruction.qubits[0] in used or instruction.clbits[0] in read:
                found.add(position)
            # What reads the bit later reads this measurement and none before it.
            read.discard(instruction.clbits[0])
        read.update(read_bits(instruction))
        if name not in TRANSPARENT:
            used.update(instruction.qubits)
    return found
