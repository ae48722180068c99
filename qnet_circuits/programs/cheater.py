"""Cheaters: what a dishonest party of a protocol does instead, with a register and a record of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from qnet_circuits.errors import ParameterError, UnknownNameError, check_count

_C = TypeVar("_C", bound="Cheater")


class Cheater:
    """A dishonest party. A subclass is a frozen dataclass whose fields, numbers or texts, are the parameters of its strategy.

    The protocol appends the cheater's operations, on qubits of the cheater's own node, and its record is a classical register
    that only the cheater reads. The text form is the kind, and the values of the fields, joined by colons.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Flip(Cheater):
        ...     kind: ClassVar[str] = "flip"
        ...     party: int = 1
        >>> str(Flip()), str(Flip(2)), Flip.from_text("2")
        ('flip', 'flip:2', Flip(party=2))
    """

    #: Name in the text form.
    kind: ClassVar[str] = ""

    def __str__(self) -> str:
        values = _values(self)
        while values and values[-1][0] == values[-1][1]:
            values.pop()
        return ":".join([self.kind, *(str(value) for value, _ in values)])

    @classmethod
    def from_text(cls: type[_C], *parts: str) -> _C:
        """Make it of the parts of its text form.

        Raises:
            ParameterError: If a part is no number where a number is needed.
            TypeError: If there are more parts than fields.
        """
        fields = dataclasses.fields(cls)  # type: ignore[arg-type]
        if len(parts) > len(fields):
            raise TypeError(f"{cls.kind} takes {len(fields)} parts")
        numbers: dict[str, Any] = {"int": int, "float": float}
        read = {}
        for field, part in zip(fields, parts, strict=False):
            # A module decides whether annotations are types or texts.
            wanted = getattr(field.type, "__name__", field.type)
            try:
                read[field.name] = numbers.get(str(wanted), str)(part)
            except ValueError:
                raise ParameterError(
                    f"{field.name} of {cls.kind} must be a number ({wanted}), got {part!r}"
                ) from None
        return cls(**read)

    @classmethod
    def form(cls) -> str:
        """Return the text form as a message shows it, such as ``flip[:party]``."""
        fields = dataclasses.fields(cls)  # type: ignore[arg-type]
        needed = [field for field in fields if field.default is dataclasses.MISSING]
        optional = fields[len(needed) :]
        return (
            "".join([cls.kind, *(f":{field.name}" for field in needed)])
            + "".join(f"[:{field.name}" for field in optional)
            + "]" * len(optional)
        )


@dataclasses.dataclass(frozen=True)
class DishonestParty(Cheater):
    """A dishonest party among several. A subclass may have another default.

    Args:
        party: Number of the party, from 1. Default 1.

    Raises:
        ParameterError: If ``party`` is not a positive whole number.
    """

    party: int = 1

    def __post_init__(self) -> None:
        check_count("party of the cheater", self.party)


def _values(cheater: Any) -> list[tuple[Any, Any]]:
    """Return the value and the default of each field."""
    return [(getattr(cheater, field.name), field.default) for field in dataclasses.fields(cheater)]


def cheater_of(given: object, kinds: Sequence[type[_C]], name: str = "cheater") -> _C | None:
    """Return the cheater that was given to a protocol, as an object.

    Args:
        given: A cheater, its text form, or None.
        kinds: The classes of cheaters that the protocol knows.
        name: Name of the protocol's field.

    Raises:
        UnknownNameError: If the protocol knows no such cheater.
        ParameterError: If it is none of these, or a value of its text form is wrong.

    Example:
        >>> from qnet_circuits.qkd.eavesdroppers import EntanglingProbe
        >>> cheater_of("entangling-probe:0.05", [EntanglingProbe])
        EntanglingProbe(disturbance=0.05)
    """
    if given is None or isinstance(given, tuple(kinds)):
        return given  # type: ignore[return-value]
    forms = ", ".join(kind.form() for kind in kinds)
    if not isinstance(given, str):
        raise ParameterError(f"{name} must be one of its objects or a text, {forms}, got {given!r}")
    word, *parts = given.split(":")
    for kind in kinds:
        if kind.kind == word:
            try:
                return kind.from_text(*parts)
            except TypeError:
                raise ParameterError(f"{name} must be {forms}, got {given!r}") from None
    raise UnknownNameError(name, word, [kind.kind for kind in kinds])
