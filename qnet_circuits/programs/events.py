"""Events in the shots of one circuit that meet conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qnet_circuits.programs.conditions import Bit, Condition, Flags, Registers


@dataclass(frozen=True)
class Event:
    """An event that happens in a shot of one circuit or does not.

    Args:
        item: Name of the circuit.
        bits: The bits (register, index) that decide.
        patterns: The values of the bits, as strings of 0 and 1 in the order of ``bits``, at which it happens. Without patterns
            it happens if the parity of the bits is even.
        given: Only shots that meet these conditions count. A condition on one bit may be written (register, index, value).
    """

    item: str
    bits: tuple[Bit, ...]
    patterns: tuple[str, ...] = ()
    given: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", Condition(self.bits, self.patterns).bits)
        object.__setattr__(self, "given", tuple(dict.fromkeys(map(Condition.of, self.given))))

    @property
    def happens(self) -> Condition:
        """The condition on the bits at which it happens."""
        return Condition(self.bits, self.patterns)

    @property
    def read(self) -> tuple[Bit, ...]:
        """All bits that it depends on, its conditions' included."""
        return (*self.bits, *(bit for each in self.given for bit in each.bits))

    def flags(self, registers: Registers) -> tuple[Flags, Flags]:
        """Return for each shot whether it counted and the event happened, and whether it counted."""
        happened = self.happens.met(registers)
        counts = happened | ~happened
        for condition in self.given:
            counts &= condition.met(registers)
        return happened & counts, counts

    def excludes(self, other: Event) -> bool:
        """Tell whether no shot counts for both; False if that is not known."""
        return any(one.excludes(each) for one in self.given for each in other.given)

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        return {
            "item": self.item, "bits": [list(bit) for bit in self.bits],
            "patterns": list(self.patterns), "given": [each.to_plain() for each in self.given],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Event:
        """Make an event of its plain form."""
        bits = tuple((register, int(index)) for register, index in plain["bits"])
        given = tuple(map(Condition.from_plain, plain["given"]))
        return cls(plain["item"], bits, tuple(plain["patterns"]), given)
