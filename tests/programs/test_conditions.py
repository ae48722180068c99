"""Figures under conditions and ratios: what is counted, what the interval is, and what is refused."""

import json
from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

import qnet_circuits as qn
from benchmarks import conditions
from qnet_circuits.errors import NoShotsError, ParameterError, ProgramError
from qnet_circuits.programs.conditions import Condition, joined
from qnet_circuits.programs.counting import sources
from qnet_circuits.programs.figures import Figure
from qnet_circuits.theory.estimate import proportion
from tests.support.conditions import meets, random_condition

ENDS, TESTS = [("out", 0), ("out", 1)], [("out", 2), ("out", 3)]
SAME = ["00", "11"]


def shots_of(rng, n=400, width=4, p=0.3):
    return {"c": {"out": rng.random((n, width)) < p}}


def named(condition, row):
    return meets(condition, {("out", k): value for k, value in enumerate(row)})


def test_a_condition_counts_the_shots_that_meet_it(rng):
    bits = [("out", k) for k in range(4)]
    for _ in range(60):
        conditions = [random_condition(rng, bits, 4) for _ in range(rng.integers(1, 3))]
        outcomes = shots_of(rng, 60)
        kept = [row for row in outcomes["c"]["out"] if all(named(each, row) for each in conditions)]
        expression = qn.population("c", ENDS, SAME)
        for each in conditions:
            expression = qn.keep_if(expression, each.bits, each.patterns or None)
        if not kept:
            with pytest.raises(NoShotsError):
                Figure("f", expression).estimate(outcomes)
            continue
        found = Figure("f", expression).estimate(outcomes)
        expected = proportion(sum(row[0] == row[1] for row in kept), len(kept))
        assert (found.value, found.low, found.high, found.n) == pytest.approx(
            (expected.value, expected.low, expected.high, expected.n)
        )
        share = Figure("share", qn.acceptance(expression)).estimate(outcomes)
        assert (share.value, share.n) == (pytest.approx(len(kept) / 60), 60)


def test_ways_are_disjoint_and_are_all_that_meet_a_condition(rng):
    bits = [("out", k) for k in range(4)]
    for _ in range(100):
        condition = random_condition(rng, bits, 4)
        for number in range(16):
            values = {("out", k): number >> k & 1 for k in range(4)}
            met = [all(sum(values[b] for b in of) % 2 == v for of, v in way) for way in condition.ways()]
            assert sum(met) == meets(condition, values) == condition.holds(values)


def test_conditions_exclude_each_other_where_no_bits_meet_both(rng):
    bits = [("out", k) for k in range(3)]
    rows = [{("out", k): number >> k & 1 for k in range(3)} for number in range(8)]
    seen = set()
    for _ in range(200):
        one, other = (random_condition(rng, bits) for _ in range(2))
        both = any(meets(one, row) and meets(other, row) for row in rows)
        seen.add(both)
        assert one.excludes(other) == (not both)
        if both:
            together = joined([one, other])
            assert all(together.holds(row) == (meets(one, row) and meets(other, row)) for row in rows)
        else:
            with pytest.raises(ParameterError, match="no shot"):
                joined([one, other])
    assert seen == {True, False}


def test_shots_of_a_condition_and_of_its_opposite_are_independent():
    flags = [qn.population("c", ENDS, ["00"]) for _ in range(2)]
    even, odd = qn.keep_if(flags[0], TESTS), qn.keep_if(flags[1], TESTS, ["01", "10"])
    assert len(set(sources((even - odd).events).values())) == 2
    also = qn.keep_if(flags[1], TESTS, ["00"])
    assert len(set(sources((even - also).events).values())) == 1


def test_a_figure_under_conditions_is_the_same_after_storage():
    kept = qn.keep_if(qn.parity("c", ENDS, [("out", 3, 1)]), TESTS, SAME)
    for expression in (
        kept,
        kept / qn.acceptance(kept),
        2 * (qn.parity("c", ENDS) / qn.population("c", TESTS, SAME)) - 1,
    ):
        figure = Figure("f", expression, ideal=1.0)
        assert Figure.from_dict(json.loads(json.dumps(figure.to_dict()))) == figure
    assert Figure("f", qn.parity("c", ENDS, [("out", 3, 1)])).to_dict()["terms"][0][1]["given"] == [
        ["out", 3, 1]
    ]


# -- ratios ------------------------------------------------------------------------------------------------------------


def test_a_ratio_scales_and_shifts_as_its_value_does(rng):
    outcomes = shots_of(rng)
    above, below = qn.population("c", ENDS, SAME), 1 + qn.parity("c", TESTS)
    one = Figure("f", above / below).estimate(outcomes)
    other = Figure("f", 3 - 2 * (above / below) / 4).estimate(outcomes)
    expected = [3 - each / 2 for each in (one.value, one.high, one.low)]
    assert [other.value, other.low, other.high] == pytest.approx(expected, abs=1e-8)
    turned = Figure("f", -above / -below).estimate(outcomes)
    assert (turned.value, turned.low) == pytest.approx((one.value, one.low), abs=1e-8)
    assert Figure("f", 1 / below).estimate(outcomes).value > 0


def test_a_conditional_probability_as_a_ratio_is_much_the_same(rng):
    """P(A and B)/P(B): the shots that do not meet B say nothing."""
    outcomes = shots_of(rng, 4000)
    both = qn.population("c", [*ENDS, *TESTS], [a + b for a in SAME for b in SAME])
    ratio = Figure("f", both / qn.population("c", TESTS, SAME)).estimate(outcomes)
    kept = Figure("f", qn.keep_if(qn.population("c", ENDS, SAME), TESTS, SAME)).estimate(outcomes)
    assert (ratio.value, ratio.standard_error) == pytest.approx((kept.value, kept.standard_error))
    assert (ratio.low, ratio.high) == pytest.approx((kept.low, kept.high), abs=0.15 * kept.standard_error)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("p", "q", "n"), [(0.3, 0.6, 60), (0.02, 0.9, 40), (0.5, 0.1, 150)])
def test_intervals_of_ratios_cover(rng, p, q, n):
    figure, repeats, covered = (
        Figure("f", qn.population("a", ENDS[:1], ["1"]) / qn.population("b", ENDS[:1], ["1"])),
        250,
        0,
    )
    for _ in range(repeats):
        outcomes = {name: {"out": rng.random((n, 1)) < chance} for name, chance in (("a", p), ("b", q))}
        covered += p / q in figure.estimate(outcomes)
    assert binom.cdf(covered, repeats, 0.945) > 1e-6


def test_a_ratio_has_the_p_value_of_its_difference_from_the_null_hypothesis(rng):
    outcomes = {name: {"out": rng.random((300, 1)) < p} for name, p in (("a", 0.6), ("b", 0.4))}
    above, below = (qn.population(name, ENDS[:1], ["1"]) for name in "ab")
    p_value = Figure("f", above / below, null=1.0).estimate(outcomes).p_value
    assert 0 < p_value < 0.01 and p_value == Figure("f", above - below, null=0.0).estimate(outcomes).p_value


def test_a_ratio_whose_denominator_may_be_0_has_no_value(rng):
    outcomes = {"c": {"out": np.zeros((50, 4), bool)}}
    for below, why in (
        (qn.population("c", ENDS, ["11"]), "is 0"),
        (qn.parity("c", ENDS) - 0.99, "not excluded"),
    ):
        figure = Figure("f", qn.population("c", TESTS, ["00"]) / below)
        assert figure.conditioned
        with pytest.raises(NoShotsError, match=why) as caught:
            figure.estimate(outcomes)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["0.7 less all", "overlap, p = 0.98", "errors kept"])
def test_figures_of_the_benchmark_cover_and_are_no_longer_than_they_must(part, rng):
    (case,) = (each for each in conditions.made_up() if part in each.name)
    row = conditions.measured(case, 1000, 100, rng)
    assert row.covers(1e-6) and row.repeats == 100 and row.rarer >= 20
    assert row.ratio < 1.65  # 100 repetitions know the spread within 35 % at alpha = 1e-6


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda each: qn.keep_if(each, []),
        lambda each: qn.keep_if(each, TESTS, []),
        lambda each: qn.keep_if(each, TESTS, ["0"]),
        lambda each: qn.keep_if(each, TESTS, ["02"]),
        lambda each: qn.acceptance(each),
        lambda each: qn.keep_if(1.0, TESTS),
        lambda each: qn.acceptance(0.5),
        lambda each: qn.acceptance(qn.Expression(1.0)),
        lambda each: qn.acceptance(qn.keep_if(qn.keep_if(each, TESTS, ["00"]), TESTS, ["11"])),
        lambda each: qn.parity("c", ENDS, [("out", 0, 2)]),
        lambda each: qn.parity("c", ENDS, [("out", 0, 0.7)]),
        lambda each: qn.parity("c", ENDS, ("out", 0, 1)),
        lambda each: qn.parity("c", [("out", 0.5)]),
        lambda each: qn.parity("c", ("out", 0)),
        lambda each: qn.population("c", [], [""]),
        lambda each: qn.keep_if(each, [("out", None)]),
    ],
)
def test_what_is_no_condition_is_refused_in_one_line(make):
    with pytest.raises(ParameterError) as caught:
        make(qn.parity("c", ENDS))
    assert "\n" not in str(caught.value)


def test_bits_may_have_indices_of_numpy():
    bits = [("out", index) for index in np.arange(2)]
    kept = qn.keep_if(qn.parity("c", bits), bits, SAME)
    assert kept == qn.keep_if(qn.parity("c", ENDS), ENDS, SAME)
    assert json.loads(json.dumps(kept.to_dict())) == kept.to_dict()


def test_a_condition_on_a_bit_that_is_not_there_is_refused():
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(1)
    circuit.measure_all()
    kept = qn.keep_if(qn.parity("circuit", [("meas", 0)]), [("flag", 0)], ["0"])
    with pytest.raises(ProgramError, match=r"flag\[0\]"):
        qn.predict(circuit, figures=[Figure("f", kept)])


def test_a_single_pattern_is_a_condition_on_each_bit():
    kept = qn.keep_if(qn.parity("c", ENDS), TESTS, ["01"])
    assert kept == qn.parity("c", ENDS, [("out", 2, 0), ("out", 3, 1)])
    assert kept.events[0].given == (Condition((TESTS[0],), ("0",)), Condition((TESTS[1],), ("1",)))


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_ways_in_which_a_condition_is_met_are_its_patterns(rng, width):
    """Whatever the patterns: each shot that meets the condition meets one way, and no other shot meets any."""
    bits = tuple(("a", k) for k in range(width))
    every = ["".join(digits) for digits in product("01", repeat=width)]
    half = [each for each in every if each[:2].count("1") % 2]
    for patterns in [[each for each in every if rng.random() < 0.5] or every[:1] for _ in range(20)] + [half]:
        ways = Condition(bits, tuple(patterns)).ways()
        for values in every:
            digit = {bit: int(value) for bit, value in zip(bits, values, strict=True)}
            met = [all(sum(digit[bit] for bit in which) % 2 == value for which, value in way) for way in ways]
            assert sum(met) == (values in patterns)


def test_parities_that_all_hold_are_one_way():
    same = [Condition((("a", k), ("b", k))) for k in range(3)]
    (way,) = joined(same).ways()
    assert {(frozenset(bits), value) for bits, value in way} == {(frozenset(each.bits), 0) for each in same}


def test_parities_that_share_bits_are_ways_of_their_own():
    """As all bits 0 or all 1, of a GHZ state: few patterns, and many parities with the same bit."""
    bits = tuple(("a", k) for k in range(30))
    assert [len(way) for way in Condition(bits, ("0" * 30, "1" * 30)).ways()] == [30, 30]
