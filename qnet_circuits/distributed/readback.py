"""The original circuit, read back from a network program: each remote operation is proven, then replaced by what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Qubit

from qnet_circuits.classical import read_bits, written_bits
from qnet_circuits.distributed.steps import Joint, Step, Steps, Swap, Turn
from qnet_circuits.distributed.windows import Remote, proven
from qnet_circuits.errors import VerificationError
from qnet_circuits.programs.instructions import CORRECT

_JOINTS = ("cz", "cp", "rzz")
_X = np.array([[0, 1], [1, 0]])


def refusal(what: str) -> VerificationError:
    """Return the error of a program that is not the circuit."""
    return VerificationError(f"the program is not the circuit: {what}")


@dataclass
class _Copy:
    """A copy of a data qubit in the Z basis, and whether it is flipped against the qubit."""

    of: int
    flipped: bool = False


@dataclass
class _Reader:
    """What is known while the program is read."""

    wires: Mapping[Qubit, int]
    steps: list[Step] = field(default_factory=list)
    copies: dict[Qubit, _Copy] = field(default_factory=dict)
    #: Communication qubits that need a reset before they are used again.
    measured: set[Qubit] = field(default_factory=set)
    written: set[Clbit] = field(default_factory=set)

    def copied(self, wires: Sequence[int]) -> list[_Copy]:
        """Return the open copies of data qubits."""
        return [copy for copy in self.copies.values() if copy.of in wires]


def read_back(
    circuit: QuantumCircuit, wires: Mapping[Qubit, int], claims: Sequence[Remote], places: tuple[int, ...]
) -> Steps:
    """Return the steps that a network program carries out on its data qubits.

    Each claimed remote operation is proven on all branches, and then counts as what it does: a copy opens or closes, or two
    data qubits are exchanged. All other instructions must be gates. A copy may meet diagonal gates and flips alone.

    Args:
        circuit: The network program.
        wires: The number of each data qubit.
        claims: The remote operations, in order.
        places: As for ``Steps``.

    Raises:
        VerificationError: If a claim is wrong, or something else happens.
    """
    reader, instructions, at = _Reader(wires), list(circuit.data), 0
    for claim in claims:
        if not at <= claim.start < claim.end <= len(instructions):
            raise refusal("its remote operations overlap, or reach beyond its end")
        for instruction in instructions[at : claim.start]:
            _local(reader, instruction)
        _remote(reader, claim, instructions[claim.start : claim.end])
        at = claim.end
    for instruction in instructions[at:]:
        _local(reader, instruction)
    if reader.copies:
        raise refusal("a copy stays open at the end")
    return Steps(len(wires), tuple(reader.steps), places)


def _remote(reader: _Reader, claim: Remote, instructions: Sequence[CircuitInstruction]) -> None:
    """Prove a remote operation, and note what it does."""
    _check_bits(reader, instructions)
    _check_fresh(reader, claim, instructions)
    wires = [reader.wires[qubit] for qubit in claim.data if qubit in reader.wires]
    if len(wires) != {"open": 1, "close": 1, "exchange": 2}.get(claim.kind) or len(wires) != len(claim.data):
        raise refusal("a remote operation claims to act on other data qubits than it has")
    proven(claim, instructions)
    others = {qubit for each in instructions for qubit in each.qubits} - {*claim.data}
    reader.measured |= others
    if claim.kind == "exchange":
        if reader.copied(wires):
            raise refusal("a data qubit is exchanged while a copy of it is open")
        reader.steps.append(Swap(*wires))
    elif claim.copy is None or claim.copy in reader.wires:
        raise refusal("a remote operation has no copy")
    elif claim.kind == "open":
        reader.copies[claim.copy] = _Copy(wires[0])
        reader.measured.discard(claim.copy)
    else:
        copy = reader.copies.pop(claim.copy, None)
        if copy is None or copy.flipped or copy.of != wires[0]:
            raise refusal("what returns to a data qubit is no copy of it")


def _check_bits(reader: _Reader, instructions: Sequence[CircuitInstruction]) -> None:
    """Check that a remote operation writes bits of its own, each once, and reads no others."""
    written = [bit for each in instructions for bit in written_bits(each)]
    read = {bit for each in instructions for bit in read_bits(each)} | {
        bit for each in instructions if each.name == CORRECT for bit in each.clbits
    }
    if len(set(written)) < len(written) or reader.written & {*written}:
        raise refusal("a bit is written twice")
    if read - {*written}:
        raise refusal("a correction reads a bit of another operation")
    reader.written |= {*written}


def _check_fresh(reader: _Reader, claim: Remote, instructions: Sequence[CircuitInstruction]) -> None:
    """Check that communication qubits begin in |0⟩: unused, or reset before anything else."""
    seen: set[Qubit] = {*claim.data}
    for each in instructions:
        for qubit in each.qubits:
            if qubit in seen:
                continue
            seen.add(qubit)
            closes = claim.kind == "close" and qubit == claim.copy
            if qubit in reader.wires or (qubit in reader.copies and not closes):
                raise refusal("a remote operation acts on a qubit that is in use")
            if qubit in reader.measured and each.name != "reset":
                raise refusal("a communication qubit is used again without a reset")


def _local(reader: _Reader, instruction: CircuitInstruction) -> None:
    """Read an instruction outside of remote operations."""
    name, qubits = instruction.name, instruction.qubits
    if name == "barrier":
        return
    if name in _JOINTS or name == "swap":
        _joint(reader, instruction)
    elif len(qubits) == 1 and not instruction.clbits and name not in ("reset", CORRECT):
        _turn(reader, instruction)
    else:
        raise refusal(f"{name!r} is no part of a remote operation and no gate of the circuit")


def _joint(reader: _Reader, instruction: CircuitInstruction) -> None:
    """Read a gate on two qubits, where a copy counts as its original."""
    name, ends = instruction.name, []
    for qubit in instruction.qubits:
        copy = reader.copies.get(qubit)
        if copy is not None and (copy.flipped or name == "swap"):
            raise refusal(f"{name!r} meets a copy that is flipped, or is not diagonal")
        if copy is None and qubit not in reader.wires:
            raise refusal(f"{name!r} meets a qubit that holds nothing")
        ends.append(reader.wires[qubit] if copy is None else copy.of)
    if ends[0] == ends[1]:
        raise refusal(f"{name!r} joins a qubit with its own copy")
    if name != "swap":
        reader.steps.append(Joint(ends[0], ends[1], name, float((*instruction.params, np.pi)[0])))
    elif reader.copied(ends):
        raise refusal("a data qubit is exchanged while a copy of it is open")
    else:
        reader.steps.append(Swap(ends[0], ends[1]))


def _turn(reader: _Reader, instruction: CircuitInstruction) -> None:
    """Read an operation on one qubit."""
    (qubit,) = instruction.qubits
    to_matrix = getattr(instruction.operation, "to_matrix", None)
    if to_matrix is None:
        raise refusal(f"{instruction.name!r} is no gate")
    matrix = to_matrix()
    if qubit in reader.copies:
        if not np.allclose(matrix, _X):
            raise refusal(f"{instruction.name!r} acts on a copy, which may only be flipped")
        reader.copies[qubit].flipped ^= True
    elif qubit not in reader.wires:
        raise refusal(f"{instruction.name!r} acts on a communication qubit")
    else:
        step = Turn(reader.wires[qubit], matrix)
        copies = reader.copied([step.qubit])
        if copies and not (step.diagonal or step.flips):
            raise refusal(
                "a gate that is neither diagonal nor a flip acts on a qubit while a copy of it is open"
            )
        for copy in copies:
            copy.flipped ^= step.flips
        reader.steps.append(step)
