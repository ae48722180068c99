"""The magic square game: always won with two Bell pairs, and no more than 8 of 9 questions without."""

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.theory import games

IDEAL = qn.NoiseParameters()


def exact(protocol, **options):
    return qn.predict(protocol, **options).win_probability.value


def test_two_pairs_always_win_and_need_their_corrections():
    assert exact(qn.MagicSquare()) == pytest.approx(1, abs=1e-9)
    far = qn.MagicSquare(hops=2)
    assert exact(far) == pytest.approx(1, abs=1e-9)
    assert exact(far, corrections="none") == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(("fidelity", "value"), [(0.99, 0.98968), (0.95, 0.94938), (0.9, 0.90123)])
def test_werner_pairs_reach_the_reference(fidelity, value):
    protocol = qn.MagicSquare(link_fidelity=fidelity)
    assert protocol.theory(IDEAL)["win_probability"] == pytest.approx(value, abs=6e-6)
    assert exact(protocol) == pytest.approx(protocol.theory(IDEAL)["win_probability"], abs=1e-9)


@pytest.mark.parametrize(
    "weights", [(0.8, 0.2, 0, 0), (0.8, 0, 0.2, 0), (0.8, 0, 0, 0.2), (0.7, 0.1, 0.05, 0.15)]
)
def test_each_error_counts_as_theory_says(weights):
    links = [qn.Link(pauli=weights), qn.Link(0.9)]
    protocol = qn.MagicSquare(network=qn.Network.chain(2, links))
    assert exact(protocol) == pytest.approx(protocol.theory(IDEAL)["win_probability"], abs=1e-9)


def test_at_most_one_gate_between_a_partys_qubits():
    program = qn.MagicSquare().program(np.random.default_rng(0))
    own = {
        item.name: sum(len(each.qubits) == 2 and each.name != "entangle" for each in item.circuit.data)
        for item in program
    }
    assert own == {f"row{r}_column{c}": (r == 3) + (c == 3) for r in (1, 2, 3) for c in (1, 2, 3)}


def test_the_cheaters_reach_the_classical_value():
    protocol = qn.MagicSquare(cheater="classical", hops=3)
    assert protocol.bounds == {"win_probability": {"classical": 8 / 9}}
    assert exact(protocol) == pytest.approx(8 / 9, abs=1e-9)
    assert exact(protocol) == pytest.approx(protocol.theory(IDEAL)["win_probability"], abs=1e-12)
    assert qn.run(protocol, shots=50, seed=1).win_probability.p_value > 0.3


def test_no_answers_without_entanglement_beat_the_classical_value(rng):
    """The figure judges the answers of random strategies, as the game does."""
    (figure,) = qn.MagicSquare().program(np.random.default_rng(0)).figures
    game, values = games.magic_square_game(), []
    for _ in range(60):
        strategy = rng.integers(0, 4, (2, 3)).tolist()
        said = {
            f"row{row + 1}_column{column + 1}": {
                "out": np.array([[*divmod(strategy[0][row], 2), *divmod(strategy[1][column], 2)]], bool)
            }
            for row, column in game.questions
        }
        values.append(figure.estimate(said).value)
        assert values[-1] == pytest.approx(game.value(strategy), abs=1e-12)
    assert max(values) <= 8 / 9 + 1e-12 and min(values) < 0.5


def test_sampled_pairs_beat_the_classical_players():
    won = qn.run(qn.MagicSquare(link_fidelity=0.95), shots=1000, seed=4, level=1 - 1e-6).win_probability
    assert won.above(8 / 9) and won.p_value < 1e-6 and 0.94938 in won


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"hops": 0}, qn.errors.ParameterError, "hops"),
        ({"link_fidelity": 0.1}, qn.errors.ParameterError, "fidelity"),
        ({"cheater": "charlie"}, qn.errors.UnknownNameError, "classical"),
        ({"cheater": 3}, qn.errors.ParameterError, "classical"),
        ({"network": qn.Network.star(3)}, qn.errors.ParameterError, "chain"),
    ],
)
def test_bad_input(given, error, words):
    with pytest.raises(error, match=words):
        qn.MagicSquare(**given)
