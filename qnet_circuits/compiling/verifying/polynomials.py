"""What a decision decides on, as polynomials over GF(2) of the measured bits that it reads.

A parity of any number of bits is short. A comparison of words is a product of as many factors as they have bits, hence a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qiskit.circuit import CASE_DEFAULT, ClassicalRegister, Clbit, SwitchCaseOp
from qiskit.circuit.classical import expr, types

from qnet_circuits.errors import UnsupportedError

#: The nth write (from 1) of a classical bit: its register's name, its index there, n.
MeasurementEvent = tuple[str, int, int]
#: A polynomial over GF(2): the set of its products of events. A condition holds where it is 1.
Form = frozenset[frozenset[MeasurementEvent]]
#: The polynomials of a word's bits, the least significant first.
Word = list[Form]
#: Returns a bit as it is now.
Read = Callable[[Clbit], Form]
ALWAYS: Form = frozenset({frozenset()})
NEVER: Form = frozenset()
_MOST_COMPARED = 12
_NOT = (expr.Unary.Op.BIT_NOT, expr.Unary.Op.LOGIC_NOT)


def product(a: Form, b: Form) -> Form:
    """Return the polynomial that is 1 where both are."""
    result: Form = NEVER
    for x in a:
        for y in b:
            result ^= frozenset({x | y})
    return result


def condition_form(condition: object, bit: Read) -> Form:
    """Return a condition as a polynomial of the events it reads.

    Raises:
        UnsupportedError: If it is none, or compares too many bits.
    """
    match condition:
        case Clbit():
            return bit(condition)
        case (Clbit() as target, value):
            return bit(target) ^ (NEVER if value else ALWAYS)
        case (ClassicalRegister() as target, int(value)):
            return _equal([bit(one) for one in target], _number(value, len(target)))
        case expr.Var(var=Clbit() as target):
            return bit(target)
        case expr.Value(value=bool(value)):
            return ALWAYS if value else NEVER
        case expr.Value(value=int(value)) if condition.type.kind is types.Bool:
            return ALWAYS if value else NEVER
        case expr.Cast(operand=operand) if condition.type.kind is types.Bool:
            if operand.type.kind is types.Bool:
                return condition_form(operand, bit)
            return _equal(_word(operand, bit), []) ^ ALWAYS
        case expr.Unary(op=op, operand=operand) if op in _NOT and condition.type.kind is types.Bool:
            return condition_form(operand, bit) ^ ALWAYS
        case expr.Index(target=target, index=expr.Value(value=int(place))) if place < target.type.width:
            return _word(target, bit)[place]
        case expr.Binary() if condition.left.type.kind is types.Uint:
            return _compared(condition, _word(condition.left, bit), _word(condition.right, bit))
        case expr.Binary():
            a, b = condition_form(condition.left, bit), condition_form(condition.right, bit)
            return _combined(condition, a, b)
    raise _unsupported(condition)


def case_forms(operation: SwitchCaseOp, bit: Read) -> list[Form]:
    """Return, for each block of a switch, the condition under which it is the one that runs."""
    target = operation.target
    if isinstance(target, Clbit):
        word = [bit(target)]
    elif isinstance(target, ClassicalRegister):
        word = [bit(one) for one in target]
    else:
        word = [condition_form(target, bit)] if target.type.kind is types.Bool else _word(target, bit)
    labels = [values for values, _ in operation.cases_specifier()]
    named = [
        _sum([_equal(word, _number(int(value), len(word))) for value in values if value is not CASE_DEFAULT])
        for values in labels
    ]
    rest = _sum(named) ^ ALWAYS
    return [
        form ^ (rest if CASE_DEFAULT in values else NEVER) for form, values in zip(named, labels, strict=True)
    ]


def _sum(forms: Sequence[Form]) -> Form:
    total: Form = NEVER
    for form in forms:
        total ^= form
    return total


def _number(value: int, width: int) -> Word:
    return [ALWAYS if value >> k & 1 else NEVER for k in range(max(width, value.bit_length()))]


def _word(node: expr.Expr, bit: Read) -> Word:
    """Return an expression that is a number as the polynomials of its bits."""
    match node:
        case expr.Var(var=ClassicalRegister() as register):
            return [bit(one) for one in register]
        case expr.Value(value=int(value)):
            return _number(value, node.type.width)
        case expr.Cast(operand=operand) if node.type.kind is types.Uint:
            of_bool = operand.type.kind is types.Bool
            word = [condition_form(operand, bit)] if of_bool else _word(operand, bit)
            return [*word, *[NEVER] * node.type.width][: node.type.width]
        case expr.Unary(op=expr.Unary.Op.BIT_NOT, operand=operand):
            return [form ^ ALWAYS for form in _word(operand, bit)]
        case expr.Binary() if node.left.type.kind is types.Uint and node.right.type.kind is types.Uint:
            pairs = zip(_word(node.left, bit), _word(node.right, bit), strict=True)
            return [_combined(node, a, b) for a, b in pairs]
    raise _unsupported(node)


def _combined(node: expr.Binary, a: Form, b: Form) -> Form:
    """Return what an operation makes of two bits."""
    name = node.op.name
    if name in ("BIT_XOR", "NOT_EQUAL"):
        return a ^ b
    if name == "EQUAL":
        return a ^ b ^ ALWAYS
    if name in ("BIT_AND", "LOGIC_AND"):
        return product(a, b)
    if name in ("BIT_OR", "LOGIC_OR"):
        return a ^ b ^ product(a, b)
    raise _unsupported(node)


def _compared(node: expr.Binary, a: Word, b: Word) -> Form:
    """Return a comparison of two numbers."""
    match node.op.name:
        case "EQUAL":
            return _equal(a, b)
        case "NOT_EQUAL":
            return _equal(a, b) ^ ALWAYS
        case "LESS":
            return _less(a, b)
        case "GREATER":
            return _less(b, a)
        case "LESS_EQUAL":
            return _less(b, a) ^ ALWAYS
        case "GREATER_EQUAL":
            return _less(a, b) ^ ALWAYS
    raise _unsupported(node)


def _pairs(a: Word, b: Word) -> list[tuple[Form, Form]]:
    """Return the bits of two words side by side, the shorter one filled up with zeros."""
    events = frozenset().union(*(term for form in (*a, *b) for term in form))
    if len(events) > _MOST_COMPARED:
        raise UnsupportedError(
            f"a comparison of {len(events)} bits cannot be verified, at most {_MOST_COMPARED} can; "
            "decide on fewer, or on a parity"
        )
    width = max(len(a), len(b))
    return list(zip([*a, *[NEVER] * (width - len(a))], [*b, *[NEVER] * (width - len(b))], strict=True))


def _equal(a: Word, b: Word) -> Form:
    result = ALWAYS
    for x, y in _pairs(a, b):
        result = product(result, x ^ y ^ ALWAYS)
    return result


def _less(a: Word, b: Word) -> Form:
    """Return where a < b: at the highest bit in which they differ, b has the 1."""
    result: Form = NEVER
    for x, y in _pairs(a, b):
        result = product(x ^ ALWAYS, y) ^ product(x ^ y ^ ALWAYS, result)
    return result


def _unsupported(condition: object) -> UnsupportedError:
    return UnsupportedError(
        f"the condition {condition!r} cannot be verified; use bits, not, and, or, xor, and comparisons of registers"
    )
