"""A run elsewhere makes one job, loses nothing that was created, and its directory tells the truth at every step."""

import json

import pytest

from qnet_circuits.errors import (
    AccountError,
    BusyError,
    HeldError,
    JobCancelledError,
    JobFailedError,
    JobMissingError,
    NotFinishedError,
    ParameterError,
    RecordError,
    RefusedError,
    UnreachableError,
    UnsupportedError,
)
from qnet_circuits.protocols.repeater_chain import RepeaterChain
from qnet_circuits.runs import remote_job as jobs
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.holding import Holding
from qnet_circuits.runs.run import Run
from qnet_circuits.runs.verbs import open_run, predict, replay, run, submit
from tests.support.elsewhere import Platform, RemoteBackend, Time

pytestmark = pytest.mark.usefixtures("slept")

CHAIN = RepeaterChain(hops=2)


@pytest.fixture
def platform(elsewhere):
    return elsewhere


def submitted(tmp_path, backend, **options):
    return submit(CHAIN, backend, shots=50, seed=1, max_qpu_seconds=60, path=tmp_path / "run", **options)


def on_disk(tmp_path):
    return json.loads((tmp_path / "run" / "manifest.json").read_text())


def test_a_submitted_run_is_fetched_by_a_later_process(tmp_path, platform):
    run_ = submitted(tmp_path, RemoteBackend(platform))
    assert (run_.status, on_disk(tmp_path)["jobs"][0]["ticket"]) == ("QUEUED", "job0")
    later = open_run(tmp_path / "run")
    figures = later.result().figures
    assert later.status == on_disk(tmp_path)["status"] == "COLLECTED"
    assert replay(tmp_path / "run").figures == figures
    assert platform.paid == len(platform.jobs) == 1


def test_the_budget_and_the_directory_are_needed_and_reach_the_backend(tmp_path, platform):
    backend = RemoteBackend(platform)
    with pytest.raises(ParameterError, match="max_qpu_seconds"):
        submit(CHAIN, backend, path=tmp_path / "run")
    with pytest.raises(ParameterError, match=r"path.*--out DIR"):
        submit(CHAIN, backend, max_qpu_seconds=60)
    assert not platform.jobs and not (tmp_path / "run").exists()
    submitted(tmp_path, backend)
    assert backend.limit == 60
    with pytest.raises(UnsupportedError, match=r"ideal.*max_qpu_seconds"):
        submit(CHAIN, "ideal", max_qpu_seconds=60)


def test_a_dry_run_writes_and_submits_nothing_and_cannot_start(tmp_path, platform):
    backend = RemoteBackend(platform)
    found = submitted(tmp_path, backend, dry_run=True)
    assert found.summary()["status"] == "PREPARED" and len(found.jobs) == 1
    starting = {name for name in dir(Run) if not name.startswith("_")} - {"summary", "seconds"}
    assert starting and not any(hasattr(found, name) for name in starting)
    for verb in (run, predict):
        with pytest.raises(ParameterError, match=r"submit.*estimate_cost"):
            verb(CHAIN, backend, max_qpu_seconds=60, path=tmp_path / "run", dry_run=True)
    assert not platform.jobs and not backend.asked and not (tmp_path / "run").exists()


# -- at submission -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RefusedError("no"), BusyError("too many jobs"), AccountError("who?")])
def test_a_refused_run_is_prepared_and_goes_on_when_it_is_opened_again(tmp_path, platform, error):
    with pytest.raises(type(error)):
        submitted(tmp_path, RemoteBackend(platform, submit=[error]))
    assert on_disk(tmp_path)["status"] == "PREPARED" and not platform.jobs
    # Submitting again compiles again, which this platform has no device for: nothing differs.
    assert open_run(tmp_path / "run").result().figures
    assert platform.paid == 1


def test_a_job_whose_answer_was_lost_is_found(tmp_path, platform):
    run_ = submitted(tmp_path, RemoteBackend(platform, submit=["lost answer"]))
    assert (run_.status, platform.paid) == ("QUEUED", 1)
    assert run_.result().figures


def test_a_job_that_is_listed_late_is_waited_for(tmp_path, platform, slept):
    # The first look comes before the job is made; three more find nothing.
    platform.unlisted = 4
    run_ = submitted(tmp_path, RemoteBackend(platform, submit=["lost answer"]))
    assert (run_.status, platform.paid) == ("QUEUED", 1)
    assert sum(slept) >= sum(jobs.LOOKS[:4])


def test_a_job_that_nobody_finds_leaves_the_run_open_and_the_next_attempt_looks_first(tmp_path, platform):
    platform.unlisted = 1 + len(jobs.LOOKS)
    with pytest.raises(UnreachableError, match="qnet fetch"):
        submitted(tmp_path, RemoteBackend(platform, submit=["lost answer"]))
    assert on_disk(tmp_path)["status"] == "SUBMITTING"
    platform.unlisted = 2
    assert open_run(tmp_path / "run").result().figures
    assert len(platform.jobs) == 1


def test_a_job_made_twice_by_the_client_is_cancelled_once(tmp_path, platform):
    run_ = submitted(tmp_path, RemoteBackend(platform, submit=["twice"]))
    assert [said["state"] for said in platform.jobs.values()] == ["RUNNING", "CANCELLED"]
    assert on_disk(tmp_path)["jobs"][0]["cancelled_duplicates"] == ["job1"]
    assert run_.result().figures
    assert platform.paid == 1


def test_duplicates_are_looked_for_again_if_nobody_answered(tmp_path, platform):
    down = UnreachableError("down")
    backend = RemoteBackend(platform, submit=["twice"], find=[None, down])
    submitted(tmp_path, backend)
    assert platform.paid == 2
    assert open_run(tmp_path / "run").result().figures
    assert platform.paid == 1


@pytest.mark.parametrize("step", ["find", "submit"])
def test_a_process_that_dies_while_it_submits_loses_nothing(tmp_path, platform, step):
    with pytest.raises(KeyboardInterrupt):
        submitted(tmp_path, RemoteBackend(platform, **{step: [KeyboardInterrupt()]}))
    assert open_run(tmp_path / "run").result().figures
    assert len(platform.jobs) == 1


def test_a_process_that_dies_after_the_job_was_made_loses_nothing(tmp_path, platform, monkeypatch):
    made = RemoteBackend.submit

    def die(self, *arguments):
        made(self, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(RemoteBackend, "submit", die)
    with pytest.raises(KeyboardInterrupt):
        submitted(tmp_path, RemoteBackend(platform))
    monkeypatch.setattr(RemoteBackend, "submit", made)
    assert on_disk(tmp_path)["status"] == "SUBMITTING"
    assert open_run(tmp_path / "run").result().figures
    assert len(platform.jobs) == 1


# -- while it runs -----------------------------------------------------------------------------------------------------


def test_polling_survives_silence_and_slows_down(tmp_path, platform, slept):
    down = UnreachableError("down")
    backend = RemoteBackend(platform, poll=[down, down, None, down])
    assert submitted(tmp_path, backend).result().figures
    assert slept[:3] == pytest.approx([1.0, 1.5, 2.25])


def test_lasting_silence_is_told_and_nothing_is_lost(tmp_path, platform):
    down = [UnreachableError("down") for _ in range(jobs.MOST_FAILURES)]
    run_ = submitted(tmp_path, RemoteBackend(platform, poll=down))
    with pytest.raises(UnreachableError):
        run_.result()
    assert on_disk(tmp_path)["status"] == "QUEUED"
    assert open_run(tmp_path / "run").result().figures
    assert len(platform.jobs) == 1


def test_a_run_that_is_not_finished_says_so_in_time(tmp_path, platform):
    platform.ends = None
    run_ = submitted(tmp_path, RemoteBackend(platform))
    with pytest.raises(NotFinishedError) as caught:
        run_.wait(timeout=0)
    assert caught.value.state == "QUEUED"
    assert on_disk(tmp_path)["status"] == "QUEUED"
    with pytest.raises(RecordError, match="QUEUED"):
        replay(tmp_path / "run")


def test_a_failed_job_is_told_with_its_reason(tmp_path, platform):
    platform.ends = "FAILED"
    run_ = submitted(tmp_path, RemoteBackend(platform))
    with pytest.raises(JobFailedError, match="too hot"):
        run_.result()
    assert on_disk(tmp_path)["status"] == "FAILED"
    assert "too hot" in on_disk(tmp_path)["reason"]


def test_a_job_that_the_platform_forgot_is_lost(tmp_path, platform):
    run_ = submitted(tmp_path, RemoteBackend(platform))
    platform.jobs.clear()
    with pytest.raises(JobMissingError):
        run_.result()
    assert on_disk(tmp_path)["status"] == "LOST"


def test_a_job_cancelled_elsewhere(tmp_path, platform, monkeypatch):
    run_ = submitted(tmp_path, RemoteBackend(platform))
    platform.jobs["job0"]["state"] = "CANCELLED"

    def cancelled(self, ticket, progress=None, keep=None):
        raise JobCancelledError("job0 was cancelled", ticket)

    monkeypatch.setattr(RemoteBackend, "fetch", cancelled)
    with pytest.raises(JobCancelledError):
        run_.result()
    assert on_disk(tmp_path)["status"] == "CANCELLED"


def test_cancelling_a_run_cancels_its_job(tmp_path, platform):
    submitted(tmp_path, RemoteBackend(platform))
    open_run(tmp_path / "run").cancel()
    assert on_disk(tmp_path)["status"] == "CANCELLED"
    assert platform.paid == 0
    with pytest.raises(RecordError, match="was cancelled"):
        open_run(tmp_path / "run").result()


def test_refresh_asks_once(tmp_path, platform):
    submitted(tmp_path, RemoteBackend(platform))
    opened = open_run(tmp_path / "run")
    assert [opened.refresh() for _ in range(3)] == ["RUNNING", "RUNNING", "DONE"]
    assert on_disk(tmp_path)["status"] == "DONE"


@pytest.mark.parametrize("step", ["poll", "fetch"])
def test_a_process_that_dies_while_it_fetches_loses_nothing(tmp_path, platform, step):
    run_ = submitted(tmp_path, RemoteBackend(platform, **{step: [KeyboardInterrupt()]}))
    with pytest.raises(KeyboardInterrupt):
        run_.result()
    assert open_run(tmp_path / "run").result().figures
    assert len(platform.jobs) == 1


def test_run_on_a_processor_waits_for_the_result(tmp_path, platform):
    result = run(CHAIN, RemoteBackend(platform), shots=50, seed=1, max_qpu_seconds=60, path=tmp_path / "run")
    assert result.fidelity.n == 150


# -- with a backend and a clock that are passed in ---------------------------------------------------------------------


def test_a_backend_at_hand_is_used_and_its_clock_tells_the_time(tmp_path):
    made, clock = Platform(), Time()
    made.ends = None
    backend = RemoteBackend(made)
    backend.clock = clock
    submitted(tmp_path, backend)
    later = RemoteBackend(made)
    later.clock = clock
    with pytest.raises(NotFinishedError, match="QUEUED"):
        open_run(tmp_path / "run", backend=later).wait(timeout=1000)
    assert sum(clock.pauses) == pytest.approx(1000)
    made.ends = "DONE"
    assert open_run(tmp_path / "run", backend=later).result().figures
    assert later.limit == 60 and later.asked.count("fetch") == 1


@pytest.mark.parametrize("backend", ["ideal", "aer:fake_manila", "exact"])
def test_another_backend_than_the_runs_is_refused(tmp_path, platform, backend):
    submitted(tmp_path, RemoteBackend(platform))
    with pytest.raises(ParameterError, match="ibm:nowhere"):
        open_run(tmp_path / "run", backend=backend)


# -- several processes -------------------------------------------------------------------------------------------------


def test_of_several_processes_one_holds_the_directory(tmp_path, platform):
    submitted(tmp_path, RemoteBackend(platform))
    first, second = open_run(tmp_path / "run"), open_run(tmp_path / "run")
    with Record(first.path).held(), pytest.raises(NotFinishedError, match="process"):
        second.wait(timeout=0.1)
    assert second.result().figures


def test_a_process_sees_what_another_has_fetched(tmp_path, platform):
    submitted(tmp_path, RemoteBackend(platform))
    first, second = open_run(tmp_path / "run"), open_run(tmp_path / "run")
    first.wait()
    platform.jobs.clear()
    assert second.result().figures == first.result().figures
    assert second.status == "COLLECTED"


@pytest.fixture
def meanwhile(monkeypatch):
    """What another process does with the directory in each pause of the one that waits; a directory that is held fails it."""
    todo = []
    take = Holding.take
    monkeypatch.setattr(Holding, "take", lambda holding, timeout=None: take(holding, 0))

    def pause(_):
        if todo:
            todo.pop()()

    monkeypatch.setattr(RemoteBackend, "clock", Time(pause))
    return todo


def test_a_process_that_waits_leaves_the_directory_to_others(tmp_path, platform, meanwhile):
    submitted(tmp_path, RemoteBackend(platform))
    waiting, said = open_run(tmp_path / "run"), []
    meanwhile.append(lambda: said.append(open_run(tmp_path / "run").refresh()))
    assert waiting.result().figures and said == ["RUNNING"]
    assert platform.paid == 1


def test_a_run_that_is_fetched_by_another_process_meanwhile_is_read(tmp_path, platform, meanwhile):
    submitted(tmp_path, RemoteBackend(platform))
    waiting = open_run(tmp_path / "run")

    def fetch():
        open_run(tmp_path / "run").wait()
        platform.jobs.clear()

    meanwhile.append(fetch)
    assert waiting.result().figures
    assert waiting.status == on_disk(tmp_path)["status"] == "COLLECTED"


def test_a_run_that_is_cancelled_by_another_process_meanwhile_ends(tmp_path, platform, meanwhile):
    submitted(tmp_path, RemoteBackend(platform))
    waiting = open_run(tmp_path / "run")
    meanwhile.append(lambda: open_run(tmp_path / "run").cancel())
    with pytest.raises(JobCancelledError):
        waiting.result()
    assert waiting.status == on_disk(tmp_path)["status"] == "CANCELLED" and platform.paid == 0


def test_a_run_that_is_sampled_here_says_how_far_it_is_and_is_not_cancelled_under_way(tmp_path):
    submit(CHAIN, "ideal", shots=50, seed=1, path=tmp_path / "run")
    with Record(tmp_path / "run").held():
        assert open_run(tmp_path / "run").refresh() == "PREPARED"
        with pytest.raises(HeldError):
            open_run(tmp_path / "run").cancel()


@pytest.mark.parametrize("ask", ["refresh", "result", "cancel"])
@pytest.mark.parametrize(
    "change",
    [{"tag": "another"}, {"tag": ["x"]}, {"status": "ASLEEP"}, {"status": []}, {"ticket": 3}, {"max_qpu_seconds": "x"},
     {"kept": ["x"] * 3}, {"shots": None}],
    ids=str,
)  # fmt: skip
def test_a_damaged_entry_of_a_job_is_told_and_nothing_is_submitted(tmp_path, platform, change, ask):
    submitted(tmp_path, RemoteBackend(platform))
    plain = on_disk(tmp_path)
    plain["jobs"][0] = {**plain["jobs"][0], "ticket": None, **change}
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(plain))
    with pytest.raises(RecordError, match="is damaged"):
        getattr(open_run(tmp_path / "run"), ask)()
    assert len(platform.jobs) == 1 and on_disk(tmp_path) == plain


def test_a_directory_that_cannot_be_locked_is_one_clear_error(tmp_path, platform):
    submitted(tmp_path, RemoteBackend(platform))
    (tmp_path / "run" / ".lock").unlink()
    (tmp_path / "run" / ".lock").mkdir()
    with pytest.raises(RecordError, match=r"\.lock"):
        open_run(tmp_path / "run").refresh()
