"""Remote operations, each a run of instructions with a claim of what it does, proven on all branches of its measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from qiskit.circuit import CircuitInstruction, Qubit

from qnet_circuits.distributed.branch import Branch, Read, Tensor
from qnet_circuits.errors import VerificationError
from qnet_circuits.programs.instructions import CORRECT, conditioned

#: An instruction by name, the numbers of its qubits, and its bits: written, or read with the Pauli that they decide on.
_Form = tuple[str, tuple[int, ...], Read]
#: Up to this many measured bits, all branches are tried. With more of them, as on long routes, the branch without ones and
#: those with a single one are tried: the operations are Clifford gates and the corrections Paulis that depend linearly on the
#: bits, so what is left uncorrected is linear in the bits, too.
_MOST_BITS = 6


@dataclass(frozen=True)
class Remote:
    """A claim: the instructions from ``start`` to before ``end`` make a copy, take one back, or exchange two data qubits.

    Args:
        kind: ``open``, ``close`` or ``exchange``.
        start: The place of the first instruction.
        end: The place after the last one.
        data: The qubits that hold the state before and after.
        copy: The qubit that holds it only after ``open``, or only before ``close``; none for an exchange.
    """

    kind: str
    start: int
    end: int
    data: tuple[Qubit, ...]
    copy: Qubit | None = None


def proven(remote: Remote, instructions: Sequence[CircuitInstruction]) -> None:
    """Check a claim on the branches of all measurements, each of which must be equally likely for every input.

    Args:
        remote: The claim.
        instructions: The instructions that it is about. Communication qubits begin in |0⟩.

    Raises:
        VerificationError: If the instructions do something else in a branch.
    """
    held = [*remote.data, *([remote.copy] if remote.kind == "close" and remote.copy else [])]
    number = {qubit: k for k, qubit in enumerate(held)}
    if remote.copy is not None:
        number.setdefault(remote.copy, len(number))
    bits: dict[object, int] = {}
    forms = []
    for each in instructions:
        on = tuple(number.setdefault(qubit, len(number)) for qubit in each.qubits)
        forms.append((each.name, on, read_of(each, bits)))
    if problem := _problem(remote.kind, len(remote.data), tuple(forms), len(bits)):
        raise VerificationError(
            f"the program is not the circuit: a remote operation ({remote.kind}) {problem}"
        )


def read_of(instruction: CircuitInstruction, bits: dict[object, int]) -> Read:
    """Return the bits of an instruction as numbers, new ones for bits that were not seen before."""
    if instruction.name == "measure":
        return (("", (bits.setdefault(instruction.clbits[0], len(bits)),)),)
    if instruction.name == CORRECT:
        return tuple(
            ("".join(gate.name for gate in gates), tuple(bits.get(bit, -1) for bit in read))
            for read, gates in conditioned(instruction)
        )
    return ()


@lru_cache(maxsize=256)
def _problem(kind: str, data: int, forms: tuple[_Form, ...], bits: int) -> str:
    """Return what is wrong in a branch; an empty text if all is right."""
    if bits <= _MOST_BITS:
        branches = list(product((0, 1), repeat=bits))
    else:
        branches = [(0,) * bits, *(tuple(int(k == one) for k in range(bits)) for one in range(bits))]
    for outcomes in branches:
        branch = Branch(_WANTED["open"], [0, 1]) if kind == "close" else Branch.of_inputs(data)
        for name, on, read in forms:
            if problem := branch.step(name, on, read, outcomes):
                return problem
        if problem := branch.differs([0, 1][: 1 + (kind != "close")], _WANTED[kind], bits):
            return f"{problem} if it measures {''.join(map(str, outcomes)) or 'nothing'}"
    return ""


def _wanted() -> Mapping[str, Tensor]:
    """Return the operator of each kind of remote operation, outputs first."""
    copy = np.zeros((2, 2, 2), dtype=complex)
    copy[0, 0, 0] = copy[1, 1, 1] = 1
    exchange = np.eye(4, dtype=complex).reshape((2,) * 4).transpose(1, 0, 2, 3)
    return {"open": copy, "close": np.eye(2, dtype=complex), "exchange": exchange}


_WANTED = _wanted()
