"""Games of parties who cannot talk: classical values by trying all strategies, and their p-values."""

from itertools import product

import numpy as np
import pytest
from qiskit.quantum_info import Pauli, SparsePauliOp, Statevector
from scipy.stats import binom

import qnet_circuits as qn
from qnet_circuits.theory import games
from qnet_circuits.theory.bell_diagonal import werner
from qnet_circuits.theory.estimate import combine
from qnet_circuits.theory.weighted import Count


@pytest.mark.parametrize(("game", "value"), [(games.chsh_game(), 3 / 4), (games.parity_game(), 3 / 4)])
def test_the_best_strategy_is_the_best_of_all(game, value):
    values = [game.value(strategy) for strategy in product(*game.strategies)]
    assert max(values) == games.classical_value(game) == value and min(values) < value


def test_no_random_strategy_wins_the_magic_square_more_often(rng):
    game = games.magic_square_game()
    assert games.classical_value(game) == 8 / 9
    assert max(game.value(rng.integers(0, 4, (2, 3)).tolist()) for _ in range(500)) <= 8 / 9


def test_the_advantage_falls_with_the_parties():
    values = [games.classical_value(games.parity_game(parties)) for parties in (3, 4, 5, 6)]
    assert values == [1 / 2 + 2 ** -((parties + 1) // 2) for parties in (3, 4, 5, 6)]
    for parties in (2, 8):
        with pytest.raises(qn.errors.ParameterError, match="3 to 7"):
            games.parity_game(parties)


@pytest.mark.parametrize("visibility", [1.0, 0.5, 0.3])
def test_a_ghz_state_in_white_noise_wins_by_its_visibility(visibility):
    state, game, won = Statevector([2**-0.5, 0, 0, 0, 0, 0, 0, 2**-0.5]), games.parity_game(), []
    for asked in game.questions:
        string = "".join("XY"[each] for each in asked)
        mean = visibility * state.expectation_value(SparsePauliOp(string)).real
        won.append((1 - mean) / 2 if games.odd_wins(asked) else (1 + mean) / 2)
    assert np.mean(won) == pytest.approx((1 + visibility) / 2, abs=1e-12)


@pytest.mark.parametrize(("lines", "across", "sign"), [(games.ROWS, 0, 1), (games.COLUMNS, 1, -1)])
def test_a_line_of_the_square_multiplies_to_its_sign(lines, across, sign):
    """The entries that a party makes of two bits are the observables of the square, whose product is the rule's."""
    table = games.SQUARE if not across else tuple(zip(*games.SQUARE, strict=True))
    for line, observables in zip(lines, table, strict=True):
        first, second = map(Pauli, line.measured)
        assert first.commutes(second)
        for place, observable in enumerate(observables):
            which, flipped = line.entries[place]
            made = {(0,): first, (1,): second, (0, 1): first @ second}[which]
            assert (-made if flipped else made) == Pauli(observable)
        assert Pauli(observables[0]) @ Pauli(observables[1]) @ Pauli(observables[2]) == (
            Pauli("II") if sign > 0 else Pauli("-II")
        )


@pytest.mark.parametrize(("fidelity", "value"), [(0.99, 0.98968), (0.95, 0.94938), (0.9, 0.90123), (1, 1)])
def test_two_werner_pairs_in_the_magic_square(fidelity, value):
    assert games.magic_square_win(werner(fidelity), werner(fidelity)) == pytest.approx(value, abs=6e-6)


def test_two_pairs_beat_the_classical_players_above_the_threshold():
    for fidelity, beats in ((0.8868, True), (0.8867, False)):
        assert (games.magic_square_win(werner(fidelity), werner(fidelity)) > 8 / 9) == beats


@pytest.mark.parametrize("questions", [(1, 1, 1, 0), (0.9, 0.9, 0.7, 0.5), (0.75,) * 4])
def test_the_p_value_of_unequal_questions_is_honest(questions):
    """Players who win 3/4 on average, however unequally, get a p-value below p with probability p at most."""
    shots = 25
    chances = np.ones(1)
    for chance in questions:
        chances = np.convolve(chances, binom.pmf(np.arange(shots + 1), shots, chance))
    reached = np.cumsum(chances[::-1])[::-1]
    for wins in range(76, 4 * shots + 1, 4):
        each = [min(shots, max(0, wins - shots * k)) for k in range(4)]
        counts = [Count(0.25, found, shots, str(k)) for k, found in enumerate(each)]
        found = combine(0.0, counts, null=0.75)
        assert found.p_value >= reached[wins] - 1e-12
        assert found.p_value == pytest.approx(binom.sf(wins - 1, 4 * shots, 0.75), rel=1e-9)
