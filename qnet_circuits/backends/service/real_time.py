"""What real-time decisions read, and how often that is broadcast to the control electronics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ClassicalRegister, Clbit, IfElseOp, Store
from qiskit.circuit.classical import expr

#: A classical bit, or a bit of a variable: the variable with the bit's number.
Bit = Any
_ARITHMETIC = ("ADD", "SUB", "MUL", "DIV", "SHIFT_LEFT", "SHIFT_RIGHT", "NEGATE")


@dataclass(frozen=True)
class Operand:
    """One value that an expression reads: a bit, a register, a variable, or one bit of a wider one.

    Args:
        name: What it is called.
        bits: Its bits.
    """

    name: str
    bits: frozenset[Bit]


def operands(condition: Any) -> list[Operand]:
    """Return the values that a condition, or any classical expression, reads.

    Args:
        condition: An expression, or a bit or register with the value that it is compared to.
    """
    if isinstance(condition, tuple):
        return [_operand(condition[0])]
    return list(_read(condition))


def _read(node: Any) -> Iterator[Operand]:
    if isinstance(node, expr.Var):
        yield _operand(node.var, node.type)
        return
    if isinstance(node, expr.Index) and isinstance(node.index, expr.Value):
        for whole in _read(node.target):
            # One bit of a wider register is one bit.
            one = frozenset(bit for bit in whole.bits if _number(node.target, bit) == node.index.value)
            yield Operand(f"{whole.name}[{node.index.value}]", one or whole.bits)
        return
    for child in _children(node):
        yield from _read(child)


def _number(target: Any, bit: Bit) -> int | None:
    """Return the place of a bit in the value that is indexed."""
    if isinstance(bit, tuple):
        return int(bit[1])
    register = getattr(target, "var", None)
    return register.index(bit) if isinstance(register, ClassicalRegister) else None


def _operand(value: Any, kind: Any = None) -> Operand:
    if isinstance(value, Clbit):
        return Operand("a bit", frozenset([value]))
    if isinstance(value, ClassicalRegister):
        return Operand(value.name, frozenset(value))
    return Operand("a variable", frozenset((value, k) for k in range(getattr(kind, "width", 1))))


def _children(node: Any) -> list[Any]:
    parts = (getattr(node, name, None) for name in ("left", "right", "operand", "target", "index"))
    return [part for part in parts if isinstance(part, expr.Expr)]


def arithmetic(condition: Any) -> list[str]:
    """Return the names of the arithmetic operations and shifts in a condition or any classical expression."""
    if not isinstance(condition, expr.Expr):
        return []
    own = getattr(getattr(condition, "op", None), "name", "")
    inner = [name for child in _children(condition) for name in arithmetic(child)]
    return [own, *inner] if own in _ARITHMETIC else inner


def bits_read(condition: Any) -> frozenset[Bit]:
    """Return all bits that a condition, or any classical expression, reads."""
    return frozenset().union(*(operand.bits for operand in operands(condition)))


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
            yield frozenset(), _outside(frozenset(_measured(instruction)), outer)


def _measured(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    return () if instruction.is_control_flow() else tuple(instruction.clbits)


def _outside(bits: frozenset[Bit], outer: dict[Clbit, Clbit]) -> frozenset[Bit]:
    return frozenset(bit if isinstance(bit, tuple) else outer.get(bit, bit) for bit in bits)
