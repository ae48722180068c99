"""Programs of this process, compiled once: not again for a call that has other noise, shots or seed alone."""

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


def forget(choices: bool = True) -> None:
    """Forget all programs, and what was compiled of them.

    Args:
        choices: Whether to forget which placements predictions chose, too.
    """
    forget_programs()
    _made.cache_clear()
    if choices:
        forget_choices()
