import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

import qnet_circuits as qn
from benchmarks import rates as benchmark
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import Node
from qnet_circuits.repeaters.rates import rates_over_distance, repeater_rates
from qnet_circuits.repeaters.schedule import Schedule
from qnet_circuits.repeaters.storage import memory_factors
from qnet_circuits.theory import bell_diagonal, fibre, waiting
from qnet_circuits.theory.key_rates import bb84_rate

T2 = (0.01, 0.1, 1.0, 10.0)
ALPHA = 1e-6
#: 200 km, (efficiency, links): success, pairs for each attempt and second, fidelity and secret bits for each attempt, by T2.
TABLE = {
    (1.0, 1): (1e-4, 1e-4, 1e-1, (1, 1, 1, 1), (1e-4,) * 4),
    (1.0, 2): (1e-2, 6.678e-3, 1.34e1, (0.5837, 0.8339, 0.9763, 0.9975), (1.36e-4, 2.35e-3, 5.60e-3, 6.51e-3)),
    (1.0, 4): (1e-1, 4.933e-2, 1.97e2, (0.7703, 0.9663, 0.9965, 0.9996), (1.10e-2, 3.88e-2, 4.77e-2, 4.91e-2)),
    (1.0, 8): (3.162e-1, 1.307e-1, 1.05e3, (0.9017, 0.9889, 0.9989, 0.9999), (7.01e-2, 1.19e-1, 1.29e-1, 1.31e-1)),
    (0.1, 1): (1e-5, 1e-5, 1e-2, (1, 1, 1, 1), (1e-5,) * 4),
    (0.1, 2): (1e-3, 6.668e-4, 1.33, (0.5098, 0.5834, 0.8334, 0.9762), (1.85e-7, 1.34e-5, 2.33e-4, 5.59e-4)),
    (0.1, 4): (1e-2, 4.813e-3, 1.93e1, (0.5162, 0.7635, 0.9646, 0.9963), (3.64e-6, 1.02e-3, 3.75e-3, 4.64e-3)),
    (0.1, 8): (3.162e-2, 1.175e-2, 9.40e1, (0.5584, 0.8840, 0.9866, 0.9986), (1.16e-4, 5.67e-3, 1.06e-2, 1.16e-2)),
}  # fmt: skip


def chain(links, length_km=200.0, t1=None, t2=None, **more):
    plain = Network.chain(links, Link(length_km=length_km / links, scheme="sender", **more))
    return Network([Node(name, memory_t1=t1, memory_t2=t2) for name in plain.nodes], plain.links)


def slotted(network):
    """Return the schedule of the table: attempts of L/c, and messages that take no time."""
    given = [link for *_, link in network.links]
    return Schedule(tuple(link.success for link in given), tuple(link.period_s / 2 for link in given))


@pytest.mark.parametrize(("efficiency", "links"), TABLE)
def test_rates_over_200_km(efficiency, links, rng):
    success, per_attempt, per_second, fidelities, keys = TABLE[efficiency, links]
    p, period = efficiency * fibre.transmission(200 / links), 200 / links / 2e5
    assert p == pytest.approx(success, rel=5e-4)
    pairs = 1 / waiting.attempts_until_all(p, links)
    assert pairs == pytest.approx(per_attempt, rel=5e-4) and pairs / period == pytest.approx(
        per_second, rel=5e-3
    )
    for t2, fidelity, key in zip(T2, fidelities, keys, strict=True):
        kept = waiting.storage_factor(p, math.exp(-period / t2), links)
        secret = pairs * bb84_rate(0.0, (1 - kept) / 2)
        # the values of four and eight links were sampled in 2e5 rounds, whose error is at most 0.5/√2e5 in a fidelity
        assert (1 + kept) / 2 == pytest.approx(fidelity, abs=6e-5 if links < 4 else 5e-4)
        assert secret == pytest.approx(key, rel=0.015)

        network = chain(links, efficiency=efficiency, t2=t2)
        found = repeater_rates(network, slotted(network), rounds=2000, seed=rng, level=1 - ALPHA)
        assert pairs / period in found.pairs_per_second
        # a mean of one value has an interval of no length
        assert found.fidelity.low - 1e-12 <= (1 + kept) / 2 <= found.fidelity.high + 1e-12
        assert secret in found.key_per_use and secret / period in found.key_per_second
        assert found.key_per_use.high < 1e3 * secret


@pytest.mark.parametrize("circuits", [True, False])
def test_intervals_of_keys_cover_and_are_no_longer_than_they_must_be(circuits, rng):
    """Of independent circuits and rounds, and of one draw of rounds, in which slow ones lose more."""
    protocol, repeats = qn.QuantumRepeater(rounds=500, memory_t2=0.05), 150
    theory = protocol.theory(qn.NoiseParameters())
    found = [
        benchmark.in_circuits(protocol, theory, rng) if circuits else benchmark.in_rounds(protocol, rng)
        for _ in range(repeats)
    ]
    keys = [each["key_per_second"] for each in found]
    assert sum(theory["key_per_second"] in each for each in keys) >= binom.ppf(ALPHA, repeats, 0.945)
    spread = np.std([each.value for each in keys])
    # Of 150 values the spread is known to 28 % at 1e-6.
    assert np.mean([each.high - each.low for each in keys]) / 2 < 1.3 * 1.96 * spread
    assert np.mean([each.standard_error for each in keys]) == pytest.approx(spread, rel=0.3)


def test_the_error_of_a_key_knows_that_slow_rounds_lose_more():
    """By the delta method, of what each round adds to the key."""
    network, rounds = chain(2, t1=0.9, t2=0.6, source_fidelity=0.99), 400
    found = repeater_rates(network, rounds=rounds, seed=3).key_per_second
    schedule = Schedule.of(network)
    times = schedule.sample(rounds, 3)
    factors = memory_factors(network, network.path(), times)
    start = [bell_diagonal.correlators(network.weights)[name] for name in ("xx", "zz")]
    slope = [
        math.log2((1 + size) / (1 - size)) / 2
        for size in (s * f.mean() for s, f in zip(start, factors, strict=True))
    ]
    seconds = times.delivered_s
    each = sum(a * s * f for a, s, f in zip(slope, start, factors, strict=True)) - found.value * seconds
    assert found.standard_error == pytest.approx(each.std(ddof=1) / rounds**0.5 / seconds.mean())
    half = (found.high - found.low) / 2
    assert half == pytest.approx(1.966 * found.standard_error, rel=0.02)


def test_bound_and_verdict():
    network = chain(2, efficiency=0.1, t2=0.01)
    found = repeater_rates(network, slotted(network), seed=1)
    assert found.plob == pytest.approx(1.4428e-4, rel=5e-5) and not found.beats_plob
    longer = chain(2, efficiency=0.1, t2=1.0)
    assert repeater_rates(longer, slotted(longer), seed=1).beats_plob
    assert (found.length_km, found.stations, found.ends) == (200.0, 1, "measured")


def test_memories_that_relax(rng):
    """Relaxation of station qubits, twirled, against the exact means of both factors."""
    network = chain(3, t1=0.03, t2=0.02)
    p, period = fibre.transmission(200 / 3), 200 / 3 / 2e5
    x, z = (waiting.storage_factor(p, math.exp(-period / t), 3) for t in (0.02, 0.03))
    found = repeater_rates(network, slotted(network), rounds=20_000, seed=rng, level=1 - ALPHA)
    assert (1 + 2 * x + z) / 4 in found.fidelity
    key = bb84_rate((1 - z) / 2, (1 - x) / 2)
    assert found.key_per_second.value == pytest.approx(max(0, key) * found.pairs_per_second.value, rel=0.2)


def test_imperfect_sources(rng):
    network = chain(2, t2=0.1, source_fidelity=0.95)
    v, kept = (4 * 0.95 - 1) / 3, waiting.storage_factor(0.01, math.exp(-5e-4 / 0.1))
    found = repeater_rates(network, slotted(network), rounds=20_000, seed=rng, level=1 - ALPHA)
    assert (1 + v**2 + 2 * v**2 * kept) / 4 in found.fidelity
    secret = bb84_rate((1 - v**2) / 2, (1 - v**2 * kept) / 2) / waiting.attempts_until_all(0.01, 2)
    assert max(0, secret) in found.key_per_use


def test_stored_ends_lose_more():
    network = chain(2, t2=0.1)
    measured, stored = (
        repeater_rates(network, seed=2, ends=ends).fidelity for ends in ("measured", "stored")
    )
    assert stored.high < measured.low


def test_modes_are_uses():
    """Many modes make more pairs, and cost as many uses of the fibre."""
    network = chain(2)
    one, many = (repeater_rates(network, Schedule.of(network, modes=m), seed=1, rounds=2000) for m in (1, 20))
    assert many.pairs_per_second.low > 15 * one.pairs_per_second.high
    assert many.key_per_use.value == pytest.approx(many.key_per_second.value * 1e-3 / 20)


def test_over_distance():
    link = Link(length_km=1, scheme="sender", efficiency=0.5)
    table = rates_over_distance([50, 100], (0, 1), link, memory_t2=0.1, seed=4, rounds=1000, cutoff_s=2e-3)
    assert [[each.length_km for each in row] for row in table.values()] == [[50, 100]] * 2
    assert [[each.stations for each in row] for row in table.values()] == [[0, 0], [1, 1]]
    assert 0.5 * fibre.transmission(100) / 1e-3 in replace(table[0][1].pairs_per_second, low=4.7, high=5.3)
    again = rates_over_distance([50, 100], (0, 1), link, memory_t2=0.1, seed=4, rounds=1000, cutoff_s=2e-3)
    assert again == table
    plain = table[1][0].to_dict()
    assert plain["fidelity"]["n"] == 1000 and plain["stations"] == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: repeater_rates(Network.chain(2)), "length_km"),
        (lambda: repeater_rates(Network.chain(2), Schedule((0.1, 0.1), (1, 1))), "length_km"),
        (lambda: repeater_rates(chain(2), slotted(chain(3))), "3 links and the network 2"),
        (lambda: repeater_rates(chain(2), rounds=10), "rounds"),
        (lambda: repeater_rates(chain(2), ends="lost"), "'lost'"),
        (lambda: repeater_rates(chain(2), level=1.0), "level"),
        (lambda: rates_over_distance([10], [-1], Link(length_km=1)), "stations"),
        (lambda: rates_over_distance([10], [0], Link(length_km=1), cutoff=1.0), "cutoff_s.* got cutoff"),
        (lambda: rates_over_distance([10], [1], Link(length_km=1), memory_t1=1, memory_t2=3), "T2"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_public_names():
    assert qn.repeater_rates is repeater_rates and qn.rates_over_distance is rates_over_distance
    assert np.isfinite(qn.repeater_rates(chain(2), seed=1).key_per_second.value)
