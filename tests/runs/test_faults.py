"""Every fault of the platform at every step of a run: one line is said, the directory tells the truth, one job is paid for."""

import json

import pytest

import qnet_circuits as qn
from qnet_circuits.backends.ibm.processor import RuntimeBackend
from qnet_circuits.backends.ibm.watchdog import Watchdog
from qnet_circuits.errors import (  # fmt: skip
    AccountError,
    BackendError,
    BusyError,
    JobCancelledError,
    JobFailedError,
    NotFinishedError,
    RecordError,
    RefusedError,
    UnreachableError,
)
from qnet_circuits.runs import remote_job as jobs
from tests.support.elsewhere import Time

CHAIN = qn.RepeaterChain(hops=2)
SHORT, HANG = 0.4, 60


@pytest.fixture(autouse=True)
def clock(monkeypatch, platform):
    """Pauses take no time; in those before looks for a job, what the platform is slow to list gets older."""

    def pass_(seconds):
        platform.jobs.lag = max(0.0, platform.jobs.lag - seconds)

    made = Time(pass_)
    monkeypatch.setattr(RuntimeBackend, "clock", made)
    # Each look is a request; whoever looks for long does so less often than on a platform.
    monkeypatch.setattr(jobs, "LOOKS", (*jobs.LOOKS, 60.0))
    return made


def backend(fault):
    hangs = fault["kind"].startswith("hang")
    return RuntimeBackend("ibm_manila", watchdog=Watchdog(read=SHORT if hangs else 10.0, repeats=1))


def submit(fault, directory):
    return qn.submit(
        CHAIN, backend(fault), shots=20, seed=1, max_qpu_seconds=60, optimization_level=1, path=directory
    )


def on_disk(directory):
    return json.loads((directory / "manifest.json").read_text())


def check_line(error):
    text = str(error)
    assert "\n" not in text and "Traceback" not in text and len(text) < 900
    advice = (
        "try again",
        "open the run again",
        "wait",
        "check",
        "submit again",
        "nothing",
        "fetch",
        "raise ",
    )
    assert any(word in text for word in advice), text


def finish(platform, directory):
    """Heal the platform, open the run again, and check that it ends with one job that is paid for."""
    platform.heal()
    platform.set(queue_seconds=0.0)
    assert qn.open_run(directory).result().fidelity.n == 60
    assert on_disk(directory)["status"] == "COLLECTED"
    paid = [job for job, record in platform.jobs.records.items() if record["state"]["status"] != "Cancelled"]
    assert paid == [on_disk(directory)["jobs"][0]["ticket"]]


def check_doubt(text):
    """Of a job that may exist it is said once, and before any advice, and that it is looked for."""
    assert text.count("a job may exist") == 1 and "look for its tag" not in text and "is looked for" in text
    for advice in ("must be changed", "check the account", "wait until jobs have ended"):
        assert advice not in text.partition("a job may exist")[0]


def named(value):
    return " ".join(map(str, value.values())) if isinstance(value, dict) else ""


#: Where a request goes, the fault, what is raised while it lasts, and the state that is left.
SUBMITTING = [
    ("POST", "/jobs$", {"kind": "status", "status": 429}, BusyError, "SUBMITTING"),
    ("POST", "/jobs$", {"kind": "status", "status": 429, "headers": {"Retry-After": "3600"}}, BusyError, "SUBMITTING"),
    ("POST", "/jobs$", {"kind": "status", "status": 400}, RefusedError, "SUBMITTING"),
    ("POST", "/jobs$", {"kind": "status", "status": 401}, AccountError, "SUBMITTING"),
    *(("POST", "/jobs$", {"kind": "status", "status": s}, UnreachableError, "SUBMITTING") for s in (500, 502, 503, 504)),
    *(("POST", "/jobs$", {"kind": "status_after", "status": s}, None, "QUEUED") for s in (400, 401, 404, 409, 429, 500, 503)),
    ("POST", "/jobs$", {"kind": "drop"}, UnreachableError, "SUBMITTING"),
    ("POST", "/jobs$", {"kind": "drop_after"}, None, "QUEUED"),
    ("POST", "/jobs$", {"kind": "reset_after"}, None, "QUEUED"),
    ("POST", "/jobs$", {"kind": "hang", "delay": HANG}, UnreachableError, "SUBMITTING"),
    ("POST", "/jobs$", {"kind": "hang_after", "delay": HANG}, None, "QUEUED"),
    ("POST", "/jobs$", {"kind": "truncate"}, None, "QUEUED"),
    ("POST", "/jobs$", {"kind": "malformed"}, None, "QUEUED"),
    *(("GET", "/jobs$", {"kind": "status", "status": s}, BackendError, "PREPARED") for s in (401, 429, 500, 503)),
    ("GET", "/jobs$", {"kind": "drop"}, UnreachableError, "PREPARED"),
    ("GET", "/jobs$", {"kind": "hang", "delay": HANG}, UnreachableError, "PREPARED"),
    ("GET", "/jobs$", {"kind": "malformed"}, UnreachableError, "PREPARED"),
]  # fmt: skip


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("method", "path", "fault", "kind", "state"), SUBMITTING, ids=named)
def test_while_a_run_is_submitted(platform, tmp_path, method, path, fault, kind, state):
    directory = tmp_path / "run"
    platform.set(queue_seconds=30.0)
    platform.fail(method=method, path=path, count=-1, **fault)
    if kind is None:
        assert submit(fault, directory).status == state
    else:
        with pytest.raises(kind) as caught:
            submit(fault, directory)
        check_line(caught.value)
        assert not platform.jobs.records
        if state == "SUBMITTING":
            check_doubt(str(caught.value))
    assert on_disk(directory)["status"] == state
    finish(platform, directory)


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("method", "path", "fault"),
    [(m, p, f) for m, p, f, *_ in SUBMITTING if f["kind"] in ("status", "drop", "status_after") and f.get("status") != 400],
    ids=named,
)  # fmt: skip
def test_a_fault_that_comes_once(platform, tmp_path, method, path, fault):
    """It is got over at once, or told and got over by whoever opens the run again; never with a second job."""
    platform.fail(method=method, path=path, **fault)
    try:
        assert submit(fault, tmp_path / "run").status == "QUEUED"
    except BackendError as error:
        check_line(error)
    finish(platform, tmp_path / "run")


#: While a run is fetched: where the request goes, the fault, what is raised.
FETCHING = [
    (path, fault, kind)
    for path in ("/jobs/[^/]*$", "/results$")
    for fault, kind in (
        *(({"kind": "status", "status": s}, UnreachableError) for s in (500, 502, 503, 504)),
        ({"kind": "status", "status": 429}, BusyError),
        ({"kind": "status", "status": 401}, AccountError),
        ({"kind": "drop"}, UnreachableError),
        ({"kind": "reset_after"}, UnreachableError),
        ({"kind": "hang", "delay": HANG}, UnreachableError),
        ({"kind": "truncate"}, UnreachableError),
        ({"kind": "malformed"}, UnreachableError),
    )
]


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("path", "fault", "kind"), FETCHING, ids=named)
def test_while_a_run_is_fetched(platform, tmp_path, monkeypatch, path, fault, kind):
    monkeypatch.setattr(jobs, "MOST_FAILURES", 2)
    run = submit(fault, tmp_path / "run")
    platform.fail(method="GET", path=path, count=-1, **fault)
    with pytest.raises(kind) as caught:
        run.result()
    check_line(caught.value)
    assert on_disk(tmp_path / "run")["status"] in ("QUEUED", "RUNNING", "DONE")
    assert not (tmp_path / "run" / "outcomes.npz").exists()
    finish(platform, tmp_path / "run")


def test_what_is_only_nice_to_know_holds_nothing_up(platform, tmp_path):
    """The times and the charge of a job are asked for last, and nobody waits for them."""
    platform.fail(method="GET", path="/metrics$", count=-1, kind="status", status=500)
    run = submit({"kind": "status"}, tmp_path / "run")
    assert run.result().fidelity.n == 60 and "processor_seconds" not in run.result().resources


#: How a client may lose sight of the job that it has made.
LOST = (
    {"kind": "drop_after"}, {"kind": "status_after", "status": 503}, {"kind": "status_after", "status": 409},
    {"kind": "killed"},
)  # fmt: skip


def submit_and_lose(platform, directory, fault, lag):
    """Submit a run whose job is made, not told of, and listed late; and hold it up."""
    platform.set(lag=float(lag), queue_seconds=600.0)
    if fault["kind"] != "killed":
        platform.fail(method="POST", path="/jobs$", **fault)
        with pytest.raises(BackendError) as caught:
            submit(fault, directory)
        check_line(caught.value)
        assert on_disk(directory)["jobs"][0]["listed_by"] in str(caught.value)
    else:

        def die(self, *arguments):
            made(self, *arguments)
            raise KeyboardInterrupt

        made = RuntimeBackend.submit
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RuntimeBackend, "submit", die)
            with pytest.raises(KeyboardInterrupt):
                submit(fault, directory)
    assert on_disk(directory)["status"] == "SUBMITTING" and len(platform.jobs.records) == 1


@pytest.mark.one_in(3)
@pytest.mark.parametrize("lag", [17, 290])
@pytest.mark.parametrize("fault", LOST, ids=named)
def test_a_lagging_list_of_jobs(platform, tmp_path, fault, lag):
    """The job is not listed yet: it is waited for, in this process or the next, and nothing is submitted again."""
    submit_and_lose(platform, tmp_path / "run", fault, lag)
    with pytest.raises(NotFinishedError):
        qn.open_run(tmp_path / "run").wait(timeout=0)
    finish(platform, tmp_path / "run")
    assert len(platform.jobs.records) == 1


def test_a_job_that_was_never_made_is_made_when_it_would_be_listed(platform, clock, tmp_path):
    platform.fail(method="POST", path="/jobs$", kind="drop")
    with pytest.raises(UnreachableError):
        submit({"kind": "drop"}, tmp_path / "run")
    finish(platform, tmp_path / "run")
    assert sum(clock.pauses) >= RuntimeBackend.listing_seconds >= 180


def test_a_job_that_is_listed_later_than_any_should_be(platform, clock, tmp_path):
    """It was given up for lost and made again: the second one is cancelled when the first appears."""
    submit_and_lose(platform, tmp_path / "run", {"kind": "drop_after"}, 400)
    age, seen = clock.passing, []

    def pass_(seconds):
        age(seconds)
        seen.append(platform.jobs.lag)
        if seen.count(0.0) == 3:
            platform.set(queue_seconds=0.0)

    clock.passing = pass_
    assert qn.open_run(tmp_path / "run").result().fidelity.n == 60
    first, second = platform.jobs.records.values()
    assert (first["state"]["status"], second["state"]["status"]) == ("Completed", "Cancelled")
    (entry,) = on_disk(tmp_path / "run")["jobs"]
    assert (entry["ticket"], entry["cancelled_duplicates"]) == (first["id"], [second["id"]])


@pytest.mark.parametrize("lag", [17, 290, 400])
def test_cancelling_goes_on_until_the_job_is_listed(platform, tmp_path, lag):
    """And one that is listed even later is cancelled by whoever asks for the run's state."""
    submit_and_lose(platform, tmp_path / "run", {"kind": "drop_after"}, lag)
    qn.open_run(tmp_path / "run").cancel()
    (job,) = platform.jobs.records.values()
    assert on_disk(tmp_path / "run")["status"] == "CANCELLED"
    assert (job["state"]["status"] == "Cancelled") == (lag < RuntimeBackend.listing_seconds)
    platform.set(lag=0.0)
    assert qn.open_run(tmp_path / "run").refresh() == "CANCELLED" and job["state"]["status"] == "Cancelled"
    with pytest.raises(RecordError, match="was cancelled"):
        qn.open_run(tmp_path / "run").result()
    assert len(platform.jobs.records) == 1


def test_a_cancellation_that_is_interrupted_is_not_forgotten(platform, clock, tmp_path):
    submit_and_lose(platform, tmp_path / "run", {"kind": "killed"}, 100)

    def interrupt(seconds):
        raise KeyboardInterrupt

    age, clock.passing = clock.passing, interrupt
    with pytest.raises(KeyboardInterrupt):
        qn.open_run(tmp_path / "run").cancel()
    clock.passing = age
    with pytest.raises(NotFinishedError, match="qnet cancel"):
        qn.open_run(tmp_path / "run").result()
    qn.open_run(tmp_path / "run").cancel()
    (job,) = platform.jobs.records.values()
    assert (on_disk(tmp_path / "run")["status"], job["state"]["status"]) == ("CANCELLED", "Cancelled")


def test_every_command_tells_of_a_job_that_may_exist(platform, tmp_path, qnet):
    directory = tmp_path / "run"
    submit_and_lose(platform, directory, {"kind": "killed"}, 200)
    listed_by = on_disk(directory)["jobs"][0]["listed_by"]
    for arguments, code in ((("status",), 0), (("fetch", "--no-wait"), 4)):
        status, out, err = qnet(*arguments, directory)
        assert status == code and listed_by in (err if code else out)
    assert len(platform.jobs.records) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "state", "said"),
    [
        ({"status": "Failed", "reason": "the processor overheated"}, JobFailedError, "FAILED", "overheated"),
        ({"status": "Cancelled", "reason_code": 1305, "reason": "too long"}, JobFailedError, "FAILED", "raise max_qpu_seconds"),
        ({"status": "Cancelled"}, JobCancelledError, "CANCELLED", "submit again"),
    ],
    ids=["failed", "too long", "cancelled"],
)  # fmt: skip
def test_a_job_that_ends_badly(platform, tmp_path, fault, kind, state, said):
    platform.fail_jobs(**fault)
    run = submit({"kind": "status"}, tmp_path / "run")
    with pytest.raises(kind, match=said) as caught:
        run.result()
    check_line(caught.value)
    assert on_disk(tmp_path / "run")["status"] == state and len(platform.jobs.records) == 1
    platform.heal()
    with pytest.raises(qn.QnetError):
        qn.open_run(tmp_path / "run").result()
    assert len(platform.jobs.records) == 1


def test_a_platform_that_takes_no_more_jobs(platform, tmp_path):
    platform.set(max_pending=0)
    with pytest.raises(BusyError, match="429"):
        submit({"kind": "status"}, tmp_path / "run")
    assert on_disk(tmp_path / "run")["status"] == "SUBMITTING" and not platform.jobs.records
    platform.set(max_pending=3)
    finish(platform, tmp_path / "run")
