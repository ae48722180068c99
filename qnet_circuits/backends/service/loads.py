"""The load of a circuit, for the limits of a job."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import CircuitInstruction, Clbit, IfElseOp, Store

from qnet_circuits.backends.service.violations import Limits
from qnet_circuits.classical import Bit, bits_read, throughout

#: Memory that a broadcast takes, and each of its bits: see ``Limits``.
_BROADCAST, _BROADCAST_BIT = 52, 7
#: Instructions of the control system, by the table in IBM Quantum's guide on job limits.
_WEIGHTS = {"rz": 1, "delay": 1, "sx": 2, "x": 2, "cx": 5, "cz": 5, "ecr": 5, "barrier": 0, "store": 0}
_MEASURE, _RESET, _INITIALISE = 10, 17, 50
#: Gates that the table does not have count like those of their size that it has.
_ONE_QUBIT, _TWO_QUBITS = 2, 5


@dataclass(frozen=True)
class Load:
    """The load of circuits, for the limits of one job. Loads add up.

    Args:
        broadcasts: Transfers of measured data to the control electronics.
        broadcast_bits: Bits in all of them.
        control_instructions: Instructions of the control system, by qubit.
        two_qubit_gates: Number of gates on two qubits, those of all branches included.
        input_bytes: Size in QPY.
    """

    broadcasts: int = 0
    broadcast_bits: int = 0
    control_instructions: Counter[int] = field(default_factory=Counter)
    two_qubit_gates: int = 0
    input_bytes: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def broadcast_memory(self) -> int:
        """The memory of the control electronics that the broadcasts need."""
        return _BROADCAST * self.broadcasts + _BROADCAST_BIT * self.broadcast_bits

    def excess(self, limits: Limits) -> list[tuple[str, str, str]]:
        """Return the exceeded limits: the rule, the load, and the limit, in words."""
        busiest, most = max(self.control_instructions.items(), key=lambda each: each[1], default=(0, 0))
        found = []
        if self.broadcast_memory > limits.broadcast_memory:
            bits = self.broadcast_bits / self.broadcasts
            allowed = int(limits.broadcast_memory / (_BROADCAST + _BROADCAST_BIT * bits))
            found.append(
                ("broadcasts", f"{self.broadcasts:,} broadcasts of {bits:.3g} bits", f"about {allowed:,}")
            )
        if most > limits.control_instructions:
            there = f"{most:,} control instructions on qubit {busiest}"
            found.append(("control_instructions", there, f"{limits.control_instructions:,}"))
        if self.two_qubit_gates > limits.two_qubit_gates:
            there = f"{self.two_qubit_gates:,} two-qubit gates"
            found.append(("two_qubit_gates", there, f"{limits.two_qubit_gates:,}"))
        if self.input_bytes > limits.input_bytes:
            found.append(("input_bytes", f"{self.input_bytes:,} bytes", f"{limits.input_bytes:,}"))
        return found


def load_of(circuit: QuantumCircuit) -> Load:
    """Return the load of one circuit.

    Example:
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.cz(0, 1), circuit.measure(0, 0)
        >>> load = load_of(circuit)
        >>> load.two_qubit_gates, load.control_instructions[0], load.control_instructions[1]
        (1, 65, 55)
    """
    number, width = broadcasts(circuit)
    instructions: Counter[int] = Counter()
    pairs = 0
    place = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    for instruction in throughout(circuit.data):
        weight = _weight(instruction)
        pairs += len(instruction.qubits) == 2 and instruction.name != "barrier"
        for qubit in instruction.qubits if weight else ():
            instructions[place[qubit]] += weight
    for qubit in instructions:
        instructions[qubit] += _INITIALISE
    return Load(number, width, instructions, pairs, _size(circuit))


def _weight(instruction: CircuitInstruction) -> int:
    name = str(instruction.name)
    if name.startswith("measure"):
        return _MEASURE
    if name.startswith("reset"):
        return _RESET
    return _WEIGHTS.get(name, _ONE_QUBIT if len(instruction.qubits) < 2 else _TWO_QUBITS)


def _size(circuit: QuantumCircuit) -> int:
    written = io.BytesIO()
    qpy.dump(circuit, written)
    return written.getbuffer().nbytes


# -- how often what decisions read is broadcast to the control electronics --------------------------------------------


def broadcasts(circuit: QuantumCircuit) -> tuple[int, int]:
    """Count the transfers of measured data that a circuit's decisions need.

    Data is sent again only after a new measurement or store. Values that ``store`` computes are counted too, since they must
    also reach the control electronics.

    Args:
        circuit: A circuit.

    Returns:
        The number of broadcasts, and of bits in all of them.

    Example:
        >>> circuit = QuantumCircuit(1, 3)
        >>> for value in (1, 3):
        ...     with circuit.if_test((circuit.cregs[0], value)):
        ...         _ = circuit.x(0)
        >>> broadcasts(circuit)
        (1, 3)
    """
    sent: set[frozenset[Bit]] = set()
    number = width = 0
    for reads, writes in _transfers(circuit, {bit: bit for bit in circuit.clbits}):
        if reads and reads not in sent:
            sent.add(reads)
            number += 1
            width += len(reads)
        if writes:
            sent = {data for data in sent if not data & writes}
    return number, width


def _transfers(
    circuit: QuantumCircuit, outer: dict[Clbit, Clbit]
) -> Iterator[tuple[frozenset[Bit], frozenset[Bit]]]:
    """Yield the bits that each instruction reads and writes, as bits of the outermost circuit."""
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, IfElseOp):
            yield _outside(bits_read(operation.condition), outer), frozenset()
            for block in operation.blocks:
                inner = [outer[bit] for bit in instruction.clbits]
                yield from _transfers(block, dict(zip(block.clbits, inner, strict=True)))
        elif isinstance(operation, Store):
            reads, writes = bits_read(operation.rvalue), bits_read(operation.lvalue)
            yield _outside(reads, outer), _outside(writes, outer)
        else:
            measured = () if instruction.is_control_flow() else instruction.clbits
            yield frozenset(), _outside(measured, outer)


def _outside(bits: Iterable[Bit], outer: dict[Clbit, Clbit]) -> frozenset[Bit]:
    return frozenset(bit if isinstance(bit, tuple) else outer.get(bit, bit) for bit in bits)
