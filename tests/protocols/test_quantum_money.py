"""Quantum money: honest notes pass, and counterfeiters reach what theory says, and never more than 3/4 for each qubit."""

from dataclasses import dataclass

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.theory import quantum_money

#: Both notes pass, and each passes on average.
BEST = {
    "cloner": (3 / 4, 5 / 6),
    "universal": (2 / 3, 5 / 6),
    "measure": (5 / 8, 3 / 4),
    "measure:x": (5 / 8, 3 / 4),
    "measure:breidbart": (5 / 8, 3 / 4),
    "keep": (1 / 2, 3 / 4),
}
UNEVEN = qn.Network.from_edges(
    [
        ("bank", "shop", qn.Link(pauli=(0.8, 0.1, 0.03, 0.07))),
        ("shop", "holder", qn.Link(pauli=(0.9, 0.02, 0.03, 0.05))),
    ]
)


def exact(protocol):
    return {name: estimate.value for name, estimate in qn.run(protocol, "exact").figures.items()}


def test_reference_values():
    assert quantum_money.best_both() == pytest.approx(0.75, abs=1e-12)
    assert quantum_money.best_each() == pytest.approx(0.85355, abs=5e-6)
    theory = qn.QuantumMoney(cheater="cloner", length=7).theory(qn.NoiseParameters())
    assert theory["note_both_pass"] == pytest.approx(0.75**7, abs=1e-12)


def test_honest_notes_pass():
    assert exact(qn.QuantumMoney(hops=2)) == pytest.approx({"valid": 1.0, "note_valid": 1.0}, abs=1e-9)
    noisy = qn.QuantumMoney(network=UNEVEN, length=3)
    found = exact(noisy)
    assert found == pytest.approx(noisy.theory(qn.NoiseParameters()), abs=1e-9)
    assert found["valid"] < 0.8 and found["note_valid"] == pytest.approx(found["valid"] ** 3, abs=1e-9)


@pytest.mark.parametrize("cheater", BEST)
def test_counterfeiters_reach_their_values(cheater):
    both, each = BEST[cheater]
    found = exact(qn.QuantumMoney(cheater=cheater, length=4))
    assert found == pytest.approx({"both_pass": both, "valid": each, "note_both_pass": both**4}, abs=1e-9)
    assert found["both_pass"] <= quantum_money.best_both() + 1e-9
    assert found["valid"] <= quantum_money.best_each() + 1e-9


@pytest.mark.parametrize(("state", "both", "read"), [("1", 1.0, 1.0), ("+", 0.25, 0.5), ("-", 0.25, 0.5)])
def test_what_is_measured_is_copied_and_no_superposition_is_left(state, both, read):
    program = qn.QuantumMoney(cheater="measure").program(np.random.default_rng(0))
    value = "0" if state == "+" else "1"
    figures = [
        qn.Figure("both", qn.population(state, [("out", 0), ("out", 1)], [value * 2])),
        qn.Figure("read", qn.population(state, [("heard", 0)], [value])),
    ]
    found = qn.predict(qn.Program(program.items, figures, program.network), "exact")
    assert (found["both"].value, found["read"].value) == pytest.approx((both, read), abs=1e-9)


@pytest.mark.parametrize("cheater", ["cloner", "measure:x", "keep"])
def test_counterfeiters_over_noisy_lines(cheater):
    noisy = qn.QuantumMoney(cheater=cheater, network=UNEVEN)
    assert exact(noisy) == pytest.approx(noisy.theory(qn.NoiseParameters()), abs=1e-9)


def test_no_channel_beats_the_bound():
    """The best isometry to two notes and two more qubits is sought from random ones, and ends at 3/4."""
    root = np.sqrt(0.5)
    states = np.array([[1, 0], [0, 1], [root, root], [root, -root]])
    rng, ends = np.random.default_rng(2), []
    for _ in range(6):
        isometry = np.linalg.qr(rng.normal(size=(16, 2)) + 1j * rng.normal(size=(16, 2)))[0]
        passed = []
        for _ in range(60):
            amplitudes = isometry.reshape(2, 2, 4, 2)
            gradient = sum(
                np.einsum("a,b,eq,q,r->aber", s, s, np.einsum("a,b,abeq->eq", s, s, amplitudes), s, s)
                for s in states
            )
            passed.append(np.real(np.vdot(amplitudes, gradient)) / 4)
            left, _, right = np.linalg.svd(gradient.reshape(16, 2), full_matrices=False)
            isometry = left @ right
        assert max(passed) <= quantum_money.best_both() + 1e-9
        ends.append(passed[-1])
    assert max(ends) == pytest.approx(0.75, abs=1e-6)


@dataclass(frozen=True)
class AnotherCloner(qn.OptimalCloner):
    """The same network with any real state of the two other qubits."""

    amplitudes: tuple[float, ...] = ()


def test_other_states_of_the_network_pass_less_often():
    rng = np.random.default_rng(4)
    for _ in range(3):
        drawn = rng.normal(size=4)
        cheater = AnotherCloner(tuple(drawn / np.linalg.norm(drawn)))
        found = exact(qn.QuantumMoney(cheater=cheater))["both_pass"]
        by_hand = np.mean([each[0] for each in quantum_money.cloned(cheater.amplitudes).values()])
        assert found == pytest.approx(by_hand, abs=1e-9)
        assert found < quantum_money.best_both()


def test_a_sample_agrees():
    result = qn.run(qn.QuantumMoney(cheater="cloner", length=3), shots=25_000, seed=1, level=1 - 1e-6)
    assert result.both_pass.n == 100_000
    assert 0.75 in result.both_pass and 5 / 6 in result.valid
    assert result.note_both_pass.low == pytest.approx(result.both_pass.low**3)
    assert 0.75**3 in result.note_both_pass


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"cheater": "photocopier"}, qn.errors.UnknownNameError),
        ({"cheater": "measure:w"}, qn.errors.UnknownNameError),
        ({"cheater": "keep:1"}, qn.errors.ParameterError),
        ({"length": 0}, qn.errors.ParameterError),
        ({"hops": 2, "network": UNEVEN}, qn.errors.ParameterError),
        ({"network": qn.Network.star(3)}, qn.errors.ParameterError),
    ],
)
def test_bad_input(wrong, error):
    with pytest.raises(error):
        qn.QuantumMoney(**wrong)
