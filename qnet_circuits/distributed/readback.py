"""The original circuit, read back from a network program: each remote operation is proven, then replaced by what it does."""

from __future__ import annotations

from collections.abc import Sequence
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
    """A qubit that holds a qubit of the circuit, alone or as a copy in the Z basis, and whether it still needs a flip."""

    of: int
    flipped: bool = False


@dataclass
class _Reader:
    """What is known while the program is read."""

    copies: dict[Qubit, _Copy]
    steps: list[Step] = field(default_factory=list)
    #: Qubits that need a reset before they are used again.
    measured: set[Qubit] = field(default_factory=set)
    written: set[Clbit] = field(default_factory=set)

    def others(self, qubit: Qubit) -> list[_Copy]:
        """Return the other copies of what a qubit holds."""
        own = self.copies[qubit]
        return [copy for copy in self.copies.values() if copy.of == own.of and copy is not own]


def read_back(
    circuit: QuantumCircuit,
    data: Sequence[Qubit],
    ends: Sequence[Qubit],
    claims: Sequence[Remote],
    places: tuple[int, ...],
) -> Steps:
    """Return the steps that a network program carries out on the qubits of a circuit.

    Each claimed remote operation is proven on all branches, and then counts as what it does: a copy opens or closes, or two
    qubits are exchanged. All other instructions must be gates. A qubit with copies may meet diagonal gates and flips alone. A
    copy and its original are alike, so a qubit moves if its original is the one that closes.

    Args:
        circuit: The network program.
        data: The qubits that hold the circuit's qubits at the beginning.
        ends: The qubits that hold them at the end.
        claims: The remote operations, in order.
        places: As for ``Steps``.

    Raises:
        VerificationError: If a claim is wrong, or something else happens.
    """
    reader = _Reader({qubit: _Copy(number) for number, qubit in enumerate(data)})
    instructions, at = list(circuit.data), 0
    for claim in claims:
        if not at <= claim.start < claim.end <= len(instructions):
            raise refusal("its remote operations overlap, or reach beyond its end")
        for instruction in instructions[at : claim.start]:
            _local(reader, instruction)
        _remote(reader, claim, instructions[claim.start : claim.end])
        at = claim.end
    for instruction in instructions[at:]:
        _local(reader, instruction)
    if {qubit: copy.of for qubit, copy in reader.copies.items()} != {q: k for k, q in enumerate(ends)}:
        raise refusal("a copy stays open at the end, or a qubit ends elsewhere than claimed")
    return Steps(len(data), tuple(reader.steps), places)


def _remote(reader: _Reader, claim: Remote, instructions: Sequence[CircuitInstruction]) -> None:
    """Prove a remote operation, and note what it does."""
    _check_bits(reader, instructions)
    _check_fresh(reader, claim, instructions)
    held = [reader.copies[qubit] for qubit in claim.data if qubit in reader.copies]
    if len(held) != {"open": 1, "close": 1, "exchange": 2}.get(claim.kind) or len(held) != len(claim.data):
        raise refusal("a remote operation claims to act on other qubits than it has")
    proven(claim, instructions)
    others = {qubit for each in instructions for qubit in each.qubits} - {*claim.data}
    reader.measured |= others
    if claim.kind == "exchange":
        if any(map(reader.others, claim.data)):
            raise refusal("a qubit is exchanged while a copy of it is open")
        reader.steps.append(Swap(held[0].of, held[1].of))
    elif claim.copy is None or held[0].flipped:
        raise refusal("a remote operation has no copy, or one that is flipped")
    elif claim.kind == "open":
        reader.copies[claim.copy] = _Copy(held[0].of)
        reader.measured.discard(claim.copy)
    else:
        copy = reader.copies.pop(claim.copy, None)
        if copy is None or copy.flipped or copy.of != held[0].of:
            raise refusal("what closes is no copy of what is kept")


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
            if qubit in reader.copies and not closes:
                raise refusal("a remote operation acts on a qubit that is in use")
            if qubit in reader.measured and each.name != "reset":
                raise refusal("a qubit is used again without a reset")


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
    name = instruction.name
    if any(qubit not in reader.copies for qubit in instruction.qubits):
        raise refusal(f"{name!r} meets a qubit that holds nothing")
    held = [reader.copies[qubit] for qubit in instruction.qubits]
    a, b = (copy.of for copy in held)
    if a == b:
        raise refusal(f"{name!r} joins a qubit with its own copy")
    if any(copy.flipped for copy in held):
        raise refusal(f"{name!r} meets a copy that is flipped")
    if name != "swap":
        reader.steps.append(Joint(a, b, name, float((*instruction.params, np.pi)[0])))
    elif any(map(reader.others, instruction.qubits)):
        raise refusal("a qubit is exchanged while a copy of it is open")
    else:
        reader.steps.append(Swap(a, b))


def _turn(reader: _Reader, instruction: CircuitInstruction) -> None:
    """Read an operation on one qubit: the first of a flip counts, and all other copies must follow it."""
    (qubit,) = instruction.qubits
    to_matrix = getattr(instruction.operation, "to_matrix", None)
    if to_matrix is None:
        raise refusal(f"{instruction.name!r} is no gate")
    if qubit not in reader.copies:
        raise refusal(f"{instruction.name!r} acts on a qubit that holds nothing")
    matrix, own = to_matrix(), reader.copies[qubit]
    if own.flipped:
        if not np.allclose(matrix, _X):
            raise refusal(f"{instruction.name!r} acts on a copy that needs a flip")
        own.flipped = False
        return
    step = Turn(own.of, matrix)
    others = reader.others(qubit)
    if others and not (step.diagonal or step.flips):
        raise refusal("a gate that is neither diagonal nor a flip acts on a qubit while a copy of it is open")
    for copy in others:
        copy.flipped ^= step.flips
    reader.steps.append(step)
