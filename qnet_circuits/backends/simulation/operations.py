"""What operations do: gates with their calibrated infidelity, measurements with errors of readout, and resets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qiskit.circuit import Operation

from qnet_circuits.backends.simulation.steps import (
    Depolarise,
    Measurement,
    NoisyStep,
    PauliError,
    Relax,
    Reset,
    Unitary,
)
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable

#: Halvings after which a share in [0, 1] is as exact as a float.
_HALVINGS = 60


@dataclass(frozen=True)
class Operations:
    """What the operations of one circuit do.

    Args:
        qubits: The physical qubit of each wire.
        usable: The calibration, or None without a device: then nothing errs.
        noise: What is on.
    """

    qubits: Sequence[int]
    usable: Usable | None
    noise: DeviceNoise

    def gate(self, operation: Operation, wires: tuple[int, ...]) -> list[NoisyStep]:
        """Return the steps of a gate."""
        if self.usable is None or not self.noise.gates:
            return [Unitary(operation, wires)]
        physical = tuple([self.qubits[wire] for wire in wires])
        return [Unitary(operation, wires), *gate_error(self.usable, operation.name, wires, physical)]

    def reset(self, wire: int) -> list[NoisyStep]:
        """Return the steps of a reset, which leaves |1⟩ as often as it errs."""
        if self.usable is None or not self.noise.gates:
            return [Reset(wire)]
        error = min(self.usable.error("reset", (self.qubits[wire],)) or 0.0, 0.5)
        return [Reset(wire), *([PauliError(wire, (1 - error, error, 0.0, 0.0))] if error else [])]

    def measurement(
        self, wire: int, bit: int, seconds: float, middle: bool, used_again: bool
    ) -> list[NoisyStep]:
        """Return the steps of a measurement, whose bit is taken at its begin.

        Args:
            wire: The wire.
            bit: The circuit's number of the bit.
            seconds: How long it lasts.
            middle: Whether it is the device's own for a measurement after which the circuit goes on.
            used_again: Whether the wire is, so that it relaxes from its measured state.
        """
        if self.usable is None:
            return [Measurement(wire, bit)]
        qubit, lasting = self.qubits[wire], seconds * self.noise.post_measure_fraction
        errors = self.usable.readout(qubit, middle) if self.noise.readout else (0.0, 0.0)
        relax = Relax(wire, lasting, *self.usable.relaxation(qubit))
        return [Measurement(wire, bit, *errors), *([relax] if used_again and relax.acts else [])]


def gate_error(
    usable: Usable, name: str, wires: tuple[int, ...], physical: tuple[int, ...]
) -> list[NoisyStep]:
    """Return the error steps of a gate; circuits of one program share them, so they are remembered.

    The steps have the calibrated average infidelity: qubits relax while the gate lasts, and depolarisation makes up for the
    rest. If relaxation alone is worse than the calibrated error, it is shortened until it is as bad. A calibrated error was
    measured with relaxation in it, so that relaxation that is counted beside it would be counted twice. A gate of which no
    error is known relaxes.

    Args:
        usable: The calibration.
        name: The gate.
        wires: The wires that it acts on.
        physical: The physical qubit of each wire.
    """
    return usable.once((name, wires, physical), lambda: _gate_error(usable, name, wires, physical))


def _gate_error(
    usable: Usable, name: str, wires: tuple[int, ...], physical: tuple[int, ...]
) -> list[NoisyStep]:
    relaxing, error = _relaxing(usable, name, wires, physical), usable.error(name, physical)
    fidelity = joint_fidelity(relaxing)
    if error is None:
        return _acting(relaxing)
    if 1 - fidelity <= error:
        probability = depolarising_parameter(error, len(wires), fidelity)
        return [*_acting(relaxing), *([Depolarise(wires, probability)] if probability > 0 else [])]
    if error > 0:
        usable.note("relaxation alone is worse than the calibrated error, shortened to it", name, physical)
    return _acting(_shortened(relaxing, error))


def _relaxing(usable: Usable, name: str, wires: tuple[int, ...], physical: tuple[int, ...]) -> list[Relax]:
    """Return the relaxation of all wires of a gate, for as long as it lasts."""
    seconds = usable.duration(name, physical)
    return [
        Relax(wire, seconds, *usable.relaxation(qubit)) for wire, qubit in zip(wires, physical, strict=True)
    ]


def _acting(relaxing: Sequence[Relax]) -> list[NoisyStep]:
    return [relax for relax in relaxing if relax.acts]


def relaxation_error(usable: Usable, name: str, physical: tuple[int, ...]) -> float:
    """Return the average infidelity that relaxation alone gives a gate.

    Args:
        usable: The calibration.
        name: The gate.
        physical: Its qubits.
    """
    return 1 - joint_fidelity(_relaxing(usable, name, tuple(range(len(physical))), physical))


def joint_fidelity(relaxing: Sequence[Relax]) -> float:
    """Return the average fidelity of independent relaxations of all wires of a gate, (Tr R + d) / (d² + d)."""
    trace = math.prod(
        1 + 2 * math.exp(-each.seconds / each.t2) + math.exp(-each.seconds / each.t1) for each in relaxing
    )
    size = 1 << len(relaxing)
    return (trace + size) / (size**2 + size)


def _shortened(relaxing: Sequence[Relax], error: float) -> list[Relax]:
    """Return relaxations for the share of their time after which their joint infidelity is the error."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        part = [replace(each, seconds=share * each.seconds) for each in relaxing]
        low, high = (low, share) if 1 - joint_fidelity(part) > error else (share, high)
    return [replace(each, seconds=low * each.seconds) for each in relaxing]


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
