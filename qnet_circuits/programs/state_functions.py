"""Functions of the state of a few qubits, which figures are made of beside linear combinations of probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import compress, product
from typing import Any, ClassVar

import numpy as np

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.functions import Function
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.state_estimate import LEAST_SHOTS, PauliCounts, state_estimate
from qnet_circuits.theory.state_limits import Measured
from qnet_circuits.theory.states import FUNCTIONS, Matrix, Reals, matrix_of, means_of, nearest_state

#: More qubits need more circuits than a tomography is good for.
MOST_QUBITS = 3


@dataclass(frozen=True)
class StateFunction(Function):
    """A function of the state that circuits measure in all Pauli settings.

    Args:
        function: ``negativity``, ``concurrence``, ``entropy`` or ``purity``.
        settings: For each setting, in the order XX, XY, XZ, YX, ..., the parity of the measured bits of its circuit, one for
            each qubit, 0 for the eigenvalue +1; only shots that meet its conditions count.
        cut: Of a negativity, the positions of the qubits on one side.

    Raises:
        UnknownNameError: If there is no such function.
        ParameterError: If there are not 3^m settings of m bits, m from 1 to 3, or the function is of another number of qubits.
    """

    least_shots: ClassVar[int] = LEAST_SHOTS
    function: str
    settings: tuple[Event, ...]
    cut: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_name("function of a state", self.function, FUNCTIONS)
        sizes = {0 if each.patterns else len(each.bits) for each in self.settings}
        if (
            len(sizes) != 1
            or not sizes < set(range(1, MOST_QUBITS + 1))
            or len(self.settings) != 3**self.qubits
        ):
            raise ParameterError(
                f"a state of 1 to {MOST_QUBITS} qubits is measured in 3, 9 or 27 settings, parities of 1, 2 or 3 bits, got "
                f"{len(self.settings)} of {', '.join(map(str, sorted(sizes))) or 'no'} bits"
            )
        if self.function == "concurrence" and self.qubits != 2:
            raise ParameterError(
                f"concurrence is a function of two qubits, got {self.qubits}; take negativity or entropy"
            )
        cuts = self.function == "negativity"
        if bool(self.cut) != cuts or (cuts and not set(self.cut) < set(range(self.qubits))):
            raise ParameterError(
                f"a negativity, and nothing else, has some but not all of the positions 0 to {self.qubits - 1} as its cut, got "
                f"{self.cut}"
            )

    @property
    def qubits(self) -> int:
        """The number of qubits."""
        return len(self.settings[0].bits)

    @property
    def physical(self) -> tuple[float, float]:
        """The range of its values."""
        return FUNCTIONS[self.function][2](self.qubits)

    @property
    def events(self) -> tuple[Event, ...]:
        """The parities that the state follows from: of each setting those of all sets of its bits."""
        return tuple(
            replace(setting, bits=tuple(compress(setting.bits, chosen)))
            for setting in self.settings
            for chosen in self._subsets()
        )

    def of(self, states: Matrix) -> Reals:
        """Return its value for each of many states, (..., 2^m, 2^m)."""
        function = FUNCTIONS[self.function][0]
        return function(states, self.cut) if self.cut else function(states)

    def value(self, probability: Callable[[Event], float]) -> float:
        """Return its value for probabilities of its events."""
        return float(self.of(nearest_state(matrix_of(self.means(probability)))))

    def means(self, probability: Callable[[Event], float]) -> Reals:
        """Return the means of Paulis, (4^m,), for probabilities of its events."""
        signs = np.ones((len(self.settings), 2**self.qubits))
        even = [probability(event) for event in self.events]
        signs[:, 1:] = 2 * np.reshape(even, (len(signs), -1)) - 1
        return means_of(signs)

    def estimate(self, outcomes: Mapping[str, Registers], level: float, rng: np.random.Generator) -> Estimate:
        """Estimate it from outcomes, {item: {register: bool array (shots, width)}}.

        Raises:
            NoShotsError: If fewer than two shots of a setting count.
        """
        counts = np.array([self._counts(setting, outcomes[setting.item]) for setting in self.settings])
        return self.estimated(PauliCounts(counts), level, rng)

    def estimated(self, measured: Measured, level: float, rng: np.random.Generator) -> Estimate:
        """Estimate it from means of Paulis, however these were measured."""
        return state_estimate(measured, self.of, FUNCTIONS[self.function][1], self.physical, level, rng)

    def _counts(self, setting: Event, registers: Registers) -> list[int]:
        """Return how often each outcome came in the shots that count."""
        _, counted = setting.flags(registers)
        bits = [registers[name][counted, index] for name, index in setting.bits]
        place = 2 ** np.arange(len(bits))[::-1]
        found = np.bincount(place @ np.array(bits, dtype=np.int64), minlength=2 ** len(bits))
        return [int(count) for count in found]

    def mapped(self, change: Callable[[Event], Event]) -> StateFunction:
        """Return it with other events in the place of its own."""
        return replace(self, settings=tuple(map(change, self.settings)))

    def _subsets(self) -> list[tuple[int, ...]]:
        """Return which bits each parity has, all but the empty one."""
        return list(product((0, 1), repeat=self.qubits))[1:]

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        settings = [setting.to_dict() for setting in self.settings]
        return {"function": self.function, "settings": settings, "cut": list(self.cut)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> StateFunction:
        """Make it of its plain form."""
        settings = tuple(map(Event.from_dict, plain["settings"]))
        return cls(plain["function"], settings, tuple(map(int, plain["cut"])))
