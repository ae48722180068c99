"""When everything happens: a circuit's operations as late as possible, and which qubits wait meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit

from qnet_circuits.classical import read_bits, written_bits
from qnet_circuits.errors import UnsupportedError

#: Seconds that an operation takes, given its position in the circuit (-1 inside a branch) and its wires.
DurationOf = Callable[[int, CircuitInstruction, tuple[int, ...]], float]
_BRANCHES = ("if_else", "switch_case")
#: What wires wait through: barriers take no time, delays nothing but time.
TRANSPARENT = ("barrier", "delay")
#: Shorter times are rounding, not waiting.
_INSTANT = 1e-13


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


class Wait(NamedTuple):
    """A time during which a wire that is in use does nothing."""

    wire: int
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.start


def schedule(circuit: QuantumCircuit, duration_of: DurationOf | None, latency: float = 0.0) -> list[Timed]:
    """Let every operation of a circuit happen as late as possible.

    An operation ends when the first of its wires is needed next. A decision begins ``latency`` or more after the end of every
    measurement that it reads. Fences, barriers on one qubit, make nobody wait; a barrier on several joins its qubits.

    Args:
        circuit: A compiled circuit.
        duration_of: Gives each operation's duration in seconds; not asked for barriers and control flow. None where nothing
            takes time: then operations keep the circuit's order, and loops are no trouble.
        latency: Seconds from a measurement's end to a decision on it.

    Returns:
        The operations in order of time.

    Raises:
        UnsupportedError: If the circuit has a loop, which lasts nobody knows how long.
    """
    place = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    number = {bit: k for k, bit in enumerate(circuit.clbits)}
    reverse = _Reverse(latency)
    timed = []
    # Backwards from the circuit's end: time runs from 0 upwards into the past.
    for position, instruction in reversed(list(enumerate(circuit.data))):
        name, wires = str(instruction.name), tuple([place[qubit] for qubit in instruction.qubits])
        seconds = _duration(position, instruction, name, wires, duration_of)
        written, read = _bits(instruction, number) if instruction.clbits else ((), ())
        start, end = reverse.put(wires, written, read, seconds)
        timed.append((instruction, name, wires, written + read, start, end, position))
    whole = max((start for *_, start, _, _ in timed), default=0.0)
    forward = [
        Timed(instruction, name, wires, bits, whole - start, whole - end, position)
        for instruction, name, wires, bits, start, end, position in reversed(timed)
    ]
    return sorted(forward, key=lambda each: each.start)


def _bits(
    instruction: CircuitInstruction, number: Mapping[Clbit, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the bits that an instruction writes, and those that it decides on."""
    written, read = written_bits(instruction), read_bits(instruction)
    return tuple([number[bit] for bit in written]), tuple([number[bit] for bit in read])


class _Reverse:
    """How far into the past each wire and bit is taken already."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._wires: dict[int, float] = {}
        #: For each bit, the earliest of its later readers, and of its later writers.
        self._read: dict[int, float] = {}
        self._written: dict[int, float] = {}

    def put(
        self, wires: tuple[int, ...], written: tuple[int, ...], read: tuple[int, ...], seconds: float
    ) -> tuple[float, float]:
        """Place an operation before everything that it must come before; return the times of its begin and end."""
        end = max([self._wires.get(wire, 0.0) for wire in wires], default=0.0)
        if not (read or written):
            start = end + seconds
            for wire in wires:
                self._wires[wire] = start
            return start, end
        for bit in written:
            if bit in self._read:
                end = max(end, self._read[bit] + self._latency)
        # What writes a bit anew must not come earlier than this, by no rounding either.
        anew = max((self._written.get(bit, 0.0) for bit in (*read, *written)), default=0.0)
        end = max(end, anew - seconds)
        start = max(end + seconds, anew)
        for wire in wires:
            self._wires[wire] = start
        for bit in written:
            self._written[bit] = start
            self._read.pop(bit, None)
        for bit in read:
            self._read[bit] = max(self._read.get(bit, 0.0), start)
        return start, end


def _duration(
    position: int,
    instruction: CircuitInstruction,
    name: str,
    wires: tuple[int, ...],
    duration_of: DurationOf | None,
) -> float:
    if duration_of is None or name == "barrier":
        return 0.0
    if not instruction.is_control_flow():
        return duration_of(position, instruction, wires)
    if name not in _BRANCHES:
        raise UnsupportedError(
            f"{name!r} lasts nobody knows how long, so waiting cannot be simulated; use if_else, or "
            "DeviceNoise(idle=False) (--noise idle=false)"
        )
    return max(makespan(block_times(block, wires, duration_of)) for block in instruction.operation.blocks)


def block_times(block: QuantumCircuit, wires: tuple[int, ...], duration_of: DurationOf | None) -> list[Timed]:
    """Return the operations of a branch in time, on the wires of the decision."""
    if duration_of is None:
        return schedule(block, None)
    outer = dict(enumerate(wires))

    def inside(_: int, instruction: CircuitInstruction, places: tuple[int, ...]) -> float:
        return duration_of(-1, instruction, tuple(outer[place] for place in places))

    return schedule(block, inside)


def makespan(timed: Iterable[Timed]) -> float:
    """Return when the last operation ends."""
    return max((each.end for each in timed), default=0.0)


def waits(timed: Iterable[Timed], until: float | None = None, busy: Iterable[int] = ()) -> list[Wait]:
    """Return the waits of all wires.

    A wire that is still, or again, in |0⟩ does not wait: before its first operation, and between a reset and the next. A wire
    that is not used again does not wait either.

    Args:
        timed: Operations in order of time.
        until: If given, every wire is in use up to then, as in a branch.
        busy: Wires that are in use from the begin, as in a branch.
    """
    free: dict[int, float] = dict.fromkeys(busy, 0.0)
    found = []
    for each in timed:
        name = each.name
        if name in TRANSPARENT:
            continue
        for wire in each.wires:
            if name == "reset":
                free.pop(wire, None)
                continue
            if wire in free and each.start > free[wire] + _INSTANT:
                found.append(Wait(wire, free[wire], each.start))
            free[wire] = each.end
    if until is not None:
        found += [Wait(wire, end, until) for wire, end in free.items() if until > end + _INSTANT]
    return found


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
