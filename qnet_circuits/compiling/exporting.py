"""Compiled circuits for other tools: OpenQASM 3 that Qiskit's importer reads back, and QPY, which keeps all that they have."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from qiskit import QuantumCircuit, qasm3
from qiskit.circuit import CircuitInstruction, Clbit, ControlFlowOp, Gate, IfElseOp
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Operator

from qnet_circuits.classical import MOST_BITS, Choice, choice_of, in_place
from qnet_circuits.compiling.building import filled, with_instructions
from qnet_circuits.compiling.qpy_files import as_qpy
from qnet_circuits.errors import ParameterError, RecordError, UnsupportedError

#: A body on more qubits is not asked whether it undoes itself.
_WIDEST = 4


def qasm3_of(circuit: QuantumCircuit) -> str:
    """Return a circuit in OpenQASM 3, with decisions on one bit or on one register each, as Qiskit's importer reads them.

    A decision on a parity becomes one decision on each bit if its body undoes itself, as a Pauli does. Any other decision
    becomes nested decisions. The circuit does the same. Fences become barriers, since the language has no labels.

    Args:
        circuit: A compiled circuit.

    Raises:
        UnsupportedError: If a decision cannot be written in this way.

    Example:
        >>> import qnet_circuits as qn
        >>> compiled = qn.compile(qn.RepeaterChain(hops=3), "aer:fake_kingston", corrections="feedforward")
        >>> qasm3_of(compiled.circuits[0]).count("if (")
        4
    """
    text: str = qasm3.dumps(with_plain_decisions(circuit))
    return text


def write_circuits(path: str | os.PathLike[str], circuits: Mapping[str, QuantumCircuit]) -> tuple[Path, ...]:
    """Write circuits to a new file ``*.qpy``, or to a new directory with a file ``*.qasm`` for each.

    Returns:
        The files.

    Raises:
        ParameterError: If the path is that of one OpenQASM file.
        RecordError: If the path exists already, or cannot be written.
        UnsupportedError: If a circuit cannot be written in OpenQASM.
    """
    where = Path(path)
    if where.suffix == ".qasm":
        raise ParameterError(f"a .qasm file holds one circuit; name FILE.qpy or a directory, got {where}")
    try:
        if where.suffix == ".qpy":
            with where.open("xb") as file:
                file.write(as_qpy(list(circuits.values())))
            return (where,)
        texts: dict[str, str] = {}
        for name, circuit in circuits.items():
            texts[_file_name(name, texts)] = qasm3_of(circuit)
        where.mkdir(parents=True)
        for name, text in texts.items():
            (where / name).write_text(text, encoding="utf-8")
        return tuple(where / name for name in texts)
    except FileExistsError:
        raise RecordError(f"{where} exists, and nothing is overwritten; choose another path") from None
    except OSError as error:
        raise RecordError(f"cannot write {where}: {error.strerror}") from None


def _file_name(name: str, taken: Collection[str]) -> str:
    plain = re.sub(r"[^\w.+-]+", "_", name)
    while f"{plain}.qasm" in taken:
        plain += "_"
    return f"{plain}.qasm"


# -- decisions that importers read -------------------------------------------------------------------------------------


def with_plain_decisions(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit that does the same, in which each decision is on one bit or on the value of one register."""
    if not any(each.is_control_flow() for each in circuit.data):
        return circuit
    return with_instructions(circuit, (plain for each in circuit.data for plain in _plain(each)))


def _plain(instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    if not instruction.is_control_flow():
        yield instruction
        return
    operation = instruction.operation
    whole = operation.replace_blocks([with_plain_decisions(block) for block in operation.blocks])
    if operation.name == "for_loop" or _is_plain(operation):
        yield instruction.replace(operation=whole)
        return
    if operation.name not in ("if_else", "switch_case"):
        raise UnsupportedError(
            f"{operation.name!r} on more than one bit or register cannot be written in OpenQASM 3 for importers; export QPY"
        )
    instruction, choice = instruction.replace(operation=whole), choice_of(operation)
    if choice.parity and len(whole.blocks) == 1 and _undoes_itself(whole.blocks[0]):
        yield from _one_by_one(instruction, choice)
    else:
        yield from _nested(instruction, choice)


def _is_plain(operation: ControlFlowOp) -> bool:
    """Tell whether a decision compares one bit or one register to a value."""
    condition = getattr(operation, "condition", None)
    is_bit = isinstance(condition, expr.Var) and isinstance(condition.var, Clbit)
    return is_bit or isinstance(condition, tuple)


def _undoes_itself(body: QuantumCircuit) -> bool:
    """Tell whether doing a body twice does nothing but a phase."""
    if body.num_qubits > _WIDEST or not all(isinstance(each.operation, Gate) for each in body.data):
        return False
    matrix = Operator(filled(QuantumCircuit(list(body.qubits)), body.data)).data
    square = matrix @ matrix
    return bool(np.allclose(square, square[0, 0] * np.eye(len(square))))


def _one_by_one(instruction: CircuitInstruction, choice: Choice) -> Iterator[CircuitInstruction]:
    """Yield a decision on a parity as one on each of its bits."""
    body = instruction.operation.blocks[0]
    if choice.table[0] == 0:  # done where the parity is even
        yield from in_place(body, instruction)
    for bit in choice.bits:
        yield instruction.replace(operation=IfElseOp((bit, True), body))


def _nested(instruction: CircuitInstruction, choice: Choice) -> list[CircuitInstruction]:
    """Return a decision as nested decisions, each on one bit."""
    if len(choice.bits) > MOST_BITS:
        raise UnsupportedError(
            f"a decision on {len(choice.bits)} bits cannot be written in OpenQASM 3 for importers, at most {MOST_BITS} can; "
            "export QPY"
        )
    wires = list(instruction.qubits), list(instruction.clbits)
    blocks = [list(in_place(block, instruction)) for block in instruction.operation.blocks]
    blocks.append([])  # where no branch is taken

    def done(bits: Sequence[Clbit], taken: Sequence[int]) -> list[CircuitInstruction]:
        """Return what is done where the branches that are taken for all values of these bits are known."""
        if len(set(taken)) == 1:
            return blocks[taken[0]]
        half = len(taken) // 2
        bodies = [
            filled(QuantumCircuit(*wires), done(bits[1:], part)) for part in (taken[half:], taken[:half])
        ]
        return [instruction.replace(operation=IfElseOp((bits[0], True), *bodies))]

    rows = list(product((0, 1), repeat=len(choice.bits)))
    return done(
        choice.bits, [choice.table[sum(row) % 2 if choice.parity else k] for k, row in enumerate(rows)]
    )
