"""Classical expressions and real-time decisions: the bits that they read and write, and their values.

A condition is an expression, a bit, a register, or Qiskit's pair of a bit or register and a value to compare it with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product, zip_longest
from typing import Any, TypeVar

from qiskit import QuantumCircuit
from qiskit.circuit import CASE_DEFAULT, CircuitInstruction, ClassicalRegister, Clbit, ControlFlowOp
from qiskit.circuit.classical import expr, types
from qiskit.circuit.controlflow import node_resources

from qnet_circuits.errors import UnsupportedError

#: A classical bit, or a bit of a variable: the variable with the bit's number.
Bit = Any
_ARITHMETIC = ("ADD", "SUB", "MUL", "DIV", "SHIFT_LEFT", "SHIFT_RIGHT", "NEGATE")


def lifted(condition: Any) -> expr.Expr:
    """Return a condition as an expression."""
    return expr.lift_legacy_condition(condition) if isinstance(condition, tuple) else expr.lift(condition)


# -- what an expression reads ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operand:
    """One value that an expression reads: a bit, a register, a variable, or one bit of a wider one.

    Args:
        name: The name of the value, or a description if it has none.
        bits: Its bits, the least significant first.
    """

    name: str
    bits: tuple[Bit, ...]


def operands(condition: Any) -> list[Operand]:
    """Return the values that a condition reads. A register with a constant index is a single bit."""
    return list(_read(lifted(condition)))


def _read(node: expr.Expr) -> Iterator[Operand]:
    if isinstance(node, expr.Var):
        yield _operand(node)
    elif isinstance(node, expr.Index) and isinstance(node.index, expr.Value):
        place, direct = node.index.value, isinstance(node.target, expr.Var)
        for whole in _read(node.target):
            chosen = whole.bits[place : place + 1] if direct else ()
            yield Operand(f"{whole.name}[{place}]", chosen or whole.bits)
    else:
        for child in _children(node):
            yield from _read(child)


def _operand(node: expr.Var) -> Operand:
    if isinstance(node.var, Clbit):
        return Operand("a bit", (node.var,))
    if isinstance(node.var, ClassicalRegister):
        return Operand(node.var.name, tuple(node.var))
    return Operand("a variable", tuple((node.var, k) for k in range(getattr(node.type, "width", 1))))


def _children(node: expr.Expr) -> list[expr.Expr]:
    parts = (getattr(node, name, None) for name in ("left", "right", "operand", "target", "index"))
    return [part for part in parts if isinstance(part, expr.Expr)]


def bits_read(condition: Any) -> tuple[Bit, ...]:
    """Return all bits that a condition reads, each once.

    Example:
        >>> register = ClassicalRegister(3, "c")
        >>> bits_read(expr.bit_xor(register[2], register[0])) == (register[2], register[0])
        True
    """
    return tuple(dict.fromkeys(bit for operand in operands(condition) for bit in operand.bits))


def arithmetic(condition: Any) -> list[str]:
    """Return the names of the arithmetic operations and shifts in a condition."""
    names = (getattr(getattr(node, "op", None), "name", "") for node in _nodes(lifted(condition)))
    return [name for name in names if name in _ARITHMETIC]


def _nodes(node: expr.Expr) -> Iterator[expr.Expr]:
    yield node
    for child in _children(node):
        yield from _nodes(child)


# -- what an expression is worth -------------------------------------------------------------------------------------

#: A table over more bits than this is too long, and so is a polynomial.
MOST_BITS = 12


@dataclass(frozen=True)
class Polynomial:
    """A polynomial over GF(2), so that a parity of any number of bits is short.

    Args:
        terms: The products whose sum is the polynomial, each a set of variables; the empty product is 1.
    """

    terms: frozenset[frozenset[Any]] = frozenset()

    @classmethod
    def of(cls, variable: Any) -> Polynomial:
        """Return the polynomial that is one variable."""
        return cls(frozenset({frozenset({variable})}))

    @property
    def variables(self) -> frozenset[Any]:
        """The variables that it depends on."""
        return frozenset().union(*self.terms)

    @property
    def is_parity(self) -> bool:
        """Whether it is the parity of its variables, or the negation of that."""
        return all(len(term) <= 1 for term in self.terms)

    def __xor__(self, other: Polynomial) -> Polynomial:
        return Polynomial(self.terms ^ other.terms)

    def __and__(self, other: Polynomial) -> Polynomial:
        products = Counter(x | y for x in self.terms for y in other.terms)
        if len(products) > 1 and self.variables and other.variables:
            check_width(self.variables | other.variables)
        return Polynomial(frozenset(product for product, count in products.items() if count % 2))


NEVER, ALWAYS = Polynomial(), Polynomial(frozenset({frozenset()}))

#: The value of a bit: 0 or 1, or a polynomial of what it depends on.
Value = TypeVar("Value", int, Polynomial)
Word = list[Value]


def truth_of(condition: Any, bit: Callable[[Clbit], Value], one: Value) -> Value:
    """Return the value of a condition.

    Args:
        condition: The condition.
        bit: Returns the value of a bit.
        one: The value 1, of the same kind.

    Raises:
        UnsupportedError: If the condition does arithmetic, reads a variable, or compares too many bits.

    Example:
        >>> register = ClassicalRegister(2, "c")
        >>> truth_of(expr.not_equal(register[0], expr.logic_not(register[1])), lambda bit: 1, 1)
        1
    """
    return _word(lifted(condition), bit, one)[0]


def branches_of(operation: ControlFlowOp, bit: Callable[[Clbit], Value], one: Value) -> Word[Value]:
    """Return for each branch of an ``if_else`` or ``switch_case`` whether it runs, as a value like that of ``truth_of``."""
    if operation.name == "if_else":
        holds = truth_of(operation.condition, bit, one)
        return [holds, one ^ holds][: len(operation.blocks)]
    if operation.name != "switch_case":
        raise UnsupportedError(
            f"{operation.name!r} can be neither computed exactly nor verified; use if_else, or sample on aer"
        )
    word = _word(lifted(operation.target), bit, one)
    cases = [values for values, _ in operation.cases_specifier()]
    named = [
        _sum([_equal(word, _number(int(each), one), one) for each in values if each is not CASE_DEFAULT], one)
        for values in cases
    ]
    rest = one ^ _sum(named, one)
    return [own ^ rest if CASE_DEFAULT in values else own for own, values in zip(named, cases, strict=True)]


def _word(node: expr.Expr, bit: Callable[[Clbit], Value], one: Value) -> Word[Value]:
    """Return the values of an expression's bits, the least significant first."""
    width: int = getattr(node.type, "width", 1)
    match node:
        case expr.Var(var=Clbit() as own):
            return [bit(own)]
        case expr.Var(var=ClassicalRegister() as register):
            return [bit(each) for each in register]
        case expr.Value() if isinstance(node.value, int):
            return _resized(_number(node.value, one), width, one)
        case expr.Cast(operand=operand):
            word = _word(operand, bit, one)
            is_true = node.type.kind is types.Bool
            return [one ^ _equal(word, [], one)] if is_true else _resized(word, width, one)
        case expr.Unary(op=op, operand=operand) if op.name in ("BIT_NOT", "LOGIC_NOT"):
            return [one ^ each for each in _word(operand, bit, one)]
        case expr.Index(target=target, index=index):
            place = _word(index, bit, one)
            chosen = [
                each & _equal(place, _number(k, one), one) for k, each in enumerate(_word(target, bit, one))
            ]
            return [_sum(chosen, one)]
        case expr.Binary(left=left, right=right):
            return _combined(node.op.name, _word(left, bit, one), _word(right, bit, one), one)
    raise _unsupported(node)


def _combined(name: str, a: Word[Value], b: Word[Value], one: Value) -> Word[Value]:
    """Return the result of an operation on two words."""
    match name:
        case "BIT_XOR":
            return [x ^ y for x, y in zip(a, b, strict=True)]
        case "BIT_AND" | "LOGIC_AND":
            return [x & y for x, y in zip(a, b, strict=True)]
        case "BIT_OR" | "LOGIC_OR":
            return [x ^ y ^ (x & y) for x, y in zip(a, b, strict=True)]
        case "EQUAL":
            return [_equal(a, b, one)]
        case "NOT_EQUAL":
            return [one ^ _equal(a, b, one)]
        case "LESS":
            return [_less(a, b, one)]
        case "GREATER":
            return [_less(b, a, one)]
        case "LESS_EQUAL":
            return [one ^ _less(b, a, one)]
        case "GREATER_EQUAL":
            return [one ^ _less(a, b, one)]
    raise _unsupported(name)


def _number(value: int, one: Value) -> Word[Value]:
    return [one if value >> k & 1 else one ^ one for k in range(value.bit_length())]


def _resized(word: Word[Value], width: int, one: Value) -> Word[Value]:
    return word[:width] + [one ^ one] * (width - len(word))


def _sum(values: Word[Value], one: Value) -> Value:
    total = one ^ one
    for value in values:
        total = total ^ value
    return total


def _pairs(a: Word[Value], b: Word[Value], one: Value) -> Iterator[tuple[Value, Value]]:
    """Return the bits of two words side by side, the shorter one filled up with zeros."""
    if max(len(a), len(b)) > 1:
        values: list[Any] = [*a, *b]
        check_width(frozenset().union(*(each.variables for each in values if isinstance(each, Polynomial))))
    return zip_longest(a, b, fillvalue=one ^ one)


def _equal(a: Word[Value], b: Word[Value], one: Value) -> Value:
    result = one
    for x, y in _pairs(a, b, one):
        result = result & (one ^ x ^ y)
    return result


def _less(a: Word[Value], b: Word[Value], one: Value) -> Value:
    """Return whether a < b: at the highest bit in which they differ, b has the 1."""
    result = one ^ one
    for x, y in _pairs(a, b, one):
        result = ((one ^ x) & y) ^ ((one ^ x ^ y) & result)
    return result


def check_width(bits: Collection[Any]) -> None:
    """Check that a table of the values of deciding bits is not too large, or raise UnsupportedError."""
    if len(bits) > MOST_BITS:
        raise UnsupportedError(
            f"a decision on {len(bits)} bits that is no parity can be neither computed exactly nor verified, at most "
            f"{MOST_BITS} can; decide on a parity, or sample on aer"
        )


def _unsupported(what: object) -> UnsupportedError:
    return UnsupportedError(
        f"a decision with {what!r} can be neither computed exactly nor verified; use measured bits, not, and, or, xor, and "
        "comparisons of registers, or sample on aer"
    )


# -- which branch is taken --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """The branch that a decision takes.

    Args:
        bits: The bits that decide.
        table: The branch for each value of ``key``.
        parity: Whether ``key`` is the parity of the bits, so that the table has two entries. Otherwise ``key`` is the values
            of the bits, the first bit slowest.
    """

    bits: tuple[Clbit, ...]
    table: tuple[int, ...]
    parity: bool


def choice_of(operation: ControlFlowOp) -> Choice:
    """Return the branch that an ``if_else`` or ``switch_case`` takes. The number of its branches means that none is taken.

    Raises:
        UnsupportedError: If the operation is a loop, or decides on more bits than a table can hold.
    """
    ways = branches_of(operation, Polynomial.of, ALWAYS)
    decisive = frozenset().union(*(way.variables for way in ways))
    condition = operation.condition if operation.name == "if_else" else operation.target
    bits = tuple(bit for bit in bits_read(condition) if bit in decisive)
    if operation.name == "if_else" and ways[0].is_parity:
        return Choice(bits, (0, 1) if frozenset() in ways[0].terms else (1, 0), parity=True)
    check_width(bits)
    rows = (dict(zip(bits, values, strict=True)) for values in product((0, 1), repeat=len(bits)))
    return Choice(bits, tuple(taken(operation, row) for row in rows), parity=False)


def taken(operation: ControlFlowOp, ones: Mapping[Clbit, int]) -> int:
    """Return the number of the branch that an ``if_else`` or ``switch_case`` takes, as in ``choice_of``; other bits are 0."""
    return [*branches_of(operation, lambda bit: ones.get(bit, 0), 1), 1].index(1)


# -- what an instruction reads and writes ----------------------------------------------------------------------------


def condition_bits(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    """Return the classical bits that a control-flow instruction reads for its decision, whole registers included."""
    operation = instruction.operation
    condition = getattr(operation, "condition", None)
    condition = getattr(operation, "target", None) if condition is None else condition
    return () if condition is None else node_resources(lifted(condition)).clbits


def read_bits(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    """Return the bits that a real-time decision reads, also inside its branches; none for other instructions."""
    if not instruction.is_control_flow():
        return ()
    read = dict.fromkeys(condition_bits(instruction))
    for block in instruction.operation.blocks:
        outer = dict(zip(block.clbits, instruction.clbits, strict=True))
        for inside in block.data:
            read.update((outer[bit], None) for bit in read_bits(inside))
    return tuple(read)


def written_bits(instruction: CircuitInstruction) -> tuple[Clbit, ...]:
    """Return the bits into which an instruction measures, also inside its branches."""
    if instruction.name == "measure":
        return tuple(instruction.clbits)
    return tuple(dict.fromkeys(bit for each in inside(instruction) for bit in written_bits(each)))


def inside(instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    """Yield the instructions in the branches of control flow, on the outer qubits and bits; conditions are unchanged."""
    for block in instruction.operation.blocks if instruction.is_control_flow() else ():
        yield from in_place(block, instruction)


def throughout(instructions: Iterable[CircuitInstruction]) -> Iterator[CircuitInstruction]:
    """Yield instructions, with the instructions of all nested branches in place of control flow."""
    for instruction in instructions:
        if instruction.is_control_flow():
            yield from throughout(inside(instruction))
        else:
            yield instruction


def in_place(part: QuantumCircuit, instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    """Yield the instructions of a circuit inside, or equivalent to, an instruction, on the instruction's qubits and bits."""
    qubits = dict(zip(part.qubits, instruction.qubits, strict=True))
    bits = dict(zip(part.clbits, instruction.clbits, strict=True))
    for each in part.data:
        yield each.replace(qubits=[qubits[q] for q in each.qubits], clbits=[bits[b] for b in each.clbits])
