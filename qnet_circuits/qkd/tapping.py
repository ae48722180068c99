"""The base class of eavesdroppers: nodes on a link, each with a register of her own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, QuantumRegister

from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.cheater import Cheater
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.qkd.settings import Bit

#: The name of her node, and of the classical register for her results.
EVE, HEARD = "eve", "heard"


class Eavesdropper(Cheater):
    """An eavesdropper on a link. Her node is called ``eve``, and every qubit that crosses the link passes through her hands.

    The two methods on theory describe one qubit with Bloch vector ±1 along a basis's axis. The part t reaches Bob, who is wrong
    with probability (1 - t)/2; she has the part r, and is right with probability (1 + r)/2.
    """

    #: Qubits of her register.
    qubits: ClassVar[int] = 1

    def choices(self, bases: Sequence[str]) -> dict[str, float]:
        """Return her possible choices for a qubit, with their probabilities."""
        return {self.kind: 1.0}

    def heard(self, choice: str) -> Bit | None:
        """Return her bit after this choice, or None."""
        return HEARD, 0

    def meet(self, circuit: QuantumCircuit, register: QuantumRegister, choice: str) -> None:
        """Append her operations on the qubit that she holds, the first of her register, before she sends it on."""

    def ask(self, circuit: QuantumCircuit, register: QuantumRegister, choice: str, basis: str) -> None:
        """Append her operations after the bases have been announced."""

    def passing(
        self, bases: Sequence[str], emitted: NDArray[np.float64], seen: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return how often a photon of a laser's pulse arrives and she made each choice.

        Args:
            bases: The protocol's bases.
            emitted: The probability of each intensity (rows) with no photon, one and several (columns).
            seen: The same, together with that a photon is seen if nobody is on the line.

        Returns:
            Such a table for each choice. By default she treats all pulses alike.
        """
        return {choice: share * seen for choice, share in self.choices(bases).items()}

    @abstractmethod
    def transmitted(self, basis: str, bases: Sequence[str]) -> float:
        """Return t, the part that reaches Bob, on average."""

    @abstractmethod
    def knowledge(self, basis: str, bases: Sequence[str]) -> tuple[tuple[float, float], ...]:
        """Return (probability, r) for each case that she can tell apart; in all other cases she knows nothing."""


def behaviour(
    eve: Eavesdropper | None, bases: Sequence[str]
) -> tuple[dict[str, float], dict[str, Bit | None]]:
    """Return the eavesdropper's choices with their probabilities, and her bit after each.

    Example:
        >>> from qnet_circuits.qkd.eavesdroppers import InterceptResend
        >>> behaviour(InterceptResend(0.5, "z"), ("z", "x"))
        ({'none': 0.5, 'z': 0.5}, {'none': None, 'z': ('heard', 0)})
    """
    if eve is None:
        return {"none": 1.0}, {"none": None}
    does = eve.choices(bases)
    return does, {choice: eve.heard(choice) for choice in does}


def tapped(network: Network, place: int) -> Network:
    """Return a chain with the eavesdropper's node on one of its links.

    The part of the link before her has no errors, and the part after her has all errors of the link: she gets the better qubit.

    Args:
        network: The chain.
        place: The link that she sits on, 0 for Alice's, -1 for Bob's.

    Raises:
        ParameterError: If a node has her name already.

    Example:
        >>> tapped(Network.chain(2), -1).path()
        ('alice', 'station1', 'eve', 'bob')
    """
    path = network.path()
    if EVE in path:
        raise ParameterError(
            f"the eavesdropper's node is called {EVE!r}; give the network's node another name"
        )
    edges = [(a, b, network.link(a, b)) for a, b in pairwise(path)]
    a, b, link = edges[place]
    edges[place : place + 1 or len(edges)] = [(a, EVE, Link()), (EVE, b, link)]
    return Network(dict.fromkeys(end for *ends, _ in edges for end in ends), edges, network.hardware)
