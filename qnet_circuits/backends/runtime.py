"""The only file that imports ``qiskit_ibm_runtime``: its stand-in devices, its Sampler and its service."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from qiskit.providers import BackendV2

from qnet_circuits.errors import UnknownNameError
from qnet_circuits.noise.device import Device

if TYPE_CHECKING:
    from qnet_circuits.backends.watchdog import Watchdog


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


def client_sampler(backend: BackendV2) -> Any:
    """Return IBM's Sampler on a processor of the platform, or in its offline mode on any other backend."""
    from qiskit_ibm_runtime.executor_sampler import Sampler

    return Sampler(mode=backend)


@cache
def _service_class() -> type:
    from qiskit_ibm_runtime import QiskitRuntimeService

    class Service(QiskitRuntimeService):  # type: ignore[misc]  # The client ships no types.
        """IBM's client with a limit of time on every request; it makes the first ones while it is made itself."""

        def __init__(self, watchdog: Watchdog) -> None:
            self._watchdog = watchdog
            self.offered: set[str] = set()
            super().__init__()
            if not self.offered:
                # The client takes a refusal, or no answer, for an empty list; asked directly, it says which it was.
                self._active_api_client.list_backends(True)

        def _discover_backends_from_instance(self, instance: str) -> Any:
            self._watchdog.watch(self._active_api_client._session)
            found = super()._discover_backends_from_instance(instance)
            self.offered.update(name for name, is_mock in found if not is_mock)
            return found

        def _create_new_cloud_api_client(self, instance: str) -> Any:
            client = super()._create_new_cloud_api_client(instance)
            self._watchdog.watch(client._session)
            return client

    return Service


def connect(watchdog: Watchdog) -> Any:
    """Return the client's service for the account that it has saved, or finds in its environment variables.

    Args:
        watchdog: Limits the time of each of its requests.

    Returns:
        The service, with the names of the processors that it offers under ``offered``.
    """
    return _service_class()(watchdog)


def saved_secrets() -> list[str | None]:
    """Return the keys and instances of the accounts that the client has saved."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    accounts = QiskitRuntimeService.saved_accounts().values()
    return [account.get(field) for account in accounts for field in ("token", "instance")]
