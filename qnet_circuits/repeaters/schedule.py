"""Schedules of a chain of links: who waits for whom, and which pairs are discarded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range
from qnet_circuits.programs.network import Network
from qnet_circuits.repeaters.events import Rules, run_rounds
from qnet_circuits.repeaters.times import Times
from qnet_circuits.theory.fibre import LIGHT_KM_PER_S, multiplexed

SWAPPING = ("asap", "doubling")
#: Rounds that are computed together: their arrays stay in a processor's cache.
_TOGETHER = 16384
#: Rounds of one link that memory has room for; of n links it has room for an n-th of them.
_MOST_ROUNDS = 10**8


@dataclass(frozen=True)
class Schedule:
    """The schedule of a chain of links, from attempts to a pair of its end nodes.

    All links attempt in parallel from the start of a round. A link that succeeds keeps its pair; stations swap by the rule
    ``swapping``. If a swap fails, or a pair has waited for too long, the joined pairs are lost, and news of the loss travels
    along them from node to node. A station that has not received the news may still swap a lost pair, which loses more pairs. A
    link begins anew as soon as both of its ends know of the loss, and all other links go on.

    Args:
        success: Probability that one attempt of each link succeeds, in (0, 1]. At least one link.
        period_s: Seconds of one attempt of each link, greater than 0.
        length_km: Length of each link in km. Default: no length, so messages take no time.
        swapping: ``asap``: a station swaps as soon as both of its links are there. ``doubling``: segments of equal length are
            joined, level by level; a number of links that is not a power of two is halved as evenly as possible.
        swap_success: Probability that a swap succeeds, in (0, 1].
        cutoff_s: A pair whose qubit has waited at a station for longer than this is discarded. Default: never.
        modes: Number of attempts of a link at the same time, of which one success is kept.
        messages: Whether messages take the time length/c. There are messages about losses, about complete segments (doubling),
            and to the end nodes at the end of a round. The period of a link includes its herald.

    Raises:
        ParameterError: If a value is out of range, or the cut-off is shorter than one attempt.

    Example:
        >>> schedule = Schedule((0.1, 0.1), (1e-4, 1e-4))
        >>> times = schedule.sample(100_000, seed=7)
        >>> print(round(times.delivered_s.mean() / 1e-4, 1))  # in attempts; the exact mean is 14.74
        14.7
    """

    success: tuple[float, ...]
    period_s: tuple[float, ...]
    length_km: tuple[float, ...] = ()
    swapping: str = "asap"
    swap_success: float = 1.0
    cutoff_s: float | None = None
    modes: int = 1
    messages: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "success", _each_above("success", self.success, 0, 1))
        object.__setattr__(self, "period_s", _each_above("period_s", self.period_s, 0, math.inf))
        lengths = _each_above("length_km", self.length_km or (0,) * self.links, None, math.inf)
        object.__setattr__(self, "length_km", lengths)
        if not 0 < self.links == len(self.period_s) == len(self.length_km):
            raise ParameterError(
                "success, period_s and length_km must have a value for each link, got "
                f"{self.links}, {len(self.period_s)} and {len(self.length_km)}"
            )
        check_name("swapping", self.swapping, SWAPPING)
        if check_range("swap_success", self.swap_success, 0, 1) == 0:
            raise ParameterError("swap_success must be greater than 0: no swap would ever succeed")
        check_count("modes", self.modes)
        if self.cutoff_s is not None:
            cutoff = check_range("cut-off", self.cutoff_s, 0, math.inf)
            if cutoff < max(self.period_s):
                raise ParameterError(
                    f"the cut-off must be at least one attempt, {max(self.period_s):g} s, got {self.cutoff_s!r}"
                )

    @property
    def links(self) -> int:
        """Number of links."""
        return len(self.success)

    @property
    def in_period(self) -> tuple[float, ...]:
        """Probability that at least one mode of each link succeeds in one period."""
        return tuple(multiplexed(each, self.modes) for each in self.success)

    @classmethod
    def of(
        cls,
        network: Network,
        swapping: str = "asap",
        swap_success: float = 1.0,
        cutoff_s: float | None = None,
        modes: int = 1,
        messages: bool = True,
    ) -> Schedule:
        """Return the schedule of a chain whose links have lengths.

        Args:
            network: The chain.
            swapping: As for ``Schedule``, like all other parameters.
            swap_success: Probability that a swap succeeds.
            cutoff_s: Longest time in seconds that a qubit waits at a station.
            modes: Attempts at the same time; each needs a communication qubit at both of its ends.
            messages: Whether messages take time.

        Raises:
            ParameterError: If the network is no chain, a link has no length, or a node has too few communication qubits or
                memories.

        Example:
            >>> from qnet_circuits.programs.link import Link
            >>> schedule = Schedule.of(Network.chain(2, Link(length_km=50, scheme="sender")))
            >>> [round(p, 6) for p in schedule.success], schedule.period_s
            ([0.1, 0.1], (0.0005, 0.0005))
        """
        path = network.path()
        attempts = [
            (network.link(a, b).attempt, network.link(a, b).length_km or 0.0) for a, b in pairwise(path)
        ]
        _check_room(network, path, check_count("modes", modes))
        return cls(
            tuple(attempt.success for attempt, _ in attempts),
            tuple(attempt.period_s for attempt, _ in attempts),
            tuple(length for _, length in attempts),
            swapping, swap_success, cutoff_s, modes, messages,
        )  # fmt: skip

    def sample(self, rounds: int, seed: int | np.random.Generator | None = None) -> Times:
        """Return the times of some rounds, independent of each other.

        Args:
            rounds: Number of rounds, at least 1, and times the number of links at most 10^8.
            seed: Seed of the random numbers, or their generator. The same seed gives the same times.

        Raises:
            ParameterError: If ``rounds`` is not a count, or rounds never end.
        """
        check_count("rounds", rounds, 1, _MOST_ROUNDS // self.links)
        rng, rules = np.random.default_rng(seed), self._rules()
        arrived, swapped = np.empty((self.links, rounds)), np.empty((self.links - 1, rounds))
        for start in range(0, rounds, _TOGETHER):
            part = slice(start, min(start + _TOGETHER, rounds))
            arrived[:, part], swapped[:, part] = run_rounds(rules, part.stop - start, rng)
        if self.links == 1:
            return Times(arrived.T, swapped.T, arrived[0].copy())
        delivered = swapped[0] + rules.delay_s[1, [0, -1]].max()
        for station in range(2, self.links):
            np.maximum(delivered, swapped[station - 1] + rules.delay_s[station, [0, -1]].max(), out=delivered)
        return Times(arrived.T, swapped.T, delivered)

    def _rules(self) -> Rules:
        places = np.concatenate([[0.0], np.cumsum(self.length_km)])
        delays = abs(places[:, None] - places) / LIGHT_KM_PER_S * self.messages
        spans = (
            tuple((station - 1, station + 1) for station in range(1, self.links))
            if self.swapping == "asap"
            else _halves(0, self.links)
        )
        cutoff = math.inf if self.cutoff_s is None else float(self.cutoff_s)
        return Rules(
            np.array(self.in_period), np.array(self.period_s), delays, spans, float(self.swap_success), cutoff
        )


def _halves(first: int, last: int) -> tuple[tuple[int, int], ...]:
    """Return the segments that the stations between some links complete, if segments are halved again and again."""
    if last - first == 1:
        return ()
    middle = (first + last) // 2
    return (*_halves(first, middle), (first, last), *_halves(middle, last))


def _each_above(name: str, values: Iterable[float], low: float | None, high: float) -> tuple[float, ...]:
    """Return values above ``low``, or from 0 if it is None, and finite."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ParameterError(f"{name} must hold a number for each link, got {values!r}")
    numbers = tuple(check_range(name, value, low or 0, high) for value in values)
    if math.inf in numbers or (low is not None and min(numbers, default=high) <= low):
        least = "at least 0" if low is None else f"greater than {low}"
        raise ParameterError(f"{name} must be {least} and finite, got {values!r}")
    return numbers


def _check_room(network: Network, path: tuple[str, ...], modes: int) -> None:
    """Raise ParameterError if a node has not the qubits that the schedule needs."""
    for place, name in enumerate(path):
        node, links = network.node(name), 1 if place in (0, len(path) - 1) else 2
        if node.communication is not None and node.communication < links * modes:
            raise ParameterError(
                f"node {name} needs {links * modes} communication qubits ({links} links, {modes} modes), "
                f"it has {node.communication}"
            )
        if node.memories is not None and links == 2 and node.memories < 2:
            raise ParameterError(f"station {name} needs 2 memories, it has {node.memories}")
