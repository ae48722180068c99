"""A device: what its calibration says of the qubits and gates that a circuit uses, and which of its noise is on."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from qiskit.circuit.controlflow import get_control_flow_name_mapping
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.providers import BackendV2
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.errors import ParameterError, UnsupportedError, check_name, check_range

#: Variants of an operation for use in the middle of a circuit, which simulators do not know: the plain one stands for them.
_VARIANTS = ("measure_2", "reset_2")
#: Longest latency and strongest coupling that make sense; beyond them a unit was mistaken.
_LONGEST_LATENCY = 1e-3
_STRONGEST_ZZ = 1e7


@dataclass(frozen=True)
class Device:
    """A processor, or a stand-in for one, with its calibration.

    Args:
        name: Its name.
        backend: The Qiskit backend that describes it, or None for a device that its calibration alone describes.
        notes: What a result on it must say.
        snapshot: The calibration, instead of a backend; ``from_calibration`` sets it.

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
    def calibration(self) -> DeviceCalibration:
        """What the device's calibration says, unrepaired."""
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
        """Whether the device decides in real time (has ``if_else``)."""
        return "if_else" in self.target.operation_names


def restrict(
    target: Target, qubits: Sequence[int], without: Container[tuple[str, tuple[int, ...]]] = ()
) -> Target:
    """Return a target of only the given qubits, numbered in their order, with one kind of measurement and reset.

    Args:
        target: The target.
        qubits: The qubits to keep.
        without: Operations on qubits to leave out.
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
            if all(qubit in place for qubit in where) and (name, where) not in without
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


@dataclass(frozen=True)
class DeviceNoise:
    """Which sources of a device's noise are on, and the numbers that no calibration carries.

    Gates and resets err with their calibrated infidelity, relaxation during the gate included; readout errs with both
    calibrated probabilities, in mid-circuit with the error of the device's own operation for it; every qubit that waits
    relaxes with T1 and T2, during other qubits' gates, measurements and resets, and while a real-time decision is on its way.
    Published comparisons of calibration noise with processors need 1.5 to 3 µs for
    each decision, hence the default of ``feedforward_latency``.

    The last three terms are off by default, since no calibration has them: the result names them when they are on. Waits
    inside a branch dephase slowly too, but turn with no neighbour.

    Args:
        gates: Whether gates and resets err.
        readout: Whether readout errs.
        idle: Whether qubits relax and dephase while they wait, the wait for a decision included.
        feedforward_latency: Seconds from the end of a measurement to the begin of an operation that it decides on, in
            [0, 1e-3]. Default 1.5e-6. A branch that is not taken lasts as long as one that is.
        post_measure_fraction: Share of its measurement during which a qubit that is used again relaxes from its measured
            state, in [0, 1]. Default 1.
        zz: Strength in Hz of the coherent ZZ coupling of coupled qubits that wait at the same time: for a time t they turn by
            RZZ(π · zz · t). In [0, 1e7].
        t2_star_fraction: T2* / T2, in (0, 1]: below 1, a wait t ends with the coherence exp(-t/T2 - (t/T)²), which is 1/e at
            T2*, from noise that is slow against one wait. Each wait draws anew, so that the echo of decoupling pulses within
            a wait undoes the Gaussian part, and a pulse between two waits does not.
        measurement_dephasing: Probability that a qubit that waits beside one that is measured in mid-circuit suffers Z, for
            each such measurement, in [0, 0.5]; in proportion, if it waits for a part of it.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> DeviceNoise(readout=False).feedforward_latency
        1.5e-06
        >>> DeviceNoise.from_parameters(idle=False).sources
        ('gates', 'readout')
    """

    gates: bool = True
    readout: bool = True
    idle: bool = True
    feedforward_latency: float = 1.5e-6
    post_measure_fraction: float = 1.0
    zz: float = 0.0
    t2_star_fraction: float = 1.0
    measurement_dephasing: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gates", "readout", "idle"):
            if not isinstance(getattr(self, name), bool):
                raise ParameterError(f"{name} must be True or False, got {getattr(self, name)!r}")
        ranges = {
            "feedforward_latency": (0.0, _LONGEST_LATENCY),
            "post_measure_fraction": (0.0, 1.0),
            "zz": (0.0, _STRONGEST_ZZ),
            "t2_star_fraction": (1e-3, 1.0),
            "measurement_dephasing": (0.0, 0.5),
        }
        for name, (low, high) in ranges.items():
            object.__setattr__(self, name, check_range(name, getattr(self, name), low, high))

    @classmethod
    def from_parameters(cls, /, **plain: Any) -> DeviceNoise:
        """Make a description of plain values, by the names of its fields.

        Raises:
            UnknownNameError: If there is no such source of noise.
            ParameterError: If a value is out of range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in plain:
            check_name("source of noise", name, known)
        return cls(**plain)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the calibrated sources that are on."""
        return tuple(name for name in ("gates", "readout", "idle") if getattr(self, name))

    @property
    def extra(self) -> tuple[str, ...]:
        """What is on beyond the calibration, in words."""
        said = []
        if self.zz:
            said.append(f"coherent ZZ of {self.zz:g} Hz between waiting neighbours")
        if self.t2_star_fraction < 1:
            said.append(f"slow dephasing with T2* = {self.t2_star_fraction:g} T2")
        if self.measurement_dephasing:
            said.append(f"dephasing by {self.measurement_dephasing:g} beside mid-circuit measurements")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, as ``noise`` in JSON."""
        return dataclasses.asdict(self)


def check_noise(noise: DeviceNoise | Mapping[str, Any] | None) -> DeviceNoise:
    """Return a description of noise: the default for None, and one of plain values for a mapping."""
    if noise is None:
        return DeviceNoise()
    if isinstance(noise, Mapping):
        return DeviceNoise.from_parameters(**{str(name): value for name, value in noise.items()})
    if not isinstance(noise, DeviceNoise):
        raise ParameterError(f"noise must be a DeviceNoise, such as DeviceNoise(idle=False), got {noise!r}")
    return noise
