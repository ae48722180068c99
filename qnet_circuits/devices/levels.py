"""Which operations belong together: the blocks of a controller, which a measurement, a reset or a decision ends."""

from __future__ import annotations

from collections.abc import Mapping
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
    """An operation before it has a time.

    Args:
        position: Its place in the circuit.
        instruction: The instruction.
        name: Name of the operation.
        wires: Its wires.
        written: The bits that it measures into.
        read: The bits that it decides on.
        decides: Whether it is a real-time decision.
        level: The most measurements, resets and decisions on any path to it, along qubits and bits.
        measured: Whether a measurement or reset is the last of them on some path.
        message: What it decides on.
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
    """Return the operations of a circuit by their levels, from the first on.

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
        """Return the next operation, and go on behind it."""
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
