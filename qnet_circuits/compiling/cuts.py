"""Cuts: fences that keep the regions of a routed circuit small enough to be compared.

A SWAP cuts two wires. What gates join on other wires stays one region, with more ends after each SWAP. A region that is not
Clifford is compared as a matrix on all its ends, so where there are many, its other wires are cut at a SWAP too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Qubit

from qnet_circuits.compiling.building import fence, fence_label
from qnet_circuits.compiling.clifford import is_clifford

CUT = "cut"
#: Ends of a region, those of its open wires included, up to which a SWAP leaves its other wires alone.
_MOST_ENDS = 8
_PAULIS = ("id", "x", "y", "z", "barrier", "delay")
#: What need not be looked at.
_CLIFFORD = frozenset(("measure", "reset", "h", "s", "sdg", "sx", "cx", "cy", "cz", *_PAULIS))


@dataclass
class _Region:
    """What gates have joined: the wires in it now, and the ends that it had before."""

    wires: dict[Qubit, None]
    ends: int = 0


@dataclass
class Regions:
    """The regions of a circuit that is routed; nobody needs them where all is Clifford.

    Args:
        source: The circuit before routing.
    """

    source: QuantumCircuit
    _of: dict[Qubit, _Region] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._needed = not all(map(_is_clifford, self.source.data))

    def follow(self, instructions: Iterable[CircuitInstruction]) -> None:
        """Take note of instructions that were appended."""
        for instruction in instructions if self._needed else ():
            if fence_label(instruction) is not None:
                self._end(instruction.qubits[0])
            elif instruction.name != "barrier":
                self._join(instruction.qubits)

    def cuts(self, swapped: tuple[Qubit, Qubit], number: int) -> Iterator[CircuitInstruction]:
        """Yield the fences that cut the regions of two qubits before they are swapped, on their other wires."""
        regions = {id(region): region for qubit in swapped if (region := self._of.get(qubit)) is not None}
        wires = [
            wire
            for region in regions.values()
            if region.ends + len(region.wires) > _MOST_ENDS
            for wire in region.wires
            if wire not in swapped
        ]
        for k, wire in enumerate(wires):
            yield fence(wire, f"{CUT}{number}:{k}")

    def _end(self, qubit: Qubit) -> None:
        """Begin a new region on a wire, with one end."""
        region = self._of.get(qubit)
        if region is not None:
            region.wires.pop(qubit, None)
            region.ends += 1
        self._of[qubit] = _Region({qubit: None}, 1)

    def _join(self, qubits: tuple[Qubit, ...]) -> None:
        met = {id(region): region for qubit in qubits if (region := self._of.get(qubit)) is not None}
        wires = dict.fromkeys([*(wire for region in met.values() for wire in region.wires), *qubits])
        joined = _Region(wires, sum(region.ends for region in met.values()))
        self._of.update(dict.fromkeys(wires, joined))


def _is_clifford(instruction: CircuitInstruction) -> bool:
    """Tell whether the verifier takes an instruction for Clifford by itself."""
    if instruction.name in _CLIFFORD:
        return True
    if instruction.is_control_flow():
        blocks = instruction.operation.blocks
        return all(inside.name in _PAULIS for block in blocks for inside in block.data)
    matrix = instruction.matrix
    return matrix is not None and is_clifford(matrix)
