"""A network that serves requests: routes, shared memories, and the service of each request."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qnet_circuits.errors import NoShotsError, ParameterError, check_count, check_name
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.repeaters.events import Floats
from qnet_circuits.repeaters.queues import Demand, Queue, Turns
from qnet_circuits.repeaters.requests import Request, Served
from qnet_circuits.repeaters.schedule import Schedule
from qnet_circuits.repeaters.storage import memory_factors
from qnet_circuits.theory.bell_diagonal import Weights, convolve, correlators
from qnet_circuits.theory.estimate import Estimate, check_level, proportion
from qnet_circuits.theory.means import mean, ratio

#: The orders in which requests get memories.
POLICIES = ("first-come", "deadline", "turns")
#: Turns that are sampled together, at least.
_TOGETHER = 1000
_MOST_ROUNDS = 10**6
#: A request, its route and how that is run.
_Asked = tuple[Request, Network, Schedule]


def serve_requests(
    network: Network,
    requests: Sequence[Request],
    route: str = "links",
    policy: str = "first-come",
    rounds: int = 2000,
    seed: int | np.random.Generator | None = None,
    level: float = 0.95,
    **schedule: Any,
) -> tuple[Served, ...]:
    """Sample how a network serves requests that share its memories, and return the service of each request.

    A request has one route and is served in turns. A turn makes one pair, as a chain does by its ``Schedule``. During a turn
    the request holds two memories at each station, and for each of its links and modes a communication qubit at both ends. A
    request that keeps its pairs holds these from its first turn to its last, and also one memory for each pair at both end
    nodes. Resources that a ``Node`` does not limit are always available.

    A request takes its turn if everything that it needs is free. Otherwise it waits, and requests behind it in the order of the
    policy do not take the resources that it waits for, so no request waits for ever. Policies: ``first-come``, in the order in
    which requests are asked; ``deadline``, the earliest deadline first; ``turns``, the fewest turns so far first. All nodes
    know at once which resources are in use: only messages of the schedule take time.

    Args:
        network: Any network whose links have lengths.
        requests: The requests; if several begin at the same moment, their order here counts.
        route: How routes are chosen: ``links``, ``fidelity`` or ``rate``, as of ``Network.route``.
        policy: One of ``POLICIES``.
        rounds: Number of rounds, 100 to 10^6. Every round has all requests, and rounds are independent.
        seed: Seed of the random numbers, or their generator.
        level: Confidence level of the intervals: Clopper and Pearson's of ``served``, Student's over the rounds of all others.
        **schedule: Parameters of ``Schedule.of``: swapping, swap_success, cutoff_s, modes, messages.

    Returns:
        The service of each request, in the given order.

    Raises:
        ParameterError: If a value is out of range, two users have no route, a route cannot reach the requested fidelity, a node
            has too few memories or communication qubits, a deadline is shorter than one attempt, or ``swap_success`` or
            ``cutoff_s`` is given although no route has a station.

    Example:
        >>> link = Link(length_km=10, scheme="sender", efficiency=0.5)
        >>> star = Network.star(4, link)
        >>> asked = [Request("party1", "party2", pairs=5), Request("party3", "party4", deadline_s=1e-3)]
        >>> found = serve_requests(star, asked, seed=1)
        >>> print(found[0].route, found[0].latency_s, found[1].served)
        ('party1', 'centre', 'party2') 0.00246 ± 0.00003 (95 %) 0.933 ± 0.011 (95 %)
    """
    check_name("policy", policy, POLICIES)
    check_count("rounds", rounds, 100, _MOST_ROUNDS)
    check_level(level)
    if not requests:
        raise ParameterError("there is no request to serve; give at least one qn.Request")
    chains = [network.route(each.a, each.b, route) for each in requests]
    asked = [
        (each, chain, _schedule(each, chain, schedule)) for each, chain in zip(requests, chains, strict=True)
    ]
    _check_stations([each for *_, each in asked])
    order = sorted(range(len(asked)), key=lambda k: _rank(requests[k], policy))
    rng, block = np.random.default_rng(seed), max(rounds, _TOGETHER)
    turns = [Turns(_sampler(*asked[k], rng), block) for k in order]
    demand = _demand(network, [asked[k] for k in order], policy)
    for k, at_once, each in zip(order, demand.at_once.T, turns, strict=True):
        _check_reach(requests[k], at_once, each.ready[1:])
    queue = Queue(demand, turns, rounds)
    queue.run()
    places = [order.index(k) for k in range(len(asked))]
    return tuple(_served(*each[:2], queue, k, level) for each, k in zip(asked, places, strict=True))


def _rank(request: Request, policy: str) -> tuple[float, ...]:
    """Return the sorting key of requests; equal ones keep their given order."""
    due = math.inf if request.deadline_s is None else request.start_s + request.deadline_s
    return (due, request.start_s) if policy == "deadline" else (request.start_s,)


def _schedule(request: Request, chain: Network, given: Mapping[str, Any]) -> Schedule:
    """Return the schedule of a route, or raise ParameterError if it can never serve the request."""
    try:
        schedule = Schedule.of(chain, **given)
    except TypeError:
        raise ParameterError(
            f"schedules take swapping, swap_success, cutoff_s, modes, messages; got {', '.join(given)}"
        ) from None
    if request.deadline_s is not None and request.deadline_s < max(schedule.period_s):
        raise ParameterError(
            f"the deadline of {request.users}, {request.deadline_s:g} s, is shorter than one attempt on its route, "
            f"{max(schedule.period_s):g} s"
        )
    for name in (request.a, request.b) if request.keep else ():
        memories = chain.node(name).memories
        if memories is not None and request.pairs > memories:
            raise ParameterError(
                f"{request.users} keeps {request.pairs} pairs, and {name} has {memories} memories"
            )
    return schedule


def _check_stations(schedules: Sequence[Schedule]) -> None:
    """Raise ParameterError if a rule of stations was given, and no route has a station."""
    for name, default in (("swap_success", 1.0), ("cutoff_s", None)):
        if all(each.links == 1 and getattr(each, name) != default for each in schedules):
            raise ParameterError(f"{name} applies to stations, and no route has a station: leave it out")


def _check_reach(request: Request, at_once: Floats, leaves: Floats) -> None:
    """Raise ParameterError if no pair of many is as good as the request asks."""
    found = float(((1 + at_once @ leaves) / 4).max())
    if found < request.fidelity * (1 - 1e-12):
        raise ParameterError(
            f"{request.users} asks for a fidelity of {request.fidelity:g}, and the best of {leaves.shape[1]} pairs on its "
            f"route has {found:.4f}; ask for less, or choose the route by fidelity"
        )


def _sampler(
    request: Request, chain: Network, schedule: Schedule, rng: np.random.Generator
) -> Callable[[int], Floats]:
    """Return the sampler of a request's turns: seconds, and the remaining factors of <XX> - <YY> and of <ZZ>."""
    path, ends = chain.path(), "stored" if request.keep else "measured"

    def sample(number: int) -> Floats:
        times = schedule.sample(number, rng)
        return np.stack([times.delivered_s, *memory_factors(chain, path, times, ends)])

    return sample


def _demand(network: Network, asked: Sequence[_Asked], policy: str) -> Demand:
    """Return requests in plain numbers."""
    rooms = [
        (node.name, kind, room)
        for node in network.hardware
        for kind, room in (("memories", node.memories), ("communication", node.communication))
        if room is not None
    ]
    needs = [_need(*each) for each in asked]
    requests = [request for request, *_ in asked]
    start = np.array([each.start_s for each in requests])
    deadlines = [math.inf if each.deadline_s is None else each.deadline_s for each in requests]
    values = [correlators(chain.weights) for _, chain, _ in asked]
    return Demand(
        pairs=np.array([each.pairs for each in requests]),
        start_s=start,
        deadline_s=start + deadlines,
        least=np.array([each.fidelity for each in requests]),
        at_once=np.array([[each["xx"] - each["yy"], each["zz"]] for each in values]).T,
        keep=np.array([each.keep for each in requests]),
        decay=np.array([_decay(network, each) for each in requests]).T,
        need=np.array([[need.get((name, kind), 0) for name, kind, _ in rooms] for need in needs], int),
        room=np.array([room for *_, room in rooms], int),
        in_turns=policy == "turns",
    )


def _need(request: Request, chain: Network, schedule: Schedule) -> dict[tuple[str, str], int]:
    """Return the resources that a request holds at each node of its route while it is served."""
    first, *stations, last = chain.path()
    need = {(name, "communication"): 2 * schedule.modes for name in stations}
    need |= {(name, "communication"): schedule.modes for name in (first, last)}
    need |= {(name, "memories"): 2 for name in stations}
    return need | {(name, "memories"): request.pairs * request.keep for name in (first, last)}


def _decay(network: Network, request: Request) -> tuple[float, float]:
    """Return the rates in 1/s at which <XX> - <YY> and <ZZ> of a pair fade while its end nodes keep it."""
    if not request.keep:
        return 0.0, 0.0
    t1, t2 = zip(*(network.node(name).memory_times for name in (request.a, request.b)), strict=True)
    return sum(1 / seconds for seconds in t2), sum(1 / seconds for seconds in t1)


def _served(request: Request, chain: Network, queue: Queue, k: int, level: float) -> Served:
    """Return the service of the k-th request of a queue."""
    delivered = queue.delivered[:, k].astype(float)
    seconds = queue.ended_s[:, k] - request.start_s
    full = delivered >= request.pairs
    late = seconds[full]
    chance = proportion(int(full.sum()), len(full), level)
    latency = mean(late, level) if len(late) > 1 else None
    if not delivered.any():
        return Served(request, chain.path(), chance, _none(request, len(full), level), latency, None, None)
    kept, at_once = queue.kept[:, :, k], queue.demand.at_once[:, k]
    # The sum over the pairs of a round, of which each has (1 + a x + b z)/4.
    good = (delivered + at_once @ kept) / 4
    try:
        quality: Estimate | None = ratio(good, delivered, level)
    except NoShotsError:  # too few pairs to say
        quality = None
    phase, bit = kept.sum(axis=1) / delivered.sum()
    lived = _with_storage(chain, phase, bit)
    return Served(request, chain.path(), chance, ratio(delivered, seconds, level), latency, quality, lived)


def _none(request: Request, rounds: int, level: float) -> Estimate:
    """Return the throughput of a request of which no round delivered a pair: each lasted until the deadline."""
    assert request.deadline_s is not None
    some = proportion(0, rounds, level)
    high = request.pairs * some.high / (request.deadline_s * (1 - some.high))
    return replace(some, high=high, standard_error=0.0)


def _with_storage(chain: Network, phase: float, bit: float) -> Network:
    """Return a chain of Pauli links whose last one also multiplies <XX> and <YY>, and <ZZ>, by what memories leave."""
    storage: Weights = (
        (1 + 2 * phase + bit) / 4, (1 - bit) / 4, (1 - bit) / 4, (1 + bit - 2 * phase) / 4,
    )  # fmt: skip
    weights = [link.weights for *_, link in chain.links]
    weights[-1] = convolve(weights[-1], storage)
    links = [(a, b, Link(pauli=each)) for (a, b, _), each in zip(chain.links, weights, strict=True)]
    return Network(chain.nodes, links)
