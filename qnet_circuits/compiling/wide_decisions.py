"""Decisions on many qubits, made in parts: no SWAP may enter a decision, so one whose qubits need SWAPs is taken apart."""

from __future__ import annotations

from collections.abc import Iterator

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Qubit

from qnet_circuits.classical import condition_bits, written_bits
from qnet_circuits.compiling.building import filled, with_instructions


def is_wide(instruction: CircuitInstruction) -> bool:
    """Tell whether an instruction is control flow on more than two qubits."""
    return bool(instruction.is_control_flow()) and len(instruction.qubits) > 2


def with_narrow_decisions(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit with wide decisions as several, one after the other, on at most two qubits each.

    Loops, and decisions that hold decisions or write a bit that they read, stay what they are.
    """
    if not any(map(is_wide, circuit.data)):
        return circuit
    return with_instructions(circuit, (part for instruction in circuit.data for part in _split(instruction)))


def _split(instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    operation = instruction.operation
    nested = is_wide(instruction) and any(
        inside.is_control_flow() for block in operation.blocks for inside in block.data
    )
    if (
        not is_wide(instruction)
        or instruction.name not in ("if_else", "switch_case")
        or nested
        or set(condition_bits(instruction)).intersection(written_bits(instruction))
    ):
        yield instruction
        return
    for number, block in enumerate(operation.blocks):
        for part in _parts(block):
            used = [k for k, qubit in enumerate(block.qubits) if any(qubit in i.qubits for i in part)]
            # Where another branch is taken nothing happens, so the order of branches does not matter.
            empty = [
                QuantumCircuit([other.qubits[k] for k in used], other.clbits) for other in operation.blocks
            ]
            filled(empty[number], part)
            qubits = [instruction.qubits[k] for k in used]
            yield instruction.replace(operation=operation.replace_blocks(empty), qubits=qubits)


def _parts(block: QuantumCircuit) -> list[list[CircuitInstruction]]:
    """Return the instructions of a body in parts on at most two qubits each, to be done one after the other."""
    parts: list[list[CircuitInstruction]] = []
    wires: list[set[Qubit]] = []
    touched: list[set[Qubit | Clbit]] = []  # Of two measurements into one bit the later one counts.
    for instruction in block.data:
        if instruction.name == "barrier" and len(instruction.qubits) > 2:
            continue
        own = set(instruction.qubits)
        everything = {*instruction.qubits, *instruction.clbits}
        last = next((k for k in reversed(range(len(parts))) if touched[k] & everything), None)
        if last is not None and len(wires[last] | own) <= 2:
            parts[last].append(instruction)
            wires[last] |= own
            touched[last] |= everything
        else:
            parts.append([instruction])
            wires.append(own)
            touched.append(everything)
    return parts
