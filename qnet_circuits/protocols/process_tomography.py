"""Process tomography of a chain: teleportation, or a teleported CNOT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit.library import CXGate
from qiskit.quantum_info import PTM, Operator, Pauli, SuperOp

from qnet_circuits.errors import check_name
from qnet_circuits.programs.blocks import bell_measurement
from qnet_circuits.programs.chains import ChainProtocol, chain_registers, distribute
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.tomography import Tomography
from qnet_circuits.protocols.teleported_cnot import append_cnot
from qnet_circuits.theory import bounds, teleportation
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: The process without messages: nothing of the input is left.
_LOST = PTM(np.diag([1.0, 0.0, 0.0, 0.0]))
PROCESSES = ("teleportation", "cnot")


@register
@dataclass(frozen=True)
class ProcessTomography(ChainProtocol):
    """The complete process that a teleportation, or a teleported CNOT, applies to its qubits.

    Every operator on a qubit is a sum of the states 0, 1, + and +i. The outputs for these four inputs, measured in X, Y and Z,
    therefore determine the whole process: 12 circuits for one qubit, 144 for two. The process fidelity F is that of the Choi
    states, and (d F + 1)/(d + 1) the mean fidelity over all pure inputs of dimension d (M. A. Nielsen, Phys. Lett. A 303, 249
    (2002)). Over a Bell-diagonal pair of fidelity F both processes have F. For one qubit, ``x_z`` is the mean of Z for the
    input X, and so on.

    On hardware: 2N + 1 qubits in a line for N hops, 2N + 2 for the CNOT.

    Args:
        process: ``teleportation`` or ``cnot``. Default ``teleportation``.
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.
        UnknownNameError: If there is no such process.

    Example:
        >>> import qnet_circuits as qn
        >>> result = qn.predict(ProcessTomography(link_fidelity=0.94))
        >>> round(result.fidelity.value, 6), round(result.average_fidelity.value, 6), round(result.x_x.value, 6)
        (0.94, 0.96, 0.92)
    """

    name: ClassVar[str] = "process-tomography"
    stage: ClassVar[str] = "measuring"
    process: str = "teleportation"

    def __post_init__(self) -> None:
        check_name("process", self.process, PROCESSES)
        super().__post_init__()

    def program(self, rng: np.random.Generator) -> Program:
        """Return a circuit for each input and each setting."""
        make = _teleportation if self.process == "teleportation" else _cnot
        made = make(self.chain)
        elements = made.figures("paulis") if self.process == "teleportation" else []
        return Program(made.items, [*made.figures(), *elements], self.chain)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return both fidelities for the convolution of all links, and for one qubit the output for each Pauli."""
        if not noise.ideal:
            return {}
        weights = self.chain.weights
        if self.process == "cnot":
            fidelity = teleportation.gate_process_fidelity(weights)
            return {"fidelity": fidelity, "average_fidelity": (4 * fidelity + 1) / 5}
        kept = {axis: 2 * value - 1 for axis, value in teleportation.axis_fidelities(weights).items()}
        elements = {f"{a}_{b}": kept[b] if a == b else 0.0 for a in "ixyz" for b in "xyz"}
        return {
            "fidelity": weights[0],
            "average_fidelity": teleportation.average_fidelity(weights),
            **elements,
        }

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """The best values without entanglement."""
        if self.process == "cnot":
            return {"fidelity": {"local": bounds.CNOT_LOCAL}}
        return {"average_fidelity": {"classical": bounds.TELEPORTATION_CLASSICAL}}


def _teleportation(network: Network) -> Tomography:
    registers = chain_registers(network, first=2)
    (data, half), bob = registers[0], registers[-1][0]
    bits = ClassicalRegister(2, "bell")
    circuit = QuantumCircuit(*registers, bits)
    x, z = distribute(circuit, network, (half, bob))
    bell_measurement(circuit, data, half, z_bit=bits[0], x_bit=bits[1])
    correct(circuit, bob, x=[*x, bits[1]], z=[*z, bits[0]])
    return Tomography(circuit, [bob], [data], ideal=Operator(np.eye(2)), without_messages=_LOST)


def _cnot(network: Network) -> Tomography:
    registers = chain_registers(network, first=2, last=2)
    cat = ClassicalRegister(2, "cat")
    circuit = QuantumCircuit(*registers, cat)
    append_cnot(circuit, network, registers, cat)
    ends = registers[0][0], registers[-1][-1]
    return Tomography(circuit, ends, ends, ideal=CXGate(), without_messages=_blurred())


def _blurred() -> SuperOp:
    """Return the CNOT without its corrections: Z on the control and X on the target happen at random."""
    left = [Operator(CXGate()).compose(Pauli(error)) for error in ("II", "IZ", "XI", "XZ")]
    return sum((SuperOp(each) for each in left[1:]), SuperOp(left[0])) / 4
