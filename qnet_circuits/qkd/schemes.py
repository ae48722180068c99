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
    "the key's bits come from measurements: half of Alice's readouts, chosen at random, were flipped and flipped back, so "
    "that a readout that favours one result causes errors instead of a bias"
)


@dataclass(frozen=True)
class PrepareAndMeasure(KeyDistribution):
    """A key distribution in which Alice sends qubits that Bob measures. An eavesdropper stands at Alice's door.

    Args:
        pulses: Number of qubits that Alice sends, 1 to 100,000,000. Default 100,000.
    """

    tapped_link: ClassVar[int] = 0
    pulses: int | None = None

    def __post_init__(self) -> None:
        if self.pulses is None:
            object.__setattr__(self, "pulses", self._usual_pulses())
        super().__post_init__()

    def _usual_pulses(self) -> int:
        """Return the default of ``pulses``."""
        return 100_000

    def lines(self) -> tuple[Line, ...]:
        """Return the settings: bases, Alice's bit, and the eavesdropper's choice."""
        chosen, _ = self._chosen()
        eve = self.eavesdropper
        if isinstance(eve, ManInTheMiddle):
            # The man in the middle is the receiver of one line and the sender of the other.
            return tuple(sending(chosen, {"none": 1.0}, {"none": (OUT, 0)}, part) for part in PARTS)
        return (sending(chosen, *behaviour(eve, self.bases)),)

    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a qubit that travels."""
        return sent_circuit(self._network(), setting, self.eavesdropper)


@dataclass(frozen=True)
class EntanglementBased(KeyDistribution):
    """A key distribution in which both parties measure halves of pairs. An eavesdropper stands at Bob's door.

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
                f"{self.name} has no man in the middle; use bb84 for her, or eve='intercept-resend' here"
            )

    def lines(self) -> tuple[Line, ...]:
        """Return the settings: both bases, and the eavesdropper's choice."""
        return (measuring(*self._chosen(), *behaviour(self.eavesdropper, self.bases)),)

    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of a pair that both measure."""
        return shared_circuit(self._network(), setting, self.eavesdropper)

    def _without_messages(self) -> dict[str, float]:
        """Return the figures without the stations' results: the ends share nothing."""
        if self._chain().hops == 1:
            return {}
        return {name: 0.5 for name in ("qber", "eve_guess", *(f"qber_{basis}" for basis in self.bases))}
