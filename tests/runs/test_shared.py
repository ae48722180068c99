"""What was compiled is not compiled again by a call that only has other noise, shots or seed, and nobody can change it."""

from dataclasses import dataclass, replace
from itertools import product

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.runs import preparing
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.shared import compiled_once, forget

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
    ("protocol", "backend", "asked"),
    [
        # Ten shots of six wires are sampled shot by shot, a thousand from a density matrix.
        (
            qn.RepeaterChain(hops=3), qn.line_device(6),
            [{"shots": 10}, {"shots": 1000}, {"shots": 1000, "noise": {"idle": False}}],
        ),
        (qn.QuantumRepeater(length_km=20.0, memory_t2=1e-3, storage="delays", circuits=2), "ideal", [{"shots": 20}]),
    ],
    ids=["noise", "drawn"],
)  # fmt: skip
def test_a_seed_gives_what_it_gives_alone(protocol, backend, asked):
    for seed, each in product((1, 2), asked):
        kept = qn.run(protocol, backend, seed=seed, **each)
        alone = qn.submit(protocol, backend, seed=seed, **each).result()
        assert (kept.figures, kept.predicted) == (alone.figures, alone.predicted)


LINKS = {"fidelity": 1.0}


@dataclass(frozen=True)
class Somebodys(qn.RepeaterChain):
    def program(self, rng):
        return qn.RepeaterChain(hops=2, link_fidelity=LINKS["fidelity"]).program(rng)


def test_a_program_of_somebody_else_is_made_again(monkeypatch):
    assert qn.predict(Somebodys()).fidelity.value == pytest.approx(1.0)
    monkeypatch.setitem(LINKS, "fidelity", 0.9)
    assert qn.predict(Somebodys()).fidelity.value == pytest.approx(0.81333, abs=1e-5)


def test_a_program_is_made_once_if_nothing_is_drawn_for_it(monkeypatch):
    made, program = [], qn.RepeaterChain.program

    def noted(self, rng):
        made.append(self)
        return program(self, rng)

    monkeypatch.setattr(qn.RepeaterChain, "program", noted)
    for hops in (1, 2, 1, 2):
        qn.run(qn.RepeaterChain(hops=hops), shots=10)
    assert [each.hops for each in made] == [1, 2]
    forget()
    qn.run(qn.RepeaterChain(hops=1), shots=10)
    assert len(made) == 3


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


def test_placements_are_compared_once_until_they_are_forgotten(monkeypatch):
    asked, evaluate = [], ExactBackend.evaluate
    monkeypatch.setattr(
        ExactBackend, "evaluate", lambda engine, *given: asked.append(engine) or evaluate(engine, *given)
    )
    counts = []
    for clears in (forget, lambda: forget(choices=False), forget):
        clears()
        asked.clear()
        qn.compile(qn.RepeaterChain(hops=1), "aer:fake_manila")
        counts.append(len(asked))
    assert counts[0] == counts[2] > 0 == counts[1]
