"""What this machine may submit or cancel: a directory from elsewhere, or a copy, is read and collected, and no more unasked."""

import json
import shlex
import shutil
import stat
from pathlib import Path

import pytest

from qnet_circuits.cli.main import main
from qnet_circuits.errors import NotFinishedError, RecordError, RefusedError
from qnet_circuits.protocols.repeater_chain import RepeaterChain
from qnet_circuits.runs import journal
from qnet_circuits.runs.verbs import open_run, replay, submit
from tests.support.elsewhere import RemoteBackend, Time

CHAIN = RepeaterChain(hops=2)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    made = Time()
    monkeypatch.setattr(RemoteBackend, "clock", made)
    return made


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """Be on one machine, or, when called, on another."""

    def be_on(name):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"machine {name}"))

    be_on("A")
    return be_on


@pytest.fixture
def platform(elsewhere):
    return elsewhere


def submitted(platform, directory, **faults):
    return submit(
        CHAIN, RemoteBackend(platform, **faults), shots=50, seed=1, max_qpu_seconds=60, path=directory
    )


@pytest.fixture
def prepared(platform, tmp_path):
    """The directory of a run whose job was refused, and so does not exist."""
    with pytest.raises(RefusedError):
        submitted(platform, tmp_path / "run", submit=[RefusedError("no")])
    assert on_disk(tmp_path / "run")["status"] == "PREPARED"
    return tmp_path / "run"


def on_disk(directory):
    return json.loads((directory / "manifest.json").read_text())


def edit(directory, **changes):
    plain = on_disk(directory)
    plain["jobs"][0].update(changes)
    (directory / "manifest.json").write_text(json.dumps(plain))


def qnet(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    return ended.value.code


# -- copies ------------------------------------------------------------------------------------------------------------


def test_a_copy_of_an_unfinished_run_submits_nothing_and_collects_what_the_run_has_submitted(
    platform, prepared, tmp_path
):
    copy = shutil.copytree(prepared, tmp_path / "copy")
    for _ in range(2):
        with pytest.raises(RecordError, match="--submit"):
            open_run(copy).result()
        with pytest.raises(RecordError, match="only from there"):
            open_run(copy).adopt()
    assert not platform.jobs and on_disk(copy)["status"] == "PREPARED"
    run = open_run(prepared).start()
    assert open_run(copy).result().figures == run.result().figures == replay(copy).figures
    assert platform.paid == len(platform.jobs) == 1


def test_a_copy_whose_job_was_submitted_twice_cancels_neither(platform, tmp_path):
    submitted(platform, tmp_path / "run")
    copy = shutil.copytree(tmp_path / "run", tmp_path / "copy")
    platform.jobs["other"] = dict(platform.jobs["job0"])
    assert open_run(copy).refresh() == "RUNNING" and platform.paid == 2
    open_run(tmp_path / "run").refresh()
    assert platform.paid == 1


def test_a_run_that_is_moved_stays_this_machines(platform, prepared, tmp_path):
    shutil.move(prepared, tmp_path / "moved")
    assert open_run(tmp_path / "moved").result().figures and platform.paid == 1


def test_a_copy_goes_on_when_the_run_is_gone_and_looks_first(platform, prepared, tmp_path, clock):
    copy = shutil.copytree(prepared, tmp_path / "copy")
    open_run(prepared).start()
    shutil.move(prepared, copy.parent / "away")
    shutil.rmtree(copy.parent / "away")
    platform.unlisted = 20
    assert open_run(copy).adopt().result().figures
    assert len(platform.jobs) == 1 and sum(clock.pauses) > 100


def test_two_machines_that_both_submit_keep_the_same_job(platform, prepared, tmp_path, machine):
    """Each takes the other's job for the duplicate of its own; the older one is the one that both keep."""
    copy = shutil.copytree(prepared, tmp_path / "copy")
    platform.unlisted = 10**6
    platform.ends = None
    open_run(prepared).start()
    machine("B")
    other = open_run(copy).adopt()
    with pytest.raises(NotFinishedError, match="QUEUED"):
        other.wait(timeout=400)
    assert platform.paid == 2
    platform.unlisted, platform.ends, platform.polls = 0, "DONE", -10
    found = other.result().figures
    machine("A")
    assert open_run(prepared).result().figures == found
    assert platform.paid == 1 and platform.jobs["job0"]["state"] == "DONE"


# -- from elsewhere ----------------------------------------------------------------------------------------------------


def test_a_run_from_elsewhere_is_submitted_where_that_is_asked_for(
    platform, prepared, machine, capsys, clock
):
    machine("B")
    assert qnet("status", prepared) == 0
    assert qnet("fetch", prepared) == qnet("fetch", prepared, "--no-wait") == 2
    assert "--submit" in capsys.readouterr().err and not platform.jobs
    assert on_disk(prepared)["status"] == "PREPARED"
    assert qnet("fetch", prepared, "--submit", "--no-wait") == 4
    assert qnet("fetch", prepared) == 0
    assert platform.paid == 1 and sum(clock.pauses) >= RemoteBackend.listing_seconds


def test_a_run_from_elsewhere_whose_job_exists_is_collected(platform, tmp_path, machine):
    submitted(platform, tmp_path / "run")
    machine("B")
    assert open_run(tmp_path / "run").result().figures and platform.paid == 1
    machine("C")
    assert replay(tmp_path / "run").figures == open_run(tmp_path / "run").result().figures


def test_a_run_from_elsewhere_is_cancelled_where_that_is_asked_for(
    platform, tmp_path, machine, capsys, monkeypatch
):
    submitted(platform, tmp_path / "run")
    machine("B")
    before = on_disk(tmp_path / "run")
    with monkeypatch.context() as unasked:
        for question in ("carries", "find_all", "poll", "cancel"):
            unasked.setattr(RemoteBackend, question, None)
        assert qnet("cancel", tmp_path / "run") == 2
    assert f"qnet cancel --adopt {shlex.quote(str(tmp_path / 'run'))}" in capsys.readouterr().err
    assert on_disk(tmp_path / "run") == before and platform.paid == 1
    assert qnet("cancel", "--adopt", tmp_path / "run") == 0
    assert platform.paid == 0 and on_disk(tmp_path / "run")["status"] == "CANCELLED"
    machine("C")
    assert qnet("cancel", tmp_path / "run") == 0


def test_a_copy_cancels_nothing_while_the_run_is_there(platform, tmp_path, capsys):
    submitted(platform, tmp_path / "run")
    copy = shutil.copytree(tmp_path / "run", tmp_path / "copy")
    assert qnet("cancel", copy) == qnet("cancel", copy, "--adopt") == 2
    assert "only from there" in capsys.readouterr().err and platform.paid == 1
    assert qnet("cancel", tmp_path / "run") == 0 and platform.paid == 0


def test_a_run_from_elsewhere_that_was_given_up_there_is_asked_for_and_cancels_nothing(
    platform, tmp_path, machine
):
    """The manifest says that its job is not wanted: whoever wrote that, this machine did not."""
    submitted(platform, tmp_path / "run")
    edit(tmp_path / "run", unwanted=True, attempts=2, status="QUEUED")
    machine("B")
    assert qnet("status", tmp_path / "run") == 0 and platform.paid == 1
    machine("A")
    assert qnet("status", tmp_path / "run") == 0 and platform.paid == 0


@pytest.mark.parametrize("share", [10800, 61, None, "60"])
def test_budgets_are_checked_again(platform, prepared, share):
    edit(prepared, max_qpu_seconds=share)
    for _ in range(2):
        with pytest.raises(RecordError, match="is damaged"):
            open_run(prepared).result()
    assert not platform.jobs


@pytest.mark.parametrize("ticket", ["../backends", "a/b", "a b", "", "x?y=1", "%2e%2e", "é", "a" * 200, 3])
@pytest.mark.parametrize("verb", ["refresh", "cancel", "result"])
def test_a_ticket_that_leads_elsewhere_is_refused(platform, tmp_path, ticket, verb):
    submitted(platform, tmp_path / "run")
    edit(tmp_path / "run", ticket=ticket)
    with pytest.raises(RecordError, match="damaged"):
        getattr(open_run(tmp_path / "run"), verb)()


@pytest.mark.parametrize("verb", ["refresh", "cancel", "result"])
def test_a_forged_ticket_does_nothing_to_the_job_of_another_run(platform, tmp_path, verb):
    submitted(platform, tmp_path / "run")
    submitted(platform, tmp_path / "other")
    edit(tmp_path / "run", ticket="job1")
    with pytest.raises(RecordError, match=r"job1 .*tag"):
        getattr(open_run(tmp_path / "run"), verb)()
    assert {job["state"] for job in platform.jobs.values()} == {"QUEUED"}


# -- the journal -------------------------------------------------------------------------------------------------------


def test_the_journal_is_its_owners_alone_and_forgets_what_is_collected(platform, prepared, tmp_path):
    (file,) = (tmp_path / "machine A").rglob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(json.loads(file.read_text())) == {"path", "device", "inode"}
    open_run(prepared).wait()
    assert not file.exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "null", '{"path": 1}', '{"inode": 1, "device": 1, "path": null}']
)
def test_a_damaged_journal_knows_nothing(platform, prepared, tmp_path, content):
    (file,) = (tmp_path / "machine A").rglob("*.json")
    file.write_text(content)
    with pytest.raises(RecordError, match="--submit"):
        open_run(prepared).result()
    assert not platform.jobs


def test_nothing_is_submitted_where_no_journal_can_be_kept(platform, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(RecordError, match="XDG_STATE_HOME"):
        submitted(platform, tmp_path / "run")
    assert not platform.jobs


@pytest.mark.parametrize("run_id", ["../../run", "", "a" * 31, None, 7])
def test_an_id_from_elsewhere_leads_to_no_other_file(tmp_path, run_id):
    assert not journal.holds_run(run_id, Path(tmp_path))
    with pytest.raises(RecordError, match="32 hexadecimal digits"):
        journal.note_run(run_id, Path(tmp_path))
