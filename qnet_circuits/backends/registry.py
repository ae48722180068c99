"""From what a caller names to a backend."""

from __future__ import annotations

from typing import Any

from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.base import Backend
from qnet_circuits.backends.device_names import device_label, device_of
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ParameterError, UnknownNameError

#: Kinds of backends, and whether they run with a device behind the colon: never, if one is named, or always.
_NEVER, _EITHER, _ALWAYS = range(3)
KINDS = {"ideal": _NEVER, "aer": _EITHER, "exact": _EITHER, "local": _ALWAYS, "ibm": _ALWAYS}


def backend_of(where: Any) -> Backend:
    """Return the backend that a caller means.

    Args:
        where: A ``Backend``; a Qiskit ``BackendV2`` or ``BaseSamplerV2``; a ``DeviceCalibration`` or ``Device``, which means
            Aer with it; or a string: ``ideal``, ``aer`` or ``exact`` (no device noise, the links' own only);
            ``aer:<device>`` or ``exact:<device>`` with a stand-in device's name in snake case, or the path of a calibration
            snapshot that ends in ``.json``; ``local:<device>``, IBM's offline mode on a stand-in; or ``ibm:<processor>``, a
            processor of the IBM Quantum platform, through the account that IBM's client has saved.

    Raises:
        UnknownNameError: If there is no such backend or device.
        RecordError: If a snapshot is missing or wrong.
        ParameterError: If it is none of these.

    Example:
        >>> backend_of("ideal")
        <AerBackend 'ideal'>
    """
    if isinstance(where, Backend):
        return where
    if isinstance(where, str):
        return _named(where)
    if isinstance(where, (Device, DeviceCalibration)):
        return AerBackend(f"aer:{device_label(where)}", device_of(where))
    from qiskit.primitives import BaseSamplerV2
    from qiskit.providers import BackendV2

    from qnet_circuits.backends.sampler import SamplerBackend, backend_sampler

    if isinstance(where, BackendV2):
        return backend_sampler(where)
    if isinstance(where, BaseSamplerV2):
        return SamplerBackend(where)
    raise ParameterError(
        "a backend is a string such as 'ideal' or 'aer:fake_kingston', a Backend, a BackendV2, a BaseSamplerV2 or a "
        f"DeviceCalibration, got {where!r}"
    )


def _named(name: str) -> Backend:
    kind, colon, device = name.partition(":")
    takes = KINDS.get(kind)
    if takes is None or (takes == _NEVER and colon) or (not device and (colon or takes == _ALWAYS)):
        raise UnknownNameError(
            "backend",
            name,
            (
                "ideal",
                "aer",
                "aer:<device>, such as aer:fake_kingston or aer:snapshot.json",
                "exact",
                "exact:<device>",
                "local:<stand-in device>",
                "ibm:<processor>, such as ibm:ibm_kingston",
            ),
        )
    if kind in ("ibm", "local"):
        return _of_the_client(kind, device)
    make = ExactBackend if kind == "exact" else AerBackend
    return make(name, device_of(device)) if device else make(kind)


def _of_the_client(kind: str, device: str) -> Backend:
    """Return a backend of IBM's client, which takes seconds to import and is not needed for any other."""
    from qnet_circuits.backends.ibm.offline import LocalBackend
    from qnet_circuits.backends.ibm.processor import RuntimeBackend

    return LocalBackend(device) if kind == "local" else RuntimeBackend(device)
