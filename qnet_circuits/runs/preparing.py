"""From a protocol and options to a prepared run: the backend, the program and the compiled circuits."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from qnet_circuits.backends.auto import AutoBackend
from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.copies import compile_copies
from qnet_circuits.compiling.experiments import compile_with_controls
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.compiling.readout_circuits import calibrated
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Given, Runnable, protocol_for
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.asked import asked_of, check_options, controlled, on_device, program_of
from qnet_circuits.runs.layouts import plain_layout
from qnet_circuits.runs.mitigation.stored import check_mitigable
from qnet_circuits.runs.options import WORST_COPY, RunOptions
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.ranking import ranking_of, standard_of
from qnet_circuits.runs.shared import compiled_once


def prepare(
    given: Runnable,
    backend: Any,
    options: RunOptions,
    figures: Iterable[Figure] | None = None,
    figures_needed: bool = True,
    shared: bool = False,
) -> Prepared:
    """Return a prepared run. Nothing is written, and the prepared run cannot start.

    Args:
        given: The protocol, program or circuits to run.
        backend: The backend, in any form that names a backend.
        options: The options. Without a seed, one is drawn if outcomes are sampled; otherwise the seed is 0.
        figures: The figures of plain circuits.
        figures_needed: Whether plain circuits need figures.
        shared: Whether circuits of an earlier call may be used. The caller must then return none of them to a user.

    Raises:
        ParameterError, UnsupportedError, LayoutError: If an option, or the protocol, does not fit the backend.
    """
    protocol = (
        given
        if isinstance(given, Protocol) and figures is None
        else protocol_for(given, figures, figures_needed)
    )
    where = asked_of(backend_of(backend), options)
    protocol, said = on_device(protocol, where)
    check_options(protocol, where, options)
    drawn = secrets.randbits(53) if where.capabilities.samples else 0
    seed = drawn if options.seed is None else options.seed
    # What a secret is made of is not kept.
    shared = shared and not protocol.secret_outcomes
    program = program_of(protocol, seed, shared=shared)
    if program.device and where.device is None:
        raise UnsupportedError(
            f"{program.device}, and {where.name} has none; name a device, for example aer:fake_torino"
        )
    if isinstance(protocol, Given):
        options = replace(options, corrections=_mode(program, options.corrections))
    options = _settled(options, where)
    if options.controls:
        program = controlled(protocol, program, seed)
    begin = time.perf_counter()
    compiled = (
        compiled_once(program, where, options, compile_for)
        if shared
        else compile_for(program, where, options)
    )
    took = time.perf_counter() - begin
    if options.mitigate:
        check_mitigable(protocol, compiled.program, where)
    return _decided(Prepared(protocol, where, options, seed, compiled, said, took))


def _decided(prepared: Prepared) -> Prepared:
    """Return a prepared run. If the backend is ``auto``, choose it, and note the reason."""
    if not isinstance(prepared.backend, AutoBackend):
        return prepared
    options, protocol = prepared.options, prepared.protocol
    sampled = options.shots is not None or options.repeats > 1 or options.mitigate or protocol.analyzes
    where, why = prepared.backend.chosen(prepared.played, prepared.played_shots, bool(sampled))
    return replace(prepared, backend=where, said=(*prepared.said, f"auto took {where.name}: {why}"))


def _mode(program: Program, asked: str) -> str:
    """Return the correction mode of a program. Without corrections and messages, decisions are made as written.

    Raises:
        UnsupportedError: If another mode was requested.
    """
    if program.resources["classical_bits"] or any(item.corrects for item in program):
        return asked
    if asked not in ("auto", "feedforward"):
        raise UnsupportedError(
            f"corrections={asked!r} has no effect: decisions of a plain circuit are made as written; leave corrections "
            "out, or write correct(circuit, qubit, x=[bit]) in place of if_test"
        )
    decides = any(each.is_control_flow() for item in program for each in item.circuit.data)
    return "feedforward" if decides else asked


def _settled(options: RunOptions, backend: BaseBackend) -> RunOptions:
    """Return the options with the layout in plain values, and with the Sampler's options of the backend's jobs."""
    layout = None if options.layout is None else plain_layout(options.layout, backend.device)
    return replace(options, layout=layout, options=dict(backend.options))


def compile_for(program: Program, backend: BaseBackend, options: RunOptions) -> Compiled:
    """Compile a program as a run with these options does, with readout circuits if requested."""
    layout = options.layout
    asked: dict[str, Any] = {
        "corrections": options.corrections,
        "optimization_level": options.optimization_level,
        "layout": MeasuredLinks.from_dict(layout) if isinstance(layout, Mapping) else layout,
        "carrier": options.carrier,
        "emulate_links": options.emulate_links,
        "decoupling": options.decoupling,
    }
    if options.copies != 1:
        worst = WORST_COPY if options.worst_copy is None else options.worst_copy
        standard = partial(standard_of, program, backend, worst)
        return compile_copies(program, backend.device, copies=options.copies, standard=standard, **asked)
    controlled = any(item.control for item in program)
    made = compile_with_controls if controlled else compile_program
    compiled = made(program, backend.device, **asked, ranking=ranking_of(program, backend))
    return calibrated(compiled, options.mitigate) if options.mitigate else compiled
