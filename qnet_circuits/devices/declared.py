"""The terms of noise beyond the calibration, as they are declared for the couplings and qubits of one device."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import TYPICAL, DeviceNoise, label
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import ParameterError, check_name

#: What is typical of a family of processors, in Hz: ζ of coupled qubits, δ of the parity of charge; and whence ζ is.
_TYPICAL = {
    "Eagle": (66e3, 7.2e3, "typical of Eagle, arXiv:2308.01860"),
    "Falcon": (66e3, 0.0, "that of Eagle, whose couplers are fixed too, arXiv:2308.01860"),
    "Heron": (3e3, 0.0, "typical of Heron, of one pair in print"),
}
_UNKNOWN = (0.0, 0.0, "")
#: So many places are listed in a note.
_LISTED = 6


@dataclass(frozen=True)
class Declared:
    """What acts on the waiting qubits of a device beyond its calibration; nothing where nobody waits.

    Args:
        noise: The description of noise.
        usable: The device's calibration with its gaps treated.
        zz: ζ in Hz of each coupling that has one.
        charge_parity: δ in Hz of each qubit that has one.
        t2_star: T2* in seconds of each qubit that is named.

    Example:
        >>> from qnet_circuits.devices.synthetic import line_device
        >>> declared = Declared.of(DeviceNoise(zz={"0-1": 5e4}), Usable(line_device(3)))
        >>> declared.zz, declared.acts("zz"), declared.acts("charge_parity")
        ({frozenset({0, 1}): 50000.0}, True, False)
    """

    noise: DeviceNoise
    usable: Usable
    zz: Mapping[frozenset[int], float]
    charge_parity: Mapping[int, float]
    t2_star: Mapping[int, float]

    @classmethod
    def of(cls, noise: DeviceNoise, usable: Usable) -> Declared:
        """Find what a description of noise means on a device.

        Raises:
            ParameterError: If it names a qubit or a coupling that the device does not have, or a T2* above 2 T1.
        """
        zz, charge_parity = _zz(noise, usable), _charge_parity(noise, usable)
        t2_star = _t2_star(noise, usable)
        return (
            cls(noise, usable, zz, charge_parity, t2_star) if noise.idle else cls(noise, usable, {}, {}, {})
        )

    def slow(self, qubit: int) -> float:
        """Return the time T of dephasing that is slow against a wait, exp(-(t/T)²); infinite without any."""
        if not self.acts("t2_star"):
            return math.inf
        _, t2 = self.usable.relaxation(qubit)
        t2_star = self.t2_star.get(qubit, self.noise.t2_star_fraction * t2)
        # exp(-t/T2 - (t/T)²) is 1/e at T2*.
        return t2_star / math.sqrt(1 - t2_star / t2) if t2_star < t2 else math.inf

    def acts(self, term: str) -> bool:
        """Tell whether a term does anything on this device: ``zz``, ``charge_parity`` or ``t2_star``."""
        if term == "t2_star":
            return self.noise.idle and (self.noise.t2_star_fraction < 1 or bool(self.t2_star))
        return bool(
            self.zz if check_name("term", term, ("zz", "charge_parity")) == "zz" else self.charge_parity
        )

    def notes(self) -> tuple[str, ...]:
        """Return the notes of a result about noise beyond the calibration."""
        noise, (zz, charge_parity, source) = self.noise, typical_of(self.usable)
        said, typical = [], f" ({source})"
        if self.acts("zz"):
            whole = noise.zz == TYPICAL
            amount, why = (_amount(zz, 1e-3), typical) if whole else (_amount(noise.zz, 1e-3), "")
            said.append(f"ZZ of {amount} between coupled qubits at rest{why}")
        if self.acts("charge_parity"):
            whole = noise.charge_parity == TYPICAL
            amount, why = (
                (_amount(charge_parity, 0.5e-3), typical)
                if whole
                else (_amount(noise.charge_parity, 0.5e-3), "")
            )
            said.append(f"charge parity of ± {amount}{why}")
        if self.acts("t2_star") and noise.t2_star_fraction < 1:
            said.append(f"slow dephasing with T2* = {noise.t2_star_fraction:g} T2")
        if self.acts("t2_star") and noise.t2_star:
            said.append(f"slow dephasing with T2* of {_amount(noise.t2_star, 1e6, 'µs')}")
        if noise.measurement_dephasing and noise.idle:
            said.append(f"dephasing by {noise.measurement_dephasing:g} beside mid-circuit measurements")
        return tuple(said)


def check_declared(noise: DeviceNoise | None, device: Device | None) -> None:
    """Raise ParameterError if a description of noise names what a device does not have, before anything is compiled for it."""
    if noise is not None and noise.names_places and device is not None:
        Declared.of(noise, Usable(device.calibration))


def typical_of(usable: Usable) -> tuple[float, float, str]:
    """Return the typical values of a device's family; nothing if the family is unknown."""
    return _TYPICAL.get((usable.calibration.family or "").partition(" ")[0], _UNKNOWN)


def _zz(noise: DeviceNoise, usable: Usable) -> dict[frozenset[int], float]:
    if isinstance(noise.zz, tuple):
        given = {frozenset(entry[:2]): float(entry[2]) for entry in noise.zz}
        for pair in given:
            _check_coupling(pair, usable)
        return {pair: strength for pair, strength in given.items() if strength}
    strength = typical_of(usable)[0] if noise.zz == TYPICAL else noise.zz
    assert isinstance(strength, float)
    return dict.fromkeys(usable.calibration.couplings, strength) if strength else {}


def _charge_parity(noise: DeviceNoise, usable: Usable) -> dict[int, float]:
    if isinstance(noise.charge_parity, tuple):
        given = {int(entry[0]): float(entry[1]) for entry in noise.charge_parity}
        _check_qubits("charge_parity", given, usable)
        return {qubit: distance for qubit, distance in given.items() if distance}
    distance = typical_of(usable)[1] if noise.charge_parity == TYPICAL else noise.charge_parity
    assert isinstance(distance, float)
    return dict.fromkeys(range(usable.calibration.num_qubits), distance) if distance else {}


def _t2_star(noise: DeviceNoise, usable: Usable) -> dict[int, float]:
    assert noise.t2_star is None or isinstance(noise.t2_star, tuple)
    given = {int(entry[0]): float(entry[1]) for entry in noise.t2_star or ()}
    _check_qubits("t2_star", given, usable)
    for qubit, t2_star in given.items():
        t1, _ = usable.relaxation(qubit)
        if t2_star > 2 * t1:
            raise ParameterError(
                f"t2_star of qubit {qubit} must be at most 2 T1, {2e6 * t1:g} µs, got {t2_star * 1e6:g} µs"
            )
    return given


def _check_qubits(name: str, given: Iterable[int], usable: Usable) -> None:
    device = usable.calibration
    for qubit in given:
        if qubit >= device.num_qubits:
            raise ParameterError(
                f"{name} names qubit {qubit}, and {device.name} has the qubits 0 to {device.num_qubits - 1}"
            )


def _check_coupling(pair: frozenset[int], usable: Usable) -> None:
    _check_qubits("zz", pair, usable)
    device = usable.calibration
    if pair not in device.couplings:
        first, second = sorted(pair)
        beside = sorted(other for each in device.couplings if first in each for other in each - {first})
        there = (
            f"it couples {first} with {', '.join(map(str, beside))}" if beside else f"{first} has no coupling"
        )
        raise ParameterError(f"zz names {first}-{second}, which {device.name} does not couple; {there}")


def _amount(given: Any, scale: float, unit: str = "kHz") -> str:
    """Return a number, or the first numbers by place, in a unit."""
    if not isinstance(given, tuple):
        return f"{given * scale:.4g} {unit}"
    listed = [f"{entry[-1] * scale:.4g} {unit} ({label(entry[:-1])})" for entry in given[:_LISTED]]
    more = f" and {len(given) - _LISTED} more" if len(given) > _LISTED else ""
    return f"{', '.join(listed)}{more}"
