"""From a compiled program to what IBM's Sampler takes: the circuits, with the processor's mid-circuit measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction
from qiskit.transpiler import Target

from qnet_circuits.backends.base import Raw
from qnet_circuits.compiling.compiled import Compiled, registers_of
from qnet_circuits.devices.schedule import mid_circuit_measurements
from qnet_circuits.errors import UnsupportedError

#: The measurement for use in the middle of a circuit, faster than the one at its end.
MID_CIRCUIT = "measure_2"
#: Seed of the choice of surplus shots.
_SURPLUS = 1


def equal_shots(shots: Sequence[int], name: str) -> int:
    """Return the number of shots of all circuits.

    Raises:
        UnsupportedError: If they differ.
    """
    different = sorted(set(shots))
    if len(different) != 1:
        given = ", ".join(str(count or "the default") for count in different)
        raise UnsupportedError(
            f"{name} runs all circuits of a job with the same number of shots, {given} were given; "
            "submit a job for each number of shots"
        )
    return different[0]


def asked_shots(entry: Any) -> Raw:
    """Return the registers of one circuit's result with the shots that were asked for; of more, some are left out at random.

    Twirling runs as many shots in each randomisation, hence sometimes a few more; the circuit carries how many were asked for.
    """
    raw = registers_of(entry)
    asked = (entry.metadata.get("circuit_metadata") or {}).get("shots")
    if asked is None:
        return raw
    # The same ones every time that outcomes are fetched: which they are has nothing to do with what they say.
    executed = max(map(len, raw.values()), default=0)
    chosen = np.sort(np.random.default_rng(_SURPLUS).permutation(executed)[:asked])
    return {name: bits[chosen] for name, bits in raw.items()}


def circuits_for(compiled: Compiled, target: Target) -> list[QuantumCircuit]:
    """Return a program's circuits on all qubits of a processor, measured in the middle as the processor offers it."""
    return [with_mid_circuit(circuit, target) for circuit in compiled.circuits]


def with_mid_circuit(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """Return a circuit whose measurements in the middle are ``measure_2``, on the qubits where the target has it.

    A measurement is in the middle if its bit decides on something, or its qubit is used again.
    """
    if MID_CIRCUIT not in target.operation_names:
        return circuit
    middle = mid_circuit_measurements(circuit)
    index = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    offered = target[MID_CIRCUIT]
    faster = circuit.copy_empty_like()
    for position, instruction in enumerate(circuit.data):
        if position in middle and (index[instruction.qubits[0]],) in offered:
            operation = target.operation_from_name(MID_CIRCUIT)
            instruction = CircuitInstruction(operation, instruction.qubits, instruction.clbits)
        faster.append(instruction)
    return faster
