"""Values of the day: measured numbers of qubits and couplings, as a mapping or a CSV file gives them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qnet_circuits.devices.entries import short
from qnet_circuits.devices.files import read_file
from qnet_circuits.devices.places import place_of
from qnet_circuits.errors import ParameterError, RecordError

#: The columns of a CSV file.
COLUMNS = ("place", "quantity", "value")
Values = Mapping[Any, Mapping[str, float]] | str | os.PathLike[str]


@dataclass(frozen=True)
class Value:
    """One number.

    Args:
        place: The qubit, or the two that are coupled, the smaller one first.
        quantity: Name of the quantity.
        number: The number.
        where: The place in the input, for messages.
    """

    place: tuple[int, ...]
    quantity: str
    number: float
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.quantity} of {'-'.join(map(str, self.place))}"


def listed(values: Values) -> list[Value]:
    """Return values one by one.

    Args:
        values: A mapping from places (3, "3", (3, 4) or "3-4") to numbers by quantity, or the path of a CSV file.

    Raises:
        ParameterError: If a place or a number is none, or a line of the file is wrong.
        RecordError: If the file cannot be read.

    Example:
        >>> [str(value) for value in listed({"3-4": {"two_qubit_error": 0.008}})]
        ['values: two_qubit_error of 3-4']
    """
    if isinstance(values, str | os.PathLike):
        return list(_lines(os.fspath(values)))
    if not isinstance(values, Mapping) or not all(isinstance(each, Mapping) for each in values.values()):
        raise ParameterError(
            f"values must be such as {{3: {{'t1': 1e-4}}}}, or the path of a CSV file, got {short(values)}"
        )
    return [
        _value(place, str(quantity), number, "values")
        for place, numbers in values.items()
        for quantity, number in numbers.items()
    ]


def _lines(path: str) -> Iterator[Value]:
    """Yield the values of a CSV file; empty lines, and lines that begin with #, say nothing."""
    lines = [(k, line.strip()) for k, line in enumerate(_text(path).splitlines(), 1)]
    rows = [(k, _cells(line)) for k, line in lines if line and not line.startswith("#")]
    if not rows or rows[0][1] != COLUMNS:
        raise ParameterError(f"{path} must begin with the line {','.join(COLUMNS)}")
    for k, cells in rows[1:]:
        where = f"{path}, line {k}"
        if len(cells) != len(COLUMNS):
            raise ParameterError(f"{where} must hold {', '.join(COLUMNS)}, got {short(','.join(cells))}")
        place, quantity, number = cells
        yield _value(place, quantity, number, where)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.split(","))


def _text(path: str) -> str:
    try:
        return read_file(path).decode("utf-8-sig")
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        # A path with a null character is no file either.
        raise RecordError(f"{path!r} is no text in UTF-8") from None


def _value(place: Any, quantity: str, number: Any, where: str) -> Value:
    qubits = _qubits(place, where)
    try:
        if isinstance(number, bool):
            raise TypeError(number)
        return Value(qubits, quantity, float(number), where)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{where}: {quantity} must be a number, got {short(number)}") from None


def _qubits(place: Any, where: str) -> tuple[int, ...]:
    """Return the qubits of a place, the smaller one first."""
    qubits = place_of(place)
    if len(qubits) not in (1, 2):
        raise ParameterError(
            f"{where}: a place is a qubit, such as 3, or a coupling, such as 3-4, got {short(place)}"
        )
    return qubits
