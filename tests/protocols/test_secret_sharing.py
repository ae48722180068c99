"""Secret sharing reaches its reference values, and the dishonest members their optima."""

import math

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, UnknownNameError

IDEAL = qn.NoiseParameters()
#: Error rate and guess of the dealer's bit over perfect links.
CHEATERS = {
    "intercept": (0.25, 0.75),
    "intercept:2:breidbart": (0.25, math.cos(math.pi / 8) ** 2),
    "fake-signal": (0.0, 1.0),
}
UNEVEN = [
    qn.Link(pauli=(0.85, 0.05, 0.03, 0.07)),
    qn.Link(pauli=(0.9, 0.02, 0.05, 0.03)),
    qn.Link(pauli=(0.92, 0.02, 0.03, 0.03)),
]
ROUTED = qn.Network.from_edges(
    [("dealer", "router", UNEVEN[0]), ("router", "ann", UNEVEN[1]), ("dealer", "ben", UNEVEN[2])]
)


def exact(protocol):
    return {name: estimate.value for name, estimate in qn.predict(protocol, "exact").figures.items()}


def test_honest_rounds_have_no_error_and_one_share_tells_nothing():
    assert exact(qn.SecretSharing()) == pytest.approx({"error_rate": 0, "single_guess": 0.5}, abs=1e-9)


@pytest.mark.parametrize(("cheater", "expected"), CHEATERS.items())
def test_cheaters_reach_their_optimum_and_do_not_beat_it(cheater, expected):
    protocol = qn.SecretSharing(cheater=cheater)
    found = exact(protocol)
    assert (found["error_rate"], found["cheater_guess"]) == pytest.approx(expected, abs=1e-9)
    best = protocol.bounds["cheater_guess"]["optimum"]
    assert found["cheater_guess"] <= best + 1e-9
    assert (cheater == "intercept") == (found["cheater_guess"] < best - 0.1)


@pytest.mark.parametrize("cheater", [None, "intercept:2", "fake-signal:1"])
@pytest.mark.parametrize("parties", [("ann", "ben"), ("ben", "ann")])
def test_theory_over_uneven_links_and_a_router(cheater, parties):
    protocol = qn.SecretSharing(parties=parties, network=ROUTED, cheater=cheater)
    assert exact(protocol) == pytest.approx(protocol.theory(IDEAL), abs=1e-9)


def test_every_single_bit_is_uniform_and_two_are_when_the_third_is_unknown(rng):
    program = qn.SecretSharing(link_fidelity=0.9).program(rng)
    bits = [[("out", k)] for k in range(3)] + [[("out", 0), ("out", 1)], [("out", 0), ("out", 2)]]
    figures = [
        qn.Figure(f"f{n}_{k}", qn.parity(item.name, chosen))
        for n, item in enumerate(program.items)
        for k, chosen in enumerate(bits)
    ]
    found = qn.predict(qn.Program(program.items, figures, program.network), "exact")
    assert [each.value for each in found.figures.values()] == pytest.approx([0.0] * len(figures), abs=1e-9)


def test_no_measurement_before_the_bases_are_known_guesses_better(rng):
    """The dealer's bit is a BB84 state of the span of |00⟩ and |11⟩; a guess for each basis follows from one result."""
    axes = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]]])
    best = qn.SecretSharing(cheater="intercept").bounds["cheater_guess"]["optimum"]
    made = rng.normal(size=(2000, 4, 2)) + 1j * rng.normal(size=(2000, 4, 2))
    vectors = np.linalg.qr(made).Q  # the operators of four results, which sum to the identity
    means = np.einsum("rki,bij,rkj->rkb", vectors.conj(), axes, vectors).real
    right = 0.5 + np.abs(means).sum(axis=(1, 2)) / 8
    assert best - 0.05 < right.max() <= best + 1e-9


def test_sampled_error_rate_of_an_interceptor():
    result = qn.run(qn.SecretSharing(cheater="intercept"), shots=500, seed=3, level=0.999999)
    assert 0.25 in result.error_rate and 0.75 in result.cheater_guess


def test_bad_input():
    with pytest.raises(ParameterError, match="two members"):
        qn.SecretSharing(parties=3)
    for cheater in (lambda: qn.SecretSharing(cheater="intercept:3"), lambda: qn.FakeSignal(2.0)):
        with pytest.raises(ParameterError, match="1 to 2"):
            cheater()
    for cheater in ("dealer", "intercept:1:z"):
        with pytest.raises(UnknownNameError):
            qn.SecretSharing(cheater=cheater)
    network = qn.Network.from_edges([("dealer", "tap"), ("dealer", "ben")])
    with pytest.raises(ParameterError, match="tap"):
        qn.SecretSharing(network=network, cheater="intercept")
