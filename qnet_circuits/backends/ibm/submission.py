"""The common part of all jobs of IBM's Sampler: options, shots and circuits."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction
from qiskit.transpiler import Target

from qnet_circuits.backends.base import Backend, Raw
from qnet_circuits.backends.ibm.sampler_options import ON_A_PROCESSOR, check_options, executed_shots
from qnet_circuits.compiling.compiled import Compiled, registers_of
from qnet_circuits.devices.repaired import MID_CIRCUIT
from qnet_circuits.devices.schedule import mid_circuit_measurements
from qnet_circuits.errors import UnsupportedError

#: Seed of the choice of surplus shots.
_SURPLUS = 1


class JobBackend(Backend):
    """A backend for jobs of IBM's Sampler, with the Sampler's options and the same number of shots for all circuits."""

    equal_shots = True
    #: What its jobs can be asked for.
    honoured: Sequence[str] = ON_A_PROCESSOR

    def with_options(self, options: Mapping[str, Any] | None) -> Self:
        """Return the same backend with options of the Sampler, by dotted name. The connection is shared."""
        if not options:
            return self
        other = copy.copy(self)
        other.options = check_options(options, self.name, self.honoured)
        return other

    def executed(self, shots: int) -> int:
        """Return the number of shots that run for a requested number: twirling runs equally many in each randomisation."""
        return executed_shots(shots, self.options)

    def shots_of_a_job(self, compiled: Compiled, shots: Sequence[int]) -> int:
        """Return the number of shots of all circuits, if they can be one job.

        Raises:
            UnsupportedError: If the numbers differ, or the circuits cannot be one job.
            ParameterError: If there are too few randomisations.
        """
        different = sorted(set(shots))
        if len(different) != 1:
            given = ", ".join(str(count or "the default") for count in different)
            raise UnsupportedError(
                f"{self.name} runs all circuits of a job with the same number of shots, got {given}; "
                "submit a job for each number of shots"
            )
        self.executed(different[0])
        self.check(compiled)
        return different[0]


def asked_shots(entry: Any) -> Raw:
    """Return the registers of one circuit's result with the requested shots. Surplus shots are left out at random.

    Twirling runs equally many shots in each randomisation, so sometimes a few more. The circuit's metadata hold the requested
    number.
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
    """Return a program's circuits on all qubits of a processor, with the processor's mid-circuit measurements."""
    return [with_mid_circuit(circuit, target) for circuit in compiled.circuits]


def with_mid_circuit(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """Return a circuit whose mid-circuit measurements are ``measure_2``, on the qubits for which the target has it.

    A measurement is mid-circuit if its bit is used in a decision, or its qubit is used again.
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
