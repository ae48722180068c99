"""Where this library puts a program beside where Qiskit's level 3 would, by one predictor."""

import pytest

import qnet_circuits as qn
from benchmarks import placement
from qnet_circuits.errors import ParameterError, UnknownNameError

CHAIN = qn.RepeaterChain(hops=2)


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_each_row_is_what_a_prediction_on_its_qubits_gives(mode):
    ours, *others = qn.compare_layouts(CHAIN, "fake_kingston", seeds=2, corrections=mode)
    assert ours.layout == qn.compile(CHAIN, "aer:fake_kingston", corrections=mode).layout
    for row in (ours, *others):
        (layout,) = row.layout
        found = qn.predict(CHAIN, "fake_kingston", corrections=mode, layout=layout)
        assert row.value == pytest.approx(found.fidelity.value, abs=1e-12)
        assert row.swaps == found.resources["routing_swaps"]
    assert others[0].source == "level 3, seed 0"


def test_named_qubits_stand_beside_the_same_rows_of_level_3():
    named, other = qn.compare_layouts(CHAIN, "fake_kingston", layout=[3, 2, 1, 0])
    auto, same = qn.compare_layouts(CHAIN, "fake_kingston")
    assert (named.source, named.layout, auto.source) == ("named", [[3, 2, 1, 0]], "auto")
    assert other == same and auto.value > named.value


def test_seeds_of_level_3_that_begin_alike_are_one_row():
    found = {
        program: [row.source for row in qn.compare_layouts(program, "fake_guadalupe", seeds=3)]
        for program in (CHAIN, qn.Ghz())
    }
    levels = [f"level 3, seed {seed}" for seed in range(3)]
    assert found[CHAIN] == ["auto", levels[0]]
    assert found[qn.Ghz()] == ["auto", *levels]


def test_any_figure_is_compared_and_circuits_of_any_width():
    protocol = qn.TeleportedCnot()
    ours, other = qn.compare_layouts(protocol, "fake_torino", figure="truth_table")
    value = qn.predict(protocol, "fake_torino").truth_table.value
    assert ours.value == pytest.approx(value, abs=1e-12) and 0 < other.value < 1


def test_what_cannot_be_compared():
    with pytest.raises(ParameterError, match=r"device.*None"):
        qn.compare_layouts(CHAIN, None)
    with pytest.raises(ParameterError, match=r"seeds must be .* 1 to 1000, got 0"):
        qn.compare_layouts(CHAIN, "fake_manila", seeds=0)
    with pytest.raises(UnknownNameError, match="fidelty"):
        qn.compare_layouts(CHAIN, "fake_manila", figure="fidelty")
    with pytest.raises(ParameterError, match="decides where its circuits lie"):
        qn.compare_layouts(qn.LinkBenchmark(edges=[(0, 1)]), "fake_manila")


def test_the_benchmark_has_rows_for_seconds_for_searches_and_for_each_placement():
    placings = [placement.Placing("chain", CHAIN, 5.0, 0.005)]
    seconds, spread, row = placement.compared(placings, ["fake_torino"], ["frame"], 2, 2, processes=1)
    ours, *others = qn.compare_layouts(CHAIN, "fake_torino", seeds=2, corrections="frame")
    best = max(other.value for other in others)
    assert row.value == pytest.approx(ours.value / best) and row.passed == (ours.value >= best - 0.002)
    assert seconds.value > 0 and (seconds.bar, spread.bar) == (5.0, 0.005) and spread.value < 0.005


def test_the_benchmark_searches_anew_where_there_must_be_swaps():
    star = qn.Ghz(parties=4)
    case = placement.Case(placement.Placing("star", star, 10.0, 0.01), "fake_guadalupe", "frame")
    found = qn.predict(star, "fake_guadalupe", corrections="frame")
    assert case.searched(1) == pytest.approx(found.fidelity.value, abs=0.01)
    # The same numbers on qubits with other names are another device for who does not look again.
    other = placement.renumbered("fake_guadalupe", 1)
    there = qn.predict(star, other, corrections="frame", layout=found.provenance["layout"][0])
    assert there.fidelity.value < found.fidelity.value - 0.01
