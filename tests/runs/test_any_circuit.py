"""Plain circuits and programs run as protocols do: tutorials against Qiskit itself, and runs whose directory alone is left."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_aer import AerSimulator

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, ProgramError, RecordError, UnsupportedError
from qnet_circuits.testing import ALPHA
from tests.support import tutorials

SHOTS = 600


@dataclass(frozen=True)
class Tutorial:
    """A tutorial's circuits after the changes that docs/any-circuit.md names, and what Qiskit alone says of them.

    ``by_qiskit`` returns the value without noise of each figure.
    """

    circuits: Any
    figures: list[qn.Figure]
    by_qiskit: Callable[[], dict[str, float]]


def _share(circuit, good):
    """Return how often Aer's outcome is a good one, as Qiskit writes it, without spaces."""
    counts = AerSimulator().run(circuit, shots=SHOTS, seed_simulator=7).result().get_counts()
    return sum(n for outcome, n in counts.items() if good(outcome.replace(" ", ""))) / SHOTS


def _teleportation():
    circuit = tutorials.teleportation()
    figure = qn.Figure("fidelity", qn.population("circuit", [("c", 2)], ["0"]), ideal=1.0)
    return Tutorial(circuit, [figure], lambda: {"fidelity": _share(circuit, lambda out: out[0] == "0")})


def _superdense_coding():
    circuit = tutorials.superdense_coding()
    bits = [("Alice c", 0), ("Alice d", 0), ("Bob c", 0), ("Bob d", 0)]
    agree = qn.population("circuit", bits, ["0000", "0101", "1010", "1111"])
    figure = qn.Figure("success", agree, ideal=1.0)
    return Tutorial(circuit, [figure], lambda: {"success": _share(circuit, lambda out: out[:2] == out[2:])})


def _long_range_cnot():
    circuits = {basis: tutorials.long_range_cnot(3, basis) for basis in ("XX", "YY", "ZZ")}
    xx, yy, zz = (qn.parity(basis, [("cr", 0), ("cr", 1)]) for basis in circuits)
    figure = qn.Figure("fidelity", (1 + xx - yy + zz) / 4, ideal=1.0)

    def by_qiskit():
        equal = {b: 2 * _share(c, lambda out: out[-2] == out[-1]) - 1 for b, c in circuits.items()}
        return {"fidelity": (1 + equal["XX"] - equal["YY"] + equal["ZZ"]) / 4}

    return Tutorial(circuits, [figure], by_qiskit)


def _chsh():
    angle = 0.2 * np.pi
    pair = tutorials.chsh().assign_parameters([angle])
    circuits = {}
    for basis in ("ZZ", "ZX", "XZ", "XX"):
        circuits[basis] = pair.copy()
        for qubit, axis in enumerate(reversed(basis)):
            if axis == "X":
                circuits[basis].h(qubit)
        circuits[basis].measure_all()
    zz, zx, xz, xx = (qn.parity(basis, [("meas", 0), ("meas", 1)]) for basis in circuits)
    signs = {"chsh1": (1, -1, 1, 1), "chsh2": (1, 1, -1, 1)}
    figures = [
        qn.Figure(name, a * zz + b * zx + c * xz + d * xx, null=2.0) for name, (a, b, c, d) in signs.items()
    ]

    def by_qiskit():
        state = Statevector(pair)
        observables = {
            name: SparsePauliOp(list(circuits), np.array(sign, float)) for name, sign in signs.items()
        }
        return {name: state.expectation_value(each).real for name, each in observables.items()}

    return Tutorial(circuits, figures, by_qiskit)


def _ghz():
    circuits = {"z": tutorials.ghz(4), "x": tutorials.ghz(4)}
    circuits["x"].h(range(4))
    for circuit in circuits.values():
        circuit.measure_all()
    bits = [("meas", k) for k in range(4)]
    figures = [
        qn.Figure("populations", qn.population("z", bits, ["0000", "1111"]), ideal=1.0),
        qn.Figure("coherence", qn.parity("x", bits), ideal=1.0),
    ]

    def by_qiskit():
        even = _share(circuits["x"], lambda out: out[:4].count("1") % 2 == 0)
        return {
            "populations": _share(circuits["z"], lambda out: out[:4] in ("0000", "1111")),
            "coherence": 2 * even - 1,
        }

    return Tutorial(circuits, figures, by_qiskit)


@pytest.mark.parametrize("make", [_teleportation, _superdense_coding, _long_range_cnot, _chsh, _ghz])
def test_a_tutorial_s_circuit_runs_after_the_documented_changes(make):
    tutorial, twin = make(), "fake_manila"
    asked = {"figures": tutorial.figures}
    noiseless = qn.predict(tutorial.circuits, **asked).figures
    expected = tutorial.by_qiskit()
    assert expected.keys() == noiseless.keys()
    for name, value in expected.items():
        assert noiseless[name].value == pytest.approx(value, abs=1e-9)

    predicted = qn.predict(tutorial.circuits, twin, **asked)
    sampled = qn.run(tutorial.circuits, f"aer:{twin}", shots=SHOTS, seed=1, level=1 - ALPHA, **asked)
    assert sampled.predicted == {name: each.value for name, each in predicted.figures.items()}
    for name, exact in predicted.figures.items():
        assert exact.value in sampled[name] and exact.value < noiseless[name].value - 0.005

    first = tutorial.figures[0].name
    budget = qn.error_budget(tutorial.circuits, twin, **asked)
    assert (budget.figure, budget.ideal) == (first, pytest.approx(expected[first], abs=1e-9))
    assert budget.value == predicted[first].value
    assert sum(row.alone for row in budget.rows) + budget.interaction == pytest.approx(budget.cost)


FIGURES = [qn.Figure("fidelity", qn.population("circuit", [("c", 2)], ["0"]), ideal=1.0)]


def test_decisions_of_a_plain_circuit_are_made_as_they_are_written():
    circuit = tutorials.teleportation()
    assert qn.predict(circuit, figures=FIGURES).provenance["corrections"] == "feedforward"
    for mode in ("frame", "none", "postselect", "coherent"):
        with pytest.raises(UnsupportedError, match=f"{mode!r}.*correct\\("):
            qn.predict(circuit, figures=FIGURES, corrections=mode)
    with pytest.raises(ParameterError, match="controls"):
        qn.predict(circuit, figures=FIGURES, controls=True)


@pytest.mark.parametrize(("value", "turned"), [(0b001, np.sin(0.5) ** 2 * np.cos(1.0) ** 2), (0b101, 0.0)])
def test_a_register_is_compared_before_all_of_it_is_measured(value, turned):
    """As in IBM's guide on control flow: the bit that is measured later is 0 until then."""
    circuit = QuantumCircuit(3, 3)
    circuit.ry(1.0, 0)
    circuit.ry(2.0, 1)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.cregs[0], value)):
        circuit.x(2)
    circuit.measure(2, 2)
    assert qn.predict(circuit, figures=FIGURES).fidelity.value == pytest.approx(1 - turned)
    sampled = qn.run(circuit, "aer:fake_manila", figures=FIGURES, shots=SHOTS, seed=1, level=1 - ALPHA)
    assert sampled.predicted["fidelity"] in sampled.fidelity
    assert qn.compile(circuit, "aer:fake_manila").verify() > 0


def test_the_first_turn_of_a_loop_may_decide_on_a_bit_that_its_end_measures():
    circuit = QuantumCircuit(1, 3)
    with circuit.for_loop(range(2)):
        with circuit.if_test((2, 1)):
            circuit.x(0)
        circuit.ry(1.0, 0)
        circuit.measure(0, 2)
    # Each turn begins in |0⟩: the second undoes the outcome of the first.
    assert qn.predict(circuit, figures=FIGURES).fidelity.value == pytest.approx(np.cos(0.5) ** 2)
    sampled = qn.run(circuit, "aer:fake_manila", figures=FIGURES, shots=SHOTS, seed=1, level=1 - ALPHA)
    assert sampled.predicted["fidelity"] in sampled.fidelity


def test_a_plain_circuit_with_corrections_takes_every_mode():
    circuit = QuantumCircuit(3, 3)
    circuit.ry(1.0, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    qn.correct(circuit, circuit.qubits[2], x=[circuit.clbits[1]], z=[circuit.clbits[0]])
    circuit.ry(-1.0, 2)
    circuit.measure(2, 2)
    values = {
        mode: qn.predict(circuit, figures=FIGURES, corrections=mode).fidelity.value
        for mode in ("feedforward", "postselect", "coherent", "none")
    }
    assert values.pop("none") < 0.9
    assert list(values.values()) == pytest.approx([1.0, 1.0, 1.0])


def test_outcomes_alone_need_no_figure_and_neither_do_costs():
    circuit = tutorials.superdense_coding()
    outcomes = qn.submit(circuit, figures=[], shots=50, seed=1).outcomes()["circuit"]
    assert (outcomes["Alice c"] == outcomes["Bob c"]).all() and len(outcomes["Bob d"]) == 50
    assert qn.estimate_cost(tutorials.teleportation(), "aer:fake_manila", shots=100).executions == 100


def _program():
    """A program of two nodes and two circuits, of which one lies where it says and has shots of its own."""
    made = qn.RepeaterChain(hops=1, link_fidelity=0.9).program(np.random.default_rng(0))
    items = [
        qn.Item(each.name, each.circuit, each.tags, shots=60 + k, layout=(1, 2 * k))
        for k, each in enumerate(list(made)[:2])
    ]
    names = {item.name for item in items}
    figures = [each for each in made.figures if {event.item for _, event in each.expression.terms} <= names]
    return qn.Program(items, figures)


def _waiting():
    """A circuit with waits in seconds, one of them in a branch."""
    circuit = QuantumCircuit(1, 3)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.x(0)
    with circuit.if_test((0, 0)):
        circuit.delay(20.5, 0, unit="us")
    circuit.delay(30_000, 0, unit="ns")
    circuit.measure(0, 2)
    return circuit


@pytest.mark.parametrize("backend", ["aer:fake_manila", "exact:fake_manila"])
@pytest.mark.parametrize(
    "given", [_program(), tutorials.teleportation(), _waiting()], ids=["program", "circuit", "waiting"]
)
def test_a_stored_run_goes_on_in_a_process_that_knows_its_directory_alone(given, backend, tmp_path):
    asked = {"figures": FIGURES} if isinstance(given, QuantumCircuit) else {}
    options = {"seed": 3, **asked, **({"shots": 50} if asked and backend.startswith("aer") else {})}
    whole = qn.submit(given, backend, **options).result()
    qn.submit(given, backend, path=tmp_path / "run", **options)
    found = qn.open_run(tmp_path / "run")
    assert found.status == "PREPARED" and found.summary()["protocol"] == "program"
    result = found.result()
    assert result.figures == whole.figures and result.provenance["layout"] == whole.provenance["layout"]
    shutil.move(tmp_path / "run", tmp_path / "moved")
    assert qn.replay(tmp_path / "moved").figures == whole.figures
    (tmp_path / "moved" / "program.qpy").unlink()
    assert qn.open_run(tmp_path / "moved").result().figures == whole.figures


def test_other_figures_are_computed_of_stored_outcomes(tmp_path):
    circuit = tutorials.teleportation()
    other = [qn.Figure("zeros", qn.population("circuit", [("c", 0)], ["0"]), ideal=0.5)]
    qn.run(circuit, path=tmp_path / "run", figures=FIGURES, shots=200, seed=1, level=0.9)
    assert list(qn.open_run(tmp_path / "run", circuit, figures=other).result().figures) == ["zeros"]
    with pytest.raises(ParameterError, match="protocol"):
        qn.open_run(tmp_path / "run", figures=other)
    with pytest.raises(ProgramError):
        qn.open_run(tmp_path / "run", {"other": circuit}, figures=[])


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda run: (run / "program.qpy").unlink(), "program.qpy"),
        (lambda run: (run / "program.qpy").write_bytes(b"QISKIT" + bytes(40)), "program.qpy"),
        (lambda run: _edit(run, parameters={}), "parameters"),
        (lambda run: _edit(run, parameters={"circuits": {"circuit": {"shots": 0}}}), "parameters"),
        (lambda run: _edit(run, parameters={"circuits": {"circuit": 3}}), "parameters"),
        (lambda run: _edit(run, parameters={"circuits": {"circuit": {"shots": 7}}}), "different program"),
    ],
)
def test_a_stored_program_that_was_harmed_is_refused(harm, said, tmp_path, qnet):
    qn.submit(tutorials.teleportation(), path=tmp_path / "run", figures=FIGURES, seed=1)
    harm(tmp_path / "run")
    with pytest.raises(RecordError, match=said) as caught:
        qn.open_run(tmp_path / "run").result()
    assert "\n" not in str(caught.value)
    status, out, err = qnet("fetch", tmp_path / "run")
    assert (status, out, err.count("\n")) == (2, "", 1)


def _edit(run, **entries):
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, **entries}))


def test_delays_are_rounded_to_the_steps_of_the_device_and_said_to_be():
    circuit = QuantumCircuit(1, 2)
    circuit.delay(100, 0, unit="ns")
    circuit.measure(0, 0)
    with circuit.if_test((0, True)):
        circuit.delay(1.2345, 0, unit="us")
    circuit.measure(0, 1)
    compiled = qn.compile(circuit, "aer:fake_torino", corrections="feedforward")
    (said,) = (note for note in compiled.notes if "delay" in note)
    assert "1.2345 us" in said and "1236 ns" in said
    outer, _, decision, _ = (each.operation for each in compiled.items[0].circuit.data)
    inner = decision.blocks[0].data[0].operation
    assert [(each.duration, each.unit) for each in (outer, inner)] == [(25, "dt"), (309, "dt")]


def test_the_command_line_goes_on_with_a_program_s_run(tmp_path, qnet):
    qn.submit(tutorials.teleportation(), path=tmp_path / "run", figures=FIGURES, shots=50, seed=1)
    for command in ("status", "fetch", "replay"):
        status, out, err = qnet(command, tmp_path / "run", "--json")
        assert (status, err) == (0, "")
    said = json.loads(out)
    assert (said["protocol"], said["parameters"]) == ("program", {"circuits": {"circuit": {}}})
    assert said["figures"]["fidelity"]["value"] == 1.0


def test_a_circuit_on_a_processor_needs_a_budget_and_a_directory_and_no_proof(elsewhere, slept, tmp_path):
    """One node keeps nobody apart, however wide it is, and what it does is not asked for."""
    wide = QuantumCircuit(12)
    wide.t(range(12))
    wide.cx(range(11), range(1, 12))
    wide.ry(0.3, range(12))
    wide.measure_all()
    asked = {"figures": [qn.Figure("zero", qn.population("circuit", [("meas", 0)], ["0"]))], "shots": 20}
    with pytest.raises(ParameterError, match="max_qpu_seconds"):
        qn.submit(wide, "ibm:nowhere", **asked)
    with pytest.raises(ParameterError, match="path"):
        qn.submit(wide, "ibm:nowhere", max_qpu_seconds=5, **asked)
    qn.submit(wide, "ibm:nowhere", path=tmp_path / "run", max_qpu_seconds=5, seed=1, **asked)
    result = qn.open_run(tmp_path / "run").result()
    assert result.zero.n == 20 and len(elsewhere.jobs) == 1
    assert "verify" not in result.seconds and not any("verif" in note for note in result.notes)
