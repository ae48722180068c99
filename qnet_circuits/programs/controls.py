"""Control experiments: the same circuits without corrections, and direct transport.

They are circuits and figures of the run's own program, so that checks, cost, storage, prediction and analysis treat them like
the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from qnet_circuits.errors import ParameterError, ProgramError
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import CONTROL, Item, Program
from qnet_circuits.programs.protocol import Protocol, ask

UNCORRECTED = "uncorrected"
SWAP_TRANSPORT = "swap_transport"
CONTROLS = (UNCORRECTED, SWAP_TRANSPORT)


def with_controls(protocol: Protocol, program: Program, program_of: Callable[[Protocol], Program]) -> Program:
    """Return a program with its control experiments.

    If the protocol sends messages, every circuit is repeated without corrections, as ``<item>_uncorrected``. The protocol's
    baseline adds its circuits, as ``<item>_swap_transport``. Their figures have the same suffixes. Their ideal values are the
    values without messages, and those of the baseline.

    Args:
        protocol: The protocol.
        program: The program that it made.
        program_of: Makes the program of the baseline.

    Raises:
        ParameterError: If the protocol has neither corrections nor a baseline, or no figure.
        ProgramError: If the baseline needs messages, or has no figure of the protocol's.
    """
    baseline: Protocol | None = ask(protocol, "baseline") if program.figures else None
    if not program.figures or (protocol.analyzes and baseline is None):
        raise ParameterError(
            f"{protocol.name} declares no figures that could be compared: leave controls out"
        )
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
    return replace(program, items=tuple(items), figures=tuple(figures))


def control_name(name: str, control: str) -> str:
    """Return the name of a figure, or a circuit, of the protocol in a control experiment."""
    return f"{name}_{control}"


def with_baseline(protocol: Protocol, of: Callable[[Protocol], Mapping[str, Any]]) -> dict[str, Any]:
    """Return values for a protocol's figures, such as theory, together with those for its baseline's figures."""
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

    name, expression = control_name(figure.name, control), figure.expression.mapped(renamed)
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
