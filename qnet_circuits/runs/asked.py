"""Options checked against a protocol and a backend, and the protocol's program.

Nothing that compiles or simulates is imported here, so that errors appear soon.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.devices.summary import couplings_by_use
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.programs.controls import with_controls
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol, ask
from qnet_circuits.programs.registry import OWN_PACKAGE
from qnet_circuits.runs.options import PROGRAM, RunOptions, stream_seed

#: How many programs are kept, those that were asked for last.
_MOST = 16


def asked_of(backend: BaseBackend, options: RunOptions) -> BaseBackend:
    """Return the backend with the noise, the Sampler's options and the budget of a run's options."""
    if options.noise is not None:
        backend = backend.with_noise(options.noise)
    if options.options:
        backend = backend.with_options(options.options)
    seconds = options.max_qpu_seconds
    return backend if seconds is None else backend.limited(seconds)


def on_device(protocol: Protocol, backend: BaseBackend) -> tuple[Protocol, tuple[str, ...]]:
    """Return a protocol adapted to a backend's device, and notes on couplings that it leaves out."""
    if backend.device is None or type(protocol).on_couplings is Protocol.on_couplings:
        return protocol, ()
    usable, failed = couplings_by_use(backend.device.calibration)
    found: Protocol = ask(protocol, "on_couplings", usable)
    if found == protocol or not failed:
        return found, ()
    listed = ", ".join(f"{a}-{b}" for a, b in failed)
    return found, (f"left out because their calibration on {backend.device.name} failed: {listed}",)


def check_options(protocol: Protocol, backend: BaseBackend, options: RunOptions) -> None:
    """Raise an error if the options do not fit the protocol and the backend."""
    _check_blocks(protocol, backend, options)
    _check_copies(options)


def _check_blocks(protocol: Protocol, backend: BaseBackend, options: RunOptions) -> None:
    if options.repeats > 1 and not backend.capabilities.samples:
        raise UnsupportedError(f"{backend.name} computes figures without shots; leave repeats out")
    if options.repeats > 1 and protocol.secret_outcomes:
        raise UnsupportedError(
            f"{protocol.name} makes one secret from all its outcomes, so blocks cannot be compared; leave repeats out"
        )


def _check_copies(options: RunOptions) -> None:
    for name in ("controls", "mitigate"):
        if options.copies != 1 and getattr(options, name):
            raise UnsupportedError(
                f"{name} works only with one copy of a program, got copies={options.copies}; leave {name} or copies out"
            )
    named = options.layout if isinstance(options.layout, list | tuple) else ()
    if options.copies == 1 and any(isinstance(each, Sequence) for each in named):
        raise ParameterError(
            f"a layout with a list of qubits for each copy needs copies, such as copies={len(named)}, got "
            f"{named!r}; give copies too, or one list of qubits"
        )
    chosen = options.copies != 1 and isinstance(options.layout, str | None)
    if options.worst_copy is not None and not chosen:
        raise UnsupportedError(
            "worst_copy needs copies that the library chooses; give copies and no layout, or leave worst_copy "
            "out"
        )


def program_of(protocol: Protocol, seed: int, controls: bool = False, shared: bool = False) -> Program:
    """Return the program that a protocol makes for a run's seed, with its control experiments if requested.

    Args:
        protocol: The protocol.
        seed: The seed of the run.
        controls: Whether to add control experiments.
        shared: Whether the program of an earlier call may be returned. The programs of protocols that make a secret, or
            read a file, are never kept.
    """
    once = shared and not protocol.secret_outcomes and not protocol.reads_file
    program = _program_once(protocol, seed) if once else _drawn_program(protocol, seed)[0]
    return controlled(protocol, program, seed) if controls else program


def controlled(protocol: Protocol, program: Program, seed: int) -> Program:
    """Return a program with its control experiments."""
    return with_controls(protocol, program, lambda other: program_of(other, seed))


@dataclass(frozen=True)
class _Asked:
    """A requested program. Two are equal if they give the same program, apart from random draws."""

    key: tuple[Any, ...]
    protocol: Protocol = field(compare=False)
    seed: int = field(compare=False)


def _program_once(protocol: Protocol, seed: int) -> Program:
    """Return the program that a protocol makes for a run's seed; it may be that of an earlier call.

    Only programs of the package's own protocols that draw nothing are shared: they depend on the parameters alone. The program
    of another protocol may depend on an outside value that has changed.

    Args:
        protocol: The protocol.
        seed: The seed of the run.
    """
    key = _parameters_of(protocol) if type(protocol).__module__.startswith(f"{OWN_PACKAGE}.") else None
    if key is not None:
        program, drawn_for = _program(_Asked((type(protocol), key), protocol, seed))
        if drawn_for in (None, seed):
            return program
    return _drawn_program(protocol, seed)[0]


def _drawn_program(protocol: Protocol, seed: int) -> tuple[Program, int | None]:
    """Return the program that a protocol makes for a run's seed, and the seed, which is None if nothing was drawn."""
    rng = np.random.default_rng(stream_seed(seed, PROGRAM))
    before = rng.bit_generator.state
    program: Program = ask(protocol, "program", rng)
    sequence = rng.bit_generator.seed_seq
    drawn = rng.bit_generator.state != before or sequence.n_children_spawned  # type: ignore[attr-defined]
    return program, seed if drawn else None


def _parameters_of(protocol: Protocol) -> str | None:
    """Return the parameters as text; None if they are not plain values."""
    try:
        return json.dumps(protocol.parameters)
    except TypeError:
        return None


@lru_cache(_MOST)
def _program(asked: _Asked) -> tuple[Program, int | None]:
    return _drawn_program(asked.protocol, asked.seed)


def forget_programs() -> None:
    """Forget the programs of earlier calls."""
    _program.cache_clear()
