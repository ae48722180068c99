"""Runs on processors from the command line, end to end: against the stand-in, with nothing but environment variables."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from qnet_circuits.cli.jobs import show_runs
from tests.platform.environment import KEY, environment
from tests.platform.process import platform_process
from tests.platform.routes import CRN
from tests.support.clients import ROOT, bare, clients

#: On a small processor, whose description is read in no time.
CHAIN = ("repeater-chain", "--set", "hops=2", "--on", "ibm:ibm_manila")
BUDGET = ("--max-qpu-seconds", "60")
#: What a machine without the client and without a network does.
BARE_MACHINE = """
import socket, sys
sys.modules["qiskit_ibm_runtime"] = None  # It is not found, and cannot be imported.
def refused(*arguments, **options):
    raise OSError("there is no network")
socket.socket.connect = socket.getaddrinfo = refused
from qnet_circuits.cli.main import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def platform():
    with platform_process("--backend", "FakeTorino", "--backend", "FakeManilaV2") as control:
        yield control


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def client(platform, home):
    with clients({**bare(home), **platform.environment}) as made:
        yield made
        assert KEY not in made.said and CRN not in made.said
        check_secret(home)


@pytest.fixture
def queue(platform):
    """Hold up all jobs until the function that is given is called, or the test ends."""
    platform.ask("set", queue_seconds=600.0)

    def release():
        platform.ask("set", queue_seconds=0.0)

    yield release
    release()


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    """A run that has ended, and its figures."""
    directory = tmp_path_factory.mktemp("finished") / "run"
    assert client.qnet("submit", *CHAIN, *BUDGET, "--shots", "200", "--out", directory).code == 0
    ended = client.qnet("fetch", directory, "--json")
    assert ended.code == 0
    return directory, json.loads(ended.out)["figures"]


def tree(directory):
    """Return all files with their content and the time they were changed."""
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    return {str(file.relative_to(directory)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def check_secret(directory):
    for name, (content, _) in tree(directory).items():
        assert KEY.encode() not in content and CRN.encode() not in content, name


def refused(ended, message):
    assert (ended.code, ended.out) == (2, ""), ended
    assert re.search(message, ended.err)
    assert ended.err.startswith("qnet: ") and ended.err.count("\n") == 1 and "Traceback" not in ended.err


def test_cost_submit_a_killed_client_status_fetch_and_replay(platform, client, home, queue, tmp_path):
    directory, before = tmp_path / "run", len(platform.jobs)
    cost = client.qnet("cost", *CHAIN, "--shots", "500", "--json")
    assert (cost.code, cost.err) == (0, "")
    price = json.loads(cost.out)["cost"]
    assert price["jobs"] == 1 and 0 < price["seconds"] < 60
    submitted = client.qnet("submit", *CHAIN, *BUDGET, "--shots", "500", "--out", directory)
    assert (submitted.code, submitted.err) == (0, "")
    assert "QUEUED" in submitted.out and f"qnet fetch {directory}" in submitted.out

    command = [sys.executable, "-m", "qnet_circuits.cli.main", "fetch", str(directory)]
    variables = {**bare(home), **platform.environment}
    asked = len(platform.ask("log"))
    with subprocess.Popen(
        command, env=variables, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not any(request["path"].endswith(job_id(directory)) for request in platform.ask("log")[asked:]):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
        assert process.communicate() == (b"", b"") and process.returncode == -signal.SIGKILL

    status = client.qnet("status", directory, "--json")
    assert (status.code, status.err) == (0, "")
    (state,) = json.loads(status.out)["runs"]
    assert (state["status"], state["job"]) == ("QUEUED", job_id(directory))
    early = client.qnet("fetch", directory, "--no-wait")
    assert (early.code, early.out) == (4, "")
    assert early.err.startswith("qnet: ") and early.err.count("\n") == 1
    assert f"{directory} is QUEUED" in early.err
    queue()
    table = client.qnet("fetch", directory)
    assert (table.code, table.err) == (0, "") and "fidelity" in table.out and "simulated" in table.out
    replayed = client.qnet("replay", directory, "--json")
    assert (replayed.code, replayed.err) == (0, "")
    plain = json.loads(replayed.out)
    assert plain["figures"]["fidelity"]["n"] == 1500 and 0.5 < plain["figures"]["fidelity"]["value"] <= 1
    assert json.loads(client.qnet("fetch", directory, "--json").out)["figures"] == plain["figures"]
    (job,) = platform.jobs[before:]
    assert (job["id"], job["status"]) == (job_id(directory), "Completed")
    check_secret(directory)


def job_id(directory):
    return json.loads((directory / "manifest.json").read_text())["jobs"][0]["ticket"]


def test_five_hops_of_feedforward_are_one_job_and_thirty_four_are_taken_in_frame_mode_alone(
    platform, client, queue, tmp_path
):
    def arguments(hops, name, *more):
        place = ("--set", f"hops={hops}", "--on", "ibm:ibm_torino", "--out", tmp_path / name)
        return ("submit", "repeater-chain", *place, *BUDGET, "--shots", "50", *more)

    before = len(platform.jobs)
    queue()
    assert client.qnet(*arguments(5, "five", "--corrections", "feedforward")).code == 0
    ended = client.qnet("fetch", tmp_path / "five", "--json")
    assert ended.code == 0 and json.loads(ended.out)["figures"]["fidelity"]["n"] == 150
    refused(client.qnet(*arguments(34, "far", "--corrections", "feedforward")), "33 bits.* 32")
    assert len(platform.jobs) == before + 1 and not (tmp_path / "far").exists()
    assert client.qnet(*arguments(34, "far", "--corrections", "frame")).code == 0
    ended = client.qnet("fetch", tmp_path / "far", "--json")
    # So many qubits are noiseless on the stand-in: the frame over all hops must give the ideal value.
    assert ended.code == 0 and json.loads(ended.out)["figures"]["fidelity"]["value"] == 1.0
    assert json.loads(ended.out)["figures"]["fidelity"]["n"] == 150
    assert json.loads(ended.out)["resources"]["compiled"]["qubits"] == 68
    assert [job["status"] for job in platform.jobs[before:]] == ["Completed", "Completed"]


def test_cancel_gives_up_the_job_and_fetch_says_so(platform, client, queue, tmp_path):
    directory = tmp_path / "run"
    assert client.qnet("submit", *CHAIN, *BUDGET, "--shots", "50", "--out", directory).code == 0
    cancelled = client.qnet("cancel", directory, "--json")
    assert (cancelled.code, cancelled.err) == (0, "")
    assert json.loads(cancelled.out)["runs"][0]["status"] == "CANCELLED"
    assert platform.jobs[-1]["status"] == "Cancelled"
    refused(client.qnet("fetch", directory), "cancelled")


def test_a_dry_run_checks_everything_and_writes_and_submits_nothing(platform, client, tmp_path):
    before = len(platform.jobs)
    ended = client.qnet("submit", *CHAIN, *BUDGET, "--dry-run", "--out", tmp_path / "run")
    assert (ended.code, ended.err) == (0, "")
    assert "checked" in ended.out
    refused(client.qnet("submit", *CHAIN, "--dry-run"), "max_qpu_seconds")
    assert not (tmp_path / "run").exists() and len(platform.jobs) == before


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--on", "ibm:ibm_torin", *BUDGET), "backend 'ibm:ibm_torin'.*: ibm:ibm_torino"),
        (("--on", "ibm:ibm_cairo", *BUDGET), "ibm_cairo.*retired"),
        (("--on", "ibm:ibm_torino"), r"max_qpu_seconds \(--max-qpu-seconds\)"),
        (("--on", "ibm:ibm_torino", "--max-qpu-seconds", "0"), "max_qpu_seconds .* 0"),
        (("--on", "ibm:ibm_torino", "--max-qpu-seconds", "1", "--shots", "9000"), "max_qpu_seconds .*1"),
        (("--on", "ibm:ibm_torino", *BUDGET, "--shots", "many"), "--shots.*'many'"),
    ],
)
def test_what_cannot_be_submitted_is_one_line_and_leaves_nothing(
    arguments, message, platform, client, tmp_path
):
    before = len(platform.jobs)
    refused(client.qnet("submit", "repeater-chain", *arguments, "--out", tmp_path / "run"), message)
    assert len(platform.jobs) == before and not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["cost", "submit"])
def test_without_an_account_one_line_says_how_to_give_one(command, platform, client, home, tmp_path):
    more = (*BUDGET, "--out", tmp_path / "run") if command == "submit" else ()
    # No account, yet nowhere to go to but the stand-in.
    hosts = {name: url for name, url in platform.environment.items() if not name.startswith("QISKIT_IBM")}
    ended = client.qnet(command, *CHAIN, *more, environment={**bare(home), **hosts})
    refused(ended, "QiskitRuntimeService.save_account")
    assert not (tmp_path / "run").exists()


def test_an_account_that_is_not_accepted_is_one_line_without_the_key(platform, client, home, tmp_path):
    before, wrong = len(platform.jobs), "stand-in-key-that-has-expired"
    platform.ask("set", api_keys=[KEY])
    try:
        variables = {**bare(home), **environment(platform.url, wrong)}
        ended = client.qnet("submit", *CHAIN, *BUDGET, "--out", tmp_path / "run", environment=variables)
    finally:
        platform.ask("set", api_keys=None)
    refused(ended, "account")
    assert wrong not in ended.err
    assert len(platform.jobs) == before and not (tmp_path / "run").exists()


def test_a_directory_that_holds_anything_is_left_alone(platform, client, finished, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = len(platform.jobs)
    for place, message in (
        (finished[0], "run .*empty"),
        (tmp_path / "mine", "mine .*empty"),
        (tmp_path / "file", "/file"),
    ):
        kept = tree(place.parent)
        refused(client.qnet("submit", *CHAIN, *BUDGET, "--out", place), message)
        assert tree(place.parent) == kept
    assert len(platform.jobs) == before


@pytest.mark.parametrize("command", ["status", "fetch", "cancel", "replay"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (None, "manifest.json|run directory"),
        (lambda text: text[: len(text) // 2], r"manifest\.json.*torn"),
        (lambda text: "", r"manifest\.json.*torn"),
        (lambda text: '{"name": "something else"}', r"manifest\.json is no"),
        (lambda text: json.dumps({**json.loads(text), "schema": 2}), "schema 2"),
        (lambda text: json.dumps({**json.loads(text), "status": "ASLEEP"}), "'ASLEEP'"),
        (lambda text: json.dumps({**json.loads(text), "items": [{}]}), "damaged"),
    ],
)
def test_a_torn_foreign_or_newer_manifest_is_one_line_and_stays_as_it_is(
    command, damage, message, platform, client, finished, tmp_path
):
    directory = tmp_path / "run"
    directory.mkdir()
    if damage is not None:
        (directory / "manifest.json").write_text(damage((finished[0] / "manifest.json").read_text()))
    kept, before = tree(directory), platform.jobs
    refused(client.qnet(command, directory), message)
    assert tree(directory) == kept and platform.jobs == before


# -- afterwards --------------------------------------------------------------------------------------------------------


def test_a_run_opens_read_only_from_another_place_without_the_client_and_offline(finished, home, tmp_path):
    directory, figures = finished
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    moved.mkdir()
    for file in directory.iterdir():
        if file.name != ".lock":
            (moved / file.name).write_bytes(file.read_bytes())
            (moved / file.name).chmod(0o444)
    moved.chmod(0o555)
    kept = tree(moved)
    try:
        for command in ("replay", "fetch"):
            ended = subprocess.run(
                [sys.executable, "-W", "error", "-c", BARE_MACHINE, command, str(moved), "--json"],
                env=bare(home), cwd=ROOT, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert (ended.returncode, ended.stderr) == (0, "")
            assert json.loads(ended.stdout)["figures"] == figures
        if os.geteuid() != 0:
            assert tree(moved) == kept
    finally:
        moved.chmod(0o755)


@pytest.mark.parametrize(
    ("status", "follow"), [("SUBMITTING", True), ("CANCELLED", False), ("FAILED", False)]
)
def test_jobs_that_will_not_follow_are_not_announced(status, follow, capsys):
    state = {
        "directory": "run",
        "status": status,
        "protocol": "p",
        "backend": "b",
        "jobs": ["a"],
        "planned_jobs": 2,
    }
    show_runs([state], False)
    assert ("the others follow" in capsys.readouterr().out) == follow


@pytest.mark.parametrize("backend", ["aer:fake_manila", "local:fake_manila", "ibm:ibm_torino"])
def test_without_the_client_one_line_says_how_to_get_it(backend, home, tmp_path):
    verb, more = ("submit", BUDGET) if backend.startswith("ibm:") else ("run", ())
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", BARE_MACHINE, verb, *CHAIN[:1], "--on", backend, *more, "--out",
         str(tmp_path / "run")],
        env=bare(home), cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "pip install qiskit-ibm-runtime" in ended.stderr and not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["replay", "fetch", "status"])
def test_nothing_is_written_where_nothing_can_be_written(command, client, finished, home):
    directory, figures = finished
    kept = tree(directory)
    more = () if command == "status" else ("--json",)
    ended = client.qnet(command, directory, *more, read_only=True, environment=bare(home))
    assert (ended.code, ended.err) == (0, "")
    assert command == "status" or json.loads(ended.out)["figures"] == figures
    assert tree(directory) == kept


def test_nothing_that_gives_access_is_in_the_directory_of_a_run(finished):
    check_secret(finished[0])
