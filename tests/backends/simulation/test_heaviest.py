"""Estimates by the heaviest Pauli paths: exact where no path is dropped, close where few are followed."""

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.contraction import Contractor, Question
from qnet_circuits.backends.simulation.heaviest import Estimator, HeaviestPaths
from qnet_circuits.backends.simulation.tensors import skeleton_of
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.compiling.compiler import compile_program
from tests.backends.simulation.test_conditions_together import BITS, entangled

ALL = 10**6


def estimating(paths, device=None):
    """Return an engine that contracts nothing."""
    return ExactBackend("exact", device, memory=0, paths=paths)


def asked_of(skeleton, rng):
    """Return a question at random: a parity of bits, and three conditions on parities of them."""

    def drawn():
        return frozenset(skeleton.last[int(bit)] for bit in np.flatnonzero(rng.random(BITS) < 0.6))

    return Question(drawn(), tuple((drawn(), int(rng.integers(2))) for _ in range(3)))


@pytest.mark.parametrize("case", range(5))
def test_all_paths_give_the_answer(case, rng):
    """Rotations, decisions on shared bits, qubits that are measured and used again: every path counts once."""
    skeleton = skeleton_of(Twin().noisy(entangled(rng)))
    for question in (
        asked_of(skeleton, rng),
        Question(frozenset()),
        Question(frozenset(skeleton.last.values())),
    ):
        exact = Contractor().value(skeleton, (), question)
        assert HeaviestPaths(ALL).value(skeleton, (), question) == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_figures_of_links_that_are_emulated(mode):
    network = qn.Network.chain(
        2, [qn.Link(pauli=(0.8, 0.1, 0.07, 0.03)), qn.Link(pauli=(0.9, 0.0, 0.0, 0.1))]
    )
    program = qn.RepeaterChain(network=network).program(None)
    compiled = compile_program(program, corrections=mode, emulate_links=True)
    figures = [qn.Figure(item.name, qn.parity(item.name, [("out", 0), ("out", 1)])) for item in program]
    exact, paths = (engine.evaluate(compiled, figures).values for engine in (ExactBackend(), estimating(ALL)))
    assert {name: each.value for name, each in paths.items()} == pytest.approx(
        {name: each.value for name, each in exact.items()}, abs=1e-12
    )


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        (qn.RepeaterChain(hops=2), "fake_brisbane"),
        (qn.Ghz(parties=4), "fake_kingston"),
        (qn.Chsh(), "fake_torino"),
    ],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_few_paths_are_close(protocol, name):
    """A device's noise, waiting with its neighbours' ZZ and relaxation included, branches little off."""
    device, program = fake_device(name), protocol.program(np.random.default_rng(0))
    compiled = compile_program(program, device, corrections="feedforward")
    exact, few = (
        engine.evaluate(compiled, program.figures).values
        for engine in (ExactBackend("exact", device), estimating(64, device))
    )
    for figure, estimate in few.items():
        assert estimate.value == pytest.approx(exact[figure].value, abs=3e-3)


def test_what_fits_is_contracted_and_what_does_not_is_estimated(rng):
    """However few paths there are, an answer whose contraction is small is exact."""
    skeleton = skeleton_of(Twin().noisy(entangled(rng)))
    question = asked_of(skeleton, rng)
    exact = Contractor().value(skeleton, (), question)
    assert Estimator(2**20, {}, 1).value(skeleton, (), question) == pytest.approx(exact, abs=1e-12)
    few = HeaviestPaths(1).value(skeleton, (), question)
    assert Estimator(0, {}, 1).value(skeleton, (), question) == few != pytest.approx(exact, abs=1e-6)
