"""Placement: which physical qubits a program's wires become, and SWAPs where there is no other way."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Qubit
from qiskit.transpiler import CouplingMap, Layout, PassManager, Target
from qiskit.transpiler.passes import SabreLayout, SetLayout, TrivialLayout, VF2Layout

from qnet_circuits.compiling.fences import fence_label, put_fence
from qnet_circuits.errors import LayoutError

_VF2_CALLS = 5_000_000
_VF2_TRIALS = 2500


def interactions(circuit: QuantumCircuit) -> frozenset[frozenset[int]]:
    """Return the pairs of wires that meet in a two-qubit gate, control-flow bodies included."""
    place = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    pairs: set[frozenset[int]] = set()
    for instruction in circuit.data:
        if instruction.operation.name != "barrier" and len(instruction.qubits) == 2:
            pairs.add(frozenset(place[qubit] for qubit in instruction.qubits))
    return frozenset(pairs)


def check_layout(layout: Sequence[int], width: int, num_qubits: int) -> tuple[int, ...]:
    """Return a layout given by hand: one physical qubit for each wire, or raise LayoutError."""
    qubits = tuple(layout)
    if len(qubits) != width:
        raise LayoutError(f"layout must name {width} qubits, one for each wire, got {len(qubits)}")
    for qubit in qubits:
        if isinstance(qubit, bool) or not isinstance(qubit, int) or not 0 <= qubit < num_qubits:
            raise LayoutError(f"layout must name qubits 0 to {num_qubits - 1} of the device, got {qubit!r}")
    if len(set(qubits)) < len(qubits):
        raise LayoutError(f"layout names a qubit twice: {', '.join(map(str, qubits))}")
    return qubits


def fits(circuit: QuantumCircuit, layout: Sequence[int], target: Target) -> bool:
    """Tell whether every two-qubit gate of a circuit lies on a coupling of the target."""
    edges = {frozenset(edge) for edge in coupling(target).get_edges()}
    return all(frozenset(layout[k] for k in pair) in edges for pair in interactions(circuit))


def coupling(target: Target) -> CouplingMap:
    """Return a target's couplings; all pairs where it sets no limit."""
    found = target.build_coupling_map()
    return found if found is not None else CouplingMap.from_full(target.num_qubits)


def find_layout(circuit: QuantumCircuit, target: Target, seed: int) -> tuple[int, ...] | None:
    """Return the layout with the least error among those that need no SWAP, by Qiskit's VF2 search, or None.

    Raises:
        LayoutError: If the circuit has more wires than the device has qubits.
    """
    if circuit.num_qubits > target.num_qubits:
        raise LayoutError(
            f"the circuit has {circuit.num_qubits} wires, the device only {target.num_qubits} qubits; "
            "use a larger device, fewer hops or parties, or no device"
        )
    # Layout search looks at one- and two-qubit operations alone, and must not see instructions of the target's own kind.
    search = VF2Layout(
        target=target, seed=seed, call_limit=_VF2_CALLS, max_trials=_VF2_TRIALS, time_limit=5.0
    )
    manager = PassManager([search])
    manager.run(circuit)
    layout = manager.property_set["layout"]
    return None if layout is None else tuple(layout[qubit] for qubit in circuit.qubits)


def route(
    circuit: QuantumCircuit, target: Target, layout: Sequence[int] | None, seed: int
) -> tuple[QuantumCircuit, tuple[int, ...], int]:
    """Return the circuit with SWAPs, each between fences, on all qubits of the target.

    Args:
        circuit: A lowered circuit that fits no layout without SWAPs.
        target: The device's target.
        layout: Where the wires begin, or None for Qiskit's SABRE choice.
        seed: Seed of SABRE.

    Returns:
        The routed circuit, the layout its wires begin with, and the number of SWAPs.
    """
    if layout is not None:
        start = Layout(dict(zip(circuit.qubits, layout, strict=True)))
        passes = [SetLayout(start)]
    else:
        passes = [TrivialLayout(target)]
    from qiskit.transpiler.passes import ApplyLayout, EnlargeWithAncilla, FullAncillaAllocation, SabreSwap

    if layout is None:
        manager = PassManager([SabreLayout(target, seed=seed, swap_trials=8, layout_trials=8)])
    else:
        embed = [FullAncillaAllocation(target), EnlargeWithAncilla(), ApplyLayout()]
        manager = PassManager([*passes, *embed, SabreSwap(target, heuristic="decay", seed=seed, trials=8)])
    routed = manager.run(circuit)
    found = manager.property_set["layout"]
    begins = tuple(found[qubit] for qubit in circuit.qubits)
    fenced, swaps = _fence_swaps(routed)
    return fenced, begins, swaps


def _fence_swaps(routed: QuantumCircuit) -> tuple[QuantumCircuit, int]:
    """Put fences around the SWAPs, written as three CX, of a routed circuit."""
    fenced = routed.copy_empty_like()
    swaps = 0
    for instruction in routed.data:
        if instruction.operation.name != "swap":
            fenced.append(instruction)
            continue
        a, b = instruction.qubits
        for end in ("in", "out"):
            for wire, side in ((a, "a"), (b, "b")):
                put_fence(fenced, wire, f"swap{swaps}:{side}:{end}")
            if end == "in":
                _three_cx(fenced, a, b)
        swaps += 1
    return fenced, swaps


def _three_cx(circuit: QuantumCircuit, a: Qubit, b: Qubit) -> None:
    for control, target in ((a, b), (b, a), (a, b)):
        circuit.cx(control, target)


def undo_routing(routed: QuantumCircuit, wires: Sequence[int | None]) -> list[tuple[object, ...]]:
    """Return what a routed circuit does to each program wire, with its fenced SWAPs taken out.

    Args:
        routed: A circuit with SWAPs between fences.
        wires: The program's wire that each qubit of the circuit begins as, None for a qubit that only helps.

    Returns:
        For each bit of the program in turn, in order, the instructions that touch it: equal lists mean equal circuits.
    """
    holds: dict[Qubit, int | None] = dict(zip(routed.qubits, wires, strict=True))
    swapping: set[Qubit] = set()
    touched: dict[tuple[str, int | None], list[object]] = {}
    for instruction in routed.data:
        label = fence_label(instruction) or ""
        if label.startswith("swap"):
            _swap_holders(instruction.qubits[0], label, holds, swapping)
        elif not swapping.intersection(instruction.qubits):
            places = [("wire", holds[qubit]) for qubit in instruction.qubits]
            bits = [("bit", routed.find_bit(bit).index) for bit in instruction.clbits]
            done = (_what(instruction), label, tuple(places), tuple(bits))
            for place in [*places, *bits]:
                touched.setdefault(place, []).append(done)
    return sorted(((place, tuple(done)) for place, done in touched.items()), key=repr)


def _what(instruction: CircuitInstruction) -> tuple[object, ...]:
    """Return an operation in plain values: its name and parameters, or its decision and what stands in its branches."""
    operation = instruction.operation
    blocks = getattr(operation, "blocks", ())
    if not blocks:
        return operation.name, str(operation.params)
    inside = [[_what(each) for each in block.data] for block in blocks]
    return operation.name, str(getattr(operation, "condition", None)), str(inside)


def _swap_holders(qubit: Qubit, label: str, holds: dict[Qubit, int | None], swapping: set[Qubit]) -> None:
    """Follow one fence of a SWAP: both qubits enter, exchange what they hold, and leave."""
    if label.endswith(":in"):
        swapping.add(qubit)
    elif label.endswith(":a:out"):
        (other,) = swapping - {qubit}
        holds[qubit], holds[other] = holds[other], holds[qubit]
        swapping.discard(qubit)
    else:
        swapping.discard(qubit)
