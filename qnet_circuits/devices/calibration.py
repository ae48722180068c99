"""The calibration of a device as plain data. Nothing is repaired here, and gaps stay gaps."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import Any

from qiskit.providers import BackendV2

from qnet_circuits.devices import failures, overlay, snapshots
from qnet_circuits.devices.entries import (
    FAILED,
    OperationCalibration,
    QubitCalibration,
    check_seconds,
    check_text,
)
from qnet_circuits.devices.from_qiskit import fields_of
from qnet_circuits.devices.summary import summary
from qnet_circuits.devices.values import Values
from qnet_circuits.errors import ParameterError, RecordError, check_count


@dataclass(frozen=True, repr=False)
class DeviceCalibration:
    """The description of a device: its qubits, its operations, and their calibrated values.

    These are raw data: a missing time is None, and neither T2 > 2 T1 nor an error of 0.5 or more is changed. Two calibrations
    with the same content are equal.

    Args:
        name: Name of the device.
        qubits: One entry for each qubit.
        operations: Names of the device's operations, including control flow such as ``if_else``.
        entries: One entry for each operation and group of qubits. An operation without entries works on all qubits in the same
            way.
        dt: The device's unit of time in seconds, or None.
        date: The date of the calibration, ISO 8601, or None.
        source: The origin of the data, such as ``fake_kingston`` or ``synthetic line``.
        family: The kind of processor, such as ``Heron r2``, or None.
        retired: Whether the processor is out of service.

    Raises:
        ParameterError: If a value is out of range, has a wrong type, or is given twice.

    Example:
        >>> qubits = [QubitCalibration(t1=1e-4), QubitCalibration()]
        >>> pair = OperationCalibration("cz", (0, 1), error=0.002, duration=68e-9)
        >>> device = DeviceCalibration("pair", qubits, ["cz", "if_else"], [pair])
        >>> device
        <DeviceCalibration 'pair': 2 qubits, cz if_else>
        >>> device.error("cz", (0, 1)), device.error("cz", (1, 0)), device.t1(1), device.dynamic
        (0.002, None, None, True)
    """

    name: str
    qubits: tuple[QubitCalibration, ...]
    operations: tuple[str, ...]
    entries: tuple[OperationCalibration, ...] = ()
    dt: float | None = None
    date: str | None = None
    source: str = ""
    family: str | None = None
    retired: bool = False

    def __post_init__(self) -> None:
        check_text("name", self.name)
        check_text("source", self.source, empty=True)
        if self.family is not None:
            check_text("family", self.family)
        if not isinstance(self.retired, bool):
            raise ParameterError(f"retired must be True or False, got {self.retired!r}")
        object.__setattr__(self, "dt", check_seconds("dt", self.dt))
        object.__setattr__(self, "date", _date(self.date))
        object.__setattr__(self, "qubits", _each_is("qubits", self.qubits, QubitCalibration))
        if not self.qubits:
            raise ParameterError("qubits must hold one entry for each qubit, at least 1, got none")
        object.__setattr__(self, "operations", _each_is("operations", self.operations, str))
        if len(set(self.operations)) < len(self.operations):
            raise ParameterError(f"operations must differ, got {', '.join(self.operations)}")
        place = {name: k for k, name in enumerate(self.operations)}
        entries = _each_is("entries", self.entries, OperationCalibration)
        for entry in entries:
            self._check_entry(entry, place)
        # One order for all, so that equal content is equal however it was put together.
        ordered = tuple(sorted(entries, key=lambda entry: place[entry.name]))
        object.__setattr__(self, "entries", ordered)
        if len(self.entry_of) < len(entries):
            twice = next(entry for entry in entries if self.entry_of[entry.name, entry.qubits] is not entry)
            raise ParameterError(f"entries has {twice.name} on {twice.qubits} twice; give it once")

    def _check_entry(self, entry: OperationCalibration, known: Mapping[str, int]) -> None:
        if entry.name not in known:
            raise ParameterError(f"entries has {entry.name!r}, which is not among the operations")
        if max(entry.qubits) >= self.num_qubits:
            raise ParameterError(
                f"{entry.name}: qubits must be 0 to {self.num_qubits - 1}, got {', '.join(map(str, entry.qubits))}"
            )

    def __repr__(self) -> str:
        date = f", of {self.date[:10]}" if self.date else ""
        gates = " ".join(self.operations)
        return f"<DeviceCalibration {self.name!r}: {self.num_qubits} qubits, {gates}{date}>"

    @cached_property
    def entry_of(self) -> Mapping[tuple[str, tuple[int, ...]], OperationCalibration]:
        """The entry of each operation on its qubits."""
        return {(entry.name, entry.qubits): entry for entry in self.entries}

    @cached_property
    def medians(self) -> Mapping[tuple[str, str], float]:
        """The median of each operation's ``"error"`` or ``"duration"``, without what failed; nothing where none is given."""
        found: dict[tuple[str, str], list[float]] = {}
        for place, entry in self.entry_of.items():
            for kind, value in (("error", entry.error), ("duration", entry.duration)):
                if (
                    value is not None
                    and value < FAILED
                    and (kind != "error" or place not in self.failed_gates)
                ):
                    found.setdefault((kind, entry.name), []).append(value)
        return {key: median(values) for key, values in found.items()}

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the whole content, in hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return len(self.qubits)

    @property
    def dynamic(self) -> bool:
        """Whether the device can decide in real time (has ``if_else``)."""
        return "if_else" in self.operations

    @cached_property
    def couplings(self) -> frozenset[frozenset[int]]:
        """The pairs of qubits that a two-qubit operation joins; none if all pairs are alike."""
        return frozenset(frozenset(entry.qubits) for entry in self.entries if len(entry.qubits) == 2)

    @cached_property
    def failed_gates(self) -> frozenset[failures.Gate]:
        """The two-qubit gates, with their qubits, whose error is not a measured value."""
        return failures.failed_gates(self.entries)

    @cached_property
    def failed_couplings(self) -> frozenset[frozenset[int]]:
        """The couplings without a two-qubit gate of measured error: all their errors are at least 1/2, or exactly 0.

        An error of 0 counts as measured if the gate has no error anywhere on the device, as on a synthetic device.
        """
        return failures.failed_couplings(self.entries)

    @cached_property
    def failed_qubits(self) -> frozenset[int]:
        """The qubits with a gate or readout error of 1/2 or more, or without a number that other qubits have."""
        return failures.failed_qubits(self.qubits, self.entries)

    def t1(self, qubit: int) -> float | None:
        """Return the relaxation time of a qubit in seconds, or None if it is missing."""
        return self._qubit(qubit).t1

    def t2(self, qubit: int) -> float | None:
        """Return the dephasing time of a qubit in seconds, or None if it is missing."""
        return self._qubit(qubit).t2

    def readout(self, qubit: int) -> tuple[float | None, float | None]:
        """Return the probabilities to read 1 from |0⟩ and 0 from |1⟩, or None if they are missing."""
        found = self._qubit(qubit)
        return found.one_from_zero, found.zero_from_one

    def error(self, name: str, qubits: Sequence[int]) -> float | None:
        """Return the error of an operation on qubits, or None if it is not given."""
        found = self.entry_of.get((name, tuple(qubits)))
        return None if found is None else found.error

    def duration(self, name: str, qubits: Sequence[int]) -> float | None:
        """Return the duration of an operation on qubits in seconds, or None if it is not given."""
        found = self.entry_of.get((name, tuple(qubits)))
        return None if found is None else found.duration

    def _qubit(self, qubit: int) -> QubitCalibration:
        return self.qubits[check_count("qubit", qubit, 0, self.num_qubits - 1)]

    def only(self, qubits: Iterable[int]) -> DeviceCalibration:
        """Return the same device with the values of some qubits only; all values of other qubits are missing.

        Args:
            qubits: The numbers of the qubits to keep; they keep their numbers.

        Example:
            >>> part = DeviceCalibration("pair", (QubitCalibration(t1=1e-4), QubitCalibration(t1=2e-4)), ("x",)).only([1])
            >>> part.num_qubits, part.t1(0), part.t1(1)
            (2, None, 0.0002)
        """
        kept = set(qubits)
        return replace(
            self,
            qubits=tuple(entry if k in kept else QubitCalibration() for k, entry in enumerate(self.qubits)),
            entries=tuple(entry for entry in self.entries if kept.issuperset(entry.qubits)),
        )

    def with_values(self, values: Values, source: str | None = None) -> DeviceCalibration:
        """Return the same device with newer measured numbers on some qubits and couplings.

        Args:
            values: A mapping from places to numbers by quantity, or the path of a CSV file with the columns place, quantity
                and value. A place is a qubit (3 or "3") or a coupling ((3, 4) or "3-4"). Quantities of a qubit are ``t1`` and
                ``t2`` in seconds, ``one_from_zero``, ``zero_from_one``, ``readout`` (both), ``one_qubit_error`` (all of
                its gates) and ``mid_circuit_readout`` (of ``measure_2``); of a coupling ``two_qubit_error`` (all of its
                gates, in both directions). Errors are in [0, 1].
            source: The origin of the numbers, which the calibration's ``source`` will name. Default: the file.

        Raises:
            ParameterError: If a place or a quantity does not exist, a number is out of range or given twice, or a given T2 is
                more than twice the given T1.
            RecordError: If the file cannot be read.

        Example:
            >>> from qnet_circuits.devices.synthetic import line_device
            >>> today = line_device(3).with_values({1: {"t1": 5e-5}, "0-1": {"two_qubit_error": 0.03}}, "a test")
            >>> today.t1(1), today.error("cz", (0, 1)), today.source
            (5e-05, 0.03, 'synthetic line, with values of a test')
        """
        return overlay.with_values(self, values, source)

    @classmethod
    def from_backend(cls, backend: BackendV2, name: str | None = None) -> DeviceCalibration:
        """Take the calibration of any Qiskit backend.

        Readout in both directions comes from the backend's properties; without properties, the target's measurement error is
        used for both. NaN and infinity become None. Operations come in alphabetical order.

        Args:
            backend: The backend.
            name: A name instead of the backend's own.

        Raises:
            ParameterError: If the backend does not say how many qubits it has, or a value is out of range.

        Example:
            >>> from qiskit.providers.fake_provider import GenericBackendV2
            >>> DeviceCalibration.from_backend(GenericBackendV2(3, seed=1))
            <DeviceCalibration 'generic_backend_3q': 3 qubits, cx delay id measure reset rz sx x>
        """
        return cls(**fields_of(backend, name))

    def summary(self) -> dict[str, Any]:
        """Return the calibration in a few plain numbers.

        Returns:
            What the device is (``name``, ``qubits``, ``couplings``, ``family``, ``operations``, ``dynamic``, ``date``,
            ``source``, ``retired``); ``medians`` and ``worst`` of t1, t2, one_qubit_error, two_qubit_error, readout_error
            (mean of both directions), one_qubit_duration, two_qubit_duration and measurement_duration, times in seconds, None
            where nothing is given; and ``gaps``: how many qubits lack T1, T2 or readout, have T2 > 2 T1 or a readout error of
            0.5 or more, how many one-qubit gates have an error of 0.5 or more, and how many couplings have failed.

        Example:
            >>> from qnet_circuits.devices.synthetic import line_device
            >>> summary = line_device(4, t1=2e-4).summary()
            >>> summary["medians"]["t1"], summary["worst"]["two_qubit_error"], summary["gaps"]["t1_missing"]
            (0.0002, {'value': 0.002, 'qubits': [0, 1]}, 0)
        """
        return summary(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, ready for JSON; ``from_dict`` makes an equal calibration of it."""
        return snapshots.to_plain(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DeviceCalibration:
        """Make a calibration of its plain form.

        Raises:
            ParameterError: If a field is missing, unknown, of a wrong type or out of range.
        """
        return cls(**snapshots.fields_of(plain))

    def save(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write a snapshot, which ``load`` and ``aer:<path>`` read.

        Args:
            path: A file that ends in ``.json``.
            overwrite: Whether an existing file may be replaced. Default False.

        Raises:
            ParameterError: If the path does not end in ``.json``.
            RecordError: If the file exists and may not be replaced, or cannot be written.
        """
        snapshots.save(self.to_dict(), path, overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> DeviceCalibration:
        """Read a snapshot.

        Raises:
            RecordError: If the file is missing, torn, of a newer schema, or a field of it is wrong.
        """
        plain = snapshots.read(path)
        try:
            return cls.from_dict(plain)
        except ParameterError as error:
            raise RecordError(f"{path} is no calibration snapshot: {error}") from None


def _each_is(name: str, values: Any, kind: type) -> tuple[Any, ...]:
    """Return values as a tuple if each is of a kind."""
    if isinstance(values, (str, Mapping)) or not hasattr(values, "__iter__"):
        raise ParameterError(f"{name} must be a sequence of {kind.__name__}, got {values!r}")
    listed = tuple(values)
    for value in listed:
        if not isinstance(value, kind) or value == "":
            raise ParameterError(f"{name} must hold {kind.__name__} only, got {value!r}")
    return listed


def _date(value: Any) -> str | None:
    if value is None:
        return None
    try:
        datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ParameterError(f"date must be ISO 8601, such as 2026-04-15, or None, got {value!r}") from None
    return str(value)
