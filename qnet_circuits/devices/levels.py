"""The rules of a controller: the operations that form a block, and the latest time of each operation.

A measurement, a reset or a decision ends a block. Operations are placed from the last to the first. Each is as late as the
operations after it allow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit

from qnet_circuits.classical import read_bits, written_bits

#: What wires wait through: barriers take no time, delays nothing but time.
TRANSPARENT = ("barrier", "delay")
#: What a decision decides on: its bits, each with the place of what wrote it last, or -1.
Message = frozenset[tuple[int, int]]
#: What begins together with all others of its level.
TIED = ("measure", "reset")


class Operation(NamedTuple):
    """An operation that has no time yet.

    Args:
        position: Its place in the circuit.
        instruction: The instruction.
        name: Name of the operation.
        wires: Its wires.
        written: The bits that it measures into.
        read: The bits that it decides on.
        decides: Whether it is a real-time decision.
        level: The largest number of measurements, resets and decisions on any path to it, along qubits and bits.
        measured: Whether the last of them is a measurement or reset, on some path.
        message: The bits on which it decides.
    """

    position: int
    instruction: CircuitInstruction
    name: str
    wires: tuple[int, ...]
    written: tuple[int, ...]
    read: tuple[int, ...]
    decides: bool
    level: int
    measured: bool
    message: Message


@dataclass
class Block:
    """The operations of one level, in the circuit's order.

    Args:
        decisions: Those that decide.
        tied: Measurements and resets.
        others: Gates, barriers and delays.
    """

    decisions: list[Operation] = field(default_factory=list)
    tied: list[Operation] = field(default_factory=list)
    others: list[Operation] = field(default_factory=list)


def blocks_of(circuit: QuantumCircuit) -> list[Block]:
    """Return the operations of a circuit in blocks, one for each level, from the first level on.

    Example:
        >>> circuit = QuantumCircuit(3, 2)
        >>> _ = circuit.h(0), circuit.measure(0, 0), circuit.measure(1, 1), circuit.h(0), circuit.measure(0, 0)
        >>> [[each.position for each in block.tied] for block in blocks_of(circuit)]
        [[1, 2], [4]]
    """
    found: list[Block] = []
    for each in operations_of(circuit):
        while len(found) <= each.level:
            found.append(Block())
        block = found[each.level]
        (block.decisions if each.decides else block.tied if each.name in TIED else block.others).append(each)
    return found


def operations_of(circuit: QuantumCircuit) -> list[Operation]:
    """Return the operations of a circuit in its order."""
    wire = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    number = {bit: k for k, bit in enumerate(circuit.clbits)}
    reached = _Reached()
    return [
        reached.by(position, instruction, tuple([wire[qubit] for qubit in instruction.qubits]), number)
        for position, instruction in enumerate(circuit.data)
    ]


class _Reached:
    """The level that each wire and bit has reached, on the way through a circuit."""

    def __init__(self) -> None:
        #: By wire, and by bit: the level, and whether a measurement or reset was the last to raise it.
        self._wires: dict[int, tuple[int, bool]] = {}
        self._bits: dict[int, tuple[int, bool]] = {}
        self._writer: dict[int, int] = {}

    def by(
        self,
        position: int,
        instruction: CircuitInstruction,
        wires: tuple[int, ...],
        number: Mapping[Clbit, int],
    ) -> Operation:
        """Return the next operation, and note the levels that it reaches."""
        name, decides = str(instruction.name), instruction.is_control_flow()
        written, read = _bits(instruction, number) if instruction.clbits else ((), ())
        start = (0, False)
        before = [self._wires.get(wire, start) for wire in wires]
        before += [self._bits.get(bit, start) for bit in (*written, *read)]
        level, measured = max(before, default=start)
        message = frozenset((bit, self._writer.get(bit, -1)) for bit in read)
        after = (level + 1, not decides) if decides or name in TIED else (level, measured)
        self._wires.update(dict.fromkeys(wires, after))
        self._bits.update(dict.fromkeys((*written, *read), after))
        self._writer.update(dict.fromkeys(written, position))
        return Operation(position, instruction, name, wires, written, read, decides, level, measured, message)


def _bits(
    instruction: CircuitInstruction, number: Mapping[Clbit, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the bits that an instruction writes, and those that it decides on."""
    written, read = written_bits(instruction), read_bits(instruction)
    return tuple([number[bit] for bit in written]), tuple([number[bit] for bit in read])


class Past:
    """A circuit's operations from the last to the first: time runs from 0, the circuit's end, upwards into the past.

    Args:
        seconds: Gives the duration of an operation.
        latency: Seconds from a measurement's end to a decision on it.
        decision_latency: Seconds from one decision's begin to the next one's.
        hold: Whether gates end before decisions are on their way.
    """

    def __init__(
        self, seconds: Callable[[Operation], float], latency: float, decision_latency: float, hold: bool
    ) -> None:
        self._seconds, self._latency, self._decision_latency = seconds, latency, decision_latency
        self._hold = hold
        #: When each wire is needed, and by what: its level, and whether it decides.
        self._wires: dict[int, float] = {}
        self._needs: dict[int, tuple[int, bool]] = {}
        #: For each bit, the earliest of its later readers, and of its later writers.
        self._read: dict[int, float] = {}
        self._written: dict[int, float] = {}
        #: The begin of the earliest decision on each message, and which message was decided on first.
        self._begins: dict[Message, float] = {}
        self._first: Message = frozenset()
        #: By when gates that decisions of this level, or of a higher one, keep waiting are over.
        self._over = self._over_above = 0.0
        #: Operations with begin and end.
        self.placed: list[tuple[Operation, float, float]] = []

    def put(self, block: Block) -> None:
        """Place the operations of a level. All operations after them have a higher level, or are placed here before them."""
        self._over_above = self._over
        for each in reversed(block.decisions):
            seconds = self._seconds(each)
            start = self._in_series(each.message, self._bound(each, seconds))
            self._place(each, start, start - seconds)
            before = self._latency if each.measured else self._decision_latency
            self._over = max(self._over, start + before)
        lasting = [(each, self._seconds(each)) for each in reversed(block.tied)]
        together = max([self._bound(*each) for each in lasting], default=0.0)
        for each, seconds in lasting:
            self._place(each, together, together - seconds)
        for each in reversed(block.others):
            end = self._needed(each)
            self._place(each, end + self._seconds(each), end)

    def _in_series(self, message: Message, bound: float) -> float:
        """Return the begin of a decision: that of another on the same message, or early enough before the next message's."""
        if not self._decision_latency:
            return bound
        if self._begins.get(message, -1.0) >= bound:
            return self._begins[message]
        if self._begins and message != self._first:
            bound = max(bound, self._begins[self._first] + self._decision_latency)
        self._first, self._begins[message] = message, bound
        return bound

    def _bound(self, each: Operation, seconds: float) -> float:
        """Return the latest begin of an operation on bits. It is never later than an operation that writes a bit again."""
        read = [self._read[bit] + self._latency for bit in each.written if bit in self._read]
        anew = [self._written.get(bit, 0.0) for bit in (*each.read, *each.written)]
        return max([max([self._needed(each), *read]) + seconds, *anew])

    def _needed(self, each: Operation) -> float:
        """Return the time at which the first wire of an operation is needed, or at which the decision on it is on its way."""
        found = max([self._wires.get(wire, 0.0) for wire in each.wires], default=0.0)
        return max(found, self._held(each)) if self._hold and self._over else found

    def _held(self, each: Operation) -> float:
        """Return the latest end of an operation if decisions lie between it and the operations that need its wires."""
        if each.decides or each.name in TRANSPARENT:
            return 0.0
        needs = [self._needs[wire] for wire in each.wires if wire in self._needs]
        if any([decides and level == each.level for level, decides in needs]):
            return self._over
        above = any([level > each.level and (decides or each.name not in TIED) for level, decides in needs])
        return self._over_above if above else 0.0

    def _place(self, each: Operation, start: float, end: float) -> None:
        self.placed.append((each, start, end))
        for wire in each.wires:
            self._wires[wire] = start
            if each.name not in TRANSPARENT:
                self._needs[wire] = each.level, each.decides
        for bit in each.written:
            self._written[bit] = start
            self._read.pop(bit, None)
        for bit in each.read:
            self._read[bit] = max(self._read.get(bit, 0.0), start)
