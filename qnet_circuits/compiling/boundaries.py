"""Proof that compilation kept the parties apart: region by region, nothing moved across a fence.

Every wire is cut at its fences. What is still connected forms a region: a node's work between two link operations, or a link
operation itself. Each region of the compiled circuit must lie within one of the source and, for all its inputs and on every
measurement branch, do the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from qiskit import QuantumCircuit

from qnet_circuits.compiling.fences import fence_label, fence_labels
from qnet_circuits.compiling.instrument import (
    Event,
    Instrument,
    Reader,
    TooWide,
    differing_branch,
    event_name,
)
from qnet_circuits.compiling.stabilizer import NotClifford, differing_flow
from qnet_circuits.errors import UnsupportedError, VerificationError


def verify_boundaries(source: QuantumCircuit, compiled: QuantumCircuit) -> int:
    """Prove that a compiled circuit does in every region what its source does there.

    Regions are matched by the fences they lie between and the bits they measure. A region may fall apart
    where its wires turn out not to act on one another, but none may join what the source keeps apart. Clifford regions are
    compared by their flows, others as matrices. Phases, the names of wires, unlabelled barriers and delays do not matter.

    Args:
        source: The circuit before optimisation, with fences.
        compiled: The circuit after it, with the same classical registers.

    Returns:
        The number of regions compared: those that a wire enters or leaves, or that measure.

    Raises:
        VerificationError: If something moved across a fence; the message names the region and what differs.
        UnsupportedError: If a region is too large to compare, or has an operation that cannot be.

    Example:
        >>> from qnet_circuits.compiling.fences import put_fence
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.h(0)
        >>> put_fence(circuit, circuit.qubits[0], "alice")
        >>> _ = circuit.h(0), circuit.measure(0, 0)
        >>> verify_boundaries(circuit, circuit)
        2
    """
    _check_fences(source, compiled)
    meant, found = (Reader(circuit).read() for circuit in (source, compiled))
    _check_bits(meant, found)
    regions = _regions(meant)
    region_of = {port: k for k, region in enumerate(regions) for port in region.ports}
    pieces: list[set[int]] = [set() for _ in regions]
    for piece in _regions(found):
        owners = {region_of[port] for port in piece.ports}
        if len(owners) > 1:
            names = " and ".join(regions[k].name for k in sorted(owners))
            raise VerificationError(f"compilation joined regions that fences keep apart: {names}")
        pieces[owners.pop()] |= piece.segments
    for region, segments in zip(regions, pieces, strict=True):
        _compare(region.name, _part(meant, region.segments), _part(found, segments))
    return len(regions)


Port = tuple[str, str | Event]


@dataclass(frozen=True)
class _Region:
    """Connected segments, with the ports through which others see them."""

    segments: frozenset[int]
    ports: frozenset[Port]

    @property
    def name(self) -> str:
        """The region in words."""
        entering, leaving = (
            ", ".join(sorted(str(x) for kind, x in self.ports if kind == way)) for way in ("in", "out")
        )
        bits = ", ".join(event_name(x) for x in sorted(x for _, x in self.ports if not isinstance(x, str)))
        parts = [
            f"from {entering}" if entering else "from the start",
            f"to {leaving}" if leaving else "to the end",
        ]
        parts += [f"measuring {bits}"] if bits else []
        return f"[{'; '.join(parts)}]"


def _check_fences(source: QuantumCircuit, compiled: QuantumCircuit) -> None:
    """Check that both circuits have the same fences, each once and on one wire."""
    meant, found = Counter(fence_labels(source)), Counter(fence_labels(compiled))
    for labels, where in ((meant, "source"), (found, "compiled circuit")):
        twice = sorted(label for label, count in labels.items() if count > 1)
        if twice:
            raise VerificationError(f"the {where} has fences more than once: {', '.join(twice)}")
    for labels, what in ((meant - found, "lost fences"), (found - meant, "added fences")):
        if labels:
            raise VerificationError(f"compilation {what}: {', '.join(sorted(labels))}")
    for circuit in (source, compiled):
        for instruction in circuit.data:
            label = fence_label(instruction)
            if label is not None and len(instruction.qubits) != 1:
                raise VerificationError(f"fence {label} is on {len(instruction.qubits)} wires, not on one")


def _check_bits(meant: Instrument, found: Instrument) -> None:
    lost, added = set(meant.measured) - set(found.measured), set(found.measured) - set(meant.measured)
    for events, what in ((lost, "lost"), (added, "added")):
        if events:
            names = ", ".join(event_name(event) for event in sorted(events))
            raise VerificationError(f"compilation {what} the measurement of {names}")


def _regions(instrument: Instrument) -> list[_Region]:
    """Return the connected sets of segments that have a port; the others say nothing to anybody."""
    parent = list(range(instrument.width))

    def root(k: int) -> int:
        while parent[k] != k:
            parent[k] = k = parent[parent[k]]
        return k

    for step in instrument.steps:
        for wire in step.wires[1:]:
            parent[root(wire)] = root(step.wires[0])
    ports: dict[int, set[Port]] = {}
    for kind, wires in (("in", instrument.inputs), ("out", instrument.outputs)):
        for label, wire in wires.items():
            ports.setdefault(root(wire), set()).add((kind, label))
    for step in instrument.steps:
        if step.event is not None:
            ports.setdefault(root(step.wires[0]), set()).add(("bit", step.event))
    segments: dict[int, set[int]] = {}
    for wire in range(instrument.width):
        segments.setdefault(root(wire), set()).add(wire)
    regions = [_Region(frozenset(segments[k]), frozenset(found)) for k, found in ports.items()]
    return sorted(regions, key=lambda region: min(region.segments))


def _part(whole: Instrument, segments: Iterable[int]) -> Instrument:
    """Return the part of an instrument on some of its segments, numbered anew."""
    new = {wire: k for k, wire in enumerate(sorted(segments))}
    steps = [
        replace(step, wires=tuple(new[wire] for wire in step.wires))
        for step in whole.steps
        if step.wires[0] in new
    ]
    inputs, outputs = (
        {label: new[wire] for label, wire in wires.items() if wire in new}
        for wires in (whole.inputs, whole.outputs)
    )
    return Instrument(len(new), steps, inputs, outputs)


def _compare(name: str, meant: Instrument, found: Instrument) -> None:
    """Compare a region before and after, by flows where it is Clifford and by matrices where it is not."""
    try:
        flow = differing_flow(meant, found)
    except NotClifford:
        _compare_matrices(name, meant, found)
        return
    if flow is not None:
        has, lacks = ("source", "compiled circuit") if flow[1] else ("compiled circuit", "source")
        raise VerificationError(
            f"compilation changed the region {name}: the {has} takes {flow[0]}, the {lacks} does not"
        )


def _compare_matrices(name: str, meant: Instrument, found: Instrument) -> None:
    try:
        bits = differing_branch(meant, found)
    except TooWide:
        raise UnsupportedError(
            f"the region {name} is not Clifford and too wide to verify ({meant.width} wires, {found.width} compiled); "
            "use fewer qubits there, or verify the program with angles that are multiples of π/2"
        ) from None
    if bits is not None:
        at = ", ".join(f"{event_name(event)} = {int(value)}" for event, value in bits)
        raise VerificationError(
            f"compilation changed the region {name}: its matrices differ{f' for {at}' if at else ''}"
        )
