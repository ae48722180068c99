"""The one description of a device's noise that every simulating backend takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qnet_circuits.errors import ParameterError, check_name, check_range

#: Longest latency and strongest coupling that make sense; beyond them a unit was mistaken.
_LONGEST_LATENCY = 1e-3
_STRONGEST_ZZ = 1e7


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
