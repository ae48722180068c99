"""The only file that imports ``qiskit_ibm_runtime``: its stand-in devices."""

from __future__ import annotations

import re
import warnings
from functools import cache

from qnet_circuits.errors import UnknownNameError
from qnet_circuits.noise.device import Device


@cache
def _fake_classes() -> dict[str, type]:
    import qiskit_ibm_runtime.fake_provider as provider

    classes = {}
    for class_name in dir(provider):
        if class_name.startswith("Fake") and hasattr(getattr(provider, class_name), "conf_filename"):
            classes[_snake(class_name)] = getattr(provider, class_name)
    return classes


def _snake(class_name: str) -> str:
    """Return FakeManilaV2 as fake_manila."""
    plain = class_name.removesuffix("V2")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()


def fake_device_names() -> tuple[str, ...]:
    """Return the names of the stand-in devices, in snake case."""
    return tuple(sorted(_fake_classes()))


@cache
def fake_device(name: str) -> Device:
    """Return a stand-in device by name, for example ``fake_kingston``.

    Raises:
        UnknownNameError: If there is none of this name.
    """
    classes = _fake_classes()
    if name not in classes:
        raise UnknownNameError("device", name, classes)
    # What the snapshot's makers warn of belongs into results, not on the terminal of whoever asks first.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        backend = classes[name]()
    return Device(name, backend, tuple(dict.fromkeys(str(warning.message) for warning in caught)))
