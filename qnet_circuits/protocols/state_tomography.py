"""Tomography of the pair that a chain leaves at its ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import DensityMatrix, Statevector

from qnet_circuits.programs.chains import ChainProtocol, chain_registers, entangled_ends
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import protocol_class, register
from qnet_circuits.programs.tomography import Tomography
from qnet_circuits.theory import bell_diagonal, bounds
from qnet_circuits.theory.entropy import shannon_entropy
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.theory.states import labels

_BELL = Statevector([1, 0, 0, 1]) / np.sqrt(2)
_MIXED = DensityMatrix(np.eye(4) / 4)


@register
@dataclass(frozen=True)
class StateTomography(ChainProtocol):
    """The whole state of a shared pair, from measurements of all nine pairs of Paulis.

    Fidelity with Φ+, negativity, concurrence, entropy in bits and purity of the state, and the means of all fifteen products of
    Paulis. ``density_matrix`` and ``plot_density_matrix`` make the state from these means. Links with weights q_P leave a
    Bell-diagonal pair of negativity max(0, q - 1/2), q the largest weight of their convolution; a Werner pair of visibility p
    has the concurrence max(0, (3p - 1)/2). The pair is entangled if and only if the negativity is positive.

    On hardware: the 2N qubits of a repeater chain of N hops, and nine circuits.

    Args:
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.

    Example:
        >>> import qnet_circuits as qn
        >>> result = qn.predict(StateTomography(hops=2, link_fidelity=0.9))
        >>> print(f"{result.negativity.value:.4f} {result.concurrence.value:.4f} {result.entropy.value:.4f}")
        0.3133 0.6267 0.9903
    """

    name: ClassVar[str] = "state-tomography"
    stage: ClassVar[str] = "measuring"

    def program(self, rng: np.random.Generator) -> Program:
        """Return nine circuits, one for each pair of Paulis."""
        chain = self.chain
        registers = chain_registers(chain)
        circuit = QuantumCircuit(*registers)
        ends = registers[0][0], registers[-1][0]
        entangled_ends(circuit, chain, ends)
        state = Tomography(circuit, ends, ideal=_BELL, without_messages=_BELL if chain.hops == 1 else _MIXED)
        return Program(state.items, [*state.figures(), *state.figures("paulis")], chain)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the functions and means of the Bell-diagonal state of the links' convolution."""
        if not noise.ideal:
            return {}
        weights = self.chain.weights
        functions = {
            "fidelity": bell_diagonal.fidelity(weights),
            "negativity": bell_diagonal.negativity(weights),
            "concurrence": bell_diagonal.concurrence(weights),
            "entropy": shannon_entropy(weights),
            "purity": sum(weight**2 for weight in weights),
        }
        return {**functions, **dict.fromkeys(labels(2)[1:], 0.0), **bell_diagonal.correlators(weights)}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2, and any negativity or concurrence, prove entanglement."""
        separable = {"separable": bounds.SEPARABLE}
        return {
            "fidelity": {"entangled": bounds.BELL_ENTANGLED},
            "negativity": separable,
            "concurrence": separable,
        }

    def baseline(self) -> Protocol:
        """Return the transport of one half of a pair by SWAPs."""
        return protocol_class("swap-transport").from_parameters(network=self.chain)
