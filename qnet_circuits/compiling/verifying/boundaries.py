"""Proof that compilation kept the parties apart: region by region, nothing moved across a fence.

Every wire is cut at its fences. What is still connected forms a region: a node's work between two link operations, or a link
operation itself. Each region of the compiled circuit must lie within one of the source and, for all its inputs and on every
measurement branch, do the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from qiskit import QuantumCircuit
from rustworkx import PyGraph, connected_components

from qnet_circuits.compiling.building import fence_label, fence_labels
from qnet_circuits.compiling.clifford import NotClifford
from qnet_circuits.compiling.verifying.instrument import Instrument, MeasurementEvent, Reader, event_name
from qnet_circuits.compiling.verifying.matrices import TooWide, differing_branch
from qnet_circuits.compiling.verifying.stabilizer import differing_flow
from qnet_circuits.errors import UnsupportedError, VerificationError

#: A region before and after, but for the names of its fences and bits.
Shape = tuple[Any, ...]


def verify_boundaries(
    source: QuantumCircuit, compiled: QuantumCircuit, known: set[Shape] | None = None
) -> int:
    """Prove that a compiled circuit does in every region what its source does there.

    Regions are matched by the fences they lie between and the bits they measure. A region may fall apart
    where its wires turn out not to act on one another, but none may join what the source keeps apart. Clifford regions are
    compared by their flows, others as matrices. Phases, the names of wires, unlabelled barriers and delays do not matter.

    Args:
        source: The circuit before optimisation, with fences.
        compiled: The circuit after it, with the same classical registers.
        known: Pairs of regions that were compared before, without the names of their fences and bits. Known pairs are not
            compared again, and new pairs that do the same are added.

    Returns:
        The number of regions compared: those that a wire enters or leaves, or that measure.

    Raises:
        VerificationError: If an operation moved across a fence; the message names the region and the difference.
        UnsupportedError: If a region is too large to compare, or has an operation that cannot be.

    Example:
        >>> from qnet_circuits.compiling.building import fence
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.h(0)
        >>> _ = circuit.append(fence(circuit.qubits[0], "alice"))
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
    known = set() if known is None else known
    before, after = _parts(meant, [region.segments for region in regions]), _parts(found, pieces)
    for region, old, new in zip(regions, before, after, strict=True):
        shape = _shape(old, new)
        if shape not in known:
            _compare(region.name, old, new)
            known.add(shape)
    return len(regions)


Port = tuple[str, str | MeasurementEvent]


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
    graph = PyGraph(multigraph=False)
    graph.add_nodes_from(range(instrument.width))
    graph.extend_from_edge_list(
        [(step.wires[0], wire) for step in instrument.steps for wire in step.wires[1:]]
    )
    segments = connected_components(graph)
    place = {wire: k for k, inside in enumerate(segments) for wire in inside}
    ports: dict[int, set[Port]] = {}
    for kind, wires in (("in", instrument.inputs), ("out", instrument.outputs)):
        for label, wire in wires.items():
            ports.setdefault(place[wire], set()).add((kind, label))
    for step in instrument.steps:
        if step.event is not None:
            ports.setdefault(place[step.wires[0]], set()).add(("bit", step.event))
    regions = [_Region(frozenset(segments[k]), frozenset(found)) for k, found in ports.items()]
    return sorted(regions, key=lambda region: min(region.segments))


def _parts(whole: Instrument, groups: Sequence[AbstractSet[int]]) -> list[Instrument]:
    """Return the parts of an instrument on groups of its segments, each numbered anew."""
    place = {wire: (k, n) for k, group in enumerate(groups) for n, wire in enumerate(sorted(group))}
    parts = [Instrument(len(group)) for group in groups]
    for step in whole.steps:
        if step.wires[0] in place:
            wires = tuple(place[wire][1] for wire in step.wires)
            parts[place[step.wires[0]][0]].steps.append(replace(step, wires=wires))
    for label, wire in whole.inputs.items():
        if wire in place:
            parts[place[wire][0]].inputs[label] = place[wire][1]
    for label, wire in whole.outputs.items():
        if wire in place:
            parts[place[wire][0]].outputs[label] = place[wire][1]
    return parts


def _shape(meant: Instrument, found: Instrument) -> Shape:
    """Return two instruments with labels and events numbered as they come: two pairs of one shape differ in names alone."""
    numbers: dict[object, int] = {}

    def number(name: object) -> int:
        return numbers.setdefault(name, len(numbers))

    def steps(part: Instrument) -> Shape:
        return tuple(
            (
                step.wires,
                None if step.matrix is None else (step.matrix.shape, step.matrix.tobytes()),
                frozenset(frozenset(map(number, term)) for term in sorted(map(sorted, step.condition.terms))),
                None if step.event is None else number(step.event),
            )
            for step in part.steps
        )

    def ports(wires: dict[str, int]) -> Shape:
        return tuple((number(label), wire) for label, wire in wires.items())

    return tuple(
        (each.width, ports(each.inputs), ports(each.outputs), steps(each)) for each in (meant, found)
    )


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
