"""Which couplings of a device may be used without being named: not those whose calibration failed."""

from __future__ import annotations

from collections.abc import Iterable

from qiskit.transpiler import Target

from qnet_circuits.compiling.building import meeting_pairs
from qnet_circuits.compiling.routing import Routed
from qnet_circuits.devices.device import Device, restrict


def trusted(device: Device) -> Target:
    """Return a device's target without the two-qubit gates whose calibration failed.

    Args:
        device: The device.
    """
    failed = device.calibration.failed_gates
    return restrict(device.target, range(device.num_qubits), failed) if failed else device.target


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


def _couplings(routed: Routed) -> Iterable[frozenset[int]]:
    """Yield the couplings that a circuit uses."""
    physical = dict(zip(routed.circuit.qubits, routed.qubits, strict=True))
    for instruction in routed.circuit.data:
        for pair in meeting_pairs(instruction):
            yield frozenset(physical[qubit] for qubit in pair)
