"""Known simulators among Qiskit backends and samplers given by a caller. Anything else may be a processor."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from qiskit import QuantumCircuit
from qiskit.primitives import BaseSamplerV2
from qiskit.providers import BackendV2
from qiskit.providers import Options as BackendOptions
from qiskit.transpiler import Target

from qnet_circuits.backends.simulation.operations import relaxation_error
from qnet_circuits.classical import throughout
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device, restrict
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable

#: Gate and readout errors: a qubit that waits keeps its state, since simulators know of no time but in delays.
CALIBRATED = DeviceNoise(idle=False)
NOISELESS = DeviceNoise(gates=False, readout=False, idle=False)

# A backend is known by the function that runs its circuits: a subclass that has its own may do anything. Names need no import.
_AER = "qiskit_aer.backends.aerbackend.AerBackend.run"
_BASIC = "qiskit.providers.basic_provider.basic_simulator.BasicSimulator.run"
#: Backends that hand their circuits to Aer with the noise of their own calibration; a stand-in has readout in both directions.
_STAND_IN = "qiskit_ibm_runtime.fake_provider.fake_backend.FakeBackendV2.run"
_GENERIC = "qiskit.providers.fake_provider.generic_backend_v2.GenericBackendV2.run"
_PROCESSOR = "qiskit_ibm_runtime.ibm_backend.IBMBackend.run"


def _full_name(named: Any) -> str:
    return f"{named.__module__}.{named.__qualname__}"


def is_processor(backend: BackendV2) -> bool:
    """Return whether a backend is a processor of the IBM Quantum platform, made by IBM's client."""
    return _full_name(type(backend).run) == _PROCESSOR


def backend_behind(sampler: BaseSamplerV2) -> BackendV2 | None:
    """Return the backend that a sampler names, by an attribute or a method, or None."""
    for name in ("backend", "_backend"):
        found = getattr(sampler, name, None)
        if callable(found):
            with suppress(Exception):
                found = found()
        if isinstance(found, BackendV2):
            return found
    return None


# -- the same sampler with another seed, and on another backend ----------------------------------------------------------


def _of_states(sampler: Any, backend: Any, seed: int) -> Any:
    return type(sampler)(default_shots=sampler.default_shots, seed=seed)


def _of_a_backend(sampler: Any, backend: Any, seed: int) -> Any:
    return type(sampler)(backend=backend, options={**vars(sampler.options), "seed_simulator": seed})


def _of_aer(sampler: Any, backend: Any, seed: int) -> Any:
    kept = {name: value for name, value in sampler.options.run_options.items() if name != "seed_simulator"}
    return type(sampler).from_backend(
        backend, default_shots=sampler.default_shots, seed=seed, options={"run_options": kept}
    )


def _of_the_client(sampler: Any, backend: Any, seed: int) -> Any:
    options = copy.deepcopy(sampler.options)
    options.simulator.seed_simulator = seed
    with warnings.catch_warnings():  # That its class is deprecated was said when the caller made one.
        warnings.simplefilter("ignore", DeprecationWarning)
        return type(sampler)(mode=backend, options=options)


_BY_TARGET = "qiskit_ibm_runtime.executor_sampler.sampler.Sampler"
_BACKEND_SAMPLER = "qiskit.primitives.backend_sampler_v2.BackendSamplerV2"
_COPIES: dict[str, Callable[[Any, Any, int], Any]] = {
    "qiskit.primitives.statevector_sampler.StatevectorSampler": _of_states,
    _BACKEND_SAMPLER: _of_a_backend,
    "qiskit_aer.primitives.sampler_v2.SamplerV2": _of_aer,
    "qiskit_ibm_runtime.sampler.SamplerV2": _of_the_client,
    _BY_TARGET: _of_the_client,
}


def with_seed(sampler: BaseSamplerV2, backend: BackendV2 | None, seed: int) -> Any:
    """Return a sampler like the given one on a backend, with a seed.

    Args:
        sampler: A sampler of a known simulator, or one of which ``hands_on_seed`` holds.
        backend: The backend, or None for a sampler that has none.
        seed: The seed, above 0: IBM's client takes 0 for none.
    """
    return _COPIES[_full_name(type(sampler))](sampler, backend, seed)


def hands_on_seed(sampler: BaseSamplerV2, backend: BackendV2 | None) -> bool:
    """Return whether a sampler passes a seed to a backend with an option for it, which alone does not imply a simulator."""
    options = getattr(backend, "options", ())
    return _full_name(type(sampler)) == _BACKEND_SAMPLER and "seed_simulator" in options


# -- simulators that are known -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Simulator:
    """A known simulator.

    Args:
        sampler: The sampler.
        backend: The backend behind it, or None if it needs none.
        model: Aer's description of its noise; None if it has none, or none but that of the calibration.
        calibrated: Whether its noise is what Aer makes of the backend's own calibration.
        both_directions: Whether the noise of its calibration has readout errors in both directions, and not their mean.
    """

    sampler: BaseSamplerV2
    backend: BackendV2 | None
    model: Any
    calibrated: bool
    both_directions: bool
    _made: dict[tuple[int, ...], Any] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, sampler: BaseSamplerV2, backend: BackendV2 | None) -> Simulator | None:
        """Return the known simulator of a sampler on a backend, or None if the sampler is unknown."""
        kind = _full_name(type(sampler))
        if kind not in _COPIES:
            return None
        if backend is None:
            return cls(sampler, None, None, False, False)
        runs = _full_name(type(backend).run)
        if runs not in (_AER, _BASIC, _STAND_IN, _GENERIC):
            return None
        own = runs in (_STAND_IN, _GENERIC)
        # The client's newer sampler has a backend's target simulated, whatever the backend would do itself.
        options = {} if runs == _BASIC or (own and kind == _BY_TARGET) else backend.options
        model = _model_of(sampler, options)
        return cls(sampler, backend, model, own and model is None, runs == _STAND_IN and kind != _BY_TARGET)

    @property
    def noise(self) -> DeviceNoise | None:
        """Its noise as the noise of a device, or None if only Aer's own description is known."""
        return CALIBRATED if self.calibrated else NOISELESS if self.model is None else None

    def noise_in(self, compiled: Compiled) -> DeviceNoise | None:
        """Return the noise of a compiled program as that of its device, or None if the noise differs."""
        if self.noise is NOISELESS or (self.calibrated and compiled.device is not None):
            return self.noise
        alike = compiled.once("Aer's noise", (self,), lambda: self._as_calibrated(compiled))
        return CALIBRATED if alike else None

    def _as_calibrated(self, compiled: Compiled) -> bool:
        """Return whether all operations have the errors that Aer derives from the calibration."""
        if compiled.device is None or not hasattr(self.model, "_local_quantum_errors"):
            return False
        played = {(item.qubits, name, wires) for item in compiled for name, wires in _played(item.circuit)}
        return all(
            _errors(self.model, name, tuple(qubits[wire] for wire in wires))
            == _errors(self._noise_of(compiled.device, qubits), name, wires)
            for qubits, name, wires in played
        )

    def said(self, compiled: Compiled) -> str:
        """Return the notes of a result on its noise."""
        by, noise = type(self.backend or self.sampler).__name__, self.noise_in(compiled)
        if noise is NOISELESS:
            return f"simulated by {by} without noise: gates, readout and waiting cost nothing"
        which = "a noise model of its own" if noise is None else "gate and readout errors of its calibration"
        return (
            f"simulated by {by} with {which}, and nothing while qubits wait: waiting is not modelled; "
            "aer:<device>, or its DeviceCalibration as the backend, models it"
        )

    def sampler_for(self, compiled: Compiled, k: int, seed: int) -> tuple[Any, QuantumCircuit]:
        """Return a sampler with a seed for one of a program's circuits, and the circuit in the form that it takes.

        If the noise is that of the calibration, the sampler receives only the used qubits, whose errors are the same. Aer
        copies the noise of all qubits in each call, which would take a hundred times as long.
        """
        item = compiled.items[k]
        if self.backend is None or compiled.device is None or self.noise_in(compiled) is not CALIBRATED:
            return with_seed(self.sampler, self.backend, seed), compiled.circuits[k]
        from qiskit_aer import AerSimulator

        noise = self._noise_of(compiled.device, item.qubits)
        narrow = AerSimulator(noise_model=noise, **self._aer_options)
        return with_seed(self.sampler, narrow, seed), item.circuit

    @cached_property
    def _aer_options(self) -> dict[str, Any]:
        """The options of the backend that differ from Aer's defaults, except its noise."""
        from qiskit_aer import AerSimulator

        usual, given = AerSimulator().options, getattr(self.backend, "options", {}).items()
        return {name: value for name, value in given if name != "noise_model" and value != usual.get(name)}

    def _noise_of(self, device: Device, qubits: tuple[int, ...]) -> Any:
        """Return Aer's noise of some qubits of the calibration, numbered in their order."""
        from qiskit_aer.noise import NoiseModel, ReadoutError

        if qubits not in self._made:
            described = Described(restrict(device.target, qubits))
            with warnings.catch_warnings():  # Gaps of a calibration are in a result's notes.
                warnings.simplefilter("ignore")
                made = NoiseModel.from_backend(described, readout_error=not self.both_directions)
            for wire, qubit in enumerate(qubits if self.both_directions else ()):
                read = device.calibration.qubits[qubit]
                if (up := read.one_from_zero) is not None and (down := read.zero_from_one) is not None:
                    made.add_readout_error(ReadoutError([[1 - up, up], [down, 1 - down]]), [wire])
            self._made[qubits] = made
        return self._made[qubits]


def _model_of(sampler: Any, options: Mapping[str, Any]) -> Any:
    """Return Aer's description of noise among a backend's options, a word for one that the sampler has instead, or None."""
    simulator = getattr(sampler.options, "simulator", None)
    given = (
        (getattr(sampler.options, "run_options", None) or {}).get("noise_model"),
        getattr(simulator, "noise_model", None),
        getattr(simulator, "layer_noise_model", None),
    )
    if any(given):
        return "the sampler's"
    model = options.get("noise_model")
    return None if model is None or model.is_ideal() else model


def _played(circuit: QuantumCircuit) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and the wires of each operation, including those in branches."""
    wires = {qubit: wire for wire, qubit in enumerate(circuit.qubits)}
    for instruction in throughout(circuit.data):
        yield instruction.name, tuple(wires[qubit] for qubit in instruction.qubits)


def _errors(model: Any, name: str, qubits: tuple[int, ...]) -> tuple[Any, ...]:
    """Return the errors of an operation in a description of noise, which has no public method for it."""
    kinds = (model._default_quantum_errors, model._local_quantum_errors.get(name, {}))
    readout = (
        (model._default_readout_error, model._local_readout_errors.get(qubits)) if name == "measure" else ()
    )
    return kinds[0].get(name), kinds[1].get(qubits), *readout


def as_aer_takes(device: Device, both_directions: bool) -> Device:
    """Return a device with the noise that Aer derives from it, for predictions.

    It has one kind of measurement. If relaxation during a gate is worse than the calibrated error, the gate has the error of
    relaxation, not the calibrated one.

    Args:
        device: The device.
        both_directions: Whether readout has an error in each direction; a target has only one for both.
    """
    plain = device.plain.calibration
    usable, qubits = Usable(plain), plain.qubits
    if not both_directions:
        qubits = tuple(replace(qubit, one_from_zero=None, zero_from_one=None) for qubit in qubits)
    entries = (
        entry
        if entry.error is None or entry.duration is None or entry.name in ("measure", "reset")
        else replace(entry, error=max(entry.error, relaxation_error(usable, entry.name, entry.qubits)))
        for entry in plain.entries
    )
    return Device(device.name, None, device.notes, replace(plain, qubits=qubits, entries=tuple(entries)))


class Described(BackendV2):  # type: ignore[misc]  # Qiskit ships no types.
    """A target with the interface of a backend.

    Args:
        target: The target.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(name="described")
        self._target = target

    @property
    def target(self) -> Target:
        """The target."""
        return self._target

    @property
    def max_circuits(self) -> None:
        """No limit."""
        return None

    @classmethod
    def _default_options(cls) -> BackendOptions:
        return BackendOptions()

    def run(self, run_input: Any, **options: Any) -> Any:
        """Raise NotImplementedError: it is only a description."""
        raise NotImplementedError("only a description")
