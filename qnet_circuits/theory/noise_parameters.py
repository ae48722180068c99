"""The noise of the devices at the nodes, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

from qnet_circuits.errors import check_range


@dataclass(frozen=True)
class NoiseParameters:
    """The plain numbers that a formula takes for the noise of gates and readouts.

    A two-qubit gate leaves both qubits maximally mixed with probability ``gate_error`` (so it is perfect with
    p = 1 - ``gate_error``), and one qubit is read out wrong with probability ``readout_error`` (η = 1 -
    ``readout_error``), as in quant-ph/9803056. The noise of the links themselves belongs to the network.

    Args:
        gate_error: Depolarising probability of a two-qubit gate, in [0, 1].
        readout_error: Probability of a wrong readout of one qubit, in [0, 1].

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> NoiseParameters(gate_error=0.01)
        NoiseParameters(gate_error=0.01, readout_error=0.0)
        >>> NoiseParameters().ideal
        True
    """

    gate_error: float = 0.0
    readout_error: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "gate_error", check_range("gate_error", self.gate_error, 0, 1))
        object.__setattr__(self, "readout_error", check_range("readout_error", self.readout_error, 0, 1))

    @property
    def ideal(self) -> bool:
        """Whether gates and readouts are perfect."""
        return self.gate_error == 0 and self.readout_error == 0
