import math

import numpy as np
import pytest
from scipy.stats import norm

import qnet_circuits as qn
from benchmarks.baselines.repeater import Chain, simulate
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import Node
from qnet_circuits.repeaters.schedule import Schedule
from qnet_circuits.theory import waiting

from .stepping import one_round

RETENTION = math.exp(-1 / 50)
SIGMAS = norm.isf(0.5e-6)


def in_attempts(links, p=0.1, **policy):
    return Schedule((p,) * links, (1.0,) * links, **policy)


def assert_mean(values, expected):
    """Hold the mean of independent values to what is expected, at alpha = 1e-6."""
    error = np.std(values) / math.sqrt(len(values))
    assert abs(np.mean(values) - expected) <= SIGMAS * error + 1e-12


def assert_same_mean(values, others):
    error = math.hypot(np.std(values) / math.sqrt(len(values)), np.std(others) / math.sqrt(len(others)))
    assert abs(np.mean(values) - np.mean(others)) <= SIGMAS * error


def kept(times, ends="measured"):
    return RETENTION ** times.storage_s(ends).sum(axis=1)


@pytest.mark.parametrize("links", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("p", [0.1, 0.01, 1.0])
def test_waiting_and_storage_have_the_exact_means(links, p, rng):
    times = in_attempts(links, p).sample(50_000, rng)
    assert_mean(times.delivered_s, waiting.attempts_until_all(p, links))
    assert_mean(kept(times), waiting.storage_factor(p, RETENTION, links))


@pytest.mark.parametrize(("links", "factor"), [(3, 0.566), (4, 0.451)])
def test_end_qubits_that_are_stored_lose_too(links, factor, rng):
    assert_mean(kept(in_attempts(2).sample(50_000, rng), "stored"), waiting.storage_factor(0.1, RETENTION**2))
    assert np.mean(kept(in_attempts(links).sample(100_000, rng), "stored")) == pytest.approx(
        factor, abs=0.006
    )


@pytest.mark.parametrize("cutoff", [1, 5, 20])
def test_cutoffs_have_the_exact_means(cutoff, rng):
    times = in_attempts(2, cutoff_s=float(cutoff)).sample(30_000, rng)
    assert_mean(times.delivered_s, waiting.cutoff_attempts(0.1, cutoff))
    assert_mean(kept(times), waiting.cutoff_storage_factor(0.1, RETENTION, cutoff))
    assert times.storage_s().max() == cutoff


def doubled(pmf, swap_success):
    """Return the distribution of the time of two segments and a swap that is tried until it succeeds."""
    both = np.diff(np.cumsum(pmf) ** 2, prepend=0)
    tries = np.fft.rfft(both, 2 * len(both))
    return np.fft.irfft(swap_success * tries / (1 - (1 - swap_success) * tries), 2 * len(both))[: len(both)]


@pytest.mark.parametrize(("levels", "swap_success"), [(1, 0.5), (2, 0.5), (3, 0.5), (2, 0.8)])
def test_doubling_has_the_exact_mean(levels, swap_success, rng):
    steps = np.arange(2**13)
    pmf = np.where(steps > 0, 0.1 * 0.9 ** (steps - 1.0), 0)
    for _ in range(levels):
        pmf = doubled(pmf, swap_success)
    times = in_attempts(2**levels, swapping="doubling", swap_success=swap_success).sample(8000, rng)
    assert_mean(times.delivered_s, steps @ pmf)
    assert steps @ pmf < waiting.nested_attempts(0.1, swap_success, levels)


@pytest.mark.parametrize(
    ("links", "policy"),
    [
        (3, {"swap_success": 0.5}),
        (4, {"swap_success": 0.6, "cutoff": 6}),
        (4, {"swapping": "doubling"}),
        (4, {"swapping": "doubling", "swap_success": 0.6}),
        (4, {"swapping": "doubling", "cutoff": 4}),
        (3, {"cutoff": 3}),
    ],
)
def test_schedules_agree_with_steps(links, policy, rng):
    stepped = np.array([one_round(rng, 0.3, links, **policy) for _ in range(2500)])
    cutoff = policy.pop("cutoff", None)
    if cutoff is not None:
        policy["cutoff_s"] = float(cutoff)
    times = in_attempts(links, 0.3, **policy).sample(20_000, rng)
    assert_same_mean(times.delivered_s, stepped[:, 0])
    assert_same_mean(kept(times), RETENTION ** stepped[:, 1])
    # the spread as well: a second moment that is off would hide behind a right mean
    assert_same_mean(times.delivered_s**2, stepped[:, 0] ** 2)


@pytest.mark.parametrize(("links", "swap_success"), [(2, 0.4), (4, 0.5), (5, 1.0)])
def test_schedules_agree_with_a_queue_of_events(links, swap_success, rng):
    """Messages and all: a script that follows each round from event to event."""
    length, period = 30.0, 1e-4
    chain = Chain(0.2, period, length, links, swap_success)
    events = np.array(simulate(chain, 2000, int(rng.integers(2**32))))
    schedule = Schedule((0.2,) * links, (period,) * links, (length,) * links, swap_success=swap_success)
    times = schedule.sample(20_000, rng)
    assert_same_mean(times.delivered_s, events[:, 0])
    assert_same_mean(times.storage_s().sum(axis=1), events[:, 1])


def test_multiplexing_is_a_better_link(rng):
    times = in_attempts(2, 0.02, modes=10).sample(50_000, rng)
    assert_mean(times.delivered_s, waiting.attempts_until_all(1 - 0.98**10, 2))


def test_links_of_different_lengths(rng):
    """The mean of the later of two geometric times with different periods, from their distributions."""
    times = Schedule((0.2, 0.05), (1.0, 3.0)).sample(50_000, rng)
    grid = np.arange(0, 3000)
    later = 1 - (1 - 0.8**grid) * (1 - 0.95 ** (grid // 3))
    assert_mean(times.delivered_s, later.sum())


def test_messages_take_their_time():
    """Certain links and swaps leave nothing but the speed of light."""
    lengths, period = (10.0, 20.0, 30.0, 40.0), 1e-3
    sure = {"success": (1.0,) * 4, "period_s": (period,) * 4, "length_km": lengths}
    asap = Schedule(**sure).sample(3, 1)
    assert asap.swapped_s == pytest.approx(period)
    assert asap.delivered_s == pytest.approx(period + 90 / 2e5)
    double = Schedule(**sure, swapping="doubling").sample(1, 1)
    # station 1 tells station 2 over 20 km, station 3 over 30 km; then bob hears from station 2 over 70 km
    assert double.swapped_s[0] == pytest.approx([period, period + 30 / 2e5, period])
    assert double.delivered_s == pytest.approx(period + 100 / 2e5)
    assert Schedule(**sure, messages=False).sample(1, 1).delivered_s == pytest.approx(period)


def test_what_is_lost_begins_anew_when_its_ends_know(rng):
    """Swaps that fail half of the time, of links that never do: each failure costs a message and an attempt."""
    times = Schedule((1.0, 1.0), (1e-3, 1e-3), (40.0, 40.0), swap_success=0.5).sample(20_000, rng)
    failures = (times.swapped_s[:, 0] - 1e-3) / (1e-3 + 40 / 2e5)
    assert failures == pytest.approx(np.round(failures), abs=1e-6)
    assert_mean(failures, 1.0)


def test_times_of_a_seed():
    schedule = in_attempts(3, swap_success=0.5)
    first, again, other = (schedule.sample(20_000, seed) for seed in (3, 3, 4))
    assert np.array_equal(first.arrived_s, again.arrived_s) and np.array_equal(
        first.swapped_s, again.swapped_s
    )
    assert not np.array_equal(first.arrived_s, other.arrived_s)
    assert (
        first.rounds == 20_000
        and first.arrived_s.shape == (20_000, 3)
        and first.swapped_s.shape == (20_000, 2)
    )
    assert (first.storage_s() >= 0).all() and (first.storage_s("stored") >= 0).all()


def test_schedule_of_a_network():
    link = Link(length_km=50, scheme="sender", efficiency=0.5)
    network = Network(
        ("alice", Node("relay", communication=4, memories=2), "bob"), Network.chain(2).links[:0]
    )
    network = Network(network.nodes, (("alice", "relay", link), ("relay", "bob", link)), network.hardware)
    assert Schedule.of(network, modes=2) == Schedule((0.05, 0.05), (5e-4, 5e-4), (50.0, 50.0), modes=2)
    assert eval(repr(Schedule.of(network))) == Schedule.of(network)
    with pytest.raises(ParameterError, match="relay needs 6 communication qubits"):
        Schedule.of(network, modes=3)
    small = Network(("alice", Node("relay", memories=1), "bob"), network.links)
    with pytest.raises(ParameterError, match="relay needs 2 memories"):
        Schedule.of(small)
    assert qn.Schedule is Schedule


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Schedule((), ()), "for each link"),
        (lambda: Schedule((0.1,), (1.0, 1.0)), "got 1, 2 and 1"),
        (lambda: Schedule((0,), (1.0,)), "success must be greater than 0"),
        (lambda: Schedule((0.1,), (0,)), "period_s must be greater than 0"),
        (lambda: Schedule((0.1,), (math.inf,)), "period_s .* finite"),
        (lambda: Schedule((0.1,), (1.0,), (-1.0,)), "length_km"),
        (lambda: Schedule(0.1, (1.0,)), "success .* 0.1"),
        (lambda: in_attempts(2, swapping="eager"), "'eager'"),
        (lambda: in_attempts(2, swap_success=0), "swap_success"),
        (lambda: in_attempts(2, cutoff_s=0.5), "cut-off must be at least one attempt, 1 s, got 0.5"),
        (lambda: in_attempts(2, modes=0), "modes"),
        (lambda: in_attempts(2).sample(0), "rounds"),
        (lambda: in_attempts(2).sample(3, 1).storage_s("lost"), "'lost'"),
        (lambda: Schedule.of(Network.chain(2)), "no length_km"),
        (lambda: Schedule.of(Network.star(3, Link(length_km=1))), "chain"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


@pytest.mark.slow
def test_rounds_that_never_end():
    with pytest.raises(ParameterError, match="a longer cut-off"):
        in_attempts(2, 1e-9, cutoff_s=1.0).sample(2, 1)
