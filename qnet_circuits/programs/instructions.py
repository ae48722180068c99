"""The three instructions of a network that an author writes beside gates, and how composite ones are taken apart.

The two link operations are the only instructions that may touch two nodes. A correction is a Pauli, or another
Clifford operation, that waits for classical messages. All three are placeholders in an ordinary ``QuantumCircuit``; compilation
replaces them.

A composite instruction hides what it measures. Everything that reads a circuit, from the locality check to the machine, looks
at its instructions one by one, so no instruction may hold classical bits but a measurement, a correction and control flow.
Gates on more than two qubits are taken apart later, when a circuit is lowered: a Pauli frame may pass the whole, not the parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import (
    CircuitInstruction,
    Clbit,
    ControlFlowOp,
    ForLoopOp,
    Gate,
    Instruction,
    Operation,
    Qubit,
)
from qiskit.circuit.library import HGate, SdgGate, SGate, SXdgGate, SXGate, XGate, YGate, ZGate
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Clifford, Operator
from qiskit.transpiler import PassManager, TranspilerError
from qiskit.transpiler.passes import HighLevelSynthesis

from qnet_circuits.classical import in_place, read_bits
from qnet_circuits.errors import ProgramError
from qnet_circuits.programs.link import Link

ENTANGLE = "entangle"
TRANSMIT = "transmit"
LINK_OPERATIONS = (ENTANGLE, TRANSMIT)
CORRECT = "correct"
#: The carriers: what a transmission is on a machine.
CARRIERS = ("relabel", "swap", "teleport")
_PLAIN = ("measure", CORRECT)
#: A loop becomes at most this many instructions.
MOST_UNROLLED = 100_000
_X, _Z = 1, 2
#: Of these gates every Clifford gate on one qubit is made; those of the second row are kept as they are.
_GATES: dict[str, Gate] = {
    gate.name: gate
    for gate in (XGate(), YGate(), ZGate(),
                 HGate(), SGate(), SdgGate(), SXGate(), SXdgGate())
}  # fmt: skip
_KEPT = frozenset(("h", "s", "sdg", "sx", "sxdg"))
#: Bits, and the gates that happen, one after the other, if the parity of the bits is odd.
Conditioned = tuple[tuple[Clbit, ...], tuple[Gate, ...]]


def entangle(circuit: QuantumCircuit, a: Qubit, b: Qubit, link: Link | None = None) -> None:
    """Append a Bell pair across a link.

    The two qubits must be in |0⟩ (unused, or just reset). They become the pair Φ+ = (|00⟩ + |11⟩)/√2 with the link's Pauli
    errors. This is RFC 9340's heralded entanglement generation, seen after the herald.

    Args:
        circuit: The protocol's circuit, with one quantum register for each node.
        a: A qubit of one node.
        b: A qubit of the other node.
        link: The link, whose errors happen to the pair. Default: no errors.

    Example:
        >>> from qiskit import QuantumCircuit, QuantumRegister
        >>> alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
        >>> circuit = QuantumCircuit(alice, bob)
        >>> entangle(circuit, alice[0], bob[0], Link(fidelity=0.97))
        >>> circuit.data[0].operation.name
        'entangle'
    """
    circuit.append(Instruction(ENTANGLE, 2, 0, _weights(link)), [a, b])


def transmit(circuit: QuantumCircuit, source: Qubit, target: Qubit, link: Link | None = None) -> None:
    """Append the crossing of a qubit over a link.

    The state of ``source`` moves to ``target``, at another node, with the link's Pauli errors. The run's ``carrier`` decides
    how a machine does this: by the same physical qubit, a SWAP, or a teleportation.

    Args:
        circuit: The protocol's circuit, with one quantum register for each node.
        source: The qubit that leaves; it may not be used afterwards.
        target: An unused qubit of the receiving node, in |0⟩.
        link: The link, whose errors happen to the qubit. Default: no errors.

    Example:
        >>> from qiskit import QuantumCircuit, QuantumRegister
        >>> alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
        >>> circuit = QuantumCircuit(alice, bob)
        >>> circuit.h(alice[0])
        <qiskit.circuit.instructionset.InstructionSet object at ...>
        >>> transmit(circuit, alice[0], bob[0])
    """
    circuit.append(Instruction(TRANSMIT, 2, 0, _weights(link)), [source, target])


def _weights(link: Link | None) -> list[float]:
    if link is not None and not isinstance(link, Link):
        raise ProgramError(f"link must be a Link, such as Link(fidelity=0.97), got {link!r}")
    return list((link or Link()).weights)


def correct(
    circuit: QuantumCircuit,
    qubit: Qubit,
    x: Iterable[Clbit] = (),
    z: Iterable[Clbit] = (),
    *,
    gate: Gate | None = None,
    when: Iterable[Clbit] = (),
) -> None:
    """Append a correction conditioned on parities of classical bits.

    X is applied to the qubit if the parity of the bits ``x`` is odd, then Z if the parity of ``z`` is odd; or instead ``gate``
    if the parity of ``when`` is odd. The bits may have been measured at any node; each bit from another node is a classical
    message. The run's ``corrections`` mode decides how the correction is made: in real time, in software, or by post-selection.

    Args:
        circuit: The protocol's circuit.
        qubit: The qubit to correct.
        x: Bits that were measured before and whose parity decides on X.
        z: Bits that were measured before and whose parity decides on Z.
        gate: A Clifford operation on one qubit, up to its phase. Software can only correct Paulis: with any other gate,
            ``auto`` uses ``feedforward``.
        when: Bits that were measured before and whose parity decides on ``gate``.

    Raises:
        ProgramError: If there are no bits, they are not in lists, or a bit is twice in the same parity; or if the gate is not a
            Clifford gate on one qubit, or is the identity.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(1, 2)
        >>> correct(circuit, circuit.qubits[0], x=[circuit.clbits[0]], z=circuit.clbits)
        >>> correct(circuit, circuit.qubits[0], gate=SGate(), when=circuit.clbits)
        >>> [[gate.name for gate in gates] for each in circuit.data for _, gates in conditioned(each)]
        [['x'], ['z'], ['s']]
    """
    try:
        x, z, when = list(x), list(z), list(when)
    except TypeError:
        raise ProgramError("the bits of a correction come in lists, such as x=[bit]") from None
    if bool(when) is not (gate is not None) or (gate is not None and (x or z)):
        raise ProgramError("a correction takes either bits in x and z, or a gate with bits in when")
    word = [] if gate is None else _word(gate)
    if word in (["x"], ["y"], ["z"]):
        x, z, word = when if word != ["z"] else [], when if word != ["x"] else [], []
    bits = list(dict.fromkeys([*x, *z, *when]))
    if not bits:
        raise ProgramError("a correction needs at least one classical bit, in x, z or when, got none")
    x_set, z_set = set(x), set(z)
    if len(x_set) < len(x) or len(z_set) < len(z) or len(set(when)) < len(when):
        raise ProgramError("a bit comes twice in one parity of a correction; name each bit once")
    codes = [_X * (bit in x_set) + _Z * (bit in z_set) for bit in bits]
    circuit.append(Instruction(CORRECT, 1, len(bits), [" ".join(word)] if word else codes), [qubit], bits)


def _word(gate: Any) -> list[str]:
    """Return the names of the gates that make a Clifford gate up to its phase, in the order in which they happen."""
    try:
        clifford = Clifford.from_operator(Operator(gate))
    except (QiskitError, TypeError, ValueError):
        clifford = None
    if clifford is None or clifford.num_qubits != 1:
        raise ProgramError(
            f"a correction needs a Clifford gate on one qubit, got {gate!r}; decide on any other gate with if_test"
        )
    name = getattr(gate, "name", "")
    word = [name] if name in _KEPT else [part.name for part in clifford.to_circuit().data]
    if not word:
        raise ProgramError(f"a correction by {gate!r} does nothing; leave it out")
    return word


def conditioned(instruction: CircuitInstruction) -> tuple[Conditioned, ...]:
    """Return what a correction does, one after the other: bits, and the gates that happen if their parity is odd."""
    bits, codes = instruction.clbits, instruction.operation.params
    if isinstance(codes[0], str):
        return ((tuple(bits), tuple(_GATES[name] for name in codes[0].split())),)
    coded = list(zip(bits, map(int, codes), strict=True))
    parities = (
        (tuple(bit for bit, code in coded if code & pauli), name) for pauli, name in ((_X, "x"), (_Z, "z"))
    )
    return tuple((read, (_GATES[name],)) for read, name in parities if read)


def flattened(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit without loops in which no composite instruction holds a classical bit, not even in branches.

    Operations that are no instructions, such as a ``Clifford``, become their gates. A ``for_loop`` becomes its turns, one after
    the other. Instructions without qubits, as in an empty branch, are left out.

    Raises:
        ProgramError: If the circuit has variables, an instruction that cannot be taken apart, a ``for_loop`` that is left early
            or too long, or a decision inside a branch on bits of the branch's own.

    Example:
        >>> inner = QuantumCircuit(1, 1)
        >>> _ = inner.x(0), inner.measure(0, 0)
        >>> outer = QuantumCircuit(1, 1)
        >>> _ = outer.append(inner, [0], [0])
        >>> [instruction.name for instruction in flattened(outer).data]
        ['x', 'measure']
    """
    if circuit.num_vars or circuit.num_stretches:
        raise ProgramError(
            f"circuit {circuit.name!r} has variables; measure into classical registers, and count loops by a Parameter, instead"
        )
    data = list(circuit.data)
    flat = [part for instruction in data for part in _flat(instruction)]
    if len(flat) == len(data) and all(new is old for new, old in zip(flat, data, strict=True)):
        return circuit
    changed = circuit.copy_empty_like()
    for part in flat:
        changed.append(part)
    return changed


def definition_of(operation: Operation) -> QuantumCircuit:
    """Return the circuit that an operation stands for.

    Raises:
        ProgramError: If there is none.
    """
    definition: QuantumCircuit | None = getattr(operation, "definition", None)
    if definition is not None:
        return definition
    alone = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    alone.append(operation, alone.qubits, alone.clbits)
    try:
        found: QuantumCircuit = PassManager([HighLevelSynthesis()]).run(alone)
    except TranspilerError:
        found = alone
    if any(inside.name == operation.name for inside in found.data):
        raise ProgramError(
            f"instruction {operation.name!r} cannot be taken apart into gates and measurements; write it with those"
        )
    return found


def parts_of(instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    """Yield the instructions that an instruction stands for, on its own bits."""
    for part in in_place(definition_of(instruction.operation), instruction):
        if part.is_control_flow():
            raise ProgramError(
                f"instruction {instruction.name!r} holds control flow; compose its circuit instead of appending it"
            )
        yield part


def narrow(instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    """Yield instructions on at most two qubits that do the same, in branches too; barriers and control flow stay what they are.

    Raises:
        ProgramError: If the instruction cannot be taken apart.
    """
    if instruction.is_control_flow():
        operation = instruction.operation
        blocks = map(_narrowed, operation.blocks)
        yield instruction.replace(operation=operation.replace_blocks(blocks))
    elif len(instruction.qubits) > 2 and instruction.name != "barrier":
        for part in parts_of(instruction):
            yield from narrow(part)
    elif instruction.qubits:
        yield instruction


def _narrowed(circuit: QuantumCircuit) -> QuantumCircuit:
    narrow_circuit = circuit.copy_empty_like()
    for instruction in circuit.data:
        for part in narrow(instruction):
            narrow_circuit.append(part)
    return narrow_circuit


def _flat(instruction: CircuitInstruction) -> Iterator[CircuitInstruction]:
    """Yield what an instruction becomes; itself if nothing has to change."""
    if instruction.is_standard_gate():
        if instruction.qubits:
            yield instruction
        return
    operation = instruction.operation
    if operation.name == "store":
        raise ProgramError("'store' writes a bit without a measurement; measure into the bit instead")
    if operation.name in ("break_loop", "continue_loop"):
        raise ProgramError(
            f"{operation.name!r} leaves a turn of a loop early; put the rest of the turn into an if_test instead"
        )
    if isinstance(operation, ControlFlowOp):
        before = operation.blocks
        blocks = [flattened(block) for block in before]
        for block in blocks:
            _check_decisions(block, instruction)
        if isinstance(operation, ForLoopOp):
            yield from _turns(operation, blocks[0], instruction)
            return
        if not instruction.qubits and not any(block.data for block in blocks):
            return
        if any(new is not old for new, old in zip(blocks, before, strict=True)):
            instruction = instruction.replace(operation=operation.replace_blocks(blocks))
        yield instruction
    elif _hides(instruction):
        for part in parts_of(instruction):
            yield from _flat(part)
    else:
        yield instruction


def _turns(
    loop: ForLoopOp, body: QuantumCircuit, instruction: CircuitInstruction
) -> Iterator[CircuitInstruction]:
    """Yield the turns of a loop over given numbers, whose body is flat."""
    values, parameter, _ = loop.params
    if len(values) * max(1, len(body.data)) > MOST_UNROLLED:
        raise ProgramError(
            f"a {loop.name!r} over {values!r:.60} becomes more than {MOST_UNROLLED} instructions; use fewer turns"
        )
    for value in values:
        turn = body.assign_parameters({parameter: value}) if parameter in body.parameters else body
        yield from in_place(turn, instruction)


def _check_decisions(block: QuantumCircuit, instruction: CircuitInstruction) -> None:
    """Check that decisions inside a branch name the bits of the circuit around it, as everything that reads them takes them."""
    outer = dict(zip(block.clbits, instruction.clbits, strict=True))
    for each in block.data:
        if any(outer.get(bit) != bit for bit in read_bits(each)):
            raise ProgramError(
                f"{each.name!r} inside a branch of {instruction.name!r} decides on a bit that the circuit around it does "
                "not have there; write nested decisions with the circuit's own if_test and switch, on its own bits"
            )


def _hides(instruction: CircuitInstruction) -> bool:
    """Tell whether an instruction holds classical bits, or an operation that is no instruction, inside."""
    operation = instruction.operation
    if not isinstance(operation, Instruction):
        return True
    if instruction.clbits:
        return instruction.name not in _PLAIN
    # The classes of circuits that were appended; gates of a library have nothing to hide.
    composite = type(operation) in (Instruction, Gate) and operation.definition is not None
    return composite and any(map(_hides, operation.definition.data))
