"""A device: what its calibration says of the qubits and gates that a circuit uses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit.transpiler import InstructionProperties, Target

#: Variants of an operation for use in the middle of a circuit, which simulators do not know: the plain one stands for them.
_VARIANTS = ("measure_2", "reset_2")
#: Control flow that a target names but that no pass or simulator needs for placement.
_CONTROL_FLOW = ("if_else", "for_loop", "while_loop", "switch_case", "box", "break_loop", "continue_loop")


@dataclass(frozen=True)
class Device:
    """A processor, or a stand-in for one, with its calibration.

    Args:
        name: Its name.
        backend: The Qiskit backend that describes it.
        notes: What a result on it must say.
    """

    name: str
    backend: BackendV2
    notes: tuple[str, ...] = ()

    @cached_property
    def target(self) -> Target:
        """The device's target with one kind of measurement and of reset."""
        return restrict(self.backend.target, range(self.backend.num_qubits))

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return int(self.backend.num_qubits)

    @property
    def dynamic(self) -> bool:
        """Whether the device decides in real time (has ``if_else``)."""
        return "if_else" in self.backend.target.operation_names

    def readout(self, qubit: int) -> tuple[float, float]:
        """Return the probabilities to read 1 from |0⟩ and 0 from |1⟩.

        The target knows only their mean; where the calibration has both they come from there.
        """
        try:
            calibrated = self._properties.qubit_property(qubit)
            return float(calibrated["prob_meas1_prep0"][0]), float(calibrated["prob_meas0_prep1"][0])
        except (AttributeError, KeyError, TypeError, IndexError):
            error = self.error("measure", (qubit,))
            return error, error

    @cached_property
    def _properties(self) -> Any:
        properties = getattr(self.backend, "properties", None)
        return properties() if callable(properties) else None

    def error(self, gate: str, qubits: Sequence[int]) -> float:
        """Return the calibrated error of an operation, 0 where none is given."""
        try:
            properties = self.target[gate][tuple(qubits)]
        except (KeyError, TypeError):
            return 0.0
        error = getattr(properties, "error", None)
        return 0.0 if error is None or math.isnan(error) else float(error)

    def calibration(self, circuits: Iterable[QuantumCircuit], layout: Sequence[int]) -> dict[str, Any]:
        """Return in plain form what the device says of the qubits and gates that circuits on a layout use."""
        used = used_operations(circuits)
        gates = [
            {"gate": name, "qubits": physical, "error": self.error(name, physical)}
            for name, places in sorted(used)
            if name not in ("measure", *_CONTROL_FLOW)
            for physical in [[layout[k] for k in places]]
        ]
        readout = {str(qubit): list(self.readout(qubit)) for qubit in sorted(layout)}
        return {"device": self.name, "qubits": list(layout), "readout_p10_p01": readout, "gates": gates}


def used_operations(circuits: Iterable[QuantumCircuit]) -> set[tuple[str, tuple[int, ...]]]:
    """Return the operations that circuits use, with the indices of their qubits, control-flow bodies included."""
    used: set[tuple[str, tuple[int, ...]]] = set()

    def visit(circuit: QuantumCircuit, place: dict[Any, int]) -> None:
        for instruction in circuit.data:
            qubits = tuple(place[qubit] for qubit in instruction.qubits)
            for block in getattr(instruction.operation, "blocks", ()):
                visit(block, dict(zip(block.qubits, qubits, strict=True)))
            if instruction.operation.name not in ("barrier", "delay", *_CONTROL_FLOW):
                used.add((instruction.operation.name, qubits))

    for circuit in circuits:
        visit(circuit, {qubit: k for k, qubit in enumerate(circuit.qubits)})
    return used


def restrict(target: Target, qubits: Sequence[int]) -> Target:
    """Return a target of only the given qubits, numbered in their order, with one kind of measurement and reset."""
    place = {qubit: k for k, qubit in enumerate(qubits)}
    properties = target.qubit_properties
    smaller = Target(
        num_qubits=len(place),
        dt=target.dt,
        qubit_properties=[properties[qubit] for qubit in place] if properties else None,
    )
    for name in target.operation_names:
        if name in _VARIANTS:
            continue
        operation, entries = target.operation_from_name(name), target[name]
        if entries is None or None in entries:
            smaller.add_instruction(operation, name=name)
            continue
        kept: dict[tuple[int, ...], InstructionProperties | None] = {
            tuple(place[qubit] for qubit in where): entry
            for where, entry in entries.items()
            if all(qubit in place for qubit in where)
        }
        if kept:
            smaller.add_instruction(operation, kept, name=name)
    return smaller
