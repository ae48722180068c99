"""Runs of several jobs: blocks one after the other, circuits with different shots, and what happens when one job ends badly."""

import json

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.backends.base import Backend
from qnet_circuits.errors import (
    BusyError,
    JobCancelledError,
    JobFailedError,
    NotFinishedError,
    ParameterError,
    RecordError,
    UnsupportedError,
)
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.runs.planning import overall, share_budget
from qnet_circuits.runs.results.outcomes import spread_of
from qnet_circuits.theory.estimate import Estimate
from tests.support.elsewhere import RemoteBackend

pytestmark = pytest.mark.usefixtures("slept")

CHAIN = qn.RepeaterChain(hops=2)


class Drifting(Backend):
    """Gives outcomes of its own: in block k each circuit's first bit is 1 in a fraction ``fractions[k]`` of the shots."""

    name = "drifting"
    simulates_links = True

    def __init__(self, fractions):
        self.fractions, self.seeds = list(fractions), []

    def submit(self, compiled, shots, seed, tag=""):
        self.seeds.append(seed)
        return compiled, shots, self.fractions[len(self.seeds) - 1]

    def fetch(self, ticket, progress=None, keep=None):
        compiled, shots, fraction = ticket
        raws = []
        for item, count in zip(compiled, shots, strict=True):
            raws.append({reg.name: np.zeros((count, reg.size), bool) for reg in item.circuit.cregs})
            raws[-1]["out"][: round(fraction * count), 0] = True
        return raws


class Uneven(qn.Protocol):
    """One qubit, measured in two circuits that ask for different numbers of shots."""

    name = "uneven"
    parameters = {}  # noqa: RUF012

    def program(self, rng):
        items = []
        for name, shots in (("many", 900), ("few", 7)):
            circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
            if name == "few":
                circuit.x(0)
            circuit.measure(0, 0)
            items.append(Item(name, circuit, shots=shots))
        return Program(items, [Figure(name, parity(name, [("out", 0)])) for name in ("many", "few")])


def on_disk(directory):
    return json.loads((directory / "manifest.json").read_text())


def test_circuits_with_shots_of_their_own_have_no_number_of_shots_in_common():
    plain = qn.run(Uneven(), "aer", seed=1).to_dict()
    assert plain["shots"] is None and plain["figures"]["few"]["n"] == 7
    assert qn.run(CHAIN, "aer:fake_manila", seed=1, shots=9, mitigate=True).to_dict()["shots"] == 9


# -- figures of blocks -------------------------------------------------------------------------------------------------


def test_blocks_are_independent_and_pooled(tmp_path):
    run = qn.submit(CHAIN, "aer", shots=200, seed=1, repeats=3, path=tmp_path / "run")
    result = run.result()
    assert result.fidelity.n == 3 * 3 * 200
    blocks = run.blocks()
    assert len(blocks) == 3
    swaps = [block["zz"]["out"] for block in blocks]
    assert not any(np.array_equal(a, b) for k, a in enumerate(swaps) for b in swaps[:k])
    assert np.array_equal(np.concatenate(swaps), run.outcomes()["zz"]["out"])
    again = qn.open_run(tmp_path / "run")
    assert again.result().to_dict()["figures"] == result.to_dict()["figures"]
    assert qn.replay(tmp_path / "run").blocks == result.blocks
    assert [len(result.blocks[name]["values"]) for name in result.figures] == [3] * len(result.figures)


def test_one_block_is_the_run_without_blocks():
    plain, one = (qn.run(CHAIN, "aer", shots=100, seed=4, **more) for more in ({}, {"repeats": 1}))
    assert plain.figures == one.figures and not one.blocks


def test_the_spread_counts_where_blocks_drift_and_the_shots_where_they_do_not():
    where = Drifting([0.0, 0.1, 0.2])
    drifting = qn.run(CHAIN, where, shots=1000, seed=1, repeats=3)
    assert len(set(where.seeds)) == 3
    values = drifting.blocks["zz"]["values"]
    assert values == pytest.approx([1.0, 0.8, 0.6])
    # t(0.975, 2) = 4.3027 by the tables, times s/sqrt(3) = 0.2/sqrt(3).
    half = 4.3027 * 0.2 / np.sqrt(3)
    zz = drifting["zz"]
    assert zz.value == pytest.approx(0.8)
    assert drifting.blocks["zz"]["spread"][0] == pytest.approx(0.8 - half, abs=1e-4)
    assert [zz.low, zz.high] == drifting.blocks["zz"]["spread"] and "spread of 3 blocks" in zz.method
    still = qn.run(CHAIN, Drifting([0.1] * 3), shots=1000, seed=1, repeats=3)
    assert [still["zz"].low, still["zz"].high] == still.blocks["zz"]["shots"]
    assert still.blocks["zz"]["spread"] == pytest.approx([0.8, 0.8])


def test_intervals_of_the_spread_cover():
    """Normal values of 4 blocks: Student's interval holds the mean as often as it says."""
    rng = np.random.default_rng(5)
    figure = Figure("f", parity("a", [("out", 0)]))
    trials, held = 4000, 0
    for values in rng.normal(0.0, 1.0, (trials, 4)):
        narrow = Estimate(float(values.mean()), float(values.mean()), float(values.mean()), 0.9, "m", 4)
        held += 0.0 in spread_of(narrow, [float(value) for value in values], figure)[0]
    from scipy.stats import binom

    assert binom.ppf(5e-7, trials, 0.9) <= held <= binom.ppf(1 - 5e-7, trials, 0.9)


def test_the_spread_is_cut_to_what_exists_and_takes_the_p_value_away():
    figure = Figure("f", parity("a", [("out", 0)]), physical=(0.0, 1.0))
    wide, both = spread_of(Estimate(0.9, 0.89, 0.91, 0.95, "m", 10, p_value=0.01), [0.8, 1.0], figure)
    assert (wide.high, wide.p_value) == (1.0, None) and both["shots"] == [0.89, 0.91]
    narrow, _ = spread_of(Estimate(0.9, 0.89, 0.91, 0.95, "m", 10, p_value=0.01), [0.9, 0.9], figure)
    assert narrow.p_value == 0.01


@pytest.mark.parametrize(
    ("backend", "repeats", "error"),
    [("exact", 2, UnsupportedError), ("aer", 0, ParameterError), ("aer", 101, ParameterError), ("aer", 1.5, ParameterError)],
)  # fmt: skip
def test_repeats_that_cannot_be(backend, repeats, error):
    with pytest.raises(error, match="repeats"):
        qn.submit(CHAIN, backend, repeats=repeats)


# -- jobs of blocks ----------------------------------------------------------------------------------------------------


def submitted(backend, directory, **options):
    return qn.submit(
        CHAIN, backend, shots=50, seed=1, max_qpu_seconds=60, path=directory, **{"repeats": 3, **options}
    )


def test_every_block_is_a_job_with_a_tag_and_a_share_of_the_budget(elsewhere, tmp_path):
    backend = RemoteBackend(elsewhere)
    run = submitted(backend, tmp_path / "run")
    listed = on_disk(tmp_path / "run")["jobs"]
    assert [job["ticket"] for job in listed] == ["job0", "job1", "job2"] == list(elsewhere.jobs)
    assert len({job["tag"] for job in listed}) == 3
    assert [job["max_qpu_seconds"] for job in listed] == [20, 20, 20] and backend.limit == 20
    assert run.status == "QUEUED"
    assert qn.open_run(tmp_path / "run").result().fidelity.n == 450
    assert on_disk(tmp_path / "run")["status"] == "COLLECTED" and not (tmp_path / "run" / "parts").exists()


def test_a_platform_that_is_full_gets_the_others_when_the_first_have_ended(elsewhere, tmp_path):
    run = submitted(RemoteBackend(elsewhere, submit=[None, BusyError("three jobs wait")]), tmp_path / "run")
    assert (run.status, len(elsewhere.jobs)) == ("SUBMITTING", 1)
    assert run.summary()["jobs"] == ["job0"] and run.summary()["planned_jobs"] == 3
    assert qn.open_run(tmp_path / "run").result().fidelity.n == 450
    assert elsewhere.paid == 3


def test_a_platform_that_is_full_of_others_says_so(elsewhere, tmp_path):
    with pytest.raises(BusyError):
        submitted(RemoteBackend(elsewhere, submit=[BusyError("full")]), tmp_path / "run")
    assert on_disk(tmp_path / "run")["status"] == "PREPARED"


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("step", ["find", "submit", "poll", "fetch"])
def test_a_process_that_dies_at_any_job_loses_nothing(elsewhere, tmp_path, step, number):
    faults = [None] * number + [KeyboardInterrupt()]
    backend = RemoteBackend(elsewhere, **{step: faults})
    with pytest.raises(KeyboardInterrupt):
        submitted(backend, tmp_path / "run").result()
    assert qn.open_run(tmp_path / "run").result().fidelity.n == 450
    assert len(elsewhere.jobs) == 3


def test_what_was_downloaded_is_not_downloaded_again(elsewhere, tmp_path):
    backend = RemoteBackend(elsewhere, fetch=[None, None, KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        submitted(backend, tmp_path / "run").result()
    later = RemoteBackend(elsewhere)
    run = qn.open_run(tmp_path / "run", backend=later)
    assert run.result().fidelity.n == 450
    assert later.asked.count("fetch") == 1


def test_a_job_that_fails_leaves_what_the_others_made(elsewhere, tmp_path):
    submitted(RemoteBackend(elsewhere), tmp_path / "run")
    for job in elsewhere.jobs.values():
        job["state"] = "DONE"
    elsewhere.jobs["job1"]["state"] = "FAILED"
    with pytest.raises(JobFailedError, match="too hot"):
        qn.open_run(tmp_path / "run").result()
    assert on_disk(tmp_path / "run")["status"] == "FAILED"
    assert {file.name for file in (tmp_path / "run" / "parts").iterdir()} == {"0.npz", "2-0.npz"}


def test_cancelling_cancels_all_jobs(elsewhere, tmp_path):
    submitted(RemoteBackend(elsewhere, submit=[None, BusyError("full")]), tmp_path / "run")
    qn.open_run(tmp_path / "run").cancel()
    assert elsewhere.paid == 0 and on_disk(tmp_path / "run")["status"] == "CANCELLED"


@pytest.mark.parametrize("state", ["QUEUED", "DONE"])
def test_what_was_not_submitted_of_a_cancelled_run_never_is(elsewhere, tmp_path, state):
    submitted(RemoteBackend(elsewhere, submit=[None, BusyError("full")]), tmp_path / "run")
    elsewhere.jobs["job0"]["state"] = state
    qn.open_run(tmp_path / "run").cancel()
    for _ in range(2):
        with pytest.raises(RecordError, match="cancelled"):
            qn.open_run(tmp_path / "run").result()
        assert on_disk(tmp_path / "run")["status"] == "CANCELLED" and len(elsewhere.jobs) == 1
    assert on_disk(tmp_path / "run")["jobs"][1]["status"] == "CANCELLED"


def test_jobs_on_the_platform(platform, tmp_path):
    run = qn.submit(
        CHAIN, "ibm:ibm_manila", shots=100, seed=1, repeats=2, max_qpu_seconds=60, path=tmp_path / "run",
        optimization_level=1,
    )  # fmt: skip
    result = run.result()
    assert result.fidelity.n == 600 and result.fidelity.above(0.5)
    assert len(platform.jobs.records) == 2 and on_disk(tmp_path / "run")["cost"]["jobs"] == 2
    limits = [record["cost"] for record in platform.jobs.records.values()]
    assert sum(limits) <= 60
    ran = [job["ran"] for job in on_disk(tmp_path / "run")["jobs"]]
    assert result.resources["processor_seconds"] == sum(job["qpu_seconds"] for job in ran) > 0
    assert ran[0]["created"] < ran[1]["created"] and all(job["began"] <= job["ended"] for job in ran)


# -- different shots ---------------------------------------------------------------------------------------------------


def test_circuits_with_different_shots_run_together_without_their_surplus(platform, tmp_path):
    for where, more in (("local:fake_manila", {}), ("ibm:ibm_manila", {"max_qpu_seconds": 60})):
        run = qn.submit(Uneven(), where, seed=1, path=tmp_path / where.partition(":")[0], **more)
        outcomes = run.outcomes()
        assert [len(outcomes[name]["out"]) for name in ("many", "few")] == [900, 7]
        assert outcomes["few"]["out"].sum() >= 4 > outcomes["many"]["out"].mean()
        assert run.result().resources["surplus_executions"] == 893
    assert len(platform.jobs.records) == 1


def test_circuits_with_very_different_shots_are_jobs_of_their_own(monkeypatch):
    monkeypatch.setattr("qnet_circuits.backends.service.splitting.JOB_OVERHEAD", 0.0)
    run = qn.submit(Uneven(), "local:fake_manila", seed=1)
    assert [job["shots"] for job in run.manifest["jobs"]] == [900, 7]
    assert run.result().resources["surplus_executions"] == 0


# -- the rules ---------------------------------------------------------------------------------------------------------


def test_shares_of_a_budget_keep_to_it():
    listed = [{"seconds": 2.5}, {"seconds": 7.9}]
    share_budget(listed, 30)
    limits = [job["max_qpu_seconds"] for job in listed]
    assert limits == [8, 21] and sum(limits) <= 30
    with pytest.raises(ParameterError, match=r"2 jobs.* 11 s.* max_qpu_seconds .*10"):
        share_budget(listed, 10)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["DONE", "FAILED", "QUEUED"], "FAILED"),
        (["DONE", "CANCELLED"], "CANCELLED"),
        (["DONE", "LOST", "CANCELLED"], "LOST"),
        (["QUEUED", "SUBMITTING"], "SUBMITTING"),
        (["RUNNING", "QUEUED"], "RUNNING"),
        (["QUEUED", "QUEUED"], "QUEUED"),
    ],
)
def test_a_run_is_as_far_as_its_jobs(states, state):
    assert overall(states) == state


# -- readout and blocks ------------------------------------------------------------------------------------------------


def test_mitigated_figures_know_of_the_spread_between_blocks():
    device = qn.line_device(4, readout_error=0.05, seed=1)
    still = qn.run(CHAIN, device, shots=1000, seed=1, repeats=4, mitigate=True, layout=[0, 1, 2, 3])
    assert still.fidelity.value < still.mitigated["fidelity"].value
    assert still.mitigated["fidelity"].n == 3 * 4 * 1000
    one = qn.run(CHAIN, device, shots=4000, seed=2, mitigate=True, layout=[0, 1, 2, 3]).mitigated["fidelity"]
    assert abs(one.value - still.mitigated["fidelity"].value) < one.high - one.low
    assert "blocks" in still.mitigated["fidelity"].method and "blocks" not in one.method


def test_readout_is_measured_in_the_same_job_or_not_at_all(monkeypatch):
    monkeypatch.setattr("qnet_circuits.backends.service.splitting.JOB_OVERHEAD", 0.0)
    with pytest.raises(UnsupportedError, match=r"\b\d+ jobs on local:fake_manila"):
        qn.submit(Uneven(), "local:fake_manila", seed=1, mitigate=True)


def test_more_shots_than_a_processor_takes_at_once_are_several_jobs(platform, tmp_path):
    from qnet_circuits.backends.service.pricing import limits_of

    most = limits_of(qn.compile(CHAIN, "local:fake_manila").device).shots
    assert most < 5_000_000
    run = qn.submit(CHAIN, "local:fake_manila", shots=most + 1, seed=1, predict=False)
    shots = [job["shots"] for job in run.manifest["jobs"]]
    assert len(shots) == 2 and max(shots) <= most and sum(shots) == most + 1
    submitted = qn.submit(
        CHAIN,
        "ibm:ibm_manila",
        shots=most + 1,
        seed=1,
        max_qpu_seconds=600,
        path=tmp_path / "run",
        dry_run=True,
    )
    assert [job["shots"] for job in submitted.jobs] == shots


# -- jobs that end badly -----------------------------------------------------------------------------------------------


def parts(directory):
    return {file.name for file in (directory / "parts").iterdir()}


@pytest.fixture
def one_cancelled_elsewhere(elsewhere, tmp_path):
    """A run of three jobs, one of which somebody cancelled on the platform; the others have ended well."""
    submitted(RemoteBackend(elsewhere), tmp_path / "run")
    for name, job in elsewhere.jobs.items():
        job["state"] = "CANCELLED" if name == "job1" else "DONE"
    return tmp_path / "run"


@pytest.mark.parametrize("asked", [True, False])
def test_what_ended_well_is_fetched_although_a_job_was_cancelled_elsewhere(
    elsewhere, one_cancelled_elsewhere, asked
):
    if asked:
        assert qn.open_run(one_cancelled_elsewhere).refresh() == "CANCELLED"
    for _ in range(2):
        with pytest.raises(JobCancelledError):
            qn.open_run(one_cancelled_elsewhere).result()
        assert parts(one_cancelled_elsewhere) == {"0.npz", "2-0.npz"}
        elsewhere.jobs["job0"]["raws"] = elsewhere.jobs["job2"]["raws"] = None  # Not downloaded again.
    assert len(elsewhere.jobs) == 3


def test_the_blocks_that_are_whole_are_analysed_if_asked(one_cancelled_elsewhere):
    run = qn.open_run(one_cancelled_elsewhere)
    result = run.wait(partial=True).result()
    assert result.fidelity.n == 300 and len(result.blocks["fidelity"]["values"]) == 2
    assert any("2 of 3 blocks" in note for note in result.notes)
    kept = {file.name for file in one_cancelled_elsewhere.iterdir()}
    assert not kept & {"outcomes.npz", "result.json"} and run.status == "CANCELLED"
    with pytest.raises(JobCancelledError):
        qn.open_run(one_cancelled_elsewhere).result()


def test_a_run_without_a_whole_block_is_not_analysed(elsewhere, tmp_path):
    submitted(RemoteBackend(elsewhere), tmp_path / "run", repeats=1)
    elsewhere.jobs["job0"]["state"] = "CANCELLED"
    with pytest.raises(JobCancelledError):
        qn.open_run(tmp_path / "run").wait(partial=True)


def test_what_goes_on_is_waited_for_although_a_job_was_cancelled_elsewhere(elsewhere, tmp_path):
    submitted(RemoteBackend(elsewhere), tmp_path / "run")
    elsewhere.jobs["job0"]["state"] = "CANCELLED"
    qn.open_run(tmp_path / "run").refresh()
    elsewhere.polls = -20  # The others go on for a while.
    with pytest.raises(JobCancelledError):
        qn.open_run(tmp_path / "run").result()
    assert parts(tmp_path / "run") == {"1-0.npz", "2-0.npz"}


def test_what_has_ended_is_fetched_although_the_others_have_not(elsewhere, tmp_path):
    submitted(RemoteBackend(elsewhere), tmp_path / "run")
    elsewhere.jobs["job1"]["state"], elsewhere.ends = "DONE", None
    with pytest.raises(NotFinishedError):
        qn.open_run(tmp_path / "run").wait(timeout=0)
    assert parts(tmp_path / "run") == {"1-0.npz"}


def test_no_more_jobs_are_submitted_where_one_has_failed(elsewhere, tmp_path):
    submitted(RemoteBackend(elsewhere, submit=[None, BusyError("full")]), tmp_path / "run")
    elsewhere.jobs["job0"]["state"] = "FAILED"
    qn.open_run(tmp_path / "run").refresh()
    for _ in range(2):
        with pytest.raises(JobFailedError, match="too hot"):
            qn.open_run(tmp_path / "run").result()
    assert len(elsewhere.jobs) == 1


def test_what_a_cancelled_run_has_made_is_kept(elsewhere, tmp_path):
    submitted(RemoteBackend(elsewhere), tmp_path / "run")
    elsewhere.jobs["job2"]["state"] = "DONE"
    qn.open_run(tmp_path / "run").cancel()
    with pytest.raises(RecordError, match="was cancelled"):
        qn.open_run(tmp_path / "run").result()
    assert parts(tmp_path / "run") == {"2-0.npz"}
    assert qn.open_run(tmp_path / "run").wait(partial=True).result().fidelity.n == 150


def test_a_job_that_the_platform_forgot_holds_up_no_cancellation(elsewhere, tmp_path):
    submitted(RemoteBackend(elsewhere), tmp_path / "run")
    del elsewhere.jobs["job0"]
    qn.open_run(tmp_path / "run").cancel()
    assert elsewhere.paid == 0 and on_disk(tmp_path / "run")["status"] == "LOST"
