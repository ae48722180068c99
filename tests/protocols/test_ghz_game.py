"""Mermin's parity game: always won with a GHZ state, and no more than the classical value without."""

from itertools import product

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.theory import games

IDEAL = qn.NoiseParameters()


def exact(protocol):
    return qn.predict(protocol).win_probability.value


@pytest.mark.parametrize("parties", [3, 4])
def test_a_ghz_state_always_wins(parties):
    assert exact(qn.GhzGame(parties=parties)) == pytest.approx(1, abs=1e-9)


ARMS = [qn.Link(pauli=(0.9, 0.05, 0.03, 0.02)), qn.Link(0.9), qn.Link(pauli=(0.85, 0, 0.15, 0))]


@pytest.mark.parametrize(
    "protocol",
    [
        qn.GhzGame(link_fidelity=0.95),
        qn.GhzGame(network=qn.Network.star(3, ARMS)),
        qn.GhzGame(
            parties=("a", "c", "d"),
            network=qn.Network.from_edges(
                [("hub", "a", ARMS[0]), ("hub", "b", ARMS[1]), ("b", "c", ARMS[2]), ("a", "d", ARMS[1])]
            ),
        ),
    ],
    ids=["star", "unequal arms", "routes"],
)
def test_noisy_arms_win_as_theory_says(protocol):
    assert exact(protocol) == pytest.approx(protocol.theory(IDEAL)["win_probability"], abs=1e-9)
    assert exact(protocol) < 1


@pytest.mark.parametrize(("parties", "value"), [(3, 3 / 4), (5, 5 / 8)])
def test_the_cheaters_reach_the_classical_value(parties, value):
    protocol = qn.GhzGame(parties=parties, cheater="classical")
    assert (
        exact(protocol) == protocol.bounds["win_probability"]["classical"] == pytest.approx(value, abs=1e-12)
    )
    assert protocol.program(np.random.default_rng(0)).resources["bell_pairs"] == 0


def test_no_answers_without_entanglement_beat_the_classical_value():
    """The figure judges the answers of all 64 strategies, some of which lose always."""
    (figure,) = qn.GhzGame(cheater="classical").program(np.random.default_rng(0)).figures
    game, values = games.parity_game(), []
    for strategy in product(*game.strategies):
        said = {
            "".join("xy"[each] for each in asked): {
                "out": np.array([[own[each] for own, each in zip(strategy, asked, strict=True)]], bool)
            }
            for asked in game.questions
        }
        values.append(figure.estimate(said).value)
    assert max(values) == 0.75 and min(values) == 0.25


def test_entangled_players_have_a_small_p_value_and_classical_ones_have_not():
    won = qn.run(qn.GhzGame(link_fidelity=0.9), shots=300, seed=2, level=1 - 1e-6).win_probability
    assert won.p_value < 1e-6 and games.parity_game_win([qn.Link(0.9).weights] * 3) in won
    assert qn.run(qn.GhzGame(cheater="classical"), shots=100, seed=2).win_probability.p_value > 0.5


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"parties": 2}, qn.errors.ParameterError, "3"),
        ({"parties": 8}, qn.errors.ParameterError, "at most 7"),
        ({"parties": ("a", "b")}, qn.errors.ParameterError, "network"),
        ({"cheater": "alice"}, qn.errors.UnknownNameError, "classical"),
        ({"cheater": "classical:2"}, qn.errors.ParameterError, "classical"),
    ],
)
def test_bad_input(given, error, words):
    with pytest.raises(error, match=words):
        qn.GhzGame(**given)
