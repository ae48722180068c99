"""Nothing goes to a processor before it is proved that compilation kept the parties apart, or the caller does without."""

import json
from dataclasses import dataclass

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.primitives import StatevectorSampler

import qnet_circuits as qn
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import RefusedError, UnsupportedError, VerificationError
from tests.support.elsewhere import RemoteBackend

CHAIN = qn.RepeaterChain(hops=2)
PAID = {"shots": 50, "seed": 1, "max_qpu_seconds": 60}


@dataclass(frozen=True)
class Nested(qn.Protocol):
    """Decides within a decision, which runs but cannot be verified."""

    name = "nested-for-a-test"

    def program(self, rng):
        alice, bob, first, out = (
            QuantumRegister(2, "alice"),
            QuantumRegister(1, "bob"),
            ClassicalRegister(2, "first"),
            ClassicalRegister(1, "out"),
        )
        circuit = QuantumCircuit(alice, bob, first, out)
        circuit.h(alice)
        circuit.measure(alice, first)
        with circuit.if_test((first[0], 1)), circuit.if_test((first[1], 1)):
            circuit.x(alice[0])
        circuit.measure(alice[0], out)
        return qn.Program([qn.Item("only", circuit)], [qn.Figure("one", qn.parity("only", [("out", 0)]))])


def manifest(path):
    return json.loads((path / "manifest.json").read_text())


def broken(monkeypatch):
    def fails(self):
        raise VerificationError("something moved")

    monkeypatch.setattr(Compiled, "verify", fails)


@pytest.mark.parametrize("more", [{}, {"dry_run": True}])
def test_what_fails_the_proof_is_not_submitted_and_leaves_nothing(elsewhere, monkeypatch, tmp_path, more):
    broken(monkeypatch)
    with pytest.raises(VerificationError):
        qn.submit(CHAIN, RemoteBackend(elsewhere), path=tmp_path / "run", **PAID, **more)
    assert not elsewhere.jobs and not (tmp_path / "run").exists()


def test_a_later_process_proves_it_again_before_it_submits(elsewhere, monkeypatch, tmp_path):
    with pytest.raises(RefusedError):
        qn.submit(CHAIN, RemoteBackend(elsewhere, submit=[RefusedError("no")]), path=tmp_path / "run", **PAID)
    with monkeypatch.context() as patch:
        broken(patch)
        with pytest.raises(VerificationError):
            qn.open_run(tmp_path / "run").start()
    assert not elsewhere.jobs and manifest(tmp_path / "run")["status"] == "PREPARED"
    assert qn.open_run(tmp_path / "run").start().status == "QUEUED" and len(elsewhere.jobs) == 1


def test_its_time_is_shown(elsewhere, tmp_path):
    run = qn.submit(CHAIN, RemoteBackend(elsewhere), path=tmp_path / "run", **PAID)
    took = run.seconds["verify"]
    assert took > 0 and manifest(tmp_path / "run")["seconds"]["verify"] == took
    result = run.result()
    assert result.seconds["verify"] == took and f"{took:.2f} s" in str(result)
    assert result.to_dict()["seconds"]["verify"] == took
    assert manifest(tmp_path / "run")["options"]["verify"] is True


def test_what_cannot_be_decided_is_refused_unless_the_caller_does_without(elsewhere, tmp_path):
    with pytest.raises(UnsupportedError, match=r"verify=False \(--no-verify\)"):
        qn.submit(Nested(), RemoteBackend(elsewhere), path=tmp_path / "run", **PAID)
    assert not elsewhere.jobs and not (tmp_path / "run").exists()
    run = qn.submit(Nested(), RemoteBackend(elsewhere), path=tmp_path / "run", **PAID, verify=False)
    assert len(elsewhere.jobs) == 1 and "verify" not in run.seconds
    noted = manifest(tmp_path / "run")
    assert noted["options"]["verify"] is False
    assert any("verify=False" in note for note in noted["notes"])
    assert any("verify=False" in note for note in run.result().notes)


class OwnSampler(StatevectorSampler):
    """A user's own sampler, of which nobody knows what it is."""


def test_a_sampler_of_which_nobody_knows_what_it_is_counts_as_a_processor(monkeypatch):
    broken(monkeypatch)
    with pytest.raises(VerificationError):
        qn.run(CHAIN, OwnSampler(), shots=5)
    unproved = qn.run(CHAIN, OwnSampler(), shots=5, verify=False)
    assert any("verify=False" in note for note in unproved.notes)
    for backend in ("ideal", "aer:fake_manila", "local:fake_manila", StatevectorSampler()):
        simulated = qn.run(CHAIN, backend, shots=5, verify=False)
        assert simulated.fidelity.n == qn.run(CHAIN, backend, shots=5).fidelity.n == 15
        assert not any("verify=False" in note for note in simulated.notes)


def test_the_command_line_shows_the_time_and_takes_no_verify(qnet, platform, tmp_path):
    submit = (
        "submit",
        "repeater-chain",
        "--set",
        "hops=2",
        "--on",
        "ibm:ibm_manila",
        "--shots",
        "20",
        "--max-qpu-seconds",
        "60",
    )
    status, out, err = qnet(*submit, "--out", str(tmp_path / "run"))
    assert (status, err) == (0, "")
    took = manifest(tmp_path / "run")["seconds"]["verify"]
    assert f"verify {took:.2f} s" in out
    status, out, err = qnet("fetch", str(tmp_path / "run"))
    assert (status, err) == (0, "") and f"{took:.2f} s" in out
    status, out, err = qnet(*submit, "--out", str(tmp_path / "other"), "--no-verify")
    assert (status, err) == (0, "") and "verify" not in manifest(tmp_path / "other")["seconds"]
    status, out, err = qnet("fetch", str(tmp_path / "other"), "--json")
    assert any("verify=False" in note for note in json.loads(out)["notes"])
