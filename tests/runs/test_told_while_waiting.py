"""Whoever waits for a processor, or for another process, is told so on a terminal, and nobody waits for ever."""

import io
import shutil
import sys
import time

import pytest

from qnet_circuits.errors import HeldError, NotFinishedError, UnreachableError
from qnet_circuits.protocols.repeater_chain import RepeaterChain
from qnet_circuits.runs import progress, remote
from qnet_circuits.runs import remote_job as jobs
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.verbs import open_run, submit
from tests.runs.test_progress import Terminal
from tests.support.elsewhere import Platform, RemoteBackend, found_by_name


def until(true):
    """Wait for something to become true, as long as a loaded machine may take."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


class Slow(RemoteBackend):
    """Answers when stderr has said for how long it has not, and the first time not at all."""

    polled = 0

    def poll(self, ticket):
        told, self.polled = len(sys.stderr.getvalue()), self.polled + 1
        if self.polled <= 2:
            until(lambda: "no answer" in sys.stderr.getvalue()[told:])
        if self.polled == 1:
            raise UnreachableError("nobody answers")
        return super().poll(ticket)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    made = Platform()
    found_by_name(monkeypatch, lambda: Slow(made))
    for owner, name, seconds in (
        (jobs, "FIRST_POLL", 0.01), (progress, "QUIET_SECONDS", 0.0), (progress, "TICK", 0.01),
        (progress, "UNANSWERED", 0.05), (remote, "TURN", 0.3),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, seconds)
    submit(RepeaterChain(hops=2), Slow(made), shots=50, max_qpu_seconds=60, path=tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("asked", "terminal", "told"), [(None, True, True), (None, False, False), (False, True, False), (True, False, True)]
)  # fmt: skip
def test_the_state_of_a_job_and_a_question_without_an_answer_are_told(
    asked, terminal, told, directory, monkeypatch
):
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    if not told:
        monkeypatch.setattr(Slow, "poll", RemoteBackend.poll)
    open_run(directory).wait(asked)
    text = stream.getvalue()
    assert bool(text) == told
    if told:
        assert "run is QUEUED; " in text and "no answer for 0 s" in text
        assert max(map(len, text.strip("\n").split("\r"))) < shutil.get_terminal_size().columns
        assert text.startswith("\r") and text.endswith("\n") and text.count("\n") == 1


def test_the_line_ends_when_nobody_answers_any_more(directory, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_FAILURES", 1)
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    with pytest.raises(UnreachableError):
        open_run(directory).wait()
    assert stream.getvalue().endswith("\n") and stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(("command", "status"), [("status", 2), ("cancel", 2), ("fetch", 4)])
def test_a_directory_that_another_process_holds_is_one_line_soon(command, status, directory, qnet):
    more = ("--no-wait",) if command == "fetch" else ()
    with Record(directory).held():
        code, out, err = qnet(command, str(directory), *more)
    assert (code, out) == (status, "")
    assert err.count("\n") == 1 and "another process" in err and str(directory) in err


def test_whoever_waits_for_another_process_is_told(directory, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    with Record(directory).held():
        for wait, error in (
            (lambda: open_run(directory).refresh(), HeldError), (lambda: open_run(directory).cancel(), HeldError),
            (lambda: open_run(directory).wait(timeout=0.3), NotFinishedError),
        ):  # fmt: skip
            stream.truncate(0)
            with pytest.raises(error):
                wait()
            assert stream.getvalue().count("; waiting for 0 s") > 1
