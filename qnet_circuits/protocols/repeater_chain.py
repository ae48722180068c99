"""A repeater chain: Bell pairs on every hop, swapped at every station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qnet_circuits.programs.chains import ChainProtocol, Joining, entangled_ends, measured_ends
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import protocol_class, register
from qnet_circuits.theory import bell_diagonal, bounds
from qnet_circuits.theory.noise_parameters import NoiseParameters


def bell_program(
    network: Network, join: Joining = entangled_ends, messages: bool = True, carrier: str | None = None
) -> Program:
    """Return the program that measures the fidelity with Φ+ and the three correlators at a chain's ends.

    Args:
        network: The chain.
        join: Entangles the ends.
        messages: Whether the pair depends on messages from stations.
        carrier: The carrier of transmissions on a machine. Default: that of the run.
    """
    items, correlators = [], {}
    for name in ("xx", "yy", "zz"):
        circuit = measured_ends(network, name.upper(), join)
        items.append(Item(name, circuit, {"setting": name}, carrier=carrier))
        correlators[name] = parity(name, [("out", 0), ("out", 1)])
    fidelity: Expression = (1 + correlators["xx"] - correlators["yy"] + correlators["zz"]) / 4
    ideal = {"xx": 1.0, "yy": -1.0, "zz": 1.0}
    corrected = messages and network.hops > 1
    figures = [
        Figure(
            "fidelity",
            fidelity,
            ideal=1.0,
            physical=(0.0, 1.0),
            without_messages=0.25 if corrected else 1.0,
        )
    ]
    for name, expression in correlators.items():
        without = 0.0 if corrected else ideal[name]
        figures.append(Figure(name, expression, ideal[name], without, physical=(-1.0, 1.0)))
    return Program(items, figures, network)


@register
@dataclass(frozen=True)
class RepeaterChain(ChainProtocol):
    """One Bell pair between the ends of a chain of stations, made from short pairs by entanglement swapping.

    Every link makes a Bell pair, every station measures its two halves in the Bell basis, and the far end applies one Pauli
    correction that depends on the parities of all results. The fidelity with Φ+ is F = (1 + ⟨XX⟩ - ⟨YY⟩ + ⟨ZZ⟩)/4, from three
    settings; Werner links of fidelity F give 1/4 + 3/4 v^N with v = (4F - 1)/3 (Briegel, Dür, Cirac and Zoller,
    arXiv:quant-ph/9803056).

    On hardware: 2N qubits in a line, N + (N - 1) two-qubit gates and 2(N - 1) measurements for N hops; in feed-forward mode
    two real-time decisions.

    Args:
        hops: Number of links, at least 1. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.

    Example:
        >>> RepeaterChain(hops=3).program(np.random.default_rng(0)).resources["bell_pairs"]
        3
    """

    name: ClassVar[str] = "repeater-chain"
    stage: ClassVar[str] = "quantum memory"
    default_hops: ClassVar[int] = 3

    def program(self, rng: np.random.Generator) -> Program:
        """Return three circuits, one for each setting XX, YY and ZZ."""
        return bell_program(self.chain)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity and correlators of the links' convolution."""
        if not noise.ideal:
            return {}
        weights = self.chain.weights
        return {"fidelity": bell_diagonal.fidelity(weights), **bell_diagonal.correlators(weights)}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves entanglement."""
        return {"fidelity": {"entangled": bounds.BELL_ENTANGLED}}

    def baseline(self) -> Protocol:
        """Return the transport of one half of a pair by SWAPs."""
        return protocol_class("swap-transport").from_parameters(network=self.chain)
