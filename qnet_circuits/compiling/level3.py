"""Placements by Qiskit's own compiler, to which the placements of this library are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qiskit import QuantumCircuit, transpile

from qnet_circuits.compiling.building import Pairs, interactions
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.stages import own_stages


def placed_by_level_3(
    program: Program, lowered: Sequence[QuantumCircuit], device: Device, seed: int
) -> Program:
    """Return a program whose circuits begin on the qubits that ``transpile(optimization_level=3)`` chooses.

    Circuits whose wires meet in the same pairs share the qubits that the first of them got.

    Args:
        program: The program.
        lowered: Its lowered circuits.
        device: The device, with its calibration.
        seed: Qiskit's ``seed_transpiler``.

    Raises:
        ParameterError: If the program fixes the places of its circuits.
    """
    if any(item.layout is not None for item in program):
        raise ParameterError("this protocol decides where its circuits lie, so there is nothing to compare")
    chosen: dict[Pairs, tuple[int, ...]] = {}
    items: tuple[Item, ...] = ()
    for item, circuit in zip(program, lowered, strict=True):
        pairs = interactions(circuit)
        if pairs not in chosen:
            chosen[pairs] = _begins(circuit, device, seed)
        items += (replace(item, layout=chosen[pairs]),)
    return replace(program, items=items)


def _begins(circuit: QuantumCircuit, device: Device, seed: int) -> tuple[int, ...]:
    with own_stages():
        found = transpile(circuit, target=device.target, optimization_level=3, seed_transpiler=seed)
    qubits: Sequence[int] = found.layout.initial_index_layout(filter_ancillas=True)
    return tuple(qubits)
