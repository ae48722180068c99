"""Fragments of circuits that a student writes, and the exact figures of the teacher's circuits around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Register

from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.teaching.exercise import Answer
from qnet_circuits.teaching.verdict import Check

#: Exact values agree with what is wanted to this.
ROUNDING = 1e-9


def fragment(answer: Answer, registers: Sequence[Register], *arguments: Any) -> QuantumCircuit:
    """Return what a student's function appends to an empty circuit of some registers.

    The function sees these registers and no other, so it cannot touch the rest of the teacher's circuit.

    Args:
        answer: The function. Its arguments are the circuit, the registers and ``arguments``.
        registers: Quantum and classical registers.
        *arguments: What it is given beside them.
    """
    circuit = QuantumCircuit(*registers)
    answer(circuit, *registers, *arguments)
    return circuit


def fragment_checks(circuit: QuantumCircuit, registers: Sequence[Register]) -> Iterator[Check]:
    """Yield the checks that a fragment was appended, and without qubits and bits of its own."""
    yield Check.of(
        "instructions appended", bool(circuit.data), len(circuit.data), "some",
        "Append to the circuit that is given. compose() returns another circuit unless it has inplace=True.",
    )  # fmt: skip
    given = [bit for each in registers for bit in each]
    extra = [bit for bit in [*circuit.qubits, *circuit.clbits] if bit not in given]
    names = [each.name for each in [*circuit.qregs, *circuit.cregs] if each not in registers]
    yield Check.of(
        "bits of its own", not extra and not names, ", ".join(names) or len(extra) or "none", "none",
        "Add no register, qubit or bit: those that are given suffice.",
    )  # fmt: skip


def around(circuit: QuantumCircuit, part: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit followed by a fragment, on its registers of the same names."""
    registers = {each.name: each for each in [*circuit.qregs, *circuit.cregs]}
    qubits = [qubit for each in part.qregs for qubit in registers[each.name]]
    bits = [bit for each in part.cregs for bit in registers[each.name]]
    return circuit.compose(part, qubits, bits)


def exact(
    items: Sequence[Item], figures: Mapping[str, Expression], corrections: str = "feedforward"
) -> dict[str, float]:
    """Return exact figures of circuits, over all inputs and all outcomes at once.

    Raises:
        LocalityError: If an instruction other than a link operation touches two nodes.
        ProgramError: If a circuit is no network program.
    """
    from qnet_circuits.runs.verbs import run

    program = Program(items, [Figure(name, expression) for name, expression in figures.items()])
    waits = any(item.corrects or program.messages[item.name] for item in program)
    # Without a message there is nothing to withhold.
    found = run(program, "exact", corrections=corrections if waits else "auto")
    return {name: found[name].value for name in figures}


def resource_check(
    items: Sequence[Item], wanted: Mapping[str, int], hints: Mapping[str, str], own: int = 0
) -> Iterator[Check]:
    """Yield a check of each resource of the circuits.

    Args:
        items: The circuits.
        wanted: Resources by their names in a program's ledger.
        hints: A hint for each.
        own: Bell pairs of the teacher's own circuit.
    """
    ledger = dict(Program(items).resources)
    ledger["bell_pairs"] -= own
    for name, count in wanted.items():
        yield Check.of(name.replace("_", " "), ledger[name] == count, ledger[name], count, hints[name])
