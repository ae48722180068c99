"""Rounds of a chain, many at a time: links that arrive, stations that swap, and losses after which links begin anew.

Arrays have a row for each link or station and a column for each round. A station is named by the number of the link to its
right, so station s joins the links s - 1 and s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
#: Sums of periods that are equal on paper differ in their last digits.
SLACK = 1 + 1e-12
#: More swaps, losses and news of them in one round than this never come to an end.
_MOST_EVENTS = 200_000


@dataclass(frozen=True)
class Rules:
    """A chain and its policy in plain numbers.

    Args:
        success: For each link the probability that something arrives in one period.
        period_s: For each link the seconds of one attempt.
        delay_s: For each pair of nodes the seconds of a message between them.
        spans: For each station the first link of the segment that it completes, and the link after its last.
        swap_success: Probability that a swap succeeds.
        cutoff_s: The longest time that a qubit waits at a station.
    """

    success: Floats
    period_s: Floats
    delay_s: Floats
    spans: tuple[tuple[int, int], ...]
    swap_success: float
    cutoff_s: float

    @cached_property
    def rate(self) -> Floats:
        """For each link the rate of an exponential number of attempts, infinite if it always succeeds."""
        with np.errstate(divide="ignore"):
            return -np.log1p(-self.success)

    def arrivals(self, rng: np.random.Generator, links: Places) -> Floats:
        """Return for each of some links the seconds of its attempts up to the first success."""
        return _whole(rng.standard_exponential(len(links)), self.rate[links], self.period_s[links])

    def first_arrivals(self, rng: np.random.Generator, rounds: int) -> Floats:
        """Return the same for all links, shape (links, rounds)."""
        times = rng.standard_exponential((len(self.success), rounds))
        for row, rate, period in zip(times, self.rate, self.period_s, strict=True):
            _whole(row, rate, period)
        return times


def _whole(times: Floats, rate: Floats, period: Floats) -> Floats:
    """Make seconds of exponential times, in place: rounded up to whole attempts, they are geometric."""
    times /= rate
    np.ceil(times, out=times)
    np.maximum(times, 1, out=times)
    times *= period
    return times


def run_rounds(rules: Rules, rounds: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return when links arrived and stations swapped, shapes (links, rounds) and (links - 1, rounds)."""
    arrived = rules.first_arrivals(rng, rounds)
    if len(arrived) == 1 or (rules.swap_success == 1 and rules.cutoff_s == np.inf):
        there, swapped = _at_both_ends(arrived), np.full((len(arrived) - 1, rounds), np.inf)
        for station in sorted(range(1, len(arrived)), key=lambda s: np.diff(rules.spans[s - 1])[0]):
            left, right = _ready(rules, there, swapped, station)
            np.maximum(left, right, out=swapped[station - 1])
        return arrived, swapped
    return _with_losses(rules, arrived, rng)


def _at_both_ends(arrived: Floats) -> Floats:
    """Return when links were there, as each of their ends knows, shape (links, 2, rounds)."""
    return np.broadcast_to(arrived[:, None], (len(arrived), 2, arrived.shape[1]))


def _ready(rules: Rules, there: Floats, swapped: Floats, station: int) -> tuple[Floats, Floats]:
    """Return when the segments left and right of a station are there and known to it; infinite if a swap is missing."""
    first, last = rules.spans[station - 1]
    sides = []
    for ready, inner in (
        (there[station - 1, 1], range(first + 1, station)),
        (there[station, 0], range(station + 1, last)),
    ):
        for other in inner:
            ready = np.maximum(ready, swapped[other - 1] + rules.delay_s[other, station])
        sides.append(ready)
    return sides[0], sides[1]


def _with_losses(rules: Rules, arrived: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Bring rounds to their end event by event, the earliest of each round at a time."""
    done_arrived, done_swapped = np.empty_like(arrived), np.empty((len(arrived) - 1, arrived.shape[1]))
    state, places = _Lossy(rules, arrived, rng), np.arange(arrived.shape[1])
    for _ in range(_MOST_EVENTS):
        state.next_event()
        ended = np.isfinite(state.swapped).all(axis=0)
        if ended.any():
            done_arrived[:, places[ended]] = state.there[:, 0, ended]
            done_swapped[:, places[ended]] = state.swapped[:, ended]
            state.keep(~ended)
            places = places[~ended]
        if not len(places):
            return done_arrived, done_swapped
    raise ParameterError(
        f"no pair after {_MOST_EVENTS} swaps, losses and news in one round; allow a longer cut-off, or a higher swap_success"
    )


class _Lossy:
    """Rounds in which pairs are lost. Nodes act on their own knowledge: news of a loss travels at the speed of light.

    Attributes:
        there: When each pair was heralded, as each of its two ends knows, shape (links, 2, rounds); infinite from when an end
            knows that it is lost until both know, and the link begins anew.
        news: When each end will hear that the pair is lost; infinite if nothing is on its way.
        swapped: When each station swapped, as it knows.
    """

    def __init__(self, rules: Rules, arrived: Floats, rng: np.random.Generator) -> None:
        self.rules, self.rng = rules, rng
        self.there = _at_both_ends(arrived).copy()
        self.news = np.full(self.there.shape, np.inf)
        self.swapped = np.full((len(arrived) - 1, arrived.shape[1]), np.inf)

    def keep(self, rounds: NDArray[np.bool_]) -> None:
        """Go on with some of the rounds."""
        self.there, self.news, self.swapped = (
            each[..., rounds] for each in (self.there, self.news, self.swapped)
        )

    def next_event(self) -> None:
        """Let the next news, swap or cut-off of each round happen. At one moment news comes first, and cut-offs last."""
        rules, rounds = self.rules, np.arange(self.swapped.shape[1])
        ready = [_ready(rules, self.there, self.swapped, s) for s in range(1, len(self.there))]
        left, right = (np.array(side) for side in zip(*ready, strict=True))
        due, begun = np.maximum(left, right), np.minimum(self.there[:-1, 1], self.there[1:, 0])
        late = due > (begun + rules.cutoff_s) * SLACK
        when = np.where(late, begun + rules.cutoff_s, due)
        when[np.isfinite(self.swapped)] = np.inf
        # A qubit that has waited for exactly the cut-off is swapped.
        station = np.where(late, when * SLACK, when).argmin(axis=0)
        time, late = when[station, rounds], late[station, rounds]

        news = self.news.reshape(-1, len(rounds))
        first = news.argmin(axis=0)
        told = news[first, rounds] <= time * SLACK
        if told.any():
            self._hear(first[told] // 2, first[told] % 2, rounds[told])
        if not told.all():
            self._swap(*(each[~told] for each in (station, rounds, time, late)))

    def _swap(self, station: Places, rounds: Places, time: Floats, late: NDArray[np.bool_]) -> None:
        """Let stations swap, or discard the qubit that has waited for too long."""
        good = ~late & (self.rng.random(len(rounds)) < self.rules.swap_success)
        self.swapped[station[good], rounds[good]] = time[good]
        left = self.there[station, 1, rounds] < self.there[station + 1, 0, rounds]
        # A swap that fails loses both sides; a cut-off loses the side whose qubit has waited.
        for link, side, lost in (
            (station, 1, ~good & (~late | left)),
            (station + 1, 0, ~good & (~late | ~left)),
        ):
            if lost.any():
                self._lose(link[lost], np.full(lost.sum(), side), rounds[lost], time[lost])

    def _hear(self, link: Places, side: Places, rounds: Places) -> None:
        """Let an end of a link hear that its pair is lost; if the node has swapped it, so is what it was joined with."""
        time, station = self.news[link, side, rounds], link + side - 1
        self._lose(link, side, rounds, time)
        inner = (station >= 0) & (station < len(self.swapped))
        inner[inner] = np.isfinite(self.swapped[station[inner], rounds[inner]])
        self.swapped[station[inner], rounds[inner]] = np.inf
        self._lose((link + 2 * side - 1)[inner], 1 - side[inner], rounds[inner], time[inner])

    def _lose(self, link: Places, side: Places, rounds: Places, time: Floats) -> None:
        """Discard one half of pairs, and tell the other end; a link of which both ends know begins anew."""
        self.there[link, side, rounds] = self.news[link, side, rounds] = np.inf
        again = np.isinf(self.there[link, 1 - side, rounds])
        waits = link[~again], 1 - side[~again], rounds[~again]
        told = time[~again] + self.rules.delay_s[waits[0], waits[0] + 1]
        self.news[waits] = np.minimum(self.news[waits], told)
        link, rounds = link[again], rounds[again]
        self.there[link, :, rounds] = (time[again] + self.rules.arrivals(self.rng, link))[:, None]
