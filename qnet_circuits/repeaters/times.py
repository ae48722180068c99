"""When the links of a chain were there and its stations swapped, in many rounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import check_name

Seconds = NDArray[np.float64]
#: The treatments of the qubits of the end nodes.
ENDS = ("measured", "stored")


@dataclass(frozen=True)
class Times:
    """The times of many rounds of a chain, each in seconds from the start of its round.

    A round begins with no pair, and ends when both end nodes know that they share one. Losses on the way, by a cut-off or by a
    failed swap, are included in the times but not listed. Every qubit of a link exists from the herald of the link until the
    swap of its station, so these times say how long each was stored.

    Attributes:
        arrived_s: When each link was heralded, of the pairs that were swapped at last; shape (rounds, links).
        swapped_s: When each station swapped; shape (rounds, stations).
        delivered_s: When both end nodes knew; shape (rounds,).
    """

    arrived_s: Seconds
    swapped_s: Seconds
    delivered_s: Seconds

    @property
    def rounds(self) -> int:
        """Number of rounds."""
        return len(self.delivered_s)

    def storage_s(self, ends: str = "measured") -> Seconds:
        """Return how long the qubits of each node were stored together, shape (rounds, nodes), from end to end.

        A station stores two qubits, whose times add up: memories that dephase lose coherence by their sum.

        Args:
            ends: ``measured``, if the end nodes measure their qubits as soon as their links are there, as for a key;
                ``stored``, if they store them until the pair is delivered.

        Raises:
            UnknownNameError: If ``ends`` is neither.
        """
        waits = self.waits_s(ends)
        stored = np.zeros((self.rounds, self.arrived_s.shape[1] + 1))
        stored[:, :-1] += waits[:, :, 0]
        stored[:, 1:] += waits[:, :, 1]
        return stored

    def waits_s(self, ends: str = "measured") -> Seconds:
        """Return how long each qubit was stored, shape (rounds, links, 2): of each link that of its first node, and the other.

        Args:
            ends: As of ``storage_s``.

        Raises:
            UnknownNameError: If ``ends`` is neither.
        """
        check_name("ends", ends, ENDS)
        waits = np.zeros((*self.arrived_s.shape, 2))
        waits[:, 1:, 0] = self.swapped_s - self.arrived_s[:, 1:]
        waits[:, :-1, 1] = self.swapped_s - self.arrived_s[:, :-1]
        if ends == "stored":
            waits[:, 0, 0] = self.delivered_s - self.arrived_s[:, 0]
            waits[:, -1, 1] = self.delivered_s - self.arrived_s[:, -1]
        return waits
