"""The id of a run's specification: all that decides on outcomes changes it, and nothing else does."""

import json
from dataclasses import dataclass, replace

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.runs import specification
from qnet_circuits.runs.options import OPTIONS, RunOptions
from qnet_circuits.runs.preparing import prepare
from tests.support.elsewhere import Platform, RemoteBackend

CHAIN = qn.RepeaterChain(hops=2)
LINE = qn.line_device(5)
#: For each option that decides on outcomes, another value than its default; ``options`` are those of IBM's Sampler.
OTHER = {
    "shots": 51, "repeats": 2, "noise": {"idle": False}, "corrections": "feedforward", "optimization_level": 1,
    "layout": [1, 2, 3, 4], "carrier": "swap", "decoupling": True, "seed": 2, "options": {"twirling.enable_gates": True},
    "controls": True, "mitigate": True, "emulate_links": True, "copies": "max", "worst_copy": 0.3,
}  # fmt: skip
IRRELEVANT = {"predict": True, "verify": False, "max_qpu_seconds": 60}


@dataclass(frozen=True)
class Coin(qn.Protocol):
    """A coin that is turned over if its class says so, which its parameters do not tell."""

    name = "coin-for-a-test"

    def program(self, rng):
        circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
        circuit.h(0)
        if self.turned:
            circuit.x(0)
        circuit.measure(0, 0)
        return qn.Program([qn.Item("coin", circuit)], [qn.Figure("ones", qn.parity("coin", [("out", 0)]))])

    turned = False


class TurnedCoin(Coin):
    """The same to those who know name and parameters."""

    turned = True


def id_of(protocol=CHAIN, backend=LINE, **options):
    return prepare(protocol, backend, RunOptions(**{"seed": 1, **options})).specification_id


def test_it_is_a_digest_that_is_the_same_for_the_same():
    first, again = (prepare(CHAIN, LINE, RunOptions(seed=1, shots=4096)) for _ in range(2))
    assert len(first.specification_id) == 64 and int(first.specification_id, 16)
    assert first.specification_id == again.specification_id == id_of()
    assert first.run_id != again.run_id


def test_what_is_computed_exactly_needs_no_seed_to_be_repeated():
    assert id_of(backend="exact:fake_manila", seed=None) == id_of(backend="exact:fake_manila", seed=0)
    assert id_of(backend="aer:fake_manila", seed=None) != id_of(backend="aer:fake_manila", seed=None)


def test_every_option_is_one_or_the_other():
    assert {name for name, option in OPTIONS.items() if option.decides} == set(OTHER)
    assert {name for name, option in OPTIONS.items() if not option.decides} == set(IRRELEVANT)


@pytest.mark.parametrize("option", OTHER)
def test_each_option_that_decides_on_outcomes_changes_it(option):
    where = "local:fake_manila" if option == "options" else LINE
    beside = {"copies": "max"} if option == "worst_copy" else {}
    assert id_of(backend=where, **beside) != id_of(backend=where, **beside, **{option: OTHER[option]})


def test_protocol_parameters_program_backend_calibration_and_schema_change_it(monkeypatch):
    warmer = replace(LINE, qubits=(replace(LINE.qubits[0], t1=LINE.qubits[0].t1 / 2), *LINE.qubits[1:]))
    ids = [
        id_of(),
        id_of(qn.EntanglementSwapping()),
        id_of(qn.RepeaterChain(hops=2, link_fidelity=0.9)),
        id_of(Coin()),
        id_of(TurnedCoin()),
        id_of(backend="ideal"),
        id_of(backend="aer"),
        id_of(backend="aer:fake_manila"),
        id_of(backend="exact:fake_manila"),
        id_of(backend=warmer),
    ]
    monkeypatch.setattr(specification, "SCHEMA", 2)
    ids.append(id_of())
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("option", IRRELEVANT)
def test_what_does_not_change_outcomes_does_not_change_it(option):
    def found(**options):
        return id_of(backend=RemoteBackend(Platform()), **options)

    assert found() == found(**{option: IRRELEVANT[option]})


def test_the_manifest_keeps_it_wherever_the_run_is_kept(tmp_path):
    paths = [None, tmp_path / "one", tmp_path / "other"]
    runs = [qn.submit(CHAIN, LINE, seed=1, shots=20, predict=path is None, path=path) for path in paths]
    assert {run.manifest["specification_id"] for run in runs} == {id_of(shots=20)}
    assert len({run.manifest["run_id"] for run in runs}) == 3
    plain = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert (
        plain["specification_id"]
        == qn.open_run(tmp_path / "one").manifest["specification_id"]
        == id_of(shots=20)
    )


def test_a_manifest_cannot_be_changed_by_who_reads_it():
    run = qn.submit(CHAIN, LINE, seed=1, shots=20)
    with pytest.raises(TypeError):
        run.manifest["seed"] = 2
