"""Optimisation: Qiskit's pass manager for the qubits that a circuit uses, which the fences hold back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import IfElseOp, Instruction, SwitchCaseOp, WhileLoopOp
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import Target, TranspilerError, generate_preset_pass_manager

from qnet_circuits.compiling.decisions import STAND_IN, Gates, put_back, set_aside
from qnet_circuits.compiling.fences import fence
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.noise.device import restrict

#: Gates of a machine without a device's limits; no U, into which optimisation would merge Clifford gates past recognition.
_FREE_GATES = (
    "id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "t", "tdg", "rx", "ry", "rz", "cx", "cy", "cz",
    "swap", "ccx", "rzz", "measure", "reset", "delay",
)  # fmt: skip


class Optimiser:
    """Compiles circuits on some qubits of a machine.

    Args:
        qubits: The physical qubit of each wire.
        target: The device's target, or None for a machine without limits.
        level: Qiskit's optimization level, 0 to 3.
        seed: Seed of what Qiskit draws at random.
    """

    def __init__(self, qubits: Sequence[int], target: Target | None, level: int, seed: int) -> None:
        smaller = _free_target(len(qubits)) if target is None else restrict(target, qubits)
        smaller.add_instruction(Instruction(STAND_IN, 1, 0, []), {(k,): None for k in range(len(qubits))})
        self._width = len(qubits)
        self._bodies: dict[tuple[Any, ...], Gates] = {}
        self._manager: Any = generate_preset_pass_manager(
            optimization_level=level,
            target=smaller,
            initial_layout=list(range(len(qubits))),
            seed_transpiler=seed,
        )

    def run(self, circuit: QuantumCircuit) -> QuantumCircuit:
        """Return a circuit compiled and optimised between its fences.

        Raises:
            UnsupportedError: If the machine cannot do it.
        """
        simple, decisions = set_aside(circuit)
        try:
            optimised: QuantumCircuit = self._manager.run(simple)
            if decisions:
                put_back(optimised, decisions, self._body)
            return optimised
        except TranspilerError as error:
            reason = " ".join(str(error.message).split())
            raise UnsupportedError(f"circuit {circuit.name!r} cannot be compiled here: {reason}") from error

    def _body(self, body: QuantumCircuit, wire: int) -> Gates:
        """Return the gates that a body of one qubit becomes on a wire; the same ones are compiled once."""
        key = (wire, *((inside.name, *inside.params) for inside in body.data))
        if key not in self._bodies:
            alone = QuantumCircuit(self._width)
            qubit = alone.qubits[wire]
            gates = [inside.replace(qubits=(qubit,)) for inside in body.data]
            # Between fences, so that nothing is taken from the qubit's beginning in |0⟩.
            ends = (fence(qubit, "body:in"), fence(qubit, "body:out"))
            for instruction in (ends[0], *gates, ends[1]):
                alone.append(instruction)
            compiled = self._manager.run(alone).data
            self._bodies[key] = tuple(gate for gate in compiled if gate.name != "barrier")
        return self._bodies[key]


def _free_target(width: int) -> Target:
    """Return a target with every gate on every qubit."""
    target = Target(num_qubits=width)
    known = get_standard_gate_name_mapping()
    for name in _FREE_GATES:
        target.add_instruction(known[name], name=name)
    for kind, name in ((IfElseOp, "if_else"), (SwitchCaseOp, "switch_case"), (WhileLoopOp, "while_loop")):
        target.add_instruction(kind, name=name)
    return target
