"""A noisy circuit as Aer takes it: with perfect readout, and noise as instructions of the circuit or fused into channels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import CircuitInstruction, IfElseOp, Measure, Operation, Qubit
from qiskit.circuit import Reset as ResetOperation
from qiskit.circuit.library import CXGate, IGate, RZGate, UnitaryGate, XGate, YGate, ZGate

from qnet_circuits.backends.simulation.pauli_transfer import channel, kraus
from qnet_circuits.backends.simulation.steps import (
    Channel,
    Decision,
    Depolarise,
    Measurement,
    Misread,
    NoisyCircuit,
    NoisyStep,
    PauliError,
    Relax,
    Reset,
    Transfer,
    Unitary,
)
from qnet_circuits.compiling.building import filled

Place = Mapping[int, Any]
Bits = Sequence[Any]


def circuit_of(noisy: NoisyCircuit, density_matrix: bool = False) -> QuantumCircuit:
    """Return a circuit for Aer.

    Args:
        noisy: A noisy circuit with perfect readout, of gates and errors as they are, or fused.
        density_matrix: Whether a density matrix evolves, of which the probabilities of outcomes are saved: shots are drawn
            of them sooner than Aer draws them. Otherwise errors and channels are drawn from, shot by shot.
    """
    circuit = QuantumCircuit(
        QuantumRegister(noisy.num_wires, "q"), list(noisy.source.clbits), name=noisy.name
    )
    for register in noisy.source.cregs:
        circuit.add_register(register)
    place, bits = dict(enumerate(circuit.qubits)), circuit.clbits
    instructions = [_instruction(step, place, bits, density_matrix) for step in noisy.steps]
    return filled(circuit, _saved(circuit, instructions) if density_matrix else instructions)


def _saved(circuit: QuantumCircuit, instructions: Sequence[CircuitInstruction]) -> list[CircuitInstruction]:
    """Return instructions with measurements last, which are final, and the probabilities of their outcomes saved before."""
    from qiskit_aer.library import SaveProbabilities

    measured = [each for each in instructions if each.operation.name == "measure"]
    before = [each for each in instructions if each.operation.name != "measure"]
    qubits = [qubit for _, qubit in sorted(measured_by(circuit, measured).items())]
    return [*before, CircuitInstruction(SaveProbabilities(len(qubits)), qubits), *measured]


def measured_by(circuit: QuantumCircuit, instructions: Iterable[CircuitInstruction]) -> dict[int, Qubit]:
    """Return for each bit, by its number, the qubit whose measurement it holds in the end."""
    place = {bit: k for k, bit in enumerate(circuit.clbits)}
    return {
        place[each.clbits[0]]: each.qubits[0] for each in instructions if each.operation.name == "measure"
    }


def _instruction(step: NoisyStep, place: Place, bits: Bits, density_matrix: bool) -> CircuitInstruction:
    qubits = tuple([place[wire] for wire in step.wires])
    if isinstance(step, Measurement):
        return CircuitInstruction(Measure(), qubits, (bits[step.bit],))
    if isinstance(step, Decision):
        return CircuitInstruction(_decision(step, place, bits), qubits, [bits[bit] for bit in step.bits])
    if isinstance(step, Reset):
        return CircuitInstruction(ResetOperation(), qubits)
    return CircuitInstruction(_operation(step, density_matrix), qubits)


def _decision(step: Decision, place: Place, bits: Bits) -> Operation:
    """Return the control-flow operation with noise in its branches."""
    touched = [bits[bit] for bit in step.bits]
    blocks = []
    for steps in step.blocks:
        block = QuantumCircuit([place[wire] for wire in step.wires], touched)
        inside = (_instruction(each, place, bits, density_matrix=False) for each in steps)
        blocks.append(filled(block, inside))
    if step.operation.name == "if_else":
        return IfElseOp(step.operation.condition, *blocks)
    return step.operation.replace_blocks(blocks)


def _standard(operation: Operation) -> Operation:
    """Return rz by a multiple of π/2 with the angle in [0, 2π): Aer's stabilizer refuses others."""
    if operation.name != "rz":
        return operation
    turns = float(operation.params[0]) / (math.pi / 2)
    whole = round(turns)
    if abs(turns - whole) > 1e-9 or turns == whole % 4:
        return operation
    return RZGate((whole % 4) * math.pi / 2)


# -- errors ----------------------------------------------------------------------------------------------------------


def _operation(step: Channel, density_matrix: bool) -> Operation:
    if isinstance(step, Transfer):
        return _channel(step.matrix.tobytes(), len(step.matrix), density_matrix)
    if isinstance(step, Unitary):
        return _standard(step.operation)
    if isinstance(step, Depolarise):
        return _depolarising(step.probability, len(step.wires))
    if isinstance(step, PauliError):
        return _pauli_error(*step.weights)
    if isinstance(step, Misread):
        return _misread(step.p10, step.p01)
    return _relaxation(step.seconds, step.t1, step.t2)


@lru_cache(maxsize=4096)
def _channel(entries: bytes, size: int, density_matrix: bool) -> Operation:
    """Return a channel of a transfer matrix; circuits of one program share most of theirs."""
    from qiskit.quantum_info import Kraus, SuperOp

    matrix = np.frombuffer(entries).reshape(size, size)
    if density_matrix:
        return SuperOp(channel(matrix)).to_instruction()
    operators = kraus(matrix)
    return UnitaryGate(operators[0]) if len(operators) == 1 else Kraus(operators).to_instruction()


def mixes(step: Relax) -> bool:
    """Tell whether relaxation is a mixture of Z and a reset, as it is for coherence that falls no slower than population."""
    return math.exp(-step.seconds / step.t2) <= math.exp(-step.seconds / step.t1) + 1e-15


@lru_cache(maxsize=4096)
def _depolarising(probability: float, qubits: int) -> Operation:
    from qiskit_aer.noise import depolarizing_error

    return depolarizing_error(probability, qubits).to_instruction()


def _mixture(*terms: tuple[float, Sequence[Operation]]) -> Operation:
    """Return the error of one qubit that does each of these sequences of operations with its probability."""
    from qiskit_aer.noise import QuantumError

    on_qubit = [
        ([(operation, [0]) for operation in sequence], weight) for weight, sequence in terms if weight > 0
    ]
    return QuantumError(on_qubit).to_instruction()


@lru_cache(maxsize=4096)
def _pauli_error(i: float, x: float, y: float, z: float) -> Operation:
    return _mixture((i, [IGate()]), (x, [XGate()]), (y, [YGate()]), (z, [ZGate()]))


@lru_cache(maxsize=4096)
def _misread(p10: float, p01: float) -> Operation:
    """Return confusion as a mixture of nothing, X, and a reset to the value that is read too often."""
    too_often = [ResetOperation(), XGate()] if p10 > p01 else [ResetOperation()]
    both, rest = min(p10, p01), abs(p10 - p01)
    return _mixture((1 - both - rest, [IGate()]), (both, [XGate()]), (rest, too_often))


@lru_cache(maxsize=4096)
def _relaxation(seconds: float, t1: float, t2: float) -> Operation:
    """Return relaxation that is a mixture of Z and a reset."""
    kept = math.exp(-seconds / t1)
    flipped = max(0.0, (kept - math.exp(-seconds / t2)) / 2)
    return _mixture((kept - flipped, [IGate()]), (flipped, [ZGate()]), (1 - kept, [ResetOperation()]))


# -- readout ---------------------------------------------------------------------------------------------------------


def perfect_readout(circuit: NoisyCircuit) -> NoisyCircuit:
    """Return a circuit of the same outcomes whose measurements are perfect.

    A wire that is measured for the last time, or reset next, is confused before it is measured. One that goes on is copied to
    a fresh wire, which is confused and measured in its place: the wire goes on from its true outcome. Without decisions this is
    done where nothing is confused too, so that all measurements are final and one evolution serves all shots.
    """
    return _Readout(circuit).run()


class _Readout:
    def __init__(self, circuit: NoisyCircuit) -> None:
        self._circuit = circuit
        self._wires = circuit.num_wires
        self._decides = any(isinstance(step, Decision) for step in circuit.steps)

    def run(self) -> NoisyCircuit:
        steps: list[NoisyStep] = []
        goes_on = self._goes_on()
        for k, step in enumerate(self._circuit.steps):
            if isinstance(step, Measurement | Decision):
                steps += self._step(step, k in goes_on)
            else:
                steps.append(step)
        return replace(self._circuit, steps=tuple(steps), num_wires=self._wires)

    def _goes_on(self) -> set[int]:
        """Return the numbers of the measurements whose wire does anything but be reset afterwards."""
        following: dict[int, NoisyStep] = {}
        found = set()
        for k, step in reversed(list(enumerate(self._circuit.steps))):
            if isinstance(step, Measurement) and not isinstance(following.get(step.wire), Reset | None):
                found.add(k)
            for wire in step.wires:
                following[wire] = step
        return found

    def _step(self, step: NoisyStep, goes_on: bool) -> list[NoisyStep]:
        if isinstance(step, Decision):
            return [self._decision(step)]
        if not isinstance(step, Measurement):
            return [step]
        confused = [Misread(step.wire, step.p10, step.p01)] if step.p10 or step.p01 else []
        if not confused and (self._decides or not goes_on):
            return [step]
        wire, copies = step.wire, []
        if goes_on:
            wire = self._wires
            self._wires += 1
            copies = [Unitary(CXGate(), (step.wire, wire))]
        return [*copies, *(replace(one, wire=wire) for one in confused), Measurement(wire, step.bit)]

    def _decision(self, step: Decision) -> Decision:
        """Treat the measurements in branches: the decision reaches over the fresh wires too."""
        first = self._wires
        blocks = tuple(
            tuple(new for each in block for new in self._step(each, True)) for block in step.blocks
        )
        return replace(step, wires=(*step.wires, *range(first, self._wires)), blocks=blocks)
