"""What goes wrong with IBM's platform, at every step: what is raised, what exists afterwards, and that no secret is told."""

import functools
import logging
import re
import time
import traceback
import warnings

import pytest

import qnet_circuits as qn
from qnet_circuits.backends.ibm.processor import RuntimeBackend
from qnet_circuits.backends.ibm.redaction import MASK, Redactor
from qnet_circuits.backends.ibm.watchdog import READ, Watchdog
from qnet_circuits.errors import (
    AccountError,
    BackendError,
    BusyError,
    QnetError,
    RefusedError,
    UnknownNameError,
    UnreachableError,
)
from tests.platform.environment import KEY, environment, in_force
from tests.platform.routes import CRN
from tests.platform.server import PlatformServer

CHAIN = qn.RepeaterChain(hops=2)
SECRETS = (KEY, CRN, CRN.replace(":", "%3A"), "11111111-2222", "eyJ")
#: Seconds of patience with a platform that hangs, in a test; much shorter than it hangs.
SHORT, HANG = 0.4, 60


@functools.cache
def compiled():
    return qn.compile(CHAIN, "aer:fake_manila")


def backend(fault=None):
    """Return the backend, with one repeat at once, and little patience where the fault is a hang."""
    hangs = fault is not None and fault["kind"].startswith("hang")
    return RuntimeBackend("ibm_manila", watchdog=Watchdog(read=SHORT if hangs else 10.0, repeats=1))


def submit(where, tag="tag"):
    return where.submit(compiled(), [20] * 3, 1, tag)


def connected(fault=None):
    where = backend(fault)
    assert where.device.num_qubits == 5
    return where


@pytest.fixture(scope="module")
def finished():
    """Return a platform with one job that is done, for all questions about it."""
    with PlatformServer().in_environment() as platform:
        ticket = submit(where := connected())
        while where.poll(ticket) != "DONE":
            pass
        yield platform, ticket


def one_line(error):
    text = str(error)
    assert "\n" not in text and text.startswith("ibm:ibm_manila: ") and len(text) < 700
    assert "Traceback" not in text and "NoneType" not in text
    return text


@pytest.mark.parametrize(
    "fault", [{"kind": kind} for kind in ("malformed", "truncate")] + [{"kind": "status", "status": 404}]
)
def test_a_list_of_processors_that_cannot_be_read_once_is_asked_for_again(fault, platform):
    platform.fail(method="GET", path="/backends$", **fault)
    assert connected().processor == "ibm_manila"


@pytest.mark.parametrize("devices", [None, 3, [{}], ["ibm_manila"], "malformed"])
def test_a_list_that_stays_unreadable_is_not_taken_for_an_empty_one(devices, platform, monkeypatch):
    if devices == "malformed":
        platform.fail("malformed", "GET", "/backends$", count=-1)
    real = platform.routes.answer

    def answer(request):
        listing = request.path.endswith("/backends")
        return (200, {"devices": devices}) if listing else real(request)

    monkeypatch.setattr(platform.routes, "answer", answer)
    with pytest.raises(UnreachableError) as raised:
        connected()
    one_line(raised.value)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [({"kind": "malformed"}, UnreachableError), ({"kind": "status", "status": 403}, UnknownNameError)],
)
def test_a_processor_may_be_on_the_list_that_could_not_be_read(fault, expected, platform, monkeypatch):
    """Of two instances, one can be read; a list that the account may not see holds nothing for it."""
    other, search = CRN.replace("11111111", "22222222"), platform.routes.instance
    monkeypatch.setattr(platform.routes, "authorise", lambda request: None)
    monkeypatch.delenv("QISKIT_IBM_INSTANCE")
    real = platform.routes.answer

    def answer(request):
        if request.path.endswith("/resources/search"):
            return 200, {"items": [search(), {**search(), "crn": other}], "limit": 100}
        return real(request)

    monkeypatch.setattr(platform.routes, "answer", answer)
    platform.fail(method="GET", path="/backends$", skip=1, count=2, **fault)
    with pytest.raises(expected) as caught:
        _ = RuntimeBackend("ibm_cairo").device
    assert getattr(caught.value, "known", ("ibm:ibm_manila",)) == ("ibm:ibm_manila",)
    platform.heal()
    platform.fail(method="GET", path="/backends$", skip=1, count=2, **fault)
    assert RuntimeBackend("ibm_manila").device.name == "ibm_manila"  # It is on the list that was read.


#: Fault while submitting; what is raised; how many jobs exist afterwards.
SUBMITTING = [
    ({"kind": "status", "status": 429}, BusyError, 0),
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "3600"}}, BusyError, 0),
    *(({"kind": "status", "status": status}, UnreachableError, 0) for status in (500, 502, 503, 504)),
    *(({"kind": "status_after", "status": status}, UnreachableError, 1) for status in (500, 502, 503, 504)),
    *(({"kind": "status_after", "status": status}, RefusedError, 1) for status in (400, 404, 409)),
    ({"kind": "status", "status": 400}, RefusedError, 0),
    ({"kind": "status", "status": 401}, AccountError, 0),
    ({"kind": "status", "status": 403}, AccountError, 0),
    ({"kind": "drop"}, UnreachableError, 0),
    ({"kind": "drop_after"}, UnreachableError, 1),
    ({"kind": "reset_after"}, UnreachableError, 1),
    ({"kind": "hang", "delay": HANG}, UnreachableError, 0),
    ({"kind": "hang_after", "delay": HANG}, UnreachableError, 1),
    ({"kind": "truncate"}, UnreachableError, 1),
    ({"kind": "malformed"}, UnreachableError, 1),
]


@pytest.mark.parametrize(
    ("fault", "kind", "jobs"),
    SUBMITTING,
    ids=lambda v: " ".join(map(str, v.values())) if isinstance(v, dict) else "",
)
def test_submitting(platform, fault, kind, jobs):
    """One request creates a job, whatever it meets; if a job exists, its tag finds it."""
    where = connected(fault)
    platform.set(queue_seconds=30)
    platform.fail(method="POST", path="/jobs$", count=-1, **fault)
    begin = time.monotonic()
    with pytest.raises(BackendError) as caught:
        submit(where)
    assert type(caught.value) is kind, caught.value
    assert time.monotonic() - begin < HANG / 2
    assert len(platform.requests("POST", "/jobs")) == 1
    message = one_line(caught.value)
    if kind in (UnreachableError, RefusedError):
        assert BackendError.MAY_EXIST in message
    if kind is RefusedError:
        assert message.index(BackendError.MAY_EXIST) < message.index("must be changed")
    assert caught.value.doubtful  # It was sent, whatever the answer.
    assert len(platform.jobs.records) == jobs
    assert (where.find("tag") is not None) == bool(jobs)
    assert len(where.find_all("tag")) == jobs


#: Fault while asking; what is raised if it stays, None if asking again helps.
ASKING = [
    ({"kind": "status", "status": 429}, BusyError),
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "0"}}, BusyError),
    *(({"kind": "status", "status": status}, UnreachableError) for status in (500, 502, 503, 504)),
    ({"kind": "status", "status": 401}, AccountError),
    ({"kind": "drop"}, UnreachableError),
    ({"kind": "reset_after"}, UnreachableError),
    ({"kind": "hang", "delay": HANG}, UnreachableError),
    ({"kind": "truncate"}, UnreachableError),
    ({"kind": "malformed"}, UnreachableError),
]
#: Those that the watchdog does not repeat: an answer came.
ANSWERED = ("truncate", "malformed")


@pytest.mark.one_in(3)
@pytest.mark.parametrize("step", ["poll", "fetch", "find", "usage"])
@pytest.mark.parametrize(
    ("fault", "kind"), ASKING, ids=lambda v: " ".join(map(str, v.values())) if isinstance(v, dict) else ""
)
def test_asking(finished, step, fault, kind):
    platform, ticket = finished
    platform.heal()
    later = backend(fault)
    assert later.poll(ticket) == "DONE"
    path = {"poll": f"/jobs/{ticket}$", "fetch": "/results$", "find": "/jobs$", "usage": "/usage$"}[step]
    asked = {
        # The client remembers how a job ended, so only one that has not asked yet asks.
        "poll": lambda: backend(fault).poll(ticket),
        "fetch": lambda: later.fetch(ticket),
        "find": lambda: later.find("tag"),
        "usage": lambda: later.usage(),
    }[step]
    platform.fail(method="GET", path=path, count=-1, **fault)
    begin = time.monotonic()
    with pytest.raises(BackendError) as caught:
        asked()
    assert type(caught.value) is kind, caught.value
    assert time.monotonic() - begin < HANG / 2
    one_line(caught.value)
    platform.heal()
    if fault["kind"] not in ANSWERED and kind is not AccountError:
        platform.fail(method="GET", path=path, **fault)
    assert asked() is not None
    assert len(platform.jobs.records) == 1


#: Fault of a host while connecting or describing; what is raised.
CONNECTING = [
    ("GET", "/backends$", {"kind": "status", "status": 401}, AccountError),
    ("GET", "/backends$", {"kind": "status", "status": 500}, UnreachableError),
    ("GET", "/backends$", {"kind": "drop"}, UnreachableError),
    ("GET", "/backends$", {"kind": "hang", "delay": HANG}, UnreachableError),
    ("GET", "/backends$", {"kind": "malformed"}, UnreachableError),
    ("POST", "/search$", {"kind": "status", "status": 401}, AccountError),
    ("POST", "/search$", {"kind": "status", "status": 500}, UnreachableError),
    ("POST", "/search$", {"kind": "drop"}, UnreachableError),
    ("GET", "/configuration$", {"kind": "status", "status": 500}, UnreachableError),
    ("GET", "/properties$", {"kind": "status", "status": 500}, UnreachableError),
    ("GET", "/properties$", {"kind": "truncate"}, UnreachableError),
    ("GET", "/properties$", {"kind": "hang", "delay": HANG}, UnreachableError),
]


@pytest.mark.parametrize(
    ("method", "path", "fault", "kind"),
    CONNECTING,
    ids=lambda v: (
        " ".join(map(str, v.values())) if isinstance(v, dict) else (v if isinstance(v, str) else "")
    ),
)
def test_connecting(platform, method, path, fault, kind):
    platform.fail(method=method, path=path, count=-1, **fault)
    begin = time.monotonic()
    with pytest.raises(BackendError) as caught:
        _ = backend(fault).device
    assert type(caught.value) is kind, caught.value
    assert time.monotonic() - begin < HANG / 2
    one_line(caught.value)
    platform.heal()
    assert connected()


def test_a_key_that_is_not_accepted(platform):
    platform.set(api_keys={"another"})
    with pytest.raises(AccountError, match=r"QISKIT_IBM_TOKEN.*QISKIT_IBM_INSTANCE"):
        _ = backend().device


def test_a_token_that_expires(platform):
    where = connected()
    platform.routes.tokens.clear()
    with pytest.raises(AccountError, match="401"):
        where.find("tag")


def test_an_instance_of_another_account(platform, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", CRN.replace("11111111", "22222222"))
    with pytest.raises(AccountError, match="access") as caught:
        _ = backend().device
    assert "22222222" not in str(caught.value)


def test_no_account(platform, monkeypatch, tmp_path):
    """Neither variables nor a file: nothing is asked of anybody."""
    import qiskit_ibm_runtime.accounts.management as accounts

    monkeypatch.setattr(accounts, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(tmp_path / "none.json"))
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    with pytest.raises(AccountError, match="save_account") as caught:
        _ = backend().device
    one_line(caught.value)
    assert not platform.log


def test_a_saved_account(platform, monkeypatch, tmp_path, caplog):
    import qiskit_ibm_runtime.accounts.management as accounts
    from qiskit_ibm_runtime import QiskitRuntimeService

    file = str(tmp_path / "accounts.json")
    monkeypatch.setattr(accounts, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", file)
    QiskitRuntimeService.save_account(
        token="saved-key-2b8d", instance=CRN, url=environment(platform.url)["QISKIT_IBM_URL"], filename=file
    )
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    monkeypatch.delenv("QISKIT_IBM_INSTANCE")
    where = connected()
    platform.fail("status", "POST", "/jobs$", status=400, message="key saved-key-2b8d is bad")
    with pytest.raises(RefusedError, match=re.escape(f"key {MASK} is bad")):
        submit(where)


def test_nobody_listens():
    with (
        in_force(environment("http://127.0.0.1:9")),
        pytest.raises(UnreachableError, match="network"),
    ):
        _ = backend().device


def test_too_many_pending_jobs(platform):
    platform.set(max_pending=1, queue_seconds=30)
    where = connected()
    ticket = submit(where)
    with pytest.raises(BusyError, match="jobs"):
        submit(where, "other")
    where.cancel(ticket)
    assert submit(where, "other")


def test_what_the_client_itself_refuses(platform, monkeypatch):
    from qnet_circuits.backends.ibm import processor as ibm

    where = connected()

    def broken(*_):
        raise TypeError("resilience_level")

    monkeypatch.setattr(ibm, "client_sampler", broken)
    with pytest.raises(RefusedError, match="resilience_level"):
        submit(where)


def test_a_job_that_fails_on_a_used_up_instance_warns(platform):
    """The client's warning holds the instance's name in a URL; it is passed on without it."""
    where = connected()
    platform.set(used_seconds=600.0)
    with pytest.warns(UserWarning, match="usage limit") as caught:
        submit(where)
    assert not any(secret in str(warning.message) for warning in caught for secret in SECRETS)


def test_the_limit_of_time_holds_whatever_the_client_asks_for():
    watchdog = Watchdog()
    assert READ <= 60 and watchdog.max_retries.total == 3
    assert watchdog.max_retries.allowed_methods == {"GET", "HEAD", "PUT", "DELETE"}

    class Answer:
        headers = {"Retry-After": "3600"}  # noqa: RUF012  # A stand-in for a response.

    assert watchdog.max_retries.get_retry_after(Answer()) == 20


# -- secrets -------------------------------------------------------------------------------------------------------


def failure(ask):
    """Return what a question raises, or None: not every question meets every fault."""
    try:
        ask()
    except QnetError as error:
        return error
    return None


def test_no_secret_in_messages_reprs_logs_warnings_or_files(platform, caplog, tmp_path):
    """The platform itself repeats the key and the instance, in errors, failed jobs and refusals, while everything is logged."""
    caplog.set_level(logging.DEBUG)
    echo = f"key {KEY} for {CRN} with Bearer {KEY}"
    told = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for method, path, status in [
            ("GET", "/backends$", 401), ("GET", "/configuration$", 400), ("GET", "/properties$", 500),
            ("POST", "/token$", 400), ("POST", "/search$", 500), ("POST", "/jobs$", 400), ("POST", "/jobs$", 503),
            ("GET", "/jobs$", 403), ("GET", "/usage$", 429),
        ]:  # fmt: skip
            platform.fail("status", method, path, status=status, count=-1, message=echo)
            where = backend()
            for ask in (lambda w=where: submit(w), lambda w=where: w.find("tag"), lambda w=where: w.usage()):
                error = failure(ask)
                told += [str(error), repr(error), "".join(traceback.format_exception(error))] if error else []
                assert error is None or (error.__cause__ is None and error.__context__ is None)
            told += [repr(where), *(repr(held) for held in vars(where).values())]
            platform.heal()
        platform.fail_jobs(reason=echo)
        path = tmp_path / "run"
        with pytest.raises(BackendError) as caught:
            qn.submit(CHAIN, backend(), shots=10, path=path, max_qpu_seconds=60).wait()
        told += [str(caught.value), caught.value.reason]
    assert len(told) > 30
    told += [str(warning.message) for warning in warned]
    told += [record.getMessage() for record in caplog.records] + [caplog.text]
    told += [file.read_bytes().decode("latin-1") for file in path.rglob("*") if file.is_file()]
    assert any(record.name.startswith("qiskit_ibm_runtime") for record in caplog.records)
    for secret in SECRETS:
        assert [text for text in told if secret in text] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://x/instances/crn%3Av1%3Abluemix%3Apublic%3A%3A?a=1", f"https://x/instances/{MASK}"),
        ("Authorization: Bearer abc.def-ghi", f"Authorization: Bearer {MASK}"),
        ("grant_type=x&apikey=abcdef&b", f"grant_type=x&apikey={MASK}&b"),
        ("https://user:word@host/path", f"https://{MASK}@host/path"),
        ("A" * 44, MASK),
        ("job d7jb35dhju88lll8mqcu, run 0123456789abcdef0123456789abcdef", None),
    ],
)
def test_what_looks_like_a_secret(text, shown):
    assert Redactor()(text) == (text if shown is None else shown)


def test_short_words_are_no_secrets(monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", "auto")
    assert Redactor()("automatic") == "automatic"


def test_the_server_is_closed_after_use():
    with PlatformServer() as server:
        pass
    with in_force(environment(server.url)), pytest.raises(UnreachableError):
        _ = backend().device
