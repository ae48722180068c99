"""What gates suffer: relaxation while they last, and depolarisation for what is missing to their calibrated infidelity."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qnet_circuits.backends.simulation.steps import Depolarise, NoisyStep, Relax
from qnet_circuits.devices.repaired import Usable


def gate_error(
    usable: Usable, name: str, wires: tuple[int, ...], physical: tuple[int, ...]
) -> list[NoisyStep]:
    """Return the error steps of a gate; circuits of one program share them, so they are remembered.

    Args:
        usable: The calibration.
        name: The gate.
        wires: The wires that it acts on.
        physical: The physical qubit of each wire.
    """
    key = (name, wires, physical)
    if key not in usable.remembered:
        usable.remembered[key] = _gate_error(usable, name, wires, physical)
    found: list[NoisyStep] = usable.remembered[key]
    return found


def _gate_error(
    usable: Usable, name: str, wires: tuple[int, ...], physical: tuple[int, ...]
) -> list[NoisyStep]:
    seconds = usable.duration(name, physical)
    relaxing = [
        Relax(wire, seconds, *usable.relaxation(qubit)) for wire, qubit in zip(wires, physical, strict=True)
    ]
    probability = depolarising_parameter(usable.error(name, physical), len(wires), _joint_fidelity(relaxing))
    steps: list[NoisyStep] = [relax for relax in relaxing if relax.acts]
    return [*steps, Depolarise(wires, probability)] if probability > 0 else steps


def _joint_fidelity(relaxing: Sequence[Relax]) -> float:
    """Return the average fidelity of independent relaxations of all wires of a gate, (Tr R + d) / (d² + d)."""
    trace = math.prod(
        1 + 2 * math.exp(-each.seconds / each.t2) + math.exp(-each.seconds / each.t1) for each in relaxing
    )
    size = 1 << len(relaxing)
    return (trace + size) / (size**2 + size)


def depolarising_parameter(error: float, qubits: int, fidelity: float = 1.0) -> float:
    """Return the depolarising probability that makes up the average infidelity ``error`` of a gate.

    A channel that replaces the state by the maximally mixed one with probability p, after one of average fidelity F, has the
    fidelity (1 - p) F + p/d, d = 2^qubits (M. A. Nielsen, Phys. Lett. A 303, 249 (2002)).

    Args:
        error: Average infidelity, in [0, 1].
        qubits: Number of qubits of the gate.
        fidelity: Average fidelity of what else happens during the gate.

    Returns:
        The probability; 0 where the rest is worse than the error already, 1 for an error of 1/2 or more, which is a failed
        calibration and counts as total depolarisation.

    Example:
        >>> round(depolarising_parameter(0.003, 2), 12)
        0.004
    """
    if error >= 0.5:
        return 1.0
    floor = 1 / (1 << qubits)
    missing = fidelity - 1 + error
    return min(1.0, missing / (fidelity - floor)) if missing > 0 else 0.0
