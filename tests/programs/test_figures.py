"""Figures: values that cannot exist are errors, intervals that reach beyond them are cut and said so, names can be reached."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from scipy.stats import binom

import qnet_circuits as qn
from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.errors import FigureError, ParameterError, ProgramError
from qnet_circuits.programs.expressions import parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.runs.mitigation.mitigated import mitigated
from qnet_circuits.runs.mitigation.part import Sampled
from qnet_circuits.runs.mitigation.readout import Readout
from qnet_circuits.runs.results.result import Result
from qnet_circuits.testing import check_protocol

#: The angle at which the probability is 2/3.
TWO_THIRDS = 2 * np.arcsin(np.sqrt(2 / 3))


@dataclass(frozen=True)
class Scaled(qn.Protocol):
    """One qubit that is 1 with a probability of sin²(angle/2), and a figure that is ``factor`` times this probability."""

    name: ClassVar[str] = "scaled"
    factor: float = 1.0
    angle: float = np.pi

    def program(self, rng):
        circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
        circuit.ry(self.angle, 0)
        circuit.measure(0, 0)
        fidelity = self.factor * population("one", [("out", 0)], ["1"])
        return Program([Item("one", circuit)], [Figure("fidelity", fidelity, ideal=1.0, physical=(0.0, 1.0))])


@pytest.mark.parametrize("factor", [5 / 3, -0.2])
@pytest.mark.parametrize("backend", ["ideal", "exact"])
def test_a_value_that_cannot_exist_is_an_error(backend, factor):
    with pytest.raises(FigureError, match=r"fidelity.*\[0, 1\]"):
        qn.run(Scaled(factor), backend, seed=1)
    check_protocol(Scaled())
    with pytest.raises(AssertionError, match="fidelity"):
        check_protocol(Scaled(factor))


def test_the_exact_value_of_a_prediction_is_held_to_it_too():
    with pytest.raises(FigureError, match="fidelity"):
        qn.run(Scaled(1.3), "aer:fake_manila", shots=10, seed=1, predict=True)


def test_an_interval_that_is_cut_is_said():
    """Two thirds of 1.5: the value is physical, and half of the interval is not."""
    result = qn.run(Scaled(1.5, TWO_THIRDS), shots=300, seed=1)
    assert result.fidelity.high == 1 and any("fidelity" in note for note in result.notes)
    inside = qn.run(Scaled(0.5, TWO_THIRDS), shots=300, seed=1)
    assert inside.fidelity.high < 1 and not any("fidelity" in note for note in inside.notes)
    whole = qn.run(Scaled(), shots=300, seed=1)
    assert whole.fidelity.high == 1 and not any("fidelity" in note for note in whole.notes)


def test_a_block_s_interval_that_is_cut_is_said():
    result = qn.run(Scaled(1.5, TWO_THIRDS), shots=100, seed=4, repeats=3)
    low, high = result.blocks["fidelity"]["spread"]
    assert low < high == 1 == result.fidelity.high and any("fidelity" in note for note in result.notes)


def test_an_interval_outside_by_chance_keeps_its_length_and_one_far_outside_is_refused():
    """The truth is 0, an end of the range: 1.5 p - 0.5 at p = 1/3. Chance puts one interval in forty below it."""
    figure = Figure("fidelity", 1.5 * population("a", [("out", 0)], ["1"]) - 0.5, physical=(0.0, 1.0))
    rng, shots, below = np.random.default_rng(1), 200, 0
    for ones in rng.binomial(shots, 1 / 3, 400):
        bits = np.arange(shots)[:, None] < ones
        estimate = figure.estimate({"a": {"out": bits}})
        free = dataclasses.replace(figure, physical=None).estimate({"a": {"out": bits}})
        below += free.high < 0
        assert estimate.low == max(free.low, 0) and estimate.value == max(free.value, 0)
        assert estimate.high - estimate.value == pytest.approx(free.high - free.value)
    assert below
    with pytest.raises(FigureError):
        figure.estimate({"a": {"out": np.arange(shots)[:, None] < 20}})


def test_mitigated_figures_are_cut_and_refused_alike():
    samples = {"a": Sampled(OutcomeMap((("out", 0),), {"out": ((0,),)}), np.ones((500, 1), bool), (0,))}
    figure = Figure("fidelity", population("a", [("out", 0)], ["1"]), physical=(0.0, 1.0))
    over = mitigated(figure, samples, {0: Readout((0, 10), (1000, 1000))})
    assert (over.value, over.high) == (1, 1) and over.method.endswith("values that exist")
    with pytest.raises(FigureError):
        mitigated(figure, samples, {0: Readout((0, 300), (1000, 1000))})


def test_a_gate_that_errs_where_readout_is_measured_is_in_the_interval():
    """The readout circuits prepare |1⟩ by a gate that errs and that the program does not use: the truth is 0.9."""
    device = qn.line_device(2, readout_error=0.01)
    entries = tuple(
        dataclasses.replace(entry, error=0.1 if entry.name == "x" else 0.0) for entry in device.entries
    )
    options = {"shots": 4000, "seed": 1, "mitigate": True, "optimization_level": 0}
    angle = 2 * np.arcsin(np.sqrt(0.9))
    wrong, right = (
        qn.run(Scaled(1.0, angle), each, **options).mitigated["fidelity"]
        for each in (dataclasses.replace(device, entries=entries), device)
    )
    assert wrong.value > 0.97 and 0.9 in wrong
    assert 0.9 in right and right.high - right.low < 0.3 * (wrong.high - wrong.low)


RESULT = {field.name for field in dataclasses.fields(Result)} | {
    name for name in dir(Result) if not name.startswith("_")
}


@pytest.mark.parametrize("name", sorted(RESULT | {"acceptance_of_corrections", "__class__", "_repr_html_"}))
def test_a_name_that_a_result_needs_is_refused(name):
    circuit = Scaled().program(None).items[0].circuit
    with pytest.raises(ProgramError, match=name):
        Program([Item("one", circuit)], [Figure(name, parity("one", [("out", 0)]))])


@pytest.mark.parametrize(
    "given", [(1, 0), (0,), (0, 1, 2), "ab", 3, (0, None), (0, float("nan")), (0.5, 0.5)], ids=repr
)
def test_a_range_that_is_none_is_refused_when_the_figure_is_made(given):
    with pytest.raises(ParameterError, match="physical"):
        Figure("fidelity", parity("one", [("out", 0)]), physical=given)


@pytest.mark.parametrize(
    "make",
    [
        lambda each: each * each,
        lambda each: each / qn.Expression(2.0),
        lambda each: each + each / each,
        lambda each: each / each + each,
        lambda each: (each / each) * (each / each),
        lambda each: each / (each / each),
        lambda each: (each / each) / 0,
        lambda each: Figure("x", each / each, drawn_from=4),
        lambda each: each / 0,
        lambda each: each * "2",
        lambda each: each * float("nan"),
        lambda each: each + float("inf"),
        lambda each: each + "2",
        lambda each: each - None,
        lambda each: Figure("x", 1.0),
        lambda each: Figure(1, each),
    ],
)
def test_what_is_no_linear_combination_is_refused_at_once(make):
    with pytest.raises((ParameterError, TypeError)) as caught:
        make(parity("one", [("out", 0)]))
    assert "\n" not in str(caught.value)


def test_a_product_of_figures_says_what_to_do():
    each = parity("one", [("out", 0)])
    with pytest.raises(ParameterError, match="linear combination"):
        each * each


def _shots(rng, n, *columns):
    """Return a register of bits of which each is 1 with a probability, given the bit before it."""
    bits = np.zeros((n, len(columns)), bool)
    for k, (after_0, after_1) in enumerate(columns):
        before = bits[:, k - 1] if k else np.zeros(n, bool)
        bits[:, k] = rng.random(n) < np.where(before, after_1, after_0)
    return {"a": {"out": bits}}


def test_the_standard_error_of_events_of_the_same_shots_is_that_of_what_each_shot_adds(rng):
    first, second = (population("a", [("out", k)], ["1"]) for k in (0, 1))
    outcomes = _shots(rng, 500, (0.3, 0.3), (0.1, 0.8))
    bits = outcomes["a"]["out"].astype(float)
    for expression, scores in ((first + second, bits.sum(1)), (first - second, bits[:, 0] - bits[:, 1])):
        estimate = Figure("figure", expression).estimate(outcomes)
        assert estimate.value == pytest.approx(scores.mean())
        assert estimate.standard_error == pytest.approx(scores.std() / 500**0.5)
        half = (estimate.high - estimate.low) / 2
        assert estimate.standard_error < half / 1.96 < 1.2 * estimate.standard_error


def test_events_of_the_same_shots_cover(rng):
    expression = population("a", [("out", 0)], ["1"]) - 0.5 * population("a", [("out", 1)], ["1"])
    figure, truth, repeats = Figure("figure", expression), 0.05 - 0.5 * (0.05 * 0.9 + 0.95 * 0.01), 300
    covered = sum(
        truth in figure.estimate(_shots(rng, 60, (0.05, 0.05), (0.01, 0.9))) for _ in range(repeats)
    )
    assert binom.cdf(covered, repeats, 0.945) > 1e-6


def test_conditions_that_exclude_each_other_are_independent_and_others_are_not(rng):
    outcomes = _shots(rng, 400, (0.5, 0.5), (0.2, 0.4))
    read = [("out", 1)]
    apart = [population("a", read, ["1"], [("out", 0, value)]) for value in (0, 1)]
    found = Figure("figure", apart[0] + apart[1]).estimate(outcomes)
    each = [Figure("figure", one).estimate(outcomes) for one in apart]
    assert found.n == 400
    assert found.standard_error == pytest.approx(np.hypot(*(one.standard_error for one in each)))
    whole = population("a", read, ["1"])
    together = Figure("figure", apart[0] + whole).estimate(outcomes)
    flag, one = outcomes["a"]["out"].T
    counts = ~flag
    scores = (one - one[counts].mean()) * counts / counts.mean() + one
    assert together.n == 400 and together.value == pytest.approx(one[counts].mean() + one.mean())
    assert together.standard_error == pytest.approx(scores.std() / 20)
    half = (together.high - together.low) / 2
    assert together.standard_error < half / 1.96 < 1.2 * together.standard_error


def test_conditions_that_overlap_cover(rng):
    kept, whole = (population("a", [("out", 1)], ["1"], given) for given in ([("out", 0, 1)], []))
    figure, truth, repeats = Figure("figure", kept - whole), 0.95 - (0.7 * 0.95 + 0.3 * 0.6), 300
    covered = sum(truth in figure.estimate(_shots(rng, 60, (0.7, 0.7), (0.6, 0.95))) for _ in range(repeats))
    assert binom.cdf(covered, repeats, 0.945) > 1e-6
