"""From a protocol to what a run executes: the program, compiled with all that the run's options add to it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from qnet_circuits.backends.base import Backend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.experiments import compile_with_controls
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.compiling.readout_circuits import calibrated
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.summary import couplings_by_use
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.controls import with_controls
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol, ask
from qnet_circuits.runs.seeds import PROGRAM, TRANSPILER, stream_seed

#: Sampled results are predicted unasked up to this many circuits times qubits: that takes a fraction of a second. Where a job
#: is submitted, which takes longer anyway and whose figures a prediction should stand beside, it may take a second.
_PREDICTED_UNASKED, _PREDICTED_WITH_JOBS = 200, 5000


def has_controls(options: Mapping[str, Any]) -> bool:
    """Tell whether a run with these options has control experiments."""
    return bool(options.get("controls", False))


def program_of(protocol: Protocol, seed: int, controls: bool = False) -> Program:
    """Return the program that a protocol makes for a run's seed, with its control experiments if they are wanted."""
    program: Program = ask(protocol, "program", np.random.default_rng(stream_seed(seed, PROGRAM)))
    return with_controls(protocol, program, lambda other: program_of(other, seed)) if controls else program


def on_device(protocol: Protocol, backend: Backend) -> tuple[Protocol, tuple[str, ...]]:
    """Return a protocol as it is on a backend's device, and what is to be said of couplings that it leaves out."""
    if backend.device is None:
        return protocol, ()
    usable, failed = couplings_by_use(backend.device.calibration)
    found: Protocol = ask(protocol, "on_couplings", usable)
    if found == protocol or not failed:
        return found, ()
    listed = ", ".join(f"{a}-{b}" for a, b in failed)
    return found, (f"left out, since their calibration on {backend.device.name} failed: {listed}",)


def compile_for(program: Program, backend: Backend, seed: int, options: Mapping[str, Any]) -> Compiled:
    """Compile a program as a run with these options does."""
    names = ("corrections", "optimization_level", "layout", "carrier", "emulate_links")
    chosen = {name: options[name] for name in names}
    if isinstance(chosen["layout"], Mapping):
        chosen["layout"] = MeasuredLinks.from_dict(chosen["layout"])
    decoupling = bool(options.get("decoupling", False))
    # Attempt 0 is the usual one; the others vary what placement and routing leave to chance.
    own_seed = stream_seed(seed, TRANSPILER, options.get("attempt", 0)) % 2**31
    compiled = compile_with_controls(program, backend.device, seed=own_seed, decoupling=decoupling, **chosen)
    return calibrated(compiled) if options.get("mitigate") else compiled


def prepare(protocol: Protocol, backend: Backend, seed: int, options: Mapping[str, Any]) -> Compiled:
    """Return what a run executes, the same for the same arguments: the protocol's program, and what options add to it."""
    return compile_for(program_of(protocol, seed, has_controls(options)), backend, seed, options)


def needs_proof(backend: Backend) -> bool:
    """Tell whether a backend is a processor, or may be one for all that is known."""
    return backend.remote or backend.simulated is None


def proved(compiled: Compiled, backend: Backend, verify: bool) -> dict[str, float]:
    """Prove that compilation kept the parties apart, before anything goes to a processor, and return the seconds that it took.

    Nothing is proved, and nothing returned, for a simulator, or where the caller does not want it.

    Raises:
        VerificationError: If something moved across a boundary.
        UnsupportedError: If that cannot be decided.
    """
    if not (verify and needs_proof(backend)):
        return {}
    begin = time.perf_counter()
    try:
        compiled.verify()
    except UnsupportedError as error:
        raise UnsupportedError(
            f"it cannot be proved that compilation kept the parties apart: {error}; or say verify=False (--no-verify), "
            "which the result notes"
        ) from None
    return {"verify": round(time.perf_counter() - begin, 4)}


def backend_again(manifest: Mapping[str, Any]) -> Backend:
    """Return the backend that a manifest names, as it was."""
    backend = backend_of(manifest["backend"])
    if manifest["noise"]:
        backend = backend.with_noise(DeviceNoise.from_parameters(**manifest["noise"]))
    backend = backend.with_options(manifest["options"].get("options"))
    seconds = manifest["options"].get("max_qpu_seconds")
    return backend if seconds is None else backend.limited(seconds)


def predicted(compiled: Compiled, backend: Backend, asked: bool | None) -> dict[str, float]:
    """Return the exact figures for a sampling backend's own description of noise.

    Args:
        compiled: The compiled program.
        backend: The backend.
        asked: True computes them, False does not; None does where the noise is known and the program is small.

    Raises:
        UnsupportedError: If they were asked for and cannot be computed.
    """
    noise = backend.expected_noise
    size = sum(len(item.qubits) for item in compiled)
    if asked is False or not backend.samples:
        return {}
    most = _PREDICTED_WITH_JOBS if backend.equal_shots else _PREDICTED_UNASKED
    if asked is None and not (noise is not None and backend.device is not None and size <= most):
        return {}
    engine = ExactBackend("exact", backend.expected_device, noise)
    figures = compiled.program.figures
    if asked:
        return {name: estimate.value for name, estimate in engine.evaluate(compiled, figures, []).items()}
    return engine.predict(compiled, figures)
