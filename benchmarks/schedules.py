"""Schedules of a repeater chain: 10^6 rounds of eight links, and pairs per second of wall clock beside a queue of events."""

from __future__ import annotations

import math

import numpy as np

import qnet_circuits as qn
from benchmarks.baselines.repeater import Chain, simulate
from benchmarks.measuring import Row, best, in_turns

SECONDS, TIMES = 1.0, 100.0
#: 200 km in eight links, of which one attempt in ten succeeds.
CHAIN = Chain(success=0.1, period_s=1.25e-4, link_km=25.0, links=8)
FAILING = Chain(success=0.1, period_s=1.25e-4, link_km=25.0, links=4, swap_success=0.5)
#: Means of the two sides that are further apart than this many standard errors are no means of one model.
_APART = 5.0


def schedule_of(chain: Chain) -> qn.Schedule:
    return qn.Schedule(
        (chain.success,) * chain.links, (chain.period_s,) * chain.links, (chain.link_km,) * chain.links,
        swap_success=chain.swap_success,
    )  # fmt: skip


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return how many standard errors lie between two means."""
    error = math.hypot(ours.std() / math.sqrt(len(ours)), theirs.std() / math.sqrt(len(theirs)))
    return float(abs(ours.mean() - theirs.mean()) / error)


def against_events(
    name: str, chain: Chain, rounds: int, by_events: int, repeats: int, bar: float | None = TIMES
) -> Row:
    """Pairs for each second of wall clock over those of the queue of events, if both say the same."""
    tasks = {
        "ours": lambda number: schedule_of(chain).sample(rounds, number),
        "events": lambda number: simulate(chain, by_events, number),
    }
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats, first=1)
    times, events = found["ours"][0].answer, np.array(found["events"][0].answer)
    stored = times.storage_s().sum(axis=1)
    distances = apart(times.delivered_s, events[:, 0]), apart(stored, events[:, 1])
    assert max(distances) < _APART, f"the two sides differ by {distances} standard errors"
    ours, theirs = rounds / best(found["ours"]), by_events / best(found["events"])
    detail = (
        f"{ours:.3g} and {theirs:.3g} pairs a second; times and storage {distances[0]:.1f} and {distances[1]:.1f} "
        "standard errors apart"
    )
    return Row(f"{name} over a queue of events", ours / theirs, "x", bar, detail)


def whole(rounds: int = 10**6, repeats: int = 3) -> Row:
    tasks = {"sample": lambda number: schedule_of(CHAIN).sample(rounds, number)}
    in_turns(tasks, 1)
    seconds = best(in_turns(tasks, repeats, first=1)["sample"])
    return Row(f"{rounds:.0e} schedules of {CHAIN.links} links".replace("e+0", "e"), seconds, "s", SECONDS)


def rows(repeats: int = 3) -> list[Row]:
    return [
        whole(repeats=repeats),
        against_events("schedules of 8 links", CHAIN, 10**6, 5_000, repeats),
        against_events("schedules of 4 links, swaps that fail", FAILING, 10**5, 5_000, repeats, None),
    ]
