"""Layouts given by hand, by the caller or by the protocol, and what is to be said of any layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache

from qiskit import QuantumCircuit
from qiskit.transpiler import TranspilerError

from qnet_circuits.compiling.building import interactions
from qnet_circuits.compiling.prices import Edge, Prices, gates_of
from qnet_circuits.compiling.routing import Routed, Router
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import LayoutError


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


def place_fixed(circuit: QuantumCircuit, layout: Sequence[int], device: Device) -> Routed:
    """Place a circuit at the place that its protocol gives.

    Raises:
        LayoutError: If the device lacks a qubit, or a coupling of two wires that meet: no SWAP may move such a circuit.
    """
    chosen = check_layout(layout, circuit.num_qubits, device.num_qubits)
    edges = gates_of(device)
    for a, b in sorted(sorted(chosen[k] for k in pair) for pair in interactions(circuit)[1]):
        if frozenset((a, b)) not in edges:
            raise LayoutError(
                f"circuit {circuit.name!r} joins qubits {a} and {b}, which {device.name} does not couple; "
                "name couplings of the device"
            )
    return Routed(circuit, chosen, chosen)


def place_by_hand(circuits: Sequence[QuantumCircuit], layout: Sequence[int], device: Device) -> list[Routed]:
    """Place every circuit at the caller's place; if SWAPs are needed, they avoid qubits and couplings whose calibration failed.

    Raises:
        LayoutError: If the layout does not fit a circuit, or no couplings join what must meet.
    """
    whole = gates_of(device)

    @cache
    def router(doubtful: bool) -> Router:
        return Router(Prices.of(device, doubtful).couplings)

    placed = []
    for circuit in circuits:
        chosen = check_layout(layout, circuit.num_qubits, device.num_qubits)
        if all(frozenset(chosen[k] for k in pair) in whole for pair in interactions(circuit)[1]):
            placed.append(Routed(circuit, chosen, chosen))
        else:
            placed.append(_first_routed(router, circuit, chosen, device))
    return placed


def _first_routed(
    router: Callable[[bool], Router], circuit: QuantumCircuit, chosen: Sequence[int], device: Device
) -> Routed:
    with suppress(TranspilerError, LayoutError):
        return router(False).route(circuit, chosen)
    with suppress(TranspilerError):
        return router(True).route(circuit, chosen)
    raise LayoutError(
        f"the circuits join qubits of {', '.join(map(str, chosen))} that no couplings of {device.name} join; choose other "
        "qubits, or leave layout out"
    )


def doubts(placed: Iterable[tuple[QuantumCircuit, Sequence[int]]], device: Device, named: bool) -> list[str]:
    """Return the notes about circuits that use qubits or couplings whose calibration failed.

    Args:
        placed: The circuits, with the qubits of their wires.
        device: The device.
        named: Whether the caller, or the protocol, chose the qubits.
    """
    failed = {
        "qubits": {frozenset((qubit,)) for qubit in device.calibration.failed_qubits},
        "couplings": device.calibration.failed_couplings,
    }
    if not any(failed.values()):
        return []
    used = {what for circuit, qubits in placed for what in _used(circuit, qubits)}
    listed = " and ".join(
        f"{kind} {', '.join('-'.join(map(str, sorted(each))) for each in sorted(found, key=sorted))}"
        for kind, bad in failed.items()
        if (found := used & bad)
    )
    if not listed:
        return []
    if named:
        return [f"the layout uses what the calibration failed of: {listed}"]
    return [f"what the calibration failed of is used ({listed}), since no way round it loses less"]


def _used(circuit: QuantumCircuit, qubits: Sequence[int]) -> set[Edge]:
    """Return the qubits and the couplings that a circuit uses."""
    couplings = {frozenset(qubits[k] for k in pair) for pair in interactions(circuit)[1]}
    return couplings | {frozenset((qubit,)) for qubit in qubits}
