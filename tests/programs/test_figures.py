"""Figures: values that cannot exist are errors, intervals that reach beyond them are cut and said so, names can be reached."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.errors import FigureError, ParameterError, ProgramError
from qnet_circuits.programs.figures import Figure, parity, population
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.runs.mitigation.inversion import Readout
from qnet_circuits.runs.mitigation.mitigated import Sampled, mitigated
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
        qn.run(Scaled(1.1), "aer:fake_manila", shots=10, seed=1, predict=True)


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


def test_an_interval_outside_by_chance_is_widened_and_one_far_outside_refused():
    """The truth is 0, an end of the range: 1.5 p - 0.5 at p = 1/3. Chance puts one interval in forty below it."""
    figure = Figure("fidelity", 1.5 * population("a", [("out", 0)], ["1"]) - 0.5, physical=(0.0, 1.0))
    rng, shots, below = np.random.default_rng(1), 200, 0
    for ones in rng.binomial(shots, 1 / 3, 400):
        bits = np.arange(shots)[:, None] < ones
        estimate = figure.estimate({"a": {"out": bits}})
        free = dataclasses.replace(figure, physical=None).estimate({"a": {"out": bits}})
        below += free.high < 0
        assert 0 <= estimate.low <= estimate.value < estimate.high
    assert below
    with pytest.raises(FigureError):
        figure.estimate({"a": {"out": np.arange(shots)[:, None] < 20}})


def test_mitigated_figures_are_cut_and_refused_alike():
    samples = {"a": Sampled(OutcomeMap((("out", 0),), {"out": ((0,),)}), np.ones((500, 1), bool), (0,))}
    figure = Figure("fidelity", population("a", [("out", 0)], ["1"]), physical=(0.0, 1.0))
    over = mitigated(figure, samples, Readout({0: (0, 10)}, 1000))
    assert (over.value, over.high) == (1, 1) and over.method.endswith("values that exist")
    with pytest.raises(FigureError):
        mitigated(figure, samples, Readout({0: (0, 300)}, 1000))


def test_a_run_whose_readout_is_corrected_too_much_keeps_its_raw_figures():
    """The readout circuits prepare |1⟩ by a gate that errs and that the program does not use."""
    device = qn.line_device(2, readout_error=0.01)
    wrong = tuple(
        dataclasses.replace(entry, error=0.4 if entry.name == "x" else 0.0) for entry in device.entries
    )
    result = qn.run(
        Scaled(),
        dataclasses.replace(device, entries=wrong),
        shots=500,
        seed=1,
        mitigate=True,
        optimization_level=0,
    )
    assert result.fidelity.value > 0.9 and "fidelity" not in result.mitigated
    assert any("fidelity is not mitigated" in note for note in result.notes)


RESULT = {field.name for field in dataclasses.fields(Result)} | {
    name for name in dir(Result) if not name.startswith("_")
}


@pytest.mark.parametrize("name", sorted(RESULT | {"acceptance", "__class__", "_repr_html_"}))
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
        lambda each: each / each,
        lambda each: 1 / each,
        lambda each: each / 0,
        lambda each: each * "2",
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
