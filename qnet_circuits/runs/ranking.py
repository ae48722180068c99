"""Comparison of placements and copies of a program, by exact prediction or an estimate of it, with the default noise."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence, Set
from functools import lru_cache
from statistics import fmean

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.compiling.choosing import Ranking
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.copies import Standard
from qnet_circuits.compiling.placement import Placed
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import UnsupportedError, check_range
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program

#: The most bytes of a contraction by which placements are compared, so that it takes no seconds, and how many Pauli paths
#: estimate what takes more. Both were chosen on two programs, of which one lay 0.03 worse with 64 paths.
_RANKING_MEMORY, _PATHS = 2**20, 192
#: Placements are compared by circuits that have so many wires together, and by two at least.
_TELLING_WIRES = 48
#: For how many programs, those that were asked for last, it is known which placements were chosen.
_MOST = 256
#: Beyond these digits, weights are alike.
_DIGITS = 9


@lru_cache(_MOST)
def _known(program: str) -> dict[Hashable, Placed]:
    """Return the placements that predictions chose for a program in this process. A repeated call compares nothing."""
    return {}


def forget_choices() -> None:
    """Forget which placements were chosen."""
    _known.cache_clear()


def standard_of(program: Program, backend: BaseBackend, worst: float) -> Standard:
    """Return the value that copies of a program must reach, by exact prediction with the default noise.

    Raises:
        UnsupportedError: If the program has no predictable figure with an ideal value.
        ParameterError: If ``worst_copy`` is outside the figure's range.
    """
    figure = next((each for each in program.figures if each.judges), None)
    if figure is None:
        raise UnsupportedError(
            "copies are chosen by the predicted value of a figure that has an ideal value, and there is none; name the qubits "
            "of each copy in layout"
        )
    check_range(f"worst_copy, by {figure.name},", worst, *(figure.physical or (-math.inf, math.inf)))
    engine = ExactBackend("exact", backend.device)

    def value(compiled: Compiled) -> float:
        try:
            found = engine.evaluate(compiled, [figure]).values
        except UnsupportedError as error:
            raise UnsupportedError(
                f"copies are chosen by prediction: {error}; or name the qubits of each copy in layout"
            ) from None
        return found[figure.name].value if found else math.nan

    return Standard(figure, worst, value)


def ranking_of(program: Program, backend: BaseBackend, memory: float = _RANKING_MEMORY) -> Ranking | None:
    """Return an object that compares placements by prediction; None without a device, or without a figure with an ideal value.

    Args:
        program: The program.
        backend: The backend that will run it.
        memory: The most bytes that exact predictions may take; others are estimated.
    """
    own = {item.name for item in program if not item.control}
    figures = [figure for figure in program.figures if figure.judges and own.issuperset(figure.circuits)]
    if backend.device is None or not figures:
        return None
    needed = set().union(*(figure.circuits for figure in figures))
    wires = {item.name: item.circuit.num_qubits for item in program if item.name in needed}
    few, names = max(2, _TELLING_WIRES // max(wires.values())), list(wires)
    telling = [names[math.ceil(k * len(names) / few)] for k in range(few)] if few < len(names) else names
    stand = all(set(telling).intersection(group) for figure in figures for group in _alike(figure))
    lack = _Lack(backend.device, figures, memory)
    return Ranking(lack, telling if len(telling) < len(own) else (), stand, _known(program.id))


class _Lack:
    """Predicts the total distance of figures from their ideal values, in units of their ranges, exactly or by an estimate.

    Predictions use the default noise, whatever the noise of the run, so runs that differ only in their noise have the same
    qubits.

    Args:
        device: The device.
        figures: The figures, which have ideal values.
        memory: The most bytes that an exact prediction may take.
    """

    def __init__(self, device: Device, figures: Sequence[Figure], memory: float) -> None:
        self._engine = ExactBackend("exact", device, memory=memory, paths=_PATHS)
        self._figures = figures
        #: How often events happened in the first program.
        self._first: dict[Event, float] = {}

    def __call__(self, compiled: Compiled) -> float:
        names = {item.name for item in compiled}
        events = dict.fromkeys(
            each for figure in self._figures for each in figure.events if each.item in names
        )
        asked = {f"event{k}": event for k, event in enumerate(events)}
        single = [Figure(name, Expression(terms=((1.0, event),))) for name, event in asked.items()]
        found = self._engine.evaluate(compiled, single).values
        chances = {asked[name]: each.value for name, each in found.items()}
        self._first = self._first or chances
        values = [(figure, _value(figure, chances, self._first)) for figure in self._figures]
        return sum(self._off(figure, value, names) for figure, value in values if value is not None)

    def _off(self, figure: Figure, value: float, names: Set[str]) -> float:
        low, high = figure.physical or (0.0, 1.0)
        assert figure.ideal is not None
        off = (value - figure.ideal) / (high - low)
        if names >= set(figure.circuits):
            return abs(off)
        # An estimate that passes the ideal value is a better one.
        first = _value(figure, self._first, self._first)
        return off if first is not None and first > figure.ideal else -off


def _alike(figure: Figure) -> list[list[str]]:
    """Return a figure's circuits in groups; in each of them all have the same weights, and are expected to err alike."""
    if not isinstance(figure.expression, Expression):
        return [[name] for name in figure.circuits]
    groups: dict[tuple[float, ...], list[str]] = {}
    for name, terms in _terms(figure.expression).items():
        groups.setdefault(tuple(sorted(round(abs(weight), _DIGITS) for weight, _ in terms)), []).append(name)
    return list(groups.values())


def _terms(expression: Expression) -> dict[str, list[tuple[float, Event]]]:
    """Return an expression's terms by circuit."""
    found: dict[str, list[tuple[float, Event]]] = {}
    for weight, event in expression.terms:
        found.setdefault(event.item, []).append((weight, event))
    return found


def _value(figure: Figure, chances: Mapping[Event, float], first: Mapping[Event, float]) -> float | None:
    """Return a figure's value, estimated if not all of its circuits were asked, or None if it cannot be known.

    A circuit that was not asked has changed since the first program as those like it did on average.
    """
    known = {**first, **chances}
    if not known.keys() >= set(figure.events):
        return None
    value = figure.expression.value(known.__getitem__)
    if isinstance(figure.expression, Expression):
        changes = _changes(figure.expression, chances, first)
        for group in _alike(figure):
            asked = [changes[name] for name in group if name in changes]
            value += fmean(asked) * (len(group) - len(asked)) if asked else 0.0
    return value


def _changes(
    expression: Expression, chances: Mapping[Event, float], first: Mapping[Event, float]
) -> dict[str, float]:
    """Return how much each circuit that was asked has changed an expression's value."""
    return {
        name: sum(weight * (chances[event] - first[event]) for weight, event in terms)
        for name, terms in _terms(expression).items()
        if all(event in chances and event in first for _, event in terms)
    }
