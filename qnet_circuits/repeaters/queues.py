"""Requests that wait for memories and are served, many rounds at a time.

Arrays have a row for each round and a column for each request. Requests are numbered in the order in which they were asked
(or in that of their deadlines), which is the order in which they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError
from qnet_circuits.repeaters.events import SLACK, Floats

#: More turns in one round than this never come to an end.
_MOST_EVENTS = 200_000
_UNASKED, _WAITING, _IN_TURN, _ENDED = range(4)


@dataclass(frozen=True)
class Demand:
    """Requests and their shared resources, in plain numbers.

    Args:
        pairs: For each request the number of pairs.
        start_s: The time at which it begins.
        deadline_s: The time at which it is given up, infinite if never.
        least: For each request the lowest fidelity of a pair that counts.
        at_once: Coefficients of <XX> - <YY> and of <ZZ> of a pair that nothing has waited for, shape (2, requests).
        keep: Whether its end nodes store all pairs until the last is there.
        decay: Rates in 1/s of <XX> - <YY> and of <ZZ> of pairs that are stored so, shape (2, requests).
        need: How much of each limited resource it holds while it is served, shape (requests, resources).
        room: How much there is of each.
        in_turns: Whether the one with the fewest turns so far comes first, and not the first in order.
    """

    pairs: NDArray[np.intp]
    start_s: Floats
    deadline_s: Floats
    least: Floats
    at_once: Floats
    keep: NDArray[np.bool_]
    decay: Floats
    need: NDArray[np.intp]
    room: NDArray[np.intp]
    in_turns: bool


class Turns:
    """Turns of one request: independent samples of seconds, and of what memories leave of <XX> - <YY> and of <ZZ>.

    Args:
        sample: Returns so many samples, shape (3, number).
        block: How many to ask for at a time.
    """

    def __init__(self, sample: Callable[[int], Floats], block: int) -> None:
        self._sample, self._block = sample, block
        self.ready = sample(block)

    def draw(self, number: int) -> Floats:
        """Return some samples, none of them twice."""
        while self.ready.shape[1] < number:
            self.ready = np.concatenate([self.ready, self._sample(self._block)], axis=1)
        drawn, self.ready = self.ready[:, :number], self.ready[:, number:]
        return drawn


class Queue:
    """Rounds of requests, from the first that is asked to the last that ends.

    Args:
        demand: The requests.
        turns: For each request its turns.
        rounds: Number of rounds.

    Attributes:
        delivered: Number of pairs that count, shape (rounds, requests).
        ended_s: When the request had all of its pairs, or was given up.
        kept: Sums over the pairs of what memories left of <XX> - <YY> and of <ZZ>, shape (2, rounds, requests).
    """

    def __init__(self, demand: Demand, turns: list[Turns], rounds: int) -> None:
        shape = rounds, len(turns)
        self.demand, self.turns = demand, turns
        self.delivered, self.taken = np.zeros(shape, int), np.zeros(shape, int)
        self.ended_s, self.kept = np.zeros(shape), np.zeros((2, *shape))
        self._phase, self._next_s = np.full(shape, _UNASKED), np.tile(demand.start_s, (rounds, 1))
        self._turn_ends_s, self._counted_s = np.full(shape, np.inf), np.zeros(shape)
        self._leaves, self._free = np.zeros((2, *shape)), np.tile(demand.room, (rounds, 1))

    def run(self) -> None:
        """Let everything happen, the earliest moment of each round at a time."""
        for _ in range(_MOST_EVENTS):
            now = self._next_s.min(axis=1, keepdims=True)
            if not np.isfinite(now).any():
                return
            self._begin(self._happen(now), now)
            self._serve(now)
        raise ParameterError(
            f"requests are not served after {_MOST_EVENTS} turns in one round; give deadline_s, or ask for less fidelity"
        )

    def _happen(self, now: Floats) -> NDArray[np.bool_]:
        """End turns and requests whose time has come, and return the kept ones that go on with their next turn."""
        demand, latest = self.demand, now * SLACK
        hit = (self._next_s <= latest) & np.isfinite(now)
        finished = hit & (self._phase == _IN_TURN) & (self._turn_ends_s <= demand.deadline_s * SLACK)
        self._phase[hit & (self._phase == _UNASKED)] = _WAITING
        self._count(hit, finished, now)
        full = finished & (self.delivered >= demand.pairs)
        ended = full | (hit & (demand.deadline_s <= latest))
        again = finished & ~ended
        freed = ended & (self._phase == _IN_TURN) | (again & ~demand.keep)
        self._free += freed.astype(int) @ demand.need
        self.ended_s = np.where(ended, np.where(full, now, demand.deadline_s), self.ended_s)
        self._phase[again & ~demand.keep] = _WAITING
        self._phase[ended] = _ENDED
        self._next_s = np.where(hit, np.where(ended, np.inf, demand.deadline_s), self._next_s)
        goes_on: NDArray[np.bool_] = again & demand.keep
        return goes_on

    def _count(self, hit: NDArray[np.bool_], finished: NDArray[np.bool_], now: Floats) -> None:
        """Count the pairs of turns that have ended, after what those before have lost since the last count."""
        demand = self.demand
        fidelity = (1 + (demand.at_once[:, None] * self._leaves).sum(axis=0)) / 4
        good = finished & (fidelity >= demand.least / SLACK)
        since = np.where(hit, np.where(np.isfinite(now), now, 0) - self._counted_s, 0)
        self.kept *= np.exp(-since * demand.decay[:, None])
        self.kept += good * self._leaves
        self._counted_s += since
        self.delivered += good
        self.taken += finished

    def _serve(self, now: Floats) -> None:
        """Give what is free to those that wait, in order; who must wait on keeps what it needs from all behind it."""
        waiting = self._phase == _WAITING
        rows = np.flatnonzero(waiting.any(axis=1))
        order = np.argsort(self.taken[rows], axis=1, kind="stable") if self.demand.in_turns else None
        left, served = self._free[rows], np.zeros_like(waiting)
        for place in range(len(self.turns)):
            request = np.full(len(rows), place) if order is None else order[:, place]
            asks, need = waiting[rows, request], self.demand.need[request]
            # Of what many wait for, less than nothing may be left; whoever needs none of it does not mind.
            served[rows, request] = asks & ((need <= left) | (need == 0)).all(axis=1)
            left -= need * asks[:, None]
        self._free -= served.astype(int) @ self.demand.need
        self._begin(served, now)

    def _begin(self, begun: NDArray[np.bool_], now: Floats) -> None:
        """Begin turns."""
        for request in np.flatnonzero(begun.any(axis=0)):
            rows = np.flatnonzero(begun[:, request])
            seconds, *leaves = self.turns[request].draw(len(rows))
            self._turn_ends_s[rows, request] = ends = now[rows, 0] + seconds
            self._next_s[rows, request] = np.minimum(ends, self.demand.deadline_s[request])
            self._leaves[:, rows, request] = leaves
        self._phase[begun] = _IN_TURN
