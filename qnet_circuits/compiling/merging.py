"""Merging: all copies of a program in the same circuits, as a machine runs them, and their outcomes taken apart again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from qiskit import ClassicalRegister, QuantumCircuit

from qnet_circuits.compiling.compiled import Compiled, CompiledItem

Bits = npt.NDArray[np.bool_]


def together(compiled: Compiled) -> Compiled:
    """Return a program whose circuits hold all copies at once, with registers for each; the same if there are none."""
    if compiled.copies < 2:
        return compiled
    kinds: dict[str, list[tuple[CompiledItem, QuantumCircuit]]] = {}
    for item, circuit in zip(compiled, compiled.scheduled_circuits, strict=True):
        kinds.setdefault(item.source, []).append((item, circuit))
    items = tuple(_in_one(name, *zip(*kind, strict=True)) for name, kind in kinds.items())
    return replace(compiled, items=items, apart=compiled)


def _in_one(name: str, items: Sequence[CompiledItem], circuits: Sequence[QuantumCircuit]) -> CompiledItem:
    whole = QuantumCircuit(sum(circuit.num_qubits for circuit in circuits), name=name)
    first = 0
    for number, circuit in enumerate(circuits, 1):
        own = [ClassicalRegister(each.size, f"{_prefix(number)}{each.name}") for each in circuit.cregs]
        whole.add_register(*own)
        bits = {
            old: new
            for each, made in zip(circuit.cregs, own, strict=True)
            for old, new in zip(each, made, strict=True)
        }
        wires = range(first, first + circuit.num_qubits)
        whole.compose(circuit, qubits=wires, clbits=[bits[bit] for bit in circuit.clbits], inplace=True)
        first += circuit.num_qubits
    return replace(
        items[0],
        name=name,
        copy=0,
        routed=whole,
        circuit=whole,
        qubits=tuple(qubit for item in items for qubit in item.qubits),
        layout=tuple(qubit for item in items for qubit in item.layout),
        swaps=max(item.swaps for item in items),
    )


def _prefix(number: int) -> str:
    return f"copy{number}_"


def taken_apart(raws: Sequence[Mapping[str, Bits]], copies: int) -> Iterator[dict[str, Bits]]:
    """Yield the raw bits of each circuit of the first copy, then those of the second, and so on."""
    for number in range(1, copies + 1):
        start = _prefix(number)
        for raw in raws:
            yield {name.removeprefix(start): bits for name, bits in raw.items() if name.startswith(start)}
