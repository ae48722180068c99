"""Conference keys reach their thresholds, exact values and the source's optimum, and end with one key or with a reason."""

import json
import math

import numpy as np
import pytest
from scipy.optimize import brentq

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.theory import conference
from qnet_circuits.theory.entropy import threshold

IDEAL = qn.NoiseParameters()
ROUTED = qn.Network.from_edges(
    [
        ("source", "router", qn.Link(pauli=(0.85, 0.05, 0.03, 0.07))),
        ("router", "ann", qn.Link(pauli=(0.9, 0.02, 0.05, 0.03))),
        ("source", "ben", qn.Link(pauli=(0.92, 0.02, 0.03, 0.03))),
        ("source", "cat", qn.Link(0.97)),
    ]
)


def exact(protocol):
    return {name: estimate.value for name, estimate in qn.predict(protocol, "exact").figures.items()}


def entropy(rho):
    values = np.linalg.eigvalsh(rho)
    return -sum(value * math.log2(value) for value in values if value > 1e-15)


def devetak_winter(parties, error):
    """S(Z of the first | E) - h(Q) from the density matrix of a GHZ state in white noise; E purifies it."""
    size = 2**parties
    ghz = np.zeros(size)
    ghz[[0, -1]] = math.sqrt(0.5)
    rho = (1 - 2 * error) * np.outer(ghz, ghz) + 2 * error * np.eye(size) / size
    halves = [rho[: size // 2, : size // 2], rho[size // 2 :, size // 2 :]]
    rest = sum(np.trace(half) * entropy(half / np.trace(half)) for half in halves)
    return 1 + rest - entropy(rho) - entropy(np.diag([error, 1 - error]))


@pytest.mark.parametrize(
    ("parties", "printed"), [(2, (0.1262, 0.7476)), (3, (0.1398, 0.7204)), (4, None), (5, None)]
)
def test_thresholds_in_white_noise(parties, printed):
    found = conference.white_noise_threshold(parties)
    assert found == pytest.approx(brentq(lambda q: devetak_winter(parties, q), 0.05, 0.25), abs=1e-6)
    if printed:
        assert (round(found, 4), round(1 - 2 * found, 4)) == printed


def test_threshold_of_equal_error_rates():
    at = threshold(lambda q: conference.conference_rate([q / 2, q], q), 0.01, 0.3)
    assert round(at, 5) == 0.11003


@pytest.mark.parametrize(
    ("cheater", "parties"), [(None, ("ann", "ben", "cat")), ("source:0.1", ("ben", "ann"))]
)
def test_theory_over_uneven_links_and_a_router(cheater, parties):
    protocol = qn.ConferenceKey(parties=parties, network=ROUTED, cheater=cheater)
    assert exact(protocol) == pytest.approx(protocol.theory(IDEAL), abs=1e-9)


@pytest.mark.parametrize("parties", [2, 5])
def test_honest_figures_are_perfect(parties):
    found = exact(qn.ConferenceKey(parties=parties))
    assert found.pop("key_rate") == pytest.approx(1.0, abs=1e-9)
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-9)


def test_every_single_bit_is_uniform(rng):
    program = qn.ConferenceKey(link_fidelity=0.9).program(rng)
    figures = [
        qn.Figure(f"f{n}_{k}", qn.parity(item.name, [("out", k)]))
        for n, item in enumerate(program.items)
        for k in range(3)
    ]
    found = qn.predict(qn.Program(program.items, figures, program.network), "exact")
    assert [each.value for each in found.figures.values()] == pytest.approx([0.0] * len(figures), abs=1e-9)


@pytest.mark.parametrize("disturbance", [0.03, 0.5])
def test_the_source_reaches_its_optimum(disturbance):
    protocol = qn.ConferenceKey(parties=2, cheater=qn.DishonestSource(disturbance))
    found, best = exact(protocol), 0.5 + math.sqrt(disturbance * (1 - disturbance))
    assert found["qber_x"] == pytest.approx(disturbance, abs=1e-9) and found["qber"] == pytest.approx(0)
    assert found["cheater_guess"] == pytest.approx(best, abs=1e-9)
    assert found["cheater_guess"] <= protocol.bounds["cheater_guess"]["optimum"] + 1e-9


def test_no_source_beats_the_optimum(rng):
    """Any state of two parties and a source's qubits: the best guess of the first party's Z bit, against the X parity."""
    x = np.array([[0, 1], [1, 0]])
    xx = np.kron(np.kron(x, x), np.eye(4))
    nearest = 1.0
    for spread in rng.random(300):
        state = np.zeros((4, 4), complex)
        state[[0, 3], [0, 0]] = 1
        state += spread * (rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))
        state /= np.linalg.norm(state)
        flat = state.reshape(-1)
        error = (1 - (flat.conj() @ xx @ flat).real) / 2
        zero, one = (half.T @ half.conj() for half in (state[:2], state[2:]))
        guess = 0.5 + np.abs(np.linalg.eigvalsh(zero - one)).sum() / 2
        error = min(error, 1 - error)
        margin = conference.source_guess(error) - guess
        nearest = min(nearest, margin)
        assert margin >= -1e-9
    assert nearest < 0.05


def test_all_parties_have_the_same_key_and_a_low_disturbance_is_paid_for():
    result = qn.run(qn.ConferenceKey(cheater="source:0.01", rounds=60_000), seed=2, level=0.999999)
    assert result.refused is None
    assert len(result.secret_key) == result.key_length.value == result.ledger["net_key"] > 0
    assert len(result.member_keys) == 2 and all(key == result.secret_key for key in result.member_keys)
    assert 0.01 in result.qber_x and result.theory["cheater_guess"] in result.cheater_guess
    assert result.theory["key_rate"] in result.key_rate
    assert result.ledger["sifted"] == result.sifted.value < result.ledger["pulses"] == 60_000


def test_a_source_of_classical_bits_is_refused(qnet):
    arguments = ["run", "conference-key", "--set", "cheater=source", "--set", "rounds=4000", "--json"]
    status, out, _ = qnet(*arguments)
    plain = json.loads(out)
    assert status == 1 and plain["aborted"].startswith("qber")
    assert plain["figures"]["cheater_guess"]["value"] == 1.0


def test_no_round_with_equal_bases_is_too_short():
    for seed in range(3):
        found = qn.run(qn.ConferenceKey(parties=6, rounds=2), seed=seed)
        assert found.refused.startswith("short") and found.secret_key is None
        assert found.ledger["pulses"] == 2 and found.sifted.value == 0


def test_bad_input():
    for wrong in (
        {"parties": 1},
        {"rounds": 0},
        {"key_basis_probability": 1.0},
        {"cheater": "source:0.6"},
        {"tolerance": 0.6},
    ):
        with pytest.raises(ParameterError):
            qn.ConferenceKey(**wrong)
    with pytest.raises(UnknownNameError):
        qn.ConferenceKey(cheater="party")
