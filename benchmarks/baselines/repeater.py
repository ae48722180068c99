"""A chain of repeaters as a script would simulate it: a queue of events, one round after another.

Each link attempts until it succeeds; a station swaps as soon as both of its links are there; if the swap fails, news runs
from node to node along all that was joined there, and a station that has not heard yet may swap what is lost. A link begins
anew once both of its ends have heard. A round ends when both end nodes have heard of every swap. It shares no code with the
library, and draws the attempts of a link in one step, as the library does.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from heapq import heappop, heappush

LIGHT_KM_PER_S = 2e5


@dataclass(frozen=True)
class Chain:
    success: float
    period_s: float
    link_km: float
    links: int
    swap_success: float = 1.0


class Round:
    """One round: who is joined with whom, since when qubits wait, and what is still to happen."""

    def __init__(self, chain: Chain, rng: random.Random) -> None:
        self.chain, self.rng = chain, rng
        self.tell = chain.link_km / LIGHT_KM_PER_S
        self.queue: list[tuple[float, bool, int, int, int, float]] = []
        self.number = 0
        self.since: dict[tuple[int, int], float] = {}  # (node, link): when the qubit was there
        self.swapped_at: dict[int, float] = {}
        self.paid: dict[int, float] = {}

    def put(self, time: float, herald: bool, link: int, node: int = 0, born: float = 0.0) -> None:
        self.number += 1
        # What happens at one moment comes together, news first.
        heappush(self.queue, (round(time, 12), herald, self.number, link, node, born))

    def begin(self, time: float, link: int) -> None:
        u = 1.0 - self.rng.random()
        attempts = (
            1 if self.chain.success == 1 else max(1, math.ceil(math.log(u) / math.log1p(-self.chain.success)))
        )
        self.put(time + attempts * self.chain.period_s, True, link)

    def run(self) -> tuple[float, float]:
        """Return when both ends knew, and how long the stations' qubits were stored together, in seconds."""
        links = self.chain.links
        for link in range(links):
            self.begin(0.0, link)
        while len(self.swapped_at) < links - 1 or len(self.since) < 2 * links:
            time, herald, _, link, node, born = heappop(self.queue)
            if herald:
                self.since[link, link] = self.since[link + 1, link] = time
                for station in (link, link + 1):
                    if (station, station - 1) in self.since and (station, station) in self.since:
                        self.swap(time, station)
            elif self.since.get((node, link)) == born:
                self.lose(time, node, link)
                if self.swapped_at.pop(node, None) is not None:
                    del self.paid[node]
                    self.lose(time, node, 2 * node - 1 - link)
        last = [at + max(s, links - s) * self.tell for s, at in self.swapped_at.items()]
        return max(last, default=max(self.since.values())), sum(self.paid.values())

    def swap(self, time: float, station: int) -> None:
        if self.chain.swap_success == 1 or self.rng.random() < self.chain.swap_success:
            self.swapped_at[station] = time
            self.paid[station] = 2 * time - self.since[station, station - 1] - self.since[station, station]
            return
        self.lose(time, station, station - 1)
        self.lose(time, station, station)

    def lose(self, time: float, node: int, link: int) -> None:
        """Let one end of a link know that its pair is lost, and tell the other, unless it knows."""
        del self.since[node, link]
        other = 2 * link + 1 - node
        if (other, link) in self.since:
            self.put(time + self.tell, False, link, other, self.since[other, link])
        else:
            self.begin(time, link)


def simulate(chain: Chain, rounds: int, seed: int) -> list[tuple[float, float]]:
    """Return for each round when both ends knew and how long qubits were stored, in seconds."""
    rng = random.Random(seed)
    return [Round(chain, rng).run() for _ in range(rounds)]
