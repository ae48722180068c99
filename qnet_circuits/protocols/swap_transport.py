"""Entanglement over a chain without swapping by measurement: one half of a pair is carried by SWAPs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qnet_circuits.circuits.blocks import carried_ends
from qnet_circuits.network import Network
from qnet_circuits.program import Program
from qnet_circuits.protocol import Protocol, register, set_network
from qnet_circuits.protocols.repeater_chain import bell_program, bell_theory
from qnet_circuits.theory import bounds
from qnet_circuits.theory.noise_parameters import NoiseParameters


@register
@dataclass(frozen=True)
class SwapTransport(Protocol):
    """A Bell pair made on the first link of a chain, one half of which is carried to the far end by SWAPs.

    The direct way to entangle distant qubits on a machine, and what a repeater chain is compared with: it needs no
    measurement and no message, but its depth grows with the distance, where that of swapping by measurement stays the same
    (Bäumer et al., PRX Quantum 5, 030339 (2024), who find that circuits with measurement and feed-forward can do better than
    unitary ones). The Pauli errors of all links add up on the half that travels, so that the links' own noise leaves what it
    leaves of a chain: 1/4 + 3/4 v^N with v = (4F - 1)/3 for Werner links of fidelity F.

    On hardware: the 2N qubits of a repeater chain of N hops, and 6N - 5 two-qubit gates in a row, three for each of 2N - 2
    SWAPs, whatever the run's carrier.

    Args:
        hops: Number of links, at least 1. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of the two.

    Raises:
        ParameterError: If a value is out of range, or both ways are given.

    Example:
        >>> resources = SwapTransport(hops=3).program(np.random.default_rng(0)).resources
        >>> resources["bell_pairs"], resources["transmissions"], resources["classical_bits"]
        (1, 2, 0)
    """

    name: ClassVar[str] = "swap-transport"
    hops: int | None = None
    link_fidelity: float | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        self._network().path()

    def _network(self) -> Network:
        return set_network(self, "a chain", "hops", 3)

    def program(self, rng: np.random.Generator) -> Program:
        """Return three circuits, one for each setting XX, YY and ZZ."""
        return bell_program(self._network(), carried_ends, messages=False, carrier="swap")

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity and correlators of the links' convolution."""
        return bell_theory(self._network()) if noise.ideal else {}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves entanglement."""
        return {"fidelity": {"entangled": bounds.BELL_ENTANGLED}}
