"""A device, with the calibration of its qubits and gates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from qiskit.circuit.controlflow import get_control_flow_name_mapping
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.providers import BackendV2
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.errors import ParameterError, UnsupportedError

#: Variants of an operation for use in the middle of a circuit, which simulators do not know: the plain one stands for them.
_VARIANTS = ("measure_2", "reset_2")


@dataclass(frozen=True)
class Device:
    """A processor, or a stand-in for one, with its calibration.

    Args:
        name: Its name.
        backend: The Qiskit backend that describes it, or None for a device that only a calibration describes.
        notes: What a result on it must say.
        snapshot: The calibration, instead of a backend; ``from_calibration`` sets it.
        load: Makes the Qiskit backend of a calibration, for what only a backend says: the alignment of pulses, variants of
            operations, and the limits of jobs.

    Raises:
        ParameterError: If neither or both of backend and snapshot are given.

    Example:
        >>> from qiskit.providers.fake_provider import GenericBackendV2
        >>> device = Device("mine", GenericBackendV2(3, seed=1))
        >>> device.num_qubits, device.dynamic
        (3, False)
    """

    name: str
    backend: BackendV2 | None = None
    notes: tuple[str, ...] = ()
    snapshot: DeviceCalibration | None = None
    load: Callable[[], BackendV2] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.backend is None) == (self.snapshot is None):
            raise ParameterError(f"device {self.name!r} takes either a backend or a calibration")
        if not (self.backend is None or isinstance(self.backend, BackendV2)):
            raise ParameterError(f"device {self.name!r} takes a Qiskit BackendV2, got {self.backend!r}")

    @classmethod
    def from_calibration(cls, calibration: DeviceCalibration, notes: tuple[str, ...] = ()) -> Device:
        """Return the device that a calibration describes: circuits compile and run as on the one it was taken from.

        Args:
            calibration: The calibration.
            notes: What a result on it must say.

        Raises:
            UnsupportedError: If the calibration has an operation that is no standard gate of Qiskit.
        """
        device = cls(calibration.name, None, notes, calibration)
        _ = device.target  # An operation that does not exist is found now, not when something is compiled.
        return device

    @cached_property
    def described(self) -> BackendV2 | None:
        """The Qiskit backend that describes the device, made if need be; None if only a calibration does."""
        return self.load() if self.backend is None and self.load is not None else self.backend

    @cached_property
    def calibration(self) -> DeviceCalibration:
        """The device's calibration, unrepaired."""
        if self.snapshot is not None:
            return self.snapshot
        assert self.backend is not None
        return DeviceCalibration.from_backend(self.backend, self.name)

    @cached_property
    def target(self) -> Target:
        """The device's target with one kind of measurement and of reset."""
        if self.backend is None:
            return target_of(self.calibration)
        return restrict(self.backend.target, range(self.num_qubits))

    @property
    def own_target(self) -> Target:
        """The target with all data of the device, including alignment and variants of operations."""
        return self.target if self.described is None else self.described.target

    @cached_property
    def plain(self) -> Device:
        """The same device, by its calibration, with one kind of measurement and of reset."""
        calibration = self.calibration
        operations = [name for name in calibration.operations if name not in _VARIANTS]
        entries = [entry for entry in calibration.entries if entry.name not in _VARIANTS]
        kept = replace(calibration, operations=tuple(operations), entries=tuple(entries))
        return Device(self.name, None, self.notes, kept)

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return self.calibration.num_qubits if self.backend is None else int(self.backend.num_qubits)

    @property
    def dynamic(self) -> bool:
        """Whether the device can decide in real time (has ``if_else``)."""
        return "if_else" in self.target.operation_names


def restrict(target: Target, qubits: Sequence[int]) -> Target:
    """Return a target with only the given qubits, renumbered in their order, and with one kind of measurement and reset.

    Args:
        target: The target.
        qubits: The qubits to keep.
    """
    place = {qubit: k for k, qubit in enumerate(qubits)}
    properties = target.qubit_properties
    smaller = Target(
        num_qubits=len(place),
        dt=target.dt,
        qubit_properties=[properties[qubit] for qubit in place] if properties else None,
    )
    for name in target.operation_names:
        if name in _VARIANTS:
            continue
        operation, entries = target.operation_from_name(name), target[name]
        if entries is None or None in entries:
            smaller.add_instruction(operation, name=name)
            continue
        kept: dict[tuple[int, ...], InstructionProperties | None] = {
            tuple(place[qubit] for qubit in where): entry
            for where, entry in entries.items()
            if all(qubit in place for qubit in where)
        }
        if kept:
            smaller.add_instruction(operation, kept, name=name)
    return smaller


def target_of(calibration: DeviceCalibration) -> Target:
    """Return the target that a calibration describes, with one kind of measurement and reset.

    Raises:
        UnsupportedError: If an operation is neither a standard gate of Qiskit nor its control flow.
    """
    known = {**get_standard_gate_name_mapping(), **get_control_flow_name_mapping()}
    entries: dict[str, dict[tuple[int, ...], InstructionProperties]] = {}
    for entry in calibration.entries:
        properties = InstructionProperties(duration=entry.duration, error=entry.error)
        entries.setdefault(entry.name, {})[entry.qubits] = properties
    target = Target(
        num_qubits=calibration.num_qubits,
        dt=calibration.dt,
        qubit_properties=[QubitProperties(t1=qubit.t1, t2=qubit.t2) for qubit in calibration.qubits],
    )
    for name in calibration.operations:
        if name in _VARIANTS:
            continue
        if name not in known:
            raise UnsupportedError(
                f"{calibration.name} has the operation {name!r}, which is no standard gate of Qiskit; "
                "take it out of the calibration's operations and entries"
            )
        target.add_instruction(known[name], entries.get(name), name=name)
    return target
