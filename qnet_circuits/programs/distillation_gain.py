"""The gain of distilling as a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from qnet_circuits.errors import NoShotsError, ParameterError, check_count
from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression, acceptance
from qnet_circuits.programs.functions import Function
from qnet_circuits.theory.distillation_gain import gain, gain_estimate
from qnet_circuits.theory.estimate import Estimate


@dataclass(frozen=True)
class DistillationGain(Function):
    """The perfect pairs for each raw one that distilling and hashing gain over hashing alone; negative if they lose.

    Args:
        kept: The parities of both halves' results in the settings XX, YY and ZZ, under the condition that the pair is kept.
        raw: Those of a raw pair.
        pairs: How many raw pairs each attempt takes, at least 2.

    Raises:
        ParameterError: If there are not three parities of each, under conditions that the raw ones have not.
    """

    name: ClassVar[str] = "distillation-gain"
    kept: tuple[Event, ...]
    raw: tuple[Event, ...]
    pairs: int = 2

    def __post_init__(self) -> None:
        check_count("pairs", self.pairs, 2)
        if len(self.kept) != 3 or len(self.raw) != 3 or any(each.patterns for each in self.kept + self.raw):
            raise ParameterError(
                "a gain of distilling needs the parities in three settings, XX, YY and ZZ, of both pairs"
            )
        if not all(each.given for each in self.kept) or any(each.given for each in self.raw):
            raise ParameterError(
                "a gain of distilling needs the condition that the pair is kept, and only of that pair"
            )

    @property
    def events(self) -> tuple[Event, ...]:
        """The parities, and that the pair is kept in each setting."""
        return (*self.kept, *(event for each in self._shares() for event in each.events), *self.raw)

    def value(self, probability: Callable[[Event], float]) -> float:
        """Return its value for probabilities of its events."""
        kept, raw = ([2 * probability(event) - 1 for event in events] for events in (self.kept, self.raw))
        share = sum(each.value(probability) for each in self._shares()) / 3
        return float(gain(kept, share, raw, self.pairs))

    def estimate(self, outcomes: Mapping[str, Registers], level: float, rng: np.random.Generator) -> Estimate:
        """Estimate it from outcomes, {item: {register: bool array (shots, width)}}.

        Raises:
            NoShotsError: If no pair was kept in a setting.
        """
        counts = []
        for event in (*self.kept, *self.raw):
            happened, counted = event.flags(outcomes[event.item])
            equal = int(happened.sum())
            counts.append([equal, int(counted.sum()) - equal, int((~counted).sum())])
        found = np.array(counts, dtype=np.int64)
        if not found[:, :2].sum(axis=1).all():
            raise NoShotsError("no pair was kept in one of the settings; raise the number of shots")
        return gain_estimate(found[:3], found[3:, :2], self.pairs, level, rng)

    def mapped(self, change: Callable[[Event], Event]) -> DistillationGain:
        """Return it with other events in the place of its own."""
        return replace(self, kept=tuple(map(change, self.kept)), raw=tuple(map(change, self.raw)))

    def _shares(self) -> list[Expression]:
        """Return the probability that the pair is kept in each setting."""
        return [acceptance(Expression(terms=((1.0, each),))) for each in self.kept]

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        kept, raw = ([each.to_dict() for each in events] for events in (self.kept, self.raw))
        return {"function": self.name, "kept": kept, "raw": raw, "pairs": self.pairs}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DistillationGain:
        """Make it of its plain form."""
        kept, raw = (tuple(map(Event.from_dict, plain[key])) for key in ("kept", "raw"))
        return cls(kept, raw, int(plain["pairs"]))
