"""Where programs lie: it follows from the program, the device and the options, and of small programs from a prediction."""

import functools
import operator
from time import process_time
from types import SimpleNamespace

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.compiling.choosing import Ranking
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import LayoutError, ParameterError, UnsupportedError
from qnet_circuits.runs.ranking import ranking_of

CHAIN = qn.RepeaterChain(hops=3)
KINGSTON = {"corrections": "feedforward", "seed": 1}


def ring(nodes):
    """Return a program whose nodes fuse the Bell pairs of a ring into a graph state, and measure its stabilizers."""
    names = [f"node{k}" for k in range(nodes)]
    items, mean = [], 0.0
    for centre in range(nodes):
        own = [QuantumRegister(2, name) for name in names]
        fused, out = ClassicalRegister(nodes, "fused"), ClassicalRegister(nodes, "out")
        circuit = QuantumCircuit(*own, fused, out)
        for k in range(nodes):
            qn.entangle(circuit, own[k][1], own[(k + 1) % nodes][0])
            circuit.h(own[(k + 1) % nodes][0])
        for k in range(nodes):
            circuit.cx(own[k][0], own[k][1])
            circuit.measure(own[k][1], fused[k])
            qn.correct(circuit, own[(k + 1) % nodes][0], z=[fused[k]])
        circuit.h(own[centre][0])
        circuit.measure([each[0] for each in own], out)
        items.append(qn.Item(f"s{centre}", circuit))
        bits = [("out", (centre + step) % nodes) for step in (-1, 0, 1)]
        mean = mean + qn.parity(f"s{centre}", bits) / nodes
    links = [(names[k], names[(k + 1) % nodes]) for k in range(nodes)]
    figures = [qn.Figure("stabilizers", mean, ideal=1.0, physical=(-1.0, 1.0))]
    return qn.Program(items, figures, qn.Network.from_edges(links))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("protocol", [CHAIN, qn.Ghz(parties=4), qn.E91()], ids=lambda p: p.id)
def test_the_seed_does_not_move_a_program(protocol):
    compiled = [qn.compile(protocol, "aer:fake_torino", seed=seed) for seed in range(3)]
    assert compiled[0].layout == compiled[1].layout == compiled[2].layout
    assert [item.circuit for item in compiled[0]] == [item.circuit for item in compiled[1]]


def test_auto_and_predicted_are_two_names_for_the_same():
    usual, named, predicted = (
        qn.predict(CHAIN, "fake_kingston", layout=layout, **KINGSTON)
        for layout in (None, "auto", "predicted")
    )
    assert usual.fidelity == named.fidelity == predicted.fidelity
    assert usual.provenance["layout"] == predicted.provenance["layout"]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("protocol", "device", "mode", "least"),
    [
        (qn.RepeaterChain(hops=3), "fake_kingston", "feedforward", 0.93),
        (qn.RepeaterChain(hops=4), "fake_kingston", "frame", 0.909),
        (qn.RepeaterChain(hops=15), "fake_torino", "frame", 0.49),
        (qn.RepeaterChain(hops=2), "fake_brisbane", "feedforward", 0.855),
        (qn.Teleportation(), "fake_brisbane", "feedforward", 0.92),
        (qn.Ghz(parties=3), "fake_boston", "feedforward", 0.90),
        (qn.LongRangeCnot(), "fake_torino", "feedforward", 0.829),
        (qn.NetworkRequests(), "fake_torino", "feedforward", 0.716),
    ],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_programs_lie_well(protocol, device, mode, least):
    """Not worse than thirteen placements at random and by calibration gave, of which the best was taken by prediction."""
    result = qn.predict(protocol, device, corrections=mode, seed=1)
    assert next(iter(result.figures.values())).value > least


def test_a_ring_lies_well_and_is_kept_apart():
    compiled = qn.compile(ring(5), "aer:fake_kingston", corrections="frame")
    assert compiled.verify() > 0
    found = ExactBackend("exact", compiled.device).evaluate(compiled, compiled.program.figures).values
    assert found["stabilizers"].value > 0.9


def by_turns(lacks):
    """Return what tells of one compiled program after another how bad it is, and those that it was asked of."""
    asked = []

    def lack(compiled):
        asked.append(compiled)
        return lacks(len(asked))

    return lack, asked


def test_of_several_placements_the_least_bad_is_taken():
    device, program = fake_device("fake_kingston"), CHAIN.program(None)
    lack, asked = by_turns(lambda turn: -turn)
    assert compile_program(program, device, ranking=Ranking(lack)).layout == asked[-1].layout
    layouts = [tuple(each.layout[0]) for each in asked]
    assert len(layouts) > 2 and len(set(layouts)) == len(layouts)
    assert compile_program(program, device).layout == asked[0].layout


def test_few_circuits_tell_and_the_best_few_placements_are_compared_by_all():
    device, program = fake_device("fake_kingston"), CHAIN.program(None)
    lack, asked = by_turns(lambda turn: 100 if turn == 1 else abs(turn - 3))
    compiled = compile_program(program, device, ranking=Ranking(lack, ["yy"]))
    names = [[item.name for item in each] for each in asked]
    whole = [item.name for item in program]
    assert names == [whole, *[["yy"]] * (len(asked) - 3), *[whole] * 2]
    assert asked[-2].layout == asked[2].layout == compiled.layout
    assert [item.name for item in compiled] == whole


def test_the_first_of_all_is_compared_with_the_best_by_all_circuits():
    """Circuits that tell may be better elsewhere while the others are much worse."""
    device, program = fake_device("fake_kingston"), CHAIN.program(None)

    def lack(compiled):
        asked.append(compiled)
        return 1.0 if len(asked) == 1 else 3.0 * (len(list(compiled)) > 1)

    asked = []
    compiled = compile_program(program, device, ranking=Ranking(lack, ["yy"]))
    assert asked[0].layout == compiled.layout


@pytest.mark.parametrize(
    ("circuits", "stand", "alone"), [(20, True, False), (21, True, True), (21, False, False)]
)
def test_of_many_circuits_those_that_stand_for_all_decide_alone(circuits, stand, alone):
    program, device = copies(qn.RepeaterChain(hops=2), circuits), fake_device("fake_manila")
    lack, asked = by_turns(lambda turn: -turn)
    compiled = compile_program(program, device, ranking=Ranking(lack, ["c1"], stand))
    names = [[item.name for item in each] for each in asked]
    whole = [item.name for item in program]
    assert names[0] == whole and all(name in (["c1"], whole) for name in names)
    assert (whole in names[1:]) != alone and ["c1"] in names
    assert [item.name for item in compiled] == whole and compiled.layout[0] == asked[-1].layout[0]


def test_a_choice_of_which_not_all_circuits_can_be_made_is_the_first_place():
    def whole(placed):
        if placed == second:
            raise LayoutError("another circuit does not fit there")
        return placed

    first, second = ["first"] * 30, ["second"] * 30
    finisher = SimpleNamespace(whole=whole, sketch=lambda placed, names: placed)
    ranking = Ranking(lambda placed: 1.0 if placed == first else 0.0, ["c1"], stand=True)
    for _ in range(2):
        assert ranking.best(lambda: [[[first]], [[second]]], finisher, "key") == first


def test_places_are_looked_for_again_only_with_other_options():
    def find():
        looked.append(1)
        return [[["first"]], [["second"]]]

    looked = []
    finisher = SimpleNamespace(whole=lambda placed: placed, sketch=lambda placed, names: placed)
    ranking = Ranking(lambda placed: placed != "second")
    for key, times in (("frame", 1), ("frame", 1), ("feedforward", 2), ("frame", 2)):
        assert ranking.best(find, finisher, key) == "second"
        assert len(looked) == times


@pytest.mark.parametrize(("corrections", "more"), [("frame", False), ("feedforward", True)])
def test_where_losses_do_not_rank_more_patterns_of_swaps_are_compared(corrections, more):
    """On this device a star of six keeps a third of its state in software, and nothing in real time."""
    lack, asked = by_turns(lambda turn: turn)
    ranking = Ranking(lack, ["populations"], stand=True)
    compile_program(
        qn.Ghz(parties=6).program(None),
        fake_device("fake_sherbrooke"),
        corrections=corrections,
        ranking=ranking,
    )
    assert (len(asked) > 30) == more


def test_a_choice_that_is_known_is_not_made_again():
    device, program = fake_device("fake_kingston"), CHAIN.program(None)
    lack, asked = by_turns(lambda turn: -turn)
    ranking = Ranking(lack)
    first = compile_program(program, device, ranking=ranking)
    compared = len(asked)
    again = compile_program(CHAIN.program(None), device, ranking=ranking)
    assert again.layout == first.layout and len(asked) == compared > 2
    assert [item.circuit for item in again] == [item.circuit for item in first]
    other = compile_program(program, device, corrections="feedforward", ranking=ranking)
    assert len(asked) > compared and other.layout == asked[-1].layout


def test_what_programs_lack_is_told_by_some_circuits_as_by_all():
    """Where the others are as they were in the first placement, some circuits say the same of a program as all of it."""
    program = qn.Ghz(parties=3).program(None)
    backend = ExactBackend("exact", fake_device("fake_kingston"))
    ranking = ranking_of(program, backend)
    compiled = compile_program(program, backend.device)
    whole = ranking.lack(compiled)
    figures = qn.predict(program, "fake_kingston", layout=compiled.layout[0]).figures
    lacks = [
        abs(figures[each.name].value - each.ideal) / (each.physical[1] - each.physical[0])
        for each in program.figures
    ]
    assert whole == pytest.approx(sum(lacks), abs=1e-9)
    assert ranking.lack(compiled.subset([0, 2])) == pytest.approx(whole, abs=1e-9)
    # Elsewhere they have changed as those did that tell.
    other = compile_program(program, backend.device, layout=list(reversed(compiled.layout[0])))
    lacking = ranking_of(program, backend).lack(other)
    assert lacking > whole + 0.1
    assert ranking.lack(other.subset([0, 2])) == pytest.approx(lacking, abs=0.02)


@pytest.mark.parametrize("string", ["xxxx", "xxyy"])
def test_a_string_stands_for_all_strings_whatever_their_sign(string):
    program, backend = qn.Ghz(parties=4).program(None), ExactBackend("exact", fake_device("fake_kingston"))
    compiled = compile_program(program, backend.device)
    other = compile_program(program, backend.device, layout=list(reversed(compiled.layout[0])))
    ranking, few = ranking_of(program, backend), [k for k, item in enumerate(program) if item.name == string]
    whole, lacking = ranking.lack(compiled), ranking_of(program, backend).lack(other)
    assert lacking > whole + 0.3
    assert ranking.lack(other.subset([0, *few])) == pytest.approx(lacking, abs=0.1)
    assert ranking.lack(other.subset([0])) < lacking - 0.15  # Nothing tells of the strings.


def test_an_estimate_beyond_the_ideal_value_is_no_worse():
    """Those that tell are better here, and the others, which are expected to be, have nothing to gain."""
    names, bits = [f"c{k}" for k in range(4)], [("out", 0)]
    circuits = []
    for name in names:
        circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
        circuit.h(0) if name != "c0" else circuit.id(0)
        circuit.measure(0, 0)
        circuits.append(qn.Item(name, circuit))
    mean = functools.reduce(operator.add, [qn.parity(name, bits) / 4 for name in names])
    program = qn.Program(circuits, [qn.Figure("mean", mean, ideal=0.25, physical=(-1.0, 1.0))])
    device = Device.from_calibration(
        qn.line_device(2).with_values({0: {"readout": 0.1}, 1: {"readout": 0.0}}, "a test")
    )
    lack = ranking_of(program, ExactBackend("exact", device)).lack
    first = lack(compile_program(program, device, layout=[0]))
    assert first == pytest.approx(0.025, abs=0.002)
    assert lack(compile_program(program, device, layout=[1]).subset([0])) < first


def test_what_is_too_wide_to_be_predicted_is_estimated():
    """Wide placements are compared as all others are, by numbers that are good enough for that."""
    program, backend = qn.Ghz(parties=3).program(None), ExactBackend("exact", fake_device("fake_kingston"))
    compiled = compile_program(program, backend.device)
    exact = ranking_of(program, backend).lack(compiled)
    estimated = ranking_of(program, backend, memory=2**6).lack(compiled)
    assert estimated == pytest.approx(exact, abs=1e-3)
    assert estimated != exact


def test_where_nothing_can_be_predicted_the_calibration_decides():
    device, program = fake_device("fake_kingston"), CHAIN.program(None)

    def lack(compiled):
        raise UnsupportedError("no figure")

    found = compile_program(program, device, ranking=Ranking(lack))
    assert found.layout == compile_program(program, device).layout
    assert qn.compile(program, "aer:fake_kingston").layout != []


def test_a_later_placement_that_cannot_be_judged_drops_out():
    device, program = fake_device("fake_kingston"), CHAIN.program(None)

    def lacks(turn):
        if turn == 3:
            raise UnsupportedError("too wide")
        return [0, 5, 3, -9, 4][turn] if turn < 5 else 6

    lack, asked = by_turns(lacks)
    found = compile_program(program, device, ranking=Ranking(lack))
    assert len(asked) > 4
    assert found.layout == asked[1].layout != compile_program(program, device).layout


def copies(protocol, number):
    """Return a program that has the first circuit of a protocol many times."""
    program = protocol.program(None)
    circuit, network = program.items[0].circuit, program.network
    return qn.Program([qn.Item(f"c{k}", circuit) for k in range(number)], (), network)


def dense(gates):
    """Return a program of one circuit with many gates between two qubits."""
    circuit = QuantumCircuit(QuantumRegister(2, "alice"), ClassicalRegister(2, "out"))
    for _ in range(gates):
        circuit.cz(0, 1)
        circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    return qn.Program([qn.Item("dense", circuit)])


@pytest.mark.parametrize(
    ("program", "device", "compared"),
    [
        (qn.RepeaterChain(hops=40).program(None), "fake_kingston", False),
        (copies(qn.RepeaterChain(hops=15), 20), "fake_kingston", True),
        (copies(qn.RepeaterChain(hops=15), 21), "fake_kingston", False),
        (dense(100), "fake_manila", True),
        (dense(101), "fake_manila", False),
    ],
    ids=["wide", "few", "many", "shallow", "deep"],
)
def test_large_programs_are_not_predicted(program, device, compared):
    """One circuit of many qubits, many circuits, or one of many gates: the calibration alone tells their place."""
    lack, asked = by_turns(lambda turn: -turn)
    compile_program(program, fake_device(device), ranking=Ranking(lack))
    assert (len(asked) > 1) == compared and (asked == []) != compared


def test_a_run_that_was_prepared_is_opened_with_the_same_placement(tmp_path):
    run = qn.submit(CHAIN, "aer:fake_kingston", shots=50, path=tmp_path / "run", **KINGSTON)
    assert run.status == "PREPARED"
    opened = qn.open_run(tmp_path / "run")
    result = opened.result()
    assert result.provenance["layout"] == run.manifest["layout"]
    assert result.figures == run.result().figures


def test_control_experiments_lie_on_the_same_qubits():
    run = qn.submit(CHAIN, "aer:fake_kingston", controls=True, mitigate=True, **KINGSTON)
    (layout,) = run.manifest["layout"]
    assert qn.compile(CHAIN, "aer:fake_kingston", **KINGSTON).layout == [layout]


def test_runs_that_differ_in_noise_alone_are_compared_on_the_same_qubits():
    quiet, usual = (
        qn.predict(CHAIN, "fake_kingston", noise=qn.DeviceNoise(idle=idle), **KINGSTON)
        for idle in (False, True)
    )
    assert quiet.provenance["layout"] == usual.provenance["layout"]
    assert quiet.fidelity.value > usual.fidelity.value


def test_what_cannot_be_placed():
    with pytest.raises(UnsupportedError, match=r"layout .*device"):
        qn.run(CHAIN, layout="predicted")
    with pytest.raises(LayoutError, match="wires"):
        qn.predict(qn.RepeaterChain(hops=20), "fake_manila", layout="predicted")
    with pytest.raises(ParameterError, match=r"'auto', 'predicted'.*'best'"):
        qn.predict(CHAIN, "fake_kingston", layout="best")


@pytest.mark.slow
def test_deep_circuits_are_not_ranked(rng):
    """Prediction of many dense layers takes long; the calibration tells their place."""
    circuit = QuantumCircuit(QuantumRegister(8, "alice"), ClassicalRegister(2, "out"))
    for _ in range(150):
        circuit.cz(*(int(wire) for wire in rng.choice(8, 2, replace=False)))
    circuit.measure([0, 1], [0, 1])
    figures = [qn.Figure("zz", qn.parity("circuit", [("out", 0), ("out", 1)]), ideal=1.0)]
    begin = process_time()
    assert qn.compile(circuit, "aer:fake_brisbane", figures=figures).resources["routing_swaps"] > 0
    assert process_time() - begin < 12
