"""From a protocol and what is asked for to a prepared run."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.compilation import asked_of, compile_for, on_device, program_of
from qnet_circuits.runs.layouts import plain_layout
from qnet_circuits.runs.mitigation.stored import check_mitigable
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.predicted_layout import PREDICTED, ranked
from qnet_circuits.runs.prepared import Prepared


def prepare(protocol: Protocol, backend: Any, options: RunOptions) -> Prepared:
    """Return a prepared run: nothing is written, and nothing can start from it.

    Args:
        protocol: What to run.
        backend: Where, in any way that a backend can be named.
        options: What is asked for; the seed is drawn if there is none.

    Raises:
        ParameterError, UnsupportedError, LayoutError: If an option, or the protocol, does not fit the backend.
    """
    if not isinstance(protocol, Protocol):
        raise ParameterError(f"protocol must be a Protocol, such as RepeaterChain(hops=3), got {protocol!r}")
    where = asked_of(backend_of(backend), options)
    protocol, said = on_device(protocol, where)
    _check_blocks(protocol, where, options)
    seed = secrets.randbits(53) if options.seed is None else options.seed
    program = program_of(protocol, seed)
    options, placed = _placed(program, where, seed, options)
    if options.controls:
        program = program_of(protocol, seed, controls=True)
    compiled = compile_for(program, where, seed, options)
    if options.mitigate:
        check_mitigable(protocol, compiled.program, where)
    return Prepared(protocol, where, options, seed, compiled, (*said, *placed))


def _placed(
    program: Program, backend: BaseBackend, seed: int, options: RunOptions
) -> tuple[RunOptions, tuple[str, ...]]:
    """Return the options with the layout in plain values, and what is to be said of a layout by prediction."""
    layout = None if options.layout is None else plain_layout(options.layout, backend.device)
    options = replace(options, layout=layout, options=dict(backend.options))
    if options.layout != PREDICTED:
        return options, ()
    chosen, said = ranked(program, backend, seed, options)
    return chosen, (said,)


def compiled_program(program: Program, backend: BaseBackend, options: RunOptions) -> Compiled:
    """Return a program, which no protocol made, compiled for a backend; the seed is 0 if none is given."""
    seed = options.seed or 0
    options, _ = _placed(program, backend, seed, options)
    return compile_for(program, backend, seed, options)


def _check_blocks(protocol: Protocol, backend: BaseBackend, options: RunOptions) -> None:
    if options.repeats > 1 and not backend.capabilities.samples:
        raise UnsupportedError(f"{backend.name} computes figures without shots; leave repeats out")
    if options.repeats > 1 and protocol.analyzes:
        raise UnsupportedError(
            f"{protocol.name} analyses its outcomes as a whole, so blocks cannot be compared; leave repeats out"
        )
