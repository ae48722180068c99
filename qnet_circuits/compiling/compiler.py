"""The compiler: a program is lowered, placed, routed, and optimised between its fences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from qiskit import QuantumCircuit

from qnet_circuits.compiling.building import in_steps
from qnet_circuits.compiling.by_hand import doubts, place_by_hand, place_fixed
from qnet_circuits.compiling.choosing import Ranking
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.finishing import Finisher
from qnet_circuits.compiling.lowering import MODES, Lowered, lower
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.compiling.placement import Placements, place_all, place_measured
from qnet_circuits.compiling.routing import Routed
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import (
    ParameterError,
    UnsupportedError,
    check_count,
    check_name,
)
from qnet_circuits.programs.instructions import CARRIERS, LINK_OPERATIONS
from qnet_circuits.programs.locality import node_of
from qnet_circuits.programs.program import Item, Program

#: Patterns of SWAPs in SABRE's order that are compared at most, and places of each.
_PATTERNS, _PLACES = 8, 40


def compile_program(
    program: Program,
    device: Device | None = None,
    *,
    corrections: str = "auto",
    optimization_level: int = 2,
    layout: Sequence[int] | MeasuredLinks | str | None = None,
    carrier: str = "relabel",
    emulate_links: bool = False,
    decoupling: bool = False,
    ranking: Ranking | None = None,
) -> Compiled:
    """Compile a program: lower it, place it, optimise it between the fences.

    The same program, device and options always give the same circuits: all random choices use fixed seeds of the compiler.

    Args:
        program: The program.
        device: The device to compile for, or None for a machine without limits.
        corrections: The correction mode.
        optimization_level: Qiskit's, 0 to 3; fences hold at all of them.
        layout: One physical qubit for each wire; or ``auto`` (the default), the place with the least loss by the calibration,
            including waiting and SWAPs; or measured links, the place with the least measured infidelity.
        carrier: The carrier of transmissions on the machine; circuits with a carrier of their own keep it.
        emulate_links: Whether links' own errors are sampled in software.
        decoupling: Whether waiting qubits are decoupled by pairs of X pulses.
        ranking: How several placements of a small program are compared; the best one is used. Default: the placement with the
            least loss.

    Returns:
        The compiled program.

    Raises:
        UnsupportedError: If the device or the mode cannot do what the program needs.
        LayoutError: If the program does not fit.
    """
    check_count("optimization_level", optimization_level, 0, 3)
    check_name("carrier", carrier, CARRIERS)
    check_name("correction mode", corrections, MODES)
    if isinstance(layout, str):
        if layout != "auto":
            raise ParameterError(f"layout must be 'auto' or a list of qubits, got {layout!r}")
        layout = None
    if device is None and layout is not None:
        raise UnsupportedError("a layout needs a device; name one, for example aer:fake_kingston")
    if decoupling and device is None:
        raise UnsupportedError(
            "decoupling needs a device, on which qubits wait; name one, for example aer:fake_kingston"
        )
    lowered = lowered_for(program, device, corrections, carrier, emulate_links)
    _check_modes(program, lowered, device)
    named = layout is not None or any(item.layout is not None for item in program)
    compared = 1 if ranking is None or named else ranking.most([low.circuit for low in lowered])
    find = partial(_placements, program, lowered, device, layout, compared)
    finisher = Finisher(program, lowered, device, optimization_level, decoupling)
    if ranking is None or device is None or compared == 1:
        compiled = finisher.whole(find()[0][0][0])
    else:
        asked = (corrections, optimization_level, carrier, emulate_links, decoupling)
        compiled = ranking.best(find, finisher, (device.calibration.digest, asked))
    notes = dict.fromkeys(note for low in lowered for note in low.notes)
    if isinstance(layout, MeasuredLinks):
        notes[f"placed by measured links, not by the calibration: {layout.source}"] = None
    if device is not None:
        notes.update(dict.fromkeys(doubts(((item.circuit, item.qubits) for item in compiled), device, named)))
    swaps = max(item.swaps for item in compiled)
    if swaps:
        notes[f"{swaps} SWAPs were put in, between fences of their own"] = None
    compiled = compiled.with_notes(notes)
    # Pulses that the device cannot play raise an error here, not later when the circuits are written.
    _ = compiled.scheduled_circuits
    return compiled


def lowered_for(
    program: Program, device: Device | None, corrections: str, carrier: str, emulate_links: bool
) -> list[Lowered]:
    """Return the lowered circuits of a program, with delays in steps of the device's clock."""
    lowered = [lower(item.circuit, corrections, _carrier(item, carrier), emulate_links) for item in program]
    if device is None or not device.target.dt:
        return lowered
    return [_on_clock(low, device.target.dt) for low in lowered]


def _on_clock(low: Lowered, dt: float) -> Lowered:
    """Return a lowered circuit whose delays are steps of a device's clock."""
    circuit, said = in_steps(low.circuit, dt)
    return low if circuit is low.circuit else replace(low, circuit=circuit, notes=(*low.notes, *said))


def _placements(
    program: Program,
    lowered: Sequence[Lowered],
    device: Device | None,
    layout: Sequence[int] | MeasuredLinks | None,
    most: int,
) -> Placements:
    """Return placements of every circuit: the protocol's choice, the caller's choice, or the places with the least loss."""
    circuits = [low.circuit for low in lowered]

    if device is None:
        return _one([Routed(circuit, tuple(range(circuit.num_qubits)), ()) for circuit in circuits])
    if program.items[0].layout is not None:
        if layout is not None:
            raise ParameterError("this protocol decides where its circuits lie; leave layout out")
        return _one(
            [
                place_fixed(circuit, item.layout or (), device)
                if item.fixed
                else place_by_hand([circuit], item.layout or (), device)[0]
                for circuit, item in zip(circuits, program, strict=True)
            ]
        )
    if isinstance(layout, MeasuredLinks):
        return _one(place_measured(circuits, device, layout))
    if layout is not None:
        return _one(place_by_hand(circuits, layout, device))
    return place_all(circuits, device, min(most, _PATTERNS), min(most, _PLACES))


def _one(placed: list[Routed]) -> Placements:
    return [[[[lambda routed=routed: routed for routed in placed]]]]


def _carrier(item: Item, asked: str) -> str:
    """Return the carrier of a circuit: its own, or the requested one."""
    if item.carrier is None:
        return asked
    if asked not in ("relabel", item.carrier):
        raise UnsupportedError(
            f"the protocol fixes carrier={item.carrier!r}, got carrier={asked!r}; leave carrier out"
        )
    return item.carrier


def _check_modes(program: Program, lowered: Sequence[Lowered], device: Device | None) -> None:
    """Refuse correction modes that a device cannot do."""
    if device is None:
        return
    if not device.dynamic and any(i.name == "if_else" for low in lowered for i in low.circuit.data):
        raise UnsupportedError(
            f"{device.name} has no if_else, so it cannot correct in real time; "
            'use corrections="frame" or "postselect"'
        )
    for item, low in zip(program, lowered, strict=True):
        hops = _hops(item.circuit) if low.mode == "coherent" else 0
        if hops > 1:
            raise UnsupportedError(
                f"coherent corrections act across nodes, {hops} hops here; on a device they are allowed over one hop "
                'only: use corrections="frame" or "feedforward"'
            )


def _hops(circuit: QuantumCircuit) -> int:
    """Return the number of pairs of nodes that link operations join."""
    nodes = node_of(circuit)
    links = (i for i in circuit.data if i.name in LINK_OPERATIONS)
    return len({frozenset(nodes[qubit] for qubit in link.qubits) for link in links})
