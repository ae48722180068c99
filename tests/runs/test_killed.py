"""Clients of a platform that are killed, at every step and at any time: the next one finishes the run, with one job."""

import json
import os
import time

import pytest

import qnet_circuits as qn
from qnet_circuits.programs.registry import protocol_class
from tests.platform.environment import KEY
from tests.platform.process import Control
from tests.platform.routes import CRN
from tests.platform.server import PlatformServer
from tests.support.clients import bare, clients

SUBMIT = (
    "submit", "repeater-chain", "--set", "hops=2", "--on", "ibm:ibm_manila", "--max-qpu-seconds", "60",
    "--shots", "100", "--seed", "3", "--optimization-level", "1", "--out",
)  # fmt: skip


def submitting(blocks):
    """Return the command that submits a run of several blocks, each of which is a job, but for its directory."""
    return SUBMIT if blocks == 1 else (SUBMIT[0], SUBMIT[1], "--repeats", str(blocks), *SUBMIT[2:])


WHOLE = {
    "manifest.json", "program.qpy", "compiled.qpy", "calibration.json", "outcomes.npz", "result.json",
}  # fmt: skip
IBM = "qnet_circuits.backends.ibm.processor:"


@pytest.fixture(scope="module")
def platform():
    """A platform of two processors, which have no errors of their own; no client lives in its process."""
    with PlatformServer(["FakeManilaV2", "FakeNairobiV2"], noisy=False) as server:
        yield Control(server.url)


@pytest.fixture(scope="module")
def client(platform, tmp_path_factory):
    with clients({**bare(tmp_path_factory.mktemp("home")), **platform.environment}) as made:
        yield made


def manifest_of(directory):
    file = directory / "manifest.json"
    return json.loads(file.read_text()) if file.exists() else None


def jobs_of(platform, manifest):
    return [job for job in platform.jobs if any(tag.startswith(manifest["run_id"]) for tag in job["tags"])]


def check_truth(platform, directory):
    """Check that the manifest is whole, and says no more and no less of jobs than there is."""
    manifest = manifest_of(directory)
    if manifest is None:
        return None
    assert manifest["status"] != "PREPARED" or not jobs_of(platform, manifest)
    for entry in manifest["jobs"]:
        made = [job["id"] for job in platform.jobs if entry["tag"] in job["tags"]]
        assert entry["status"] != "PREPARED" or not made
        if entry.get("ticket") is not None:
            assert entry["ticket"] in made
        else:
            assert entry["status"] in ("PREPARED", "SUBMITTING")
            assert manifest["status"] in ("PREPARED", "SUBMITTING")
    return manifest["status"]


def finish(platform, client, directory, blocks=1):
    """Have the next process finish the run, and check that nothing was lost and nothing is paid for twice."""
    if manifest_of(directory) is None:
        assert client.qnet(*submitting(blocks), directory).code == 0
    ended = client.qnet("fetch", directory, "--json")
    assert (ended.code, ended.err) == (0, ""), ended
    manifest = manifest_of(directory)
    assert manifest["status"] == "COLLECTED"
    assert check_truth(platform, directory) == "COLLECTED"
    tickets = [entry["ticket"] for entry in manifest["jobs"]]
    assert [(job["id"], job["status"]) for job in jobs_of(platform, manifest)] == [
        (ticket, "Completed") for ticket in tickets
    ]
    figures = json.loads(ended.out)["figures"]
    assert figures["fidelity"]["n"] == 300 * len(tickets) == 300 * blocks
    assert json.loads((directory / "result.json").read_text())["figures"] == figures
    assert json.loads(client.qnet("replay", directory, "--json").out)["figures"] == figures
    assert {file.name for file in directory.iterdir() if not file.name.startswith(".")} == WHOLE
    for file in directory.iterdir():
        content = file.read_bytes()
        assert KEY.encode() not in content and CRN.encode() not in content
    assert KEY not in client.said and CRN not in client.said


# A command that dies, the step at which it does, what the manifest says then, and how many jobs there are.
STEPS = {
    "before the manifest": ("submit", ("before", "manifest.json"), None, 0),
    "within the manifest": ("submit", ("within", "manifest.json"), None, 0),
    "after the manifest": ("submit", ("after", "manifest.json"), "PREPARED", 0),
    "before the job is announced": ("submit", ("within", "manifest.json", 2), "PREPARED", 0),
    "before the POST": ("submit", ("before", IBM + "client_sampler"), "SUBMITTING", 0),
    "after the POST": ("submit", ("after", IBM + "RuntimeBackend.submit"), "SUBMITTING", 1),
    "within the ticket": ("submit", ("within", "manifest.json", 3), "SUBMITTING", 1),
    "after the ticket": ("submit", ("after", "manifest.json", 3), "QUEUED", 1),
    "during the wait": ("fetch", ("after", IBM + "RuntimeBackend.poll"), "QUEUED", 1),
    "during download": ("fetch", ("before", IBM + "asked_shots"), "DONE", 1),
    "within the outcomes": ("fetch", ("within", "outcomes.npz"), "DONE", 1),
    "between outcomes and result": ("fetch", ("after", "outcomes.npz"), "DONE", 1),
    "within the result": ("fetch", ("within", "result.json"), "COLLECTED", 1),
}


#: The same for a run of three jobs.
STEPS_OF_THREE = {
    "between two jobs": ("submit", ("after", "manifest.json", 3), "SUBMITTING", 1),
    "before the second POST": ("submit", ("after", "manifest.json", 4), "SUBMITTING", 1),
    "within the second ticket": ("submit", ("within", "manifest.json", 5), "SUBMITTING", 2),
    "after the last ticket": ("submit", ("after", "manifest.json", 7), "QUEUED", 3),
    "after the first download": ("fetch", ("after", "0.npz"), "DONE", 3),
    "within the last download": ("fetch", ("within", "2-0.npz"), "DONE", 3),
    "within the outcomes": ("fetch", ("within", "outcomes.npz"), "DONE", 3),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("jobs", "step"), [*((1, step) for step in STEPS), *((3, step) for step in STEPS_OF_THREE)]
)
def test_a_client_that_is_killed_at_any_step_leaves_a_run_that_the_next_one_finishes(
    jobs, step, platform, client, tmp_path
):
    command, die, status, made = (STEPS if jobs == 1 else STEPS_OF_THREE)[step]
    directory, before = tmp_path / "run", len(platform.jobs)
    submit = (*submitting(jobs), directory)
    if command == "fetch":
        assert client.qnet(*submit).code == 0
    assert client.qnet(*(submit if command == "submit" else ("fetch", directory)), die=die).killed
    assert check_truth(platform, directory) == status
    assert len(platform.jobs) == before + made
    finish(platform, client, directory, jobs)
    assert len(platform.jobs) == before + jobs


@pytest.mark.parametrize("step", ["before the POST", "after the POST"])
def test_copies_come_back_from_one_job_whoever_fetches_it(step, platform, client, tmp_path):
    """All copies are in one circuit for each setting; the process that made it is killed, and the next one takes it apart."""
    _, die, _, made = STEPS[step]
    submit = (*SUBMIT[:3], "hops=1", "--copies", "2", *SUBMIT[4:])
    directory, before = tmp_path / "run", len(platform.jobs)
    assert client.qnet(*submit, directory, die=die).killed
    assert len(platform.jobs) == before + made
    ended = client.qnet("fetch", directory, "--json")
    assert (ended.code, ended.err) == (0, ""), ended
    found = json.loads(ended.out)
    assert [len(job["circuits"]) for job in manifest_of(directory)["jobs"]] == [3]
    assert found["figures"]["fidelity"]["n"] == 2 * 3 * 100 and found["copies"]["count"] == 2
    assert len({qubit for qubits in found["copies"]["qubits"] for qubit in qubits}) == 4
    each = found["copies"]["figures"]["fidelity"]["value"]
    assert found["figures"]["fidelity"]["value"] == pytest.approx(sum(each) / 2) and min(each) > 0.7
    assert json.loads(client.qnet("replay", directory, "--json").out)["copies"] == found["copies"]
    assert len(platform.jobs) == before + 1


#: Small programs of each kind of repeater, and figures that shots decide.
REPEATERS = {
    "distillation": ({"link_fidelity": 0.9}, {"fidelity", "acceptance"}),
    "distillation-map": ({"edges": [[0, 1], [1, 3], [3, 5]]}, {"gain_1_3"}),
    "encoded-link": ({"code": "repetition-3", "link_fidelity": 0.9}, {"fidelity", "acceptance"}),
    "quantum-repeater": (
        {"storage": "frames", "length_km": 60, "memory_t2": 0.01},
        {"fidelity", "xx", "yy", "zz"},
    ),
    "network-requests": ({"requests": [["r1c1", "r1c3"]], "rounds": 100}, {"fidelity_1"}),
}


@pytest.mark.parametrize("name", REPEATERS)
def test_a_repeater_whose_client_is_killed_after_submission_is_fetched_as_it_was_asked_for(
    name, platform, client, tmp_path
):
    parameters, sampled = REPEATERS[name]
    asked = [word for key, value in parameters.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    options = ("--on", "ibm:ibm_nairobi", "--max-qpu-seconds", "60", "--shots", "400", "--emulate-links")
    directory, before = tmp_path / "run", len(platform.jobs)
    submit = (
        "submit",
        name,
        *asked,
        *options,
        "--seed",
        "3",
        "--optimization-level",
        "1",
        "--out",
        directory,
    )
    assert client.qnet(*submit, die=STEPS["after the POST"][1]).killed
    ended = client.qnet("fetch", directory, "--json", "--level", "0.999999")
    assert (ended.code, ended.err) == (0, ""), ended
    assert len(platform.jobs) == before + 1 and manifest_of(directory)["status"] == "COLLECTED"
    figures = json.loads(ended.out)["figures"]
    theory = protocol_class(name).from_parameters(**parameters).theory(qn.NoiseParameters())
    for figure in sampled:
        assert figures[figure]["low"] <= theory[figure] <= figures[figure]["high"]
        assert figures[figure]["n"] > 0
    again = client.qnet("replay", directory, "--json", "--level", "0.999999", environment={**bare(tmp_path)})
    assert json.loads(again.out)["figures"] == figures


def test_a_distributed_circuit_whose_client_is_killed_decides_on_the_processor_and_keeps_its_ledger(
    platform, client, tmp_path
):
    directory, before = tmp_path / "run", len(platform.jobs)
    submit = (
        "submit", "distributed-circuit", "--set", "circuit=ghz:2", "--set", "link_fidelity=0.8", "--on", "ibm:ibm_nairobi",
        "--corrections", "feedforward", "--emulate-links", "--max-qpu-seconds", "60", "--shots", "400", "--seed", "3", "--out",
    )  # fmt: skip
    assert client.qnet(*submit, directory, die=STEPS["after the POST"][1]).killed
    ended = client.qnet("fetch", directory, "--json", "--level", "0.999999")
    assert (ended.code, ended.err) == (0, ""), ended
    found = json.loads(ended.out)
    assert len(platform.jobs) == before + 1 and found["corrections"] == "feedforward"
    assert found["figures"]["fidelity"]["low"] <= 0.8 <= found["figures"]["fidelity"]["high"] < 1
    assert found["distribution"]["bell_pairs"] == 1


def test_a_job_that_is_listed_late_is_waited_for_by_the_next_client(platform, client, tmp_path):
    directory, before = tmp_path / "run", len(platform.jobs)
    platform.ask("set", lag=600.0)
    try:
        assert client.qnet(*SUBMIT, directory, die=STEPS["after the POST"][1], listing_seconds=600.0).killed
        early = client.qnet("fetch", directory, "--no-wait", listing_seconds=600.0)
        assert (early.code, early.out) == (4, "")
        platform.ask("set", lag=1.0)
        assert client.qnet("fetch", directory, listing_seconds=600.0).code == 0
    finally:
        platform.ask("set", lag=0.0)
    finish(platform, client, directory)
    assert len(platform.jobs) == before + 1


@pytest.mark.parametrize("step", ["before the POST", "after the POST", "within the ticket"])
def test_cancelling_a_run_whose_client_was_killed_leaves_no_job_that_is_paid_for(
    step, platform, client, tmp_path
):
    platform.ask("set", queue_seconds=60.0)
    try:
        assert client.qnet(*SUBMIT, tmp_path / "run", die=STEPS[step][1]).killed
        manifest = manifest_of(tmp_path / "run")
        assert client.qnet("cancel", tmp_path / "run").code == 0
    finally:
        platform.ask("set", queue_seconds=0.0)
    made = jobs_of(platform, manifest)
    assert [job["status"] for job in made] == ["Cancelled"] * STEPS[step][3]
    assert manifest_of(tmp_path / "run")["status"] == "CANCELLED"
    ended = client.qnet("fetch", tmp_path / "run")
    assert (ended.code, ended.out) == (2, "") and "was cancelled" in ended.err
    assert len(jobs_of(platform, manifest)) == STEPS[step][3]


def test_a_temporary_file_of_a_client_that_was_killed_is_removed_when_it_is_nobodys(
    platform, client, tmp_path
):
    directory = tmp_path / "run"
    assert client.qnet(*SUBMIT, directory).code == 0
    assert client.qnet("fetch", directory, die=("within", "outcomes.npz")).killed
    (left,) = directory.glob(".outcomes.npz.*")
    assert client.qnet("fetch", directory, "--no-wait", die=("before", IBM + "RuntimeBackend.fetch")).killed
    assert left.exists()  # Another machine may be writing it.
    os.utime(left, (0, 0))
    finish(platform, client, directory)
    assert {file.name for file in directory.iterdir()} == {*WHOLE, ".lock"}


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [1, 3])
def test_clients_that_are_killed_a_hundred_times_at_random_pay_for_each_job_once(
    blocks, platform, client, tmp_path, rng
):
    begin = time.monotonic()
    assert client.qnet(*submitting(blocks), tmp_path / "whole").code == 0
    submitted = time.monotonic() - begin
    assert client.qnet("fetch", tmp_path / "whole").code == 0
    fetched = time.monotonic() - begin - submitted
    before, runs, kills, seen = len(platform.jobs), 0, 0, {}
    while kills < 100:
        directory = tmp_path / f"run{runs}"
        commands = [(*submitting(blocks), directory), ("fetch", directory), ("fetch", directory)]
        for arguments, length in zip(commands, (submitted, fetched, fetched), strict=True):
            if arguments[0] == "fetch" and manifest_of(directory) is None:
                continue
            kills += client.qnet(*arguments, kill_after=length * rng.random()).killed
            status = check_truth(platform, directory)
            seen[status] = seen.get(status, 0) + 1
        finish(platform, client, directory, blocks)
        runs += 1
        assert len(platform.jobs) == before + blocks * runs
    print(f"{kills} kills, {runs} runs, {len(platform.jobs) - before} jobs; left as {seen}")
