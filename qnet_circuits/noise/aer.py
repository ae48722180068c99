"""Noise as Aer takes it: a noise model for the qubits used, and link errors at the fences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Operation
from qiskit.circuit.library import RZGate

from qnet_circuits.compiling.fences import fence_label
from qnet_circuits.compiling.lowering import Lowered
from qnet_circuits.noise.device import Device, used_operations


def depolarising_parameter(error: float, qubits: int) -> float:
    """Return the depolarising probability of a gate whose average infidelity is ``error``.

    A channel that replaces the state by the maximally mixed one with probability p has the average infidelity
    p (1 - 1/d), d = 2^qubits (M. A. Nielsen, Phys. Lett. A 303, 249 (2002)).

    Args:
        error: Average infidelity, in [0, 1].
        qubits: Number of qubits of the gate.

    Returns:
        The probability, at most 1: a larger error is a failed calibration, and counts as total depolarisation.

    Example:
        >>> round(depolarising_parameter(0.003, 2), 12)
        0.004
    """
    size: int = 1 << qubits
    return min(1.0, error * size / (size - 1))


def noise_model(device: Device, circuits: Iterable[QuantumCircuit], qubits: Sequence[int]) -> Any:
    """Return Aer's noise model for circuits whose wire k is the physical qubit ``qubits[k]``.

    Gate errors are depolarising with the calibrated infidelity, readout errs in both directions with the calibrated
    probabilities. Only what the circuits use is in it.
    """
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    model = NoiseModel()
    for name, wires in sorted(used_operations(circuits)):
        physical = tuple(qubits[wire] for wire in wires)
        if name == "measure":
            p10, p01 = device.readout(physical[0])
            if p10 or p01:
                model.add_readout_error(ReadoutError([[1 - p10, p10], [p01, 1 - p01]]), list(wires))
            continue
        if name == "reset":
            continue
        parameter = depolarising_parameter(device.error(name, physical), len(wires))
        if parameter > 0:
            model.add_quantum_error(depolarizing_error(parameter, len(wires)), name, list(wires))
    return model


def _standard(operation: Operation) -> Operation:
    """Return rz by a multiple of π/2 with the angle in [0, 2π): Aer's stabilizer refuses others."""
    if operation.name != "rz":
        return operation
    turns = float(operation.params[0]) / (math.pi / 2)
    whole = round(turns)
    if abs(turns - whole) > 1e-9 or turns == whole % 4:
        return operation
    return RZGate((whole % 4) * math.pi / 2)


def with_link_noise(circuit: QuantumCircuit, lowered: Lowered) -> QuantumCircuit:
    """Return a compiled circuit in which the links' errors happen at their fences, and the fences are gone."""
    from qiskit_aer.noise import pauli_error

    kept: list[CircuitInstruction] = []
    for instruction in circuit.data:
        label = fence_label(instruction)
        if label is None:
            operation = _standard(instruction.operation)
            same = operation is instruction.operation
            kept.append(instruction if same else instruction.replace(operation=operation))
        elif label in lowered.link_noise:
            weights = zip("IXYZ", lowered.link_noise[label], strict=True)
            error = pauli_error([(pauli, weight) for pauli, weight in weights if weight > 0])
            kept.append(CircuitInstruction(error.to_instruction(), instruction.qubits))
    noisy = QuantumCircuit.from_instructions(
        kept,
        qubits=circuit.qubits,
        clbits=circuit.clbits,
        name=circuit.name,
        global_phase=circuit.global_phase,
    )
    for register in circuit.cregs:
        noisy.add_register(register)
    return noisy
