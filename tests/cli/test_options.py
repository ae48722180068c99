"""``--option`` on ``qnet submit``, ``run`` and ``cost``, and ``--decoupling`` on a processor."""

import json
import re

import pytest

from tests.platform.execution import decoded

CHAIN = ("repeater-chain", "--set", "hops=2", "--on", "ibm:ibm_manila", "--shots", "100")
PAID = ("--max-qpu-seconds", "60")
TWIRLED = (
    "--corrections",
    "frame",
    "--option",
    "twirling.enable_gates=true",
    "--option",
    "execution.rep_delay=4e-4",
)


def test_a_dry_run_checks_options_and_sends_nothing(qnet, platform, tmp_path):
    status, out, err = qnet("submit", *CHAIN, *PAID, *TWIRLED, "--out", str(tmp_path / "run"), "--dry-run")
    assert (status, err) == (0, "")
    assert "checked" in out
    status, out, err = qnet("submit", *CHAIN, *PAID, *TWIRLED, "--out", "run", "--dry-run", "--json")
    (said,) = json.loads(out)["runs"]
    assert (status, said["directory"], said["status"]) == (0, "run", "PREPARED")
    assert (said["job"], said["jobs"], said["planned_jobs"], said["reason"]) == (None, [], 1, None)
    assert not platform.requests("POST", "/jobs") and not (tmp_path / "run").exists()


def test_options_on_the_command_line_reach_the_job(qnet, platform, tmp_path):
    where = str(tmp_path / "run")
    assert qnet("submit", *CHAIN, *PAID, *TWIRLED, "--out", where)[0] == 0
    (record,) = platform.jobs.records.values()
    assert record["params"]["options"]["rep_delay"] == 4e-4
    assert [item.shape for item in decoded(record["params"]).items] == [(2,)] * 3
    status, out, _ = qnet("fetch", where, "--json")
    assert status == 0
    notes = json.loads(out)["notes"]
    assert any(note.startswith("twirled gates") for note in notes) and "400 µs between two shots" in notes


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_an_exhausted_instance_is_refused_before_anything_is_sent_or_written(qnet, platform, tmp_path, more):
    """As ``qnet cost`` reports it; where the platform does not say what is left, it decides when it is given the job."""
    submit = ("submit", *CHAIN, *PAID, "--out", str(tmp_path / "run"), *more)
    platform.set(used_seconds=600.0)
    status, out, err = qnet(*submit)
    assert (status, out) == (2, "") and " 0 s " in err
    assert not platform.requests("POST", "/jobs") and not (tmp_path / "run").exists()
    platform.fail(kind="status", status=403, method="GET", path="/usage$")
    assert qnet(*submit)[::2] == (0, "")


def test_run_takes_options_and_decoupling_too(qnet, platform, tmp_path):
    status, out, _ = qnet("run", *CHAIN, "--on", "local:fake_manila", *TWIRLED[:4], "--json")
    assert status == 0 and any(note.startswith("twirled gates") for note in json.loads(out)["notes"])
    status, out, _ = qnet(
        "run", *CHAIN, "--on", "local:fake_manila", "--corrections", "feedforward", "--decoupling", "--json"
    )
    assert status == 0 and any(
        "which cost their gate error here" in note for note in json.loads(out)["notes"]
    )


def test_cost_takes_options(qnet, platform):
    def cost(*more):
        status, out, err = qnet("cost", *CHAIN, *more, "--json")
        assert (status, err) == (0, "")
        return json.loads(out)["cost"]

    plain, twirled = cost("--corrections", "frame"), cost(*TWIRLED)
    assert twirled["rep_delay"] == 4e-4 and twirled["executions"] == 3 * 128 and twirled["waste"] == 3 * 28
    assert twirled["seconds"] > plain["seconds"]


@pytest.mark.parametrize("command", ["submit", "cost"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["twirling.enable_gates"], r"--option .*KEY=VALUE.*'twirling\.enable_gates'"),
        (
            ["twirling.enable_gates=true", "twirling.enable_gates=false"],
            r"--option .*twirling\.enable_gates",
        ),
        (
            ["twirling.enable_gate=true"],
            r"option 'twirling\.enable_gate'.*: twirling\.enable_gates",
        ),
        (
            ["twirling.enable_gates=perhaps"],
            r"option twirling\.enable_gates.*'perhaps'",
        ),
        (["default_shots=10"], r"option default_shots.*\(--shots\)"),
        (["execution.rep_delay=1"], r"option execution\.rep_delay .*\[0, 0\.1\].* 1"),
        (["execution.rep_delay=0.01"], r"option execution\.rep_delay .*\[0, 0\.0005\].* 0\.01"),
    ],
)
def test_bad_options_are_one_line(qnet, platform, tmp_path, command, given, message):
    options = [word for each in given for word in ("--option", each)]
    paid = [] if command != "submit" else [*PAID, "--out", str(tmp_path / "run")]
    status, out, err = qnet(command, *CHAIN, *paid, *options)
    assert (status, out) == (2, "")
    assert re.search(message, err) and len(err.strip().splitlines()) == 1
    assert not platform.requests("POST", "/jobs") and not (tmp_path / "run").exists()


def test_bad_options_of_a_run_are_one_line(qnet):
    for given, message in (
        ("execution.rep_delay=1e-4", r"execution\.rep_delay"),
        ("twirling.strategy=all", r"twirling\.strategy .*gates"),
    ):
        status, out, err = qnet("run", *CHAIN, "--on", "local:fake_manila", "--option", given)
        assert (status, out) == (2, "")
        assert re.search(message, err) and len(err.strip().splitlines()) == 1
    status, out, err = qnet("run", "ghz", "--option", "twirling.enable_gates=true")
    assert (status, out) == (2, "") and "ideal" in err and "--option" in err
