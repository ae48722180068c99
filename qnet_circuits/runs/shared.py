"""Compiled programs of this process. A call that differs only in noise, shots or seed compiles nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.auto import AutoBackend
from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.stim import StimBackend
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device
from qnet_circuits.programs.program import Program
from qnet_circuits.runs.asked import forget_programs
from qnet_circuits.runs.options import OPTIONS, RunOptions
from qnet_circuits.runs.ranking import forget_choices

#: How many programs are kept, those that were asked for last.
_MOST = 16
#: The options on which circuits depend: those of ``compile``. What the seed draws, and controls, are in the program.
_COMPILED = tuple(name for name, option in OPTIONS.items() if "compile" in option.verbs and name != "seed")
#: Compiles a program for a backend.
Compile = Callable[[Program, BaseBackend, RunOptions], Compiled]


@dataclass(frozen=True)
class _Wanted:
    """A request to compile. Two are equal if they give the same compiled program."""

    key: tuple[Any, ...]
    program: Program = field(compare=False)
    backend: BaseBackend = field(compare=False)
    options: RunOptions = field(compare=False)
    make: Compile = field(compare=False)


def compiled_once(program: Program, backend: BaseBackend, options: RunOptions, make: Compile) -> Compiled:
    """Return a compiled program, possibly of an earlier call, with the cached data of simulations. It must not be changed.

    Only simulations of this library share programs. Other backends receive circuits that their owner can change.

    Args:
        program: The program.
        backend: The backend for which it is compiled.
        options: The options of the run.
        make: Compiles the program.
    """
    if not isinstance(backend, AerBackend | AutoBackend | ExactBackend | StimBackend):
        return make(program, backend, options)
    said = [(item.tags, item.announced) for item in program]
    asked = [getattr(options, name) for name in _COMPILED]
    key = (program.id, repr((said, program.network, asked)), _told_apart(backend.device))
    return _made(_Wanted(key, program, backend, options, make))


def _told_apart(device: Device | None) -> tuple[Any, ...]:
    """Return the key that distinguishes devices: a Qiskit backend has more data than its calibration, such as an alignment."""
    if device is None:
        return ()
    backend = device.backend and id(device.backend)
    return device.name, device.notes, device.calibration.digest, backend, device.load is not None


@lru_cache(_MOST)
def _made(wanted: _Wanted) -> Compiled:
    return wanted.make(wanted.program, wanted.backend, wanted.options)


def forget(choices: bool = True) -> None:
    """Forget all programs and their compiled circuits.

    Args:
        choices: Whether to forget also the placements that predictions chose.
    """
    forget_programs()
    _made.cache_clear()
    if choices:
        forget_choices()
