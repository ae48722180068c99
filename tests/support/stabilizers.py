"""Whole circuits as stabilizer circuits."""

import stim
from qiskit import QuantumCircuit
from qiskit.circuit import Clbit

from qnet_circuits.compiling.clifford import NotClifford
from qnet_circuits.compiling.verifying.instrument import Reader
from qnet_circuits.compiling.verifying.stabilizer import StabilizerCircuit
from qnet_circuits.errors import UnsupportedError


def to_stim(circuit: QuantumCircuit) -> tuple[stim.Circuit, dict[Clbit, int]]:
    """Return a whole circuit, fences ignored, as a stabilizer circuit that begins with a reset of every qubit.

    Args:
        circuit: A circuit of Clifford gates, measurements, resets and Paulis conditioned on parities.

    Returns:
        The stabilizer circuit, with the same qubit numbers, and the record index of each measured bit's last write.

    Raises:
        UnsupportedError: If the circuit has anything else.
    """
    reader = Reader(circuit, cut=False)
    instrument = reader.read()
    built = StabilizerCircuit()
    if circuit.num_qubits:
        built.circuit.append("R", range(circuit.num_qubits))
    try:
        for step in instrument.steps:
            built.add(step)
        built.finish()
    except NotClifford:
        raise UnsupportedError(
            f"circuit {circuit.name!r} has a gate or a condition that is not Clifford, so it is no stabilizer circuit"
        ) from None
    return built.circuit, {bit: built.record[event] for bit, event in reader.latest.items()}
