"""Key distribution with pairs of which both parties measure one half."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from qiskit import QuantumCircuit

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.network import Network
from qnet_circuits.qkd.circuits import shared_circuit
from qnet_circuits.qkd.distribution import KeyDistribution
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.expected import expected
from qnet_circuits.qkd.settings import Line, Setting, measuring, shares
from qnet_circuits.qkd.tapping import behaviour, tapped
from qnet_circuits.theory.bell_diagonal import Weights

#: The entropic uncertainty relation knows of Z and X, not of an apparatus that reads one result more often.
FLIPPED = (
    "the key's bits are what a device measured: half of Alice's readouts, chosen at random, were flipped and flipped back, so "
    "that one that favours a result makes errors instead of a bias"
)


@dataclass(frozen=True)
class EntanglementBased(KeyDistribution):
    """A key distribution in which both parties measure halves of pairs.

    Args:
        pairs: Number of pairs, 1 to 100,000,000.
    """

    counted: ClassVar[str] = "pairs"
    remarks: ClassVar[tuple[str, ...]] = (FLIPPED,)
    pairs: int = 100_000

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.eve, ManInTheMiddle):
            raise UnsupportedError(
                f"a man in the middle of {self.name} is not built; play her on bb84, or take intercept-resend here"
            )

    @abstractmethod
    def _chosen(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the probabilities of Alice's bases and of Bob's."""

    def lines(self) -> tuple[Line, ...]:
        """Return the settings: both bases, and what an eavesdropper does."""
        return (measuring(*self._chosen(), *behaviour(self.eavesdropper, self.bases)),)

    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a pair that both measure."""
        return shared_circuit(self._network(), setting, self.eavesdropper)

    def _network(self) -> Network:
        return self._chain() if self.eve is None else tapped(self._chain(), -1)

    def _figures(self, whole: Weights, before: Weights) -> dict[str, float]:
        return expected(shares(*self._chosen(), self.bases), self.eavesdropper, whole, before)

    def _without_messages(self) -> dict[str, float]:
        """Return that nothing is shared if the stations' results do not arrive."""
        if self._chain().hops == 1:
            return {}
        return {name: 0.5 for name in ("qber", "eve_guess", *(f"qber_{basis}" for basis in self.bases))}
