"""Key distribution with qubits that Alice sends and Bob measures."""

from __future__ import annotations

from dataclasses import dataclass

from qiskit import QuantumCircuit

from qnet_circuits.programs.network import Network
from qnet_circuits.qkd.circuits import OUT, sent_circuit
from qnet_circuits.qkd.distribution import KeyDistribution
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.expected import PERFECT, expected
from qnet_circuits.qkd.settings import Line, Setting, basis_probabilities, sending, shares
from qnet_circuits.qkd.tapping import behaviour, tapped
from qnet_circuits.theory.bell_diagonal import Weights

#: The two parts of a line with a man in the middle.
PARTS = ("to_eve", "from_eve")


@dataclass(frozen=True)
class PrepareAndMeasure(KeyDistribution):
    """A key distribution in which Alice sends qubits that Bob measures.

    Args:
        pulses: Number of qubits that Alice sends, 1 to 100,000,000.
    """

    pulses: int = 100_000

    def lines(self) -> tuple[Line, ...]:
        """Return the settings: bases, Alice's bit, and what an eavesdropper does."""
        chosen = basis_probabilities(self.bases, self.key_basis_probability)
        eve = self.eavesdropper
        if isinstance(eve, ManInTheMiddle):
            # She is the receiver of one line and the sender of the other.
            return tuple(sending(chosen, {"none": 1.0}, {"none": (OUT, 0)}, part) for part in PARTS)
        return (sending(chosen, *behaviour(eve, self.bases)),)

    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a qubit that travels."""
        return sent_circuit(self._network(), setting, self.eavesdropper)

    def _network(self) -> Network:
        return self._chain() if self.eve is None else tapped(self._chain(), 0)

    def _figures(self, whole: Weights, before: Weights) -> dict[str, float]:
        # The eavesdropper sits at Alice's door: no link is before her.
        chosen = basis_probabilities(self.bases, self.key_basis_probability)
        return expected(shares(chosen, chosen, self.bases), self.eavesdropper, whole, PERFECT)
