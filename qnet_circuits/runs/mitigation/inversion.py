"""Readout errors inverted: a weight for each outcome, whose mean is a probability without readout errors.

Each qubit reads 1 from |0⟩ with probability a and 0 from |1⟩ with probability b, whatever the others do. The sign
λ(0) = (1 + a - b)/(1 - a - b), λ(1) = -(1 - a + b)/(1 - a - b) in place of (-1)^bit has the mean (-1)^(true bit), and a
product of such signs has the mean of the true parity's sign. This is the inverse of a tensor product of 2x2 matrices,
applied shot by shot (S. Bravyi et al., Phys. Rev. A 103, 042605 (2021)): it needs no list of outcomes, so a parity may have
any length. M3 inverts on the observed outcomes, which is equivalent if all outcomes were observed. For the random bits of Bell
measurements hardly any outcome occurs twice, and M3 corrects nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import chain, combinations, product
from operator import xor

import numpy as np
import numpy.typing as npt
from rustworkx import PyGraph, connected_components

from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.conditions import Condition, Parity
from qnet_circuits.programs.events import Event

Bits = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]
#: Variables whose parity is meant.
Form = frozenset[int]
#: Gives each outcome's sign for a parity.
Signs = Callable[[Form], Reals]
#: A sum of products of sums of signs, each with its coefficient.
Weight = tuple[tuple[tuple[tuple[float, Form], ...], ...], ...]
#: Conditions that share variables, each of which doubles the number of signs.
_MOST_TOGETHER = 10


def signs(errors: tuple[float, float]) -> tuple[float, float]:
    """Return the signs in place of +1 and -1 if a qubit is read as 0 and 1.

    Example:
        >>> zero, one = signs((0.1, 0.2))
        >>> round(0.9 * zero + 0.1 * one, 12), round(0.2 * zero + 0.8 * one, 12)
        (1.0, -1.0)
    """
    a, b = errors
    return (1 + a - b) / (1 - a - b), -(1 - a + b) / (1 - a - b)


def weights(forms: OutcomeMap, event: Event) -> tuple[Weight, Weight]:
    """Return an event as a weight of the outcomes, and the weight of its condition, the divisor.

    An indicator of conditions on parities is a product of (1 ± sign)/2. If parities share variables, the product is multiplied
    out.

    Args:
        forms: The forms of the event's circuit.
        event: The event; its condition, and post-selection, go into both.

    Raises:
        UnsupportedError: If more conditions share variables than can be multiplied out.
    """

    def form(register: str, index: int) -> Form:
        return frozenset(forms.registers[register][index])

    def forms_of(way: Iterable[Parity]) -> list[tuple[Form, int]]:
        return [(reduce(xor, (form(*bit) for bit in bits), frozenset()), value) for bits, value in way]

    accepted = [(frozenset(each), 0) for each in forms.accept]
    given = [accepted + forms_of(chain(*ways)) for ways in product(*map(_ways, event.given))]
    wanted = [forms_of(way) for way in _ways(event.happens)]
    return tuple(_product([*kept, *way]) for kept in given for way in wanted), tuple(map(_product, given))


def _ways(condition: Condition) -> tuple[tuple[Parity, ...], ...]:
    """Return the cases of a condition that need fewer signs: parities that share bits are multiplied out."""
    ways = condition.ways()
    return condition.singly() if len(condition.patterns) < 2 ** max(map(len, ways)) else ways


def _product(conditions: Iterable[tuple[Form, int]]) -> tuple[tuple[tuple[float, Form], ...], ...]:
    """Return the indicator of conditions as factors, one for each set of conditions that share variables."""
    factors = []
    for group in _together(list(dict.fromkeys(conditions))):
        if len(group) > _MOST_TOGETHER:
            raise UnsupportedError(
                f"{len(group)} bits of an outcome depend on the same measured bits, at most {_MOST_TOGETHER} can be corrected "
                'together; use corrections="feedforward"'
            )
        collected: dict[Form, float] = {frozenset(): 1.0}
        for form, value in reversed(group):
            kept = {each: weight / 2 for each, weight in collected.items()}
            signed = {each ^ form: -weight if value else weight for each, weight in kept.items()}
            collected = {each: kept.get(each, 0.0) + signed.get(each, 0.0) for each in kept | signed}
        factors.append(tuple((value, form) for form, value in collected.items() if value))
    return tuple(factors)


def _together(conditions: Sequence[tuple[Form, int]]) -> list[list[tuple[Form, int]]]:
    """Return the conditions in groups that have no variable in common."""
    graph = PyGraph()
    graph.add_nodes_from(conditions)
    pairs = combinations(range(len(conditions)), 2)
    graph.add_edges_from_no_data([(a, b) for a, b in pairs if conditions[a][0] & conditions[b][0]])
    return [[conditions[k] for k in sorted(group)] for group in connected_components(graph)]


def evaluate(weight: Weight, sign: Signs) -> Reals | float:
    """Return a weight's value for each outcome."""
    total: Reals | float = 0.0
    for factors in weight:
        term: Reals | float = 1.0
        for factor in factors:
            term = term * sum((coefficient * sign(form) for coefficient, form in factor), 0.0)
        total = total + term
    return total


def variables_of(weight: Weight) -> set[int]:
    """Return the variables that a weight depends on."""
    return {variable for factors in weight for factor in factors for _, form in factor for variable in form}
