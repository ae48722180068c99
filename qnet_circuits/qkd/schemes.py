"""The two ways to distribute a key: Alice sends qubits that Bob measures, or both measure halves of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qiskit import QuantumCircuit

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.qkd.circuits import OUT, sent_circuit, shared_circuit
from qnet_circuits.qkd.distribution import KeyDistribution
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.settings import Line, Setting, measuring, sending
from qnet_circuits.qkd.tapping import behaviour

#: The two parts of a line with a man in the middle.
PARTS = ("to_eve", "from_eve")
#: The entropic uncertainty relation knows of Z and X, not of an apparatus that reads one result more often.
FLIPPED = (
    "the key's bits are what a device measured: half of Alice's readouts, chosen at random, were flipped and flipped back, so "
    "that one that favours a result makes errors instead of a bias"
)


@dataclass(frozen=True)
class PrepareAndMeasure(KeyDistribution):
    """A key distribution in which Alice sends qubits that Bob measures, past an eavesdropper at Alice's door.

    Args:
        pulses: Number of qubits that Alice sends, 1 to 100,000,000.
    """

    tapped_link: ClassVar[int] = 0
    pulses: int = 100_000

    def lines(self) -> tuple[Line, ...]:
        """Return the settings: bases, Alice's bit, and what an eavesdropper does."""
        chosen, _ = self._chosen()
        eve = self.eavesdropper
        if isinstance(eve, ManInTheMiddle):
            # She is the receiver of one line and the sender of the other.
            return tuple(sending(chosen, {"none": 1.0}, {"none": (OUT, 0)}, part) for part in PARTS)
        return (sending(chosen, *behaviour(eve, self.bases)),)

    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a qubit that travels."""
        return sent_circuit(self._network(), setting, self.eavesdropper)


@dataclass(frozen=True)
class EntanglementBased(KeyDistribution):
    """A key distribution in which both parties measure halves of pairs, with an eavesdropper at Bob's door.

    Args:
        pairs: Number of pairs, 1 to 100,000,000.
    """

    counted: ClassVar[str] = "pairs"
    remarks: ClassVar[tuple[str, ...]] = (FLIPPED,)
    tapped_link: ClassVar[int] = -1
    pairs: int = 100_000

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.eve, ManInTheMiddle):
            raise UnsupportedError(
                f"a man in the middle of {self.name} is not built; play her on bb84, or take intercept-resend here"
            )

    def lines(self) -> tuple[Line, ...]:
        """Return the settings: both bases, and what an eavesdropper does."""
        return (measuring(*self._chosen(), *behaviour(self.eavesdropper, self.bases)),)

    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a pair that both measure."""
        return shared_circuit(self._network(), setting, self.eavesdropper)

    def _without_messages(self) -> dict[str, float]:
        """Return that nothing is shared if the stations' results do not arrive."""
        if self._chain().hops == 1:
            return {}
        return {name: 0.5 for name in ("qber", "eve_guess", *(f"qber_{basis}" for basis in self.bases))}
