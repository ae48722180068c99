"""Sampling in calls of a simulator that share no random numbers, whichever simulator it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qnet_circuits.backends.base import Keep, Progress, Raw

#: Shots of one call that draws a stream of random numbers for each shot. Aer numbers the streams of a call by
#: seed + 2113 · circuit + shot; below this many shots they never meet.
CHUNK = 2048
#: Work of one call, as a plan counts its cost: a simulator neither reports nor listens while it works.
CALL = 4e8
#: Seconds after which sampling counts as long, and its finished calls are worth keeping.
SHORT = 2.0


class Sampled(Protocol):
    """How one circuit is sampled, as far as its calls depend on it."""

    @property
    def method(self) -> str:
        """The simulator's method; only circuits of one method go into one call."""

    @property
    def at_once(self) -> bool:
        """Whether one evolution serves all shots, so that they are drawn from one stream of random numbers."""

    @property
    def cost(self) -> float:
        """Work of a shot, or of the one evolution."""

    @property
    def registers(self) -> Sequence[tuple[str, int]]:
        """The classical registers in order: name and width."""


@dataclass(frozen=True)
class Call:
    """One call of a simulator: circuits of one method, with the same number of shots.

    Args:
        members: The numbers of the circuits.
        method: The simulator's method.
        shots: Shots of each circuit.
        seed: The seed of the call.
    """

    members: tuple[int, ...]
    method: str
    shots: int
    seed: int


def calls_of(
    plans: Sequence[Sampled], shots: Sequence[int], rng: np.random.Generator, chunk: int = CHUNK
) -> list[Call]:
    """Return the calls that sample all circuits, of so many shots at most; each has a seed of its own, drawn beforehand."""
    groups: dict[tuple[str, bool, int], list[int]] = {}
    for k, plan in enumerate(plans):
        groups.setdefault((plan.method, plan.at_once, shots[k]), []).append(k)
    calls = []
    for (method, at_once, count), members in groups.items():
        costs = {k: plans[k].cost for k in members}
        # One evolution draws all its shots from one stream; a simulation shot by shot has a stream for each shot.
        most = count if at_once else int(max(1, min(chunk, CALL / max(costs.values()))))
        for done in range(0, count, most):
            now = min(most, count - done)
            for together in _batches(members, costs, 1 if at_once else now):
                calls.append(Call(tuple(together), method, now, int(rng.integers(2**62))))
    return calls


def _batches(members: Sequence[int], costs: Mapping[int, float], shots: int) -> list[list[int]]:
    """Return the circuits in batches that a simulator takes in one call."""
    batches: list[list[int]] = [[]]
    spent = 0.0
    for k in members:
        if batches[-1] and spent + costs[k] * shots > CALL:
            batches.append([])
            spent = 0.0
        batches[-1].append(k)
        spent += costs[k] * shots
    return batches


def sampled(
    plans: Sequence[Sampled],
    shots: Sequence[int],
    rng: np.random.Generator,
    sample: Callable[[Call], list[Raw]],
    progress: Progress | None = None,
    keep: Keep | None = None,
    chunk: int = CHUNK,
    packed: bool = False,
) -> list[Raw]:
    """Return the outcomes of each circuit, from calls of a simulator.

    Args:
        plans: How each circuit is sampled.
        shots: The shots of each.
        rng: Draws the seeds of the calls.
        sample: Carries out a call, and returns the outcomes of its members.
        progress: Told of finished shots of all circuits together.
        keep: Where the outcomes of finished calls are left, and found again.
        chunk: The most shots of a call that draws a stream of random numbers for each shot.
        packed: Whether each entry of the outcomes is a byte of eight shots; then ``chunk`` is a multiple of 8.
    """
    pieces: list[list[Raw]] = [[] for _ in plans]
    done, total, begin = 0, sum(shots), time.monotonic()
    for number, call in enumerate(calls_of(plans, shots, rng, chunk)):
        raws = keep.get(number) if keep is not None else None
        if raws is None or not _fit(raws, call, plans, packed):
            raws = sample(call)
            if keep is not None and time.monotonic() - begin > SHORT:
                keep.put(number, raws)
        for k, raw in zip(call.members, raws, strict=True):
            pieces[k].append(raw)
        done += call.shots * len(call.members)
        if progress is not None:
            progress(done, total)
    return [{name: np.concatenate([raw[name] for raw in raws]) for name in raws[0]} for raws in pieces]


def _fit(raws: Sequence[Raw], call: Call, plans: Sequence[Sampled], packed: bool) -> bool:
    """Tell whether outcomes that were kept have the form of a call's."""
    rows = -(-call.shots // 8) if packed else call.shots
    expected = [{name: (rows, width) for name, width in plans[k].registers} for k in call.members]
    kinds = {bits.dtype for raw in raws for bits in raw.values()}
    found = [{name: bits.shape for name, bits in raw.items()} for raw in raws]
    return found == expected and kinds <= {np.dtype(np.uint8 if packed else bool)}
