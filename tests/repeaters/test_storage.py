import math

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.repeaters.schedule import Schedule
from qnet_circuits.repeaters.storage import mean_factors, mean_seconds, memory_factors, storage_channel
from qnet_circuits.theory import waiting
from qnet_circuits.theory.fibre import multiplexed

ALPHA = 1e-6
#: Standard deviations of a mean of many rounds beyond which it lies once in a million times.
FAR = 4.9


def chain(links, t1=None, t2=0.05, length_km=200.0, **more):
    plain = qn.Network.chain(links, qn.Link(length_km=length_km / links, scheme="sender", **more))
    return qn.Network([qn.Node(name, memory_t1=t1, memory_t2=t2) for name in plain.nodes], plain.links)


CASES = [
    (1, {}),
    (2, {}),
    (2, {"modes": 5}),
    (2, {"cutoff_s": 5e-3, "messages": False}),
    (2, {"swapping": "doubling", "messages": False}),
    (4, {}),
    (4, {"messages": False}),
]


@pytest.mark.parametrize(("links", "policy"), CASES)
def test_sampled_rounds_have_the_exact_means(links, policy, rng):
    network = chain(links, t1=0.1)
    schedule = Schedule.of(network, **policy)
    times = schedule.sample(20_000, rng)
    found = [times.delivered_s, *memory_factors(network, network.path(), times)]
    for values, exact in zip(found, [mean_seconds(schedule), *mean_factors(network, schedule)], strict=True):
        assert abs(values.mean() - exact) <= FAR * values.std() / math.sqrt(len(values)) + 1e-12


def test_means_are_those_of_theory():
    network = chain(4, t1=0.1)
    schedule = Schedule.of(network, messages=False, modes=3)
    p, period = multiplexed(schedule.success[0], 3), schedule.period_s[0]
    assert mean_seconds(schedule) / period == pytest.approx(waiting.attempts_until_all(p, 4), rel=1e-12)
    x, z = mean_factors(network, schedule)
    assert x == waiting.storage_factor(p, math.exp(-period / 0.05), 4)
    assert z == waiting.storage_factor(p, math.exp(-period / 0.1), 4)
    two = Schedule.of(chain(2))
    told = waiting.attempts_until_all(two.success[0], 2) * two.period_s[0] + 100 / 2e5
    assert mean_seconds(two) == pytest.approx(told, rel=1e-12)


def test_links_that_differ(rng):
    schedule = Schedule((0.1, 0.3, 0.05), (1e-3, 2e-3, 1.5e-3), (20, 50, 30))
    times = schedule.sample(20_000, rng).delivered_s
    assert abs(times.mean() - mean_seconds(schedule)) < FAR * times.std() / math.sqrt(len(times))


@pytest.mark.parametrize(
    ("links", "policy"),
    [
        (2, {"cutoff_s": 5e-3}),
        (3, {"cutoff_s": 5e-3, "messages": False}),
        (2, {"swap_success": 0.5}),
        (4, {"swapping": "doubling"}),
    ],
)
def test_no_closed_form(links, policy):
    network = chain(links)
    schedule = Schedule.of(network, **policy)
    assert mean_factors(network, schedule) is None and mean_seconds(schedule) is None


def test_stored_ends_have_no_closed_form():
    network = chain(2)
    assert mean_factors(network, Schedule.of(network), "stored") is None


@pytest.mark.parametrize("ends", ["measured", "stored"])
def test_waits_of_qubits_add_up_to_those_of_nodes(ends, rng):
    times = Schedule.of(chain(4), swapping="doubling").sample(50, rng)
    waits, stored = times.waits_s(ends), times.storage_s(ends)
    assert waits.shape == (50, 4, 2) and waits.min() >= 0
    for node in range(5):
        right = waits[:, node, 0] if node < 4 else 0
        left = waits[:, node - 1, 1] if node else 0
        assert stored[:, node] == pytest.approx(left + right)
    assert (waits[:, 0, 0] > 0).all() == (ends == "stored")


def test_storage_channel():
    assert storage_channel(0.5, 0.9).weights == pytest.approx((0.725, 0.025, 0.025, 0.225))
    assert np.diag(storage_channel(0.5, 0.9).matrix) == pytest.approx([1, 0.5, 0.5, 0.9])
