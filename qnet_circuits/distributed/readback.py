"""The original circuit, read back from a network program: each remote operation is proven, then replaced by what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Qubit

from qnet_circuits.classical import read_bits, written_bits
from qnet_circuits.distributed.embedding import is_cz, is_flip
from qnet_circuits.distributed.steps import Joint, Matrix, Step, Steps, Swap, Turn
from qnet_circuits.distributed.windows import Remote, proven
from qnet_circuits.errors import VerificationError
from qnet_circuits.programs.instructions import CORRECT

_JOINTS = ("cz", "cp", "rzz")
_X = np.array([[0, 1], [1, 0]])
#: Stands for a flip that depends on no qubit.
_ALWAYS = -1


def refusal(what: str) -> VerificationError:
    """Return the error of a program that is not the circuit."""
    return VerificationError(f"the program is not the circuit: {what}")


@dataclass
class _Copy:
    """A qubit that holds a qubit of the circuit, alone or as a copy in the Z basis.

    Args:
        of: The qubit of the circuit.
        flips: The flips that it still needs: by the qubits that they depend on, or ``_ALWAYS``.
    """

    of: int
    flips: frozenset[int] = frozenset()


@dataclass
class _Reader:
    """What is known while the program is read."""

    copies: dict[Qubit, _Copy]
    steps: list[Step] = field(default_factory=list)
    #: Qubits that need a reset before they are used again.
    measured: set[Qubit] = field(default_factory=set)
    written: set[Clbit] = field(default_factory=set)
    #: Qubits that were turned while copies were open: which qubit was turned, and how. Copies are as before the turn.
    away: dict[int, tuple[Qubit, Matrix]] = field(default_factory=dict)

    def others(self, qubit: Qubit) -> list[_Copy]:
        """Return the other copies of what a qubit holds."""
        own = self.copies[qubit]
        return [copy for copy in self.copies.values() if copy.of == own.of and copy is not own]

    def flip(self, copies: Sequence[_Copy], by: int) -> None:
        """Note a flip of copies; two of the same kind cancel."""
        for copy in copies:
            copy.flips ^= {by}

    def changes(self, of: int) -> None:
        """Refuse that a qubit changes in the Z basis while flips depend on it."""
        if any(of in copy.flips for copy in self.copies.values()):
            raise refusal("a qubit changes before all flips that depend on it are made")


def read_back(
    circuit: QuantumCircuit,
    data: Sequence[Qubit],
    ends: Sequence[Qubit],
    claims: Sequence[Remote],
    places: tuple[int, ...],
) -> Steps:
    """Return the steps that a network program carries out on the qubits of a circuit.

    Each claimed remote operation is proven on all branches, and then counts as what it does: a copy opens or closes, or two
    qubits are exchanged. All other instructions must be gates. A copy and its original are alike, so a qubit moves if its
    original is the one that closes. A qubit with copies meets diagonal gates and flips. All copies must follow a flip: by X, or
    by CNOT if it depends on another qubit. Such flips are the gates CZ of a qubit that was turned, until it is turned back.

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
        _exchanged(reader, claim.data)
        reader.steps.append(Swap(held[0].of, held[1].of))
    elif claim.copy is None or held[0].flips or held[0].of in reader.away:
        raise refusal("a remote operation has no copy, or one that is flipped or turned")
    elif claim.kind == "open":
        reader.copies[claim.copy] = _Copy(held[0].of)
        reader.measured.discard(claim.copy)
    else:
        copy = reader.copies.pop(claim.copy, None)
        if copy is None or copy.flips or copy.of != held[0].of:
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
    elif name == "cx":
        _follows(reader, *qubits)
    elif len(qubits) == 1 and not instruction.clbits and name not in ("reset", CORRECT):
        _turn(reader, instruction)
    else:
        raise refusal(f"{name!r} is no part of a remote operation and no gate of the circuit")


def _exchanged(reader: _Reader, qubits: Sequence[Qubit]) -> None:
    """Check that two qubits may be exchanged."""
    if any(map(reader.others, qubits)):
        raise refusal("a qubit is exchanged while a copy of it is open")
    for qubit in qubits:
        reader.changes(reader.copies[qubit].of)


def _held(reader: _Reader, name: str, qubits: Sequence[Qubit]) -> list[_Copy]:
    """Return what two qubits hold."""
    if any(qubit not in reader.copies for qubit in qubits):
        raise refusal(f"{name!r} meets a qubit that holds nothing")
    held = [reader.copies[qubit] for qubit in qubits]
    if held[0].of == held[1].of:
        raise refusal(f"{name!r} joins a qubit with its own copy")
    return held


def _joint(reader: _Reader, instruction: CircuitInstruction) -> None:
    """Read a gate on two qubits, where a copy counts as its original."""
    name, qubits = instruction.name, instruction.qubits
    held = _held(reader, name, qubits)
    if any(copy.flips for copy in held):
        raise refusal(f"{name!r} meets a copy that is flipped")
    a, b = (copy.of for copy in held)
    if name == "swap":
        _exchanged(reader, qubits)
        reader.steps.append(Swap(a, b))
        return
    joint = Joint(a, b, name, float((*instruction.params, np.pi)[0]))
    for qubit, of, other in zip(qubits, (a, b), (b, a), strict=True):
        if of in reader.away:
            turned, matrix = reader.away[of]
            if qubit != turned or other in reader.away or not (is_cz(joint) and is_flip(matrix)):
                raise refusal(f"{name!r} meets a qubit that was turned while a copy of it is open")
            reader.flip(reader.others(qubit), other)
    reader.steps.append(joint)


def _follows(reader: _Reader, control: Qubit, copy: Qubit) -> None:
    """Read a CNOT, by which a copy follows a flip of its original."""
    by, own = _held(reader, "cx", (control, copy))
    if by.flips or by.of in reader.away:
        raise refusal("'cx' has a control that is flipped or turned")
    if not reader.others(copy):
        raise refusal("'cx' flips a qubit that is no copy")
    reader.flip([own], by.of)


def _turn(reader: _Reader, instruction: CircuitInstruction) -> None:
    """Read an operation on one qubit: the first of a flip counts, and all other copies must follow it."""
    (qubit,) = instruction.qubits
    to_matrix = getattr(instruction.operation, "to_matrix", None)
    if to_matrix is None:
        raise refusal(f"{instruction.name!r} is no gate")
    if qubit not in reader.copies:
        raise refusal(f"{instruction.name!r} acts on a qubit that holds nothing")
    matrix, own = to_matrix(), reader.copies[qubit]
    others, (turned, before) = reader.others(qubit), reader.away.get(own.of, (qubit, np.eye(2)))
    if own.flips:
        if not np.allclose(matrix, _X):
            raise refusal(f"{instruction.name!r} acts on a copy that needs a flip")
        reader.flip([own], _ALWAYS)
        return
    if turned != qubit:
        raise refusal(f"{instruction.name!r} acts on a copy of a qubit that was turned")
    step, whole = Turn(own.of, matrix), Turn(own.of, matrix @ before)
    if not step.diagonal:
        reader.changes(own.of)
    reader.away.pop(own.of, None)
    if others and not (whole.diagonal or whole.flips):
        reader.away[own.of] = qubit, whole.matrix
    elif whole.flips:
        reader.flip(others, _ALWAYS)
    reader.steps.append(step)
