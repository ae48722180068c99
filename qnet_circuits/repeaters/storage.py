"""The effect of memories on the pairs of a chain while links wait for one another: for each round, and on average."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qnet_circuits.programs.channel import Channel
from qnet_circuits.programs.network import Network
from qnet_circuits.repeaters.schedule import Schedule
from qnet_circuits.repeaters.times import Seconds, Times
from qnet_circuits.theory import waiting
from qnet_circuits.theory.fibre import LIGHT_KM_PER_S

#: The ways to bring the time in memories into circuits.
STORAGE = ("averaged", "frames", "delays", "scaled")


def memory_factors(
    network: Network, path: Sequence[str], times: Times, ends: str = "measured"
) -> tuple[Seconds, Seconds]:
    """Return for each round the factors of <XX> and <YY>, and of <ZZ>, that the memories leave.

    They are e^(-t/T2) and e^(-t/T1), multiplied over the nodes: exact for dephasing, and the Pauli twirl of relaxation.

    Args:
        network: Whose nodes say how long memories last.
        path: The nodes of the chain from end to end.
        times: The rounds.
        ends: As of ``Times.storage_s``.
    """
    stored = times.storage_s(ends)
    memories = [network.node(name).memory_times for name in path]
    decay = np.array([[1 / seconds for seconds in memory] for memory in memories])
    return np.exp(-stored @ decay[:, 1]), np.exp(-stored @ decay[:, 0])


def mean_factors(network: Network, schedule: Schedule, ends: str = "measured") -> tuple[float, float] | None:
    """Return the exact means of both factors, or None if no closed form is known.

    There is one if all links are alike, all stations have the same memories, swaps succeed at once, and end qubits are
    measured at once (``theory.waiting.storage_factor``); for two links with a cut-off, if messages take no time.
    """
    if ends != "measured":
        return None
    if schedule.links == 1:
        return 1.0, 1.0
    memories = {network.node(name).memory_times for name in network.path()[1:-1]}
    at_once = schedule.links == 2 or schedule.swapping == "asap"
    if not _alike(schedule) or len(memories) > 1 or not at_once or schedule.swap_success < 1:
        return None
    success, period = schedule.in_period[0], schedule.period_s[0]
    ((t1, t2),) = memories
    kept = math.exp(-period / t2), math.exp(-period / t1)
    if schedule.cutoff_s is None:
        if schedule.links > 2 and success < waiting.LEAST_SUCCESS:
            return None
        x, z = (1.0 if a == 1 else waiting.storage_factor(success, a, schedule.links) for a in kept)
        return x, z
    if schedule.links > 2 or schedule.messages:
        return None
    x, z = (waiting.cutoff_storage_factor(success, a, _attempts(schedule)) for a in kept)
    return x, z


def mean_seconds(schedule: Schedule) -> float | None:
    """Return the exact mean time of a round in seconds, or None if no closed form is known.

    Without losses a round ends at max_i (N_i τ_i + D_i), where D_i is how long it takes to tell the farther end of a swap at an
    end of link i. Its mean is the integral of 1 - Π_i P(N_i τ_i + D_i ≤ t).
    """
    success = np.array(schedule.in_period)
    if schedule.links > 1 and schedule.cutoff_s is not None:
        if schedule.links > 2 or not _alike(schedule) or schedule.messages or schedule.swap_success < 1:
            return None
        return waiting.cutoff_attempts(success[0], _attempts(schedule)) * schedule.period_s[0]
    if schedule.swap_success < 1 or (
        schedule.swapping != "asap" and schedule.messages and schedule.links > 2
    ):
        return None
    if schedule.links > 1 and success.min() < waiting.LEAST_SUCCESS:
        return None
    if schedule.links == 1:
        return float(schedule.period_s[0] / success[0])
    return _mean_of_last(success, np.array(schedule.period_s), _told(schedule))


def _told(schedule: Schedule) -> Seconds:
    """Return for each link how long it takes to tell the farther end of the chain of a swap at one of its ends."""
    places = np.concatenate([[0.0], np.cumsum(schedule.length_km)]) / LIGHT_KM_PER_S * schedule.messages
    farther = np.maximum(places, places[-1] - places)
    farther[[0, -1]] = 0.0
    told: Seconds = np.maximum(farther[:-1], farther[1:])
    return told


def _mean_of_last(success: Seconds, period: Seconds, told: Seconds) -> float:
    """Return the mean of max_i (N_i τ_i + D_i)."""
    last = [waiting.last_attempt(p) for p in success]
    steps = [told[k] + period[k] * np.arange(most + 1) for k, most in enumerate(last)]
    moments = np.unique(np.concatenate([[0.0], *steps]))
    there = np.ones(len(moments))
    for p, tau, delay in zip(success, period, told, strict=True):
        attempts = np.floor(np.maximum(moments - delay, 0) / tau * (1 + 1e-12) + 1e-9)
        there *= 1 - (1 - p) ** attempts
    return float(np.diff(moments) @ (1 - there[:-1]))


def _alike(schedule: Schedule) -> bool:
    return len(set(zip(schedule.success, schedule.period_s, strict=True))) == 1


def _attempts(schedule: Schedule) -> int:
    """Return how many attempts a qubit waits before it is cut off."""
    return math.floor((schedule.cutoff_s or 0.0) / schedule.period_s[0] * (1 + 1e-12))


def storage_channel(x: float, z: float) -> Channel:
    """Return the Pauli channel that multiplies <XX> and <YY> by one factor and <ZZ> by another.

    All storage errors of a round that are Paulis pass through swaps, and come to one Pauli on one half of the pair.

    Example:
        >>> [round(weight, 3) for weight in storage_channel(0.8, 1.0).weights]
        [0.9, 0.0, 0.0, 0.1]
    """
    return Channel(((1, 0, 0, 0), (0, x, 0, 0), (0, 0, x, 0), (0, 0, 0, z)))
