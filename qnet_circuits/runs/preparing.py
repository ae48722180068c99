"""From a protocol and what is asked for to a prepared run: the backend, the program and the compiled circuits."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from qnet_circuits.backends.auto import AutoBackend
from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.choosing import Place, Ranking
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.copies import Standard, compile_copies
from qnet_circuits.compiling.experiments import compile_with_controls
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.compiling.readout_circuits import calibrated
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.summary import couplings_by_use
from qnet_circuits.errors import ParameterError, UnsupportedError, check_range
from qnet_circuits.programs.controls import with_controls
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Given, Runnable, protocol_for
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol, ask
from qnet_circuits.runs.layouts import plain_layout
from qnet_circuits.runs.mitigation.stored import check_mitigable
from qnet_circuits.runs.options import WORST_COPY, RunOptions
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.shared import compiled_once, drawn_program, program_once

#: The most bytes of an exact prediction by which placements are compared, so that it takes no seconds, and how many
#: Pauli paths estimate one that takes more.
_RANKING_MEMORY, _PATHS = 2**20, 64
#: What predictions chose in this process, by the program whose figures told: a call that comes again compares nothing.
_KNOWN: dict[str, dict[Hashable, Place]] = {}
#: Placements are compared by circuits that have so many wires together, and by two at least.
_TELLING_WIRES = 48


def prepare(
    given: Runnable,
    backend: Any,
    options: RunOptions,
    figures: Iterable[Figure] | None = None,
    figures_needed: bool = True,
    shared: bool = False,
) -> Prepared:
    """Return a prepared run: nothing is written, and nothing can start from it.

    Args:
        given: What to run.
        backend: Where, in any way that a backend can be named.
        options: What is asked for; if there is no seed, it is drawn where outcomes are sampled, and 0 where none are.
        figures: The figures of plain circuits.
        figures_needed: Whether plain circuits need figures.
        shared: Whether the circuits may be those of an earlier call: the caller hands none of them out.

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
    program = program_once(protocol, seed) if shared else program_of(protocol, seed)
    if program.device and where.device is None:
        raise UnsupportedError(
            f"{program.device}, and {where.name} is none; name one, for example aer:fake_torino"
        )
    if isinstance(protocol, Given):
        options = replace(options, corrections=_mode(program, options.corrections))
    options = _settled(options, where)
    if options.controls:
        program = _controlled(protocol, program, seed)
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
    """Return a prepared run on the backend that is chosen for it, with the reason, if the caller leaves it open."""
    if not isinstance(prepared.backend, AutoBackend):
        return prepared
    options, protocol = prepared.options, prepared.protocol
    sampled = options.shots is not None or options.repeats > 1 or options.mitigate or protocol.analyzes
    where, why = prepared.backend.chosen(prepared.played, prepared.played_shots, bool(sampled))
    return replace(prepared, backend=where, said=(*prepared.said, f"auto took {where.name}: {why}"))


def _mode(program: Program, asked: str) -> str:
    """Return the mode of a program; without a correction or a message, decisions are made as they are written.

    Raises:
        UnsupportedError: If another one was asked for.
    """
    if program.resources["classical_bits"] or any(item.corrects for item in program):
        return asked
    if asked not in ("auto", "feedforward"):
        raise UnsupportedError(
            f"corrections={asked!r} has nothing to act on: decisions of a plain circuit are made as they are written; leave it "
            "out, or write correct(circuit, qubit, x=[bit]) in place of if_test"
        )
    decides = any(each.is_control_flow() for item in program for each in item.circuit.data)
    return "feedforward" if decides else asked


def _settled(options: RunOptions, backend: BaseBackend) -> RunOptions:
    """Return the options with the layout in plain values, and with the Sampler's options that the backend's jobs have."""
    layout = None if options.layout is None else plain_layout(options.layout, backend.device)
    return replace(options, layout=layout, options=dict(backend.options))


def asked_of(backend: BaseBackend, options: RunOptions) -> BaseBackend:
    """Return the backend with the noise, the Sampler's options and the budget that are asked for."""
    if options.noise is not None:
        backend = backend.with_noise(options.noise)
    if options.options:
        backend = backend.with_options(options.options)
    seconds = options.max_qpu_seconds
    return backend if seconds is None else backend.limited(seconds)


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


def check_options(protocol: Protocol, backend: BaseBackend, options: RunOptions) -> None:
    """Refuse options that a protocol and a backend cannot have together, before anything is made of them."""
    _check_blocks(protocol, backend, options)
    _check_copies(options)


def _check_blocks(protocol: Protocol, backend: BaseBackend, options: RunOptions) -> None:
    if options.repeats > 1 and not backend.capabilities.samples:
        raise UnsupportedError(f"{backend.name} computes figures without shots; leave repeats out")
    if options.repeats > 1 and protocol.secret_outcomes:
        raise UnsupportedError(
            f"{protocol.name} makes a secret of its outcomes as a whole, so blocks cannot be compared; leave repeats out"
        )


def _check_copies(options: RunOptions) -> None:
    for name in ("controls", "mitigate"):
        if options.copies != 1 and getattr(options, name):
            raise UnsupportedError(
                f"{name} is for one copy of a program on its qubits, got copies={options.copies}; leave one of them out"
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
            "worst_copy tells which copies are good enough where they are chosen; give copies too, and no layout, or leave it "
            "out"
        )


def program_of(protocol: Protocol, seed: int, controls: bool = False) -> Program:
    """Return the program that a protocol makes for a run's seed, with its control experiments if they are wanted."""
    program, _ = drawn_program(protocol, seed)
    return _controlled(protocol, program, seed) if controls else program


def _controlled(protocol: Protocol, program: Program, seed: int) -> Program:
    return with_controls(protocol, program, lambda other: program_of(other, seed))


def compile_for(program: Program, backend: BaseBackend, options: RunOptions) -> Compiled:
    """Compile a program as a run with these options does, with the circuits that measure readout if they are wanted."""
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


def standard_of(program: Program, backend: BaseBackend, worst: float) -> Standard:
    """Return what copies of a program must reach, by exact prediction with the default noise.

    Raises:
        UnsupportedError: If the program has no figure that can be predicted, and has an ideal value.
        ParameterError: If the figure cannot be as good or as bad.
    """
    figure = next((each for each in program.figures if each.judges), None)
    if figure is None:
        raise UnsupportedError(
            "copies are chosen by the predicted value of a figure that has an ideal value, and there is none; name the qubits "
            "of each copy in layout"
        )
    check_range(f"worst_copy, by {figure.name},", worst, *(figure.physical or (-math.inf, math.inf)))
    engine = ExactBackend("exact", backend.device)

    def value(compiled: Compiled) -> float:
        try:
            found = engine.evaluate(compiled, [figure]).values
        except UnsupportedError as error:
            raise UnsupportedError(
                f"copies are chosen by prediction: {error}; or name the qubits of each copy in layout"
            ) from None
        return found[figure.name].value if found else math.nan

    return Standard(figure, worst, value)


def ranking_of(program: Program, backend: BaseBackend, memory: float = _RANKING_MEMORY) -> Ranking | None:
    """Return what compares placements by prediction; None without a device, or a figure that has an ideal value.

    Args:
        program: The program.
        backend: Where it will run.
        memory: The most bytes that exact predictions may take; others are estimated.
    """
    own = {item.name for item in program if not item.control}
    figures = [figure for figure in program.figures if figure.judges and own.issuperset(figure.circuits)]
    if backend.device is None or not figures:
        return None
    needed = set().union(*(figure.circuits for figure in figures))
    wires = {item.name: item.circuit.num_qubits for item in program if item.name in needed}
    few, names = max(2, _TELLING_WIRES // max(wires.values())), list(wires)
    telling = [names[math.ceil(k * len(names) / few)] for k in range(few)] if few < len(names) else names
    lack, known = _Lack(backend.device, figures, memory), _KNOWN.setdefault(program.id, {})
    return Ranking(lack, telling if len(telling) < len(own) else (), known)


class _Lack:
    """Tells how far, by exact prediction or an estimate of it, figures are from their ideals: in all, in parts of their ranges.

    Whatever noise a run has, this is the default: runs that differ in it alone are compared on the same qubits.

    Args:
        device: The device.
        figures: The figures, which have ideal values.
        memory: The most bytes that an exact prediction may take.
    """

    def __init__(self, device: Device, figures: Sequence[Figure], memory: float) -> None:
        self._exact = ExactBackend("exact", device, memory=memory)
        self._estimate = ExactBackend("exact", device, paths=_PATHS)
        self._figures = figures
        #: What happened how often in the first program; it stands for circuits that a later one has not.
        self._first: dict[Event, float] = {}

    def __call__(self, compiled: Compiled) -> float:
        names = {item.name for item in compiled}
        events = dict.fromkeys(
            each for figure in self._figures for each in figure.events if each.item in names
        )
        asked = {f"event{k}": event for k, event in enumerate(events)}
        single = [Figure(name, Expression(terms=((1.0, event),))) for name, event in asked.items()]
        try:
            found = self._exact.evaluate(compiled, single).values
        except UnsupportedError:
            found = self._estimate.evaluate(compiled, single).values
        chances = self._first | {asked[name]: each.value for name, each in found.items()}
        self._first = self._first or chances
        return sum(_off(figure, chances) for figure in self._figures if chances.keys() >= set(figure.events))


def _off(figure: Figure, chances: Mapping[Event, float]) -> float:
    low, high = figure.physical or (0.0, 1.0)
    assert figure.ideal is not None
    return abs(figure.expression.value(chances.__getitem__) - figure.ideal) / (high - low)
