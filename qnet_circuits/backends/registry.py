"""Backends and devices by name or by object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qiskit.providers import BackendV2

from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.auto import AutoBackend
from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.contraction import DEFAULT_MEMORY
from qnet_circuits.backends.stim import StimBackend
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.snapshots import SUFFIX
from qnet_circuits.errors import ParameterError, UnknownNameError

#: Begins the name of a device that was handed in as an object: never a stand-in's name, so that none is mistaken for it.
_HANDED_IN = "calibration "


def device_of(where: str | Device | DeviceCalibration | BackendV2) -> Device:
    """Return the device for a name or an object.

    Args:
        where: The name of a stand-in device in snake case, the path of a calibration snapshot that ends in ``.json``, a
            ``DeviceCalibration``, a Qiskit ``BackendV2`` (for its calibration), or a ``Device``.

    Raises:
        UnknownNameError: If there is no stand-in of this name.
        RecordError: If the snapshot is missing or invalid.
        UnsupportedError: If a calibration has operations that Qiskit does not know.
        ParameterError: If ``where`` is none of these.

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
            f"a device must be a name, the path of a snapshot, a calibration, a BackendV2 or a Device, got {where!r}"
        )
    if where.startswith(_HANDED_IN):
        raise ParameterError(
            f"{where!r} was given as an object, which cannot be found again by a name; "
            "save it as a snapshot and name the file, as in aer:device.json"
        )
    if where.lower().endswith(SUFFIX):
        return Device.from_calibration(DeviceCalibration.load(where))
    return fake_device(where)


def stand_in_device(name: str) -> DeviceCalibration:
    """Return the calibration of a stand-in for a processor, to read, save, or use with other values.

    Args:
        name: One of the names that ``qnet devices`` lists.

    Raises:
        UnknownNameError: If there is no stand-in device of this name.

    Example:
        >>> import qnet_circuits as qn
        >>> manila = qn.stand_in_device("fake_manila")
        >>> manila.num_qubits, round(manila.t1(0) * 1e6)
        (5, 132)
        >>> better = manila.with_values({0: {"t1": 300e-6}}, "a wish")
        >>> qn.predict(qn.RepeaterChain(hops=1), better).provenance["backend"]
        'exact:calibration fake_manila'
    """
    return fake_device(name).calibration


def device_label(where: Any) -> str:
    """Return the name of a device after ``aer:`` in the name of a backend.

    Example:
        >>> from qnet_circuits.devices.synthetic import line_device
        >>> device_label("fake_kingston"), device_label(line_device(5))
        ('fake_kingston', 'calibration synthetic line of 5')
    """
    return where if isinstance(where, str) else f"{_HANDED_IN}{where.name}"


@dataclass(frozen=True)
class Kind:
    """A kind of backend, named by the word before the colon.

    Args:
        make: Makes the backend from the whole name, and the device's name or "" if there is none.
        plain: Whether the kind may be given without a device.
        device: Whether a device may follow the colon.
        shown: The kind in messages.
    """

    make: Callable[[str, str], BaseBackend]
    plain: bool
    device: bool
    shown: tuple[str, ...]


def _simulator(cls: Callable[[str, Device | None], BaseBackend]) -> Callable[[str, str], BaseBackend]:
    return lambda name, device: cls(name, device_of(device) if device else None)


def _local(name: str, device: str) -> BaseBackend:
    # IBM's client takes seconds to import, and no other kind needs it.
    from qnet_circuits.backends.ibm.offline import LocalBackend

    return LocalBackend(device)


def _ibm(name: str, device: str) -> BaseBackend:
    from qnet_circuits.backends.ibm.processor import RuntimeBackend

    return RuntimeBackend(device)


#: Each kind by its word. A new kind of backend needs one line here.
KINDS = {
    "ideal": Kind(_simulator(AerBackend), True, False, ("ideal",)),
    "aer": Kind(
        _simulator(AerBackend),
        True,
        True,
        ("aer", "aer:<device>, such as aer:fake_kingston or aer:snapshot.json"),
    ),
    "exact": Kind(_simulator(ExactBackend), True, True, ("exact", "exact:<device>")),
    "stim": Kind(_simulator(StimBackend), True, True, ("stim", "stim:<device>")),
    "auto": Kind(_simulator(AutoBackend), True, True, ("auto", "auto:<device>")),
    "local": Kind(_local, False, True, ("local:<stand-in device>",)),
    "ibm": Kind(_ibm, False, True, ("ibm:<processor>, such as ibm:ibm_kingston",)),
}


def split_name(name: str) -> tuple[str, str]:
    """Return the kind and the device in the name of a backend; the kind is empty if the word is not a kind.

    Example:
        >>> split_name("aer:fake_kingston"), split_name("ideal"), split_name("fake_kingston")
        (('aer', 'fake_kingston'), ('ideal', ''), ('', 'fake_kingston'))
    """
    kind, _, device = name.partition(":")
    return (kind, device) if kind in KINDS else ("", name)


def backend_of(where: Any) -> BaseBackend:
    """Return the backend for a name or an object.

    Args:
        where: A ``Backend``; a Qiskit ``BackendV2`` or ``BaseSamplerV2``; a ``DeviceCalibration`` or ``Device``, which is
            simulated on Aer; or a string: ``ideal``, ``aer``, ``stim`` or ``exact`` (no device noise, only that of links);
            ``aer:<device>``, ``stim:<device>`` or ``exact:<device>`` with a stand-in device's name in snake case, or the path
            of a calibration snapshot that ends in ``.json``; ``local:<device>``, IBM's offline mode on a stand-in;
            ``ibm:<processor>``, a processor of the IBM Quantum platform, through the account saved by IBM's client; or
            ``auto`` and ``auto:<device>``, which choose ``exact``, ``stim`` or ``aer`` for each program.

    Raises:
        UnknownNameError: If there is no such backend or device.
        RecordError: If a snapshot is missing or invalid.
        UnsupportedError: If ``where`` is a processor of the platform as an object, or a sampler on one. Give its name instead.
        ParameterError: If ``where`` is none of these.

    Example:
        >>> backend_of("ideal")
        <AerBackend 'ideal'>
    """
    if isinstance(where, BaseBackend):
        return where
    if isinstance(where, str):
        return _named(where)
    if isinstance(where, (Device, DeviceCalibration)):
        return AerBackend(f"aer:{device_label(where)}", device_of(where))
    from qiskit.primitives import BackendSamplerV2, BaseSamplerV2

    from qnet_circuits.backends.sampler import SamplerBackend

    if isinstance(where, BackendV2):
        # Any backend runs through Qiskit's own sampler.
        return SamplerBackend(BackendSamplerV2(backend=where), where, f"backend:{where.name}")
    if isinstance(where, BaseSamplerV2):
        return SamplerBackend(where)
    raise ParameterError(
        "a backend must be a string such as 'ideal' or 'aer:fake_kingston', a Backend, a BackendV2, a BaseSamplerV2 or a "
        f"DeviceCalibration, got {where!r}"
    )


def _named(name: str) -> BaseBackend:
    kind, device = split_name(name)
    found = KINDS.get(kind)
    fits = found is not None and (found.device if device else found.plain and ":" not in name)
    if found is None or not fits:
        raise UnknownNameError("backend", name, [shown for each in KINDS.values() for shown in each.shown])
    return found.make(name, device)


def exact_of(where: Any = None, memory: float = DEFAULT_MEMORY) -> ExactBackend:
    """Return the exact backend for a device, in any form that names a device or a backend; None for no device."""
    if isinstance(where, str):
        kind, device = split_name(where)
        if where in ("ideal", "auto", "aer", "stim", "exact"):
            where = None
        elif kind in ("auto", "aer", "stim", "exact", "local"):
            where = device
    if where is None or (isinstance(where, BaseBackend) and where.device is None):
        return ExactBackend(memory=memory)
    if isinstance(where, BaseBackend):
        kind, device = split_name(where.name)
        label = device if device and kind in ("auto", "aer", "stim", "exact") else device_label(where.device)
        return ExactBackend(f"exact:{label}", where.device, where.noise, memory)
    found = device_of(where)
    return ExactBackend(f"exact:{device_label(where)}", found, None, memory)
