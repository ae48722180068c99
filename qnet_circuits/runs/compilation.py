"""What a run's options make of a protocol and a backend: the program, the compiled circuits, the backend as it is asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.compiling.compiled import Compiled, compile_program
from qnet_circuits.compiling.experiments import compile_with_controls
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.compiling.readout_circuits import calibrated
from qnet_circuits.devices.summary import couplings_by_use
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.controls import with_controls
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol, ask
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.seeds import PROGRAM, TRANSPILER, stream_seed


def asked_of(backend: BaseBackend, options: RunOptions) -> BaseBackend:
    """Return the backend with the noise, the Sampler's options and the budget that are asked for."""
    if options.noise is not None:
        backend = backend.with_noise(options.noise)
    if options.options:
        backend = backend.with_options(options.options)
    seconds = options.max_qpu_seconds
    return backend if seconds is None else backend.limited(seconds)


def program_of(protocol: Protocol, seed: int, controls: bool = False) -> Program:
    """Return the program that a protocol makes for a run's seed, with its control experiments if they are wanted."""
    program: Program = ask(protocol, "program", np.random.default_rng(stream_seed(seed, PROGRAM)))
    return with_controls(protocol, program, lambda other: program_of(other, seed)) if controls else program


def on_device(protocol: Protocol, backend: BaseBackend) -> tuple[Protocol, tuple[str, ...]]:
    """Return a protocol as it is on a backend's device, and what is to be said of couplings that it leaves out."""
    if backend.device is None or type(protocol).on_couplings is Protocol.on_couplings:
        return protocol, ()
    usable, failed = couplings_by_use(backend.device.calibration)
    found: Protocol = ask(protocol, "on_couplings", usable)
    if found == protocol or not failed:
        return found, ()
    listed = ", ".join(f"{a}-{b}" for a, b in failed)
    return found, (f"left out, since their calibration on {backend.device.name} failed: {listed}",)


def compile_for(program: Program, backend: BaseBackend, seed: int, options: RunOptions) -> Compiled:
    """Compile a program as a run with these options does, with the circuits that measure readout if they are wanted."""
    layout = options.layout
    controlled = any(item.control for item in program)
    made = compile_with_controls if controlled else compile_program
    compiled = made(
        program,
        backend.device,
        corrections=options.corrections,
        optimization_level=options.optimization_level,
        layout=MeasuredLinks.from_dict(layout) if isinstance(layout, Mapping) else layout,
        carrier=options.carrier,
        emulate_links=options.emulate_links,
        decoupling=options.decoupling,
        # Attempt 0 is the usual one; the others vary what placement and routing leave to chance.
        seed=stream_seed(seed, TRANSPILER, options.attempt) % 2**31,
    )
    return calibrated(compiled) if options.mitigate else compiled


def needs_proof(backend: BaseBackend) -> bool:
    """Tell whether a backend is a processor, or may be one for all that is known."""
    return backend.capabilities.remote or backend.simulated is None


def proved(compiled: Compiled, backend: BaseBackend, verify: bool) -> dict[str, float]:
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
