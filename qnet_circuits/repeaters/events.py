"""Rounds of a chain, many at a time: links that arrive, stations that swap, and what is lost and begins anew.

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
#: Sums of periods that are equal on paper differ in their last digits.
SLACK = 1 + 1e-12
#: More swaps and losses in one round than this never come to an end.
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
    def restart_s(self) -> Floats:
        """For each station and link the seconds until both ends of the link know what happened at the station."""
        return np.maximum(self.delay_s[1:-1, :-1], self.delay_s[1:-1, 1:])

    @cached_property
    def rate(self) -> Floats:
        """For each link the rate of an exponential number of attempts, infinite if it always succeeds."""
        with np.errstate(divide="ignore"):
            return -np.log1p(-self.success)

    def arrivals(self, rng: np.random.Generator, links: NDArray[np.intp]) -> Floats:
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
        swapped = np.full((len(arrived) - 1, rounds), np.inf)
        for station in sorted(range(1, len(arrived)), key=lambda s: np.diff(rules.spans[s - 1])[0]):
            left, right = _ready(rules, arrived, swapped, station)
            np.maximum(left, right, out=swapped[station - 1])
        return arrived, swapped
    return _with_losses(rules, arrived, rng)


def _ready(rules: Rules, arrived: Floats, swapped: Floats, station: int) -> tuple[Floats, Floats]:
    """Return when the segments left and right of a station are there and known to it; infinite if a swap is missing."""
    first, last = rules.spans[station - 1]
    sides = []
    for low, high in ((first, station), (station, last)):
        ready = arrived[low:high].max(axis=0) if high - low > 1 else arrived[low]
        for inner in range(low + 1, high):
            ready = np.maximum(ready, swapped[inner - 1] + rules.delay_s[inner, station])
        sides.append(ready)
    return sides[0], sides[1]


def _with_losses(rules: Rules, arrived: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Bring rounds to their end event by event, the earliest of each round at a time."""
    done_arrived, done_swapped = np.empty_like(arrived), np.empty((len(arrived) - 1, arrived.shape[1]))
    swapped, places = np.full(done_swapped.shape, np.inf), np.arange(arrived.shape[1])
    for _ in range(_MOST_EVENTS):
        _next_event(rules, arrived, swapped, rng)
        ended = np.isfinite(swapped).all(axis=0)
        if ended.any():
            done_arrived[:, places[ended]] = arrived[:, ended]
            done_swapped[:, places[ended]] = swapped[:, ended]
            arrived, swapped, places = arrived[:, ~ended], swapped[:, ~ended], places[~ended]
        if not len(places):
            return done_arrived, done_swapped
    raise ParameterError(
        f"no pair after {_MOST_EVENTS} swaps and losses in one round; raise cutoff_s or swap_success"
    )


def _next_event(rules: Rules, arrived: Floats, swapped: Floats, rng: np.random.Generator) -> None:
    """Let the next swap or loss of each round happen, in place."""
    rounds = np.arange(arrived.shape[1])
    ready = [_ready(rules, arrived, swapped, station) for station in range(1, len(arrived))]
    left, right = (np.array(side) for side in zip(*ready, strict=True))
    due, begun = np.maximum(left, right), np.minimum(arrived[:-1], arrived[1:])
    late = due > (begun + rules.cutoff_s) * SLACK
    when = np.where(late, begun + rules.cutoff_s, due)
    when[np.isfinite(swapped)] = np.inf
    # At one moment swaps come before cut-offs: a qubit that has waited for exactly the cut-off is swapped.
    station = np.where(late, when * SLACK, when).argmin(axis=0)
    time, late = when[station, rounds], late[station, rounds]
    good = ~late & (rng.random(len(rounds)) < rules.swap_success)
    swapped[station[good], rounds[good]] = time[good]

    bad = np.flatnonzero(~good)
    station, time, late = station[bad], time[bad], late[bad]
    left_waited = arrived[station, bad] < arrived[station + 1, bad]
    lost = np.zeros((len(arrived), len(bad)), bool)
    # A swap that fails loses both sides; a cut-off loses the side whose qubit has waited.
    lost[station, np.arange(len(bad))] = ~late | left_waited
    lost[station + 1, np.arange(len(bad))] = ~late | ~left_waited
    joined = np.isfinite(swapped[:, bad])
    _spread(lost, joined)
    links, columns = np.nonzero(lost)
    begin = time[columns] + rules.restart_s[station[columns], links]
    arrived[links, bad[columns]] = begin + rules.arrivals(rng, links)
    swapped[:, bad] = np.where(joined & lost[1:], np.inf, swapped[:, bad])


def _spread(lost: NDArray[np.bool_], joined: NDArray[np.bool_]) -> None:
    """Lose what is joined with what is lost, in place."""
    stations = range(len(joined))
    for station in stations:
        lost[station + 1] |= lost[station] & joined[station]
    for station in reversed(stations):
        lost[station] |= lost[station + 1] & joined[station]
