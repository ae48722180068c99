"""Placement: which physical qubits a program's wires become, and SWAPs where there is no other way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from qiskit import QuantumCircuit
from qiskit.transpiler import CouplingMap, PassManager, Target, TranspilerError
from qiskit.transpiler.passes import VF2Layout

from qnet_circuits.compiling.building import meeting_pairs
from qnet_circuits.compiling.chain_placement import Errors, Uses, best_window, find_path
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.compiling.routing import Routed, Router
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import LayoutError

VF2_CALLS = 5_000_000
#: To the first layout, and in all once there is one.
VF2_CALLS_LONG = (VF2_CALLS, 50_000)
_VF2_TRIALS = 2500
#: Wires up to which VF2 alone looks at enough layouts in a fraction of a second, on all stand-in devices.
_SHORT = 12
#: Part of a device's qubits, as its inverse, from which on a path is crowded.
_CROWDED = 3


#: Number of wires, and the pairs of them that meet.
Pairs = tuple[int, frozenset[frozenset[int]]]


def interactions(circuit: QuantumCircuit) -> Pairs:
    """Return the number of wires and the pairs that meet in a two-qubit gate, control-flow bodies included."""
    place = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    pairs = (pair for instruction in circuit.data for pair in meeting_pairs(instruction))
    return circuit.num_qubits, frozenset(frozenset(place[qubit] for qubit in pair) for pair in pairs)


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
    return all(frozenset(layout[k] for k in pair) in edges for pair in interactions(circuit)[1])


def coupling(target: Target) -> CouplingMap:
    """Return a target's couplings; all pairs where it sets no limit."""
    found = target.build_coupling_map()
    return found if found is not None else CouplingMap.from_full(target.num_qubits)


def doubts(placed: Iterable[Routed], device: Device, named: bool) -> list[str]:
    """Return what is to be said of circuits that use couplings whose calibration failed.

    Args:
        placed: The circuits.
        device: The device.
        named: Whether the caller, or the protocol, chose the qubits.
    """
    failed = device.calibration.failed_couplings
    used = {pair for routed in placed for pair in _couplings(routed)} & failed if failed else ()
    if not used:
        return []
    listed = ", ".join(f"{a}-{b}" for a, b in sorted(map(sorted, used)))
    if named:
        return [f"the layout uses couplings whose calibration failed: {listed}"]
    return [f"no placement without couplings whose calibration failed was found; it uses {listed}"]


def _couplings(routed: Routed) -> set[frozenset[int]]:
    """Return the couplings that a circuit uses."""
    return {frozenset(routed.qubits[k] for k in pair) for pair in interactions(routed.circuit)[1]}


def find_layout(circuit: QuantumCircuit, target: Target, seed: int) -> tuple[int, ...] | None:
    """Return the layout with the least error that is found among those that need no SWAP, or None.

    Qiskit's VF2 search is thorough for small circuits. Where the wires meet along a long path, a search over paths does better
    in less time.

    Raises:
        LayoutError: If the circuit has more wires than the device has qubits.
    """
    if circuit.num_qubits > target.num_qubits:
        raise LayoutError(
            f"the circuit has {circuit.num_qubits} wires, the device only {target.num_qubits} qubits; "
            "use a larger device, fewer hops or parties, or no device"
        )
    if circuit.num_qubits <= _SHORT or (path := (uses := Uses.of(circuit)).path(circuit.num_qubits)) is None:
        return search_layout(circuit, target, seed, VF2_CALLS)
    errors = Errors.of(target)
    window = best_window(uses, path, errors)
    if window is not None:
        return window
    found = find_path(uses, path, errors)
    if found is not None and _CROWDED * len(path) <= target.num_qubits:
        return found
    # A path through much of a device may have run into dead ends.
    layouts = [layout for layout in (found, search_layout(circuit, target, seed, VF2_CALLS_LONG)) if layout]
    return min(layouts, key=lambda layout: uses.error(layout, errors), default=None)


def search_layout(
    circuit: QuantumCircuit, target: Target, seed: int, calls: int | tuple[int, int]
) -> tuple[int, ...] | None:
    """Return the best layout that Qiskit's VF2 comes by in so many steps."""
    # Layout search looks at one- and two-qubit operations alone, and must not see instructions of the target's own kind.
    search = VF2Layout(target=target, seed=seed, call_limit=calls, max_trials=_VF2_TRIALS, time_limit=5.0)
    manager = PassManager([search])
    manager.run(circuit)
    layout = manager.property_set["layout"]
    return None if layout is None else tuple(layout[qubit] for qubit in circuit.qubits)


def place_fixed(circuit: QuantumCircuit, layout: Sequence[int], device: Device) -> Routed:
    """Place a circuit where its protocol wants it.

    Raises:
        LayoutError: If the device lacks a qubit, or a coupling where two wires meet: such a circuit is moved by no SWAP.
    """
    chosen = check_layout(layout, circuit.num_qubits, device.num_qubits)
    edges = {frozenset(edge) for edge in coupling(device.target).get_edges()}
    for a, b in sorted(sorted(chosen[k] for k in pair) for pair in interactions(circuit)[1]):
        if frozenset((a, b)) not in edges:
            raise LayoutError(
                f"circuit {circuit.name!r} joins qubits {a} and {b}, which {device.name} does not couple; "
                "name couplings of the device"
            )
    return Routed(circuit, chosen, chosen)


def place_measured(
    circuits: Sequence[QuantumCircuit], device: Device, measured: MeasuredLinks, seed: int
) -> list[Routed]:
    """Place every circuit on measured links, those with the best fidelities, and on no other qubit.

    Raises:
        LayoutError: If a link is no coupling of the device, or a circuit does not fit on the links.
    """
    measured.check(device)
    qubits, widest = measured.qubits, max(circuit.num_qubits for circuit in circuits)
    if widest > len(qubits):
        raise LayoutError(
            f"the circuits need {widest} qubits, and {measured.source} has only {len(qubits)}; measure more links, or "
            "leave layout out"
        )
    try:
        links = measured.target(device.target)
        placed = _place_on(circuits, links, links, None, seed)
    except TranspilerError:
        raise LayoutError(
            f"the circuits fit nowhere on the links of {measured.source}; measure more links, or leave layout out"
        ) from None
    return [
        replace(
            routed,
            qubits=tuple(qubits[k] for k in routed.qubits),
            layout=tuple(qubits[k] for k in routed.layout),
        )
        for routed in placed
    ]


def place_all(
    circuits: Sequence[QuantumCircuit], device: Device | None, by_hand: Sequence[int] | None, seed: int
) -> list[Routed]:
    """Place every circuit of a program; those whose wires meet in the same pairs share a placement.

    Couplings whose calibration failed are used only if a layout by hand names them, or if there is no room without them.

    Args:
        circuits: The lowered circuits.
        device: The device, or None for a machine on which any two wires may meet.
        by_hand: One physical qubit for each wire, or None for those with the least error.
        seed: Seed of the search and of SABRE.

    Raises:
        LayoutError: If a circuit does not fit on the device, or the layout given does not fit the circuit.
    """
    if device is None:
        return [Routed(circuit, tuple(range(circuit.num_qubits)), ()) for circuit in circuits]
    whole, target = device.target, device.trusted
    if target is not whole:
        with suppress(LayoutError, TranspilerError):
            return _place_on(circuits, target, whole, by_hand, seed)
    try:
        return _place_on(circuits, whole, whole, by_hand, seed)
    except TranspilerError:
        raise LayoutError(
            f"no part of {device.name} that couplings hold together is large enough for the circuits; use another device"
            if by_hand is None
            else f"the circuits join qubits of {', '.join(map(str, by_hand))} that no couplings of {device.name} join; choose "
            "other qubits, or leave layout out"
        ) from None


def _place_on(
    circuits: Sequence[QuantumCircuit],
    target: Target,
    whole: Target,
    by_hand: Sequence[int] | None,
    seed: int,
) -> list[Routed]:
    """Place every circuit on the qubits of a target; a layout by hand may use all that is whole."""
    router: Router | None = None
    known: dict[Pairs, tuple[int, ...] | None] = {}
    starts: dict[Pairs, tuple[int, ...]] = {}
    placed = []
    for circuit in circuits:
        pairs = interactions(circuit)
        if pairs not in known:
            known[pairs] = (
                find_layout(circuit, target, seed) if by_hand is None else _fitting(circuit, whole, by_hand)
            )
        layout = known[pairs]
        if layout is not None:
            placed.append(Routed(circuit, layout, layout))
            continue
        # The first routing of a kind chooses where its wires begin; the others of that kind begin there too.
        router = router or Router(target, seed)
        placed.append(router.route(circuit, starts.get(pairs) if by_hand is None else by_hand))
        starts[pairs] = placed[-1].layout
    return placed


def _fitting(circuit: QuantumCircuit, target: Target, by_hand: Sequence[int]) -> tuple[int, ...] | None:
    """Return a layout by hand, if it needs no SWAPs."""
    layout = check_layout(by_hand, circuit.num_qubits, target.num_qubits)
    return layout if fits(circuit, layout, target) else None
