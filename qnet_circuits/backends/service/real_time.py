"""How often what real-time decisions read is broadcast to the control electronics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, IfElseOp, Store

from qnet_circuits.classical import Bit, bits_read


def broadcasts(circuit: QuantumCircuit) -> tuple[int, int]:
    """Count the transfers of measured data that a circuit's decisions need.

    Data that was sent already is sent again only after it was measured or stored anew. What ``store`` computes is counted too,
    since it must reach the control electronics all the same.

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
    """Yield what each instruction reads and what it writes, with bits as the outermost circuit knows them."""
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
            yield frozenset(), _outside(_measured(instruction), outer)


def _measured(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    return () if instruction.is_control_flow() else tuple(instruction.clbits)


def _outside(bits: Iterable[Bit], outer: dict[Clbit, Clbit]) -> frozenset[Bit]:
    return frozenset(bit if isinstance(bit, tuple) else outer.get(bit, bit) for bit in bits)
