"""From what a caller names, or hands in, to a device. Every kind of backend that takes a device asks here."""

from __future__ import annotations

from typing import Any

from qiskit.providers import BackendV2

from qnet_circuits.backends.ibm.client import fake_device
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.snapshots import SUFFIX
from qnet_circuits.errors import ParameterError

#: Begins the name of a device that was handed in as an object: never a stand-in's name, so that none is mistaken for it.
_HANDED_IN = "calibration "


def device_of(where: str | Device | DeviceCalibration | BackendV2) -> Device:
    """Return the device that a caller means.

    Args:
        where: A stand-in device's name in snake case, the path of a calibration snapshot that ends in ``.json``, a
            ``DeviceCalibration``, a Qiskit ``BackendV2`` whose calibration is meant, or a ``Device``.

    Raises:
        UnknownNameError: If there is no stand-in of this name.
        RecordError: If the snapshot is missing or wrong.
        UnsupportedError: If a calibration has operations that Qiskit does not know.
        ParameterError: If it is none of these.

    Example:
        >>> from qnet_circuits.devices.synthetic import line_device
        >>> device_of(line_device(5)).num_qubits
        5
    """
    if isinstance(where, Device):
        return where
    if isinstance(where, DeviceCalibration):
        return Device.from_calibration(where)
    if isinstance(where, BackendV2):
        return Device(where.name or type(where).__name__, where)
    if not isinstance(where, str):
        raise ParameterError(
            f"a device is a name, a snapshot's path, a calibration, a BackendV2 or a Device, got {where!r}"
        )
    if where.startswith(_HANDED_IN):
        raise ParameterError(
            f"{where!r} was handed in as an object, and no name finds it again; "
            "save it as a snapshot and name the file, as in aer:device.json"
        )
    if where.lower().endswith(SUFFIX):
        return Device.from_calibration(DeviceCalibration.load(where))
    return fake_device(where)


def device_label(where: Any) -> str:
    """Return how the name of a backend says its device, as what follows ``aer:``.

    Example:
        >>> from qnet_circuits.devices.synthetic import line_device
        >>> device_label("fake_kingston"), device_label(line_device(5))
        ('fake_kingston', 'calibration synthetic line of 5')
    """
    return where if isinstance(where, str) else f"{_HANDED_IN}{where.name}"
