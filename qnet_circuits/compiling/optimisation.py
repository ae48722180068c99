"""Optimisation: Qiskit's pass manager for the qubits that a circuit uses, which the fences hold back.

A compiler visits the body of every decision again in each of its passes, which costs more than all the rest of a circuit. The
body of a correction is a few gates on one qubit: it is compiled once for each wire, by itself, and set aside meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import pi
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import (
    Barrier,
    CircuitInstruction,
    ControlFlowOp,
    Gate,
    IfElseOp,
    Instruction,
    ParameterExpression,
    Qubit,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.library import RZGate, RZZGate, XGate, get_standard_gate_name_mapping
from qiskit.transpiler import Target, TranspilerError, generate_preset_pass_manager

from qnet_circuits.compiling.building import fence, fence_label, with_instructions
from qnet_circuits.devices.device import restrict
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.stages import own_stages

#: Gates of a machine without a device's limits; no U, into which optimisation would merge Clifford gates past recognition.
_FREE_GATES = (
    "id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "t", "tdg", "rx", "ry", "rz", "cx", "cy", "cz",
    "swap", "rzz", "measure", "reset", "delay",
)  # fmt: skip


#: Name of the instruction that stands where a decision was; it touches the same bits and means nothing to a compiler.
STAND_IN = "decision"
#: Of how many bodies of decisions an optimiser keeps the gates.
_BODIES = 10_000

_Key = tuple[Any, ...]


def set_aside(circuit: QuantumCircuit) -> tuple[QuantumCircuit, list[IfElseOp]]:
    """Return a circuit with a stand-in for each decision on gates of one qubit, and those decisions.

    A stand-in's parameter is its decision's number in the list.
    """
    decisions: list[IfElseOp] = []
    kept = []
    for instruction in circuit.data:
        if _is_simple(instruction):
            stand_in = Instruction(STAND_IN, 1, len(instruction.clbits), [len(decisions)])
            decisions.append(instruction.operation)
            instruction = instruction.replace(operation=stand_in)
        kept.append(instruction)
    return (with_instructions(circuit, kept) if decisions else circuit), decisions


def _is_simple(instruction: CircuitInstruction) -> bool:
    if instruction.name != "if_else" or len(instruction.qubits) != 1:
        return False
    blocks = instruction.operation.blocks
    return all(isinstance(inside.operation, Gate) for block in blocks for inside in block.data)


class Optimiser:
    """Compiles circuits on some qubits of a machine.

    Args:
        qubits: The physical qubit of each wire.
        target: The device's target, or None for a machine without limits.
        level: Qiskit's optimization level, 0 to 3.
    """

    def __init__(self, qubits: Sequence[int], target: Target | None, level: int) -> None:
        smaller = _free_target(len(qubits)) if target is None else restrict(target, qubits)
        smaller.add_instruction(Instruction(STAND_IN, 1, 0, []), {(k,): None for k in range(len(qubits))})
        self._target, self._level = smaller, level
        self._width = len(qubits)
        # What folds angles must be there; a device without it has a range of its own.
        self._fractional = target is not None and {"rzz", "rz", "x"} <= set(target.operation_names)
        self._bodies: dict[_Key, list[CircuitInstruction]] = {}

    @cached_property
    def _manager(self) -> Any:
        """The pass manager.

        All two-qubit gates lie on couplings, and there are no wider ones, so routing is forbidden: at levels 2 and 3 Qiskit
        would else turn what amounts to a SWAP into new names for the wires, and then, where these lie apart, put in a SWAP
        elsewhere, across fences.
        """
        with own_stages():
            return generate_preset_pass_manager(
                optimization_level=self._level,
                target=self._target,
                initial_layout=list(range(self._width)),
                seed_transpiler=0,
                routing_method="none",
            )

    def run(self, circuit: QuantumCircuit) -> QuantumCircuit:
        """Return a circuit compiled and optimised between its fences.

        Raises:
            UnsupportedError: If the machine cannot do it.
        """
        simple, decisions = set_aside(self._folded(circuit))
        try:
            # Optimisation may make angles out of range anew.
            optimised: QuantumCircuit = self._folded(self._manager.run(simple))
            self._put_back(optimised, decisions)
        except TranspilerError as error:
            reason = self._lacking(circuit) or self._mixed() or " ".join(str(error.message).split())
            raise UnsupportedError(f"circuit {circuit.name!r} cannot be compiled here: {reason}") from error
        return optimised

    def _folded(self, circuit: QuantumCircuit) -> QuantumCircuit:
        return with_folded_angles(circuit) if self._fractional else circuit

    def _lacking(self, circuit: QuantumCircuit) -> str:
        """Return which operations of a circuit, other than gates, the machine lacks; empty if it has all."""
        others = (
            each for each in circuit.data if not isinstance(each.operation, Gate | ControlFlowOp | Barrier)
        )
        does = {each.name for each in others}
        lacking = ", ".join(sorted(does - set(self._target.operation_names)))
        return lacking and f"the device has no {lacking}; leave that out, or choose another device"

    def _mixed(self) -> str:
        """Return which gates of two qubits the couplings have, if not all have the same; empty if they have.

        Qiskit turns the direction of a gate only if every coupling has that gate.
        """
        by_coupling: dict[frozenset[int], set[str]] = {}
        for instruction, qubits in self._target.instructions:
            if isinstance(instruction, Gate) and len(qubits or ()) == 2:
                by_coupling.setdefault(frozenset(qubits), set()).add(instruction.name)
        if len(kinds := set(map(frozenset, by_coupling.values()))) < 2:
            return ""
        said = " or ".join(sorted(", ".join(sorted(kind)) for kind in kinds))
        return (
            f"its couplings have different gates, {said}, which Qiskit's compiler cannot all turn round; give a layout on "
            "couplings that have the same, or choose another device"
        )

    def _put_back(self, circuit: QuantumCircuit, decisions: Sequence[IfElseOp]) -> None:
        """Put decisions back where their stand-ins are, with the gates that their bodies become on those wires."""
        stand_ins = [
            (place, circuit.find_bit(each.qubits[0]).index, decisions[int(each.params[0])])
            for place, each in enumerate(circuit.data if decisions else ())
            if each.name == STAND_IN
        ]
        self._learn({_key(body, wire): body for _, wire, decision in stand_ins for body in decision.blocks})
        for place, wire, decision in stand_ins:
            blocks = []
            for body in decision.blocks:
                gates = self._bodies[_key(body, wire)]
                blocks.append(with_instructions(body, [gate.replace(qubits=body.qubits) for gate in gates]))
            circuit.data[place] = circuit.data[place].replace(operation=decision.replace_blocks(blocks))

    def _learn(self, bodies: Mapping[_Key, QuantumCircuit]) -> None:
        """Compile the bodies of decisions that no circuit before had, all in one go, each behind a fence of its own."""
        if len(self._bodies) > _BODIES:
            self._bodies.clear()
        new = {str(k): key for k, key in enumerate(bodies) if key not in self._bodies}
        apart = QuantumCircuit(self._width)
        done: list[CircuitInstruction] = []
        for number, key in new.items():
            qubit = apart.qubits[key[0]]
            done += [fence(qubit, number), *(each.replace(qubits=[qubit]) for each in bodies[key].data)]
        if not new:
            return
        open_on: dict[Qubit, list[CircuitInstruction]] = {}
        for instruction in self._manager.run(with_instructions(apart, done)).data:
            qubit, label = instruction.qubits[0], fence_label(instruction)
            if label is None:
                open_on[qubit].append(instruction)
            else:
                open_on[qubit] = self._bodies[new[label]] = []


def with_folded_angles(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the same circuit with every angle of rzz in [0, π/2], as processors with fractional gates take it.

    A turn by π is Z on both qubits, and X on one before and after turns the other way.
    """
    done: list[CircuitInstruction] = []
    phase, changed = 0.0, False
    for each in circuit.data:
        if each.is_control_flow():
            blocks = [with_folded_angles(block) for block in each.operation.blocks]
            if any(new is not old for new, old in zip(blocks, each.operation.blocks, strict=True)):
                each, changed = each.replace(operation=each.operation.replace_blocks(blocks)), True
        if (
            each.name != "rzz"
            or isinstance(angle := each.params[0], ParameterExpression)
            or 0 <= angle <= pi / 2
        ):
            done.append(each)
            continue
        gates, shift = _folded(float(angle), each.qubits)
        done += gates
        phase, changed = phase + shift, True
    if not changed:
        return circuit
    folded = with_instructions(circuit, done)
    folded.global_phase += phase
    return folded


def _folded(angle: float, qubits: Sequence[Qubit]) -> tuple[list[CircuitInstruction], float]:
    """Return gates that turn two qubits by an angle, and the phase that they lack."""
    whole = round(angle / pi)
    rest = angle - whole * pi
    turn = CircuitInstruction(RZZGate(abs(rest)), qubits)
    flip = [CircuitInstruction(XGate(), qubits[:1])] if rest < 0 else []
    # rzz(π) is -i Z⊗Z, which is i rz(π)⊗rz(π); two of them are -1.
    half = [CircuitInstruction(RZGate(pi), [qubit]) for qubit in qubits] if whole % 2 else []
    return [*half, *flip, turn, *flip], (whole % 2) * pi / 2 - (whole - whole % 2) * pi / 2


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
