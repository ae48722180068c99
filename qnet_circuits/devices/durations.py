"""How long the operations of a circuit take on a device."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction

from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import DurationOf, mid_circuit_measurements


def durations_of(circuit: QuantumCircuit, qubits: Sequence[int], usable: Usable) -> DurationOf:
    """Return what ``schedule`` asks for durations: a measurement after which the circuit goes on takes the device's own for it.

    Args:
        circuit: A compiled circuit on the used qubits alone.
        qubits: The physical qubit of each of its wires.
        usable: The device's calibration with its gaps treated.
    """
    middle = mid_circuit_measurements(circuit)

    def seconds(position: int, instruction: CircuitInstruction, wires: tuple[int, ...]) -> float:
        name = str(instruction.name)
        if name == "delay":
            return usable.delay(instruction.operation)
        if position in middle:
            name = usable.mid_circuit_measurement
        return usable.duration(name, tuple([qubits[wire] for wire in wires]))

    return seconds
