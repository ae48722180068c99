"""The state of qubits without readout errors: its Pauli expectation values, and their errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.state_functions import StateFunction
from qnet_circuits.runs.mitigation.part import Part, Sampled, check_parts
from qnet_circuits.runs.mitigation.readout import Readout
from qnet_circuits.theory.state_limits import Counts
from qnet_circuits.theory.states import Matrix, Reals, means_in


@dataclass(frozen=True)
class CorrectedState:
    """Pauli expectation values (means) without readout errors.

    They are linear in the mean signs of each setting, which are corrected like parities. To first order they are a sum of
    independent parts: the contributions of the shots of each circuit, and each readout error times its slope.

    Args:
        function: The function of the state.
        samples: The outcomes of its circuits, by name.
        readouts: What is known of each qubit's readout.

    Raises:
        UnsupportedError: If a condition or an event does not allow it.
    """

    function: StateFunction
    samples: Mapping[str, Sampled]
    readouts: Mapping[int, Readout]

    @cached_property
    def _parts(self) -> Mapping[Event, Part]:
        """The parities in the circuit of each setting."""
        each = zip(self.function.settings, self._events, strict=True)
        return {s: Part(events, self.samples[s.item], self.readouts) for s, events in each}

    @cached_property
    def _events(self) -> list[Sequence[Event]]:
        """The parities of each setting."""
        events, size = self.function.events, 2**self.function.qubits - 1
        return [events[k : k + size] for k in range(0, len(events), size)]

    def check(self, level: float) -> None:
        """Raise UnsupportedError if a qubit, a condition or the number of shots does not allow correction."""
        check_parts(self._parts.values(), self.readouts, level)

    @property
    def shots(self) -> Counts:
        """The number of shots of each setting."""
        return np.array([part.shots for part in self._parts.values()])

    @cached_property
    def means(self) -> Reals:
        """The means."""
        parts = {
            event: part
            for part, events in zip(self._parts.values(), self._events, strict=True)
            for event in events
        }
        return self.function.means(lambda event: parts[event].probability(event))

    @cached_property
    def _of_probabilities(self) -> list[Reals]:
        """The linear map from the probabilities of each setting's parities to the means, (parities, 4^m)."""
        zeros = dict.fromkeys(self.function.events, 0.0)
        constant = self.function.means(zeros.__getitem__)
        one = [self.function.means({**zeros, event: 1.0}.__getitem__) - constant for event in zeros]
        size = len(self._events[0])
        return [np.array(one[k : k + size]) for k in range(0, len(one), size)]

    @cached_property
    def _of_readout(self) -> dict[int, Reals]:
        """The derivatives of the means by both readout errors of each qubit, (2, 4^m)."""
        found: dict[int, Reals] = {}
        for part, events, follow in zip(
            self._parts.values(), self._events, self._of_probabilities, strict=True
        ):
            for event, row in zip(events, follow, strict=True):
                for qubit, pair in part.slopes[event].items():
                    found[qubit] = found.get(qubit, np.zeros((2, len(row)))) + np.outer(pair, row)
        return found

    @cached_property
    def covariance(self) -> Reals:
        """The covariance of the means, (4^m, 4^m)."""
        parts = zip(self._parts.values(), self._events, self._of_probabilities, strict=True)
        total = sum(follow.T @ part.covariance(events) @ follow for part, events, follow in parts)
        for qubit, slopes in self._of_readout.items():
            total = total + slopes.T * self.readouts[qubit].variances @ slopes
        return np.asarray(total)

    def dealt(self, parts: int, rng: np.random.Generator) -> tuple[Reals, Reals, Reals]:
        """Deal the shots at random into parts. Return the means in each part, in all other parts, and in two halves."""
        place = {
            item: rng.permutation(len(self.samples[item].variables)) % parts
            for item in dict.fromkeys(setting.item for setting in self.function.settings)
        }
        groups = [[k] for k in range(parts)]
        rests = [[other for other in range(parts) if other != k] for k in range(parts)]
        halves = [range(0, parts, 2), range(1, parts, 2)]
        dealt, rest, half = ([self._means_in(place, each) for each in of] for of in (groups, rests, halves))
        return np.array(dealt), np.array(rest), np.array(half)

    def _means_in(self, place: Mapping[str, Counts], chosen: Iterable[int]) -> Reals:
        """Return the means in the shots of some parts."""
        listed = list(chosen)
        samples = {
            item: replace(self.samples[item], variables=self.samples[item].variables[np.isin(where, listed)])
            for item, where in place.items()
        }
        made = replace(self, samples=samples)
        if any(part.counted <= 0 for part in made._parts.values()):
            raise UnsupportedError(
                "its condition was met too rarely to be corrected; raise the number of shots"
            )
        return made.means

    def anew(self, state: Matrix, size: int, rng: np.random.Generator) -> Reals:
        """Return the means of many repeated measurements of a state, with Gaussian errors, (size, 4^m)."""
        return rng.multivariate_normal(means_in(state), self.covariance, size=size, method="eigh")

    def shifts(self, slopes: Reals) -> tuple[float, float]:
        """Return how far preparation errors can move a linear function of the means below and above its value."""
        each = [
            self.readouts[qubit].shifts((float(pair[0] @ slopes), float(pair[1] @ slopes)))
            for qubit, pair in self._of_readout.items()
        ]
        return sum(below for below, _ in each), sum(above for _, above in each)
