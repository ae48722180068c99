"""Optimisation: Qiskit's pass manager for the qubits that a circuit uses, which the fences hold back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import (
    Barrier,
    CircuitInstruction,
    ControlFlowOp,
    Gate,
    IfElseOp,
    Instruction,
    Qubit,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import Target, TranspilerError, generate_preset_pass_manager

from qnet_circuits.compiling.building import fence, fence_label, with_instructions
from qnet_circuits.compiling.conditionals import STAND_IN, Gates, put_back, set_aside
from qnet_circuits.devices.device import restrict
from qnet_circuits.errors import UnsupportedError

#: Gates of a machine without a device's limits; no U, into which optimisation would merge Clifford gates past recognition.
_FREE_GATES = (
    "id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "t", "tdg", "rx", "ry", "rz", "cx", "cy", "cz",
    "swap", "rzz", "measure", "reset", "delay",
)  # fmt: skip


_Key = tuple[Any, ...]


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
        self._target, self._level, self._seed = smaller, level, seed
        self._width = len(qubits)
        self._bodies: dict[_Key, Gates] = {}

    @cached_property
    def _manager(self) -> Any:
        """The pass manager.

        All two-qubit gates lie on couplings, and there are no wider ones, so routing is forbidden: at levels 2 and 3 Qiskit
        would else turn what amounts to a SWAP into new names for the wires, and then, where these lie apart, put in a SWAP
        elsewhere, across fences.
        """
        return generate_preset_pass_manager(
            optimization_level=self._level,
            target=self._target,
            initial_layout=list(range(self._width)),
            seed_transpiler=self._seed,
            routing_method="none",
        )

    def run(self, circuit: QuantumCircuit) -> QuantumCircuit:
        """Return a circuit compiled and optimised between its fences.

        Raises:
            UnsupportedError: If the machine cannot do it.
        """
        simple, decisions = set_aside(circuit)
        try:
            self._learn([(body, one.wire) for one in decisions for body in one.operation.blocks])
            optimised: QuantumCircuit = self._manager.run(simple)
        except TranspilerError as error:
            reason = self._lacking(circuit) or " ".join(str(error.message).split())
            raise UnsupportedError(f"circuit {circuit.name!r} cannot be compiled here: {reason}") from error
        put_back(optimised, decisions, self._body)
        return optimised

    def _lacking(self, circuit: QuantumCircuit) -> str:
        """Return what a circuit does besides gates that the machine has no instruction for; empty if there is nothing."""
        others = (
            each for each in circuit.data if not isinstance(each.operation, Gate | ControlFlowOp | Barrier)
        )
        does = {each.name for each in others}
        lacking = ", ".join(sorted(does - set(self._target.operation_names)))
        return lacking and f"the device has no {lacking}; leave that out, or choose another device"

    def _body(self, body: QuantumCircuit, wire: int) -> Gates:
        """Return the gates that a body becomes on a wire, which need not be the one it was on before."""
        key = _key(body, wire)
        if key not in self._bodies:
            self._learn([(body, wire)])
        return self._bodies[key]

    def _learn(self, bodies: Iterable[tuple[QuantumCircuit, int]]) -> None:
        """Compile the bodies of decisions that no circuit before had, all in one go, each between fences of its own."""
        new: dict[_Key, list[CircuitInstruction]] = {}
        apart = QuantumCircuit(self._width)
        done: list[CircuitInstruction] = []
        for body, wire in bodies:
            key = _key(body, wire)
            if key in self._bodies or key in new:
                continue
            qubit, name = apart.qubits[wire], f"body{len(new)}"
            gates = [inside.replace(qubits=(qubit,)) for inside in body.data]
            done += [fence(qubit, f"{name}:in"), *gates, fence(qubit, f"{name}:out")]
            new[key] = []
        if not new:
            return
        compiled = self._manager.run(with_instructions(apart, done))
        between = dict(zip((f"body{k}:in" for k in range(len(new))), new.values(), strict=True))
        open_on: dict[Qubit, list[CircuitInstruction]] = {}
        for instruction in compiled.data:
            label = fence_label(instruction)
            if label is None:
                open_on[instruction.qubits[0]].append(instruction)
            elif label in between:
                open_on[instruction.qubits[0]] = between[label]
        self._bodies.update((key, tuple(gates)) for key, gates in new.items())


def _key(body: QuantumCircuit, wire: int) -> _Key:
    """Return what the compiled gates of a body of one qubit depend on."""
    return wire, *((inside.name, *inside.params) for inside in body.data)


def _free_target(width: int) -> Target:
    """Return a target with every gate on every qubit."""
    target = Target(num_qubits=width)
    known = get_standard_gate_name_mapping()
    for name in _FREE_GATES:
        target.add_instruction(known[name], name=name)
    for kind, name in ((IfElseOp, "if_else"), (SwitchCaseOp, "switch_case"), (WhileLoopOp, "while_loop")):
        target.add_instruction(kind, name=name)
    return target
