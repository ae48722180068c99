"""What every CNOT between two nodes has in common: how it is judged, and what theory says."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from qiskit import QuantumCircuit

from qnet_circuits.programs.chain_protocol import ChainProtocol
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.process import ProcessSetting, process_fidelity, settings, truth_table
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.theory import bounds, teleportation
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.noise_parameters import NoiseParameters


class CnotProtocol(ChainProtocol):
    """A CNOT over a chain of links, judged by its process fidelity and its truth table."""

    @staticmethod
    @abstractmethod
    def _circuit(network: Network, setting: ProcessSetting) -> QuantumCircuit:
        """Return the circuit for one input and one measurement."""

    def program(self, rng: np.random.Generator) -> Program:
        """Return 36 circuits: products of eigenstates in, products of Paulis out."""
        chain = self.chain
        items = [
            Item(
                s.name,
                self._circuit(chain, s),
                {"states": ",".join(map(str, s.states)), "measured": s.measured},
            )
            for s in settings()
        ]
        return Program(items, _figures(), chain)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return process fidelity and truth table of the links' convolution."""
        return _theory(self.chain.weights) if noise.ideal else {}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Without entanglement a process fidelity of 1/2 cannot be exceeded."""
        return {"fidelity": {"local": bounds.CNOT_LOCAL}}


def _figures() -> list[Figure]:
    """Return the figures of a CNOT between nodes: process fidelity and truth table."""
    return [
        Figure("fidelity", process_fidelity(), ideal=1.0, without_messages=0.25, physical=(0.0, 1.0)),
        Figure("truth_table", truth_table(), ideal=1.0, without_messages=0.5, physical=(0.0, 1.0)),
    ]


def _theory(weights: Weights) -> dict[str, float]:
    """Return the figures of a CNOT that is teleported over a Bell-diagonal pair.

    The pair's X becomes X on the target, its Z becomes Z on the control, which the truth table does not see.
    """
    return {
        "fidelity": teleportation.gate_process_fidelity(weights),
        "truth_table": weights[0] + weights[3],
    }
