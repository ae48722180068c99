"""Corrections: Pauli operations that wait for classical messages."""

from __future__ import annotations

from collections.abc import Iterable

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Instruction, Qubit

from qnet_circuits.errors import ProgramError

CORRECT = "correct"
_X, _Z = 1, 2


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
