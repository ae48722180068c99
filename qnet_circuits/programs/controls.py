"""Control experiments of a run: the same circuits without corrections, and direct transport, in the same job.

They are circuits and figures of the run's own program, so that checks, cost, storage, prediction and analysis treat them like
the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from qiskit import QuantumCircuit

from qnet_circuits.compiling.compiled import Compiled, CompiledItem, compile_program
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ParameterError, ProgramError
from qnet_circuits.programs.figures import Event, Expression, Figure
from qnet_circuits.programs.program import CONTROL, Item, Program
from qnet_circuits.programs.protocol import Protocol, ask

UNCORRECTED = "uncorrected"
SWAP_TRANSPORT = "swap_transport"
CONTROLS = (UNCORRECTED, SWAP_TRANSPORT)
Place = dict[tuple[str, int], int]


def with_controls(protocol: Protocol, program: Program, program_of: Callable[[Protocol], Program]) -> Program:
    """Return a program with its control experiments.

    Every circuit is there once more without corrections, as ``<item>_uncorrected``, where messages are sent at all, and the
    protocol's baseline adds its own, as ``<item>_swap_transport``. Their figures are named alike, and their ideal values are
    those without messages, and the baseline's.

    Args:
        protocol: The protocol.
        program: The program that it made.
        program_of: Makes the program of the baseline.

    Raises:
        ParameterError: If the protocol has neither corrections nor a baseline, or no figure.
        ProgramError: If the baseline needs messages, or has no figure of the protocol's.
    """
    if not program.figures or protocol.analyzes:
        raise ParameterError(
            f"{protocol.name} declares no figures alone that could be compared: leave controls out"
        )
    baseline: Protocol | None = ask(protocol, "baseline")
    if baseline is None and not program.resources["classical_bits"]:
        raise ParameterError(
            f"{protocol.name} sends no classical message and has no direct transport to compare with: leave controls out"
        )
    items, figures = list(program.items), list(program.figures)
    if program.resources["classical_bits"]:
        items += [_item(item, UNCORRECTED) for item in program]
        figures += [_figure(figure, UNCORRECTED, figure.without_messages) for figure in program.figures]
    if baseline is not None:
        direct = program_of(baseline)
        items += [_item(item, SWAP_TRANSPORT) for item in direct]
        figures += [
            _figure(figure, SWAP_TRANSPORT, figure.ideal) for figure in _shared(direct, program, baseline)
        ]
    return Program(items, figures, program.network)


def control_name(name: str, control: str) -> str:
    """Return what a figure, or a circuit, of the protocol is called in a control experiment."""
    return f"{name}_{control}"


def with_baseline(protocol: Protocol, of: Callable[[Protocol], Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is said of a protocol's figures, such as theory, with what is said of its baseline's."""
    baseline: Protocol | None = ask(protocol, "baseline")
    direct = {} if baseline is None else of(baseline)
    own = of(protocol)
    return {**own, **{control_name(name, SWAP_TRANSPORT): direct[name] for name in direct if name in own}}


def _item(item: Item, control: str) -> Item:
    return replace(item, name=control_name(item.name, control), tags={**item.tags, CONTROL: control})


def _figure(figure: Figure, control: str, ideal: float | None) -> Figure:
    """Return a figure of a control experiment's circuits."""

    def renamed(event: Event) -> Event:
        return replace(event, item=control_name(event.item, control))

    terms = tuple((weight, renamed(event)) for weight, event in figure.expression.terms)
    expression = Expression(figure.expression.constant, terms)
    name = control_name(figure.name, control)
    return replace(figure, name=name, expression=expression, ideal=ideal, without_messages=ideal)


def _shared(direct: Program, program: Program, baseline: Protocol) -> list[Figure]:
    """Return the baseline's figures that the protocol has too."""
    if direct.resources["classical_bits"]:
        raise ProgramError(f"{baseline.id} is no direct transport: it waits for classical messages")
    names = {figure.name for figure in program.figures}
    shared = [figure for figure in direct.figures if figure.name in names]
    if not shared:
        raise ProgramError(
            f"{baseline.id} has no figure to compare: it has {', '.join(f.name for f in direct.figures)}, "
            f"the protocol {', '.join(sorted(names))}"
        )
    return shared


# -- compiling ---------------------------------------------------------------------------------------------------------


def compile_with_controls(
    program: Program, device: Device | None, *, corrections: str, carrier: str, **options: Any
) -> Compiled:
    """Compile a program, and its control experiments onto the same physical qubits.

    Args:
        program: A program, with control experiments or without.
        device: The device, or None.
        corrections: The correction mode of the protocol's own circuits; those of control experiments correct nothing.
        carrier: What a transmission is on the machine.
        **options: The other options of ``compile_program``.

    Raises:
        ParameterError: If nothing is corrected anyway.
    """
    controls = [item for item in program if item.control]
    if not controls:
        return compile_program(program, device, corrections=corrections, carrier=carrier, **options)
    if corrections == "none":
        raise ParameterError(
            "controls need corrections to compare with, got corrections='none': leave one of them out"
        )
    own = Program([item for item in program if not item.control], (), program.network)
    compiled = compile_program(own, device, corrections=corrections, carrier=carrier, **options)
    places = {item.name: _place(item) for item in compiled}
    items, notes, seconds = list(compiled.items), list(compiled.notes), compiled.seconds
    for group, layout, chosen in _groups(controls, places, compiled.items[0].name, carrier):
        decided = group[0].layout is not None
        if device is not None:
            options["layout"] = None if decided else layout
        added = compile_program(
            Program(group, (), program.network), device, corrections="none", carrier=chosen, **options
        )
        items += added.items
        notes += [f"control experiments: {note}" for note in added.notes]
        if layout is None and device is not None and not decided:
            notes.append(
                f"{group[0].control} needs qubits that the protocol has not, and lies where it fits best"
            )
        seconds += added.seconds
    order = {item.name: k for k, item in enumerate(program)}
    items.sort(key=lambda item: order[item.name])
    return Compiled(program, tuple(items), device, tuple(dict.fromkeys(notes)), seconds, compiled.decoupling)


def _place(item: CompiledItem) -> Place:
    """Return the physical qubit of each wire (register, index) of a circuit of the protocol."""
    return dict(zip(_wires(item.lowered.circuit), item.layout, strict=False))


def _wires(circuit: QuantumCircuit) -> Iterator[tuple[str, int]]:
    return ((register.name, k) for register in circuit.qregs for k in range(register.size))


Group = tuple[list[Item], tuple[int, ...] | None, str]


def _groups(controls: list[Item], places: dict[str, Place], first: str, carrier: str) -> list[Group]:
    """Return circuits that share a placement, with it and their carrier; no placement where a wire is not the protocol's."""
    groups: dict[tuple[tuple[int, ...] | None, str], list[Item]] = {}
    for item in controls:
        place = places.get(item.name.removesuffix(f"_{item.control}"), places[first])
        chosen = item.carrier or carrier
        wires = list(_wires(lower(item.circuit, "none", chosen).circuit))
        layout = tuple(place[wire] for wire in wires) if place.keys() >= set(wires) else None
        groups.setdefault((layout, chosen), []).append(item)
    return [(group, layout, chosen) for (layout, chosen), group in groups.items()]
