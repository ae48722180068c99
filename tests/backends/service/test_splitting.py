"""A run in jobs: nothing is lost, the waste is counted, and no grouping is cheaper."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.service.splitting import JobPlan, gather
from qnet_circuits.backends.service.splitting import split as split_each
from qnet_circuits.backends.service.violations import Limits
from qnet_circuits.errors import BackendError, UnsupportedError
from tests.backends.service.one_job import check

TARGET = fake_device("fake_manila").described.target
OVERHEAD = 2.0
SHOT_SECONDS = 350e-6


def split(circuits, shots, target, seconds=None, limits=None):
    """Split circuits with the same shots, or shots of their own, as fast as most by default."""
    counts = [shots] * len(circuits) if isinstance(shots, int) else shots
    return split_each(circuits, counts, target, seconds or [SHOT_SECONDS] * len(circuits), limits or Limits())


def circuit(pairs=1, decisions=0, name="c"):
    made = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(1, "m"), name=name)
    for _ in range(pairs):
        made.cx(0, 1)
    for _ in range(decisions):
        made.measure(0, 0)
        with made.if_test((made.clbits[0], True)):
            made.x(1)
    return made


def kept(jobs):
    """Return how many shots all jobs keep of each circuit."""
    found = Counter()
    for job in jobs:
        found.update(dict(zip(job.circuits, job.kept, strict=True)))
    return found


def seconds_of(jobs, times):
    return sum(OVERHEAD + job.shots * sum(times[k] for k in job.circuits) for job in jobs)


LIMITS = Limits(executions=20_000, two_qubit_gates=30, broadcast_memory=59 * 6, seconds=40)


@pytest.mark.parametrize("case", range(25))
def test_nothing_is_lost_and_every_job_keeps_to_the_limits(case, rng):
    number = int(rng.integers(1, 12))
    circuits = [circuit(int(rng.integers(0, 20)), int(rng.integers(0, 5))) for _ in range(number)]
    counts = [int(count) for count in rng.choice([1, 10, 1000, 1001, 20_000, 62_345], number)]
    times = [float(time) for time in rng.choice([1e-5, 1e-4, 1e-3], number)]
    jobs = split(circuits, counts, TARGET, times, LIMITS)
    assert kept(jobs) == Counter(dict(enumerate(counts)))
    executions = sum(job.shots * len(job.circuits) for job in jobs)
    assert sum(job.waste for job in jobs) == executions - sum(counts)
    for job in jobs:
        assert all(0 < count <= job.shots for count in job.kept)
        own = [circuits[k] for k in job.circuits]
        assert check(own, TARGET, job.shots, LIMITS, [times[k] for k in job.circuits]) == []


def test_what_fits_is_one_job_in_order_without_waste():
    assert split([circuit()] * 4, 100, TARGET) == (JobPlan((0, 1, 2, 3), 100, (100,) * 4),)
    assert split([], 100, TARGET) == ()


@pytest.mark.parametrize(
    ("circuits", "limits", "groups"),
    [
        ([circuit(12)] * 5, Limits(two_qubit_gates=30), [(0, 1), (2, 3), (4,)]),
        ([circuit(20), circuit(20), circuit(5)], Limits(two_qubit_gates=30), [(0, 2), (1,)]),
        ([circuit(1, 3)] * 3, Limits(broadcast_memory=6 * 59), [(0, 1), (2,)]),
        ([circuit()] * 3, Limits(executions=250), [(0, 1), (2,)]),
        ([circuit()] * 3, Limits(seconds=22), [(0, 1), (2,)]),
        ([circuit()] * 3, Limits(seconds=21), [(0,), (1,), (2,)]),
    ],
)
def test_a_job_takes_what_it_has_room_for(circuits, limits, groups):
    jobs = split(circuits, 100, TARGET, [0.1] * len(circuits), limits)
    assert [job.circuits for job in jobs] == groups and sum(job.waste for job in jobs) == 0


def _ways(counts, times):
    """Yield the cost of every way to put circuits into jobs, by brute force over neighbours in the order of counts."""
    order = sorted(range(len(counts)), key=lambda k: counts[k])
    for cuts in range(1 << (len(order) - 1)):
        ends = [0, *(k + 1 for k in range(len(order) - 1) if cuts >> k & 1), len(order)]
        groups = [order[a:b] for a, b in pairwise(ends)]
        yield sum(OVERHEAD + max(counts[k] for k in g) * sum(times[k] for k in g) for g in groups)


@pytest.mark.parametrize("case", range(20))
def test_no_grouping_of_unequal_shots_is_cheaper(case, rng):
    number = int(rng.integers(2, 8))
    counts = [int(count) for count in rng.choice([1, 500, 4000, 6000, 20_000], number)]
    times = [float(time) for time in rng.uniform(1e-4, 1e-3, number)]
    jobs = split([circuit()] * number, counts, TARGET, times)
    assert seconds_of(jobs, times) == pytest.approx(min(_ways(counts, times)))


def test_unequal_shots_run_together_until_a_job_of_their_own_is_cheaper():
    surplus = int(OVERHEAD / SHOT_SECONDS)
    together = split([circuit()] * 2, [surplus + 1, 1], TARGET)
    assert together == (JobPlan((0, 1), surplus + 1, (surplus + 1, 1)),) and together[0].waste == surplus
    apart = split([circuit()] * 2, [surplus + 2, 1], TARGET)
    assert [(job.circuits, job.shots, job.waste) for job in apart] == [((0,), surplus + 2, 0), ((1,), 1, 0)]


def test_one_circuit_with_more_shots_than_a_job_has_is_in_several():
    jobs = split([circuit()], 12_000_000, TARGET)
    assert [(job.circuits, job.shots, job.kept) for job in jobs] == [((0,), 4_000_000, (4_000_000,))] * 3


def test_what_breaks_a_limit_by_itself_is_refused_with_the_reason():
    wide = [circuit(3), circuit(31, name="wide")]
    with pytest.raises(UnsupportedError, match=r"^circuit 'wide': 31 two-qubit gates.* 30 "):
        split(wide, 10, TARGET, limits=LIMITS)
    with pytest.raises(UnsupportedError, match=r"7 broadcasts.* 6.*corrections=\"frame\""):
        split([circuit(1, 7)], 10, TARGET, limits=LIMITS)
    with pytest.raises(UnsupportedError, match=r"39 s.* 40 s"):
        split([circuit()], 10, TARGET, [39.0], LIMITS)
    with pytest.raises(UnsupportedError, match=r"'c': shots .* 0;"):
        split([circuit()], 0, TARGET)
    with pytest.raises(ValueError, match="argument"):
        split([circuit()], 1, TARGET, [1.0, 2.0])


# -- and together again --------------------------------------------------------------------------------------------


def results_of(jobs):
    """Return registers that say where each shot comes from: circuit, job, place."""
    made, places = [], {}
    for number, job in enumerate(jobs):
        raws = []
        for k in job.circuits:
            bits = ((number * 1000 + np.arange(job.shots))[:, None] >> np.arange(16)) & 1
            raws.append({"m": bits.astype(bool), "k": np.full((job.shots, 1), k % 2 == 1)})
            places.setdefault(k, []).append(number)
        made.append(raws)
    return made, places


def test_what_jobs_return_is_put_together_without_the_surplus(rng):
    jobs = split([circuit()] * 3, [700, 12, 600], TARGET, [0.2, 0.2, 1e-4], Limits(seconds=100))
    results, places = results_of(jobs)
    assert len(jobs) > 2 and sum(job.waste for job in jobs) > 0
    raws = gather(jobs, results, rng)
    for k, (raw, count) in enumerate(zip(raws, (700, 12, 600), strict=True)):
        assert raw["m"].shape == (count, 16) and raw["k"].shape == (count, 1)
        assert (raw["k"] == (k % 2 == 1)).all()
        values = raw["m"] @ (1 << np.arange(16))
        assert len(set(values)) == count and {value // 1000 for value in values} == set(places[k])


def test_the_surplus_is_drawn_at_random():
    job = JobPlan((0,), 1000, (500,))
    results, _ = results_of([job])
    kept = [gather([job], [results[0]], np.random.default_rng(seed))[0]["m"] for seed in range(2)]
    values = [bits @ (1 << np.arange(16)) for bits in kept]
    assert not np.array_equal(*values)
    # Of 500 kept of 1000, 250 ± 5.3 · 7.9 lie in the first half, but for one draw in ten million.
    assert all(abs((value < 500).sum() - 250) < 42 and (np.diff(value) > 0).all() for value in values)


def test_results_that_do_not_fit_are_refused(rng):
    job = JobPlan((0,), 3, (3,))
    with pytest.raises(BackendError, match=r"1 circuits.* 2 results"):
        gather([job], [[{}, {}]], rng)
    with pytest.raises(BackendError, match=r"register 'm' .*2 shots.* 3"):
        gather([job], [[{"m": np.zeros((2, 1), bool)}]], rng)
