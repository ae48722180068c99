"""What every protocol over a chain of links has in common: its fields, and the chain that they describe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from qnet_circuits.programs.network import Network
from qnet_circuits.programs.protocol import Protocol, set_network


@dataclass(frozen=True)
class ChainProtocol(Protocol):
    """A protocol over a chain of links. A subclass inherits the three fields, and reads ``chain``.

    Args:
        hops: Number of links, at least 1. The default is the class attribute ``default_hops``.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of the two.

    Raises:
        ParameterError: If a value is out of range, or both ways are given.
    """

    #: Number of links if neither ``hops`` nor ``network`` is given.
    default_hops: ClassVar[int] = 1

    hops: int | None = None
    link_fidelity: float | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        self.chain.path()

    @cached_property
    def chain(self) -> Network:
        """The chain that the fields describe."""
        return set_network(self, "a chain", "hops", self.default_hops)
