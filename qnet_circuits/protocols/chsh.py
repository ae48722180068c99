"""The CHSH inequality over a link or a chain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qnet_circuits.programs.chains import ChainProtocol, Joining, entangled_ends, measured_ends
from qnet_circuits.programs.classical_players import answered
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import protocol_class, register
from qnet_circuits.theory import bounds, chsh, games
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: Alice measures (Z + X)/√2 or (Z - X)/√2, Bob Z or X; the last pair's correlator enters with a minus.
_SETTINGS = {"plus_z": (1, "Z", 1), "plus_x": (1, "X", 1), "minus_z": (-1, "Z", 1), "minus_x": (-1, "X", -1)}


@register
@dataclass(frozen=True)
class Chsh(ChainProtocol):
    """A Bell test: do the two ends of a link or a chain agree more often than any local theory allows?

    S = E(a, b) + E(a, b') + E(a', b) - E(a', b') is at most 2 in every local theory (Clauser, Horne, Shimony, Holt, Phys. Rev.
    Lett. 23, 880 (1969)) and 2√2 for Φ+; a Werner pair of visibility v gives 2√2 v. The p-value is the binomial probability of
    at least as many wins if each round were won with probability 3/4. This is not a loophole-free test: lost shots would open
    the detection loophole, and parties on one chip are too close to close the locality loophole.

    On hardware: 2N qubits in a line for N hops. Corrections act on Bob's qubit; he measures Z or X, so they can be made in
    software (Pauli frame).

    Args:
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.

    Example:
        >>> round(Chsh(link_fidelity=0.95).theory(NoiseParameters())["s_value"], 4)
        2.6399
    """

    name: ClassVar[str] = "chsh"
    stage: ClassVar[str] = "entanglement distribution"

    def program(self, rng: np.random.Generator) -> Program:
        """Return four circuits, one for each pair of settings."""
        return chsh_program(self.chain)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the CHSH value of the convolution of all links."""
        return {"s_value": chsh.s_value(self.chain.weights)} if noise.ideal else {}

    def baseline(self) -> Protocol:
        """Return the same test of a pair whose one half was carried by SWAPs."""
        return protocol_class("swap-transport").from_parameters(network=self.chain, task="chsh")

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """No local theory exceeds 2."""
        return {"s_value": {"classical": bounds.CHSH_CLASSICAL}}


def chsh_program(
    network: Network, join: Joining = entangled_ends, messages: bool = True, carrier: str | None = None
) -> Program:
    """Return the program that measures the CHSH value at a chain's ends.

    Args:
        network: The chain.
        join: Entangles the ends.
        messages: Whether the pair depends on messages from stations.
        carrier: The carrier of transmissions on a machine. Default: that of the run.
    """
    items = []
    first, *_, last = network.path()
    told = (Announcement(last, first, 1, "basis"), Announcement(last, first, 1, "outcome", (("out", 1),)))
    for name, (side, basis, _) in _SETTINGS.items():
        # Turns the axis at 45 degrees in the X-Z plane to Z.
        circuit = measured_ends(network, "Z" + basis, join, turn=-side * math.pi / 4)
        items.append(Item(name, circuit, _tags(name), carrier=carrier, announced=told))
    without = 0.0 if messages and network.hops > 1 else bounds.CHSH_QUANTUM
    return Program(items, [_s_value(bounds.CHSH_QUANTUM, without)], network)


def classical_chsh_program(network: Network) -> Program:
    """Return the same test of a chain's ends if they share nothing and answer by a best classical strategy."""
    first, *_, last = network.path()
    own = games.best_classical(games.chsh_game())
    items = [
        Item(name, answered([first, last], [[own[0][asked[0]]], [own[1][asked[1]]]]), _tags(name))
        for name, asked in zip(_SETTINGS, games.chsh_game().questions, strict=True)
    ]
    return Program(items, [_s_value(bounds.CHSH_CLASSICAL, bounds.CHSH_CLASSICAL)], network)


def _tags(name: str) -> dict[str, int | str]:
    side, basis, _ = _SETTINGS[name]
    return {"alice": side, "bob": basis}


def _s_value(ideal: float, without: float) -> Figure:
    total = Expression()
    for name, (_, _, sign) in _SETTINGS.items():
        total = total + sign * parity(name, [("out", 0), ("out", 1)])
    return Figure("s_value", total, ideal, without, null=bounds.CHSH_CLASSICAL, physical=(-4.0, 4.0))
