"""Routing: SWAPs where wires meet that lie on no coupling, each a region of its own between fences.

Which SWAPs a circuit needs depends only on who meets whom, in which order. Circuits that agree in this share one routing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Barrier, CircuitInstruction, Instruction, Qubit
from qiskit.transpiler import CouplingMap, Layout, PassManager
from qiskit.transpiler.passes import (
    ApplyLayout,
    EnlargeWithAncilla,
    FullAncillaAllocation,
    SabreLayout,
    SabreSwap,
    SetLayout,
)

from qnet_circuits.compiling.building import on_registers
from qnet_circuits.compiling.cuts import Regions
from qnet_circuits.compiling.swaps import Used, fenced_swap
from qnet_circuits.compiling.wide_decisions import is_wide, with_narrow_decisions
from qnet_circuits.errors import LayoutError

#: A meeting: whether it is a barrier, the wires, and the classical bits.
Meeting = tuple[bool, tuple[int, ...], tuple[int, ...]]
#: What SABRE's seeds begin at; another number is another search, by which the benchmark tells how much they differ.
FIRST_SEED = 0
#: How often SABRE tries from a given layout.
_TRIALS = 8
#: How SABRE chooses a layout: at how many it begins, at most and times the number of wires; how often it goes forth and back
#: from each; and how often it tries each of them.
_MOST_LAYOUTS, _LAYOUTS, _TURNS, _LAYOUT_TRIALS = 200, 3600, 4, 20


@dataclass(frozen=True)
class Routed:
    """A circuit on the qubits that it uses, all its two-qubit gates on couplings.

    Args:
        circuit: The circuit.
        qubits: The physical qubit of each of its wires.
        layout: The physical qubit that each of the program's wires begins on.
        swaps: Number of SWAPs put in.
    """

    circuit: QuantumCircuit
    qubits: tuple[int, ...]
    layout: tuple[int, ...]
    swaps: int = 0


@dataclass(frozen=True)
class Routing:
    """The SWAPs for all circuits with the same meetings.

    Args:
        layout: The physical qubit that each wire begins on.
        qubits: The physical qubits that are used; a circuit has its wires in this order, wherever the routing is moved.
        order: The meetings, by number, and the SWAPs, as pairs of physical qubits, in an order that may be executed.
    """

    layout: tuple[int, ...]
    qubits: tuple[int, ...]
    order: tuple[int | tuple[int, int], ...]

    @property
    def swaps(self) -> list[tuple[int, int]]:
        """The SWAPs, in order."""
        return [step for step in self.order if not isinstance(step, int)]

    def late(self, met: Sequence[Meeting]) -> Routing:
        """Return the same SWAPs with single wires measured and decided on as late as what meets afterwards allows.

        SABRE does at once what needs no SWAP. A SWAP through a qubit that was corrected then waits for the decision, and so
        does all that waits for the SWAP.
        """
        done: list[int | tuple[int, int]] = []
        later: list[int] = []
        for step in self.order:
            if isinstance(step, int) and len(met[step][1]) == 1:
                later.append(step)
                continue
            due = _led_to(step, later, met) if isinstance(step, int) else []
            done += [*due, step]
            later = [each for each in later if each not in due]
        return replace(self, order=(*done, *later))

    def moved(self, to: Mapping[int, int]) -> Routing:
        """Return the same SWAPs on other qubits."""
        order = tuple(step if isinstance(step, int) else (to[step[0]], to[step[1]]) for step in self.order)
        layout, qubits = (tuple(to[qubit] for qubit in each) for each in (self.layout, self.qubits))
        return Routing(layout, qubits, order)


def _led_to(step: int, earlier: Sequence[int], met: Sequence[Meeting]) -> list[int]:
    """Return those of earlier meetings that must come before a meeting, in order: they share wires or bits."""
    touched, found = _touched(met[step]), []
    for each in reversed(earlier):
        if not touched.isdisjoint(_touched(met[each])):
            touched |= _touched(met[each])
            found.append(each)
    return found[::-1]


def _touched(meeting: Meeting) -> set[tuple[str, int]]:
    _, wires, bits = meeting
    return {*(("wire", wire) for wire in wires), *(("bit", bit) for bit in bits)}


def meetings(circuit: QuantumCircuit) -> tuple[Meeting, ...]:
    """Return the instructions that a routing must keep in order: all except those on a single qubit."""
    wire = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    place = {bit: k for k, bit in enumerate(circuit.clbits)}
    return tuple(
        (
            instruction.name == "barrier",
            tuple(wire[qubit] for qubit in instruction.qubits),
            tuple(place[bit] for bit in instruction.clbits),
        )
        for instruction in circuit.data
        if not _is_alone(instruction)
    )


def _is_alone(instruction: CircuitInstruction) -> bool:
    return len(instruction.qubits) == 1 and not instruction.clbits


class Router:
    """Routes the circuits of one program, those with the same meetings alike. SABRE draws from fixed seeds.

    Args:
        couplings: The pairs of qubits that may be used.
    """

    def __init__(self, couplings: Iterable[frozenset[int]]) -> None:
        pairs = sorted(tuple(sorted(pair)) for pair in couplings)
        self._couplings = CouplingMap([*pairs, *((b, a) for a, b in pairs)])
        self._routings: dict[tuple[Meeting, ...], Routing] = {}
        self._late = False

    def knowing(self, routings: Mapping[tuple[Meeting, ...], Routing], late: bool = False) -> Router:
        """Return a router on the same couplings that knows routings, by meetings, and no others.

        Args:
            routings: The routings.
            late: Whether single wires are measured and decided on late in those that it finds itself (``Routing.late``).
        """
        other = copy(self)
        other._routings, other._late = dict(routings), late
        return other

    def route(self, circuit: QuantumCircuit, layout: Sequence[int] | None) -> Routed:
        """Return a circuit with SWAPs.

        Args:
            circuit: A lowered circuit that fits no layout without SWAPs.
            layout: Where the wires begin, if that is not for SABRE, or an earlier circuit with the same meetings, to choose.

        Raises:
            TranspilerError: If no couplings join what must meet.
        """
        circuit = with_narrow_decisions(circuit)
        if any(map(is_wide, circuit.data)):
            return self._route_whole(circuit, layout)
        met = meetings(circuit)
        if met not in self._routings:
            found = self.find(circuit, layout)
            self._routings[met] = found.late(met) if self._late else found
        return follow(circuit, self._routings[met])

    def find(self, circuit: QuantumCircuit, layout: Sequence[int] | None, seed: int = 0) -> Routing:
        """Return the SWAPs that a circuit, without wide control flow, needs from a layout; None lets SABRE choose one."""
        routed, begins = self._sabre(_skeleton(circuit, meetings(circuit)), layout, seed)
        place = {qubit: k for k, qubit in enumerate(routed.qubits)}
        order = tuple(
            (place[step.qubits[0]], place[step.qubits[1]]) if step.name == "swap" else int(step.label)
            for step in routed.data
        )
        swapped = (physical for step in order if not isinstance(step, int) for physical in step)
        return Routing(begins, tuple(sorted({*begins, *swapped})), order)

    def _route_whole(self, circuit: QuantumCircuit, layout: Sequence[int] | None) -> Routed:
        """Route a circuit with wide control flow that cannot be taken apart.

        Raises:
            LayoutError: If it needs SWAPs inside: there they would have no fences.
        """
        routed, begins = self._sabre(circuit, layout, 0)
        if _swaps_inside(routed) > _swaps_inside(circuit):
            raise LayoutError(
                f"circuit {circuit.name!r} needs SWAPs inside its control flow; give a layout that couples the qubits which "
                "meet there, or let it act on fewer"
            )
        place = {qubit: k for k, qubit in enumerate(routed.qubits)}
        touched = {place[qubit] for instruction in routed.data for qubit in instruction.qubits}
        qubits = tuple(sorted(touched.union(begins)))
        wires = QuantumRegister(len(qubits), "q")
        new = {routed.qubits[physical]: wires[k] for k, physical in enumerate(qubits)}
        done: list[CircuitInstruction] = []
        used, swaps = Used(), 0
        for instruction in routed.data:
            moved = instruction.replace(qubits=[new[qubit] for qubit in instruction.qubits])
            if instruction.name == "swap":
                a, b = moved.qubits
                done += fenced_swap(a, b, swaps, used)
                used.swap(a, b)
                swaps += 1
            else:
                used.follow([moved])
                done.append(moved)
        return Routed(on_registers(circuit, [wires], circuit.cregs, done), qubits, begins, swaps)

    def _sabre(
        self, circuit: QuantumCircuit, layout: Sequence[int] | None, seed: int
    ) -> tuple[QuantumCircuit, tuple[int, ...]]:
        """Return a circuit on all qubits of the device, and the layout it begins with."""
        target, seed = self._couplings, FIRST_SEED + seed
        if layout is None:
            layouts = max(_TRIALS, min(_MOST_LAYOUTS, _LAYOUTS // circuit.num_qubits))
            passes = [SabreLayout(target, None, seed, _TURNS, _LAYOUT_TRIALS, layouts)]
        else:
            start = Layout(dict(zip(circuit.qubits, layout, strict=True)))
            embed = [SetLayout(start), FullAncillaAllocation(target), EnlargeWithAncilla(), ApplyLayout()]
            passes = [*embed, SabreSwap(target, heuristic="decay", seed=seed, trials=_TRIALS)]
        manager = PassManager(passes)
        routed = manager.run(circuit)
        found = manager.property_set["layout"]
        return routed, tuple(found[qubit] for qubit in circuit.qubits)


def _swaps_inside(circuit: QuantumCircuit) -> int:
    blocks = (block for each in circuit.data if each.is_control_flow() for block in each.operation.blocks)
    return sum(block.count_ops().get("swap", 0) + _swaps_inside(block) for block in blocks)


def _skeleton(circuit: QuantumCircuit, met: Sequence[Meeting]) -> QuantumCircuit:
    """Return a circuit of nothing but meetings, each with its number as its label."""
    done = []
    for k, (barrier, wires, bits) in enumerate(met):
        label = str(k)
        operation = (
            Barrier(len(wires), label=label)
            if barrier
            else Instruction("meet", len(wires), len(bits), [], label=label)
        )
        qubits = [circuit.qubits[wire] for wire in wires]
        done.append(CircuitInstruction(operation, qubits, [circuit.clbits[bit] for bit in bits]))
    return on_registers(circuit, circuit.qregs, circuit.cregs, done)


def follow(circuit: QuantumCircuit, routing: Routing) -> Routed:
    """Return a circuit with the SWAPs of a routing of its meetings."""
    qubits = routing.qubits
    wires = QuantumRegister(len(qubits), "q")
    at = dict(zip(qubits, wires, strict=True))
    holder = {at[physical]: qubit for qubit, physical in zip(circuit.qubits, routing.layout, strict=True)}
    place = {qubit: wire for wire, qubit in holder.items()}
    parts, rest = _parts(circuit)
    done: list[CircuitInstruction] = []
    regions, used = Regions(circuit), Used()
    swapped = 0
    for step in routing.order:
        if isinstance(step, int):
            moved = [each.replace(qubits=[place[q] for q in each.qubits]) for each in parts[step]]
            done += moved
            used.follow(moved)
            regions.follow(moved)
            continue
        a, b = at[step[0]], at[step[1]]
        swap = [*regions.cuts((a, b), swapped), *fenced_swap(a, b, swapped, used)]
        used.swap(a, b)
        done += swap
        regions.follow(swap)
        swapped += 1
        for wire, qubit in ((a, holder.pop(b, None)), (b, holder.pop(a, None))):
            if qubit is not None:
                holder[wire], place[qubit] = qubit, wire
    done += [each.replace(qubits=[place[q] for q in each.qubits]) for each in rest]
    return Routed(on_registers(circuit, [wires], circuit.cregs, done), qubits, routing.layout, swapped)


def _parts(circuit: QuantumCircuit) -> tuple[list[list[CircuitInstruction]], list[CircuitInstruction]]:
    """Return each meeting after what happens to its qubits alone since their last one, and what is left at the end."""
    alone: dict[Qubit, list[CircuitInstruction]] = {}
    parts = []
    for instruction in circuit.data:
        if _is_alone(instruction):
            alone.setdefault(instruction.qubits[0], []).append(instruction)
        else:
            before = [each for qubit in instruction.qubits for each in alone.pop(qubit, ())]
            parts.append([*before, instruction])
    return parts, [each for left in alone.values() for each in left]
