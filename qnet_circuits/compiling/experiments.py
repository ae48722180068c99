"""Control experiments, compiled onto the qubits of the protocol that they are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from qiskit import QuantumCircuit

from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.program import Item, Program

Place = dict[tuple[str, int], int]


def compile_with_controls(
    program: Program, device: Device | None, *, corrections: str, carrier: str, **options: Any
) -> Compiled:
    """Compile a program, and its control experiments onto the same physical qubits.

    Args:
        program: A program with control experiments.
        device: The device, or None.
        corrections: The correction mode of the protocol's own circuits; control experiments correct nothing.
        carrier: The carrier of transmissions on the machine.
        **options: The other options of ``compile_program``.

    Raises:
        ParameterError: If the correction mode is ``none``.
    """
    controls = [item for item in program if item.control]
    if corrections == "none":
        raise ParameterError(
            "controls need corrections to compare with, got corrections='none': leave one of them out"
        )
    own = replace(program, items=tuple(item for item in program if not item.control), figures=())
    compiled = compile_program(own, device, corrections=corrections, carrier=carrier, **options)
    options.pop("ranking", None)  # The protocol has its place; control experiments follow it.
    places = {item.name: _place(item) for item in compiled}
    items, notes = list(compiled.items), list(compiled.notes)
    for group, layout, chosen in _groups(controls, places, compiled.items[0].name, carrier):
        decided = group[0].layout is not None
        if device is not None:
            options["layout"] = None if decided else layout
        added = compile_program(
            replace(program, items=tuple(group), figures=()),
            device,
            corrections="none",
            carrier=chosen,
            **options,
        )
        items += added.items
        notes += [f"control experiments: {note}" for note in added.notes]
        if layout is None and device is not None and not decided:
            notes.append(
                f"{group[0].control} needs qubits that the protocol has not, and lies where it fits best"
            )
    order = {item.name: k for k, item in enumerate(program)}
    items.sort(key=lambda item: order[item.name])
    return Compiled(program, tuple(items), device, tuple(dict.fromkeys(notes)), compiled.decoupling)


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
