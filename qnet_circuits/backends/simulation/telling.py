"""A wire with only populations is replaced by a bit, which decides on the turns of its neighbours.

The wire is measured into an extra bit, without readout errors, right after its last gate. A later turn beside the wire becomes
a phase gate on the neighbour, and the bit decides on this gate. The wire itself is then no longer simulated.
"""

from __future__ import annotations

from dataclasses import replace

from qiskit import QuantumCircuit
from qiskit.circuit import Clbit, IfElseOp
from qiskit.circuit.library import CPhaseGate, PhaseGate

from qnet_circuits.backends.simulation.fusing import populations_only
from qnet_circuits.backends.simulation.pauli_transfer import sectors
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Measurement,
    NoisyCircuit,
    NoisyStep,
    Reset,
    Unitary,
)


def told(circuit: NoisyCircuit) -> NoisyCircuit:
    """Return a circuit of the same outcomes in which resting wires turn their neighbours by bits.

    Args:
        circuit: A noisy circuit, without steps that change no outcome.

    Returns:
        The circuit; bits beyond those of its registers hold the values of resting wires.
    """
    return _Telling(circuit).run()


class _Telling:
    def __init__(self, circuit: NoisyCircuit) -> None:
        self._circuit = circuit
        #: The last step that changed each wire's populations; and the bit of each wire after such a step.
        self._changed: dict[int, int] = {}
        self._bits: dict[tuple[int, int], int] = {}
        self._clbits = list(circuit.source.clbits)

    def run(self) -> NoisyCircuit:
        made = []
        for number, (step, resting) in enumerate(
            zip(self._circuit.steps, populations_only(self._circuit), strict=True)
        ):
            changed = [wire for wire in step.wires if _changes(step, wire)]
            made.append(self._told(step, resting.difference(changed)))
            self._changed.update(dict.fromkeys(changed, number))
        source = QuantumCircuit(self._clbits)
        for register in self._circuit.source.cregs:
            source.add_register(register)
        return replace(self._circuit, steps=tuple(self._measured(made)), source=source)

    def _measured(self, made: list[NoisyStep]) -> list[NoisyStep]:
        """Return the steps with the measurements of resting wires, each right after the step that changed its wire last."""
        after: dict[int, list[NoisyStep]] = {}
        for (wire, number), bit in self._bits.items():
            after.setdefault(number, []).append(Measurement(wire, bit))
        steps = after.get(-1, [])
        for number, step in enumerate(made):
            steps += [step, *after.get(number, ())]
        return steps

    def _told(self, step: NoisyStep, resting: frozenset[int]) -> NoisyStep:
        """Return a step in which the given wires turn their neighbours by bits."""
        if isinstance(step, Decision):
            return self._decision(step, resting)
        if not isinstance(step, Unitary) or step.operation.base_class is not CPhaseGate:
            return step
        first, second = step.wires
        if first not in resting:
            first, second = second, first
        return self._turn(first, second, step.operation.params[0]) if first in resting else step

    def _decision(self, step: Decision, resting: frozenset[int]) -> Decision:
        blocks = tuple([tuple([self._told(inside, resting) for inside in block]) for block in step.blocks])
        every = [inside for block in blocks for inside in block]
        touched = {wire for inside in every for wire in inside.wires}
        wires = tuple([wire for wire in step.wires if wire in touched])
        bits = [bit for inside in every if isinstance(inside, Decision) for bit in inside.bits]
        return replace(step, wires=wires, bits=tuple(dict.fromkeys([*step.bits, *bits])), blocks=blocks)

    def _turn(self, wire: int, neighbour: int, angle: float) -> Decision:
        """Return the turn of a neighbour beside a wire that is measured."""
        place = wire, self._changed.get(wire, -1)
        if place not in self._bits:
            self._bits[place] = len(self._clbits)
            self._clbits.append(Clbit())
        bit = self._bits[place]
        phase = Unitary(PhaseGate(angle), (neighbour,))
        condition = IfElseOp((self._clbits[bit], 1), QuantumCircuit(1, 1))
        return Decision(condition, (bit,), (neighbour,), ((phase,), ()))


def _changes(step: NoisyStep, wire: int) -> bool:
    """Tell whether a step changes a wire's populations."""
    if isinstance(step, Decision):
        return any(
            wire in inside.wires and _changes(inside, wire) for block in step.blocks for inside in block
        )
    return not isinstance(step, Measurement) and (isinstance(step, Reset) or not sectors(step)[0])
