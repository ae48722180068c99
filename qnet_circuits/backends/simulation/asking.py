"""What is asked of a circuit's bits: the mean of a sign and of conditions, as signs and sums over signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qnet_circuits.backends.simulation.tensors import Skeleton
from qnet_circuits.compiling.outcome_map import OutcomeMap
from qnet_circuits.programs.figures import Event

#: A set of variables whose parity must have a value.
Condition = tuple[frozenset[int], int]


@dataclass(frozen=True)
class Question:
    """The mean of (-1) to a parity over the outcomes that meet conditions, not divided by their probability.

    Args:
        parity: The variables of the parity; empty for the probability of the conditions alone.
        conditions: The conditions.
    """

    parity: frozenset[int]
    conditions: tuple[Condition, ...] = ()


class BitVariables:
    """How the bits of a program follow from the variables of its tensors.

    Variables are the measurements, then X and Z of each emulated link error.

    Args:
        forms: The forms of a lowered circuit.
        skeleton: Its tensors.
        bits: Number of each raw bit, by register and index.
    """

    def __init__(self, forms: OutcomeMap, skeleton: Skeleton, bits: Mapping[tuple[str, int], int]) -> None:
        self._forms = forms
        columns: list[int | None] = [skeleton.last.get(bits[place]) for place in forms.raw]
        first = skeleton.variables
        columns += range(first, first + 2 * len(forms.emulated))
        self._columns = columns

    def _set(self, form: Iterable[int]) -> frozenset[int]:
        variables = (self._columns[column] for column in form)
        return frozenset(variable for variable in variables if variable is not None)

    def bit(self, register: str, index: int) -> frozenset[int]:
        """Return the variables whose parity a program's bit is."""
        return self._set(self._forms.registers[register][index])

    def accepted(self) -> tuple[Condition, ...]:
        """Return the conditions of post-selection."""
        return tuple((self._set(form), 0) for form in self._forms.accept)

    def questions(self, event: Event) -> tuple[list[tuple[float, Question]], Question]:
        """Return an event's probability as weighted questions, and the question that they are divided by."""
        given = self.accepted() + tuple((self.bit(name, k), value) for name, k, value in event.given)
        whole = Question(frozenset(), given)
        bits = [self.bit(name, k) for name, k in event.bits]
        if event.patterns:
            asked = [
                (1.0, Question(frozenset(), (*given, *zip(bits, map(int, pattern), strict=True))))
                for pattern in dict.fromkeys(event.patterns)
            ]
            return asked, whole
        parity: frozenset[int] = frozenset()
        for bit in bits:
            parity = parity ^ bit
        return [(0.5, whole), (0.5, Question(parity, given))], whole


@dataclass(frozen=True)
class Signs:
    """For each variable, the sign's exponent: a constant, and the summed indices whose parity is added to it."""

    constant: frozenset[int]
    summed: Mapping[int, frozenset[int]]


def signs_of(question: Question, sources: Sequence[frozenset[int]]) -> Signs:
    """Return which indices meet in each variable's sign: first the decisions', then the conditions'."""
    summed: dict[int, set[int]] = {}
    for index, variables in enumerate([*sources, *(variables for variables, _ in question.conditions)]):
        for variable in variables:
            summed.setdefault(variable, set()).add(index)
    return Signs(question.parity, {variable: frozenset(indices) for variable, indices in summed.items()})
