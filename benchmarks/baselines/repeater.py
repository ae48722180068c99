"""A chain of repeaters as a script would simulate it: a queue of events, one round after another.

Each link attempts until it succeeds; a station swaps as soon as both of its links are there; if the swap fails, it tells
all nodes whose qubits were joined there, and a link begins anew once both of its ends have heard. A round ends when both
end nodes have heard of every swap. It shares no code with the library, and draws the attempts of a link in one step, as the
library does.
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
        self.queue: list[tuple[float, int, str, int]] = []
        self.number = 0
        self.since: dict[tuple[int, int], float] = {}  # (node, link): when the qubit was there
        self.joined: set[int] = set()  # stations that have swapped
        self.heard = [2] * chain.links  # ends of each link that know that it is to begin
        self.swapped_at: dict[int, float] = {}
        self.paid: dict[int, float] = {}

    def put(self, time: float, kind: str, which: int) -> None:
        self.number += 1
        heappush(self.queue, (time, self.number, kind, which))

    def begin(self, time: float, link: int) -> None:
        u = 1.0 - self.rng.random()
        attempts = (
            1 if self.chain.success == 1 else max(1, math.ceil(math.log(u) / math.log1p(-self.chain.success)))
        )
        self.put(time + attempts * self.chain.period_s, "herald", link)

    def run(self) -> tuple[float, float]:
        """Return when both ends knew, and how long the stations' qubits were stored together, in seconds."""
        links = self.chain.links
        for link in range(links):
            self.begin(0.0, link)
        while len(self.joined) < links - 1 or len(self.since) < 2 * links:
            time, _, kind, which = heappop(self.queue)
            if kind == "herald":
                self.since[which, which] = self.since[which + 1, which] = time
                for station in (which, which + 1):
                    if (
                        0 < station < links
                        and (station, station - 1) in self.since
                        and (station, station) in self.since
                    ):
                        self.swap(time, station)
            else:
                self.heard[which] += 1
                if self.heard[which] == 2:
                    self.begin(time, which)
        tell = self.chain.link_km / LIGHT_KM_PER_S
        last = [at + max(s, links - s) * tell for s, at in self.swapped_at.items()]
        return max(last, default=max(self.since.values())), sum(self.paid.values())

    def swap(self, time: float, station: int) -> None:
        if self.chain.swap_success == 1 or self.rng.random() < self.chain.swap_success:
            self.joined.add(station)
            self.swapped_at[station] = time
            self.paid[station] = 2 * time - self.since[station, station - 1] - self.since[station, station]
            return
        low, high = station - 1, station
        while low in self.joined:
            low -= 1
        while high + 1 in self.joined:
            high += 1
        for link in range(low, high + 1):
            self.joined.discard(link)
            self.swapped_at.pop(link, None)
            self.paid.pop(link, None)
            self.heard[link] = 0
            for node in (link, link + 1):
                del self.since[node, link]
                away = abs(node - station) * self.chain.link_km / LIGHT_KM_PER_S
                self.put(time + away, "told", link)


def simulate(chain: Chain, rounds: int, seed: int) -> list[tuple[float, float]]:
    """Return for each round when both ends knew and how long qubits were stored, in seconds."""
    rng = random.Random(seed)
    return [Round(chain, rng).run() for _ in range(rounds)]
