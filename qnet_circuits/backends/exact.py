"""The exact backend: declared figures without sampling."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import chain, product
from operator import xor
from typing import Any

from qnet_circuits.backends.base import Evaluation, Evaluator
from qnet_circuits.backends.simulation.contraction import DEFAULT_MEMORY, Contractor, Question
from qnet_circuits.backends.simulation.heaviest import Estimator
from qnet_circuits.backends.simulation.steps import NoisyCircuit
from qnet_circuits.backends.simulation.tensors import Skeleton, skeleton_of
from qnet_circuits.backends.simulation.twin import NoisyProgram, noisy_program
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.devices.declared import check_declared
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import NoShotsError, UnsupportedError
from qnet_circuits.programs.conditions import Condition, Parity
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.figures import Figure
from qnet_circuits.theory.estimate import Estimate

#: A probability below this may be rounding, and no chance.
_NOTHING = 1e-13
#: It is rounding where it is this small against what cancels in it.
_NOTHING_OF_MOST = 1e-10
#: Parities that all have a value, each as its variables and the value.
Conditions = tuple[tuple[frozenset[int], int], ...]


@contextmanager
def collecting_later() -> Iterator[None]:
    """Return a decorator that pauses the cyclic garbage collector while a function runs.

    Making tensors creates hundreds of thousands of objects that all stay in use. The collector would scan all objects of the
    process again and again, Qiskit's included, and find nothing; this would take a third of the time of a prediction of 100
    hops. Garbage is collected after the function as usual. A collector that the caller has switched off stays off.

    Example:
        >>> collecting_later()(gc.isenabled)(), gc.isenabled()
        (False, True)
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class ExactBackend(Evaluator):
    """Computes every declared figure exactly for the stated noise model, as a tensor network in the Pauli basis.

    Args:
        name: Name of the backend.
        device: The simulated device. Default: none.
        noise: The description of the device's noise.
        memory: The most bytes that a contraction may take.
        paths: The number of Pauli paths for an estimate, if a contraction takes more memory. Estimates serve to compare
            programs. Default: None, only exact values.
    """

    simulates_links = True
    noise: DeviceNoise
    #: What the tensors of its circuits are kept as.
    _tensors = "tensors"

    def __init__(
        self,
        name: str = "exact",
        device: Device | None = None,
        noise: DeviceNoise | None = None,
        memory: float = DEFAULT_MEMORY,
        paths: int | None = None,
    ) -> None:
        self.name, self.device = name, device
        self.noise = noise or DeviceNoise()
        check_declared(self.noise, device)
        self._memory, self._paths = memory, paths
        #: Paths of contractions by shape: programs that differ in their places alone share them.
        self._trees: dict[Any, Any] = {}

    def with_noise(self, noise: DeviceNoise) -> ExactBackend:
        """Return the same backend with another description of its device's noise."""
        self._needs_device()
        return ExactBackend(self.name, self.device, noise, self._memory, self._paths)

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return the notes of a result from this backend."""
        return self._device_notes()

    @collecting_later()
    def evaluate(self, compiled: Compiled, figures: Sequence[Figure]) -> Evaluation:
        """Return the exact values of figures.

        Args:
            compiled: The compiled program.
            figures: Its figures, or others of its circuits.

        Raises:
            UnsupportedError: If a figure cannot be computed exactly, or not within ``memory``.
            NoShotsError: If post-selection has probability 0.
            FigureError: If a figure is outside its physical range.
        """
        noisy = self._noisy(compiled)
        items = compiled.once(
            self._tensors,
            (self.device, self.noise, self._memory, self._paths),
            lambda: self._items(compiled, noisy),
        )
        values, empty = {}, {}
        for figure in figures:
            try:
                value = _value(figure, items)
            except NoShotsError as error:
                if not figure.conditioned:
                    raise
                empty[figure.name] = str(error)
            else:
                values[figure.name] = Estimate(value, value, value, level=1.0)
        width = max(item.width for item in items.values())
        return Evaluation(values, empty, self._accepted(items), noisy.notes, width)

    def _noisy(self, compiled: Compiled) -> NoisyProgram:
        return noisy_program(compiled, self.device, self.noise)

    @staticmethod
    def _accepted(items: Mapping[str, _Item | _Copies]) -> dict[str, float]:
        if not any(item.post_selected for item in items.values()):
            return {}
        return {name: item.accepted for name, item in items.items()}

    def _items(self, compiled: Compiled, noisy: NoisyProgram) -> dict[str, _Item | _Copies]:
        known = self._memory, self._trees
        contractor = Contractor(*known) if self._paths is None else Estimator(*known, self._paths)
        skeletons = compiled.once(
            f"skeletons of {self._tensors}",
            (self.device, self.noise),
            lambda: [skeleton_of(circuit) for circuit in noisy.circuits],
        )
        made = {
            item.name: _Item(circuit, skeleton, item, contractor)
            for item, circuit, skeleton in zip(compiled, noisy.circuits, skeletons, strict=True)
        }
        sources = dict.fromkeys(item.source for item in compiled if item.copy)
        pooled = {
            name: _Copies([made[item.name] for item in compiled if item.source == name]) for name in sources
        }
        return {**made, **pooled}


class _Item:
    """The tensors of one circuit, with the answers so far.

    The bits of a program follow from the variables of its tensors: the measurements, then X and Z of each emulated link error.
    """

    def __init__(
        self, noisy: NoisyCircuit, skeleton: Skeleton, item: CompiledItem, contractor: Contractor
    ) -> None:
        self._skeleton, self._forms = skeleton, item.lowered.forms
        places = [(register, k) for register, width in noisy.registers for k in range(width)]
        number = {place: k for k, place in enumerate(places)}
        self._columns = [self._skeleton.last.get(number[place]) for place in self._forms.raw]
        first = self._skeleton.variables
        self._columns += range(first, first + 2 * len(self._forms.emulated))
        self._contractor = contractor
        self._known: dict[Question, float] = {}

    @property
    def width(self) -> float:
        """Log2 of the entries of the largest tensor."""
        return self._contractor.width

    @property
    def post_selected(self) -> bool:
        """Whether not all shots count."""
        return bool(self._forms.accept)

    @property
    def accepted(self) -> float:
        """The share of shots that post-selection keeps."""
        return min(sum(map(self._chance, self._given(()))), 1.0)

    def shares(self, event: Event) -> tuple[float, float]:
        """Return the share of shots that count for an event and in which it happens, and that of those that count."""
        given = list(self._given(event.given))
        chance = sum(map(self._chance, given))
        asked = [each for conditions in given for each in self._asked(event, conditions)] if chance else []
        return sum(weight * self._answer(question) for weight, question in asked), chance

    def _given(self, given: Iterable[Condition]) -> Iterator[Conditions]:
        """Yield the ways in which a shot is accepted by post-selection and meets conditions."""
        accepted = tuple((self._variables(form), 0) for form in self._forms.accept)
        for ways in product(*(each.ways() for each in given)):
            yield accepted + tuple(map(self._parity, chain(*ways)))

    def _chance(self, conditions: Conditions) -> float:
        """Return the probability of conditions, 0 if it is no more than rounding."""
        question = Question(frozenset(), conditions)
        chance = self._answer(question)
        if chance >= _NOTHING:
            return chance
        most = self._contractor.most(self._skeleton, self._forms.emulated, question)
        return chance if chance > _NOTHING_OF_MOST * most else 0.0

    def _asked(self, event: Event, given: Conditions) -> Iterator[tuple[float, Question]]:
        """Yield the probability that conditions are met and an event happens, as weighted questions."""
        if not event.patterns:
            parity, _ = self._parity((event.bits, 0))
            yield from ((0.5, Question(frozenset(), given)), (0.5, Question(parity, given)))
            return
        for way in event.happens.ways():
            yield 1.0, Question(frozenset(), (*given, *map(self._parity, way)))

    def _parity(self, parity: Parity) -> tuple[frozenset[int], int]:
        """Return the variables whose parity is that of a program's bits, and the value that it has."""
        bits, value = parity
        forms = (self._variables(self._forms.registers[name][k]) for name, k in bits)
        return reduce(xor, forms, frozenset()), value

    def _variables(self, form: Iterable[int]) -> frozenset[int]:
        variables = (self._columns[column] for column in form)
        return frozenset(variable for variable in variables if variable is not None)

    def _answer(self, question: Question) -> float:
        if question not in self._known:
            self._known[question] = self._contractor.value(self._skeleton, self._forms.emulated, question)
        return self._known[question]


class _Copies:
    """A circuit of which there are several copies that have the same number of shots: outcomes of all of them together."""

    def __init__(self, copies: Sequence[_Item]) -> None:
        self._copies = copies

    @property
    def width(self) -> float:
        """Log2 of the entries of the largest tensor."""
        return max(copy.width for copy in self._copies)

    @property
    def post_selected(self) -> bool:
        """Whether not all shots count."""
        return any(copy.post_selected for copy in self._copies)

    @property
    def accepted(self) -> float:
        """The share of shots that post-selection keeps."""
        return sum(copy.accepted for copy in self._copies) / len(self._copies)

    def shares(self, event: Event) -> tuple[float, float]:
        """Return the share of shots that count for an event and in which it happens, and that of those that count."""
        happened, counted = zip(*(copy.shares(event) for copy in self._copies), strict=True)
        return sum(happened), sum(counted)


def _probability(event: Event, item: _Item | _Copies) -> float:
    """Return the probability of an event among the shots that are kept."""
    happened, counted = item.shares(event)
    if not counted:
        raise NoShotsError(
            f"in {event.item!r} the condition of a figure, or post-selection, has probability 0"
        )
    return happened / counted


def _value(figure: Figure, items: Mapping[str, _Item | _Copies]) -> float:
    if figure.drawn_from:
        raise UnsupportedError(
            f"{figure.name} is over settings drawn at random from {figure.drawn_from}, so it has no exact value; "
            "sample it on aer, or measure all: fewer parties or method=parity-scan of ghz, storage=averaged of quantum-repeater"
        )
    value = figure.expression.value(lambda event: _probability(event, items[event.item]))
    return figure.within(lambda level: Estimate(value, value, value, level), 1.0).value
