"""The compiler: a program is lowered, placed, routed, and optimised between its fences."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter
from typing import Any

from qiskit import QuantumCircuit

from qnet_circuits.compiling.building import count, in_steps
from qnet_circuits.compiling.by_hand import doubts, place_by_hand, place_fixed
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.compiling.lowering import MODES, Lowered, lower
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.compiling.optimisation import Optimiser
from qnet_circuits.compiling.placement import Placements, place_all, place_measured
from qnet_circuits.compiling.routing import Routed
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import (
    ParameterError,
    QnetError,
    UnsupportedError,
    check_count,
    check_name,
)
from qnet_circuits.programs.instructions import CARRIERS, LINK_OPERATIONS
from qnet_circuits.programs.locality import node_of
from qnet_circuits.programs.program import Item, Program

#: Placements of a program are tried if this many, times the wires of all of its circuits, are no more than that; and times the
#: two-qubit gates of its longest circuit no more than the third, since prediction takes longer for deep circuits.
_FEWEST_TRIED, _TRIED_WIRES, _TRIED_GATES = 3, 600, 300
#: The most wires of a circuit of such a program.
_WIDEST_TRIED = 24
#: Patterns of SWAPs that are tried, places of each of the best, and how many of them are the best.
_PATTERNS, _PLACES, _REFINED = 10, 12, 2
#: Places without a better one after which no more are tried.
_PATIENCE = 5
#: The number of a placement's pattern, and that of its place.
Place = tuple[int, int]
#: Which placement of a program was the least bad, by device and options.
Known = dict[tuple[Any, ...], Place]
#: Beyond these digits, what is lacking is alike, whatever machine computes it.
_DIGITS = 9


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
    lack: Callable[[Compiled], float] | None = None,
    known: Known | None = None,
) -> Compiled:
    """Compile a program: lower it, place it, optimise it between the fences.

    The same program, device and options always give the same circuits: nothing is drawn but from seeds of the compiler's own.

    Args:
        program: The program.
        device: The device to compile for, or None for a machine without limits.
        corrections: The correction mode.
        optimization_level: Qiskit's, 0 to 3; fences hold at all of them.
        layout: One physical qubit for each wire; ``auto`` (the default), where by the calibration least is lost, waiting and
            SWAPs included; or measured links, the least measured infidelity among those.
        carrier: What a transmission is on the machine, but in circuits that decide on it themselves.
        emulate_links: Whether links' own errors are sampled in software.
        decoupling: Whether qubits that wait are decoupled by pairs of X pulses.
        lack: How bad a compiled program is: of a small one, which has several placements tried, the least bad is taken.
        known: The choices that were made by the same ``lack`` for this program before, which are not made again; this one joins
            them.

    Returns:
        The compiled program.

    Raises:
        UnsupportedError: If the device or the mode cannot do what the program needs.
        LayoutError: If the program does not fit.
    """
    begin = time.perf_counter()
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
    lowered = [lower(item.circuit, corrections, _carrier(item, carrier), emulate_links) for item in program]
    if device is not None and device.target.dt:
        lowered = [_on_clock(low, device.target.dt) for low in lowered]
    _check_modes(program, lowered, device)
    named = layout is not None or any(item.layout is not None for item in program)
    tried = _tried(lowered) if lack is not None and device is not None and not named else 1
    placements = _placements(program, lowered, device, layout, tried)
    finish = partial(_finished, program, lowered, device, level=optimization_level, decoupling=decoupling)
    if lack is None or device is None or tried == 1:
        compiled = finish(placements[0][0]())
    else:
        asked = (corrections, optimization_level, carrier, emulate_links, decoupling)
        key = (device.calibration.digest, asked)
        compiled = _best(placements, finish, lack, key, {} if known is None else known)
    notes = dict.fromkeys(note for low in lowered for note in low.notes)
    if isinstance(layout, MeasuredLinks):
        notes[f"placed by measured links, not by the calibration: {layout.source}"] = None
    if device is not None:
        notes.update(dict.fromkeys(doubts(((item.circuit, item.qubits) for item in compiled), device, named)))
    swaps = max(item.swaps for item in compiled)
    if swaps:
        notes[f"{swaps} SWAPs were put in, between fences of their own"] = None
    compiled = replace(compiled, notes=tuple(notes), seconds=time.perf_counter() - begin)
    # Pulses that the device cannot play raise here, not when the circuits are written down.
    _ = compiled.scheduled_circuits
    return compiled


def _on_clock(low: Lowered, dt: float) -> Lowered:
    """Return a lowered circuit whose delays are steps of a device's clock."""
    circuit, said = in_steps(low.circuit, dt)
    return low if circuit is low.circuit else replace(low, circuit=circuit, notes=(*low.notes, *said))


def _tried(lowered: Sequence[Lowered]) -> int:
    """Return how many placements of each kind are tried of circuits: 1 if they are too large to be compared."""
    wires = [low.circuit.num_qubits for low in lowered]
    gates = max(1, *(count(low.circuit)[0] for low in lowered))
    tried = min(_TRIED_WIRES // sum(wires), _TRIED_GATES // gates)
    return 1 if tried < _FEWEST_TRIED or max(wires) > _WIDEST_TRIED else tried


def _best(
    placements: Placements,
    finish: Callable[[list[Routed]], Compiled],
    lack: Callable[[Compiled], float],
    key: tuple[Any, ...],
    known: Known,
) -> Compiled:
    """Return the least bad placement, finished; which one it was is known from then on."""
    if key in known:
        pattern, place = known[key]
        return finish(placements[pattern][place]())
    known[key], compiled = _least(placements, finish, lack)
    return compiled


def _least(
    placements: Placements, finish: Callable[[list[Routed]], Compiled], lack: Callable[[Compiled], float]
) -> tuple[Place, Compiled]:
    """Return the least bad: of the first place of each pattern, then of the other places of the two best patterns.

    The first of all is returned where one cannot be made or nothing can tell how bad it is.
    """
    first = finish(placements[0][0]())
    judged: list[tuple[float, Place, Compiled]] = []

    def judge(place: Place) -> bool:
        """Judge a placement; return whether it is less bad than all before."""
        compiled = finish(placements[place[0]][place[1]]()) if any(place) else first
        off = round(lack(compiled), _DIGITS)
        judged.append((off, place, compiled))
        return off < min([each[0] for each in judged[:-1]], default=math.inf)

    try:
        for pattern in range(len(placements)):
            judge((pattern, 0))
        for _, (pattern, _), _ in sorted(judged, key=itemgetter(0, 1))[:_REFINED]:
            since = 0
            for place in range(1, len(placements[pattern])):
                since = 0 if judge((pattern, place)) else since + 1
                if since == _PATIENCE:
                    break
    except QnetError:
        return (0, 0), first
    _, best, compiled = min(judged, key=itemgetter(0))
    return best, compiled


def _finished(
    program: Program,
    lowered: Sequence[Lowered],
    device: Device | None,
    placed: Sequence[Routed],
    *,
    level: int,
    decoupling: bool,
) -> Compiled:
    """Return circuits that are placed, optimised between their fences."""
    target = None if device is None else device.target
    optimisers: dict[tuple[int, ...], Optimiser] = {}
    items = []
    for item, low, routed in zip(program, lowered, placed, strict=True):
        if routed.qubits not in optimisers:
            optimisers[routed.qubits] = Optimiser(routed.qubits, target, level)
        circuit = optimisers[routed.qubits].run(routed.circuit)
        items.append(
            CompiledItem(item.name, low, routed.circuit, circuit, routed.qubits, routed.layout, routed.swaps)
        )
    return Compiled(program, tuple(items), device, decoupling=decoupling)


def _placements(
    program: Program,
    lowered: Sequence[Lowered],
    device: Device | None,
    layout: Sequence[int] | MeasuredLinks | None,
    most: int,
) -> Placements:
    """Return placements of every circuit: where the protocol wants it, where the caller does, or where least is lost."""
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
    return [[lambda: placed]]


def _carrier(item: Item, asked: str) -> str:
    """Return what a transmission is in a circuit: what the circuit decides, or what was asked for."""
    if item.carrier is None:
        return asked
    if asked not in ("relabel", item.carrier):
        raise UnsupportedError(
            f"the protocol decides that its qubits are carried by {item.carrier}, got carrier={asked!r}; leave it out"
        )
    return item.carrier


def _check_modes(program: Program, lowered: Sequence[Lowered], device: Device | None) -> None:
    """Refuse what a device cannot do."""
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
