"""Programs of this process, made and compiled once: not again for a call that has other noise, shots or seed alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.auto import AutoBackend
from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.stim import StimBackend
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import OWN_PACKAGE, Protocol, ask
from qnet_circuits.runs.options import OPTIONS, PROGRAM, RunOptions, stream_seed

#: How many programs are kept, those that were asked for last.
_MOST = 16
#: The options on which circuits depend: those of ``compile``. What the seed draws, and controls, are in the program.
_COMPILED = tuple(name for name, option in OPTIONS.items() if "compile" in option.verbs and name != "seed")
#: Compiles a program for a backend.
Compile = Callable[[Program, BaseBackend, RunOptions], Compiled]


@dataclass(frozen=True)
class _Asked:
    """A program that is asked for: two are equal if the same comes of them, but for what is drawn."""

    key: tuple[Any, ...]
    protocol: Protocol = field(compare=False)
    seed: int = field(compare=False)


def program_once(protocol: Protocol, seed: int) -> Program:
    """Return the program that a protocol makes for a run's seed; it may be that of an earlier call.

    Only the package's own protocols share it, and only one that draws nothing: those are known to depend on their parameters
    alone. The program of somebody else's may follow a value outside that was changed since.

    Args:
        protocol: The protocol.
        seed: The seed of the run.
    """
    key = _parameters_of(protocol) if type(protocol).__module__.startswith(f"{OWN_PACKAGE}.") else None
    if key is not None:
        program, drawn_for = _program(_Asked((type(protocol), key), protocol, seed))
        if drawn_for in (None, seed):
            return program
    return drawn_program(protocol, seed)[0]


def drawn_program(protocol: Protocol, seed: int) -> tuple[Program, int | None]:
    """Return the program that a protocol makes for a run's seed, and this seed; None in its place if nothing was drawn."""
    rng = np.random.default_rng(stream_seed(seed, PROGRAM))
    before = rng.bit_generator.state
    program: Program = ask(protocol, "program", rng)
    sequence = rng.bit_generator.seed_seq
    drawn = rng.bit_generator.state != before or sequence.n_children_spawned  # type: ignore[attr-defined]
    return program, seed if drawn else None


def _parameters_of(protocol: Protocol) -> str | None:
    """Return the parameters as text; None if they are no plain values."""
    try:
        return json.dumps(protocol.parameters)
    except TypeError:
        return None


@lru_cache(_MOST)
def _program(asked: _Asked) -> tuple[Program, int | None]:
    return drawn_program(asked.protocol, asked.seed)


@dataclass(frozen=True)
class _Wanted:
    """What is to be compiled: two are equal if the same comes of them."""

    key: tuple[Any, ...]
    program: Program = field(compare=False)
    backend: BaseBackend = field(compare=False)
    options: RunOptions = field(compare=False)
    make: Compile = field(compare=False)


def compiled_once(program: Program, backend: BaseBackend, options: RunOptions, make: Compile) -> Compiled:
    """Return a compiled program that nobody may change, with what simulations make of it; it may be that of an earlier call.

    Only simulations of this library share it. Other backends are handed circuits, which can be changed by their owner.

    Args:
        program: The program.
        backend: The backend that it is compiled for.
        options: What is asked for.
        make: Compiles it.
    """
    if not isinstance(backend, AerBackend | AutoBackend | ExactBackend | StimBackend):
        return make(program, backend, options)
    said = [(item.tags, item.announced) for item in program]
    asked = [getattr(options, name) for name in _COMPILED]
    key = (program.id, repr((said, program.network, asked)), _told_apart(backend.device))
    return _made(_Wanted(key, program, backend, options, make))


def _told_apart(device: Device | None) -> tuple[Any, ...]:
    """Return by what devices are told apart: a Qiskit backend may have more than its calibration."""
    if device is None:
        return ()
    return device.name, device.notes, device.calibration.digest, device.backend and id(device.backend)


@lru_cache(_MOST)
def _made(wanted: _Wanted) -> Compiled:
    return wanted.make(wanted.program, wanted.backend, wanted.options)


def forget() -> None:
    """Forget all programs, and what was compiled of them."""
    _program.cache_clear()
    _made.cache_clear()
