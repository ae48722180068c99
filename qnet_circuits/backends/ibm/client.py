"""The only file that imports ``qiskit_ibm_runtime``: its stand-in devices, its Sampler and its service."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2

from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.secrecy import Unpicklable

if TYPE_CHECKING:
    from qnet_circuits.backends.ibm.watchdog import Watchdog

MISSING = "which is not installed here: pip install qiskit-ibm-runtime (outcomes that a run has stored are replayed without it)"


def fake_backend(name: str) -> tuple[BackendV2, tuple[str, ...]]:
    """Return the client's stand-in device of a name such as ``fake_kingston``, and its warnings."""
    import qiskit_ibm_runtime.fake_provider as provider

    classes = [
        getattr(provider, each)
        for each in dir(provider)
        if each.startswith("Fake") and stand_in_name(each) == name
    ]
    # What the snapshot's makers warn of belongs into results, not on the terminal of whoever asks first.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        backend = classes[0]()
    return backend, tuple(dict.fromkeys(str(warning.message) for warning in caught))


def stand_in_name(class_name: str) -> str:
    """Return FakeManilaV2 as fake_manila."""
    plain = class_name.removesuffix("V2")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()


def client_sampler(backend: BackendV2, options: Mapping[str, Any] | None = None) -> Any:
    """Return IBM's Sampler on a processor of the platform, or in its offline mode on any other backend.

    Args:
        backend: The backend.
        options: The Sampler's own options by dotted name, such as ``twirling.enable_gates``.
    """
    from qiskit_ibm_runtime.executor_sampler import Sampler

    sampler = Sampler(mode=backend)
    _set_options(sampler.options, options or {})
    return sampler


def client_value(name: str, value: Any) -> Any:
    """Return the value of one of the Sampler's options in the client's form.

    Raises:
        ParameterError: If the client does not take the value.
    """
    from pydantic import ValidationError
    from qiskit_ibm_runtime.options_models.sampler import SamplerOptions

    options = SamplerOptions()
    try:
        _set_options(options, {name: value})
    except ValidationError as error:
        wanted = " or ".join(dict.fromkeys(_wanted(each["msg"]) for each in error.errors()))
        raise ParameterError(f"option {name}: expected {wanted}, got {value!r}") from None
    return functools.reduce(getattr, name.split("."), options)


def _wanted(message: str) -> str:
    """Return the expected value in a message of the client's validation, such as ``a valid boolean``."""
    return re.split(r", (?:unable|got) ", message.removeprefix("Input should be "))[0]


def _set_options(options: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        *groups, last = name.split(".")
        setattr(functools.reduce(getattr, groups, options), last, value)


def twirled_shots(shots: int, options: Mapping[str, Any]) -> tuple[int, int]:
    """Return the number of randomisations that the client makes of a twirled circuit, and the shots of each."""
    from qiskit_ibm_runtime.executor.calculate_twirling_shots import calculate_twirling_shots

    asked = [
        options.get(f"twirling.{name}", "auto") for name in ("num_randomizations", "shots_per_randomization")
    ]
    number, each = calculate_twirling_shots(shots, *asked)
    return int(number), int(each)


def client_program(circuits: Sequence[QuantumCircuit], options: Mapping[str, Any], shots: int) -> Any:
    """Return the data that the client would send: for each twirled circuit a template and its randomisations."""
    from qiskit_ibm_runtime.executor_sampler.prepare import prepare
    from qiskit_ibm_runtime.options_models.sampler import SamplerOptions

    chosen = SamplerOptions()
    _set_options(chosen, options)
    return prepare(list(circuits), chosen, shots)[0]


def _runtime_service() -> Any:
    try:
        from qiskit_ibm_runtime import QiskitRuntimeService
    except ModuleNotFoundError as error:
        raise UnsupportedError(f"processors are reached through IBM's client, {MISSING}") from error
    return QiskitRuntimeService


@cache
def _service_class() -> type:
    class Service(Unpicklable, _runtime_service()):  # type: ignore[misc]  # The client ships no types.
        """IBM's client with a time limit on every request, including the first requests during its construction."""

        def __init__(self, watchdog: Watchdog) -> None:
            self._watchdog = watchdog
            self.offered: set[str] = set()
            #: What kept the client from reading an instance's list of processors, if anything did.
            self.unread: Exception | None = None
            super().__init__()
            if self.unread is not None and not self.offered:
                raise self.unread

        def _discover_backends_from_instance(self, instance: str) -> Any:
            self._watchdog.watch(self._active_api_client._session)
            # The client takes a refusal, or an answer that cannot be read, for an empty list; asked again, directly, it says.
            found = super()._discover_backends_from_instance(instance) or self._listed(instance)
            self.offered.update(name for name, is_mock in found if not is_mock)
            return found

        def _listed(self, instance: str) -> list[tuple[str, bool]]:
            try:
                listed = self._active_api_client.list_backends(True)
                found = [(each["name"], each.get("class") == "mock") for each in listed]
            except (KeyError, TypeError, AttributeError):
                from requests.exceptions import InvalidJSONError

                self.unread = InvalidJSONError(
                    "the list of processors has another form than this client reads"
                )
            except Exception as error:
                self.unread = error
            else:
                self._backends_info_per_instance[instance] = listed
                return found
            return []

        def _create_new_cloud_api_client(self, instance: str) -> Any:
            client = super()._create_new_cloud_api_client(instance)
            self._watchdog.watch(client._session)
            return client

    return Service


def connect(watchdog: Watchdog) -> Any:
    """Return the client's service for the account that the client has saved, or finds in its environment variables.

    Args:
        watchdog: Limits the time of each of its requests.

    Returns:
        The service. Its ``offered`` has the names of the offered processors, and its ``unread`` the exceptions for lists of
        processors that could not be read.
    """
    return _service_class()(watchdog)


def saved_secrets() -> list[str | None]:
    """Return the keys and instances of the accounts that the client has saved."""
    accounts = _runtime_service().saved_accounts().values()
    return [account.get(field) for account in accounts for field in ("token", "instance")]
