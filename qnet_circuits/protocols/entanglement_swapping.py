"""Entanglement swapping: two links become one pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol, set_network
from qnet_circuits.programs.registry import protocol_class, register
from qnet_circuits.protocols.repeater_chain import bell_program
from qnet_circuits.theory import bell_diagonal, bounds
from qnet_circuits.theory.noise_parameters import NoiseParameters

_OUT = [("out", 0), ("out", 1)]


@register
@dataclass(frozen=True)
class EntanglementSwapping(Protocol):
    """Two Bell pairs that meet at a station become one pair between its neighbours, which never met.

    The station measures its two halves in the Bell basis; the result says which Bell state the ends share, and Bob turns it
    into Φ+ (Żukowski, Zeilinger, Horne, Ekert, Phys. Rev. Lett. 71, 4287 (1993)). Pauli errors of the links multiply, so
    Werner visibilities do. The fidelity is also given for each of the station's four results.

    On hardware: 4 qubits in a line, 3 two-qubit gates, 2 measurements.

    Args:
        link_fidelity: Fidelity of both links, in [0.25, 1]. Default 1.
        network: A chain of two links with their own parameters, instead of ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, both are given, or the network is not a chain of two links.

    Example:
        >>> theory = EntanglementSwapping(link_fidelity=0.9).theory(NoiseParameters())
        >>> round(theory["fidelity"], 5)
        0.81333
    """

    name: ClassVar[str] = "entanglement-swapping"
    stage: ClassVar[str] = "quantum memory"
    link_fidelity: float | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        self._network().path()

    def _network(self) -> Network:
        return set_network(self, "a chain of two links", None, 2)

    def program(self, rng: np.random.Generator) -> Program:
        """Return three circuits, one for each setting XX, YY and ZZ."""
        base = bell_program(self._network())
        figures = list(base.figures)
        for z in (0, 1):
            for x in (0, 1):
                given = [("swap", 0, z), ("swap", 1, x)]
                xx, yy, zz = (parity(name, _OUT, given) for name in ("xx", "yy", "zz"))
                without = 1.0 if (z, x) == (0, 0) else 0.0
                figures.append(
                    Figure(f"fidelity_{z}{x}", (1 + xx - yy + zz) / 4, 1.0, without, physical=(0.0, 1.0))
                )
        return Program(base.items, figures, base.network)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity, the same for each result, and the correlators."""
        if not noise.ideal:
            return {}
        weights = self._network().weights
        fidelity = bell_diagonal.fidelity(weights)
        each = {f"fidelity_{z}{x}": fidelity for z in (0, 1) for x in (0, 1)}
        return {"fidelity": fidelity, **each, **bell_diagonal.correlators(weights)}

    def baseline(self) -> Protocol:
        """Return the transport of one half of a pair by SWAPs."""
        return protocol_class("swap-transport").from_parameters(network=self._network())

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves entanglement."""
        return {"fidelity": {"entangled": bounds.BELL_ENTANGLED}}
