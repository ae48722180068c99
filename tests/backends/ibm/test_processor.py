"""Processors of IBM's platform, through IBM's own client, on the loopback stand-in."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.backends.base import check_raw
from qnet_circuits.backends.ibm.client import connect
from qnet_circuits.backends.ibm.failures import Failures
from qnet_circuits.backends.ibm.processor import RuntimeBackend, Usage
from qnet_circuits.backends.ibm.redaction import Redactor
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.ibm.submission import with_mid_circuit
from qnet_circuits.backends.ibm.watchdog import Watchdog
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.errors import (
    BackendError,
    JobCancelledError,
    JobFailedError,
    JobMissingError,
    ParameterError,
    UnknownNameError,
    UnsupportedError,
)
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.testing import check_backend
from tests.platform.environment import environment
from tests.platform.execution import decoded
from tests.platform.process import ROOT
from tests.platform.processors import Processor
from tests.platform.server import PlatformServer

CHAIN = qn.RepeaterChain(hops=2)


@pytest.fixture
def manila(platform):
    return backend_of("ibm:ibm_manila")


def submitted(backend, shots=50, tag="tag", **options):
    compiled = qn.compile(CHAIN, backend, **options)
    return compiled, backend.submit(compiled, [shots] * 3, 1, tag)


def done(backend, ticket):
    while (state := backend.poll(ticket)) in ("QUEUED", "RUNNING"):
        pass
    return state


def test_it_keeps_the_contract_of_backends(manila):
    check_backend(manila)
    assert repr(manila) == "<RuntimeBackend 'ibm:ibm_manila'>" and not manila.simulates_links


def test_what_holds_the_key_of_an_account_is_not_pickled(manila):
    held = manila.device, qn.compile(CHAIN, manila)  # Connected by now.
    watchdog = Watchdog()
    failures = Failures(manila.name, Redactor(), watchdog)
    for holder in (manila, manila.limited(60), *held, failures, connect(watchdog)):
        with pytest.raises(TypeError, match="secrets"):
            pickle.dumps(holder)
    assert manila.limited(60).max_qpu_seconds == 60


@pytest.mark.parametrize("corrections", ["frame", "feedforward"])
def test_three_backends_give_the_same_figures(corrections, tmp_path):
    """Intervals at 1 - 1e-6 each: the same gate and readout errors on all three, none while qubits wait."""
    chain, options = qn.RepeaterChain(hops=3), {"shots": 2000, "corrections": corrections, "level": 1 - 1e-6}
    exact = qn.run(chain, "exact:fake_torino", noise={"idle": False}, corrections=corrections).fidelity.value
    with PlatformServer(["FakeTorino"]).in_environment():
        results = [
            qn.run(chain, "aer:fake_torino", noise={"idle": False}, seed=1, **options),
            qn.run(chain, "local:fake_torino", seed=1, **options),
            qn.run(chain, "ibm:ibm_torino", seed=1, path=tmp_path / "run", max_qpu_seconds=60, **options),
        ]
    assert 0.8 < exact < 0.95
    for result in results:
        assert result.fidelity.low < exact < result.fidelity.high, result.provenance["backend"]
    assert {tuple(map(tuple, result.provenance["layout"])) for result in results} == {
        tuple(map(tuple, results[0].provenance["layout"]))
    }


@pytest.mark.parametrize("corrections", ["frame", "feedforward", "postselect"])
def test_without_noise_the_chain_is_perfect(corrections, tmp_path):
    with PlatformServer(["FakeManilaV2"], noisy=False).in_environment():
        result = qn.run(
            CHAIN,
            "ibm:ibm_manila",
            shots=300,
            corrections=corrections,
            path=tmp_path / "run",
            max_qpu_seconds=60,
        )
    assert result.fidelity.value == 1


def test_registers_come_bit_for_bit():
    """Bit 0 first, registers by name, shots in order: deterministic circuits tell."""
    circuit = QuantumCircuit(
        QuantumRegister(3, "alice"), ClassicalRegister(3, "a"), ClassicalRegister(1, "b")
    )
    circuit.x([0, 1])
    circuit.measure([0, 1, 2], [0, 2, 1])
    circuit.measure(0, 3)
    with PlatformServer(["FakeManilaV2"], noisy=False).in_environment():
        backend = RuntimeBackend("ibm_manila")
        compiled = qn.compile(Program([Item("bits", circuit)]), backend)
        ticket = backend.submit(compiled, [2100], 1)
        assert done(backend, ticket) == "DONE"
        raws = backend.fetch(ticket)
    check_raw(raws, compiled, [2100])
    assert np.array_equal(raws[0]["a"], np.tile([True, False, True], (2100, 1)))
    assert raws[0]["b"].all() and raws[0]["a"].dtype == bool


def test_another_process_finds_polls_and_fetches_by_the_tag_alone(platform, manila, tmp_path):
    """Only environment variables are shared."""
    fetch = (
        "import json, time\n"
        "from qnet_circuits.backends.registry import backend_of\n"
        "where = backend_of('ibm:ibm_manila')\n"
        "ticket = where.find('run-7')\n"
        "while where.poll(ticket) != 'DONE': time.sleep(0.05)\n"
        "raws = where.fetch(ticket)\n"
        "print(json.dumps([ticket, where.find('run-8'), [{k: v.tolist() for k, v in raw.items()} for raw in raws]]))\n"
    )
    platform.set(queue_seconds=0.5)
    _, ticket = submitted(manila, 40, "run-7")
    env = {**environment(platform.url), "PATH": "/usr/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", fetch]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert not ended.stderr
    found, missing, raws = json.loads(ended.stdout)
    assert found == ticket and missing is None
    assert [(len(raw["out"]), len(raw["swap"])) for raw in raws] == [(40, 40)] * 3
    (job,) = platform.jobs.records.values()
    assert (job["tags"], job["private"]) == (["run-7"], False)


def test_fetching_needs_no_processor(platform, manila):
    _, ticket = submitted(manila)
    assert done(manila, ticket) == "DONE"
    raws = manila.fetch(ticket)
    platform.routes.processors.clear()
    platform.routes.processors["ibm_perth"] = Processor("FakePerth")
    later = RuntimeBackend("ibm_manila")
    again = later.fetch(ticket)
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(raws, again, strict=True) for name in a)
    assert "device" not in vars(later)


def test_the_platform_is_told_the_limit_and_the_tag(platform, manila):
    _, ticket = submitted(manila.limited(17), tag="run-3")
    record = platform.jobs.records[ticket]
    assert (record["cost"], record["tags"], record["private"]) == (17, ["run-3"], False)
    with pytest.raises(ParameterError, match=r"max_qpu_seconds .*1 to 10800.* 0$"):
        manila.limited(0)


def test_states_and_cancelling(platform, manila):
    platform.set(queue_seconds=30)
    _, ticket = submitted(manila)
    assert manila.poll(ticket) == "QUEUED"
    with pytest.raises(BackendError, match=rf"{ticket} is QUEUED"):
        manila.fetch(ticket)
    assert manila.cancel(ticket) == manila.cancel(ticket) == manila.poll(ticket) == "CANCELLED"
    with pytest.raises(JobCancelledError) as caught:
        manila.fetch(ticket)
    assert caught.value.job == ticket
    assert len(platform.requests("POST", "/cancel")) == 1


def test_cancelling_too_late_and_cancelled_elsewhere(platform, manila):
    _, ticket = submitted(manila)
    assert done(manila, ticket) == "DONE"
    assert manila.cancel(ticket) == "DONE"
    platform.set(queue_seconds=30)
    _, other = submitted(manila)
    platform.jobs.end(other, "Cancelled")
    assert manila.poll(other) == "CANCELLED"


@pytest.mark.parametrize("accepted", [True, False])
def test_a_job_that_ends_while_it_is_being_cancelled(platform, manila, monkeypatch, accepted):
    """The platform may accept the order or not: what counts is how the job ended."""
    end = platform.jobs.end

    def too_late(job, status, **state):
        return end(job, "Failed", reason="bad luck") and accepted

    platform.set(queue_seconds=30)
    _, ticket = submitted(manila)
    monkeypatch.setattr(platform.jobs, "end", too_late)
    assert manila.cancel(ticket) == "FAILED"
    assert len(platform.requests("POST", "/cancel")) == 1


def test_a_failed_job_says_why(platform, manila):
    platform.fail_jobs(tag="bad", reason="Buffer overflow in the controller")
    _, ticket = submitted(manila, tag="bad")
    assert done(manila, ticket) == "FAILED"
    with pytest.raises(JobFailedError, match=rf"{ticket} .*1517; Buffer overflow") as caught:
        manila.fetch(ticket)
    assert "\n" not in str(caught.value) and "Buffer overflow in the controller" in caught.value.reason


def test_a_job_that_ran_too_long_says_what_to_raise(platform, manila):
    platform.fail_jobs(status="Cancelled", reason="Ran too long", reason_code=1305)
    _, ticket = submitted(manila)
    assert done(manila, ticket) == "FAILED"
    with pytest.raises(JobFailedError, match=r"max_qpu_seconds.*shots"):
        manila.fetch(ticket)


def test_a_job_that_is_not_there(manila):
    for ask in (manila.poll, manila.fetch, manila.cancel, manila.ran):
        with pytest.raises(JobMissingError, match="dnowhere") as caught:
            ask("dnowhere")
        assert caught.value.job == "dnowhere"


def test_usage_and_what_a_job_cost(platform, manila):
    platform.set(used_seconds=100.0)
    assert manila.usage() == Usage(consumed=100, limit=600, remaining=500)
    _, ticket = submitted(manila)
    assert done(manila, ticket) == "DONE"
    assert manila.usage().remaining <= 499
    ran = manila.ran(ticket)
    assert ran["qpu_seconds"] >= 1 and ran["created"] < ran["ended"]


def test_several_jobs_of_one_tag_are_all_found_oldest_first(platform, manila):
    tickets = [submitted(manila, tag="twice")[1] for _ in range(3)]
    assert manila.find_all("twice") == tuple(tickets)
    assert manila.find("twice") == tickets[0]


def test_a_list_that_lags_shows_a_job_later(platform, manila):
    platform.set(lag=3600)
    _, ticket = submitted(manila)
    assert manila.find("tag") is None and manila.poll(ticket) in ("QUEUED", "RUNNING", "DONE")
    platform.set(lag=0.0)
    assert manila.find("tag") == ticket


def test_measurements_in_the_middle_are_the_processors_own():
    device = fake_device("fake_boston")
    target = device.described.target
    for corrections, middle in (("feedforward", 4), ("frame", 0)):
        compiled = qn.compile(qn.RepeaterChain(hops=3), "aer:fake_boston", corrections=corrections)
        for item, circuit in zip(compiled, compiled.circuits, strict=True):
            made = with_mid_circuit(circuit, target)
            assert made.count_ops().get("measure_2", 0) == middle
            assert made.count_ops()["measure"] + middle == item.circuit.count_ops()["measure"]
            assert [i.qubits for i in made.data] == [i.qubits for i in circuit.data]
            assert [i.clbits for i in made.data] == [i.clbits for i in circuit.data]


def test_a_qubit_that_is_used_again_is_measured_in_the_middle():
    circuit = QuantumCircuit(156, 2)
    circuit.measure(3, 0)
    circuit.x(3)
    circuit.measure(3, 1)
    made = with_mid_circuit(circuit, fake_device("fake_boston").described.target)
    assert [i.operation.name for i in made.data] == ["measure_2", "x", "measure"]
    assert with_mid_circuit(circuit, fake_device("fake_torino").described.target) is circuit


def test_pulses_reach_the_platform_and_figures_stay(tmp_path):
    """Pairs of X and delays are in the circuits that were posted, beside decisions; without noise nothing changes."""
    with PlatformServer(["FakeBoston"], noisy=False).in_environment() as platform:
        options = {"shots": 100, "corrections": "feedforward", "max_qpu_seconds": 60, "decoupling": True}
        run = qn.submit(qn.RepeaterChain(hops=3), "ibm:ibm_boston", path=tmp_path / "run", **options)
        result = run.result()
        record = next(iter(platform.jobs.records.values()))
        (sent, *_) = (item.circuit for item in decoded(record["params"]).items)
    assert result.fidelity.value == 1
    assert (
        sent.count_ops()["delay"] >= 4 and sent.count_ops()["x"] >= 4 and sent.count_ops()["measure_2"] == 4
    )
    assert any(
        "decoupled by pairs of X pulses" in note and "latency of 1.5 µs" in note for note in result.notes
    )
    assert run.summary()["status"] == "COLLECTED"


def test_the_platform_gets_measure_2(tmp_path):
    with PlatformServer(["FakeBoston"], noisy=False).in_environment() as platform:
        backend = RuntimeBackend("ibm_boston")
        result = qn.run(
            CHAIN, backend, shots=50, corrections="feedforward", path=tmp_path / "run", max_qpu_seconds=60
        )
        sent = json.dumps(next(iter(platform.jobs.records.values()))["params"])
    assert result.fidelity.value == 1 and "executor" not in sent
    assert "measurements in the middle of a circuit are measure_2" in result.notes


def test_a_stand_in_is_called_one(manila):
    assert manila.simulated
    compiled = qn.compile(CHAIN, manila)
    notes = manila.notes(compiled)
    assert notes[0].startswith("simulated: the platform is a stand-in on this machine")
    assert any("seed does not reach them" in note for note in notes)


def test_what_cannot_be_one_job_is_refused_before_anything_is_sent(platform, manila):
    compiled = qn.compile(CHAIN, manila)
    with pytest.raises(UnsupportedError, match="10, 20"):
        manila.submit(compiled, [10, 20, 10], 1)
    for other in ("ideal", "aer:fake_perth"):
        with pytest.raises(UnsupportedError, match=r"(no device|fake_perth)"):
            manila.check(qn.compile(CHAIN, other))
    assert not platform.requests("POST", "/jobs")


def test_unknown_and_retired_processors_list_those_there_are(platform):
    with pytest.raises(UnknownNameError, match=r"'ibm:ibm_manilla'.*: ibm:ibm_manila"):
        _ = RuntimeBackend("ibm_manilla").device
    with pytest.raises(UnknownNameError, match=r"'ibm:ibm_torino' .*retired.*: ibm:ibm_manila"):
        qn.compile(CHAIN, "ibm:ibm_torino")
    for name in ("ibm", "ibm:", "local", "local:", "ideal:"):
        with pytest.raises(UnknownNameError, match=f"backend '{name}'"):
            backend_of(name)


def test_nothing_is_asked_before_it_is_needed(platform):
    backend = backend_of("ibm:ibm_manila")
    assert backend.name == "ibm:ibm_manila" and backend.noise is None
    assert not platform.log


def test_the_stand_in_is_this_checkouts():
    assert Path(qn.__file__).parents[1] == ROOT
