import json
import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import Node
from qnet_circuits.repeaters.requests import Request
from qnet_circuits.repeaters.serving import serve_requests

from .event_network import Day, Wish, quickest

ALPHA = 1e-6
SIGMAS = norm.isf(ALPHA / 2)
#: The time of light over 10 km, the unit of length here.
TICK = 10 / 2e5
T1, T2 = 500, 150
#: Lengths of the links of a 3 x 3 grid in units of 10 km, in the order of Network.grid.
UNITS = (1, 2, 1, 1, 2, 2, 1, 3, 1, 2, 1, 1)


def grid(memories=2):
    """Return a grid whose links differ, and the same for the simulation of events."""
    plain = Network.grid(3, 3)
    links = [
        (a, b, Link(length_km=10.0 * units, scheme="sender", efficiency=0.5, source_fidelity=0.98))
        for (a, b, _), units in zip(plain.links, UNITS, strict=True)
    ]
    nodes = [Node(name, memories=memories, memory_t1=T1 * TICK, memory_t2=T2 * TICK) for name in plain.nodes]
    rest = 0.02 / 3
    events = {
        frozenset((a, b)): (units, 0.5 * 10 ** (-0.2 * units), (0.98, rest, rest, rest))
        for (a, b, _), units in zip(plain.links, UNITS, strict=True)
    }
    return Network(nodes, links), events


CROSSING = [
    Wish("r1c1", "r3c3", 3),
    Wish("r3c1", "r1c3", 2, patience=80),
    Wish("r1c2", "r3c2", 2),
    Wish("r2c1", "r2c3", 4, patience=120, asked=20),
]
PICKY = [
    Wish("r1c1", "r3c3", 2, least=0.83, patience=100),
    Wish("r2c1", "r2c3", 2, least=0.86),
    Wish("r1c2", "r3c2", 2, asked=10),
]
KEPT = [
    Wish("r1c1", "r3c3", 2, keep=True),
    Wish("r2c1", "r2c3", 2, patience=90, keep=True),
    Wish("r3c2", "r1c2", 3),
]
APART = [
    Wish("r1c1", "r3c3", 2),
    Wish("r1c1", "r3c1", 2, asked=5),
    Wish("r2c1", "r2c3", 2, asked=5),
    Wish("r1c2", "r2c3", 2, asked=5),
    Wish("r3c1", "r3c3", 3, asked=10),
]
CASES = {
    "first-come": (CROSSING, "first-come", 2),
    "deadline": (CROSSING, "deadline", 2),
    "turns": (CROSSING, "turns", 2),
    "room for two": (CROSSING, "first-come", 4),
    "picky": (PICKY, "turns", 2),
    "kept": (KEPT, "first-come", 2),
    "apart": (APART, "first-come", 2),
}


def asked(wish):
    deadline = None if wish.patience == math.inf else wish.patience * TICK
    return Request(
        *wish.ends, wish.pairs, deadline, max(wish.least, 0.25), start_s=wish.asked * TICK, keep=wish.keep
    )


def days(rng, wishes, policy, memories, number):
    """Return pairs, ticks and sums of fidelities of days that are simulated event by event, shape (number, wishes) each."""
    _, events = grid()
    routes = [quickest(events, *wish.ends) for wish in wishes]
    room = {node: memories for link in events for node in link}
    found = [Day(rng, events, room, (T1, T2), wishes, routes, policy).run() for _ in range(number)]
    return tuple(np.array(each, float) for each in zip(*found, strict=True))


def assert_holds(estimate, above, below):
    """Hold an estimate of a ratio of means to what independent pairs of values say, at alpha = 1e-6."""
    value = above.mean() / below.mean()
    error = np.std(above - value * below) / math.sqrt(len(above)) / below.mean()
    assert abs(estimate.value - value) <= SIGMAS * math.hypot(error, estimate.standard_error) + 1e-12


@pytest.mark.parametrize("number", [120, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES)
def test_a_grid_agrees_with_a_simulation_of_events(name, number, rng):
    wishes, policy, memories = CASES[name]
    pairs, ticks, quality = days(rng, wishes, policy, memories, number)
    network, _ = grid(memories)
    found = serve_requests(
        network, [asked(wish) for wish in wishes], route="rate", policy=policy, rounds=10 * number, seed=rng
    )
    ones = np.ones(len(pairs))
    for k, (wish, each) in enumerate(zip(wishes, found, strict=True)):
        seconds = (ticks[:, k] - wish.asked) * TICK
        full = pairs[:, k] == wish.pairs
        assert_holds(each.served, full.astype(float), ones)
        assert_holds(each.pairs_per_second, pairs[:, k], seconds)
        assert_holds(each.latency_s, (seconds * full), full.astype(float))
        assert_holds(each.fidelity, quality[:, k], pairs[:, k])


def far(*nodes, **link):
    """Return a chain of links of 10 km that always succeed, so that a turn takes two ticks and a message for each station."""
    always = Link(length_km=10.0, attenuation_db_per_km=0.0, scheme="sender", **link)
    names = [node if isinstance(node, str) else node.name for node in nodes]
    return Network(nodes, [(a, b, always) for a, b in pairwise(names)])


def test_turns_that_are_certain():
    """Links that always succeed: two ticks for an attempt, one for the message, and the memories go from one to the other."""
    network = far("a", Node("b", memories=2), "c", Node("d", memories=2), "e")
    first, second, third = Request("a", "c", 2), Request("a", "e"), Request("c", "e", 3, start_s=1 * TICK)
    found = serve_requests(network, [first, second, third], seed=1)
    # a-c has b until 6; a-e waits for b and d until then, needs 2 + 3, and d is kept for it although c-e could have it
    assert [each.latency_s.value / TICK for each in found] == pytest.approx([6, 11, 19])
    assert found[2].latency_s.high == pytest.approx(found[2].latency_s.low)
    fair = serve_requests(network, [first, second, third], policy="turns", seed=1)
    assert [each.latency_s.value / TICK for each in fair] == pytest.approx([11, 8, 16])
    hurried = [
        first,
        Request("a", "e", deadline_s=2 * TICK + 5 * TICK),
        Request("c", "e", 3, deadline_s=0.01),
    ]
    found = serve_requests(network, hurried, policy="deadline", seed=1)
    assert [each.served.value for each in found] == [1, 1, 1]
    assert [each.latency_s.value / TICK for each in found] == pytest.approx([11, 5, 14])


def test_nobody_waits_for_what_they_do_not_need():
    """Two wait for b, of which the first has all; who passes by d alone goes on at once."""
    links = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
    link = Link(length_km=10.0, attenuation_db_per_km=0.0, scheme="sender")
    network = Network(
        ["a", Node("b", memories=2), "c", Node("d", memories=2), "e"], [(*pair, link) for pair in links]
    )
    many = [Request("a", "c"), Request("a", "c"), Request("c", "a"), Request("c", "e", 2)]
    found = serve_requests(network, many, seed=1)
    assert [each.latency_s.value / TICK for each in found] == pytest.approx([3, 6, 9, 6])


def test_what_comes_at_the_deadline_comes_in_time():
    network = far("a", "b", "c")
    inside, outside = (Request("a", "c", 3, deadline_s=ticks * TICK) for ticks in (9, 8.9))
    found = serve_requests(network, [inside, outside], seed=1)
    assert [each.served.value for each in found] == [1, 0]
    assert found[0].latency_s.value == pytest.approx(9 * TICK)
    assert found[0].pairs_per_second.value == pytest.approx(3 / 9 / TICK)
    assert found[1].latency_s is None and found[1].pairs_per_second.value == pytest.approx(2 / 8.9 / TICK)


def test_communication_qubits_are_shared_too():
    network = far("a", Node("b", communication=2), "c")
    two = [Request("a", "b"), Request("b", "c")]
    assert [each.latency_s.value / TICK for each in serve_requests(network, two, seed=1)] == pytest.approx(
        [2, 2]
    )
    through = [Request("a", "c"), Request("b", "c")]
    latencies = [each.latency_s.value / TICK for each in serve_requests(network, through, seed=1)]
    assert latencies == pytest.approx([3, 5])


def test_pairs_that_are_kept_fade_until_the_last_is_there():
    """Three pairs after 3, 6 and 9 ticks; T2 of the ends is 20 ticks, and links are made one tick before they are delivered."""
    ends = [Node(name, memories=3, memory_t1=1e9, memory_t2=20 * TICK) for name in "ac"]
    network = far(ends[0], "b", ends[1])
    kept = serve_requests(network, [Request("a", "c", 3, keep=True)], seed=1)[0]
    phases = [math.exp(-2 * waited / 20) for waited in (7, 4, 1)]
    assert kept.fidelity.value == pytest.approx(np.mean([(1 + phase) / 2 for phase in phases]), abs=1e-9)
    measured = serve_requests(network, [Request("a", "c", 3)], seed=1)[0]
    assert measured.fidelity.value == pytest.approx(1.0)


def test_a_chain_of_one_user_has_the_rates_of_a_chain(rng):
    """One pair at a time, and nobody else: one round of ``repeater_rates`` after another."""
    network = Network.chain(3, Link(length_km=30, scheme="sender", source_fidelity=0.97))
    network = Network([Node(name, memory_t2=0.02) for name in network.nodes], network.links)
    alone = serve_requests(network, [Request("alice", "bob", 5)], seed=rng)[0]
    found = qn.repeater_rates(network, rounds=10_000, seed=rng)
    for mine, other in ((alone.pairs_per_second, found.pairs_per_second), (alone.fidelity, found.fidelity)):
        error = math.hypot(mine.standard_error, other.standard_error)
        assert abs(mine.value - other.value) <= SIGMAS * error


def test_the_circuit_of_a_request_makes_the_pair_that_was_sampled():
    network, _ = grid()
    requests = [Request("r1c1", "r3c3", 2, keep=True), Request("r1c1", "r1c3", 2, fidelity=0.8)]
    for each in serve_requests(network, requests, seed=3):
        chain = qn.RepeaterChain(network=each.chain)
        assert each.chain.path() == each.route
        exact = qn.run(chain, "exact").fidelity.value
        assert exact == pytest.approx(each.fidelity.value, abs=1e-9)
    assert qn.predict(chain, "fake_manila").fidelity.value < exact - 0.01


def test_the_same_seed_and_the_plain_form():
    network, _ = grid()
    requests = [asked(wish) for wish in CROSSING]
    found = serve_requests(network, requests, seed=4)
    assert found == serve_requests(network, requests, seed=4) != serve_requests(network, requests, seed=5)
    assert [Request.from_dict(each.to_dict()) for each in requests] == requests
    assert Request.from_dict(["a", "b", 3]) == Request("a", "b", 3)
    assert eval(repr(requests)) == requests
    plain = json.loads(json.dumps([each.to_dict() for each in found]))
    assert plain[0]["route"] == list(found[0].route) and plain[1]["served"]["n"] == 2000


def test_nobody_gets_a_pair():
    """No pair comes in time, and an interval says how many there may be all the same."""
    network = far("a", "b", "c")
    none = serve_requests(network, [Request("a", "c", deadline_s=2.5 * TICK)], seed=1)[0]
    assert none.served.value == 0 and 0 < none.served.high < 0.002
    assert none.pairs_per_second.value == 0 and 0 < none.pairs_per_second.high < 0.002 / (2.4 * TICK)
    assert (none.latency_s, none.fidelity, none.chain) == (None, None, None)


def served(*requests, network=None, **options):
    return lambda: serve_requests(grid()[0] if network is None else network, requests, **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Request("a", "a"), "'a' twice"),
        (lambda: Request(["a"], "b"), r"\['a'\]"),
        (lambda: Request("a", "b", 0), "pairs"),
        (lambda: Request("a", "b", deadline_s=0), "deadline_s"),
        (lambda: Request("a", "b", fidelity=0.1), "fidelity"),
        (lambda: Request("a", "b", start_s=-1), "start_s"),
        (lambda: Request("a", "b", keep="yes"), "'yes'"),
        (lambda: Request.from_dict("ab"), r"\[node, node\]"),
        (lambda: Request.from_dict({"a": "x", "to": "y"}), r"\[node, node\]"),
        (served(), "at least one"),
        (served(Request("r1c1", "nowhere")), "'nowhere'"),
        (
            served(Request("a", "c"), network=Network("abc", [("a", "b", Link(length_km=1))])),
            "no path joins a and c",
        ),
        (served(Request("a", "b"), network=Network.from_edges([("a", "b")])), "length_km"),
        (served(Request("r1c1", "r3c3", 3, keep=True)), "keeps 3 pairs, and r1c1 has 2 memories"),
        (served(Request("r1c1", "r1c2", deadline_s=9e-5)), "shorter than one attempt on its route, 0.0001 s"),
        (served(Request("r1c1", "r3c3", fidelity=0.99)), "fidelity of 0.99, and the best of 2000 .* 0.92"),
        (served(Request("r1c1", "r1c2"), swap_success=0.5), "swap_success .* no route has a station"),
        (served(Request("r1c1", "r1c2"), cutoff_s=1.0), "cutoff_s .* no route has a station"),
        (served(Request("r1c1", "r3c3"), policy="luck"), "'luck'"),
        (served(Request("r1c1", "r3c3"), route="luck"), "'luck'"),
        (served(Request("r1c1", "r3c3"), rounds=10), "rounds"),
        (served(Request("r1c1", "r3c3"), level=1.0), "level"),
        (served(Request("r1c1", "r3c3"), speed=3), "speed"),
        (served(Request("r1c1", "r3c3"), network=grid(1)[0]), "needs 2 memories, it has 1"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
