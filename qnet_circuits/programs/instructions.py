"""The three instructions of a network that an author writes beside gates and measurements.

The two link operations are the only instructions that may touch two nodes. A correction is a Pauli operation that waits for
classical messages. All three are placeholders in an ordinary ``QuantumCircuit``; compilation replaces them.
"""

from __future__ import annotations

from collections.abc import Iterable

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Instruction, Qubit

from qnet_circuits.errors import ProgramError
from qnet_circuits.programs.network import Link

ENTANGLE = "entangle"
TRANSMIT = "transmit"
LINK_OPERATIONS = (ENTANGLE, TRANSMIT)
CORRECT = "correct"
#: What a transmission is on a machine.
CARRIERS = ("relabel", "swap", "teleport")
_X, _Z = 1, 2


def entangle(circuit: QuantumCircuit, a: Qubit, b: Qubit, link: Link | None = None) -> None:
    """Append a Bell pair across a link.

    The two qubits, which must be in |0⟩ (unused, or just reset), become the pair Φ+ = (|00⟩ + |11⟩)/√2, to which the link's
    Pauli errors happen. This is RFC 9340's heralded entanglement generation, seen after the herald.

    Args:
        circuit: The protocol's circuit, with one quantum register for each node.
        a: A qubit of one node.
        b: A qubit of the other node.
        link: The link, whose errors the pair suffers; none by default.

    Example:
        >>> from qiskit import QuantumCircuit, QuantumRegister
        >>> alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
        >>> circuit = QuantumCircuit(alice, bob)
        >>> entangle(circuit, alice[0], bob[0], Link(fidelity=0.97))
        >>> circuit.data[0].operation.name
        'entangle'
    """
    weights = (link or Link()).weights
    circuit.append(Instruction(ENTANGLE, 2, 0, list(weights)), [a, b])


def transmit(circuit: QuantumCircuit, source: Qubit, target: Qubit, link: Link | None = None) -> None:
    """Append the crossing of a qubit over a link.

    The state of ``source`` becomes that of ``target``, at another node, and the link's Pauli errors happen to it. What this
    is on a machine is the run's ``carrier``: the same physical qubit, a SWAP, or a teleportation.

    Args:
        circuit: The protocol's circuit, with one quantum register for each node.
        source: The qubit that leaves; it may not be used afterwards.
        target: An unused qubit of the receiving node, in |0⟩.
        link: The link, whose errors the qubit suffers; none by default.

    Example:
        >>> from qiskit import QuantumCircuit, QuantumRegister
        >>> alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
        >>> circuit = QuantumCircuit(alice, bob)
        >>> circuit.h(alice[0])
        <qiskit.circuit.instructionset.InstructionSet object at ...>
        >>> transmit(circuit, alice[0], bob[0])
    """
    weights = (link or Link()).weights
    circuit.append(Instruction(TRANSMIT, 2, 0, list(weights)), [source, target])


def correct(circuit: QuantumCircuit, qubit: Qubit, x: Iterable[Clbit] = (), z: Iterable[Clbit] = ()) -> None:
    """Append a Pauli correction conditioned on parities of classical bits.

    The qubit suffers X if the parity of the bits ``x`` is odd, then Z if that of ``z`` is. The bits may have been measured
    at any node: each that was measured elsewhere is a classical message. How the correction is made, in real time, in
    software or by keeping shots, is the run's ``corrections`` mode.

    Args:
        circuit: The protocol's circuit.
        qubit: The qubit to correct.
        x: Bits, measured before, whose parity decides on X.
        z: Bits, measured before, whose parity decides on Z.

    Raises:
        ProgramError: If there is no bit, or one comes twice in the same parity.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(1, 2)
        >>> correct(circuit, circuit.qubits[0], x=[circuit.clbits[0]], z=circuit.clbits)
        >>> parities(circuit.data[0])[0] == (circuit.clbits[0],)
        True
    """
    x, z = list(x), list(z)
    if not x and not z:
        raise ProgramError("a correction needs at least one classical bit in x or z, got none")
    x_set, z_set = set(x), set(z)
    if len(x_set) < len(x) or len(z_set) < len(z):
        raise ProgramError("a bit comes twice in one parity of a correction; name each bit once")
    bits = list(dict.fromkeys([*x, *z]))
    codes = [_X * (bit in x_set) + _Z * (bit in z_set) for bit in bits]
    circuit.append(Instruction(CORRECT, 1, len(bits), codes), [qubit], bits)


def parities(instruction: CircuitInstruction) -> tuple[tuple[Clbit, ...], tuple[Clbit, ...]]:
    """Return the bits whose parity decides on X, and those whose parity decides on Z, of a correction."""
    coded = list(zip(instruction.clbits, instruction.operation.params, strict=True))
    x = tuple(bit for bit, code in coded if int(code) & _X)
    return x, tuple(bit for bit, code in coded if int(code) & _Z)
