"""Sensing with GHZ states and with separate qubits: contrasts, uncertainties and a phase, exact and sampled."""

import math

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.testing import applicable_modes
from qnet_circuits.theory.sensing import fringe, phase_uncertainty

NOISE = qn.NoiseParameters()
LINKS = [qn.Link(pauli=(0.85, 0.08, 0.02, 0.05)), qn.Link(pauli=(0.9, 0.01, 0.04, 0.05)), qn.Link(0.9)]
UNEQUAL = qn.Network.from_edges([("s", "abc"[k], link) for k, link in enumerate(LINKS)])
#: Node d is reached over b.
ROUTED = qn.Network.from_edges(
    [("s", "a", LINKS[0]), ("s", "b", LINKS[1]), ("b", "d", LINKS[2]), ("a", "b", LINKS[2])]
)


def program_of(protocol):
    return protocol.program(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("parties", "contrast", "uncertainty", "limit"),
    [(4, 0.8493, 0.2943, 0.5), (8, 0.7214, 0.1733, 0.3536)],
)
def test_dephasing_reaches_the_reference(parties, contrast, uncertainty, limit):
    protocol = qn.Sensing(parties=parties, dephasing=0.02)
    theory, found = protocol.theory(NOISE), qn.run(protocol, "exact").figures
    assert theory["contrast"] == pytest.approx(contrast, abs=5e-5)
    assert theory["uncertainty"] == pytest.approx(uncertainty, abs=5e-5)
    assert protocol.bounds["uncertainty"]["standard_quantum_limit"] == pytest.approx(limit, abs=5e-5)
    assert {name: each.value for name, each in found.items()} == pytest.approx(theory, abs=1e-9)


@pytest.mark.parametrize(
    "protocol",
    [
        qn.Sensing(network=UNEQUAL, phase=0.3, dephasing=0.05),
        qn.Sensing(network=UNEQUAL, phase=-math.pi / 2),
        qn.Sensing(("d", "a"), network=ROUTED, phase=1.0),
    ],
    ids=["dephased", "quarter", "routed"],
)
def test_exact_figures_are_those_of_theory(protocol):
    theory, found = protocol.theory(NOISE), qn.run(protocol, "exact").figures
    assert set(found) == set(theory)
    assert {name: each.value for name, each in found.items()} == pytest.approx(theory, abs=1e-9)


def test_the_parity_of_a_perfect_state_is_the_cosine_of_all_phases():
    for phase in (0.0, 0.4, math.pi / 2, math.pi, 2.5, -math.pi):
        found = qn.run(_only_phase(qn.Sensing(phase=phase)), "exact")
        assert found.parity.value == pytest.approx(math.cos(3 * phase), abs=1e-9)


def _only_phase(protocol):
    program = program_of(protocol)
    return qn.Program(
        [each for each in program.items if each.name == "ghz_phase"],
        [each for each in program.figures if each.name == "parity"],
    )


def test_the_uncertainty_is_that_of_one_shot_at_the_steepest_point():
    """The information of a parity of mean m is m'²/(1 - m²), and its inverse root is the uncertainty."""
    arms, step = [(0.91, 0.02, 0.02, 0.05)] * 4, 1e-5
    below, steepest, above = (fringe(arms, math.pi / 8 + shift, 0.02) for shift in (-step, 0.0, step))
    found = math.sqrt(1 - steepest**2) * 2 * step / (below - above)
    assert found == pytest.approx(phase_uncertainty(4, fringe(arms, 0.0, 0.02)), rel=1e-6)


def test_only_a_phase_that_is_no_quarter_turn_waits_for_messages():
    for phase, passes in ((None, True), (math.pi / 2, True), (math.pi, True), (0.3, False)):
        assert ("frame" in applicable_modes(program_of(qn.Sensing(phase=phase)))) is passes


def test_a_sampled_run_reaches_theory():
    result = qn.run(qn.Sensing(link_fidelity=0.95, dephasing=0.03), shots=2000, seed=1, level=1 - 1e-6)
    for name, value in result.theory.items():
        assert value in result[name] and result[name].high - result[name].low < 0.25


def test_without_contrast_there_is_no_uncertainty():
    result = qn.run(qn.Sensing(dephasing=0.5), "exact")
    assert result.contrast.value == pytest.approx(0, abs=1e-12)
    assert "uncertainty" not in result.figures and "uncertainty" not in result.theory


@pytest.mark.parametrize(
    "given",
    [
        {"parties": 1},
        {"dephasing": 0.6},
        {"dephasing": -0.1},
        {"phase": 7},
        {"phase": math.nan},
        {"phase": "x"},
    ],
)
def test_what_cannot_be_is_refused(given):
    with pytest.raises(ParameterError):
        qn.Sensing(**given)
