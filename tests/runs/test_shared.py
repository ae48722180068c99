"""What was compiled is not compiled again by a call that only has other noise, shots or seed, and nobody can change it."""

from dataclasses import replace

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.runs import preparing
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.shared import compiled_once

CHAIN = qn.RepeaterChain(hops=2)
MANILA = "aer:fake_manila"


@pytest.fixture
def compiled(monkeypatch):
    """Return the list of programs that are compiled."""
    made, compile_for = [], preparing.compile_for

    def noted(program, *rest):
        made.append(program)
        return compile_for(program, *rest)

    monkeypatch.setattr(preparing, "compile_for", noted)
    return made


def test_a_sweep_compiles_once(compiled):
    alone = qn.predict(CHAIN, "fake_manila", noise={"idle": False}).fidelity
    assert len(compiled) == 1
    sampled = [
        qn.run(CHAIN, MANILA, shots=shots, seed=shots, noise={"idle": idle}, level=1 - 1e-6)
        for shots, idle in ((1000, False), (1500, True))
    ]
    assert qn.predict(CHAIN, "fake_manila", noise={"idle": False}).fidelity == alone
    assert qn.estimate_cost(CHAIN, MANILA).executions and qn.error_budget(CHAIN, "fake_manila").rows
    # Of the noise that each was asked for.
    assert [result.predicted["fidelity"] == alone.value for result in sampled] == [True, False]
    assert all(result.predicted["fidelity"] in result.fidelity for result in sampled)
    assert len(compiled) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"corrections": "none"}, {"optimization_level": 0}, {"layout": [3, 2, 1, 0]}, {"controls": True},
        {"decoupling": True},
    ],
    ids=str,
)  # fmt: skip
def test_what_changes_circuits_compiles_anew(compiled, other):
    asked = {"corrections": "feedforward", **other}
    qn.predict(CHAIN, "fake_manila", corrections="feedforward")
    shared = qn.predict(CHAIN, "fake_manila", **asked)
    assert len(compiled) == 2
    assert shared.figures == qn.submit(CHAIN, "exact:fake_manila", seed=0, **asked).result().figures


def test_circuits_that_are_handed_out_are_their_owner_s():
    before, _ = (qn.predict(CHAIN, "fake_manila", noise={"idle": idle}).fidelity for idle in (False, True))
    dry = qn.submit(CHAIN, MANILA, dry_run=True, seed=1).compiled
    for compiled in (qn.compile(CHAIN, "exact:fake_manila"), qn.compile(CHAIN, MANILA), dry):
        for item in compiled:
            item.circuit.data.clear()
    assert qn.predict(CHAIN, "fake_manila", noise={"idle": False}).fidelity == before


def test_circuits_of_a_secret_are_not_kept(compiled):
    for _ in range(2):
        qn.predict(qn.BB84(pulses=100))
    assert len(compiled) == 2


def test_programs_of_the_same_circuits_keep_what_they_say_of_them():
    circuit = QuantumCircuit(QuantumRegister(1, "a"), QuantumRegister(1, "b"), ClassicalRegister(2, "out"))
    circuit.measure([0, 1], [0, 1])
    said = Announcement("a", "b", 1, "a basis")
    items = (
        {"tags": {"basis": "x"}},
        {"tags": {"basis": "y"}},
        {"tags": {"basis": "y"}, "announced": (said,)},
    )
    programs = [qn.Program([qn.Item("one", circuit, **more)]) for more in items]
    backend, options = backend_of("ideal"), RunOptions()
    found = [compiled_once(each, backend, options, preparing.compile_for) for each in programs]
    assert [each.program.items[0].tags["basis"] for each in found] == ["x", "y", "y"]
    assert [each.resources["announced_bits"] for each in found] == [0, 0, 1]
    assert compiled_once(programs[0], backend, options, preparing.compile_for) is found[0]


def test_devices_of_one_name_are_told_apart():
    line = qn.line_device(5)
    for broken in (0, 4):
        worse = replace(line.with_values({broken: {"t1": 1e-6, "t2": 1e-6}}, "a wish"), name=line.name)
        (layout,) = qn.predict(CHAIN, worse).provenance["layout"]
        assert sorted(layout) == sorted({*range(5)} - {broken})
