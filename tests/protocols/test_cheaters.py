"""Cheaters that are optimal reach their bounds in 100,000 rounds, and no cheater is above."""

import pytest

import qnet_circuits as qn

CASES = [
    (qn.CoinFlip(cheater="alice"), "cheater_wins", "optimal"),
    (qn.CoinFlip(cheater="bob:1"), "cheater_wins", "optimal"),
    (qn.CoinFlip(scheme="qutrit", cheater="alice:1"), "cheater_wins", "optimal"),
    (qn.CoinFlip(scheme="qutrit", cheater="bob"), "cheater_wins", "optimal"),
    (qn.GhzGame(cheater="classical"), "win_probability", "classical"),
    (qn.MagicSquare(cheater="classical"), "win_probability", "classical"),
    (qn.Voting(scheme="veto", votes=(0, 0, 1), cheater="disrupt:2"), "correct", "classical"),
    (qn.LeaderElection(cheater="claim"), "cheater_elected", "optimal"),
    (qn.QuantumMoney(cheater="cloner"), "both_pass", "optimal"),
    (qn.QuantumMoney(cheater="measure:breidbart"), "both_pass", "optimal"),
    (qn.CertifiedRandomness(cheater="classical"), "s_value", "classical"),
]
#: A copy that is measured instead is less than the best one.
BELOW = "measure:breidbart"


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "name", "bound"), CASES, ids=lambda value: getattr(value, "id", None))
def test_no_cheater_beats_its_bound(protocol, name, bound, rng):
    limit = protocol.bounds[name][bound]
    shots = 100_000 // len(protocol.program(rng).items)
    found = qn.run(protocol, shots=shots, seed=7, level=1 - 1e-6).figures[name]
    assert found.low <= limit and found.high - found.low < 0.1
    assert (limit in found) is (str(getattr(protocol, "cheater", "")) != BELOW)
